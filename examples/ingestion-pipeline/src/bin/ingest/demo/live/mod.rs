//! Calls of Genesys Cloud whose sound is heard while they go on.
//!
//! They last some seconds and happen in real time, unlike those of [`GenesysDay`](super::genesys::GenesysDay): their legs
//! and their sound must be on one clock, that of the pipeline.

mod plan;
mod speaking;

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use connector_core::inbound::{Hub, HubOptions};
use connector_core::testing::FaultPlan;
use connector_core::{Clock, Connector, Context, Secret};
use connector_genesys::testing::Fake;
use connector_genesys::{AudioKey, AudioOptions, Genesys};
use futures_util::future::try_join_all;
use ingestion_pipeline::SqliteStore;
use tokio::time::sleep;

use self::plan::{LiveCall, plan};
use self::speaking::{KEY, LOOK, ROUTE, speak};
use super::genesys::line;
use super::part::{Part, Sound, ids_of};
use super::script::{Line, ScriptLive, ScriptRecording};

/// How long after a recording was not ready it is asked for again.
const WAIT: Duration = Duration::from_millis(300);

/// So many of these calls of a vendor have live sound: a third, one of each kind at most, and never the only one.
pub(super) fn live_share(calls: usize) -> usize {
    calls.div_ceil(3).min(plan::KINDS).min(calls.saturating_sub(1))
}

/// A fake of Genesys Cloud on ports of this machine, and whoever sends sound of its calls.
pub(super) struct LiveDay {
    fake: Fake,
    calls: Vec<LiveCall>,
    stage: Mutex<Stage>,
}

/// What sound is sent to, and what became of it.
#[derive(Default)]
struct Stage {
    /// Whether no pipeline is killed any more: what it would cut off nobody can foretell.
    is_settled: bool,
    /// Where the pipeline takes sound, and its clock.
    door: Option<(Hub, Clock)>,
    /// When sessions really went on, in samples of their calls.
    heard: BTreeMap<String, Range<u64>>,
}

impl LiveDay {
    /// Opens the ports. The calls come after that time.
    pub(super) async fn prepare(calls: usize, seed: u64, starts: DateTime<Utc>) -> anyhow::Result<Self> {
        let (scenario, calls) = plan(calls, seed, starts);
        let fake = Fake::start(&scenario, FaultPlan::none()).await?;
        fake.at(starts);
        Ok(Self { fake, calls, stage: Mutex::default() })
    }

    fn stage(&self) -> MutexGuard<'_, Stage> {
        self.stage.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The door of the pipeline that is not killed any more.
    fn door(&self) -> Option<(Hub, Clock)> {
        let stage = self.stage();
        stage.door.clone().filter(|_| stage.is_settled)
    }

    /// The call with its sessions.
    fn with_sessions(&self, mut line: Line) -> Line {
        for call in self.calls.iter().filter(|call| call.conversation == line.conversation) {
            for session in &call.sessions {
                let parts = call.parts(&session.time).count();
                line.live.push(ScriptLive { session: session.id.clone(), matched: parts > 0 });
                line.recordings.extend(vec![ScriptRecording { sha256: None, size: None }; parts]);
            }
        }
        line
    }
}

#[async_trait]
impl Part for LiveDay {
    fn vendor(&self) -> &'static str {
        "genesys"
    }

    fn source(&self) -> &'static str {
        "genesys-live"
    }

    fn script(&self) -> Vec<Line> {
        self.fake.expected().into_iter().map(|call| self.with_sessions(line(self, &self.fake, call))).collect()
    }

    fn connector(&self, _: &SqliteStore, cx: &Context) -> anyhow::Result<Connector> {
        let (hub, clock) = (Hub::new(HubOptions::default()), cx.clock());
        let mut stage = self.stage();
        if stage.is_settled {
            self.fake.follow(clock);
        } else {
            self.fake.keep_to(clock);
        }
        stage.door = Some((hub.clone(), clock));
        let key = AudioKey::new(Secret::literal(KEY.0), Secret::literal(KEY.1));
        let config = self.fake.config().with_recording_waits([WAIT]);
        let config = config.with_audio(AudioOptions::new(key).with_route(ROUTE));
        Ok(Genesys::new(config, &cx.clone().with_inbound(&hub))?.connector())
    }

    fn archive(&self, _: &SqliteStore, cx: &Context) -> anyhow::Result<Connector> {
        Ok(Genesys::new(self.fake.config(), cx)?.connector())
    }

    fn settle(&self) {
        self.stage().is_settled = true;
    }

    async fn play(&self) -> anyhow::Result<()> {
        let (hub, clock) = loop {
            match self.door() {
                Some(door) => break door,
                None => sleep(LOOK).await,
            }
        };
        let sessions = self.calls.iter().flat_map(|call| call.sessions.iter().map(move |session| (call, session)));
        let speaking = sessions.map(|(call, session)| async {
            let heard = speak(&hub, clock, call, session).await?;
            self.stage().heard.insert(session.id.clone(), heard);
            anyhow::Ok(())
        });
        try_join_all(speaking).await?;
        while !(0..self.calls.len()).flat_map(|call| self.fake.instants(call)).all(|at| at < clock.now()) {
            sleep(LOOK).await;
        }
        Ok(())
    }

    fn lost(&self) -> BTreeSet<String> {
        ids_of(&self.fake.unheard(), self.fake.expected())
    }

    fn faults(&self) -> &FaultPlan {
        self.fake.faults()
    }

    fn sound(&self, conversation: &str) -> Option<Sound> {
        let call = self.calls.iter().find(|call| call.conversation == conversation)?;
        let stage = self.stage();
        let sent = |session: &plan::Session| Some((session.id.clone(), stage.heard.get(&session.id)?.clone()));
        let sessions = call.sessions.iter().filter_map(sent).collect();
        Some(Sound { bytes: call.sound.clone(), started: call.started, agents: call.agents.clone(), sessions })
    }

    fn is_live(&self) -> bool {
        true
    }
}
