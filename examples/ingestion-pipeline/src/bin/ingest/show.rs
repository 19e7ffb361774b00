//! `ingest show`: one call from ring to analysis queue.

use std::time::Duration;

use anyhow::bail;
use chrono::{DateTime, TimeDelta, Utc};
use clap::Args;
use connector_core::{Conversation, Direction, Hold, Leg, Named, Origin, Speaker, Zone};
use ingestion_pipeline::{EventRow, Media, StoredCall, StoredRecording, WorkStore};
use serde::Serialize;

use crate::output::{Places, length, print_json, size};

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
    /// What was heard of it, in that order.
    pub(crate) events: Vec<EventRow>,
    /// When it was stored first.
    pub(crate) stored: DateTime<Utc>,
    /// When this version was stored.
    pub(crate) updated: DateTime<Utc>,
    /// When each version was handed to the analysis queue.
    pub(crate) published: Vec<DateTime<Utc>>,
}

/// Everything that is known of a call.
#[derive(Debug)]
struct Story {
    call: StoredCall,
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
        let story = Story { call, events, published };
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
