//! What an index knows: everybody in one row of a table, found by hashes of what they are called.

use std::collections::hash_map::RandomState;
use std::collections::{BTreeSet, HashMap};
use std::hash::BuildHasher;
use std::ops::{Index, IndexMut};

use chrono::{DateTime, Utc};

use crate::{AgentRef, EmailAddress, Login, PersonName};

/// As long as no text is.
const NOTHING: u32 = u32::MAX;

/// The row of nobody: after the newest and before the oldest.
const NOBODY: u32 = 0;

/// Tests have so few hashes that different names share them all the time.
const HASHES: u32 = if cfg!(test) { 3 } else { u32::MAX };

/// Rows by the hash of a name. The name itself stands in the row alone, and is compared.
type Rows = BTreeSet<(u32, u32)>;

pub(super) struct Known {
    /// Whoever is forgotten leaves an empty row.
    rows: Vec<Row>,
    empty: Vec<u32>,
    ids: Rows,
    /// By login and e-mail address in lower case: from the first question on, since many are never asked.
    handles: Option<Rows>,
    /// Of whom nobody is asked again before.
    quiet_until: HashMap<u32, DateTime<Utc>>,
    hashes: RandomState,
}

/// A person, and who was used before and after.
pub(super) struct Row {
    person: Person,
    older: u32,
    newer: u32,
}

/// What is known of a person, in one piece of memory.
struct Person {
    /// Login, name, e-mail address and id, one after the other.
    text: Box<str>,
    /// How long the first three are.
    lengths: [u32; 3],
}

/// Login, name and e-mail address.
type Told<'a> = [Option<&'a str>; 3];

impl Default for Known {
    fn default() -> Self {
        let nobody = Row { person: Person::nobody(), older: NOBODY, newer: NOBODY };
        Self {
            rows: vec![nobody],
            empty: Vec::new(),
            ids: Rows::default(),
            handles: None,
            quiet_until: HashMap::new(),
            hashes: RandomState::new(),
        }
    }
}

impl Known {
    /// How many people are known.
    pub(super) fn len(&self) -> usize {
        self.ids.len()
    }

    /// The row of an id, which is used by that.
    pub(super) fn used(&mut self, id: &str) -> Option<u32> {
        let row = self.row_of(id)?;
        self.unlink(row);
        self.link(row);
        Some(row)
    }

    /// Who stands in a row.
    pub(super) fn who(&self, row: u32) -> AgentRef {
        self[row].person.who()
    }

    /// Until when nobody is asked about whoever stands in a row.
    pub(super) fn quiet_until(&self, row: u32) -> Option<DateTime<Utc>> {
        self.quiet_until.get(&row).copied()
    }

    /// Asks nobody about an id until then. Whose login is known is not asked about anyway.
    pub(super) fn be_quiet(&mut self, id: &str, until: DateTime<Utc>) {
        if let Some(row) = self.row_of(id).filter(|row| self.who(*row).login.is_none()) {
            self.quiet_until.insert(row, until);
        }
    }

    /// Everybody whose login or e-mail address is one of these, in lower case, in the order of their ids.
    pub(super) fn with_handles(&mut self, wanted: &BTreeSet<String>) -> BTreeSet<AgentRef> {
        let handles = self.handles.take().unwrap_or_else(|| self.all_handles());
        let rows = wanted.iter().flat_map(|handle| with_hash(&handles, self.hash(handle)));
        let people = rows.map(|row| &self[row].person).filter(|person| !person.handles().is_disjoint(wanted));
        let found = people.map(Person::who).collect();
        self.handles = Some(handles);
        found
    }

    /// Remembers a person, and at most so many. What is left out stays as it was.
    pub(super) fn learn(&mut self, id: &str, said: &AgentRef, room: usize) {
        let said = told(said);
        let Some(row) = self.used(id) else {
            if let Some(person) = Person::new(id, said) {
                self.add(person);
            }
            while self.len() > room {
                self.forget(self[NOBODY].newer);
            }
            return;
        };
        let (before, _) = self[row].person.told();
        let now: Told<'_> = std::array::from_fn(|place| said[place].or(before[place]));
        if now != before
            && let Some(person) = Person::new(id, now)
        {
            self.unname(row);
            self[row].person = person;
            self.name(row);
        }
    }

    fn add(&mut self, person: Person) {
        let row = Row { person, older: NOBODY, newer: NOBODY };
        let place = match self.empty.pop() {
            Some(place) => {
                self[place] = row;
                place
            }
            None => {
                self.rows.push(row);
                self.rows.len() as u32 - 1
            }
        };
        self.link(place);
        self.name(place);
    }

    fn forget(&mut self, row: u32) {
        self.unlink(row);
        self.unname(row);
        self[row].person = Person::nobody();
        self.quiet_until.remove(&row);
        self.empty.push(row);
    }

    fn row_of(&self, id: &str) -> Option<u32> {
        with_hash(&self.ids, self.hash(id)).find(|row| self[*row].person.told().1 == id)
    }

    /// Takes whoever stands in a row out of the order of use.
    fn unlink(&mut self, row: u32) {
        let Row { older, newer, .. } = self[row];
        (self[older].newer, self[newer].older) = (newer, older);
    }

    /// Makes whoever stands in a row the one who was used last.
    fn link(&mut self, row: u32) {
        let last = self[NOBODY].older;
        (self[row].older, self[row].newer) = (last, NOBODY);
        (self[last].newer, self[NOBODY].older) = (row, row);
    }

    /// Lets a row be found.
    fn name(&mut self, row: u32) {
        self.ids.insert(self.id_of(row));
        if let Some(mut handles) = self.handles.take() {
            handles.extend(self.handles_of(row));
            self.handles = Some(handles);
        }
    }

    fn unname(&mut self, row: u32) {
        self.ids.remove(&self.id_of(row));
        if let Some(mut handles) = self.handles.take() {
            for name in self.handles_of(row) {
                handles.remove(&name);
            }
            self.handles = Some(handles);
        }
    }

    fn id_of(&self, row: u32) -> (u32, u32) {
        (self.hash(self[row].person.told().1), row)
    }

    /// How a row is found by login and e-mail address, if anybody asks for these.
    fn handles_of(&self, row: u32) -> Vec<(u32, u32)> {
        self[row].person.handles().iter().map(|handle| (self.hash(handle), row)).collect()
    }

    fn all_handles(&self) -> Rows {
        self.ids.iter().flat_map(|(_, row)| self.handles_of(*row)).collect()
    }

    fn hash(&self, name: &str) -> u32 {
        self.hashes.hash_one(name) as u32 & HASHES
    }
}

impl Index<u32> for Known {
    type Output = Row;

    fn index(&self, row: u32) -> &Row {
        &self.rows[row as usize]
    }
}

impl IndexMut<u32> for Known {
    fn index_mut(&mut self, row: u32) -> &mut Row {
        &mut self.rows[row as usize]
    }
}

fn with_hash(rows: &Rows, hash: u32) -> impl Iterator<Item = u32> {
    rows.range((hash, 0)..=(hash, u32::MAX)).map(|(_, row)| *row)
}

impl Person {
    fn nobody() -> Self {
        Self { text: Box::default(), lengths: [NOTHING; 3] }
    }

    /// A person, unless more is told than anybody has to say.
    fn new(id: &str, told: Told<'_>) -> Option<Self> {
        let [login, name, email] = told.map(Option::unwrap_or_default);
        let text = [login, name, email, id].concat();
        let lengths = told.map(|text| text.map_or(NOTHING, |text| text.len() as u32));
        (text.len() < NOTHING as usize).then(|| Self { text: text.into_boxed_str(), lengths })
    }

    /// What is told of a person, and the id.
    fn told(&self) -> (Told<'_>, &str) {
        let mut rest = &*self.text;
        let told = self.lengths.map(|length| {
            let (this, behind) = rest.split_at_checked(length as usize)?;
            rest = behind;
            Some(this)
        });
        (told, rest)
    }

    fn who(&self) -> AgentRef {
        let ([login, name, email], id) = self.told();
        AgentRef {
            id: Some(id.to_owned()),
            login: login.map(Login::from),
            name: name.map(PersonName::from),
            email: email.map(EmailAddress::from),
        }
    }

    fn handles(&self) -> BTreeSet<String> {
        let ([login, _, email], _) = self.told();
        [login, email].into_iter().flatten().map(str::to_lowercase).collect()
    }
}

fn told(who: &AgentRef) -> Told<'_> {
    let AgentRef { login, name, email, .. } = who;
    [login.as_ref().map(Login::reveal), name.as_ref().map(PersonName::reveal), email.as_ref().map(EmailAddress::reveal)]
}

#[cfg(test)]
impl Known {
    /// Every row is found by what it holds and by nothing else, and is used before and after another one.
    pub(super) fn check(&self) {
        let mut in_use = Vec::new();
        let mut row = self[NOBODY].newer;
        while row != NOBODY {
            assert_eq!(self[self[row].newer].older, row);
            in_use.push(row);
            row = self[row].newer;
        }
        let sorted = |rows: &mut dyn Iterator<Item = u32>| rows.collect::<BTreeSet<_>>();
        assert_eq!(sorted(&mut self.ids.iter().map(|(_, row)| *row)), in_use.iter().copied().collect());
        assert_eq!((self.ids.len(), in_use.len() + self.empty.len() + 1), (in_use.len(), self.rows.len()));
        assert!(self.ids.iter().all(|(hash, row)| (*hash, *row) == self.id_of(*row)));
        assert!(self.handles.as_ref().is_none_or(|handles| *handles == self.all_handles()));
        assert!(self.quiet_until.keys().all(|row| in_use.contains(row)));
    }
}
