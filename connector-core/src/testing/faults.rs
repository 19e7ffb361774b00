//! What is to go wrong, and what did.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use fastrand::Rng;

macro_rules! faults {
    (
        any: { $($(#[$doc:meta])* $fault:ident, $plan:ident, $words:literal;)* }
        api: { $($(#[$api_doc:meta])* $api_fault:ident, $api_plan:ident, $api_words:literal;)* }
        socket: { $($(#[$socket_doc:meta])* $socket_fault:ident, $socket_plan:ident, $socket_words:literal;)* }
    ) => {
        /// Something that goes wrong between a contact centre and its connector.
        ///
        /// `Display` is plain words: "lost events".
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[non_exhaustive]
        pub enum Fault {
            $($(#[$doc])* $fault,)*
            $($(#[$api_doc])* $api_fault,)*
            $($(#[$socket_doc])* $socket_fault,)*
        }

        impl Fault {
            /// All that a source of any kind can meet. A chosen plan is made of these.
            pub const ALL: &[Self] = &[$(Self::$fault),*];

            /// Those that only an API can have, on top of [`ALL`](Self::ALL).
            pub const OF_APIS: &[Self] = &[$(Self::$api_fault),*];

            /// Those that only an API with sockets can have, on top of [`OF_APIS`](Self::OF_APIS).
            pub const OF_SOCKETS: &[Self] = &[$(Self::$socket_fault),*];

            fn words(self) -> &'static str {
                match self {
                    $(Self::$fault => $words,)*
                    $(Self::$api_fault => $api_words,)*
                    $(Self::$socket_fault => $socket_words,)*
                }
            }
        }

        impl FaultPlan {
            $(
                #[doc = concat!("The same plan, with so many [`", stringify!($fault), "`](Fault::", stringify!($fault), ").")]
                pub fn $plan(self, count: usize) -> Self {
                    self.with(Fault::$fault, count)
                }
            )*
            $(
                #[doc = concat!("The same plan, with so many [`", stringify!($api_fault), "`](Fault::", stringify!($api_fault), ").")]
                pub fn $api_plan(self, count: usize) -> Self {
                    self.with(Fault::$api_fault, count)
                }
            )*
            $(
                #[doc = concat!("The same plan, with so many [`", stringify!($socket_fault), "`](Fault::", stringify!($socket_fault), ").")]
                pub fn $socket_plan(self, count: usize) -> Self {
                    self.with(Fault::$socket_fault, count)
                }
            )*
        }
    };
}

faults! {
    any: {
        /// An event, or the file that tells of a call, never arrives.
        LostEvent, lose_events, "lost events";
        /// A download breaks off halfway.
        CutDownload, cut_downloads, "cut downloads";
        /// The same thing is delivered again.
        Duplicate, repeat_deliveries, "repeated deliveries";
        /// What happened later arrives earlier.
        Reordered, reorder_events, "events out of order";
        /// A file shows before it is written to its end.
        HalfWritten, half_write_files, "half-written files";
        /// The connector's process ends and starts again.
        Restart, restart, "a restart";
    }
    api: {
        /// A request is answered with "too many".
        Throttled, throttle, "throttled requests";
        /// A recording that will be there is not there yet.
        NotReady, delay_recordings, "recordings that are not ready";
        /// A token that was good is refused.
        Unauthorized, refuse_tokens, "refused tokens";
        /// A link to a recording does not work any more.
        ExpiredLink, expire_links, "expired links";
    }
    socket: {
        /// A socket breaks off.
        CutSocket, cut_sockets, "cut sockets";
        /// A socket is said to close soon, and then does.
        ClosingSocket, close_sockets, "sockets that close";
        /// A socket says nothing any more, and stays open.
        SilentSocket, silence_sockets, "silent sockets";
        /// A token is void, and a socket says so.
        RevokedToken, revoke_tokens, "revoked tokens";
        /// Another program takes the place of a subscription.
        Evicted, evict, "evicted subscriptions";
    }
}

/// How many kinds there are.
const KINDS: usize = Fault::ALL.len() + Fault::OF_APIS.len() + Fault::OF_SOCKETS.len();

impl Fault {
    fn kinds() -> impl Iterator<Item = &'static Self> {
        Self::ALL.iter().chain(Self::OF_APIS).chain(Self::OF_SOCKETS)
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.words())
    }
}

/// Which faults are to be injected, how many of each, and which of them were.
///
/// Whoever can inject a fault asks [`fire`](Self::fire) at every opportunity. A clone is the same plan. A test ends by
/// asking for [`unfired`](Self::unfired): a fault that never happened proves nothing.
///
/// ```
/// use connector_core::testing::{Fault, FaultPlan};
///
/// let plan = FaultPlan::none().lose_events(1).restart(1);
/// assert_eq!(plan.to_string(), "lost events, a restart");
/// assert!(plan.fire(Fault::LostEvent)); // the first event is lost,
/// assert!(!plan.fire(Fault::LostEvent)); // the second one is not
/// assert!(!plan.fire(Fault::Duplicate));
/// assert_eq!(plan.unfired(), [(Fault::Restart, 1)]);
/// ```
#[derive(Clone, Debug)]
pub struct FaultPlan(Arc<Mutex<[Tally; KINDS]>>);

/// How it stands with one kind of fault.
#[derive(Clone, Copy, Debug)]
struct Tally {
    planned: usize,
    fired: usize,
    opportunities: usize,
    /// Every so many opportunities one is taken.
    every: usize,
}

impl FaultPlan {
    /// Nothing goes wrong.
    pub fn none() -> Self {
        let tally = Tally { planned: 0, fired: 0, opportunities: 0, every: 1 };
        Self(Arc::new(Mutex::new([tally; KINDS])))
    }

    /// About half of the kinds of [`Fault::ALL`], at least one. The same number gives the same plan. A dozen calls give enough
    /// opportunities for all of it.
    pub fn some(seed: u64) -> Self {
        let mut rng = Rng::with_seed(seed);
        let certain = rng.u32(0..Fault::ALL.len() as u32) as usize;
        let chosen = Fault::ALL.iter().enumerate().filter(|(index, _)| rng.bool() || *index == certain);
        let chosen: Vec<Fault> = chosen.map(|(_, fault)| *fault).collect();
        Self::spread(chosen, rng)
    }

    /// Every kind of [`Fault::ALL`]. The same number gives the same plan. A dozen calls give enough opportunities for all of it.
    pub fn all(seed: u64) -> Self {
        Self::of(Fault::ALL, seed)
    }

    /// Each of these kinds, up to three times. The same number gives the same plan. A dozen opportunities for each are enough
    /// for all of it.
    pub fn of(kinds: &[Fault], seed: u64) -> Self {
        Self::spread(kinds.to_vec(), Rng::with_seed(seed))
    }

    fn spread(faults: Vec<Fault>, mut rng: Rng) -> Self {
        faults.into_iter().fold(Self::none(), |plan, fault| {
            let count = if fault == Fault::Restart { 1 } else { rng.u32(1..=3) };
            plan.with(fault, count as usize).every(fault, rng.u32(1..=4) as usize)
        })
    }

    /// The same plan, with so many faults of a kind.
    pub fn with(self, fault: Fault, count: usize) -> Self {
        self.tally(fault, |tally| tally.planned = count);
        self
    }

    /// The same plan, with the faults of a kind spread out: only every so many opportunities one is taken.
    pub fn every(self, fault: Fault, opportunities: usize) -> Self {
        self.tally(fault, |tally| tally.every = opportunities.max(1));
        self
    }

    /// To be asked at every opportunity for a fault of this kind: whether it is to happen now. `true` counts as fired.
    pub fn fire(&self, fault: Fault) -> bool {
        self.tally(fault, |tally| {
            tally.opportunities += 1;
            let now = tally.fired < tally.planned && tally.opportunities % tally.every == 0;
            tally.fired += usize::from(now);
            now
        })
    }

    /// How many faults of this kind are to happen in all.
    pub fn planned(&self, fault: Fault) -> usize {
        self.tally(fault, |tally| tally.planned)
    }

    /// How many faults of this kind have happened.
    pub fn fired(&self, fault: Fault) -> usize {
        self.tally(fault, |tally| tally.fired)
    }

    /// The kinds of which some are still to happen, and how many.
    pub fn unfired(&self) -> Vec<(Fault, usize)> {
        let left = |fault: &Fault| self.tally(*fault, |tally| tally.planned.saturating_sub(tally.fired));
        Fault::kinds().map(|fault| (*fault, left(fault))).filter(|(_, left)| *left > 0).collect()
    }

    fn tally<T>(&self, fault: Fault, ask: impl FnOnce(&mut Tally) -> T) -> T {
        ask(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner)[fault as usize])
    }
}

impl Default for FaultPlan {
    fn default() -> Self {
        Self::none()
    }
}

/// The kinds that are planned: "lost events, a restart", or "none".
impl fmt::Display for FaultPlan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let planned = Fault::kinds().filter(|fault| self.planned(**fault) > 0);
        match planned.map(|fault| fault.words()).collect::<Vec<_>>() {
            none if none.is_empty() => f.write_str("none"),
            kinds => f.write_str(&kinds.join(", ")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_happens_as_often_as_planned_and_on_its_turn() {
        let plan = FaultPlan::none().lose_events(2).every(Fault::LostEvent, 3);
        let taken: Vec<usize> = (1..=12).filter(|_| plan.fire(Fault::LostEvent)).collect();
        assert_eq!(taken, [3, 6]);
        assert_eq!((plan.planned(Fault::LostEvent), plan.fired(Fault::LostEvent)), (2, 2));
        assert!(plan.unfired().is_empty());
    }

    #[test]
    fn a_clone_is_the_same_plan() {
        let plan = FaultPlan::none().cut_downloads(1);
        let same = plan.clone();
        assert!(plan.fire(Fault::CutDownload));
        assert!(!same.fire(Fault::CutDownload));
        assert_eq!(same.fired(Fault::CutDownload), 1);
    }

    #[test]
    fn threads_share_the_faults_without_taking_one_twice() {
        let plan = FaultPlan::none().repeat_deliveries(1_000);
        let taken: usize = std::thread::scope(|scope| {
            let take = || (0..1_000).filter(|_| plan.fire(Fault::Duplicate)).count();
            let threads: Vec<_> = (0..4).map(|_| scope.spawn(take)).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).sum()
        });
        assert_eq!((taken, plan.fired(Fault::Duplicate)), (1_000, 1_000));
    }

    #[test]
    fn a_chosen_plan_is_the_same_again_and_fires_within_a_dozen_calls() {
        for seed in 0..100 {
            for (plan, again) in
                [(FaultPlan::some(seed), FaultPlan::some(seed)), (FaultPlan::all(seed), FaultPlan::all(seed))]
            {
                assert_ne!(plan.to_string(), "none");
                assert_eq!(plan.unfired(), again.unfired());
                for _ in 0..12 {
                    Fault::ALL.iter().for_each(|fault| {
                        plan.fire(*fault);
                    });
                }
                assert!(plan.unfired().is_empty(), "{seed}: {:?}", plan.unfired());
            }
            assert_eq!(FaultPlan::all(seed).unfired().len(), Fault::ALL.len());
        }
        let plans: std::collections::BTreeSet<_> = (0..100).map(|seed| FaultPlan::some(seed).to_string()).collect();
        assert!(plans.len() > 20, "{plans:?}");
    }

    #[test]
    fn faults_of_apis_are_planned_by_name_alone() {
        let plan = FaultPlan::none().throttle(1).expire_links(2);
        assert_eq!(plan.unfired(), [(Fault::Throttled, 1), (Fault::ExpiredLink, 2)]);
        assert!(plan.fire(Fault::Throttled) && !plan.fire(Fault::NotReady));
        assert_eq!(plan.to_string(), "throttled requests, expired links");
        let elsewhere = || Fault::OF_APIS.iter().chain(Fault::OF_SOCKETS);
        assert!(elsewhere().all(|fault| FaultPlan::all(1).planned(*fault) == 0));
        let plan = elsewhere().fold(FaultPlan::none(), |plan, fault| plan.with(*fault, 1));
        assert_eq!(plan.unfired().len(), Fault::OF_APIS.len() + Fault::OF_SOCKETS.len());
    }

    #[test]
    fn a_plan_is_told_in_plain_words() {
        assert_eq!(FaultPlan::default().to_string(), "none");
        let all = "lost events, cut downloads, repeated deliveries, events out of order, half-written files, a restart";
        assert_eq!(FaultPlan::all(1).to_string(), all);
    }
}
