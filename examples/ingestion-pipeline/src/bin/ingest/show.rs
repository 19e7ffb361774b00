//! `ingest show`: one call from ring to analysis queue.

use std::time::Duration;

use anyhow::bail;
use chrono::{DateTime, TimeDelta, Utc};
use clap::Args;
use connector_core::{Conversation, Direction, Hold, Leg, Named, Origin, Speaker, Zone};
use ingestion_pipeline::{
    EventRow, LiveStore, Media, SessionRow, SessionState, StoredCall, StoredRecording, WorkStore,
};
use serde::Serialize;

use crate::output::{length, print_json, size};
use crate::places::Places;

#[derive(Debug, Args)]
pub(crate) struct Show {
    /// The call: TENANT/SOURCE/ID, where the id may be cut short (with or without …) as long as only one call fits.
    call: String,
    /// The time zone of what is shown.
    #[arg(long, default_value = "UTC")]
    zone: Zone,
}

/// A call with all that is known of it: the object that `ingest show --json` prints.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub(crate) struct Shown {
    /// Whose call it is.
    pub(crate) tenant: String,
    /// The source it came from.
    pub(crate) source: String,
    /// The call's version, counted from 1.
    pub(crate) version: u32,
    /// Whether its recordings are all there.
    pub(crate) media: Media,
    /// Its metadata document.
    pub(crate) metadata: Conversation,
    /// Its recordings.
    pub(crate) recordings: Vec<StoredRecording>,
    /// The sessions in which its sound was heard while it went on.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) sessions: Vec<ShownSession>,
    /// What was heard of it, in that order.
    pub(crate) events: Vec<EventRow>,
    /// When it was stored first.
    pub(crate) stored: DateTime<Utc>,
    /// When this version was stored.
    pub(crate) updated: DateTime<Utc>,
    /// When each version was handed to the analysis queue.
    pub(crate) published: Vec<DateTime<Utc>>,
}

/// Sound of a call that was heard while it went on.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub(crate) struct ShownSession {
    /// Its id.
    pub(crate) session: String,
    /// How far it has come.
    pub(crate) state: SessionState,
    /// When it began.
    pub(crate) began: DateTime<Utc>,
    /// How long it is, in seconds.
    pub(crate) length_s: f64,
    /// How much of that nobody has, in seconds.
    pub(crate) lost_s: f64,
    /// Whether all of it is there, as far as the vendor says.
    pub(crate) whole: bool,
    /// The recordings that were made of it.
    pub(crate) recordings: Vec<String>,
}

impl From<&SessionRow> for ShownSession {
    fn from(row: &SessionRow) -> Self {
        Self {
            session: row.session.clone(),
            state: row.state,
            began: row.began,
            length_s: row.length().as_secs_f64(),
            lost_s: row.lost_length().as_secs_f64(),
            whole: row.whole,
            recordings: row.parts.iter().map(|part| part.recording.clone()).collect(),
        }
    }
}

/// Everything that is known of a call.
#[derive(Debug)]
struct Story {
    call: StoredCall,
    sessions: Vec<SessionRow>,
    events: Vec<EventRow>,
    published: Vec<DateTime<Utc>>,
}

impl Show {
    pub(crate) async fn carry_out(self, places: &Places, json: bool) -> anyhow::Result<bool> {
        let store = places.open().await?;
        let mut parts = self.call.splitn(3, '/');
        let (Some(tenant), Some(source), Some(id)) = (parts.next(), parts.next(), parts.next()) else {
            bail!("{:?} names no call: write TENANT/SOURCE/ID, as `ingest calls` shows it", self.call);
        };
        let found = store.find_call(tenant, source, id).await?;
        let conversation = match found.as_slice() {
            [one] => one,
            [] => bail!("no call of {tenant}/{source} has an id that begins with {id:?}"),
            several => bail!("{} calls fit, among them:\n  {}", several.len(), several.join("\n  ")),
        };
        let origin = Origin::new(tenant, source);
        let Some(call) = store.call(&origin, conversation).await? else { bail!("the call vanished") };
        let events = store.events_of(&origin, conversation).await?;
        let published = store.published_of(&origin, conversation).await?;
        let sessions = store.of_call(&origin, conversation).await?;
        let story = Story { call, sessions, events, published };
        if json {
            print_json(&story.to_json())?;
        } else {
            println!("{}", story.tell(&self.zone));
        }
        Ok(true)
    }
}

/// A line of the timeline: when, what, who, for how long, and a remark.
#[derive(Debug, PartialEq, Eq)]
struct Line {
    at: DateTime<Utc>,
    what: &'static str,
    who: String,
    length: String,
    remark: String,
}

impl Story {
    fn to_json(&self) -> Shown {
        Shown {
            tenant: self.call.origin.tenant.to_string(),
            source: self.call.origin.source.to_string(),
            version: self.call.version,
            media: self.call.media,
            metadata: self.call.document.clone(),
            recordings: self.call.recordings.clone(),
            sessions: self.sessions.iter().map(ShownSession::from).collect(),
            events: self.events.clone(),
            stored: self.call.stored,
            updated: self.call.updated,
            published: self.published.clone(),
        }
    }

    fn tell(&self, zone: &Zone) -> String {
        let mut text = vec![self.heading(zone)];
        let lines = timeline(&self.call.document.legs, self.call.document.ended.map(|stamp| stamp.at));
        let widest =
            |texts: &mut dyn Iterator<Item = &String>| texts.map(|text| text.chars().count()).max().unwrap_or(0);
        let who = widest(&mut lines.iter().map(|line| &line.who));
        // The last line has remarks in place of a length.
        let length = widest(&mut lines.iter().filter(|line| line.what != "ended").map(|line| &line.length));
        for line in &lines {
            let time = clock(zone, line.at);
            let Line { what, who: name, length: long, remark, .. } = line;
            text.push(format!("  {time}  {what:<5}  {name:<who$}    {long:<length$}  {remark}").trim_end().to_owned());
        }
        if !self.call.recordings.is_empty() {
            text.push("recordings".to_owned());
        }
        for (index, recording) in self.call.recordings.iter().enumerate() {
            text.push(format!("  {}  {}", index + 1, told_recording(recording, zone)));
        }
        if !self.sessions.is_empty() {
            text.push("heard while it went on".to_owned());
        }
        text.extend(self.sessions.iter().map(|session| format!("  {}", told_session(session, zone))));
        text.push(format!("how it came   {}", self.way(zone)));
        text.join("\n")
    }

    fn heading(&self, zone: &Zone) -> String {
        let call = &self.call.document;
        let mut parts = vec![call.direction.to_string()];
        let day = |at| zone.local(at).format("%a %-d %b %Y").to_string();
        parts.push(match (call.started.map(|s| s.at), call.ended.map(|s| s.at)) {
            (Some(from), Some(to)) => {
                let long = (to - from).to_std().map(length).unwrap_or_default();
                format!("{} {}–{} {zone} ({long})", day(from), clock(zone, from), clock(zone, to))
            }
            (Some(at), None) => format!("from {} {} {zone}", day(at), clock(zone, at)),
            (None, Some(at)) => format!("until {} {} {zone}", day(at), clock(zone, at)),
            (None, None) => "at an unknown time".to_owned(),
        });
        parts.extend(call.legs.iter().find_map(|leg| leg.queue.as_ref()).map(|queue| format!("queue {queue}")));
        let number = match call.direction {
            Direction::Outbound => call.customer.as_ref().or(call.dnis.as_ref()),
            _ => call.customer.as_ref().or(call.ani.as_ref()),
        };
        parts.extend(number.map(|number| number.masked()));
        parts.join(", ")
    }

    /// Which stations the call passed, and when.
    fn way(&self, zone: &Zone) -> String {
        let mut stations: Vec<(DateTime<Utc>, String)> = Vec::new();
        stations.extend(self.events.first().map(|event| (event.received, "event".to_owned())));
        stations.extend(
            self.call.recordings.iter().map(|stored| stored.stored).max().map(|at| (at, "recording".to_owned())),
        );
        stations.push((self.call.stored, "metadata".to_owned()));
        if self.call.version > 1 {
            stations.push((self.call.updated, format!("version {}", self.call.version)));
        }
        let versions = 1..;
        stations
            .extend(self.published.iter().zip(versions).map(|(at, n)| (*at, format!("analysis queue (version {n})"))));
        stations.sort_by_key(|(at, _)| *at);
        let told = stations.into_iter().map(|(at, what)| match what.split_once(" (") {
            Some((what, rest)) => format!("{what} {} ({rest}", clock(zone, at)),
            None => format!("{what} {}", clock(zone, at)),
        });
        told.collect::<Vec<_>>().join(" → ")
    }
}

fn clock(zone: &Zone, at: DateTime<Utc>) -> String {
    zone.local(at).format("%H:%M:%S").to_string()
}

/// What happened on each leg, line by line.
fn timeline(legs: &[Leg], ended: Option<DateTime<Utc>>) -> Vec<Line> {
    let mut lines = Vec::new();
    for (index, leg) in legs.iter().enumerate() {
        let is_last = index + 1 == legs.len();
        lines.extend(leg_lines(leg));
        if let Some(line) = lines.last_mut().filter(|_| !is_last) {
            line.remark = "transfer".to_owned();
        }
    }
    let last = legs.last();
    let end = last.and_then(|leg| leg.ended).map(|stamp| stamp.at).or(ended);
    if let (Some(at), Some(leg)) = (end, last) {
        let who = leg.end_reason.as_ref().map(|reason| format!("by {reason}")).unwrap_or_default();
        let mut remarks = Vec::new();
        remarks.extend(leg.totals.wrap_up.map(|wrap_up| format!("wrap-up {}", length(wrap_up))));
        let dispositions: Vec<String> = leg.dispositions.iter().map(Named::to_string).collect();
        if !dispositions.is_empty() {
            remarks.push(format!("disposition \"{}\"", dispositions.join("\", \"")));
        }
        lines.push(Line { at, what: "ended", who, length: remarks.join(", "), remark: String::new() });
    }
    lines
}

fn leg_lines(leg: &Leg) -> Vec<Line> {
    let who = leg.agent.as_ref().map(|agent| agent.reveal().to_owned()).unwrap_or_default();
    let line = |what, from: DateTime<Utc>, to: Option<DateTime<Utc>>| Line {
        at: from,
        what,
        who: who.clone(),
        length: to.and_then(|to| (to - from).to_std().ok()).map(length).unwrap_or_default(),
        remark: String::new(),
    };
    let mut lines = Vec::new();
    let Some(started) = leg.started.map(|stamp| stamp.at) else { return lines };
    let ended = leg.ended.map(|stamp| stamp.at);
    let mut talk_from = started;
    if let Some(answered) = leg.answered.map(|stamp| stamp.at).filter(|answered| *answered > started) {
        lines.push(line("ring", started, Some(answered)));
        talk_from = answered;
    }
    for Hold { started: hold, ended: resumed } in &leg.holds {
        lines.push(line("talk", talk_from, Some(hold.at)));
        lines.push(line("hold", hold.at, resumed.map(|stamp| stamp.at)));
        talk_from = resumed.map_or(hold.at, |stamp| stamp.at);
    }
    if ended.is_none_or(|ended| ended - talk_from > TimeDelta::zero()) {
        lines.push(line("talk", talk_from, ended));
    }
    lines
}

fn told_session(session: &SessionRow, zone: &Zone) -> String {
    let mut parts = vec![clock(zone, session.began), session.state.as_str().to_owned(), length(session.length())];
    parts.extend((session.lost > 0).then(|| format!("{} lost", length(session.lost_length()))));
    let is_over = session.state != SessionState::Open;
    parts.extend((is_over && !session.whole && session.lost == 0).then(|| "broken off".to_owned()));
    parts.push(format!("session {}", session.session));
    parts.join("  ")
}

fn told_recording(stored: &StoredRecording, zone: &Zone) -> String {
    let recording = &stored.recording;
    let mut what = vec![recording.kind.to_string()];
    if let Some(speakers) = &recording.channels {
        let names: Vec<String> = speakers.iter().map(Speaker::to_string).collect();
        let sound = if speakers.len() == 2 { "stereo" } else { "mono" };
        what.push(format!("{sound} ({})", names.join(", ")));
    }
    let mut parts = vec![what.join(", ")];
    parts.extend(recording.length.map(|long: Duration| length(long)));
    parts.push(size(stored.size));
    let resumed = match stored.resumed {
        0 => String::new(),
        1 => ", taken up again once".to_owned(),
        n => format!(", taken up again {n} times"),
    };
    parts.push(format!("stored {}{resumed}", clock(zone, stored.stored)));
    parts.join("  ")
}

#[cfg(test)]
mod tests;
