//! Settling, and what the jobs say of themselves.

use super::seen::{Miss, Seen, some_of, timely};
use super::stage::{Stage, short_day};
use super::subject::Subject;
use crate::{JobCheck, Outcome, Receipt, SettleOptions};

pub(super) async fn settling(subject: &dyn Subject) -> Seen {
    let stage = Stage::calm(subject, short_day()).await?;
    let settler = stage.connector()?.settler().ok_or_else(|| Miss::not_applicable("it settles nothing"))?;
    let settle = |receipt: Receipt| {
        let settler = settler.clone();
        let settle = async move { settler.settle(&receipt, Outcome::Stored, SettleOptions::default()).await };
        timely(subject.patience(), "settle()", settle)
    };
    let mut hearing = stage.listen().await?;
    stage.hear_all(&mut hearing).await?;
    let receipts: Vec<Receipt> = hearing.heard.events.iter().filter_map(|event| event.receipt.clone()).collect();
    if receipts.is_empty() {
        return Err(Miss::not_applicable("its events carry no receipts"));
    }
    for (time, words) in ["settling", "settling again"].into_iter().enumerate() {
        for receipt in receipts.iter().cycle().skip(time).take(receipts.len()) {
            let settled = settle(receipt.clone()).await?;
            settled.map_err(|error| Miss::failed(format!("{words} failed: {error}")))?;
        }
    }
    for strange in ["", "{}", "[]", "\u{1}no receipt\u{1}"] {
        // An error or nothing: both will do. A panic ends the point.
        let _ = settle(Receipt::new(strange)).await?;
    }
    Ok(format!("{} receipts, each twice, and four that make no sense", receipts.len()))
}

pub(super) async fn checks(subject: &dyn Subject) -> Seen {
    let stage = Stage::calm(subject, short_day()).await?;
    let report = timely(subject.patience(), "check()", stage.connector()?.check()).await?;
    let trouble = |(job, check): &(&str, JobCheck)| match check {
        JobCheck::Ok => None,
        JobCheck::Forbidden { missing, .. } => Some(format!("{job} lacks {missing}")),
        JobCheck::Failed { why, .. } => Some(format!("{job}: {why}")),
    };
    let troubles: Vec<String> = report.jobs.iter().filter_map(trouble).collect();
    if !troubles.is_empty() {
        return Err(Miss::failed(format!("all is well at the vendor's, and yet: {}", some_of(&troubles))));
    }
    match report.jobs.len() {
        0 => Err(Miss::not_applicable("it has no job that can be asked")),
        jobs => Ok(format!("{jobs} jobs can work")),
    }
}
