//! The rules of polling, without a clock and a wire.

mod moving;
mod table;

use connector_core::CallEventKind;

use super::*;
use crate::wire::contacts::Child;
use crate::wire::list::List;

/// So many rows are on a page.
const TOP: usize = 3;

fn at(seconds: i64) -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + TimeDelta::seconds(1_772_366_400 + seconds)
}

/// A row as the vendor sends it.
#[derive(Clone, Debug)]
struct Row {
    id: u64,
    master: u64,
    updated: i64,
    /// Something about it that changes.
    note: u32,
    agent: u64,
}

impl Row {
    fn new(id: u64, updated: i64) -> Self {
        Self { id, master: id, updated, note: 0, agent: 31_000_101 }
    }

    fn of(self, master: u64) -> Self {
        Self { master, ..self }
    }

    fn text(&self) -> String {
        format!(
            r#"{{"contactId": {}, "masterContactId": {}, "contactStart": "{}", "totalDurationSeconds": 60,
                "agentId": {}, "mediaType": 4, "dispositionNotes": "n{}", "lastUpdateTime": "{}"}}"#,
            self.id,
            self.master,
            (at(self.updated) - TimeDelta::seconds(60)).to_rfc3339(),
            self.agent,
            self.note,
            at(self.updated).to_rfc3339(),
        )
    }
}

fn list(rows: impl IntoIterator<Item = String>, total: usize) -> List {
    let rows: Vec<String> = rows.into_iter().collect();
    let text = format!(r#"{{"totalRecords": {total}, "completedContacts": [{}]}}"#, rows.join(","));
    List::read(serde_json::from_str(&text).expect("an answer"), "completedContacts").expect("a list")
}

/// A page as it is read when the poller has asked for it.
fn read_by(poller: &Poller, found: &List) -> ContactPage {
    ContactPage::read(found, None, &[4], (poller.question().1, TOP))
}

fn everyone(_: Option<&AgentRef>) -> bool {
    true
}

/// One page of these rows, where every call is over unless `family` says otherwise.
fn page_with(
    poller: &mut Poller,
    found: &List,
    now: i64,
    family: impl Fn(&str) -> Option<Hierarchy>,
    covers: impl Fn(Option<&AgentRef>) -> bool + Copy,
) -> Handover {
    let plan = poller.plan(read_by(poller, found), at(now), covers);
    let verdict = |master: &String| (master.clone(), poller.judge(&plan, master, family(master).as_ref()));
    let verdicts = plan.confirm.iter().map(verdict).collect();
    poller.commit(plan, verdicts, covers)
}

/// A whole sweep in one page.
fn sweep(poller: &mut Poller, rows: &[Row], now: i64) -> Handover {
    let found = list(rows.iter().map(Row::text), rows.len());
    page_with(poller, &found, now, |_| None, everyone)
}

/// A poller that has seen nothing and told its position.
fn waiting(now: i64) -> Poller {
    let mut poller = Poller::new(None, at(now), TimeDelta::seconds(10));
    assert!(sweep(&mut poller, &[], now).is_swept);
    poller
}

fn keys(handover: &Handover) -> Vec<String> {
    let words = |item: &Item| match item {
        Item::Event(event) => match event.kind {
            CallEventKind::Ended => event.key.as_str().to_owned(),
            _ => format!("{}:changed", event.conversation.leg.as_deref().unwrap_or("?")),
        },
        Item::Rejected(_) => "rejected".to_owned(),
        other => format!("{other:?}"),
    };
    handover.items.iter().map(words).collect()
}

fn since(cursor: &Cursor) -> i64 {
    (position(cursor).expect("a position") - at(0)).num_seconds()
}

/// The contacts of a call, each with its end where it is over.
fn family(children: &[(u64, Option<i64>)]) -> Hierarchy {
    let child = |(id, end): &(u64, Option<i64>)| Child {
        contact_id: Some(id.to_string()),
        start_time: Some(at(0)),
        end_time: end.map(at),
    };
    Hierarchy { child_contacts: children.iter().map(child).collect(), ..Hierarchy::default() }
}
