//! Rows that come and go while pages are read.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::sync::{Arc, Mutex};

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use connector_core::testing::http::{Answer, Request};
use connector_core::testing::{FaultPlan, Scenario};
use connector_core::{ConversationHistory, HistoryQuery, ListingExt};
use connector_genesys::testing::Fake;
use futures_util::TryStreamExt;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::org::Org;

/// What changes after a page was read.
#[derive(Clone, Debug)]
enum Change {
    /// A call shows late: one that began so many seconds after the first one.
    Comes(u32),
    /// So many calls show late at once.
    ComeTogether(u32),
    /// A call is gone: one of those that began so far from the first one.
    Goes(usize),
}

fn change() -> impl Strategy<Value = Change> {
    prop_oneof![
        (0u32..9_000).prop_map(Change::Comes),
        (1u32..30).prop_map(Change::ComeTogether),
        (0usize..150).prop_map(Change::Goes)
    ]
}

/// A history: ids by the seconds of their starts, and what becomes of it.
struct Model {
    rows: BTreeMap<u32, String>,
    /// After which page, and what.
    changes: Vec<(usize, Change)>,
    pages: usize,
    gone: Vec<String>,
    late: Vec<String>,
}

fn starts() -> DateTime<Utc> {
    "2026-10-19T08:00:00Z".parse().expect("a time")
}

impl Model {
    fn page(&mut self, query: &Value) -> Value {
        let (from, to) = query["interval"].as_str().unwrap().split_once('/').unwrap();
        let [from, to] = [from, to].map(|at| at.parse::<DateTime<Utc>>().unwrap());
        let at = |seconds: &u32| starts() + TimeDelta::seconds(i64::from(*seconds));
        let rows: Vec<Value> = self
            .rows
            .iter()
            .filter(|(seconds, _)| (from..to).contains(&at(seconds)))
            .map(|(seconds, id)| {
                let text = |at: DateTime<Utc>| at.to_rfc3339_opts(SecondsFormat::Millis, true);
                json!({ "conversationId": id, "conversationStart": text(at(seconds)),
                    "conversationEnd": text(at(seconds) + TimeDelta::seconds(30)) })
            })
            .collect();
        let number = |name: &str| usize::try_from(query["paging"][name].as_u64().unwrap()).unwrap();
        let (size, page) = (number("pageSize"), number("pageNumber"));
        let shown: Vec<&Value> = rows.iter().skip(size * (page - 1)).take(size).collect();
        let mut answer = json!({ "totalHits": rows.len() });
        if !shown.is_empty() {
            answer["conversations"] = json!(shown);
            self.pages += 1;
            self.change();
        }
        answer
    }

    fn change(&mut self) {
        let now: Vec<Change> =
            self.changes.iter().filter(|(after, _)| *after == self.pages).map(|(_, change)| change.clone()).collect();
        for change in now {
            match change {
                Change::Comes(seconds) => self.come(seconds),
                Change::ComeTogether(count) => (0..count).for_each(|second| self.come(second * 60 + 7)),
                Change::Goes(place) => {
                    if let Some(seconds) = self.rows.keys().nth(place).copied() {
                        self.gone.extend(self.rows.remove(&seconds));
                    }
                }
            }
        }
    }

    fn come(&mut self, seconds: u32) {
        if let Entry::Vacant(free) = self.rows.entry(seconds) {
            self.late.push(free.insert(format!("late-{seconds}")).clone());
        }
    }
}

/// The answer to a request, by the history as it is now.
fn answer(model: &Mutex<Model>, request: &Request) -> Answer {
    match request.uri().path() {
        "/oauth/token" => Answer::json(&json!({ "access_token": "t", "token_type": "bearer", "expires_in": 99_999 })),
        _ => Answer::json(&model.lock().unwrap().page(&serde_json::from_slice(request.body()).unwrap())),
    }
}

async fn listed(model: Arc<Mutex<Model>>, page: u32) -> Vec<String> {
    let fake = Arc::new(Fake::new(&Scenario::small(7), FaultPlan::none()));
    let org = Org::answered(fake, |config| config.with_page(page), move |request: &Request| answer(&model, request));
    let query = HistoryQuery::between(starts(), starts() + TimeDelta::hours(10));
    let rows = org.genesys.history().ended(query).items(|row| panic!("left out: {row}"));
    rows.map_ok(|call| call.this.id).try_collect().await.unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// Up to three times in a listing something comes or goes. Every call that was there all the time is told once, and none
    /// is told twice.
    #[test]
    fn what_was_there_all_the_time_is_told_once(
        count in 0u32..150,
        page in 8u32..40,
        changes in prop::collection::vec((1usize..12, change()), 0..=3),
    ) {
        let rows: BTreeMap<u32, String> = (0..count).map(|number| (number * 60, format!("call-{number}"))).collect();
        let before: Vec<String> = rows.values().cloned().collect();
        let model = Arc::new(Mutex::new(Model { rows, changes, pages: 0, gone: Vec::new(), late: Vec::new() }));
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
        let mut found = runtime.block_on(listed(model.clone(), page));
        let model = model.lock().unwrap();
        found.sort();
        let told = found.len();
        found.dedup();
        prop_assert_eq!(found.len(), told, "told twice");
        for id in before.iter().filter(|id| !model.gone.contains(id)) {
            prop_assert!(found.contains(id), "{} is missing: {:?}", id, model.changes);
        }
        prop_assert!(found.iter().all(|id| before.contains(id) || model.late.contains(id)));
    }
}

#[test]
fn a_call_that_shows_late_among_those_that_were_read_is_found() {
    let rows: BTreeMap<u32, String> = (0..60).map(|number| (number * 60, format!("call-{number}"))).collect();
    let changes = vec![(3, Change::Comes(30))];
    let model = Arc::new(Mutex::new(Model { rows, changes, pages: 0, gone: Vec::new(), late: Vec::new() }));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
    let found = runtime.block_on(listed(model, 10));
    assert!(found.contains(&"late-30".to_owned()) && found.len() == 61, "{found:?}");
}
