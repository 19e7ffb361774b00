//! What the demo says: progress, the table, or one JSON object.

use std::collections::BTreeMap;
use std::io::{IsTerminal, stderr};
use std::time::Duration;

use connector_core::Origin;
use connector_core::testing::Fault;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde::Serialize;

use super::recount::Count;
use crate::output::{print_json, size, table};
use crate::places::Places;

/// How the day ended.
#[derive(Debug)]
pub(crate) struct Outcome {
    pub(crate) sources: Vec<SourceOutcome>,
    pub(crate) unfired: Vec<(Fault, usize)>,
    pub(crate) took: Duration,
}

/// How it ended for one source.
#[derive(Debug)]
pub(crate) struct SourceOutcome {
    pub(crate) origin: Origin,
    pub(crate) vendor: &'static str,
    pub(crate) count: Count,
}

/// How the day ended: what `ingest demo --json` prints.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub(crate) struct DemoReport {
    /// Of all vendors together.
    pub(crate) total: Count,
    /// Of each vendor.
    pub(crate) vendors: BTreeMap<String, Count>,
}

impl Outcome {
    /// Whether every call is stored once and every planned fault fired.
    pub(crate) fn is_whole(&self) -> bool {
        self.unfired.is_empty() && self.sources.iter().all(|source| source.count.is_whole())
    }

    fn total(&self) -> Count {
        self.sources.iter().fold(Count::default(), |mut total, source| {
            total.add(&source.count);
            total
        })
    }

    pub(crate) fn tell(&self, places: &Places, example: Option<&str>, json: bool) -> anyhow::Result<()> {
        if json {
            return print_json(&self.to_json());
        }
        println!("{}", self.text(places, example));
        Ok(())
    }

    fn to_json(&self) -> DemoReport {
        let mut vendors: BTreeMap<String, Count> = BTreeMap::new();
        for source in &self.sources {
            vendors.entry(source.vendor.to_owned()).or_default().add(&source.count);
        }
        DemoReport { total: self.total(), vendors }
    }

    fn text(&self, places: &Places, example: Option<&str>) -> String {
        let header = [
            "source",
            "calls",
            "events lost",
            "found by reconcile",
            "downloads resumed",
            "stored",
            "missing",
            "twice",
            "corrupt",
            "live sessions",
            "matched",
        ];
        let row = |source: &SourceOutcome| {
            let of = &source.count;
            let numbers = [of.calls, of.events_lost, of.recovered, of.downloads_resumed, of.stored];
            let bad = [of.missing, of.duplicates, of.corrupt];
            let live = [of.live_sessions, of.live_matched];
            let numbers = numbers.into_iter().chain(bad).chain(live).map(|n| n.to_string());
            std::iter::once(source.origin.source.to_string()).chain(numbers).collect()
        };
        let mut text = vec![table(&header, self.sources.iter().map(row).collect(), 1)];
        let verdict = match self.sources.iter().all(|source| source.count.is_whole()) {
            true => "every call of the script is stored once, byte for byte",
            false => "NOT every call of the script is stored once, byte for byte",
        };
        text.push(format!("{verdict:<86}{:.1} s", self.took.as_secs_f64()));
        for (fault, count) in &self.unfired {
            text.push(format!("planned and not met: {fault} ({count})"));
        }
        let total = self.total();
        let database = places.database().display().to_string();
        let query = format!("sqlite3 {database} 'select * from calls_v1'");
        text.push(String::new());
        text.push(format!(
            "recordings  {:<22}  {} files, {}",
            places.objects().display(),
            total.recordings,
            size(total.bytes)
        ));
        text.push(format!("database    {database:<22}  {query}"));
        if let Some(example) = example {
            let show = format!("ingest --data {} show {example}", places.directory.display());
            text.push(format!("next        {show}   one call from ring to analysis queue"));
        }
        text.join("\n")
    }
}

/// A bar on a terminal, nothing elsewhere.
pub(crate) fn progress_bar(length: usize, quiet: bool) -> ProgressBar {
    let target = match quiet || !stderr().is_terminal() {
        true => ProgressDrawTarget::hidden(),
        false => ProgressDrawTarget::stderr(),
    };
    let style = ProgressStyle::with_template("{bar:40} {pos} of {len} calls stored")
        .unwrap_or_else(|_| ProgressStyle::default_bar());
    ProgressBar::with_draw_target(Some(length as u64), target).with_style(style)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outcome(missing: u64) -> Outcome {
        let count = Count {
            calls: 55,
            stored: 55 - missing,
            missing,
            events_lost: 2,
            recovered: 2,
            recordings: 55,
            bytes: 71_000_000,
            downloads_resumed: 3,
            live_sessions: 7,
            live_matched: 6,
            ..Count::default()
        };
        let origin = Origin::new("example", "drop-folder");
        let sources = vec![SourceOutcome { origin, vendor: "universal", count }];
        Outcome { sources, unfired: Vec::new(), took: Duration::from_millis(4_100) }
    }

    #[test]
    fn the_table_says_what_came_out() {
        let example = "example/drop-folder/20261019-100000_nadia.verne";
        insta::assert_snapshot!(outcome(0).text(&Places::new("target/demo"), Some(example)), @r"
        source       calls  events lost  found by reconcile  downloads resumed  stored  missing  twice  corrupt  live sessions  matched
        drop-folder     55            2                   2                  3      55        0      0        0              7        6
        every call of the script is stored once, byte for byte                                4.1 s

        recordings  target/demo/objects     55 files, 71 MB
        database    target/demo/ingest.db   sqlite3 target/demo/ingest.db 'select * from calls_v1'
        next        ingest --data target/demo show example/drop-folder/20261019-100000_nadia.verne   one call from ring to analysis queue
        ");
    }

    #[test]
    fn what_is_missing_is_not_whole_and_said() {
        let outcome = outcome(1);
        assert!(!outcome.is_whole());
        assert!(outcome.text(&Places::new("x"), None).contains("NOT every call"));
    }

    #[test]
    fn a_lost_call_that_no_comparison_found_is_not_whole() {
        let mut outcome = outcome(0);
        outcome.sources[0].count.recovered = 1;
        assert!(!outcome.is_whole());
    }

    #[test]
    fn a_fault_that_was_not_met_is_not_whole_and_said() {
        let mut outcome = outcome(0);
        assert!(outcome.is_whole());
        outcome.unfired = vec![(Fault::Restart, 1)];
        assert!(!outcome.is_whole());
        assert!(outcome.text(&Places::new("x"), None).contains("planned and not met"));
    }

    #[test]
    fn json_has_totals_and_vendors_with_the_same_keys() {
        let json = serde_json::to_value(outcome(0).to_json()).unwrap();
        assert_eq!(json["total"], json["vendors"]["universal"]);
        for key in
            ["calls", "stored", "missing", "duplicates", "corrupt", "events_lost", "recovered", "recordings", "bytes"]
        {
            assert!(json["total"][key].is_u64(), "{key}");
        }
    }
}
