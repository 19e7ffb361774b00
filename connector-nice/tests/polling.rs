//! The poll loop, dropped at every await point in turn and taken up again from the stored position.

use std::collections::{BTreeMap, BTreeSet};
use std::future::poll_fn;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use connector_core::testing::http::{Answers, InProcess, Request};
use connector_core::testing::{FaultPlan, Scenario};
use connector_core::{
    CallEventKind, Clock, Context, Cursor, Delivery, EventSource, Events, Item, Secret, SourceItem, SubscribeRequest,
    Watch,
};
use connector_nice::testing::Fake;
use connector_nice::{NiceConfig, NiceCxone};
use futures_util::StreamExt;
use tokio::time::timeout;

/// Nothing more comes after this time.
const QUIET: Duration = Duration::from_secs(100);

fn client(fake: &Fake) -> NiceCxone {
    let secrets = |(id, secret)| (Secret::literal(id), Secret::literal(secret));
    let config = NiceConfig::new(secrets(fake.client()), secrets(fake.access_key()))
        .with_issuer(fake.issuer())
        .with_host("example.com")
        .with_page(3);
    // Each answer takes a moment, so that each request is a point to be dropped at.
    let answers = fake.answers();
    let slow = move |request: &Request| answers.answer(request).delayed(Duration::from_millis(20));
    let cx = Context::default()
        .for_source("acme", "nice")
        .with_clock(Clock::starting_at(fake.scenario().starts))
        .with_transport(Arc::new(InProcess::new(slow)));
    NiceCxone::new(config, &cx).expect("good settings")
}

/// What a pipeline keeps: the position, and events by their keys.
#[derive(Default)]
struct Stored {
    cursor: Option<Cursor>,
    events: BTreeMap<String, (String, CallEventKind)>,
}

impl Stored {
    fn listen(&self, nice: &NiceCxone) -> Events {
        nice.events().deliveries(SubscribeRequest::new(Watch::everyone()).from(self.cursor.clone()))
    }

    async fn accept(&mut self, delivery: Delivery) {
        for item in &delivery.items {
            let Item::Event(event) = item else { panic!("only events come on a calm day: {item:?}") };
            self.events.insert(event.key.as_str().to_owned(), (event.conversation.id.clone(), event.kind.clone()));
        }
        self.cursor = delivery.cursor.clone().or(self.cursor.take());
        delivery.ack.accept().await.expect("an accept");
    }

    fn ended(&self) -> Vec<String> {
        let ended = self.events.values().filter(|(_, kind)| *kind == CallEventKind::Ended);
        ended.map(|(call, _)| call.clone()).collect()
    }

    /// Hears and stores until nothing comes.
    async fn hear_all(&mut self, events: &mut Events) {
        while let Ok(item) = timeout(QUIET, events.next()).await {
            if let SourceItem::Delivery(delivery) = item.expect("a stream that goes on").expect("no error") {
                self.accept(delivery).await;
            }
        }
    }

    /// Hears and stores, polling the stream so many times. Returns whether nothing came any more before that.
    async fn hear_in_polls(&mut self, events: &mut Events, mut polls: usize) -> bool {
        let mut next = async || {
            timeout(
                QUIET,
                poll_fn(|cx| {
                    if polls == 0 {
                        return Poll::Ready(None);
                    }
                    polls -= 1;
                    events.poll_next_unpin(cx).map(|item| Some(item.expect("a stream that goes on").expect("no error")))
                }),
            )
            .await
        };
        loop {
            match next().await {
                Err(_) => return true,
                Ok(None) => return false,
                Ok(Some(SourceItem::Delivery(delivery))) => self.accept(delivery).await,
                Ok(Some(_)) => {}
            }
        }
    }
}

/// A day whose first call was heard, and the rest of which nobody heard of yet.
async fn begun(scenario: &Scenario) -> (Fake, Stored) {
    let fake = Fake::new(scenario, FaultPlan::none());
    fake.play(0);
    let (nice, mut stored) = (client(&fake), Stored::default());
    let mut events = stored.listen(&nice);
    stored.hear_all(&mut events).await;
    assert!(stored.cursor.is_some() && stored.events.is_empty());
    fake.play(usize::MAX);
    (fake, stored)
}

fn all_calls(fake: &Fake) -> Vec<String> {
    fake.expected().into_iter().map(|call| call.conversation).collect::<BTreeSet<_>>().into_iter().collect()
}

#[tokio::test(start_paused = true)]
async fn dropped_at_every_await_point_it_misses_nothing_and_repeats_nothing() {
    let scenario = Scenario::day(6, 7);
    for polls in 0.. {
        let (fake, mut stored) = begun(&scenario).await;
        let nice = client(&fake);
        let mut events = stored.listen(&nice);
        let was_all = stored.hear_in_polls(&mut events, polls).await;
        drop((events, nice));
        let nice = client(&fake);
        stored.hear_all(&mut stored.listen(&nice)).await;
        let mut ended = stored.ended();
        ended.sort();
        assert_eq!(ended, all_calls(&fake), "dropped after {polls} polls");
        if was_all {
            assert!(polls > 10, "only {polls} points to be dropped at");
            return;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn dropped_again_and_again_it_still_comes_to_the_end() {
    let (fake, mut stored) = begun(&Scenario::day(6, 7)).await;
    let nice = client(&fake);
    for polls in (0..60).chain(0..60) {
        let mut events = stored.listen(&nice);
        stored.hear_in_polls(&mut events, polls).await;
    }
    let mut ended = stored.ended();
    ended.sort();
    assert_eq!(ended, all_calls(&fake));
}
