//! Recordings of many calls at once.

use std::time::Duration;

use connector_core::testing::http::{Answer, Request};
use connector_core::testing::{FaultPlan, Scenario};
use connector_core::{
    Conversation, ConversationRef, DownloadOptions, Gone, Lookup, Outlook, Priority, RecordingDownloader,
    RecordingOptions, RecordingSet, Vendor,
};
use connector_genesys::GenesysConfig;
use connector_genesys::testing::{Endpoint, Fake};
use serde_json::json;

use super::org::{Org, changed};

fn fake(calls: usize) -> Fake {
    Fake::new(&Scenario::day(calls, 7), FaultPlan::none())
}

async fn calls(org: &Org) -> Vec<Conversation> {
    let mut calls = Vec::new();
    for index in 0..org.fake.scenario().calls.len() {
        calls.push(org.facts(index).await);
    }
    calls
}

async fn sets(org: &Org, calls: &[Conversation], priority: Priority) -> Vec<RecordingSet> {
    let mut options = RecordingOptions::default();
    options.priority = priority;
    let answers = org.genesys.recordings().recordings(calls, options).await;
    answers.into_iter().map(|answer| answer.expect("an answer")).collect()
}

/// How many requests there were for batches, for metadata, and for recordings by themselves.
fn asked(org: &Org) -> [usize; 3] {
    [Endpoint::SubmitBatch, Endpoint::RecordingMetadata, Endpoint::Recording].map(|endpoint| org.fake.count(endpoint))
}

#[tokio::test(start_paused = true)]
async fn many_calls_take_a_request_for_a_hundred_and_come_as_they_are_kept() {
    let org = Org::of(fake(120));
    let mut calls = calls(&org).await;
    calls.reverse();
    let sets = sets(&org, &calls, Priority::Reconcile).await;
    let silent = org.fake.scenario().calls.iter().filter(|call| !call.recorded).count();
    assert_eq!(asked(&org), [2, silent, 0], "what a batch has nothing of is asked for by itself");
    let scenario = org.fake.scenario();
    for (call, set) in calls.iter().zip(&sets) {
        let told = scenario.calls.iter().find(|told| told.id == call.this.id).unwrap();
        assert_eq!(set.items.len(), usize::from(told.recorded), "in the order of the calls");
        for one in &set.items {
            assert_eq!((one.media_type.as_deref(), set.outlook), (Some("audio/ogg"), Outlook::Complete));
            assert_eq!(&one.conversation, &call.this);
        }
    }
    let one = &sets.iter().find(|set| !set.items.is_empty()).unwrap().items[0];
    let told = scenario.calls.iter().find(|told| told.id == one.conversation.id).unwrap();
    assert!(org.bytes(one).await.unwrap() == told.audio.wav());
    assert_eq!((asked(&org), org.fake.leaked_tokens()), ([2, silent, 0], 0));
}

#[tokio::test(start_paused = true)]
async fn a_call_that_just_ended_and_a_single_one_are_asked_for_by_themselves() {
    let org = Org::of(fake(12));
    let calls = calls(&org).await;
    sets(&org, &calls[..3], Priority::Live).await;
    sets(&org, &calls[..1], Priority::Backfill).await;
    assert_eq!(asked(&org)[0], 0);
}

#[tokio::test(start_paused = true)]
async fn a_link_of_a_batch_that_has_ended_is_replaced_by_one_of_the_same_form() {
    let org = Org::of(fake(12));
    org.fake.change(|settings| settings.link_life = Duration::from_secs(120));
    let calls = calls(&org).await;
    let sets = sets(&org, &calls, Priority::Backfill).await;
    let (index, set) = sets.iter().enumerate().find(|(_, set)| !set.items.is_empty()).unwrap();
    let before = asked(&org);
    tokio::time::advance(Duration::from_secs(300)).await;
    assert!(org.bytes(&set.items[0]).await.unwrap() == org.fake.scenario().calls[index].audio.wav());
    assert_eq!(asked(&org), [before[0] + 1, before[1], before[2]]);
}

#[tokio::test(start_paused = true)]
async fn what_fails_in_a_batch_is_asked_for_by_itself() {
    let org = Org::of(fake(12));
    let index = org.call_with(1);
    org.fake.change(|settings| settings.archived = vec![index]);
    let calls = calls(&org).await;
    let sets = sets(&org, &calls, Priority::Reconcile).await;
    let item = &sets[index].items[0];
    assert_eq!((item.media_type.as_deref(), sets[index].outlook), (Some("audio/wav"), Outlook::Complete));
    let read = org.genesys.recordings().download(item, DownloadOptions::default()).await.unwrap();
    assert!(matches!(read, Lookup::Gone(Gone::Archived)), "{read:?}");
    assert_eq!(asked(&org)[0], 1);
}

#[tokio::test(start_paused = true)]
async fn what_went_into_the_archive_after_its_batch_says_so() {
    let org = Org::of(fake(12));
    let index = org.call_with(1);
    let calls = calls(&org).await;
    let sets = sets(&org, &calls, Priority::Reconcile).await;
    tokio::time::advance(Duration::from_secs(61)).await;
    org.fake.change(|settings| settings.archived = vec![index]);
    let read = org.genesys.recordings().download(&sets[index].items[0], DownloadOptions::default()).await.unwrap();
    assert!(matches!(read, Lookup::Gone(Gone::Archived)), "{read:?}");
}

#[tokio::test(start_paused = true)]
async fn a_batch_that_takes_too_long_or_is_refused_is_given_up() {
    for is_slow in [false, true] {
        let between = move |_: &Fake, request: &Request, answer: Answer| {
            let is_batch = request.uri().path().ends_with("/batchrequests");
            if is_batch && !is_slow {
                return Answer::json(&json!({ "code": "batch.download.bad.request" })).with_status(400);
            }
            answer
        };
        let org = Org::with(fake(12), between, |config| config);
        org.fake.change(|settings| settings.batch_asks = usize::MAX);
        let calls = calls(&org).await;
        let began = tokio::time::Instant::now();
        let sets = sets(&org, &calls, Priority::Reconcile).await;
        assert!(began.elapsed() < Duration::from_secs(180), "the wait has a bound");
        for (told, set) in org.fake.scenario().calls.iter().zip(&sets) {
            assert_eq!(set.items.len(), usize::from(told.recorded));
            assert!(set.items.iter().all(|one| one.media_type.as_deref() == Some("audio/wav")));
        }
    }
}

#[tokio::test(start_paused = true)]
async fn screens_and_texts_of_a_batch_are_left_out_unless_they_are_wanted() {
    for screens in [false, true] {
        let between = |_: &Fake, request: &Request, answer: Answer| {
            if !request.uri().path().contains("/batchrequests/") {
                return answer;
            }
            changed(&answer, |body| {
                if let Some(first) = body["results"].get(0).cloned() {
                    let mut text = first;
                    (text["recordingId"], text["contentType"]) = (json!("text"), json!("application/json"));
                    body["results"].as_array_mut().unwrap().push(text);
                }
            })
        };
        let org = Org::with(fake(12), between, |config: GenesysConfig| config.with_screens(screens));
        let index = org.call_with(1);
        org.fake.change(|settings| settings.screens = vec![index]);
        let calls = calls(&org).await;
        let sets = sets(&org, &calls, Priority::Reconcile).await;
        assert_eq!(sets[index].items.len(), 1 + usize::from(screens));
        assert!(sets.iter().flat_map(|set| &set.items).all(|one| one.id != "text"));
        for one in &sets[index].items {
            org.bytes(one).await.unwrap();
        }
    }
}

#[tokio::test(start_paused = true)]
async fn several_files_of_a_recording_are_told_apart() {
    let between = |_: &Fake, request: &Request, answer: Answer| {
        if !request.uri().path().contains("/batchrequests/") {
            return answer;
        }
        changed(&answer, |body| {
            let twice: Vec<_> =
                body["results"].as_array().unwrap().iter().flat_map(|row| [row.clone(), row.clone()]).collect();
            body["results"] = json!(twice);
        })
    };
    let org = Org::with(fake(12), between, |config| config);
    let index = org.call_with(1);
    let calls = calls(&org).await;
    let sets = sets(&org, &calls, Priority::Reconcile).await;
    let id = org.fake.recording_id(index);
    let ids: Vec<&str> = sets[index].items.iter().map(|one| one.id.as_str()).collect();
    assert_eq!(ids, [format!("{id}_0"), format!("{id}_1")]);
    tokio::time::advance(Duration::from_secs(61)).await;
    org.bytes(&sets[index].items[1]).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_call_that_is_asked_for_twice_and_an_unknown_one_have_answers_too() {
    let org = Org::of(fake(12));
    let call = org.facts(org.call_with(1)).await;
    let unknown = Conversation::new(ConversationRef::new("no-such-call"), Vendor::GENESYS);
    let sets = sets(&org, &[call.clone(), unknown, call], Priority::Reconcile).await;
    assert_eq!(sets.iter().map(|set| set.items.len()).collect::<Vec<_>>(), [1, 0, 1]);
    assert!(matches!(sets[1].outlook, Outlook::More { .. }));
}
