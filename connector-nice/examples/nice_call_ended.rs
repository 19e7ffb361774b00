//! Prints each call that ends.
//!
//! It needs nothing: without arguments it plays a short day with a fake, and ends with the last call. `cargo run -p
//! connector-nice --example nice_call_ended -- tenant` hears your tenant until it is stopped, with the
//! credentials in `CXONE_CLIENT_ID`, `CXONE_CLIENT_SECRET`, `CXONE_KEY_ID` and `CXONE_KEY_SECRET`.

use std::time::Duration;

use connector_core::testing::{FaultPlan, Scenario};
use connector_core::{CallEventKind, Clock, Context, EventSource, Item, Secret, SourceItem, SubscribeRequest, Watch};
use connector_nice::testing::Fake;
use connector_nice::{NiceConfig, NiceCxone};
use futures_util::TryStreamExt;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let is_tenant = std::env::args().nth(1).is_some();
    let day = Scenario::small(7);
    let fake = Fake::start(&day, FaultPlan::none()).await?;
    fake.play(0);
    let (config, cx) = match is_tenant {
        true => (tenant(), Context::default()),
        false => {
            let config = fake.config().with_poll_every(Duration::from_millis(100));
            (config, Context::default().with_clock(Clock::starting_at(day.starts)))
        }
    };
    let nice = NiceCxone::new(config, &cx)?;
    let mut left = day.calls.len();
    tokio::spawn(async move {
        for calls in 1..=day.calls.len() {
            tokio::time::sleep(Duration::from_millis(150)).await;
            fake.play(calls);
        }
        std::future::pending::<()>().await; // it answers for as long as somebody asks
    });

    let mut events = nice.events().deliveries(SubscribeRequest::new(Watch::everyone()));
    while let Some(item) = events.try_next().await? {
        match item {
            SourceItem::Status(status) => eprintln!("{status}"),
            SourceItem::Delivery(delivery) => {
                for item in &delivery.items {
                    match item {
                        Item::Event(event) if event.kind == CallEventKind::Ended => {
                            println!("{} {}", event.at, event.conversation);
                            left = left.saturating_sub(1);
                        }
                        Item::Event(_) => {}
                        Item::Gap(gap) => {
                            eprintln!("heard nothing from {} to {}: reconcile that time", gap.from, gap.to);
                        }
                        Item::Rejected(row) => eprintln!("could not read: {row}"),
                        _ => {}
                    }
                }
                delivery.ack.accept().await?; // only now may our cursor forget it
            }
            _ => {}
        }
        if left == 0 && !is_tenant {
            break; // the day of the fake is over
        }
    }
    Ok(())
}

fn tenant() -> NiceConfig {
    NiceConfig::new(Secret::environment_pair("CXONE_CLIENT"), Secret::environment_pair("CXONE_KEY"))
}
