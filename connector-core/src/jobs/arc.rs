//! A job behind an `Arc` is the job: what one connector hands out can be given to another, or be wrapped.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;

use super::{
    AgentDirectory, AgentQuery, ConversationHistory, DownloadOptions, EventSource, Events, GroupQuery, HistoryLimits,
    HistoryQuery, JobCheck, Listing, LiveAudioSource, Lookup, LookupOptions, Outcome, RecordingDownloader,
    RecordingOptions, SettleOptions, Settler, SubscribeRequest,
};
use crate::{
    Agent, AgentGroup, AgentRef, Conversation, ConversationRef, Download, EventTraits, LiveSessions, Receipt,
    Recording, RecordingSet, Result,
};

#[async_trait]
impl<Job: AgentDirectory + ?Sized> AgentDirectory for Arc<Job> {
    fn list_agents(&self, query: AgentQuery) -> Listing<Agent> {
        (**self).list_agents(query)
    }

    fn list_groups(&self, query: GroupQuery) -> Listing<AgentGroup> {
        (**self).list_groups(query)
    }

    async fn find_agent(&self, who: &AgentRef, options: LookupOptions) -> Result<Option<Agent>> {
        (**self).find_agent(who, options).await
    }

    async fn check(&self) -> JobCheck {
        (**self).check().await
    }
}

#[async_trait]
impl<Job: EventSource + ?Sized> EventSource for Arc<Job> {
    fn traits(&self) -> EventTraits {
        (**self).traits()
    }

    fn deliveries(&self, request: SubscribeRequest) -> Events {
        (**self).deliveries(request)
    }

    async fn check(&self) -> JobCheck {
        (**self).check().await
    }
}

#[async_trait]
impl<Job: ConversationHistory + ?Sized> ConversationHistory for Arc<Job> {
    fn limits(&self) -> HistoryLimits {
        (**self).limits()
    }

    fn ended(&self, query: HistoryQuery) -> Listing<Conversation> {
        (**self).ended(query)
    }

    async fn conversation(&self, of: &ConversationRef, options: LookupOptions) -> Result<Lookup<Conversation>> {
        (**self).conversation(of, options).await
    }

    async fn check(&self) -> JobCheck {
        (**self).check().await
    }
}

#[async_trait]
impl<Job: RecordingDownloader + ?Sized> RecordingDownloader for Arc<Job> {
    fn patience(&self) -> Duration {
        (**self).patience()
    }

    async fn recordings(&self, of: &[Conversation], options: RecordingOptions) -> Vec<Result<RecordingSet>> {
        (**self).recordings(of, options).await
    }

    async fn download(&self, recording: &Recording, options: DownloadOptions) -> Result<Lookup<Download>> {
        (**self).download(recording, options).await
    }

    async fn check(&self) -> JobCheck {
        (**self).check().await
    }
}

#[async_trait]
impl<Job: LiveAudioSource + ?Sized> LiveAudioSource for Arc<Job> {
    fn sessions(&self) -> LiveSessions {
        (**self).sessions()
    }

    async fn check(&self) -> JobCheck {
        (**self).check().await
    }
}

#[async_trait]
impl<Job: Settler + ?Sized> Settler for Arc<Job> {
    async fn settle(&self, receipt: &Receipt, outcome: Outcome, options: SettleOptions) -> Result<()> {
        (**self).settle(receipt, outcome, options).await
    }
}
