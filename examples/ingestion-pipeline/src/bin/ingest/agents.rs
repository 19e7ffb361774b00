//! `ingest agents`: the people whose calls count.

use std::fs::File;
use std::io::{Read, stdin, stdout};
use std::path::PathBuf;

use anyhow::{Context as _, bail};
use clap::Subcommand;
use connector_core::{Clock, Origin};
use ingestion_pipeline::{PeopleFile, PersonRow, SyncReport};
use serde::Serialize;

use crate::config::Config;
use crate::output::{print_json, table};
use crate::places::Places;
use crate::scopes::sync_of;
use crate::sources::{Meant, Surroundings};

#[derive(Debug, Subcommand)]
pub(crate) enum Agents {
    /// Take people over from a CSV file with the columns tenant, person, source and name, analyse, login, id, email.
    Import {
        /// The file; `-` for standard input.
        file: PathBuf,
        /// Only say what would happen.
        #[arg(long)]
        dry_run: bool,
    },
    /// List everybody with their places, past ones too.
    List,
    /// Print people as a CSV file that `import` reads.
    Export,
    /// List the agents of the sources that have `agents` in the configuration, now.
    Sync(Meant),
}

/// What a sync of a source amounted to.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub(crate) struct SyncedSource {
    /// Whose source it is.
    pub(crate) tenant: String,
    /// The source.
    pub(crate) source: String,
    /// What came of it; none where it failed.
    pub(crate) report: Option<SyncReport>,
    /// Why it failed.
    pub(crate) error: Option<String>,
}

impl Agents {
    pub(crate) async fn carry_out(self, config: Config, json: bool) -> anyhow::Result<bool> {
        let places = Places::new(&config.data);
        match self {
            Self::Import { file, dry_run } => {
                let file: Box<dyn Read> = match file.as_os_str() == "-" {
                    true => Box::new(stdin()),
                    false => Box::new(File::open(&file).with_context(|| format!("cannot read {}", file.display()))?),
                };
                import(&config, &places, file, dry_run, json).await
            }
            Self::List => {
                let people = places.open().await?.people().list().await?;
                if json {
                    people.iter().try_for_each(print_json)?;
                } else if people.is_empty() {
                    println!("nobody is known yet");
                } else {
                    println!("{}", listed(&people));
                }
                Ok(true)
            }
            Self::Export => {
                let people = places.open().await?.people().list().await?;
                PeopleFile::write(&people, stdout().lock())?;
                Ok(true)
            }
            Self::Sync(meant) => sync(config, &places, &meant, json).await,
        }
    }
}

async fn import(config: &Config, places: &Places, file: impl Read, dry_run: bool, json: bool) -> anyhow::Result<bool> {
    let sources: Vec<Origin> = config.sources.iter().map(|source| Origin::new(&source.tenant, &source.name)).collect();
    let file = PeopleFile::read(file, &sources)?;
    let report = places.make().await?.people().import(&file, Clock::system().now(), dry_run).await?;
    if json {
        print_json(&report)?;
    } else {
        report.troubles.iter().for_each(|trouble| eprintln!("{trouble}"));
        println!("{}{report}", if dry_run { "this would happen: " } else { "" });
    }
    Ok(report.troubles.is_empty())
}

async fn sync(config: Config, places: &Places, meant: &Meant, json: bool) -> anyhow::Result<bool> {
    let store = places.make().await?;
    let surroundings = Surroundings::new(&store);
    let (mut any, mut is_well) = (false, true);
    for source in meant.of(config.sources)? {
        let Some(agents) = source.scope.agents.clone() else { continue };
        any = true;
        let (tenant, name) = (source.tenant.clone(), source.name.clone());
        let synced = async {
            let connector = surroundings.connect(source)?;
            sync_of(&agents, &connector, &store)?.run_once().await
        };
        // The trouble of one source is its own.
        let (report, error) = match synced.await {
            Ok(report) => (Some(report), None),
            Err(error) => (None, Some(error.to_string())),
        };
        is_well &= report.as_ref().is_some_and(|report| report.broke_off.is_none());
        said(&SyncedSource { tenant, source: name, report, error }, json)?;
    }
    if !any {
        bail!("no source that is meant has `agents` in the configuration");
    }
    Ok(is_well)
}

fn said(synced: &SyncedSource, json: bool) -> anyhow::Result<()> {
    if json {
        return print_json(synced);
    }
    match (&synced.report, &synced.error) {
        (Some(report), _) => println!("{}/{}: {report}", synced.tenant, synced.source),
        (None, error) => eprintln!("{}/{}: {}", synced.tenant, synced.source, error.as_deref().unwrap_or("failed")),
    }
    Ok(())
}

fn listed(people: &[PersonRow]) -> String {
    let text = |text: Option<&str>| text.unwrap_or("–").to_owned();
    let row = |row: &PersonRow| {
        vec![
            format!("{}/{}", row.tenant, row.person),
            text(row.name.as_ref().map(|name| name.reveal())),
            if row.analyse { "yes" } else { "no" }.to_owned(),
            text(row.source.as_deref()),
            text(row.login.as_ref().map(|login| login.reveal())),
            text(row.id.as_deref()),
            text(row.email.as_ref().map(|email| email.reveal())),
            text(row.groups.as_deref()),
            text(row.state.as_deref()),
            text(row.until.as_deref()),
        ]
    };
    let header = ["person", "name", "analyse", "source", "login", "id", "email", "groups", "state", "until"];
    table(&header, people.iter().map(row).collect(), usize::MAX)
}
