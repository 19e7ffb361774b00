//! `ingest check`: can every job of every source work?

use connector_core::{CheckReport, JobCheck, Origin};
use futures_util::future::join_all;
use serde::Serialize;

use crate::config::Config;
use crate::output::print_json;
use crate::places::Places;
use crate::sources::Surroundings;

/// How it went, for the exit code.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    AllWell,
    SomeCannotWork,
}

pub(crate) async fn carry_out(config: Config, json: bool) -> anyhow::Result<Verdict> {
    let store = Places::new(&config.data).make().await?;
    let surroundings = Surroundings::new(&store).reachable(config.listen.as_ref()).await?;
    let asked = config.sources.into_iter().map(|source| async {
        let origin = Origin::new(&source.tenant, &source.name);
        match surroundings.connect(source) {
            Ok(connector) => connector.check().await,
            Err(error) => {
                let (why, advice) = (error.to_string(), error.advice().unwrap_or_default().to_owned());
                CheckReport::new(origin, vec![("source", JobCheck::Failed { why, advice })])
            }
        }
    });
    let reports = join_all(asked).await;
    store.close().await;
    if json {
        reports.iter().map(CheckedSource::from).try_for_each(|report| print_json(&report))?;
    } else {
        println!("{}", told(&reports));
    }
    let all_well = reports.iter().all(CheckReport::is_ok);
    Ok(if all_well { Verdict::AllWell } else { Verdict::SomeCannotWork })
}

/// What the jobs of a source said: a line of `ingest check --json`.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub(crate) struct CheckedSource {
    /// Whose source it is.
    pub(crate) tenant: String,
    /// The source.
    pub(crate) source: String,
    /// Whether every job can work.
    pub(crate) ok: bool,
    /// What each job said.
    pub(crate) jobs: Vec<CheckedJob>,
}

/// What a job of a source said.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub(crate) struct CheckedJob {
    /// `agents`, `events`, `history`, `recordings` or `live audio`; `source` where there is no connector to ask.
    pub(crate) job: String,
    /// `ok`, `forbidden`, `failed` or `unknown`.
    pub(crate) state: String,
    /// What is missing, or what was said or seen.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) what: Option<String>,
    /// What to do.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) advice: Option<String>,
}

impl From<&CheckReport> for CheckedSource {
    fn from(report: &CheckReport) -> Self {
        let job = |(job, check): &(&str, JobCheck)| {
            let (state, detail) = parts(check);
            let (what, advice) = detail.map(|(what, advice)| (what.to_owned(), advice.to_owned())).unzip();
            CheckedJob { job: (*job).to_owned(), state: state.to_lowercase(), what, advice }
        };
        Self {
            tenant: report.origin.tenant.to_string(),
            source: report.origin.source.to_string(),
            ok: report.is_ok(),
            jobs: report.jobs.iter().map(job).collect(),
        }
    }
}

/// The word for a check, and what is to be said of it.
fn parts(check: &JobCheck) -> (&'static str, Option<(&str, &str)>) {
    match check {
        JobCheck::Ok => ("ok", None),
        JobCheck::Forbidden { missing, advice } => ("FORBIDDEN", Some((missing, advice))),
        JobCheck::Failed { why, advice } => {
            // What an error says of itself ends with its advice.
            let what = why.strip_suffix(advice.as_str()).and_then(|what| what.strip_suffix("; ")).unwrap_or(why);
            ("FAILED", Some((what, advice)))
        }
        _ => ("unknown", None),
    }
}

/// A line for each source, with what is wrong below it.
fn told(reports: &[CheckReport]) -> String {
    let name = |report: &CheckReport| format!("{} / {}", report.origin.tenant, report.origin.source);
    let cell = |(job, check): &(&str, JobCheck)| format!("{job} {}", parts(check).0);
    let widest = |texts: &mut dyn Iterator<Item = String>| texts.map(|text| text.chars().count()).max().unwrap_or(0);
    let name_width = widest(&mut reports.iter().map(name));
    let columns = reports.iter().map(|report| report.jobs.len()).max().unwrap_or(0);
    let widths: Vec<usize> =
        (0..columns).map(|n| widest(&mut reports.iter().filter_map(|report| report.jobs.get(n).map(cell)))).collect();
    let mut lines = Vec::new();
    for report in reports {
        let cells = report.jobs.iter().zip(&widths).map(|(job, width)| format!("{:<width$}", cell(job)));
        let line = format!("{:<name_width$}   {}", name(report), cells.collect::<Vec<_>>().join("    "));
        lines.push(line.trim_end().to_owned());
        for (job, check) in &report.jobs {
            if let (_, Some((what, advice))) = parts(check) {
                lines.push(format!("    {job}: {what}"));
                lines.extend((!advice.is_empty()).then(|| format!("    {advice}")));
            }
        }
    }
    let jobs: Vec<&JobCheck> = reports.iter().flat_map(|report| &report.jobs).map(|(_, check)| check).collect();
    let broken = jobs.iter().filter(|check| !matches!(check, JobCheck::Ok)).count();
    if broken > 0 {
        lines.push(format!("exit code 3: {broken} of {} jobs cannot work", jobs.len()));
    }
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(source: &str, history: JobCheck, recordings: JobCheck) -> CheckReport {
        let jobs =
            vec![("agents", JobCheck::Ok), ("events", JobCheck::Ok), ("history", history), ("recordings", recordings)];
        CheckReport::new(Origin::new("acme", source), jobs)
    }

    #[test]
    fn what_cannot_work_is_said_below_its_source() {
        let failed = JobCheck::Failed {
            why: "Five9 answered \"Unable to find report Call Log Reports/Call Log\".".to_owned(),
            advice: "Share that report with the API user, or set report.name.".to_owned(),
        };
        let forbidden = JobCheck::Forbidden {
            missing: "Genesys misses the permission recording:recording:view.".to_owned(),
            advice: "Give it to a role of the OAuth client.".to_owned(),
        };
        let reports = [report("five9-us", failed, JobCheck::Ok), report("genesys-us", JobCheck::Ok, forbidden)];
        insta::assert_snapshot!(told(&reports), @r#"
        acme / five9-us     agents ok    events ok    history FAILED    recordings ok
            history: Five9 answered "Unable to find report Call Log Reports/Call Log".
            Share that report with the API user, or set report.name.
        acme / genesys-us   agents ok    events ok    history ok        recordings FORBIDDEN
            recordings: Genesys misses the permission recording:recording:view.
            Give it to a role of the OAuth client.
        exit code 3: 2 of 8 jobs cannot work
        "#);
    }

    #[test]
    fn an_advice_is_given_once() {
        let error = connector_core::Error::storage("the folder is away").advise("mount it");
        let failed = JobCheck::Failed { why: error.to_string(), advice: "mount it".to_owned() };
        let lines = told(&[report("drop", JobCheck::Ok, failed)]);
        assert!(lines.contains("    recordings: the folder is away\n    mount it\n"), "{lines}");
        assert_eq!(lines.matches("mount it").count(), 1);
    }

    #[test]
    fn nothing_is_added_where_all_is_well() {
        let reports = [report("drop", JobCheck::Ok, JobCheck::Ok)];
        assert_eq!(told(&reports), "acme / drop   agents ok    events ok    history ok    recordings ok");
    }
}
