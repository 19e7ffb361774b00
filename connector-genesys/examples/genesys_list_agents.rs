//! Prints the agents of a group, a queue or a team.
//!
//! It needs nothing: without arguments it asks a fake. `cargo run -p connector-genesys --example genesys_list_agents -- Sales usw2`
//! asks your organisation in that region, with the credentials in `GENESYS_CLIENT_ID` and `GENESYS_CLIENT_SECRET`.

use connector_core::testing::{FaultPlan, Scenario};
use connector_core::{AgentDirectory, AgentQuery, Context, ListingExt, Secret};
use connector_genesys::testing::Fake;
use connector_genesys::{Genesys, GenesysConfig};
use futures_util::TryStreamExt;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let fake = Fake::start(&Scenario::small(7), FaultPlan::none()).await?;
    let mut arguments = std::env::args().skip(1);
    let group = arguments.next().unwrap_or_else(|| "Sales".to_owned());
    let config = match arguments.next() {
        Some(region) => GenesysConfig::new(region.parse()?, Secret::environment_pair("GENESYS_CLIENT")),
        None => fake.config(),
    };
    let genesys = Genesys::new(config, &Context::default())?;

    let mut agents = genesys
        .directory()
        .list_agents(AgentQuery::all().in_group(group.as_str()))
        .items(|row| eprintln!("left out: {row}"));
    while let Some(agent) = agents.try_next().await? {
        println!("{}\t{:?}\t{}", agent.who.reveal(), agent.state, agent.groups.join(", "));
    }
    Ok(())
}
