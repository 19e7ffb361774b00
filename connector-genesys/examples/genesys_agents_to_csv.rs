//! Keeps a CSV file of the people of an organisation up to date, once an hour.
//!
//! Who is not there any more stays in the file, as deleted. A list that breaks off changes nothing, one that lacks a row lets
//! nobody leave, and the file is replaced in one step.
//!
//! It needs nothing: without arguments it asks a fake a few times, where somebody leaves and then nobody can log in. `cargo run -p
//! connector-genesys --example genesys_agents_to_csv -- agents.csv usw2` asks your organisation in that region, with the
//! credentials in `GENESYS_CLIENT_ID` and `GENESYS_CLIENT_SECRET`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use connector_core::testing::{FaultPlan, Scenario};
use connector_core::{Agent, AgentDirectory, AgentQuery, AgentState, Context, EmailAddress, Login, PersonName, Secret};
use connector_genesys::testing::Fake;
use connector_genesys::{Genesys, GenesysConfig};
use futures_util::TryStreamExt;
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize)]
struct Row {
    id: String,
    login: Option<Login>,
    name: Option<PersonName>,
    email: Option<EmailAddress>,
    state: AgentState,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let (Some(file), Some(region)) = (arguments.next(), arguments.next()) else { return with_a_fake().await };
    let config = GenesysConfig::new(region.parse()?, Secret::environment_pair("GENESYS_CLIENT"));
    let genesys = Genesys::new(config, &Context::default())?;
    let (file, mut hour) = (PathBuf::from(file), tokio::time::interval(Duration::from_secs(3_600)));
    loop {
        hour.tick().await;
        if let Err(error) = sync(&genesys, &file).await {
            eprintln!("the file stays as it is: {error:#}");
        }
    }
}

async fn sync(genesys: &Genesys, file: &Path) -> anyhow::Result<()> {
    let (mut listed, mut is_whole) = (BTreeMap::new(), true);
    let mut pages = genesys.directory().list_agents(AgentQuery::all());
    while let Some(page) = pages.try_next().await? {
        page.rejected.iter().for_each(|row| eprintln!("left out: {row}"));
        is_whole &= page.rejected.is_empty();
        listed.extend(page.items.into_iter().filter_map(row));
    }
    let mut people = read(file)?;
    if is_whole {
        people.values_mut().for_each(|person| person.state = AgentState::Deleted);
    }
    people.extend(listed);
    write(file, &people)
}

fn row(Agent { who, state, .. }: Agent) -> Option<(String, Row)> {
    let id = who.id?; // everybody has one at Genesys
    Some((id.clone(), Row { id, login: who.login, name: who.name, email: who.email, state }))
}

fn read(file: &Path) -> anyhow::Result<BTreeMap<String, Row>> {
    if !file.try_exists()? {
        return Ok(BTreeMap::new());
    }
    let rows: Vec<Row> = csv::Reader::from_path(file)?.into_deserialize().collect::<Result<_, _>>()?;
    Ok(rows.into_iter().map(|row| (row.id.clone(), row)).collect())
}

fn write(file: &Path, people: &BTreeMap<String, Row>) -> anyhow::Result<()> {
    let directory = file.parent().filter(|directory| !directory.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut rows = csv::Writer::from_writer(tempfile::NamedTempFile::new_in(directory)?);
    people.values().try_for_each(|person| rows.serialize(person))?;
    let new = rows.into_inner()?;
    new.as_file().sync_all()?;
    new.persist(file)?;
    Ok(())
}

/// Three hours, in a moment.
async fn with_a_fake() -> anyhow::Result<()> {
    let fake = Fake::start(&Scenario::small(7), FaultPlan::none().throttle(1).refuse_tokens(1)).await?;
    let genesys = Genesys::new(fake.config(), &Context::default())?;
    let home = tempfile::tempdir()?;
    let file = home.path().join("agents.csv");
    fake.change(|settings| settings.idle = 1);
    sync(&genesys, &file).await?;
    fake.change(|settings| settings.idle = 0);
    sync(&genesys, &file).await?;
    fake.log_in_fails();
    fake.end_tokens();
    if let Err(error) = sync(&genesys, &file).await {
        println!("the file stays as it is: {error:#}");
    }
    let people = read(&file)?;
    let gone = people.values().filter(|person| person.state == AgentState::Deleted).count();
    println!("{} people, {gone} of them gone", people.len());
    anyhow::ensure!((people.len(), gone) == (13, 1) && fake.faults().unfired().is_empty(), "it is another day");
    Ok(())
}
