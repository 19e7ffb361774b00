//! An example of each contract: one call of an invented centre, and what the program says of it.

use std::time::Duration;

use chrono::{DateTime, Utc};
use connector_core::reconcile::{Period, ReconcileMode, ReconcileReport};
use connector_core::{
    AgentRef, Conversation, ConversationRef, Detail, Direction, Expected, HistoryLimits, Hold, Leg, Locator, Named,
    Origin, PhoneNumber, Recording, Revision, Speaker, Stamp, Vendor,
};
use ingestion_pipeline::{
    CallRow, DeadLetterRow, EventRow, ImportReport, Media, PeopleFile, PersonRow, Report, SessionState, SourceState,
    StoredCall, StoredRecording, SyncReport,
};
use serde::Serialize;
use serde_json::Value;

use crate::agents::SyncedSource;
use crate::analysis::Finished;
use crate::check::{CheckedJob, CheckedSource};
use crate::comparing::Compared;
use crate::run::{RunReport, SourceReport};
use crate::setup::{EventUrl, SetupSource};
use crate::show::{Shown, ShownSession};

fn value(example: &impl Serialize) -> Value {
    serde_json::to_value(example).expect("an example can be written as JSON")
}

fn at(time: &str) -> DateTime<Utc> {
    format!("2026-10-19T{time}Z").parse().expect("an example's time is a time")
}

fn stamp(time: &str) -> Stamp {
    Stamp::vendor(at(time))
}

fn origin() -> Origin {
    Origin::new("acme", "genesys-us")
}

fn leg(id: &str, login: &str, [started, answered, ended]: [&str; 3]) -> Leg {
    let mut leg = Leg::new(id);
    leg.agent = Some(AgentRef::default().with_login(login));
    leg.revision = Some(Revision::new(at("14:09:12"), "8a5edab2"));
    (leg.started, leg.answered, leg.ended) = (Some(stamp(started)), Some(stamp(answered)), Some(stamp(ended)));
    leg
}

fn document() -> Conversation {
    let mut call = Conversation::new(ConversationRef::new("6f0c2a41").with_around(at("14:02:53")), Vendor::GENESYS);
    (call.direction, call.detail, call.expected) = (Direction::Inbound, Detail::Full, Expected::Count(1));
    call.customer = Some(PhoneNumber::new("+12025550142"));
    (call.started, call.ended) = (Some(stamp("14:02:53")), Some(stamp("14:09:11")));
    let mut first = leg("1", "nadia.verne@example.com", ["14:02:53", "14:03:01", "14:06:30"]);
    first.queue = Some(Named::by_name("Support"));
    first.holds.push(Hold { started: stamp("14:05:11"), ended: Some(stamp("14:05:42")) });
    first.totals.hold = Some(Duration::from_secs(31));
    let mut second = leg("2", "o.klee@example.com", ["14:06:30", "14:06:30", "14:09:11"]);
    (second.previous, second.end_reason) = (Some("1".to_owned()), Some("customer".to_owned()));
    second.dispositions.push(Named::by_name("Resolved"));
    call.legs = vec![first, second];
    call.attributes.insert("order".to_owned(), "A-1017".to_owned());
    call
}

fn stored_call() -> StoredCall {
    let document = document();
    let mut recording = Recording::new("1", document.this.clone(), Locator::new("6f0c2a41/1"));
    recording.channels = Some(vec![Speaker::Customer, Speaker::Agent]);
    recording.media_type = Some("audio/wav".to_owned());
    recording.length = Some(Duration::from_millis(370_500));
    let prefix = StoredCall::prefix_of(&origin(), &document, at("14:09:12"));
    let stored = StoredRecording {
        object: StoredCall::object_of(&prefix, &recording),
        recording,
        sha256: "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08".to_owned(),
        size: 5_928_044,
        stored: at("14:12:39"),
        resumed: 0,
    };
    StoredCall {
        origin: origin(),
        version: 1,
        document,
        recordings: vec![stored],
        media: Media::Complete,
        prefix,
        first_seen: at("14:09:12"),
        stored: at("14:12:40"),
        updated: at("14:12:40"),
    }
}

pub(super) fn message() -> Value {
    value(&stored_call().message())
}

pub(super) fn conversation() -> Value {
    value(&document())
}

pub(super) fn call() -> Value {
    value(&CallRow {
        tenant: "acme".to_owned(),
        source: "genesys-us".to_owned(),
        vendor: "genesys".to_owned(),
        conversation: "6f0c2a41".to_owned(),
        version: 1,
        direction: "inbound".to_owned(),
        started: Some("2026-10-19T14:02:53.000Z".to_owned()),
        ended: Some("2026-10-19T14:09:11.000Z".to_owned()),
        duration_s: Some(378.0),
        agents: "nadia.verne@example.com, o.klee@example.com".to_owned(),
        media: "complete".to_owned(),
        recordings: 1,
        stored: "2026-10-19T14:12:40.000Z".to_owned(),
        updated: "2026-10-19T14:12:40.000Z".to_owned(),
    })
}

pub(super) fn shown() -> Value {
    let call = stored_call();
    let session = ShownSession {
        session: "e160e428".to_owned(),
        state: SessionState::Matched,
        began: at("14:02:53"),
        length_s: 378.0,
        lost_s: 0.0,
        whole: true,
        recordings: vec!["live-e160e428-1".to_owned()],
    };
    value(&Shown {
        tenant: call.origin.tenant.to_string(),
        source: call.origin.source.to_string(),
        version: call.version,
        media: call.media,
        metadata: call.document,
        recordings: call.recordings,
        sessions: vec![session],
        events: vec![EventRow { kind: "ended".to_owned(), at: at("14:09:11"), received: at("14:09:12") }],
        stored: call.stored,
        updated: call.updated,
        published: vec![at("14:12:40")],
    })
}

pub(super) fn finished() -> Value {
    value(&Finished { key: stored_call().message().key, done: true })
}

pub(super) fn dead_letter() -> Value {
    value(&DeadLetterRow {
        id: 17,
        tenant: "acme".to_owned(),
        source: "dialer".to_owned(),
        conversation: None,
        what: "a metadata file".to_owned(),
        reason: "sidecar_unreadable".to_owned(),
        place: Some("line 3".to_owned()),
        detail: "the element is never closed".to_owned(),
        received: "2026-10-19T14:12:40.000Z".to_owned(),
        settled: Some("2026-10-19T14:12:41.000Z".to_owned()),
    })
}

pub(super) fn setup_source() -> Value {
    let url = "https://hooks.example.com/hooks/5f0c3f9c2d1b4a7e8890a1b2c3d4e5f6/ended";
    value(&SetupSource {
        tenant: "acme".to_owned(),
        source: "five9-us".to_owned(),
        kind: "five9".to_owned(),
        urls: vec![EventUrl { what: "call ended".to_owned(), url: url.to_owned() }],
        note: None,
    })
}

#[cfg(feature = "genesys")]
pub(super) fn audiohook_key() -> Value {
    value(&crate::setup::AudioHookKey {
        api_key: "5f0c3f9c2d1b4a7e8890a1b2c3d4e5f65f0c3f9c".to_owned(),
        client_secret: "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=".to_owned(),
    })
}

pub(super) fn checked_source() -> Value {
    let job = |job: &str| CheckedJob { job: job.to_owned(), state: "ok".to_owned(), what: None, advice: None };
    let forbidden = CheckedJob {
        state: "forbidden".to_owned(),
        what: Some("Genesys misses the permission recording:recording:view.".to_owned()),
        advice: Some("Give it to a role of the OAuth client.".to_owned()),
        ..job("recordings")
    };
    value(&CheckedSource {
        tenant: "acme".to_owned(),
        source: "genesys-us".to_owned(),
        ok: false,
        jobs: vec![job("agents"), job("events"), job("history"), forbidden],
    })
}

pub(super) fn person() -> Value {
    value(&PersonRow {
        tenant: "acme".to_owned(),
        person: "E-1017".to_owned(),
        name: Some("Nadia Verne".into()),
        analyse: true,
        source: Some("genesys-us".to_owned()),
        id: Some("c2a4".to_owned()),
        login: Some("nadia.verne".into()),
        email: Some("nadia.verne@example.com".into()),
        groups: Some("Support, Renewals".to_owned()),
        state: Some("active".to_owned()),
        until: None,
        came: Some("sync".to_owned()),
    })
}

pub(super) fn imported() -> Value {
    let text = "tenant,person,source,login\nacme,E-1018,dilaer,o.klee\n";
    let file = PeopleFile::read(text.as_bytes(), &[Origin::new("acme", "dialer")]).expect("its header is right");
    let mut report = ImportReport::default();
    (report.rows, report.added, report.started) = (12, 2, 3);
    report.troubles = file.troubles().to_vec();
    value(&report)
}

pub(super) fn run() -> Value {
    let since = "2026-10-19T14:02:53Z".parse().expect("a time");
    let next_try = "2026-10-19T14:03:53Z".parse().expect("a time");
    let lost = SourceState::Reconnecting { why: "the folder itself cannot be opened".to_owned(), since };
    let failing = SourceState::Failing { why: "unauthorized: the password was changed".to_owned(), since, next_try };
    let sources = [("dialer", SourceState::Live), ("share", lost), ("genesys-us", failing)]
        .map(|(source, state)| SourceReport::new(&Origin::new("acme", source), &state));
    let mut report = Report::default();
    (report.events, report.stored, report.recordings, report.bytes) = (12, 12, 12, 4_632_720);
    value(&RunReport { report, sources: sources.into() })
}

pub(super) fn compared() -> Value {
    let [from, to] =
        ["2026-10-18T00:00:00Z", "2026-10-19T00:00:00Z"].map(|time| time.parse::<DateTime<Utc>>().expect("a time"));
    let period = Period::new(from, to, &HistoryLimits::lagging(Duration::ZERO), to);
    let mut report = ReconcileReport::new(ReconcileMode::Backfill, &period);
    (report.reached, report.compared, report.detected, report.recovered) = (to, 812, 2, 2);
    let (tenant, source) = ("acme".to_owned(), "dialer".to_owned());
    value(&Compared { tenant, source, resumed: false, report: Some(report), error: None })
}

pub(super) fn synced() -> Value {
    let mut report = SyncReport::default();
    (report.listed, report.added, report.deactivated) = (48, 1, 1);
    report.unclear.push("c2a4 may be 17, 18".to_owned());
    value(&SyncedSource {
        tenant: "acme".to_owned(),
        source: "genesys-us".to_owned(),
        report: Some(report),
        error: None,
    })
}

#[cfg(feature = "demo")]
pub(super) fn script() -> Value {
    use crate::demo::{Line, ScriptLeg, ScriptLive, ScriptRecording};
    value(&Line {
        tenant: "example".to_owned(),
        source: "genesys-us".to_owned(),
        vendor: "genesys".to_owned(),
        conversation: "6f0c2a41".to_owned(),
        legs: vec![ScriptLeg {
            id: "1".to_owned(),
            agent: "nadia.verne".to_owned(),
            started: at("14:02:53"),
            ended: at("14:09:11"),
        }],
        recordings: vec![ScriptRecording {
            sha256: Some("9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08".to_owned()),
            size: Some(5_928_044),
        }],
        live: vec![ScriptLive { session: "3b9c6a10".to_owned(), matched: true }],
    })
}

#[cfg(feature = "demo")]
pub(super) fn served() -> Value {
    let pairs = |pairs: &[(&str, &str)]| pairs.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
    value(&crate::fake::Served {
        vendor: "universal".to_owned(),
        urls: pairs(&[("drop", "file:///srv/drop")]),
        credentials: pairs(&[]),
        settings: pairs(&[("kind", "universal"), ("path", "/srv/drop"), ("time_zone", "Europe/Berlin")]),
        calls: vec!["20261019-100000_nadia.verne".to_owned()],
    })
}

pub(super) fn seen_to() -> Value {
    value(&crate::dead_letters::SeenTo::not(17, "it is no call that was given up: have it sent again, mended"))
}

#[cfg(feature = "demo")]
pub(super) fn demo() -> Value {
    use crate::demo::{Count, DemoReport};
    let count = Count { calls: 60, stored: 60, events_lost: 2, recovered: 2, recordings: 60, ..Count::default() };
    value(&DemoReport { total: count.clone(), vendors: [("universal".to_owned(), count)].into() })
}
