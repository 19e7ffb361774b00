//! What the vendor's documentation says of the exchange, which plays a day. It shares no type with the connector.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};

use async_trait::async_trait;
use connector_core::testing::conformance::{BadRows, ExpectedCall, Fake, Plan};
use connector_core::testing::{Fault, ScenarioCall};
use connector_core::{Connector, Result};
use serde_json::{Value, json};

use crate::Bell;

/// Clones are the same exchange.
#[derive(Clone, Debug)]
pub(crate) struct Exchange {
    plan: Plan,
    over: Arc<AtomicUsize>,
    is_erased: Arc<AtomicBool>,
}

impl Exchange {
    pub(crate) fn new(plan: &Plan) -> Self {
        Self { plan: plan.clone(), over: Arc::default(), is_erased: Arc::default() }
    }

    /// The rows of a list, but for the first so many.
    pub(crate) fn lines(&self, list: &str, after: usize) -> Vec<String> {
        let (day, over) = (&self.plan.scenario, self.over.load(Relaxed));
        let call = |call: &ScenarioCall| {
            let people = Vec::from_iter(call.legs().iter().map(|leg| &day.agents[leg.agent].login));
            json!({"number": call.id, "ended": call.ended(), "people": people, "taped": call.recorded})
        };
        let mut rows: Vec<Value> = match list {
            "people" => day.agents.iter().map(|agent| json!([agent.login, agent.group])).collect(),
            "groups" => day.groups.iter().map(|group| json!(group.name)).collect(),
            _ => day.calls[..over].iter().map(call).collect(),
        };
        let bad_rows = if over == day.calls.len() { self.plan.bad_rows } else { 0 };
        rows.extend(std::iter::repeat_n(Value::Null, bad_rows));
        rows.iter().skip(after).map(Value::to_string).collect()
    }

    /// How long a tape is, and what is on it from a byte on.
    pub(crate) fn tape(&self, number: &str, from: usize) -> Option<(u64, Vec<u8>)> {
        let call = self.plan.scenario.calls.iter().find(|call| call.id == number && !self.is_erased.load(Relaxed))?;
        let wav = call.audio.wav();
        let end = if self.plan.faults.fire(Fault::CutDownload) { from.midpoint(wav.len()) } else { wav.len() };
        Some((wav.len() as u64, wav[from..end].to_vec()))
    }
}

#[async_trait]
impl Fake for Exchange {
    async fn connect(&self) -> Result<Connector> {
        Ok(Bell::new(self.clone()).connector())
    }

    async fn play(&self, calls: usize) -> Result<()> {
        self.over.store(calls, Relaxed);
        Ok(())
    }

    fn expected(&self) -> Vec<ExpectedCall> {
        ExpectedCall::all(&self.plan.scenario)
    }

    fn rejected(&self) -> BadRows {
        BadRows::each(self.plan.bad_rows)
    }

    async fn delete_recordings(&self) -> Result<()> {
        self.is_erased.store(true, Relaxed);
        Ok(())
    }
}
