//! Which queues send the sound of their calls.

use connector_core::{AgentGroup, GroupKind, GroupRef};

use super::*;

fn names(queues: &[AgentGroup]) -> Vec<&str> {
    queues.iter().map(|queue| queue.name.as_str()).collect()
}

#[tokio::test(start_paused = true)]
async fn queues_without_sound_are_a_hint() {
    let fake = calm();
    fake.change(|settings| settings.unmonitored = ["Sales line".to_owned()].into_iter().collect());
    let sound = with_page(&fake, 1).audio_monitoring(&[]).await.unwrap();
    assert_eq!((names(&sound.on), names(&sound.off)), (vec!["Billing line", "Service line"], vec!["Sales line"]));
    assert!(sound.unknown.is_empty() && sound.no_queue.is_empty());
    let shown = sound.to_string();
    for words in ["off for Sales line", "Architect", "BYOC Premises"] {
        assert!(shown.contains(words), "{shown}");
    }
}

#[tokio::test(start_paused = true)]
async fn only_the_queues_in_scope_are_told_of() {
    let fake = calm();
    let genesys = client(&fake);
    let sound = genesys.audio_monitoring(&["Service line".into()]).await.unwrap();
    assert_eq!((names(&sound.on), names(&sound.off)), (vec!["Service line"], vec![]));
    assert!(sound.to_string().starts_with("no queue has audio monitoring off"), "{sound}");
    let by_id = GroupRef { id: Some(sound.on[0].id.clone()), ..GroupRef::default() };
    assert_eq!(genesys.audio_monitoring(&[by_id]).await.unwrap(), sound);
}

#[tokio::test(start_paused = true)]
async fn what_is_no_queue_is_said() {
    let fake = calm();
    let group = GroupRef { kind: Some(GroupKind::Group), ..GroupRef::from("Sales line") };
    let sound = client(&fake).audio_monitoring(&["Sales".into(), group.clone()]).await.unwrap();
    assert_eq!(sound.no_queue, ["Sales".into(), group]);
    assert!(sound.on.is_empty() && sound.off.is_empty());
    assert!(sound.to_string().contains("Sales, Sales line: no queue"), "{sound}");
}

#[tokio::test(start_paused = true)]
async fn a_queue_of_which_nothing_is_said_is_neither_on_nor_off() {
    let fake = calm();
    let silent = changed(&fake, "/api/v2/routing/queues", |page| {
        for (row, value) in page["entities"].as_array_mut().unwrap().iter_mut().zip([json!(null), json!("maybe")]) {
            row["enableAudioMonitoring"] = value;
        }
    });
    let sound = silent.audio_monitoring(&[]).await.unwrap();
    assert_eq!((names(&sound.unknown), names(&sound.on)), (vec!["Billing line", "Sales line"], vec!["Service line"]));
    assert!(sound.to_string().contains("nothing is said of Billing line, Sales line"), "{sound}");
}

#[tokio::test(start_paused = true)]
async fn without_the_permission_nothing_is_said() {
    let fake = calm();
    fake.forbid("routing:queue:view");
    assert!(client(&fake).audio_monitoring(&[]).await.unwrap_err().is_forbidden());
}
