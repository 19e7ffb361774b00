//! Everything that changes while a fake is asked.

use std::sync::Arc;

use connector_core::testing::FaultPlan;
use url::Url;

use super::batches::Batches;
use super::channels::Channels;
use super::day::Day;
use super::endpoint::Asked;
use super::history_jobs::Jobs;
use super::login::Login;
use super::org::Org;
use super::recordings::Recordings;
use super::telling::Told;

pub(super) struct State {
    pub(super) day: Day,
    /// Whether somebody plays the day, and it only goes on then.
    pub(super) is_played: bool,
    /// How far the calls are told.
    pub(super) told: Told,
    pub(super) login: Login,
    pub(super) channels: Channels,
    pub(super) recordings: Recordings,
    pub(super) batches: Batches,
    pub(super) jobs: Jobs,
    pub(super) asked: Vec<Asked>,
}

impl State {
    /// With the store of recordings and the sockets at these addresses.
    pub(super) fn new(org: Arc<Org>, media: Url, streaming: Url) -> Self {
        Self {
            day: Day::new(org),
            is_played: false,
            told: Told::default(),
            login: Login::default(),
            channels: Channels::new(streaming),
            recordings: Recordings::new(media),
            batches: Batches::default(),
            jobs: Jobs::default(),
            asked: Vec::new(),
        }
    }

    /// Tells everything that has happened by now.
    pub(super) fn catch_up(&mut self, faults: &FaultPlan) {
        self.told.catch_up(&mut self.day, &mut self.channels, &mut self.login.tokens, faults);
    }

    /// Lets go of the channels whose life or whose token is over.
    pub(super) fn prune_channels(&mut self) {
        self.channels.prune(&self.login.tokens, &self.day.settings);
    }
}
