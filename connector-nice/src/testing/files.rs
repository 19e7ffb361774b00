//! Legacy call logs: the files of a contact, and each of them whole in JSON.

use connector_core::testing::http::Answer;
use serde_json::{Map, json};

use super::ask::{Ask, instant, nothing, only, refused};
use super::completed::listed;
use super::contact::Contact;
use super::ids::UNIT;
use super::names::base64;
use super::playback::leg_clip;
use super::state::State;
use super::tenant::Tenant;

/// The files of a contact, by its own id: its recording, one that was deleted, and a link that is no file.
pub(super) fn of_contact(ask: &Ask<'_>, tenant: &Tenant, state: &State) -> Answer {
    let Some(contact) = recorded(tenant, state).find(|contact| contact.id.to_string() == ask.id()) else {
        return nothing();
    };
    let size = leg_clip(tenant, contact).len();
    let file = |is_deleted: bool, is_link: bool, name: &str, full: &str, size: u64| {
        json!({
            "isDeleted": is_deleted,
            "weblink": is_link,
            "businessUnitId": UNIT,
            "contactId": contact.id,
            "fileName": name,
            "fullFileName": full,
            "size": size,
            "purposeId": 3,
            "purposeName": "CallLog",
            "createDate": instant(contact.ended),
            "modifiedDate": instant(contact.ended),
        })
    };
    let (name, full) = (name(contact), full_name(contact));
    let rows = [
        file(true, false, &format!("old_{name}"), &full.replace(&name, &format!("old_{name}")), size + 1),
        file(false, true, "notes.htm", "Links/notes.htm", 1),
        file(false, false, &name, &full, size),
    ];
    listed(Map::new(), "files", rows.into_iter().map(|row| only(ask.get("fields"), row)).collect(), state)
}

/// One file, whole, in base64.
pub(super) fn whole(ask: &Ask<'_>, tenant: &Tenant, state: &State) -> Answer {
    let wanted = ask.get("fileName").unwrap_or_default();
    match recorded(tenant, state).find(|contact| full_name(contact) == wanted) {
        Some(contact) => {
            let file = base64(&leg_clip(tenant, contact).wav());
            Answer::json(&json!({ "files": { "fileName": name(contact), "file": file } }))
        }
        None => refused(404, "File not found"),
    }
}

fn recorded<'a>(tenant: &'a Tenant, state: &'a State) -> impl Iterator<Item = &'a Contact> {
    state.completed(tenant).filter(|contact| contact.recorded && !state.are_recordings_deleted)
}

fn name(contact: &Contact) -> String {
    format!("{}_x.wav", contact.id)
}

fn full_name(contact: &Contact) -> String {
    format!("CallLog/{}/{}", contact.started.format("%Y/%m/%d"), name(contact))
}
