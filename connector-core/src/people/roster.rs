//! Who came, who changed, who left: a list of agents compared with the people that are known.

use std::collections::{BTreeSet, HashMap};

use crate::{Agent, AgentRef, AgentState, EmailAddress, Login};

/// How many others an [`Unclear`] names at most.
const NAMED: usize = 8;

/// What a list of agents says beyond what is known. Every part is sorted, so it does not depend on the order of the list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct RosterDiff {
    /// People who were not known.
    pub added: Vec<Agent>,
    /// People of whom something changed.
    pub changed: Vec<Changed>,
    /// People who are not listed any more, with the state [`Inactive`](AgentState::Inactive). They are kept, for old
    /// calls name them and they may come back.
    pub deactivated: Vec<Agent>,
    /// Rows that may mean several people, or whose person another row claims as well. Nobody guesses: whoever they may
    /// mean is left as known.
    pub unclear: Vec<Unclear>,
}

/// A person of whom something changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Changed {
    /// As known.
    pub before: Agent,
    /// As listed.
    pub after: Agent,
}

/// A row of which nobody can say whom it means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unclear {
    /// The row.
    pub listed: Agent,
    /// The known people whom it may mean and the other rows that may mean the same person, eight at most. None, when the
    /// row has no id, login or e-mail address to tell a person by.
    pub may_be: Vec<AgentRef>,
}

impl RosterDiff {
    /// Whether nothing is to be stored.
    pub fn is_empty(&self) -> bool {
        self.added.is_empty() && self.changed.is_empty() && self.deactivated.is_empty()
    }

    /// The same, with nobody deactivated: for a list that is not whole, since it broke off or rejected rows.
    pub fn without_leavers(mut self) -> Self {
        self.deactivated.clear();
        self
    }
}

/// Compares the people that are known with a list of agents.
///
/// Ids decide where both sides have one, else login or e-mail ([`AgentRef::may_be`]). Order and repetition in groups,
/// aliases and the list itself mean nothing. Known people without id, login and e-mail are left alone. A list that is not
/// whole makes people seem to have left: see [`RosterDiff::without_leavers`].
///
/// The known people are held in memory, the list is not: only those of its rows that say something new.
///
/// ```
/// use connector_core::{Agent, AgentRef, AgentState, roster};
/// let agent = |id: &str, login: &str| Agent::new(AgentRef::default().with_id(id).with_login(login));
/// let known = [Agent::new(AgentRef::default().with_login("Kay")), agent("2", "lee"), agent("3", "joe")];
/// let listed = [agent("1", "kay"), agent("3", "joe"), agent("4", "may")];
///
/// let diff = roster::diff(known, listed);
/// assert_eq!(diff.added, [agent("4", "may")]);
/// assert_eq!(diff.changed[0].after, agent("1", "kay")); // known by login, now with an id
/// assert_eq!(diff.deactivated[0].who, agent("2", "lee").who);
/// assert_eq!(diff.deactivated[0].state, AgentState::Inactive);
/// assert!(diff.unclear.is_empty());
/// ```
pub fn diff(known: impl IntoIterator<Item = Agent>, listed: impl IntoIterator<Item = Agent>) -> RosterDiff {
    let mut known = Known::new(known);
    let mut rows: Vec<Row> = listed.into_iter().filter_map(|listed| known.look_up(listed)).collect();
    rows.sort_by_cached_key(|row| content(&row.listed));
    rows.dedup_by(|a, b| says_the_same(&a.listed, &b.listed));
    let claims = Claims::new(&rows);

    let mut diff = RosterDiff { deactivated: known.leavers(), ..RosterDiff::default() };
    let unclear: Vec<_> = (0..rows.len()).map(|place| claims.against(place, &rows, &known)).collect();
    for (row, unclear) in rows.into_iter().zip(unclear) {
        match (unclear, row.means.first()) {
            (Some(may_be), _) => diff.unclear.push(Unclear { listed: row.listed, may_be }),
            (None, Some(&place)) => {
                diff.changed.push(Changed { before: known.people[place].clone(), after: row.listed });
            }
            (None, None) => diff.added.push(row.listed),
        }
    }
    diff
}

/// A row that does not just repeat what is known.
struct Row {
    listed: Agent,
    /// Places of the known people whom it may mean.
    means: Vec<usize>,
    by_id: bool,
}

/// The known people, and what the list said of them.
struct Known {
    people: Vec<Agent>,
    index: Index,
    /// Whether a row may mean this person.
    seen: Vec<bool>,
    /// Whether a row says of this person just what is known.
    same: Vec<bool>,
}

impl Known {
    fn new(known: impl IntoIterator<Item = Agent>) -> Self {
        let people: Vec<Agent> = known.into_iter().collect();
        let index = Index::new(people.iter().map(|person| &person.who));
        Self { seen: vec![false; people.len()], same: vec![false; people.len()], index, people }
    }

    /// Notes whom a row may mean; `None` when it says nothing new.
    fn look_up(&mut self, listed: Agent) -> Option<Row> {
        let by_id = !self.index.with_id(&listed.who).is_empty();
        let means = if by_id { self.index.with_id(&listed.who).to_vec() } else { self.by_handle(&listed.who) };
        means.iter().for_each(|&place| self.seen[place] = true);
        if let [place] = means[..]
            && says_the_same(&self.people[place], &listed)
        {
            self.same[place] = true;
            return None;
        }
        Some(Row { listed, means, by_id })
    }

    fn by_handle(&self, who: &AgentRef) -> Vec<usize> {
        let places = handles(who).into_iter().flat_map(|handle| self.index.with_handle(handle));
        let mut places: Vec<_> = places.copied().filter(|&place| self.people[place].who.may_be(who)).collect();
        places.sort_unstable();
        places.dedup();
        places
    }

    /// Those whom no row may mean, switched off, unless they are already or cannot be told apart.
    fn leavers(&self) -> Vec<Agent> {
        let is_gone = |person: &Agent| matches!(person.state, AgentState::Inactive | AgentState::Deleted);
        let left = self
            .people
            .iter()
            .zip(&self.seen)
            .filter(|(person, seen)| !**seen && !is_gone(person) && can_be_told(&person.who));
        let mut leavers: Vec<_> =
            left.map(|(person, _)| Agent { state: AgentState::Inactive, ..person.clone() }).collect();
        leavers.sort_by_cached_key(content);
        leavers
    }
}

/// What the rows say against each other.
struct Claims {
    index: Index,
    /// How many rows may mean this known person.
    counts: HashMap<usize, usize>,
}

impl Claims {
    fn new(rows: &[Row]) -> Self {
        let mut counts = HashMap::new();
        rows.iter().flat_map(|row| &row.means).for_each(|&place| *counts.entry(place).or_default() += 1);
        Self { index: Index::new(rows.iter().map(|row| &row.listed.who)), counts }
    }

    /// Whom else a row may mean, or who else may be meant; `None` when it is clear.
    fn against(&self, place: usize, rows: &[Row], known: &Known) -> Option<Vec<AgentRef>> {
        let row = &rows[place];
        let claimed = |person: &usize| known.same[*person] || (!row.by_id && self.counts[person] > 1);
        let people: &[usize] = match &row.means[..] {
            [person] if !claimed(person) => &[],
            means => means,
        };
        let people = people.iter().map(|&person| &known.people[person].who);
        let others = self.rivals(place, rows).map(|rival| &rows[rival].listed.who);
        let may_be: Vec<_> = people.chain(others).take(NAMED).cloned().collect();
        (!may_be.is_empty() || !can_be_told(&row.listed.who)).then_some(may_be)
    }

    /// The other rows that may mean the same person. A row whose id is known is sure of its person, but for that id.
    ///
    /// Rows without an id stand first, so that a row with one has seen its rivals of the same login when it meets the first
    /// other with one.
    fn rivals(&self, place: usize, rows: &[Row]) -> impl Iterator<Item = usize> {
        let row = &rows[place];
        let has_id = row.listed.who.id.is_some();
        let by_handle = if row.by_id { Vec::new() } else { handles(&row.listed.who) };
        let by_handle = by_handle.into_iter().flat_map(move |handle| {
            let bucket = self.index.with_handle(handle).iter();
            bucket.take_while(move |&&other| !has_id || rows[other].listed.who.id.is_none())
        });
        self.index.with_id(&row.listed.who).iter().chain(by_handle).copied().filter(move |&other| other != place)
    }
}

/// Places of people by what tells them.
struct Index {
    ids: HashMap<String, Vec<usize>>,
    handles: HashMap<String, Vec<usize>>,
}

impl Index {
    fn new<'a>(people: impl Iterator<Item = &'a AgentRef>) -> Self {
        let mut index = Self { ids: HashMap::new(), handles: HashMap::new() };
        for (place, who) in people.enumerate() {
            if let Some(id) = &who.id {
                index.ids.entry(id.clone()).or_default().push(place);
            }
            for handle in handles(who) {
                index.handles.entry(handle).or_default().push(place);
            }
        }
        index
    }

    fn with_id(&self, who: &AgentRef) -> &[usize] {
        who.id.as_ref().and_then(|id| self.ids.get(id)).map_or(&[], Vec::as_slice)
    }

    fn with_handle(&self, handle: String) -> &[usize] {
        self.handles.get(&handle).map_or(&[], Vec::as_slice)
    }
}

/// Login and e-mail address, as they are compared.
fn handles(who: &AgentRef) -> Vec<String> {
    let login = who.login.as_ref().map(Login::reveal);
    let email = who.email.as_ref().map(EmailAddress::reveal);
    let mut handles: Vec<_> = login.into_iter().chain(email).map(str::to_lowercase).collect();
    handles.dedup();
    handles
}

fn can_be_told(who: &AgentRef) -> bool {
    who.id.is_some() || who.login.is_some() || who.email.is_some()
}

/// What an agent says, in a form that can be ordered and in which order and repetition mean nothing.
fn content(agent: &Agent) -> impl Ord + use<> {
    let set = |names: &[String]| names.iter().cloned().collect::<BTreeSet<_>>();
    (agent.who.clone(), set(&agent.aliases), set(&agent.groups), agent.state as u8, agent.always_recorded)
}

fn says_the_same(a: &Agent, b: &Agent) -> bool {
    a == b || (a.who == b.who && content(a) == content(b))
}

#[cfg(test)]
mod tests;
