//! `ingest schema`: what comes out, as JSON Schemas.
//!
//! They are derived from the types that are written, and published below `schemas/` in the repository.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context as _, bail};
use clap::Args;
use connector_core::Conversation;
use ingestion_pipeline::{CallRow, DeadLetterRow, ImportReport, Message, PersonRow};
use schemars::generate::SchemaSettings;
use schemars::transform::{RecursiveTransform, Transform};
use schemars::{JsonSchema, Schema};
use serde_json::{Value, json};

mod examples;

#[derive(Debug, Args)]
pub(crate) struct SchemaArguments {
    /// The contract, such as `message.v1`; without it, all are listed.
    name: Option<String>,
    /// Write all of them into this directory.
    #[arg(long, value_name = "DIR", conflicts_with = "name")]
    into: Option<PathBuf>,
}

/// Something that other programs read.
struct Contract {
    /// Its name and version: `message.v1`.
    name: &'static str,
    /// Where it comes out.
    place: &'static str,
    schema: Schema,
    example: Value,
}

impl Contract {
    fn new<T: JsonSchema>(name: &'static str, place: &'static str, example: Value) -> Self {
        let settings = SchemaSettings::draft2020_12().for_serialize();
        Self { name, place, schema: settings.into_generator().into_root_schema_for::<T>(), example }
    }

    fn file_name(&self) -> String {
        format!("{}.json", self.name)
    }

    /// The schema with its name, and an example.
    fn document(&self) -> Value {
        let mut schema = self.schema.clone();
        RecursiveTransform(leave_words_open).transform(&mut schema);
        RecursiveTransform(keep_the_first_paragraph).transform(&mut schema);
        schema.insert("$id".to_owned(), json!(self.file_name()));
        schema.insert("title".to_owned(), json!(format!("{}: {}", self.name, self.place)));
        schema.insert("examples".to_owned(), json!([self.example]));
        schema.to_value()
    }
}

/// A word that is none of those known today is fine: later versions of the program bring more.
fn leave_words_open(schema: &mut Schema) {
    let is_word = |known: &Value| known.get("const").is_some_and(Value::is_string);
    for key in ["oneOf", "enum"] {
        let words = match schema.get(key).and_then(Value::as_array) {
            Some(words) if key == "enum" && words.iter().all(Value::is_string) => json!([{ "enum": words }]),
            Some(words) if key == "oneOf" && words.iter().all(is_word) => json!(words),
            _ => continue,
        };
        let mut words = words.as_array().cloned().unwrap_or_default();
        words.push(json!({ "type": "string", "description": "A word that a later version brings." }));
        schema.remove(key);
        schema.remove("type");
        schema.insert("anyOf".to_owned(), Value::Array(words));
    }
}

/// What follows in a description is for readers of the Rust documentation.
fn keep_the_first_paragraph(schema: &mut Schema) {
    let Some(Value::String(text)) = schema.get_mut("description") else { return };
    *text = text.split("\n\n").next().unwrap_or_default().replace('\n', " ");
}

/// Everything that is a contract, the most important first.
fn contracts() -> Vec<Contract> {
    vec![
        Contract::new::<Message>("message.v1", "a message of the analysis queue", examples::message()),
        Contract::new::<Conversation>(
            "conversation.v1",
            "a metadata document, column `document` of the view documents_v1",
            examples::conversation(),
        ),
        Contract::new::<CallRow>("calls.v1", "a line of `ingest calls --json`", examples::call()),
        Contract::new::<crate::show::Shown>("show.v1", "what `ingest show --json` prints", examples::shown()),
        Contract::new::<crate::analysis::Finished>(
            "analysis-done.v1",
            "a line of `ingest analysis done --json`",
            examples::finished(),
        ),
        Contract::new::<DeadLetterRow>(
            "dead-letters.v1",
            "a line of `ingest dead-letters list --json` and what `show` prints",
            examples::dead_letter(),
        ),
        Contract::new::<crate::dead_letters::SeenTo>(
            "dead-letters-done.v1",
            "a line of `ingest dead-letters retry --json` and `ingest dead-letters drop --json`",
            examples::seen_to(),
        ),
        Contract::new::<crate::check::CheckedSource>(
            "check.v1",
            "a line of `ingest check --json`",
            examples::checked_source(),
        ),
        Contract::new::<crate::setup::SetupSource>(
            "setup.v1",
            "a line of `ingest setup show --json`",
            examples::setup_source(),
        ),
        #[cfg(feature = "genesys")]
        Contract::new::<crate::setup::AudioHookKey>(
            "setup-key.v1",
            "what `ingest setup genesys-audiohook-key --json` prints",
            examples::audiohook_key(),
        ),
        Contract::new::<crate::run::RunReport>("run.v1", "what `ingest run --json` prints at its end", examples::run()),
        Contract::new::<crate::comparing::Compared>(
            "reconcile.v1",
            "a line of `ingest reconcile --json` and `ingest backfill --json`",
            examples::compared(),
        ),
        Contract::new::<PersonRow>("people.v1", "a line of `ingest agents list --json`", examples::person()),
        Contract::new::<ImportReport>(
            "agents-import.v1",
            "what `ingest agents import --json` prints",
            examples::imported(),
        ),
        Contract::new::<crate::agents::SyncedSource>(
            "agents-sync.v1",
            "a line of `ingest agents sync --json`",
            examples::synced(),
        ),
        #[cfg(feature = "demo")]
        Contract::new::<crate::fake::Served>("fake.v1", "what `ingest fake` prints", examples::served()),
        #[cfg(feature = "demo")]
        Contract::new::<crate::demo::DemoReport>("demo.v1", "what `ingest demo --json` prints", examples::demo()),
        #[cfg(feature = "demo")]
        Contract::new::<crate::demo::Line>("script.v1", "a line of the demo's script.jsonl", examples::script()),
    ]
}

impl SchemaArguments {
    pub(crate) fn carry_out(self) -> anyhow::Result<bool> {
        let contracts = contracts();
        if let Some(directory) = self.into {
            for contract in &contracts {
                let path = directory.join(contract.file_name());
                let text = format!("{:#}\n", contract.document());
                fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))?;
            }
            return Ok(true);
        }
        let Some(name) = self.name else {
            contracts.iter().for_each(|contract| println!("{:<18} {}", contract.name, contract.place));
            return Ok(true);
        };
        let Some(contract) = contracts.iter().find(|contract| contract.name == name) else {
            let known: Vec<&str> = contracts.iter().map(|contract| contract.name).collect();
            bail!("there is no contract {name:?}; there are {}", known.join(", "));
        };
        println!("{:#}", contract.document());
        Ok(true)
    }
}

#[cfg(test)]
mod tests;
