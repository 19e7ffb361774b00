//! The history in bulk: a job is submitted, watched, and its results are read from a store that lags behind.

use chrono::{DateTime, Utc};
use connector_core::testing::http::Answer;
use serde_json::{Value, json};

use super::analytics::{conversation, interval, wanted};
use super::ask::{Ask, instant, refused, with_bad};
use super::live::attributes;
use super::org::{Org, id};
use super::state::State;

const JOB: u32 = 0x10b0_0000;

/// How many rows a page of results has that asks for no number of them. Not documented.
const USUAL_ROWS: usize = 1_000;

/// A job.
pub(super) struct Job {
    rows: Vec<Value>,
    /// Up to when the store knew everything.
    available: DateTime<Utc>,
    submitted: DateTime<Utc>,
    /// How often its state was asked for.
    asks: usize,
    fails: bool,
    is_cancelled: bool,
}

impl Job {
    fn state(&self, asks: usize) -> &'static str {
        match () {
            () if self.is_cancelled => "CANCELLED",
            () if self.asks <= asks && self.asks <= 1 => "QUEUED",
            () if self.asks <= asks => "PENDING",
            () if self.fails => "FAILED",
            () => "FULFILLED",
        }
    }
}

/// Every conversation with something going on in the interval, as far as the store knows it to its end.
pub(super) fn submit(ask: &Ask<'_>, org: &Org, state: &mut State) -> Answer {
    let Ok(query) = serde_json::from_slice::<Value>(ask.request.body()) else {
        return refused(400, "bad.request", "The request could not be understood");
    };
    let Some((from, to)) = query["interval"].as_str().and_then(interval).filter(|(from, to)| from <= to) else {
        return refused(400, "invalid.date", "interval is missing or no interval");
    };
    let (submitted, available) = (state.now(org), available(org, state));
    let goes_on = |call: &usize| {
        let told = &org.scenario.calls[*call];
        told.started < to && from <= told.ended() && org.done(*call) <= available
    };
    let calls = (0..org.scenario.calls.len().min(state.calls)).filter(goes_on).collect();
    let Some(calls) = wanted(&query, calls, org, state, submitted) else {
        return refused(400, "bad.request", "A filter is not known");
    };
    let limit = query["limit"].as_u64().map_or(usize::MAX, |limit| usize::try_from(limit).unwrap_or(usize::MAX));
    let rows = calls.into_iter().take(limit).filter_map(|call| with_attributes(call, org, state, submitted));
    let rows = with_bad(rows.collect(), &state.settings);
    let fails = state.settings.failing_jobs > 0;
    state.settings.failing_jobs -= usize::from(fails);
    state.jobs.push(Job { rows, available, submitted, asks: 0, fails, is_cancelled: false });
    Answer::json(&json!({ "jobId": id(JOB, state.jobs.len()) })).with_status(202)
}

/// How it stands with a job: 202 while it goes on.
pub(super) fn job(ask: &Ask<'_>, org: &Org, state: &mut State) -> Answer {
    let (now, asks) = (state.now(org), state.settings.job_asks);
    let Some(job) = found(ask, state) else { return unknown() };
    job.asks += 1;
    let is = job.state(asks);
    let mut row = json!({ "state": is, "submissionDate": instant(job.submitted) });
    if is == "FAILED" {
        row["errorMessage"] = json!("the job failed");
    }
    if !matches!(is, "QUEUED" | "PENDING") {
        row["completionDate"] = json!(instant(now));
        return Answer::json(&row);
    }
    Answer::json(&row).with_status(202)
}

/// A page of results, after a cursor. What it answers before the job is done is not documented.
pub(super) fn results(ask: &Ask<'_>, state: &mut State) -> Answer {
    let asks = state.settings.job_asks;
    let Some(job) = found(ask, state) else { return unknown() };
    if job.state(asks) != "FULFILLED" {
        return refused(400, "bad.request", "The job has no results");
    }
    let number = |name: &str| ask.get(name).map(|text| text.trim_start_matches("row-").parse::<usize>());
    let (Ok(size), Ok(from)) = (number("pageSize").unwrap_or(Ok(USUAL_ROWS)), number("cursor").unwrap_or(Ok(0))) else {
        return refused(400, "invalid.value", "pageSize or cursor is out of range");
    };
    let next = from.saturating_add(size.max(1));
    let rows: Vec<&Value> = job.rows.iter().skip(from).take(size.max(1)).collect();
    let mut body = json!({ "conversations": rows, "dataAvailabilityDate": instant(job.available) });
    if next < job.rows.len() {
        body["cursor"] = json!(format!("row-{next}"));
    }
    Answer::json(&body)
}

/// Up to when the store knows everything.
pub(super) fn availability(org: &Org, state: &State) -> Answer {
    Answer::json(&json!({ "dataAvailabilityDate": instant(available(org, state)) }))
}

/// Cancels a job. What it answers is not documented.
pub(super) fn cancel(ask: &Ask<'_>, state: &mut State) -> Answer {
    let Some(job) = found(ask, state) else { return unknown() };
    job.is_cancelled = true;
    Answer::new(204)
}

fn available(org: &Org, state: &State) -> DateTime<Utc> {
    state.now(org) - state.settings.jobs_lag
}

fn found<'a>(ask: &Ask<'_>, state: &'a mut State) -> Option<&'a mut Job> {
    let place = (0..state.jobs.len()).find(|place| id(JOB, place + 1) == ask.id())?;
    state.jobs.get_mut(place)
}

fn unknown() -> Answer {
    refused(404, "not.found", "The requested job was not found")
}

/// The same conversation as elsewhere in the history, where participants have attributes, too.
fn with_attributes(call: usize, org: &Org, state: &State, now: DateTime<Utc>) -> Option<Value> {
    let mut row = conversation(call, org, state, now)?;
    for part in row["participants"].as_array_mut().into_iter().flatten() {
        let is_customer = part["userId"].is_null() && part["purpose"] != "acd";
        part["attributes"] = attributes(call, is_customer);
    }
    Some(row)
}
