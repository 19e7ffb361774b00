//! Prints each call that ends, when it does.
//!
//! It needs nothing: without arguments it plays a short day with a fake, and ends with the last call. `cargo run -p
//! connector-genesys --example genesys_call_ended -- usw2` hears your organisation in that region until it is stopped, with
//! the credentials in `GENESYS_CLIENT_ID` and `GENESYS_CLIENT_SECRET`.

use std::time::Duration;

use connector_core::testing::{FaultPlan, Scenario};
use connector_core::{CallEventKind, Context, EventSource, Item, Secret, SourceItem, SubscribeRequest, Watch};
use connector_genesys::testing::Fake;
use connector_genesys::{Genesys, GenesysConfig};
use futures_util::TryStreamExt;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let day = Scenario::small(7);
    let (region, mut left) = (std::env::args().nth(1), day.calls.len());
    let fake = Fake::start(&day, FaultPlan::none()).await?;
    let config = match &region {
        Some(region) => GenesysConfig::new(region.parse()?, Secret::environment_pair("GENESYS_CLIENT")),
        None => fake.config(),
    };
    let genesys = Genesys::new(config, &Context::default())?;
    if region.is_none() {
        tokio::spawn(play(fake));
    }

    let mut events = genesys.events().deliveries(SubscribeRequest::new(Watch::everyone()));
    while let Some(item) = events.try_next().await? {
        match item {
            SourceItem::Status(status) => eprintln!("{status}"),
            SourceItem::Delivery(delivery) => {
                for item in &delivery.items {
                    match item {
                        Item::Event(event) if event.kind == CallEventKind::Ended => {
                            println!("{} {}", event.at, event.conversation);
                            left -= usize::from(region.is_none());
                        }
                        Item::Gap(gap) => {
                            eprintln!("heard nothing from {} to {}: reconcile that time", gap.from, gap.to);
                        }
                        _ => {}
                    }
                }
                delivery.ack.accept().await?;
            }
            _ => {}
        }
        if left == 0 {
            break;
        }
    }
    Ok(())
}

/// Plays a day in a second, once somebody listens.
async fn play(fake: Fake) {
    fake.change(|settings| settings.speed = 10_000);
    fake.play(0).await;
    while !fake.channels().iter().any(|channel| channel.is_connected && !channel.topics.is_empty()) {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    fake.play(fake.scenario().calls.len()).await;
    std::future::pending::<()>().await; // it answers for as long as somebody asks
}
