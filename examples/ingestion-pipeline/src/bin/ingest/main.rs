//! `ingest`: the pipeline as a program.

mod agents;
mod analysis;
mod backfill;
mod background;
mod calls;
mod check;
mod comparing;
mod config;
mod dead_letters;
#[cfg(feature = "demo")]
mod demo;
#[cfg(feature = "demo")]
mod fake;
mod listen;
mod output;
mod places;
mod reconcile;
mod run;
#[cfg(feature = "schema")]
mod schema;
mod scopes;
mod setup;
mod show;
mod signal;
mod sources;

use std::io::IsTerminal;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use tracing_subscriber::EnvFilter;

use crate::config::{Config, ConfigError};
use crate::places::Places;

/// Brings the calls of contact centres into an archive: metadata into a database, recordings into an object store, and
/// word of each call into a queue for analysis.
///
/// Exit codes: 0 fine, 1 something failed or is missing, 2 wrong usage or configuration, 3 a job of a source cannot work.
#[derive(Debug, Parser)]
#[command(name = "ingest", version)]
struct Arguments {
    /// The configuration file.
    #[arg(long, global = true, default_value = "ingest.toml", value_name = "FILE")]
    config: PathBuf,
    /// Where database and recordings lie, instead of what the configuration says.
    #[arg(long, global = true, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Print JSON instead of text.
    #[arg(long, global = true)]
    json: bool,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Play a scripted day through every connector, with faults, and recount what was stored.
    #[cfg(feature = "demo")]
    Demo(demo::Demo),
    /// Serve a vendor's fake, and print how to reach it.
    #[cfg(feature = "demo")]
    #[command(subcommand)]
    Fake(fake::Fake),
    /// Run the pipeline until it is told to stop (Ctrl-C or SIGTERM).
    Run(run::Run),
    /// Compare what the sources know of the past with what is stored, and fetch what was missed.
    Reconcile(reconcile::ReconcileArguments),
    /// Fetch the calls of the past, however many. Interrupted and started again with the same arguments, it goes on.
    Backfill(backfill::BackfillArguments),
    /// Ask every job of every source whether it can work.
    Check,
    /// Show what has to be set up at the vendors.
    #[command(subcommand)]
    Setup(setup::Setup),
    /// List stored calls.
    Calls(calls::Calls),
    /// Show one call from ring to analysis queue.
    Show(show::Show),
    /// See to what could not be used.
    #[command(subcommand)]
    DeadLetters(dead_letters::DeadLetters),
    /// Say whose calls count.
    #[command(subcommand)]
    Agents(agents::Agents),
    /// Hand messages to the next program.
    #[command(subcommand)]
    Analysis(analysis::Analysis),
    /// Describe what comes out, as JSON Schemas.
    #[cfg(feature = "schema")]
    Schema(schema::SchemaArguments),
}

#[tokio::main]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let level = if matches!(arguments.command, Command::Run(_)) { "info" } else { "error" };
    let filter =
        EnvFilter::builder().with_env_var("INGEST_LOG").try_from_env().unwrap_or_else(|_| EnvFilter::new(level));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal())
        .init();
    match carry_out(arguments).await {
        Ok(code) => ExitCode::from(code),
        Err(error) => {
            let is_usage = error.chain().any(|cause| {
                cause.is::<ConfigError>()
                    || cause.downcast_ref::<connector_core::Error>().is_some_and(|e| e.is_config())
            });
            eprintln!("error: {error:#}");
            ExitCode::from(if is_usage { 2 } else { 1 })
        }
    }
}

/// Returns the exit code.
async fn carry_out(arguments: Arguments) -> anyhow::Result<u8> {
    let Arguments { config, data, json, command } = arguments;
    let places = || match &data {
        Some(data) => Ok(Places::new(data)),
        None => Config::read(&config).map(|config| Places::new(&config.data)),
    };
    let configured = || {
        let mut config = Config::read(&config)?;
        config.data = data.clone().unwrap_or(config.data);
        Ok::<_, ConfigError>(config)
    };
    let is_well = match command {
        #[cfg(feature = "demo")]
        Command::Demo(demo) => demo.carry_out(data, json).await?,
        Command::Run(run) => run.carry_out(configured()?, json).await?,
        #[cfg(feature = "demo")]
        Command::Fake(fake) => fake.carry_out().await?,
        Command::Check => match check::carry_out(configured()?, json).await? {
            check::Verdict::AllWell => true,
            check::Verdict::SomeCannotWork => return Ok(3),
        },
        Command::Setup(setup) => setup.carry_out(configured, json).await?,
        Command::Reconcile(arguments) => arguments.carry_out(configured()?, json).await?,
        Command::Backfill(arguments) => arguments.carry_out(configured()?, json).await?,
        Command::Calls(calls) => calls.carry_out(&places()?, json).await?,
        Command::Show(show) => show.carry_out(&places()?, json).await?,
        Command::DeadLetters(letters) => letters.carry_out(&places()?, json).await?,
        Command::Agents(agents) => agents.carry_out(configured()?, json).await?,
        Command::Analysis(analysis) => analysis.carry_out(&places()?, json).await?,
        #[cfg(feature = "schema")]
        Command::Schema(schema) => schema.carry_out()?,
    };
    Ok(u8::from(!is_well))
}
