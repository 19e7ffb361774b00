//! `ingest fake`: a vendor's fake, for clients in any language to be tried on.

use std::collections::BTreeMap;
use std::future::{Future, pending};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::Context as _;
use clap::{Args, Subcommand};
use connector_core::Zone;
use connector_core::testing::Scenario;
use connector_universal::testing::Uploader;
use serde::Serialize;
use tokio::time::sleep;

use crate::demo::{Faults, OF_APIS, OF_FOLDERS, OF_SOCKETS, dropped_day};
use crate::output::print_json;
use crate::signal::stop_signal;

/// Which vendor's.
#[derive(Debug, Subcommand)]
pub(crate) enum Fake {
    /// Upload a day's recordings, each with its metadata file, into a directory.
    Universal(Universal),
    /// Serve an organisation of Genesys Cloud, until Ctrl-C.
    Genesys(Genesys),
    /// Serve a tenant of CXone, until Ctrl-C.
    Nice(Nice),
}

/// What the day is like.
#[derive(Debug, Args)]
struct FakeDay {
    /// How many calls it has.
    #[arg(long, default_value_t = 12)]
    calls: usize,
    /// The number that it is made from: the same number, the same day.
    #[arg(long, default_value_t = 7)]
    seed: u64,
    /// Which faults happen.
    #[arg(long, value_enum, default_value_t = Faults::None)]
    faults: Faults,
}

#[derive(Debug, Args)]
pub(crate) struct Universal {
    /// The directory, made if it is not there.
    #[arg(long, value_name = "DIR")]
    into: PathBuf,
    /// The zone of the times in file names.
    #[arg(long, default_value = "Europe/Berlin")]
    zone: Zone,
    /// The pause between two uploads.
    #[arg(long, default_value = "200ms", value_parser = humantime::parse_duration, value_name = "TIME")]
    pace: Duration,
    #[command(flatten)]
    day: FakeDay,
}

#[derive(Debug, Args)]
pub(crate) struct Genesys {
    /// The address and port; any free port for 0.
    #[arg(long, default_value = "127.0.0.1:0", value_name = "ADDRESS:PORT")]
    listen: SocketAddr,
    /// How many times faster than in life the day passes.
    #[arg(long, default_value_t = 60)]
    speed: u32,
    #[command(flatten)]
    day: FakeDay,
}

#[derive(Debug, Args)]
pub(crate) struct Nice {
    /// The address and port; any free port for 0.
    #[arg(long, default_value = "127.0.0.1:0", value_name = "ADDRESS:PORT")]
    listen: SocketAddr,
    /// The pause between the ends of two calls.
    #[arg(long, default_value = "5s", value_parser = humantime::parse_duration, value_name = "TIME")]
    pace: Duration,
    #[command(flatten)]
    day: FakeDay,
}

/// What a client needs to use a fake: the one object that `ingest fake` prints, before anything happens.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub(crate) struct Served {
    /// The vendor whose fake it is.
    pub(crate) vendor: String,
    /// Where it is reached, by what each address is for.
    pub(crate) urls: BTreeMap<String, String>,
    /// What it admits a client with; invented, and worth nothing elsewhere.
    pub(crate) credentials: BTreeMap<String, String>,
    /// Settings of a source in `ingest.toml` that uses it.
    pub(crate) settings: BTreeMap<String, String>,
    /// The ids of the calls that take place.
    pub(crate) calls: Vec<String>,
}

impl Fake {
    /// Serves until everything has happened.
    pub(crate) async fn carry_out(self) -> anyhow::Result<bool> {
        match self {
            Self::Universal(folder) => folder.carry_out().await,
            Self::Genesys(genesys) => genesys.carry_out().await,
            Self::Nice(nice) => nice.carry_out().await,
        }
    }
}

impl Universal {
    async fn carry_out(self) -> anyhow::Result<bool> {
        let Self { into, zone, pace, day } = self;
        std::fs::create_dir_all(&into).with_context(|| format!("cannot make {}", into.display()))?;
        let directory = into.canonicalize().with_context(|| format!("cannot find {}", into.display()))?;
        let faults = day.faults.plan(OF_FOLDERS, day.calls, day.seed);
        let uploader = Uploader::new(&directory, dropped_day(day.calls, day.seed), zone, faults);
        let path = directory.display().to_string();
        print_json(&Served {
            vendor: "universal".to_owned(),
            urls: pairs(&[("drop", &format!("file://{path}"))]),
            credentials: BTreeMap::new(),
            settings: pairs(&[("kind", "universal"), ("path", &path), ("time_zone", &zone.to_string())]),
            calls: uploader.expected().into_iter().map(|call| call.conversation).collect(),
        })?;
        uploader.play(pace).await?;
        Ok(true)
    }
}

impl Genesys {
    async fn carry_out(self) -> anyhow::Result<bool> {
        let Self { listen, speed, day } = self;
        let faults = day.faults.plan(OF_SOCKETS, day.calls, day.seed);
        let fake =
            connector_genesys::testing::Fake::start_at(listen, &Scenario::day(day.calls, day.seed), faults).await?;
        fake.change(|settings| settings.speed = speed.max(1));
        fake.play(0).await;
        let ((client_id, client_secret), region) = (fake.client(), fake.region().to_string());
        print_json(&Served {
            vendor: "genesys".to_owned(),
            urls: pairs(&[("region", &region), ("media", fake.media().as_str())]),
            credentials: pairs(&[("client_id", &client_id), ("client_secret", &client_secret)]),
            settings: pairs(&[("kind", "genesys"), ("region", &region)]),
            calls: fake.expected().into_iter().map(|call| call.conversation).collect(),
        })?;
        until_stopped(fake.play(day.calls)).await;
        Ok(true)
    }
}

impl Nice {
    async fn carry_out(self) -> anyhow::Result<bool> {
        let Self { listen, pace, day } = self;
        let faults = day.faults.plan(OF_APIS, day.calls, day.seed);
        let fake = connector_nice::testing::Fake::start_at(listen, &Scenario::day(day.calls, day.seed), faults).await?;
        fake.play(0);
        let ((client_id, client_secret), (key_id, key_secret)) = (fake.client(), fake.access_key());
        let issuer = fake.issuer();
        print_json(&Served {
            vendor: "nice".to_owned(),
            urls: pairs(&[("issuer", issuer.as_str()), ("api", fake.api().as_str()), ("media", fake.media().as_str())]),
            credentials: pairs(&[
                ("client_id", &client_id),
                ("client_secret", &client_secret),
                ("access_key_id", &key_id),
                ("access_key_secret", &key_secret),
            ]),
            settings: pairs(&[("kind", "nice"), ("issuer", issuer.as_str())]),
            calls: fake.expected().into_iter().map(|call| call.conversation).collect(),
        })?;
        let play = async {
            for call in 1..=day.calls {
                sleep(pace).await;
                fake.play(call);
            }
        };
        until_stopped(play).await;
        Ok(true)
    }
}

/// Serves until the program is told to stop, whatever has happened by then.
async fn until_stopped(play: impl Future<Output = ()>) {
    let playing = async {
        play.await;
        pending::<()>().await;
    };
    tokio::select! {
        () = stop_signal() => {}
        () = playing => {}
    }
}

fn pairs(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
}
