//! Whatever goes wrong and in whatever order: each moment in which somebody was not heard lies in a gap.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;

#[derive(Clone, Copy, Debug)]
enum Deed {
    /// So many seconds pass.
    Pass(u16),
    /// Something is heard on one of the sockets.
    Hear(u8),
    Cut(u8),
    /// A socket will be closed.
    Closing(u8),
    /// A channel is taken away.
    Void(u8),
    /// So many of the next answers are failures.
    Fail(u8),
    /// The topic of this one is wanted, or not any more.
    Turn(u8),
    /// The next delivery is refused.
    Refuse,
}

fn deeds() -> impl Strategy<Value = Vec<Deed>> {
    let deed = prop_oneof![
        6 => (0u16..200).prop_map(Deed::Pass),
        1 => (0u16..20_000).prop_map(Deed::Pass),
        4 => any::<u8>().prop_map(Deed::Hear),
        2 => any::<u8>().prop_map(Deed::Cut),
        1 => any::<u8>().prop_map(Deed::Closing),
        1 => any::<u8>().prop_map(Deed::Void),
        2 => (1u8..6).prop_map(Deed::Fail),
        2 => (0u8..7).prop_map(Deed::Turn),
        1 => Just(Deed::Refuse),
    ];
    prop::collection::vec(deed, 0..60)
}

/// A vendor that sometimes fails, and who was really heard.
struct Vendor {
    world: World,
    failures: u8,
    refuses: bool,
    /// Whether each channel has topics, and which: only what has an open socket as well is heard.
    deaf: BTreeMap<String, DateTime<Utc>>,
    /// Stretches in which somebody who was wanted was not heard.
    lost: Vec<(String, DateTime<Utc>, DateTime<Utc>)>,
}

impl Vendor {
    fn new() -> Self {
        let people = (0..4).map(|number| format!("a{number}"));
        let mut world = World::bounded(people, Bounds { topics: 2, channels: 5 });
        world.life = TimeDelta::hours(2);
        let deaf = world.people.agents.iter().map(|who| (id(who), at(-100))).collect();
        let mut vendor = Self { world, failures: 0, refuses: false, deaf, lost: Vec::new() };
        vendor.world.step(Input::Tick);
        vendor.obey();
        vendor
    }

    fn obey(&mut self) {
        while let Some(effect) = self.world.open.pop_front() {
            let fails = self.failures > 0
                && matches!(
                    effect,
                    Effect::Look | Effect::Create(_) | Effect::Connect { .. } | Effect::Subscribe { .. }
                );
            match effect {
                Effect::Deliver { number, .. } if std::mem::take(&mut self.refuses) => {
                    self.world.step(Input::Refused(number));
                }
                effect if fails => {
                    self.failures -= 1;
                    self.world.step(match effect {
                        Effect::Look => Input::Looked(Err(broken())),
                        Effect::Create(line) => Input::Created { line, made: Err(broken()) },
                        Effect::Connect { socket, .. } => Input::Closed { socket, why: broken() },
                        Effect::Subscribe { request, .. } => Input::Subscribed { request, told: Err(broken()) },
                        other => panic!("{other:?} does not fail"),
                    });
                }
                effect => self.world.answer(effect),
            }
            self.note();
        }
        self.note();
    }

    /// Who is heard now, and who was not until now.
    fn note(&mut self) {
        let now = self.world.now;
        let heard = |id: &str| {
            self.world.topics.iter().any(|(channel, agents)| {
                agents.iter().any(|agent| agent == id) && self.world.sockets.iter().any(|(_, of)| of == channel)
            })
        };
        let wanted: Vec<String> = self.world.people.agents.iter().map(id).collect();
        let deaf: Vec<&String> = wanted.iter().filter(|id| !heard(id)).collect();
        let before = std::mem::take(&mut self.deaf);
        for (id, since) in before {
            if deaf.contains(&&id) {
                self.deaf.insert(id, since);
            } else if since < now {
                self.lost.push((id, since, now));
            }
        }
        for id in deaf {
            self.deaf.entry(id.clone()).or_insert(now);
        }
    }

    fn does(&mut self, deed: Deed) {
        let socket = |which: u8, world: &World| {
            let open = world.sockets.len().max(1);
            world.sockets.get(usize::from(which) % open).cloned()
        };
        match deed {
            Deed::Pass(seconds) => self.pass(TimeDelta::seconds(seconds.into())),
            Deed::Hear(which) => self.says(socket(which, &self.world), Frame::Alive),
            Deed::Closing(which) => self.says(socket(which, &self.world), Frame::Closing),
            Deed::Void(which) => {
                let gone = socket(which, &self.world);
                if let Some((_, channel)) = &gone {
                    self.world.topics.retain(|(of, _)| of != channel);
                }
                self.note();
                self.says(gone, Frame::Void);
            }
            Deed::Cut(which) => {
                if let Some((socket, _)) = socket(which, &self.world) {
                    self.world.sockets.retain(|(open, _)| *open != socket);
                    self.note();
                    self.world.step(Input::Closed { socket, why: broken() });
                }
            }
            Deed::Fail(count) => self.failures += count,
            Deed::Refuse => self.refuses = true,
            Deed::Turn(who) => {
                let who = agent(&format!("a{who}"));
                let people = &mut self.world.people.agents;
                match people.iter().position(|known| *known == who) {
                    Some(place) => drop(people.remove(place)),
                    None => people.push(who),
                }
                self.note();
                self.world.step(Input::Changed);
            }
        }
        self.obey();
    }

    fn says(&mut self, socket: Option<(u64, Channel)>, frame: Frame) {
        if let Some((socket, _)) = socket {
            self.world.step(Input::Heard(vec![Heard { socket, at: self.world.now, frame }]));
        }
    }

    /// Time passes with a heartbeat now and then.
    fn calm(&mut self, time: TimeDelta) {
        for _ in 0..time.num_seconds() / 30 {
            for socket in self.world.sockets.clone() {
                self.says(Some(socket), Frame::Alive);
            }
            self.obey();
            self.pass(TimeDelta::seconds(30));
        }
    }

    fn pass(&mut self, time: TimeDelta) {
        let then = self.world.now + time;
        while let Some(due) = self.world.machine.due().filter(|due| *due <= then) {
            self.world.now = self.world.now.max(due);
            self.world.step(Input::Tick);
            self.obey();
        }
        self.world.now = then;
        self.note();
    }
}

fn id(who: &AgentRef) -> String {
    who.id.clone().expect("an id")
}

/// Whether a stretch lies in these gaps, one after the other.
fn covered(gaps: &[&Gap], from: DateTime<Utc>, to: DateTime<Utc>) -> bool {
    let reached =
        gaps.iter().fold(from, |reached, gap| if gap.from <= reached { reached.max(gap.to) } else { reached });
    reached >= to
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    #[test]
    fn every_lost_moment_lies_in_a_gap(deeds in deeds()) {
        let mut vendor = Vendor::new();
        for deed in deeds {
            vendor.does(deed);
            prop_assert!(vendor.world.failed.is_none(), "{:?}", vendor.world.failed);
            prop_assert!(vendor.world.sockets.len() <= 10);
        }
        (vendor.failures, vendor.refuses) = (0, false);
        // All is well again, within a few of the longest waits.
        vendor.calm(TimeDelta::minutes(5));
        prop_assert!(vendor.world.machine.is_live);
        prop_assert!(vendor.deaf.is_empty(), "{:?}", vendor.deaf);
        let mut gaps: Vec<&Gap> =
            vendor.world.items.iter().filter_map(|item| if let Item::Gap(gap) = item { Some(gap) } else { None }).collect();
        gaps.sort_by_key(|gap| gap.from);
        for (who, from, to) in &vendor.lost {
            prop_assert!(covered(&gaps, *from, *to), "{who} {} to {} in {:?}", seconds(*from), seconds(*to), vendor.world.gaps());
        }
        // And no gap is made up: who was heard all the time has none.
        prop_assert!(gaps.iter().all(|gap| gap.from <= gap.to));
    }
}
