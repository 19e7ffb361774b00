//! Every API that history and recordings ask is named, for whoever grants permissions.

use std::collections::BTreeSet;

use chrono::TimeDelta;
use connector_core::testing::{FaultPlan, Scenario};
use connector_core::{ConversationHistory, HistoryQuery, ListingExt, Priority, RecordingDownloader, RecordingOptions};
use connector_genesys::testing::Fake;
use futures_util::TryStreamExt;

use super::org::Org;

/// Whether a path is one of a pattern, whose parts in braces are anything.
fn fits(pattern: &str, path: &str) -> bool {
    let (wanted, found): (Vec<&str>, Vec<&str>) = (pattern.split('/').collect(), path.split('/').collect());
    wanted.len() == found.len() && wanted.iter().zip(found).all(|(part, known)| part.starts_with('{') || *part == known)
}

#[tokio::test(start_paused = true)]
async fn all_that_is_asked_is_named() {
    let fake = Fake::new(&Scenario::small(7), FaultPlan::none());
    let org = Org::with(fake, |_, _, answer| answer, |config| config.with_restore_archived(true));
    org.fake.change(|settings| settings.archived = vec![org.call_with(1)]);
    let starts = org.fake.scenario().starts;
    let mut query = HistoryQuery::between(starts, starts + TimeDelta::hours(12));
    let mut calls = Vec::new();
    for priority in [Priority::Reconcile, Priority::Backfill] {
        query.priority = priority;
        let rows = org.genesys.history().ended(query.clone()).items(|row| panic!("left out: {row}"));
        calls = rows.try_collect::<Vec<_>>().await.unwrap();
        let mut options = RecordingOptions::default();
        options.priority = priority;
        org.genesys.recordings().recordings(&calls, options).await;
    }
    org.facts(0).await;
    assert_eq!(calls.len(), org.fake.scenario().calls.len());

    let named: Vec<_> =
        org.genesys.apis().into_iter().filter(|api| ["history", "recordings"].contains(&api.job)).collect();
    let mut unused: BTreeSet<String> = named.iter().map(ToString::to_string).collect();
    for asked in org.fake.requests() {
        let (method, path) = asked.path.split_once(" /").expect("a method and a path");
        if !path.starts_with("api/") {
            continue;
        }
        let of = named.iter().filter(|api| api.method == method && fits(api.path, path));
        let of: Vec<String> = of.map(ToString::to_string).collect();
        assert!(!of.is_empty(), "{} is not named", asked.path);
        unused.retain(|line| !of.contains(line));
    }
    assert!(unused.is_empty(), "named and not asked: {unused:?}");
}
