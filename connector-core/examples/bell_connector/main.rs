//! A whole connector, for an invented telephone exchange: Bell has lists of its people, its groups and the calls that ended,
//! a row of JSON on each line, and it has tapes. `main` runs the suite that every connector has to pass, against a fake.

mod exchange;

use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use connector_core::testing::Fault;
use connector_core::testing::conformance::{run, subject};
use connector_core::*;
use futures_util::{StreamExt, stream};
use serde::{Deserialize, de::DeserializeOwned};

use exchange::Exchange;

/// The client, which has all the jobs.
#[derive(Clone, Debug)]
struct Bell {
    exchange: Exchange,
    cx: Context,
    seat: Seat,
}

/// A row of the list of calls.
#[derive(Deserialize)]
struct Call {
    number: String,
    ended: DateTime<Utc>,
    people: Vec<String>,
    taped: bool,
}

impl Bell {
    fn new(exchange: Exchange) -> Self {
        Self { exchange, cx: Context::default(), seat: Seat::default() }
    }

    fn connector(&self) -> Connector {
        Connector::new(&self.cx, Vendor::named("bell"))
            .with_directory(self.clone())
            .with_history(self.clone())
            .with_recordings(self.clone())
            .with_events(self.clone())
    }
}

/// What is made of the rows of a list. One that cannot be read costs itself.
fn page<T: DeserializeOwned, U>(lines: Vec<String>, make: impl Fn(T) -> Option<U>) -> Page<U> {
    let rows = lines.iter().map(|line| serde_json::from_str(line).ok());
    let (good, bad): (Vec<Option<T>>, Vec<_>) = rows.partition(Option::is_some);
    let mut page = Page::new(good.into_iter().flatten().filter_map(make).collect());
    page.rejected =
        bad.iter().map(|_| Rejected::new("a row", "unreadable", "it is no JSON, or not all of it")).collect();
    page
}

fn who(uid: &str) -> AgentRef {
    AgentRef::default().with_login(uid)
}

fn conversation(call: Call) -> Conversation {
    let this = ConversationRef::new(call.number);
    let mut conversation = Conversation::new(this.clone(), Vendor::named("bell"));
    (conversation.ended, conversation.detail) = (Some(Stamp::vendor(call.ended)), Detail::Full);
    conversation.legs = call.people.iter().map(|uid| Leg::new(uid).with_agent(who(uid))).collect();
    let tape = Recording::new("tape", this.clone(), Locator::new(this.id));
    conversation.recordings.extend(call.taped.then_some(tape));
    conversation
}

#[async_trait]
impl AgentDirectory for Bell {
    fn list_agents(&self, query: AgentQuery) -> Listing<Agent> {
        let is_meant = |group: &str| query.groups.is_empty() || query.groups.contains(&group.into());
        let agent = |uid: String, group| Agent::new(who(&uid)).with_group(group);
        let agent = |(uid, group): (_, String)| is_meant(&group).then(|| agent(uid, group));
        page(self.exchange.lines("people", 0), agent).into_listing()
    }

    fn list_groups(&self, _: GroupQuery) -> Listing<AgentGroup> {
        let group = |name: String| Some(AgentGroup::new(&name, GroupKind::Group, &name));
        page(self.exchange.lines("groups", 0), group).into_listing()
    }

    async fn find_agent(&self, who: &AgentRef, _: LookupOptions) -> Result<Option<Agent>> {
        find_among(self.list_agents(AgentQuery::all()), who).await
    }

    async fn check(&self) -> JobCheck {
        JobCheck::Ok
    }
}

#[async_trait]
impl ConversationHistory for Bell {
    fn limits(&self) -> HistoryLimits {
        HistoryLimits::lagging(Duration::ZERO)
    }

    fn ended(&self, query: HistoryQuery) -> Listing<Conversation> {
        let is_in = |call: &Call| (query.from..query.to).contains(&call.ended);
        page(self.exchange.lines("calls", 0), |call| is_in(&call).then(|| conversation(call))).into_listing()
    }

    async fn conversation(&self, of: &ConversationRef, _: LookupOptions) -> Result<Lookup<Conversation>> {
        let calls = self.exchange.lines("calls", 0);
        let mut found = page(calls, |call: Call| (call.number == of.id).then(|| conversation(call))).items;
        Ok(found.pop().map_or(Lookup::Gone(Gone::Unknown), Lookup::Ready))
    }

    async fn check(&self) -> JobCheck {
        JobCheck::Ok
    }
}

#[async_trait]
impl RecordingDownloader for Bell {
    fn patience(&self) -> Duration {
        Duration::ZERO
    }

    async fn recordings(&self, of: &[Conversation], _: RecordingOptions) -> Vec<Result<RecordingSet>> {
        of.iter().map(|call| Ok(RecordingSet::new(call.recordings.clone(), Outlook::Complete))).collect()
    }

    async fn download(&self, recording: &Recording, options: DownloadOptions) -> Result<Lookup<Download>> {
        let Some((size, bytes)) = self.exchange.tape(recording.locator.as_str(), options.from as usize) else {
            return Ok(Lookup::Gone(Gone::Deleted));
        };
        let mut download = Download::new(stream::iter([Ok(bytes.into())]).boxed());
        (download.from, download.size) = (options.from, Some(size)); // what is shorter was cut: the rest is asked for
        Ok(Lookup::Ready(download))
    }

    async fn check(&self) -> JobCheck {
        JobCheck::Ok
    }
}

#[async_trait]
impl EventSource for Bell {
    fn traits(&self) -> EventTraits {
        EventTraits::new([CallEventKind::Ended], Replay::FromCursor)
    }

    fn deliveries(&self, request: SubscribeRequest) -> Events {
        self.seat.deliveries(self.cx.origin(), || Ears(self.clone(), request))
    }

    async fn check(&self) -> JobCheck {
        JobCheck::Ok
    }
}

struct Ears(Bell, SubscribeRequest);

impl Listen for Ears {
    async fn next(&mut self) -> Result<SourceItem> {
        let Self(bell, request) = self;
        let (calls, clock) = (|after| bell.exchange.lines("calls", after), bell.cx.clock());
        let position = request.from.as_ref().map(|cursor| cursor.as_str().parse());
        let gap = Gap { from: clock.now() - TimeDelta::days(7), to: clock.now(), why: "unknown position".to_owned() };
        let mut items = if let Some(Err(_)) = position { vec![Item::Gap(gap)] } else { Vec::new() };
        let after = position.and_then(Result::ok).unwrap_or_else(|| calls(0).len());
        while items.is_empty() && calls(after).is_empty() {
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
        let lines = calls(after);
        let cursor = Cursor::new((after + lines.len()).to_string());
        let page = page(lines, |call: Call| {
            let (key, at) = (EventKey::new(format!("{}|ended", call.number)), Stamp::vendor(call.ended));
            let event = CallEvent::new(key, ConversationRef::new(call.number), CallEventKind::Ended, at);
            call.people.iter().any(|uid| request.watch.covers(&who(uid))).then_some(Item::Event(event))
        });
        items.extend(page.items.into_iter().chain(page.rejected.into_iter().map(Item::Rejected)));
        let mut delivery = Delivery::new(items, clock.now(), Ack::nobody()); // who has the cursor needs no other promise
        (delivery.cursor, request.from) = (Some(cursor.clone()), Some(cursor));
        Ok(SourceItem::Delivery(delivery))
    }
}

#[tokio::main(flavor = "current_thread", start_paused = true)]
async fn main() {
    let report = run(&subject([CallEventKind::Ended], [Fault::Restart, Fault::CutDownload], Exchange::new)).await;
    println!("{report}");
    assert!(report.is_ok());
}
