//! The other jobs of the centre in memory.

use std::time::Duration;

use async_trait::async_trait;
use connector_core::testing::Fault;
use connector_core::{
    Agent, AgentDirectory, AgentGroup, AgentQuery, AgentRef, Conversation, ConversationHistory, ConversationRef,
    Cursor, Detail, Download, DownloadOptions, Error, Gone, GroupKind, GroupQuery, HistoryLimits, HistoryQuery,
    JobCheck, Listing, Locator, Lookup, LookupOptions, Outcome, Outlook, Page, Receipt, Recording, RecordingDownloader,
    RecordingOptions, RecordingSet, Rejected, Result, SettleOptions, Settler, Stamp, Validator, Vendor,
};
use futures_util::{StreamExt, stream};
use tokio::task::yield_now;

use crate::centre::{Broken, Centre};

/// Rows in a page.
const AT_ONCE: usize = 4;

/// A list in pages with positions. Bad rows stand on the first page.
fn listing<T: Clone + Send + 'static>(
    centre: &Centre,
    name: &'static str,
    rows: Vec<T>,
    resume: Option<Cursor>,
) -> Listing<T> {
    let position = resume.as_ref().map(|position| position.as_str().parse::<usize>());
    if let Some(Err(_)) = position {
        let error = Err(Error::invalid("the position cannot be read"));
        let goes_on = centre.is(Broken::GoesOnAfterError).then(|| Ok(Page::new(Vec::new())));
        return stream::iter(std::iter::once(error).chain(goes_on)).boxed();
    }
    let is_fresh = position.is_none();
    let from = position.and_then(Result::ok).unwrap_or(0);
    if is_fresh && centre.is(Broken::ListsOnce) && centre.state().listed.contains(name) {
        return stream::empty().boxed();
    }
    let from = from + usize::from(!is_fresh && centre.is(Broken::ResumesTooFar));
    let centre = centre.clone();
    stream::unfold(Some(from), move |from| {
        let (rows, centre) = (rows.clone(), centre.clone());
        async move {
            let from = from?;
            if from >= rows.len() {
                centre.state().listed.insert(name);
                return None;
            }
            let loses = centre.is(Broken::LosesPageWhenDropped);
            if loses && !centre.state().lost_pages.insert((name, from)) {
                return Some((Ok(Page::new(Vec::new())), Some(from + AT_ONCE)));
            }
            yield_now().await;
            centre.state().lost_pages.remove(&(name, from));
            let to = (from + AT_ONCE).min(rows.len());
            let mut page = Page::new(rows[from..to].to_vec());
            page.resume = (to < rows.len()).then(|| Cursor::new(to.to_string()));
            if from == 0 {
                if centre.is(Broken::BadRowEndsListing) && centre.0.plan.bad_rows > 0 {
                    return Some((Err(Error::invalid("a row that cannot be read")), None));
                }
                let bad = |row| Rejected::new(format!("row {row}"), "no_id", "it has no id");
                page.rejected.extend((0..centre.0.plan.bad_rows).map(bad));
            }
            Some((Ok(page), Some(to)))
        }
    })
    .boxed()
}

#[derive(Debug)]
pub(crate) struct Directory(pub(crate) Centre);

impl Directory {
    fn agents(&self) -> Vec<Agent> {
        let left_out = usize::from(self.0.is(Broken::LeavesSomebodyOut));
        let agents = &self.0.0.plan.scenario.agents[left_out..];
        agents.iter().map(|agent| Agent::new(AgentRef::default().with_id(&agent.id))).collect()
    }
}

#[async_trait]
impl AgentDirectory for Directory {
    fn list_agents(&self, query: AgentQuery) -> Listing<Agent> {
        listing(&self.0, "agents", self.agents(), query.resume)
    }

    fn list_groups(&self, query: GroupQuery) -> Listing<AgentGroup> {
        let groups = &self.0.0.plan.scenario.groups;
        let groups = groups.iter().map(|group| AgentGroup::new(&group.id, GroupKind::Group, &group.name)).collect();
        listing(&self.0, "groups", groups, query.resume)
    }

    async fn find_agent(&self, who: &AgentRef, _: LookupOptions) -> Result<Option<Agent>> {
        Ok(self.agents().into_iter().find(|agent| agent.who.may_be(who)))
    }

    async fn check(&self) -> JobCheck {
        if self.0.is(Broken::CheckFails) {
            return JobCheck::Failed { why: "a bad day".into(), advice: "come again tomorrow".into() };
        }
        JobCheck::Ok
    }
}

#[derive(Debug)]
pub(crate) struct History(pub(crate) Centre);

impl History {
    fn calls(&self) -> Vec<Conversation> {
        let played = self.0.state().calls;
        (0..played).map(|call| self.call(call)).collect()
    }

    fn call(&self, index: usize) -> Conversation {
        let told = &self.0.0.plan.scenario.calls[index];
        let mut call = Conversation::new(ConversationRef::new(self.0.conversation(index)), Vendor::named("memory"));
        (call.started, call.ended) = (Some(Stamp::vendor(told.started)), Some(Stamp::vendor(told.ended())));
        call.detail = Detail::Full;
        call
    }
}

#[async_trait]
impl ConversationHistory for History {
    fn limits(&self) -> HistoryLimits {
        HistoryLimits::lagging(Duration::ZERO)
    }

    fn ended(&self, query: HistoryQuery) -> Listing<Conversation> {
        let is_in = |call: &Conversation| call.ended.is_some_and(|ended| (query.from..query.to).contains(&ended.at));
        let calls = self.calls().into_iter().filter(is_in).collect();
        listing(&self.0, "history", calls, query.resume)
    }

    async fn conversation(&self, of: &ConversationRef, _: LookupOptions) -> Result<Lookup<Conversation>> {
        match self.calls().into_iter().find(|call| call.this.id == of.id) {
            Some(call) => Ok(Lookup::Ready(call)),
            None if self.0.is(Broken::UnknownIsError) => Err(Error::not_found("there is no such call")),
            None => Ok(Lookup::Gone(Gone::Unknown)),
        }
    }

    async fn check(&self) -> JobCheck {
        JobCheck::Ok
    }
}

#[derive(Debug)]
pub(crate) struct Recordings(pub(crate) Centre);

#[async_trait]
impl RecordingDownloader for Recordings {
    fn patience(&self) -> Duration {
        Duration::from_secs(60)
    }

    async fn recordings(&self, of: &[Conversation], _: RecordingOptions) -> Vec<Result<RecordingSet>> {
        let calls = &self.0.0.plan.scenario.calls;
        let answer = |of: &Conversation| {
            let found = (0..calls.len()).find(|call| self.0.conversation(*call) == of.this.id);
            match found.filter(|call| calls[*call].recorded) {
                Some(_) if self.0.0.plan.faults.fire(Fault::NotReady) => {
                    let later = Outlook::More { retry_after: Duration::from_secs(2) };
                    let outlook = if self.0.is(Broken::NotReadyIsNever) { Outlook::Never } else { later };
                    Ok(RecordingSet::new(Vec::new(), outlook))
                }
                Some(call) => {
                    let recording = Recording::new("1", of.this.clone(), Locator::new(call.to_string()));
                    Ok(RecordingSet::new(vec![recording], Outlook::Complete))
                }
                None => Ok(RecordingSet::new(Vec::new(), Outlook::Never)),
            }
        };
        let mut answers: Vec<_> = of.iter().map(answer).collect();
        if self.0.is(Broken::MixesAnswers) {
            answers.reverse();
        }
        answers
    }

    async fn download(&self, recording: &Recording, options: DownloadOptions) -> Result<Lookup<Download>> {
        if self.0.state().deleted {
            return match self.0.is(Broken::GoneIsError) {
                true => Err(Error::not_found("there is no such recording")),
                false => Ok(Lookup::Gone(Gone::Deleted)),
            };
        }
        // One that is no good is replaced by a fresh one, which nobody notices.
        if self.0.0.plan.faults.fire(Fault::ExpiredLink) && self.0.is(Broken::TrustsOldLinks) {
            return Err(Error::forbidden("the link to the recording has ended"));
        }
        let call: usize = recording.locator.as_str().parse().map_err(|_| Error::invalid("a strange place"))?;
        let wav = bytes::Bytes::from(self.0.0.plan.scenario.calls[call].audio.wav());
        let from = usize::try_from(options.from).unwrap().min(wav.len());
        let off = usize::from(from > 0 && self.0.is(Broken::WrongByte));
        let rest = wav.slice(from - off..wav.len() - off);
        let pieces = match from == 0 && self.0.0.plan.faults.fire(Fault::CutDownload) {
            true => vec![Ok(rest.slice(..rest.len() / 2)), Err(Error::transient("the download broke off"))],
            false => vec![Ok(rest)],
        };
        let mut download = Download::new(stream::iter(pieces).boxed());
        (download.from, download.size) = (options.from, Some(wav.len() as u64));
        download.validator = Some(Validator::new("v1"));
        Ok(Lookup::Ready(download))
    }

    async fn check(&self) -> JobCheck {
        JobCheck::Ok
    }
}

#[derive(Debug)]
pub(crate) struct Settles(pub(crate) Centre);

#[async_trait]
impl Settler for Settles {
    async fn settle(&self, receipt: &Receipt, _: Outcome, _: SettleOptions) -> Result<()> {
        let Some(of) = receipt.as_str().strip_prefix("receipt-") else {
            assert!(!self.0.is(Broken::PanicsOnReceipts), "every receipt is one of ours");
            return Err(Error::invalid("a receipt that this connector did not make"));
        };
        let is_new = self.0.state().settled.insert(of.to_owned());
        match !is_new && self.0.is(Broken::SettlesOnce) {
            true => Err(Error::not_found("that was settled before")),
            false => Ok(()),
        }
    }
}
