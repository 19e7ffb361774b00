//! A list whose rows arrive, come late and move while somebody pages through it.

use proptest::prelude::*;

use super::*;

/// How far each sweep reaches back, and how late a row shows at most.
const OVERLAP: i64 = 10;

/// Something that happens between two pages.
#[derive(Clone, Copy, Debug)]
enum Happens {
    /// The next page is asked for.
    Page,
    /// A call ends, and shows so many seconds late.
    Arrives(i64),
    /// So many calls end at the same moment.
    Crowd(u64),
    /// A row is updated, and moves to the end.
    Changes(usize),
    /// Time passes.
    Passes(i64),
    /// One of the deliveries that nobody accepted yet is accepted.
    Accepted(usize),
    /// It is refused.
    Refused(usize),
    /// The process ends and starts again from the stored position.
    Restart,
}

fn happens() -> impl Strategy<Value = Happens> {
    prop_oneof![
        8 => Just(Happens::Page),
        4 => (0..=OVERLAP).prop_map(Happens::Arrives),
        1 => (4u64..9).prop_map(Happens::Crowd),
        3 => (0usize..50).prop_map(Happens::Changes),
        2 => prop_oneof![0i64..8, 2 * OVERLAP..4 * OVERLAP].prop_map(Happens::Passes),
        4 => (0usize..8).prop_map(Happens::Accepted),
        1 => (0usize..8).prop_map(Happens::Refused),
        1 => Just(Happens::Restart),
    ]
}

/// The vendor, a poller, and somebody who stores what is accepted.
struct World {
    now: i64,
    rows: Vec<Row>,
    poller: Poller,
    owed: Vec<Handover>,
    stored: Option<Cursor>,
    /// By key: how often it was handed over.
    told: BTreeMap<String, usize>,
    /// By contact: the last note that was stored.
    notes: BTreeMap<u64, DateTime<Utc>>,
    ended: BTreeSet<String>,
}

impl World {
    fn new(rows: usize) -> Self {
        let rows: Vec<Row> = (0..rows as u64).map(|id| Row::new(1_000 + id, id as i64 / 4)).collect();
        let now = 20;
        let poller = Poller::new(None, at(now), TimeDelta::seconds(OVERLAP));
        let empty = (BTreeMap::new(), BTreeMap::new(), BTreeSet::new());
        let mut world =
            Self { now, rows, poller, owed: Vec::new(), stored: None, told: empty.0, notes: empty.1, ended: empty.2 };
        while !world.page() {}
        world.accept_all();
        assert!(world.told.is_empty(), "the first sweep told of {:?}", world.told);
        // Only what comes now has to be told.
        world.rows.clear();
        world.now += 1;
        world
    }

    /// One page. Returns whether it was the last of a sweep.
    fn page(&mut self) -> bool {
        let (since, skip) = self.poller.question();
        let mut rows: Vec<&Row> = self.rows.iter().filter(|row| at(row.updated) >= since).collect();
        rows.sort_by_key(|row| (row.updated, row.id));
        let found = list(rows.iter().skip(skip).take(TOP).map(|row| row.text()), rows.len());
        let handover = page_with(&mut self.poller, &found, self.now, |_| None, everyone);
        for item in &handover.items {
            if let Item::Event(event) = item {
                *self.told.entry(event.key.as_str().to_owned()).or_default() += 1;
            }
        }
        let is_swept = handover.is_swept;
        self.owed.push(handover);
        is_swept
    }

    fn accept(&mut self, which: usize) {
        if self.owed.is_empty() {
            return;
        }
        let handover = self.owed.remove(which % self.owed.len());
        for item in handover.items {
            let Item::Event(event) = item else { continue };
            if event.kind == CallEventKind::Ended {
                self.ended.insert(event.conversation.id.clone());
            }
            for leg in event.facts.iter().flat_map(|facts| &facts.legs) {
                let at = leg.revision.as_ref().expect("a revision").at;
                let known = self.notes.entry(leg.id.parse().expect("a number")).or_insert(at);
                *known = at.max(*known);
            }
        }
        self.poller.accepted(handover.id);
        self.stored = Some(handover.cursor);
    }

    fn accept_all(&mut self) {
        while !self.owed.is_empty() {
            self.accept(0);
        }
    }

    fn arrive(&mut self, late: i64) {
        self.rows.push(Row::new(self.rows.len() as u64 + 1, self.now - late));
    }

    fn happen(&mut self, what: Happens) {
        match what {
            Happens::Page => drop(self.page()),
            Happens::Arrives(late) => self.arrive(late),
            Happens::Crowd(calls) => (0..calls).for_each(|_| self.arrive(0)),
            Happens::Changes(which) if !self.rows.is_empty() => {
                let which = which % self.rows.len();
                self.rows[which].updated = self.now;
                self.rows[which].note += 1;
            }
            Happens::Changes(_) => {}
            Happens::Passes(seconds) => self.now += seconds,
            Happens::Accepted(which) => self.accept(which),
            Happens::Refused(which) if !self.owed.is_empty() => {
                let handover = self.owed.remove(which % self.owed.len());
                self.poller.refused(handover.id);
            }
            Happens::Refused(_) => {}
            Happens::Restart => {
                self.owed.clear();
                let from = self.stored.as_ref().and_then(position);
                self.poller = Poller::new(from, at(self.now), TimeDelta::seconds(OVERLAP));
            }
        }
    }

    /// Lets it come to rest: nothing happens any more, and everything is accepted.
    fn rest(&mut self) {
        self.accept_all();
        for _ in 0..2 {
            self.now += 1;
            for _ in 0..1_000 {
                let is_swept = self.page();
                self.accept_all();
                if is_swept {
                    break;
                }
            }
        }
    }

    fn missed(&self) -> Vec<&Row> {
        let is_told =
            |row: &Row| self.ended.contains(&row.id.to_string()) && self.notes.get(&row.id) == Some(&at(row.updated));
        self.rows.iter().filter(|row| !is_told(row)).collect()
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn nothing_is_missed_though_rows_move_between_pages(
        before in 0usize..12,
        happenings in prop::collection::vec(happens(), 1..120),
    ) {
        let mut world = World::new(before);
        for what in happenings {
            world.happen(what);
        }
        world.rest();
        prop_assert!(world.missed().is_empty(), "missed: {:?}", world.missed());
    }

    #[test]
    fn without_refusals_and_restarts_nothing_is_told_twice(
        happenings in prop::collection::vec(happens(), 1..120),
    ) {
        let mut world = World::new(0);
        for what in happenings {
            if !matches!(what, Happens::Refused(_) | Happens::Restart) {
                world.happen(what);
            }
        }
        world.rest();
        let twice: Vec<_> = world.told.iter().filter(|(_, times)| **times > 1).collect();
        prop_assert!(twice.is_empty(), "{twice:?}");
        prop_assert!(world.missed().is_empty(), "missed: {:?}", world.missed());
    }
}
