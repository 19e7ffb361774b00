//! Which conversations the vendor is being asked about.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, TimeDelta, Utc};

use super::effect::Effect;

/// After a question that failed, the same is asked again after this time.
const AGAIN: TimeDelta = TimeDelta::seconds(30);

/// Each conversation is asked about by one request at a time.
#[derive(Debug, Default)]
pub(super) struct Asks {
    /// When to ask again; `None` while a request is on its way.
    open: BTreeMap<String, Option<DateTime<Utc>>>,
    /// Those that are to be asked again, by when.
    dues: BTreeSet<(DateTime<Utc>, String)>,
}

impl Asks {
    /// Asks about a conversation, unless that is being done.
    pub(super) fn ask(&mut self, id: String, out: &mut Vec<Effect>) {
        match self.open.insert(id.clone(), None) {
            Some(None) => return,
            Some(Some(due)) => drop(self.dues.take(&(due, id.clone()))),
            None => {}
        }
        out.push(Effect::Confirm(id));
    }

    /// There was an answer.
    pub(super) fn done(&mut self, id: &str) {
        if let Some(Some(due)) = self.open.remove(id) {
            self.dues.remove(&(due, id.to_owned()));
        }
    }

    /// There was none: it is asked again, after this time at least.
    pub(super) fn failed(&mut self, id: &str, wait: Option<TimeDelta>, now: DateTime<Utc>) {
        let Some(known) = self.open.get_mut(id) else { return };
        let due = now + wait.unwrap_or(AGAIN).max(AGAIN);
        if let Some(before) = known.replace(due) {
            self.dues.remove(&(before, id.to_owned()));
        }
        self.dues.insert((due, id.to_owned()));
    }

    /// Asks again what is due, as far as it still matters.
    pub(super) fn tick(&mut self, now: DateTime<Utc>, matters: impl Fn(&str) -> bool, out: &mut Vec<Effect>) {
        while self.due().is_some_and(|due| due <= now)
            && let Some((_, id)) = self.dues.pop_first()
        {
            self.open.remove(&id);
            if matters(&id) {
                self.ask(id, out);
            }
        }
    }

    pub(super) fn due(&self) -> Option<DateTime<Utc>> {
        self.dues.first().map(|(due, _)| *due)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_790_000_000 + second, 0).expect("a time")
    }

    fn asked(happens: impl FnOnce(&mut Vec<Effect>)) -> Vec<String> {
        let mut out = Vec::new();
        happens(&mut out);
        let id = |effect| if let Effect::Confirm(id) = effect { id } else { panic!("it asks about calls alone") };
        out.into_iter().map(id).collect()
    }

    #[test]
    fn a_question_that_failed_is_asked_again_when_it_is_due_and_once() {
        let mut asks = Asks::default();
        assert_eq!(asked(|out| asks.ask("a".to_owned(), out)), ["a"]);
        assert_eq!(asked(|out| asks.ask("a".to_owned(), out)), [""; 0], "one is on its way");
        asks.failed("a", Some(TimeDelta::seconds(1)), at(0));
        asks.failed("a", Some(TimeDelta::seconds(50)), at(0));
        asks.failed("unknown", None, at(0));
        assert_eq!((asks.due(), asked(|out| asks.tick(at(49), |_| true, out))), (Some(at(50)), vec![]));
        assert_eq!(asked(|out| asks.tick(at(50), |_| true, out)), ["a"]);
        assert_eq!((asks.due(), asked(|out| asks.ask("a".to_owned(), out))), (None, vec![]), "it is on its way again");
        asks.failed("a", None, at(50));
        assert_eq!(asks.due(), Some(at(80)));
        assert_eq!(asked(|out| asks.ask("a".to_owned(), out)), ["a"], "nobody has to wait with another question");
        assert_eq!((asks.due(), asked(|out| asks.tick(at(80), |_| true, out))), (None, vec![]));
    }

    #[test]
    fn what_was_answered_or_matters_no_more_is_not_asked_again() {
        let mut asks = Asks::default();
        for id in ["a", "b", "c"] {
            asked(|out| asks.ask(id.to_owned(), out));
            asks.failed(id, None, at(0));
        }
        asks.done("a");
        assert_eq!(asked(|out| asks.tick(at(30), |id| id == "c", out)), ["c"]);
        asks.done("c");
        assert_eq!((asks.open.len(), asks.dues.len()), (0, 0));
    }
}
