//! Whole runs against a history and an archive in memory.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::future::poll_fn;
use std::sync::Mutex;
use std::task::Poll;

use async_trait::async_trait;
use chrono::TimeDelta;
use futures_util::{FutureExt, StreamExt, stream};
use proptest::prelude::*;

use super::*;
use crate::{
    Conversation, ConversationRef, Error, Gone, HistoryLimits, HistoryQuery, JobCheck, Leg, Listing, Lookup,
    LookupOptions, Page, Priority, Rejected, Result, Revision, Stamp, Vendor, until_error,
};

fn start() -> DateTime<Utc> {
    "2026-10-19T00:00:00Z".parse().unwrap()
}

fn minute(minute: i64) -> DateTime<Utc> {
    start() + TimeDelta::minutes(minute)
}

fn minutes(minutes: u64) -> Duration {
    Duration::from_secs(minutes * 60)
}

fn call(id: usize, ended: i64, fingerprint: &str) -> Conversation {
    let mut leg = Leg::new("1");
    leg.revision = Some(Revision::new(minute(ended), fingerprint));
    let mut call = Conversation::new(ConversationRef::new(id.to_string()), Vendor::UNIVERSAL);
    call.ended = Some(Stamp::vendor(minute(ended)));
    call.legs.push(leg);
    call
}

/// Waits once, so that a stream can be dropped here.
async fn an_await_point() {
    let mut waited = false;
    poll_fn(|cx| match std::mem::replace(&mut waited, true) {
        true => Poll::Ready(()),
        false => {
            cx.waker().wake_by_ref();
            Poll::Pending
        }
    })
    .await;
}

/// A row of a history: a call, or one that cannot be read.
#[derive(Clone, Debug)]
enum Row {
    Call(Box<Conversation>),
    Broken,
}

/// Lists its rows, with those that ended nearby, in pages; positions are row numbers.
#[derive(Debug)]
struct History {
    limits: HistoryLimits,
    rows: Vec<Row>,
    page: usize,
    /// By how much more than asked for it lists.
    generous: TimeDelta,
    has_positions: bool,
    /// After how many pages the next listings break off.
    cuts: Mutex<VecDeque<usize>>,
    queries: Mutex<Vec<HistoryQuery>>,
}

impl History {
    fn new(rows: Vec<Row>) -> Self {
        Self {
            limits: HistoryLimits::lagging(Duration::ZERO),
            rows,
            page: 3,
            generous: TimeDelta::zero(),
            has_positions: true,
            cuts: Mutex::default(),
            queries: Mutex::default(),
        }
    }

    fn of(calls: impl IntoIterator<Item = Conversation>) -> Self {
        Self::new(calls.into_iter().map(|call| Row::Call(Box::new(call))).collect())
    }

    fn lists(&self, row: &Row, query: &HistoryQuery) -> bool {
        let window = query.from.checked_sub_signed(self.generous).unwrap()..query.to + self.generous;
        match row {
            Row::Call(call) => call.ended.is_none_or(|ended| window.contains(&ended.at)),
            Row::Broken => true,
        }
    }
}

#[async_trait]
impl ConversationHistory for History {
    fn limits(&self) -> HistoryLimits {
        self.limits.clone()
    }

    fn ended(&self, query: HistoryQuery) -> Listing<Conversation> {
        let first: usize = query.resume.as_ref().map_or(0, |cursor| cursor.as_str().parse().unwrap());
        let listed: Vec<_> =
            self.rows.iter().enumerate().skip(first).filter(|(_, row)| self.lists(row, &query)).collect();
        let mut pages: Vec<Result<Page<Conversation>>> = Vec::new();
        for rows in listed.chunks(self.page) {
            let mut page = Page::new(Vec::new());
            for (number, row) in rows {
                match row {
                    Row::Call(call) => page.items.push(Conversation::clone(call)),
                    Row::Broken => page.rejected.push(Rejected::new(format!("row {number}"), "no_id", "it has no id")),
                }
            }
            page.resume = self.has_positions.then(|| Cursor::new((rows.last().unwrap().0 + 1).to_string()));
            pages.push(Ok(page));
        }
        if let Some(Ok(last)) = pages.last_mut() {
            last.resume = None;
        }
        if let Some(cut) = self.cuts.lock().unwrap().pop_front() {
            pages.insert(cut.min(pages.len()), Err(Error::transient("cut")));
        }
        self.queries.lock().unwrap().push(query);
        until_error(stream::iter(pages).then(|page| an_await_point().map(|()| page))).boxed()
    }

    async fn conversation(&self, _: &ConversationRef, _: LookupOptions) -> Result<Lookup<Conversation>> {
        Ok(Lookup::Gone(Gone::Unknown))
    }

    async fn check(&self) -> JobCheck {
        JobCheck::Ok
    }
}

/// Fingerprints by id, and how it was asked.
#[derive(Debug, Default)]
struct Memory {
    calls: BTreeMap<String, String>,
    largest_batch: Mutex<usize>,
}

#[async_trait]
impl Archive for Memory {
    async fn stored(&self, of: &[Conversation]) -> Result<Vec<Option<Stored>>> {
        an_await_point().await;
        let ids: BTreeSet<_> = of.iter().map(|call| &call.this.id).collect();
        assert_eq!(ids.len(), of.len(), "an id twice in a batch");
        assert!(!of.is_empty(), "asked for nothing");
        let mut largest = self.largest_batch.lock().unwrap();
        *largest = of.len().max(*largest);
        let stored = |fingerprint: &String| {
            Stored::new(StoredMedia::Complete).with_leg("1", StoredVersion::Fingerprint(fingerprint.clone()))
        };
        Ok(of.iter().map(|call| self.calls.get(&call.this.id).map(stored)).collect())
    }
}

fn request() -> ReconcileRequest {
    ReconcileRequest::between(ReconcileMode::Nightly, minute(0), minute(600))
}

fn run(history: &Arc<History>, archive: &Arc<Memory>, request: ReconcileRequest) -> Reconcile {
    Reconcile::new(history.clone(), archive.clone(), request, minute(10_000))
}

fn ids(steps: &[Step]) -> Vec<String> {
    steps.iter().flat_map(|step| &step.found).map(|found| found.conversation().this.id.clone()).collect()
}

async fn steps(run: Reconcile) -> Vec<Step> {
    run.steps().map(Result::unwrap).collect().await
}

#[tokio::test]
async fn what_is_listed_and_not_stored_is_found_with_what_changed() {
    let history = Arc::new(History::of((0..7).map(|id| call(id, 10, "a"))));
    let mut archive = Memory::default();
    for (id, fingerprint) in [(0, "a"), (1, "a"), (2, "old"), (4, "a"), (6, "a"), (99, "a")] {
        archive.calls.insert(id.to_string(), fingerprint.into());
    }
    let run = run(&history, &Arc::new(archive), request());
    let mut report = run.report();
    let steps = steps(run).await;
    steps.iter().for_each(|step| report.add(step));
    assert_eq!(ids(&steps), ["2", "3", "5"]);
    assert!(matches!(&steps[0].found[..], [Found::Changed(_)]));
    assert!(report.is_complete());
    report.count(Recovery::Recovered);
    report.count(Recovery::NotRecordable);
    assert_eq!(report.open(), 1);
    assert_eq!(
        report.to_string(),
        "nightly 2026-10-19T00:00:00Z to 2026-10-19T10:00:00Z: 7 compared, 2 detected, 1 changed, 1 recovered, 0 failed, \
         1 not recordable, 0 missing recording, 0 duration mismatch, 0 rejected, 0 left alone"
    );
}

#[tokio::test]
async fn rows_of_one_conversation_are_one_finding_and_a_bad_row_costs_the_row() {
    let mut second_leg = call(1, 11, "b");
    second_leg.legs[0].id = "2".into();
    let rows = [call(1, 10, "a"), second_leg, call(1, 10, "a"), call(2, 10, "a")];
    let mut history = History::of(rows);
    history.rows.insert(1, Row::Broken);
    history.page = 10;
    let steps = steps(run(&Arc::new(history), &Arc::default(), request().with_batch(1))).await;
    assert_eq!(ids(&steps), ["1", "2"]);
    let legs: Vec<_> = steps[0].found[0].conversation().legs.iter().map(|leg| leg.id.as_str()).collect();
    assert_eq!(legs, ["1", "2"]);
    assert_eq!(steps.iter().flat_map(|step| &step.rejected).map(|row| &row.what).collect::<Vec<_>>(), ["row 1"]);
}

#[tokio::test]
async fn calls_that_ended_outside_are_left_out_and_calls_without_an_end_are_not() {
    let mut endless = call(5, 0, "a");
    endless.ended = None;
    let calls = [call(1, -1, "a"), call(2, 0, "a"), call(3, 599, "a"), call(4, 600, "a"), endless];
    let history = History { generous: TimeDelta::days(30), page: 10, ..History::of(calls) };
    let steps = steps(run(&Arc::new(history), &Arc::default(), request())).await;
    assert_eq!(ids(&steps), ["2", "3", "5"]);
    assert_eq!(steps[0].outside, 2);
}

#[tokio::test]
async fn long_periods_are_asked_in_windows_that_overlap_with_the_priority_of_the_mode() {
    let limits = HistoryLimits { overlap: minutes(30), max_window: minutes(240), ..History::new(vec![]).limits };
    let history = Arc::new(History { limits, ..History::of([call(1, 205, "a")]) });
    let mut request = request();
    request.mode = ReconcileMode::Backfill;
    let steps = steps(run(&history, &Arc::default(), request)).await;
    let queries = history.queries.lock().unwrap();
    let windows: Vec<_> = queries.iter().map(|query| (query.from, query.to)).collect();
    assert_eq!(
        windows,
        [(minute(-30), minute(210)), (minute(180), minute(420)), (minute(390), minute(600))],
        "the first reaches back as well"
    );
    assert!(queries.iter().all(|query| query.priority == Priority::Backfill));
    assert_eq!(ids(&steps), ["1", "1"], "in the overlap it is found twice");
    let reached: Vec<_> = steps.iter().map(|step| step.reached).collect();
    assert_eq!(reached, [minute(0), minute(210), minute(210), minute(420), minute(600)]);
}

#[tokio::test]
async fn what_is_too_young_is_not_asked_for() {
    let limits = HistoryLimits { overlap: Duration::ZERO, ..HistoryLimits::lagging(minutes(60)) };
    let history = Arc::new(History { limits, ..History::of([call(1, 400, "a"), call(2, 550, "a")]) });
    let run = Reconcile::new(history, Arc::new(Memory::default()), request(), minute(600));
    assert_eq!((run.period().to, run.period().postponed), (minute(540), Some(minute(600))));
    let steps = steps(run).await;
    assert_eq!(ids(&steps), ["1"]);
    assert_eq!(steps.last().unwrap().reached, minute(540));
}

#[tokio::test]
async fn calls_that_are_none_of_ours_are_counted_and_left_alone() {
    let history = Arc::new(History::of((0..3).map(|id| call(id, 10, "a"))));
    let run = run(&history, &Arc::default(), request());
    let mut report = run.report();
    for mut step in steps(run).await {
        step.keep(|call| call.this.id != "1");
        report.add(&step);
    }
    assert_eq!((report.detected, report.left_alone, report.compared), (2, 1, 3));
}

#[tokio::test]
async fn the_position_of_another_run_or_of_nobody_counts_as_none() {
    let history = Arc::new(History::of((0..4).map(|id| call(id, 10, "a"))));
    let last = steps(run(&history, &Arc::default(), request())).await.pop().unwrap().resume;
    let other = ReconcileRequest::between(ReconcileMode::Nightly, minute(-1), minute(600));
    for (request, resumed) in [
        (request().with_resume(Some(last.clone())), true),
        (other.with_resume(Some(last)), false),
        (request().with_resume(Some(Cursor::new("3"))), false),
    ] {
        let run = run(&history, &Arc::default(), request);
        assert_eq!((run.is_resumed(), run.report().is_complete()), (resumed, resumed));
        assert_eq!(ids(&steps(run).await).len(), if resumed { 0 } else { 4 });
    }
}

#[tokio::test]
async fn a_finished_run_taken_up_later_goes_on_with_what_was_too_young() {
    let limits = HistoryLimits { overlap: Duration::ZERO, ..HistoryLimits::lagging(minutes(60)) };
    let history = Arc::new(History { limits, ..History::of([call(1, 400, "a"), call(2, 550, "a")]) });
    let archive = Arc::new(Memory::default());
    let first = Reconcile::new(history.clone(), archive.clone(), request(), minute(600));
    let last = steps(first).await.pop().unwrap().resume;
    let second = Reconcile::new(history, archive, request().with_resume(Some(last)), minute(700));
    assert_eq!(ids(&steps(second).await), ["2"]);
}

#[tokio::test]
async fn an_archive_that_answers_for_too_few_is_a_bug_and_ends_the_run() {
    #[derive(Debug)]
    struct Short;

    #[async_trait]
    impl Archive for Short {
        async fn stored(&self, of: &[Conversation]) -> Result<Vec<Option<Stored>>> {
            Ok(vec![None; of.len() - 1])
        }
    }

    let history = Arc::new(History::of((0..4).map(|id| call(id, 10, "a"))));
    let run = Reconcile::new(history, Arc::new(Short), request(), minute(10_000));
    let steps: Vec<_> = run.steps().collect().await;
    assert!(matches!(&steps[..], [Err(error)] if error.is_bug()));
}

#[tokio::test]
async fn an_empty_period_asks_nobody() {
    let history = Arc::new(History::of([call(1, 0, "a")]));
    let request = ReconcileRequest::between(ReconcileMode::Manual, minute(5), minute(5));
    assert_eq!(steps(run(&history, &Arc::default(), request)).await, []);
    assert!(history.queries.lock().unwrap().is_empty());
}

/// What stops a run before its end.
#[derive(Clone, Debug)]
enum Stop {
    /// The listing breaks off after so many pages.
    Cut(usize),
    /// The stream is dropped after it was polled so often.
    Dropped(usize),
}

#[derive(Clone, Debug)]
struct Case {
    /// Id, minute of its end, version; `None` is a row that cannot be read.
    rows: Vec<Option<(usize, i64, u8)>>,
    stored: BTreeMap<usize, u8>,
    page: usize,
    batch: usize,
    overlap: u64,
    max_window: u64,
    generous: i64,
    has_positions: bool,
    stops: Vec<Stop>,
}

fn cases() -> impl Strategy<Value = Case> {
    // Every row of an id ended at one time, as a call does.
    let row =
        prop::option::weighted(0.9, (0usize..40, 0u8..3).prop_map(|(id, version)| (id, id as i64 * 23 - 100, version)));
    let stop = prop_oneof![(0usize..6).prop_map(Stop::Cut), (0usize..30).prop_map(Stop::Dropped)];
    let asked = (1usize..9, 1usize..5, 0u64..200, 30u64..700, 0i64..300, prop::bool::weighted(0.8));
    let stored = prop::collection::btree_map(0usize..40, 0u8..3, 0..40);
    (prop::collection::vec(row, 0..60), stored, asked, prop::collection::vec(stop, 0..8)).prop_map(
        |(rows, stored, (page, batch, overlap, max_window, generous, has_positions), stops)| Case {
            rows,
            stored,
            page,
            batch,
            overlap,
            max_window,
            generous,
            has_positions,
            stops,
        },
    )
}

impl Case {
    fn history(&self) -> History {
        let version = |version: u8| char::from(b'a' + version).to_string();
        let row = |row: &Option<(usize, i64, u8)>| match row {
            Some((id, ended, newness)) => Row::Call(Box::new(call(*id, *ended, &version(*newness)))),
            None => Row::Broken,
        };
        History {
            limits: HistoryLimits {
                overlap: minutes(self.overlap),
                max_window: minutes(self.max_window),
                ..HistoryLimits::lagging(Duration::ZERO)
            },
            page: self.page,
            generous: TimeDelta::minutes(self.generous),
            has_positions: self.has_positions,
            ..History::new(self.rows.iter().map(row).collect())
        }
    }

    fn archive(&self) -> Memory {
        let stored = |(id, version): (&usize, &u8)| (id.to_string(), char::from(b'a' + version).to_string());
        Memory { calls: self.stored.iter().map(stored).collect(), ..Memory::default() }
    }

    /// Ids that must be found, and those that may: a page that lists only the stored version of a call hides nothing, but
    /// which rows share a page decides whether its older versions are seen.
    fn model(&self) -> (BTreeSet<String>, BTreeSet<String>) {
        let overlap = self.overlap.min(self.max_window / 2) as i64;
        let (mut must, mut may) = (BTreeSet::new(), BTreeSet::new());
        for (id, ended, version) in self.rows.iter().flatten() {
            let newest = self.rows.iter().flatten().filter(|row| row.0 == *id).map(|row| row.2).max();
            let differs = |version: u8| self.stored.get(id) != Some(&version);
            if (0..600).contains(ended) && newest.is_some_and(differs) {
                must.insert(id.to_string());
            }
            if (-overlap..600).contains(ended) && differs(*version) {
                may.insert(id.to_string());
            }
        }
        (must, may)
    }
}

/// Runs until it is stopped. What it found is written down step by step with the position, as a store does.
fn run_until_stopped(
    run: Reconcile,
    stop: Option<&Stop>,
    found: &mut BTreeSet<String>,
    rejected: &mut BTreeSet<String>,
) -> (Option<Cursor>, bool) {
    let polls = if let Some(Stop::Dropped(polls)) = stop { *polls } else { usize::MAX };
    let (mut steps, mut resume) = (run.steps(), None);
    for _ in 0..polls {
        match steps.next().now_or_never() {
            None => {}
            Some(None) => return (resume, true),
            Some(Some(Err(_))) => {
                assert!(steps.next().now_or_never().is_some_and(|end| end.is_none()), "an error is the last item");
                return (resume, false);
            }
            Some(Some(Ok(step))) => {
                found.extend(ids(std::slice::from_ref(&step)));
                rejected.extend(step.rejected.iter().map(|row| row.what.clone()));
                resume = Some(step.resume);
            }
        }
    }
    (resume, false)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    /// However it is cut off or dropped, and however pages, windows, repetitions and bad rows fall: taken up at the last
    /// position that was written down, it finds what a naive comparison finds, and asks for no more than a batch at once.
    #[test]
    fn a_run_that_is_stopped_anywhere_finds_what_a_naive_comparison_finds(case in cases()) {
        let (history, archive) = (Arc::new(case.history()), Arc::new(case.archive()));
        let (mut found, mut rejected, mut position) = (BTreeSet::new(), BTreeSet::new(), None);
        let mut ended = false;
        for stop in case.stops.iter().map(Some).chain([None]) {
            history.cuts.lock().unwrap().clear();
            if let Some(Stop::Cut(pages)) = stop {
                history.cuts.lock().unwrap().push_back(*pages);
            }
            let request = request().with_batch(case.batch).with_resume(position.clone());
            let run = run(&history, &archive, request);
            prop_assert_eq!(run.is_resumed(), position.is_some());
            let (resume, end) = run_until_stopped(run, stop, &mut found, &mut rejected);
            position = resume.or(position);
            ended = end;
        }
        prop_assert!(ended, "nothing stops the last one");
        let (must, may) = case.model();
        prop_assert!(must.is_subset(&found), "lost {:?}", must.difference(&found));
        prop_assert!(found.is_subset(&may), "made up {:?}", found.difference(&may));
        let broken = case.rows.iter().enumerate().filter(|(_, row)| row.is_none()).map(|(n, _)| format!("row {n}"));
        prop_assert_eq!(rejected, broken.collect::<BTreeSet<_>>());
        prop_assert!(*archive.largest_batch.lock().unwrap() <= case.batch);
    }

    /// Every position of a run is one to go on from: what was found before it and what is found after it is all.
    #[test]
    fn a_run_can_be_taken_up_at_each_of_its_positions(case in cases()) {
        let (history, archive) = (Arc::new(case.history()), Arc::new(case.archive()));
        let collect = |resume: Option<Cursor>| {
            let request = request().with_batch(case.batch).with_resume(resume);
            let mut steps = run(&history, &archive, request).steps();
            let mut all = Vec::new();
            loop {
                match steps.next().now_or_never() {
                    None => {}
                    Some(None) => return all,
                    Some(Some(step)) => all.push(step.unwrap()),
                }
            }
        };
        let whole: Vec<Step> = collect(None);
        let wanted: BTreeSet<_> = ids(&whole).into_iter().collect();
        for (place, step) in whole.iter().enumerate() {
            let mut found: BTreeSet<_> = ids(&whole[..=place]).into_iter().collect();
            let rest = collect(Some(step.resume.clone()));
            prop_assert!(!case.has_positions || rest.len() <= whole.len() - place + case.page, "it starts over");
            prop_assert!(ids(&whole).ends_with(&ids(&rest)), "other findings, or in another order");
            found.extend(ids(&rest));
            prop_assert_eq!(&found, &wanted);
        }
    }
}
