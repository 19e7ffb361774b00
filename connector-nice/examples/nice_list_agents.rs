//! Prints the agents of a group.
//!
//! It needs nothing: without arguments it asks a fake. `cargo run -p connector-nice --example
//! list_agents -- Sales` asks your tenant for that group, with the credentials in `CXONE_CLIENT_ID`,
//! `CXONE_CLIENT_SECRET`, `CXONE_KEY_ID` and `CXONE_KEY_SECRET`.

use connector_core::testing::{FaultPlan, Scenario};
use connector_core::{AgentDirectory, AgentQuery, Context, ListingExt, Secret};
use connector_nice::testing::Fake;
use connector_nice::{NiceConfig, NiceCxone};
use futures_util::TryStreamExt;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let fake = Fake::start(&Scenario::small(7), FaultPlan::none()).await?;
    let (config, group) = match std::env::args().nth(1) {
        Some(group) => (tenant(), group),
        None => (fake.config(), "Sales".to_owned()),
    };
    let nice = NiceCxone::new(config, &Context::default())?;

    let mut agents = nice
        .directory()
        .list_agents(AgentQuery::all().in_group(group.as_str()))
        .items(|row| eprintln!("left out: {row}"));
    while let Some(agent) = agents.try_next().await? {
        println!("{}\t{:?}\t{}", agent.who.reveal(), agent.state, agent.groups.join(", "));
    }
    Ok(())
}

fn tenant() -> NiceConfig {
    NiceConfig::new(Secret::environment_pair("CXONE_CLIENT"), Secret::environment_pair("CXONE_KEY"))
}
