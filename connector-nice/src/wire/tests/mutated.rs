//! Every fixture, changed in every place: nothing is fatal, and what means the same is read as the same.

use chrono::DateTime;
use connector_core::Error;
use connector_core::http::Response;
use connector_core::testing::fixtures::{strange, unknown_fields, values};
use http::{HeaderMap, StatusCode};

use super::*;
use crate::auth::api_of;
use crate::config::AuthMode;
use crate::conversation::conversations;
use crate::errors::NiceErrors;
use crate::people;
use crate::testing::fixtures;
use crate::wire::contacts::OneContact;
use crate::wire::files::File;
use crate::wire::list::List;
use crate::wire::login::{Claims, Configuration, RegionalToken};
use crate::wire::media::Playback;
use crate::wire::session::{NextEvents, SessionEvent};
use crate::wire::studio::Pushed;

/// What everybody else sees of an answer: readable rows with their number, or `None` where it cannot be read at all.
fn neutral(name: &str, answer: &Value) -> Option<(usize, String)> {
    fn whole<T: DeserializeOwned>(answer: &Value) -> Option<T> {
        serde_json::from_str(&answer.to_string()).ok()
    }
    let rows = |answer, key| Some(List::read(whole(answer)?, key).ok()?.rows);
    Some(match name {
        "group_agents" => {
            let agents: Vec<_> = rows(answer, "agents")?.iter().filter_map(|raw| people::agent(row(raw)?)).collect();
            // `Debug` masks what is personal.
            let shown = agents.iter().map(|agent| serde_json::to_string(agent).expect("JSON"));
            (agents.len(), shown.collect())
        }
        "completed_contacts" => {
            let contacts: Vec<_> =
                rows(answer, "completedContacts")?.iter().filter_map(|raw| crate::wire::contacts::read(raw)).collect();
            (contacts.len(), serde_json::to_string(&conversations(contacts)).expect("JSON"))
        }
        "completed_contact_new" => {
            let contact = crate::wire::contacts::read(&raw(answer));
            (contact.iter().count(), serde_json::to_string(&conversations(contact)).expect("JSON"))
        }
        "contact" => {
            let contact = whole::<OneContact>(answer)?.contact.and_then(|raw| crate::wire::contacts::read(&raw));
            (contact.iter().count(), serde_json::to_string(&conversations(contact)).expect("JSON"))
        }
        "playback" | "playback_download" => {
            let found = whole::<Playback>(answer)?.playables();
            (found.len(), format!("{found:?}"))
        }
        "discovery" => {
            let found = whole::<Configuration>(answer)?;
            (1, api_of(Some(found), &AuthMode::Discovery).map(String::from).unwrap_or_default())
        }
        "id_token_claims" => (1, format!("{:?}", whole::<Claims>(answer)?.tenant_id)),
        "token" => {
            let token = whole::<RegionalToken>(answer)?;
            (1, format!("{:?} {:?} {:?}", token.access_token, token.id_token, token.expires_in))
        }
        "next_events" => {
            let told = whole::<NextEvents>(answer)?;
            let events: Vec<_> = told.events.into_iter().filter_map(SessionEvent::read).collect();
            (events.len(), format!("{:?} {events:?}", told.session_id))
        }
        "studio_push" => {
            let pushed = whole::<Pushed>(answer)?;
            (pushed.contact_id.iter().chain(&pushed.master_contact_id).count(), format!("{pushed:?}"))
        }
        "contact_files" => {
            let files = rows(answer, "files")?;
            let logs: Vec<File> = files.iter().filter_map(|raw| row(raw)).filter(File::is_call_log).collect();
            let shown =
                logs.iter().map(|log| format!("{:?} {:?} {:?}", log.full_file_name, log.size(), log.modified_date));
            (logs.len(), shown.collect())
        }
        // The status alone says what kind of error it is.
        "playback_not_found" => (usize::from(failed(404, answer).is_not_found()), String::new()),
        "playback_throttled" => (usize::from(failed(429, answer).is_rate_limited()), String::new()),
        other => panic!("nothing reads {other}"),
    })
}

fn failed(status: u16, answer: &Value) -> Error {
    let status = StatusCode::from_u16(status).expect("a status");
    Response::new(status, HeaderMap::new(), answer.to_string().into(), DateTime::UNIX_EPOCH).error(&NiceErrors)
}

/// Those that something of this crate reads here.
fn read_here() -> Vec<(&'static str, Value)> {
    const READ: [&str; 14] = [
        "token",
        "id_token_claims",
        "discovery",
        "group_agents",
        "completed_contacts",
        "completed_contact_new",
        "contact",
        "playback",
        "playback_download",
        "playback_not_found",
        "playback_throttled",
        "next_events",
        "studio_push",
        "contact_files",
    ];
    let read: Vec<_> = fixtures::all()
        .into_iter()
        .filter(|(name, _)| READ.contains(name))
        .map(|(name, text)| (name, serde_json::from_str(text).expect("JSON")))
        .collect();
    assert_eq!(read.len(), READ.len());
    read
}

/// Other forms of a value that mean the same.
fn alike(value: &Value) -> Vec<Value> {
    match value {
        Value::Bool(truth) => {
            let word = if *truth { "True" } else { "False" };
            vec![json!(word), json!(word.to_lowercase()), json!(word.to_uppercase())]
        }
        Value::Number(number) => {
            let broken = number.as_i64().map(|number| json!(number as f64));
            broken.into_iter().chain([json!(number.to_string()), json!(format!(" {number} "))]).collect()
        }
        Value::String(text) => {
            let number = text.parse::<i64>().ok().filter(|number| number.to_string() == *text);
            number.map(|number| json!(number)).into_iter().chain([json!(format!(" {text} "))]).collect()
        }
        _ => Vec::new(),
    }
}

#[test]
fn what_means_the_same_is_read_as_the_same() {
    let mut changes = 0;
    for (name, answer) in read_here() {
        let expected = neutral(name, &answer).expect("a fixture can be read");
        assert!(expected.0 > 0, "{name}");
        for changed in values(&answer, alike) {
            assert_eq!(neutral(name, &changed.answer).as_ref(), Some(&expected), "{name}{changed}");
            changes += 1;
        }
    }
    assert!(changes > 200, "only {changes}");
}

#[test]
fn unknown_fields_are_ignored_everywhere() {
    for (name, answer) in read_here() {
        let expected = neutral(name, &answer);
        for changed in unknown_fields(&answer) {
            assert_eq!(neutral(name, &changed), expected, "{name}: {changed}");
        }
    }
}

#[test]
fn a_strange_value_costs_a_field_and_never_the_answer() {
    // Without its id, or without a link, there is nothing left of a row; and a file may be said to be none.
    const IS_ROW: [&str; 8] = [
        "/contactId",
        "/masterContactId",
        "/agentId",
        "/fileToPlayUrl",
        "/redirectUrl",
        "/fullFileName",
        "/isDeleted",
        "/weblink",
    ];
    for (name, answer) in read_here() {
        let rows = neutral(name, &answer).expect("a fixture can be read").0;
        for changed in values(&answer, |_| strange()) {
            let read = neutral(name, &changed.answer).unwrap_or_else(|| panic!("{name}{changed} is fatal"));
            let least = rows - usize::from(IS_ROW.iter().any(|end| changed.place.ends_with(end)));
            assert!(read.0 >= least, "{name}{changed} costs a row");
        }
    }
}
