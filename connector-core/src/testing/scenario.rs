//! A neutral contact centre: people, calls, and what became of them.

use std::collections::BTreeSet;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use fastrand::Rng;

use super::Clip;
use super::timeline::{self, Happening, Moment, Plot, ScenarioLeg};
use crate::{Direction, EmailAddress, Login, PersonName, PhoneNumber};

/// 2026-10-19T08:00:00Z, in seconds since 1970.
const STARTS: i64 = 1_792_396_800;

/// The calls of a day are spread over so many milliseconds.
const DAY: u64 = 10 * 60 * 60 * 1_000;

/// Given name, family name, login, and the index of the group.
const PEOPLE: [(&str, &str, &str, usize); 12] = [
    ("Nadia", "Verne", "nverne", 0),
    ("Tomas", "Okafor", "tokafor", 0),
    ("Ilse", "Brandt", "ibrandt", 0),
    ("Rafael", "Quist", "rquist", 0),
    ("Mei", "Sandoval", "msandoval", 1),
    ("Jürgen", "Ansel", "jansel", 1),
    ("Priya", "Lindqvist", "plindqvist", 1),
    ("Owen", "Marchetti", "omarchetti", 1),
    ("Zoë", "Hartmann", "zhartmann", 1),
    ("Kofi", "Delacroix", "kdelacroix", 2),
    ("Lena", "O'Rourke", "lorourke", 2),
    ("Samir", "Nowak", "snowak", 2),
];

/// Group, its queue, the number that customers dial, and how its calls end.
const GROUPS: [(&str, &str, &str, [&str; 3]); 3] = [
    ("Service", "Service line", "+15550000100", ["Resolved", "Callback agreed", "Passed on"]),
    ("Sales", "Sales line", "+15550000200", ["Sold", "Offer sent", "No interest"]),
    ("Billing", "Billing line", "+15550000300", ["Paid", "Disputed", "Resolved"]),
];

/// A day of a contact centre, in no vendor's format. The same number gives the same day on every machine.
///
/// ```
/// use connector_core::testing::Scenario;
///
/// let scenario = Scenario::small(7);
/// assert_eq!((scenario.calls.len(), scenario.agents.len()), (12, 12));
/// assert_eq!(scenario, Scenario::small(7));
///
/// let call = &scenario.calls[0];
/// let first = &call.legs()[0];
/// let agent = &scenario.agents[first.agent];
/// assert!(agent.email.reveal().ends_with("@example.com"));
/// assert!(call.started <= first.answered && first.answered < call.ended());
/// assert_eq!(&call.audio.wav()[..4], b"RIFF");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Scenario {
    /// The number that all of it is made from.
    pub seed: u64,
    /// Whose contact centre it is.
    pub company: String,
    /// When the day starts.
    pub starts: DateTime<Utc>,
    /// The people who take calls.
    pub agents: Vec<ScenarioAgent>,
    /// The groups they belong to.
    pub groups: Vec<ScenarioGroup>,
    /// The calls, by their start.
    pub calls: Vec<ScenarioCall>,
}

/// A person who takes calls.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ScenarioAgent {
    /// Id, in the form of a UUID.
    pub id: String,
    /// What the person logs in with.
    pub login: Login,
    /// Given name and family name. Some have letters beyond ASCII.
    pub name: PersonName,
    /// An address at example.com.
    pub email: EmailAddress,
    /// Name of the group.
    pub group: String,
}

/// A group of agents.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ScenarioGroup {
    /// Id, in the form of a UUID.
    pub id: String,
    /// Its name.
    pub name: String,
}

/// A call and what became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ScenarioCall {
    /// Id, in the form of a UUID.
    pub id: String,
    /// Inbound or outbound.
    pub direction: Direction,
    /// The customer's number. Some customers call twice.
    pub customer: PhoneNumber,
    /// The centre's number.
    pub centre: PhoneNumber,
    /// The queue it came through, or whose number was shown.
    pub queue: String,
    /// How the last agent classified it.
    pub disposition: String,
    /// When it started to ring, in whole milliseconds.
    pub started: DateTime<Utc>,
    /// What happened, in order. It ends with the end of the call and the work after it.
    pub timeline: Vec<Moment>,
    /// Whether it was recorded.
    pub recorded: bool,
    /// How it sounds, from the first answer to the end; also where nobody recorded it.
    pub audio: Clip,
}

impl Scenario {
    /// A dozen calls, with a bit of everything.
    pub fn small(seed: u64) -> Self {
        Self::day(12, seed)
    }

    /// So many calls, spread over ten hours. About a fifth have a hold, a tenth a transfer, a twelfth no recording.
    ///
    /// Nobody has two calls at a time unless there are more calls than a dozen people can take: some thousands.
    pub fn day(calls: usize, seed: u64) -> Self {
        let mut rng = Rng::with_seed(seed);
        let groups = GROUPS.map(|(name, ..)| ScenarioGroup { id: id(&mut rng), name: name.to_owned() }).to_vec();
        let agents = PEOPLE.iter().map(|person| agent(&mut rng, person)).collect();
        let starts = DateTime::UNIX_EPOCH + TimeDelta::seconds(STARTS);
        let calls = Centre::new(starts, calls as u64, rng).calls();
        Self { seed, company: "Example Corp".to_owned(), starts, agents, groups, calls }
    }

    /// The first recorded call with so many legs, by its index.
    pub fn recorded_call(&self, legs: usize) -> Option<usize> {
        self.calls.iter().position(|call| call.recorded && call.legs().len() == legs)
    }

    /// When everything of the day is past: an hour after its last call or after ten hours, whichever is later.
    pub fn evening(&self) -> DateTime<Utc> {
        let last = self.calls.iter().map(ScenarioCall::ended).max().unwrap_or(self.starts);
        last.max(self.starts + TimeDelta::hours(10)) + TimeDelta::hours(1)
    }

    /// SHA-256 of the WAV files of all recorded calls, in lower-case hex.
    pub fn recording_hashes(&self) -> BTreeSet<String> {
        self.calls.iter().filter(|call| call.recorded).map(|call| call.audio.sha256()).collect()
    }
}

impl ScenarioCall {
    /// When somebody hung up.
    pub fn ended(&self) -> DateTime<Utc> {
        let end = self.timeline.iter().rfind(|moment| matches!(moment.what, Happening::End { .. }));
        self.started + end.map(|moment| moment.at).unwrap_or_default()
    }

    /// When the work after it was done.
    pub fn done(&self) -> DateTime<Utc> {
        let ends = self.timeline.iter().map(|moment| match moment.what {
            Happening::WrapUp(work) => moment.at + work,
            _ => moment.at,
        });
        self.started + ends.max().unwrap_or_default()
    }

    /// The parts that agents had in it, in order.
    pub fn legs(&self) -> Vec<ScenarioLeg> {
        timeline::legs(self.started, &self.timeline)
    }
}

fn agent(rng: &mut Rng, (given, family, login, group): &(&str, &str, &str, usize)) -> ScenarioAgent {
    ScenarioAgent {
        id: id(rng),
        login: Login::new(*login),
        name: PersonName::new(format!("{given} {family}")),
        email: EmailAddress::new(format!("{login}@example.com")),
        group: GROUPS[*group].0.to_owned(),
    }
}

/// An id in the form of a random UUID.
fn id(rng: &mut Rng) -> String {
    let (a, b) = (rng.u64(..), rng.u64(..));
    let (version, variant) = (a & 0xFFF, (b >> 48) & 0x3FFF | 0x8000);
    format!("{:08x}-{:04x}-4{version:03x}-{variant:04x}-{:012x}", a >> 32, (a >> 16) & 0xFFFF, b & 0xFFFF_FFFF_FFFF)
}

/// The centre at work: who is free, and what comes next.
struct Centre {
    rng: Rng,
    starts: DateTime<Utc>,
    /// How many calls there are, and how many milliseconds lie between two.
    calls: u64,
    step: u64,
    /// Until when each agent is busy, in milliseconds of the day.
    busy: [u64; PEOPLE.len()],
    /// Which calls have a hold, a transfer, no recording: every so many, from here on.
    offsets: [u64; 3],
}

impl Centre {
    fn new(starts: DateTime<Utc>, calls: u64, mut rng: Rng) -> Self {
        let offsets = [5, 10, 12].map(|every| rng.u64(0..every));
        Self { rng, starts, calls, step: DAY / calls.max(1), busy: [0; PEOPLE.len()], offsets }
    }

    fn calls(mut self) -> Vec<ScenarioCall> {
        (0..self.calls).map(|index| self.call(index)).collect()
    }

    fn call(&mut self, index: u64) -> ScenarioCall {
        let [holds, transfers, unrecorded] = self.offsets;
        let from = self.step.max(2) * index + self.rng.u64(0..(self.step / 2).max(1));
        let direction = if self.rng.u32(0..3) == 0 { Direction::Outbound } else { Direction::Inbound };
        let agent = self.free(from, None);
        let passed_on_to = (index % 10 == transfers).then(|| self.free(from, Some(agent)));
        let plot = Plot { direction, agent, has_hold: index % 5 == holds, passed_on_to };
        let timeline = plot.timeline(&mut self.rng);
        self.occupy(&plot, from, &timeline);
        let (_, queue, centre, dispositions) = GROUPS[PEOPLE[agent].3];
        let customers = self.calls / 2 + 6;
        ScenarioCall {
            id: id(&mut self.rng),
            direction,
            customer: PhoneNumber::new(format!("+1555{:07}", 100_000 + self.rng.u64(0..customers) % 900_000)),
            centre: centre.into(),
            queue: queue.to_owned(),
            disposition: dispositions[self.rng.u32(0..3) as usize].to_owned(),
            started: self.starts + Duration::from_millis(from),
            recorded: index % 12 != unrecorded,
            audio: self.clip(&timeline),
            timeline,
        }
    }

    /// Somebody who is free, or else whoever will be free first.
    fn free(&mut self, from: u64, but: Option<usize>) -> usize {
        let others = (0..PEOPLE.len()).filter(|agent| Some(*agent) != but);
        let free: Vec<usize> = others.clone().filter(|agent| self.busy[*agent] < from).collect();
        match free.len() as u32 {
            0 => others.min_by_key(|agent| self.busy[*agent]).unwrap_or_default(),
            len => free[self.rng.u32(0..len) as usize],
        }
    }

    fn occupy(&mut self, plot: &Plot, from: u64, timeline: &[Moment]) {
        let work = timeline.iter().map(|moment| match moment.what {
            Happening::WrapUp(work) => moment.at + work,
            _ => moment.at,
        });
        let until = from + work.max().unwrap_or_default().as_millis() as u64;
        [Some(plot.agent), plot.passed_on_to].into_iter().flatten().for_each(|agent| self.busy[agent] = until);
    }

    fn clip(&mut self, timeline: &[Moment]) -> Clip {
        let first = |wanted: fn(&Happening) -> bool| timeline.iter().find(|moment| wanted(&moment.what));
        let answer = first(|what| matches!(what, Happening::Answer(_))).map(|moment| moment.at).unwrap_or_default();
        let end = first(|what| matches!(what, Happening::End { .. })).map(|moment| moment.at).unwrap_or_default();
        let (seed, length) = (self.rng.u64(..), end - answer);
        if self.rng.u32(0..3) == 0 { Clip::mono(seed, length) } else { Clip::stereo(seed, length) }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;
    use sha2::{Digest, Sha256};

    use super::*;
    use crate::wav::Header;

    fn with_hold(day: &Scenario) -> usize {
        day.calls.iter().filter(|call| call.legs().iter().any(|leg| !leg.holds.is_empty())).count()
    }

    fn with_transfer(day: &Scenario) -> usize {
        day.calls.iter().filter(|call| call.legs().len() == 2).count()
    }

    #[test]
    fn a_day_never_changes() {
        let day = Scenario::day(100, 1);
        assert_eq!(day.starts.to_rfc3339(), "2026-10-19T08:00:00+00:00");
        let mut text = String::new();
        for call in &day.calls {
            let (customer, started) = (call.customer.reveal(), call.started.timestamp_millis());
            text += &format!("{} {customer} {} {started} {:?}\n", call.id, call.disposition, call.timeline);
            text += &format!("{} {} {:?}\n", call.queue, call.recorded, call.audio);
        }
        assert_eq!(
            hex::encode(Sha256::digest(text)),
            "88a79602147e823ef7c3a60a74ddb799125258bb3fae5b970f12bddd30472cbe"
        );
    }

    #[test]
    fn a_small_day_has_a_bit_of_everything() {
        for seed in 0..200 {
            let small = Scenario::small(seed);
            assert!(with_hold(&small) >= 2 && with_transfer(&small) >= 1, "{seed}");
            assert_eq!(small.calls.iter().filter(|call| call.recorded).count(), 11, "{seed}");
        }
    }

    #[test]
    fn every_recorded_call_has_a_recording_of_its_own() {
        let day = Scenario::day(60, 3);
        assert_eq!(day.recording_hashes().len(), 55);
        for call in &day.calls {
            let header = Header::parse(&call.audio.wav(), Some(call.audio.len())).unwrap();
            let talk = (call.ended() - call.legs()[0].answered).to_std().unwrap();
            assert_eq!(header.duration(), Some(talk));
        }
    }

    #[test]
    fn nobody_has_two_calls_at_a_time() {
        let day = Scenario::day(5_000, 5);
        let mut busy = BTreeMap::new();
        let mut legs: Vec<ScenarioLeg> = day.calls.iter().flat_map(ScenarioCall::legs).collect();
        legs.sort_by_key(|leg| leg.started);
        for leg in legs {
            let before = busy.insert(leg.agent, leg.ended);
            assert!(before.is_none_or(|ended| ended < leg.started), "{leg:?}");
        }
        assert_eq!(busy.len(), 12);
    }

    #[test]
    fn a_debug_text_shows_nobody() {
        let text = format!("{:?}", Scenario::small(1));
        assert!(!text.contains("Verne") && !text.contains("nverne") && !text.contains("+1555"), "{text}");
    }

    #[test]
    fn days_of_any_size_are_days() {
        assert!(Scenario::day(0, 1).calls.is_empty());
        assert_eq!(Scenario::day(1, 1).calls.len(), 1);
        let crowded = Scenario::day(50_000, 1);
        assert!(crowded.calls.windows(2).all(|pair| pair[0].started < pair[1].started));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn the_same_number_gives_the_same_day_and_its_calls_are_in_order(seed: u64, calls in 0usize..300) {
            let day = Scenario::day(calls, seed);
            prop_assert_eq!(&day, &Scenario::day(calls, seed));
            prop_assert!(day.calls.windows(2).all(|pair| pair[0].started < pair[1].started));
            let ids: BTreeSet<&str> = day.calls.iter().map(|call| call.id.as_str()).collect();
            prop_assert_eq!(ids.len(), calls);
            for call in &day.calls {
                prop_assert_eq!(call.id.len(), 36);
                prop_assert!(call.customer.reveal().starts_with("+15550") && call.customer.reveal().len() == 12);
                prop_assert!((5..=60).contains(&(call.ended() - call.started).num_seconds()));
                prop_assert!(call.started >= day.starts && call.ended() <= day.starts + TimeDelta::hours(11));
                prop_assert!(call.legs().iter().all(|leg| leg.agent < day.agents.len() && leg.ended <= call.ended()));
                let agents: Vec<usize> = call.legs().iter().map(|leg| leg.agent).collect();
                prop_assert!(agents.windows(2).all(|pair| pair[0] != pair[1]));
            }
            prop_assert!(with_hold(&day).abs_diff(calls / 5) <= 1);
            prop_assert!(with_transfer(&day).abs_diff(calls / 10) <= 1);
        }
    }
}
