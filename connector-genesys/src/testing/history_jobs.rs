//! The history in bulk: a job is submitted, watched, and its results are read from a store that lags behind.

use chrono::{DateTime, Utc};
use connector_core::testing::ScenarioCall;
use connector_core::testing::http::Answer;
use serde_json::{Value, json};

use super::analytics::{conversation, interval, wanted};
use super::ask::{Ask, instant, refused, with_bad};
use super::day::Day;
use super::live::attributes;
use super::org::id;

const JOB: u32 = 0x10b0_0000;

/// How many rows a page of results has that asks for no number of them. Not documented.
const USUAL_ROWS: usize = 1_000;

/// The jobs so far, in the order of their ids.
#[derive(Default)]
pub(super) struct Jobs(Vec<Job>);

/// A job.
struct Job {
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
pub(super) fn submit(ask: &Ask<'_>, day: &mut Day, jobs: &mut Jobs) -> Answer {
    let Some(query) = ask.json::<Value>() else {
        return refused(400, "bad.request", "The request could not be understood");
    };
    let Some((from, to)) = query["interval"].as_str().and_then(interval).filter(|(from, to)| from <= to) else {
        return refused(400, "invalid.date", "interval is missing or no interval");
    };
    let (submitted, available) = (day.now(), available(day));
    let goes_on =
        |(_, told): &(usize, &ScenarioCall)| told.started < to && from <= told.ended() && told.done() <= available;
    let calls = day.calls().filter(goes_on).map(|(call, _)| call).collect();
    let Some(calls) = wanted(&query, calls, day, submitted) else {
        return refused(400, "bad.request", "A filter is not known");
    };
    let limit = query["limit"].as_u64().map_or(usize::MAX, |limit| usize::try_from(limit).unwrap_or(usize::MAX));
    let rows = calls.into_iter().take(limit).filter_map(|call| with_attributes(call, day, submitted));
    let rows = with_bad(rows.collect(), &day.settings);
    let fails = day.settings.failing_jobs > 0;
    day.settings.failing_jobs -= usize::from(fails);
    jobs.0.push(Job { rows, available, submitted, asks: 0, fails, is_cancelled: false });
    Answer::json(&json!({ "jobId": id(JOB, jobs.0.len()) })).with_status(202)
}

/// How it stands with a job: 202 while it goes on.
pub(super) fn job(ask: &Ask<'_>, day: &Day, jobs: &mut Jobs) -> Answer {
    let (now, asks) = (day.now(), day.settings.job_asks);
    let Some(job) = found(ask, jobs) else { return unknown() };
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
pub(super) fn results(ask: &Ask<'_>, day: &Day, jobs: &mut Jobs) -> Answer {
    let asks = day.settings.job_asks;
    let Some(job) = found(ask, jobs) else { return unknown() };
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
pub(super) fn availability(day: &Day) -> Answer {
    Answer::json(&json!({ "dataAvailabilityDate": instant(available(day)) }))
}

/// Cancels a job. What it answers is not documented.
pub(super) fn cancel(ask: &Ask<'_>, jobs: &mut Jobs) -> Answer {
    let Some(job) = found(ask, jobs) else { return unknown() };
    job.is_cancelled = true;
    Answer::new(204)
}

fn available(day: &Day) -> DateTime<Utc> {
    day.now() - day.settings.jobs_lag
}

fn found<'a>(ask: &Ask<'_>, jobs: &'a mut Jobs) -> Option<&'a mut Job> {
    let mut numbered = jobs.0.iter_mut().enumerate();
    numbered.find(|(place, _)| id(JOB, place + 1) == ask.id()).map(|(_, job)| job)
}

fn unknown() -> Answer {
    refused(404, "not.found", "The requested job was not found")
}

/// The same conversation as elsewhere in the history, where participants have attributes, too.
fn with_attributes(call: usize, day: &Day, now: DateTime<Utc>) -> Option<Value> {
    let mut row = conversation(call, day, now)?;
    for part in row["participants"].as_array_mut().into_iter().flatten() {
        let is_customer = part["userId"].is_null() && part["purpose"] != "acd";
        part["attributes"] = attributes(call, is_customer);
    }
    Some(row)
}
