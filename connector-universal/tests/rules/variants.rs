//! V1–V4: sources with more in their names, and with metadata that is optional or missing.

use std::time::Duration;

use connector_core::{Alias, Direction};
use connector_universal::{NamePattern, SidecarMode};

use crate::common::{JSON, STEM, Source, facts, json, outcome_of, told, wav};

const PATTERN: &str = "{ts}_{uid}_{dir}_{session}_{ani}_{dnis}";
const RICH: &str = "20261102-091500_kay_lind@example.com_OUT_300000000000017_+15550100100_+15550100142";

fn rich(mode: SidecarMode) -> Source {
    Source::with(|config| config.with_name(NamePattern::new(PATTERN).unwrap()).with_sidecar(mode))
}

#[tokio::test(start_paused = true)]
async fn an_optional_sidecar_is_waited_for_and_then_not() {
    let source = Source::with(|config| config.with_sidecar(SidecarMode::Optional));
    source.folder.upload(&wav(STEM), "RIFF");
    source.folder.upload_pair("20261102-092000_noor");
    let mut hearing = source.listen();
    assert_eq!(told(&hearing.items().await), "ended 20261102-092000_noor", "with one it is not waited at all");
    hearing.silence_of(Duration::from_secs(28 * 60)).await;
    let event = hearing.event().await;
    assert_eq!(event.conversation.id, STEM);
    assert!(event.raw.is_none() && facts(&event).recordings.len() == 1);
    let waited = source.clock.now() - crate::common::at(crate::common::START);
    assert_eq!(waited.num_minutes(), 30);
    hearing.silence().await;
}

#[tokio::test(start_paused = true)]
async fn an_optional_sidecar_that_comes_late_is_an_update() {
    let source = Source::with(|config| config.with_sidecar(SidecarMode::Optional));
    source.folder.upload(&wav(STEM), "RIFF");
    let mut hearing = source.listen();
    let taken = hearing.delivery_within(Duration::from_secs(1801)).await.unwrap();
    taken.ack.accept().await.unwrap();
    source.folder.upload(&json(STEM), JSON);
    let event = hearing.event().await;
    assert_eq!(facts(&event).attributes["contact_name"], "Ife Novak");
}

#[tokio::test(start_paused = true)]
async fn an_optional_sidecar_that_cannot_be_read_costs_only_itself() {
    let source = Source::with(|config| config.with_sidecar(SidecarMode::Optional));
    source.folder.upload(&wav(STEM), "RIFF");
    source.folder.upload(&json(STEM), r#"{"tags": ["vip"]}"#);
    let mut hearing = source.listen();
    assert_eq!(hearing.rejected().await.reason, "nested_field");
    let taken = hearing.delivery_within(Duration::from_secs(1801)).await.unwrap();
    assert_eq!(told(&taken.items), format!("ended {STEM}"));
}

#[tokio::test(start_paused = true)]
async fn where_there_are_no_sidecars_nothing_is_waited_for_and_one_is_refused() {
    let source = Source::with(|config| config.with_sidecar(SidecarMode::None));
    source.folder.upload(&wav(STEM), "RIFF");
    let mut hearing = source.listen();
    assert_eq!(told(&hearing.items().await), format!("ended {STEM}"));
    source.folder.upload(&json(STEM), JSON);
    let rejected = hearing.rejected().await;
    assert_eq!(rejected.reason, "sidecar_not_expected");
    source.settle(rejected.receipt.as_ref().unwrap(), outcome_of(&rejected)).await.unwrap();
    assert!(source.folder.has(&wav(STEM)), "the recording is left to its own receipt");
}

#[tokio::test(start_paused = true)]
async fn a_name_that_does_not_match_is_refused_and_never_guessed() {
    let source = rich(SidecarMode::None);
    let short = "20261102-091500_kay_lind@example.com_OUT_300000000000017_+15550100100";
    source.folder.upload(&wav(short), "RIFF");
    source.folder.upload(&wav(RICH), "RIFF");
    let mut items = source.listen().items().await;
    assert_eq!(told(&items), format!("rejected bad_file_name, ended {RICH}"));
    let event = crate::common::event(items.remove(1));
    assert_eq!(event.agent.unwrap().email.unwrap().reveal(), "kay_lind@example.com");
}

#[tokio::test(start_paused = true)]
async fn directions_of_names_are_normalised_and_a_source_may_have_its_own_words() {
    for (word, direction) in [
        ("IN", Direction::Inbound),
        ("inbound", Direction::Inbound),
        ("I", Direction::Inbound),
        ("Out", Direction::Outbound),
        ("SIDEWAYS", Direction::Unknown),
    ] {
        let source = rich(SidecarMode::None);
        source.folder.upload(&wav(&RICH.replace("OUT", word)), "RIFF");
        let event = source.listen().event().await;
        assert_eq!(facts(&event).direction, direction, "{word}");
    }
    let fields = serde_json::from_str(r#"{"directions": {"sideways": "internal"}}"#).unwrap();
    let pattern = NamePattern::new(PATTERN).unwrap();
    let source = Source::set(|config| {
        (config.fields, config.name, config.sidecar) = (fields, pattern, SidecarMode::None);
    });
    source.folder.upload(&wav(&RICH.replace("OUT", "SIDEWAYS")), "RIFF");
    assert_eq!(facts(&source.listen().event().await).direction, Direction::Internal);
}

#[tokio::test(start_paused = true)]
async fn the_session_is_an_alias_and_what_else_is_said_an_attribute() {
    let source = rich(SidecarMode::Required);
    source.folder.upload(&wav(RICH), "RIFF");
    source.folder.upload(&json(RICH), r#"{"agent_station": "17", "ani": "+15550100199"}"#);
    let event = source.listen().event().await;
    let call = facts(&event);
    assert!(call.this.aliases.contains(&Alias::new("session_id", "300000000000017")), "{:?}", call.this.aliases);
    assert_eq!(event.conversation.aliases, call.this.aliases, "the event's own reference has it too");
    assert_eq!(call.attributes["agent_station"], "17");
    assert_eq!(call.ani.as_ref().unwrap().reveal(), "+15550100199", "the sidecar is believed before the name");
    assert_eq!(call.customer.as_ref().unwrap().reveal(), "+15550100142", "an outbound call's customer was called");
}
