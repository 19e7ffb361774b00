//! A contact centre of its own, from which states of calls are taken, and what really happened in them.

use std::collections::BTreeSet;

use super::*;

/// What may be done in a call. Numbers choose among whoever can do it.
#[derive(Clone, Copy, Debug)]
pub(super) enum Deed {
    /// It is offered to the agent with this number; the odd ones are not ours.
    Offer(u8),
    /// Whoever it rings at takes it.
    Answer,
    /// Whoever it rings at lets it ring out.
    Decline,
    Hold(u8),
    Resume(u8),
    Mute(u8),
    Pause(u8),
    /// Somebody leaves, by a transfer or not; the others go on.
    Leave(u8, bool),
}

/// One call as it really is.
pub(super) struct Model {
    snapshot: Snapshot,
    second: i64,
    /// What has happened, without mutes and pauses.
    pub(super) truth: BTreeSet<String>,
    /// What the vendor would send.
    pub(super) states: Vec<Snapshot>,
}

impl Model {
    pub(super) fn new(number: usize) -> Self {
        let conversation = format!("c-{number}");
        let snapshot = Snapshot { conversation, parties: vec![customer(Phase::Connected)] };
        Self { snapshot, second: 0, truth: BTreeSet::new(), states: Vec::new() }
    }

    /// Plays a whole call: these deeds, and then everybody leaves and wraps up.
    pub(super) fn play(number: usize, deeds: &[Deed]) -> Self {
        let mut model = Self::new(number);
        deeds.iter().for_each(|deed| model.does(*deed));
        let agents = model.snapshot.parties.len();
        (1..agents).for_each(|index| model.leave(index, false));
        model.snapshot.parties[0] = Party { ended: Some(at(model.second)), ..customer(Phase::Over) };
        model.state();
        (1..agents).for_each(|index| model.wrap_up(index));
        if model.truth.iter().any(|key| key.ends_with(":answered")) {
            model.truth.insert(format!("{}:ended", model.snapshot.conversation));
        }
        model
    }

    fn does(&mut self, deed: Deed) {
        match deed {
            Deed::Offer(who) => self.offer(who),
            Deed::Answer => self.each(Phase::Ringing, 0, |party, now| {
                (party.phase, party.answered) = (Phase::Connected, Some(now));
                Some("answered".to_owned())
            }),
            Deed::Decline => self.each(Phase::Ringing, 0, |party, now| {
                (party.phase, party.ended, party.has_passed_on) = (Phase::Over, Some(now), true);
                None
            }),
            Deed::Hold(which) => self.each(Phase::Connected, which, |party, now| {
                let is_new = party.is_holding == Some(false);
                if is_new {
                    (party.is_holding, party.holding_since) = (Some(true), Some(now));
                }
                is_new.then(|| format!("held:{}", now.timestamp_millis()))
            }),
            Deed::Resume(which) => self.each(Phase::Connected, which, |party, _| {
                party.is_holding = Some(false);
                Some(format!("resumed:{}", party.holding_since.take()?.timestamp_millis()))
            }),
            Deed::Mute(which) => self.each(Phase::Connected, which, |party, _| {
                party.is_muted = party.is_muted.map(|is_muted| !is_muted);
                None
            }),
            Deed::Pause(which) => self.each(Phase::Connected, which, |party, _| {
                party.is_paused = party.is_paused.map(|is_paused| !is_paused);
                None
            }),
            Deed::Leave(which, by_transfer) => {
                let there: Vec<usize> = self.in_phase(Phase::Connected);
                if let Some(index) = there.get(usize::from(which) % there.len().max(1)) {
                    self.leave(*index, by_transfer);
                }
            }
        }
    }

    fn in_phase(&self, phase: Phase) -> Vec<usize> {
        let agents = self.snapshot.parties.iter().enumerate().skip(1);
        agents.filter(|(_, party)| party.phase == phase).map(|(index, _)| index).collect()
    }

    /// One of those in this phase does something, which is told if it is one of ours.
    fn each(&mut self, phase: Phase, which: u8, deed: impl Fn(&mut Party, DateTime<Utc>) -> Option<String>) {
        self.second += 1;
        let there = self.in_phase(phase);
        let Some(index) = there.get(usize::from(which) % there.len().max(1)) else { return };
        let party = &mut self.snapshot.parties[*index];
        let happened = deed(party, at(self.second));
        let (id, is_ours) = (party.id.clone(), ours(&party.agent));
        if is_ours && let Some(what) = happened {
            self.truth.insert(format!("{}:{id}:{what}", self.snapshot.conversation));
        }
        self.state();
    }

    fn offer(&mut self, who: u8) {
        self.second += 1;
        let name = format!("{}{who}", if who.is_multiple_of(2) { "a" } else { "x" });
        let party = agent(&name, self.snapshot.parties.len() as u32, Phase::Ringing);
        let party = Party { started: Some(at(self.second)), ..party };
        if ours(&party.agent) {
            self.truth.insert(format!("{}:{}:ringing", self.snapshot.conversation, party.id));
        }
        self.snapshot.parties.push(party);
        self.state();
    }

    fn leave(&mut self, index: usize, by_transfer: bool) {
        self.second += 1;
        let party = &mut self.snapshot.parties[index];
        if party.is_over() {
            return;
        }
        (party.phase, party.ended, party.has_passed_on) = (Phase::Over, Some(at(self.second)), by_transfer);
        if party.is_answered() && ours(&party.agent) {
            let id = party.id.clone();
            let kinds = by_transfer.then_some("transferred").into_iter().chain(["leg_ended"]);
            self.truth.extend(kinds.map(|kind| format!("{}:{id}:{kind}", self.snapshot.conversation)));
        }
        self.state();
    }

    fn wrap_up(&mut self, index: usize) {
        self.second += 1;
        let party = &mut self.snapshot.parties[index];
        if party.is_answered() {
            party.wrap_up = Some(WrapUp { at: Some(at(self.second)) });
            if ours(&party.agent) {
                self.truth.insert(format!("{}:{}:wrap_up_ended", self.snapshot.conversation, party.id));
            }
            self.state();
        }
    }

    fn state(&mut self) {
        self.states.push(self.snapshot.clone());
    }
}
