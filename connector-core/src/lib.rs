#![doc = include_str!("../README.md")]

mod agent;
mod agent_index;
mod clock;
mod connector;
mod context;
mod conversation;
mod delivery;
#[cfg(feature = "files")]
mod disk;
mod download;
mod error;
mod event;
#[cfg(feature = "http")]
pub mod http;
#[cfg(feature = "inbound")]
pub mod inbound;
mod jobs;
mod leg;
pub mod length;
mod listing;
mod live;
mod lookup;
pub mod loose;
pub mod matching;
pub mod names;
mod origin;
mod personal;
mod raw;
pub mod reconcile;
mod recording;
mod revision;
pub mod roster;
#[cfg(feature = "files")]
mod save;
mod seat;
mod seconds;
mod secret;
#[cfg(feature = "sockets")]
pub mod socket;
mod stamp;
#[cfg(feature = "testing")]
pub mod testing;
mod vendor;
mod watch;
pub mod wav;

pub use agent::{Agent, AgentGroup, AgentRef, AgentState, GroupKind, GroupRef};
pub use agent_index::AgentIndex;
pub use clock::Clock;
pub use connector::{CheckReport, Connector, JobCheck};
pub use context::Context;
pub use conversation::{Alias, Attributes, Conversation, ConversationRef, Detail, Direction, Expected, Segment};
pub use delivery::{
    Ack, AckSink, Cursor, Delivery, Events, Receipt, Refusal, SourceItem, SourceStatus, SubscribeRequest,
};
pub use download::{RecordingDownloaderExt, ResumeOptions, Resumed, WholeDownload};
pub use error::{Error, Result};
pub use event::{CallEvent, CallEventKind, EventKey, EventTraits, Gap, Item, Replay};
pub use jobs::{
    AgentDirectory, AgentQuery, ConversationHistory, DownloadOptions, EventSource, GroupQuery, HistoryLimits,
    HistoryQuery, LiveAudioSource, LookupOptions, Outcome, Priority, RecordingDownloader, RecordingOptions,
    SettleOptions, Settler,
};
pub use leg::{Hold, Leg, Named, Totals};
pub use listing::{Listing, ListingExt, Page, Rejected, until_error};
pub use live::{
    AudioFormat, Frame, LiveBudget, LiveEnd, LiveFeed, LiveItem, LiveItems, LiveSession, LiveSessions, LostBy,
    Position, SampleFormat, Samples,
};
#[cfg(feature = "files")]
pub use live::{RecordOptions, Recorded, record_live};
pub use lookup::{Gone, Lookup};
pub use origin::Origin;
pub use personal::{EmailAddress, Login, PersonName, PhoneNumber};
pub use raw::{Raw, RawFormat, RawPolicy};
pub use recording::{Download, Locator, Outlook, Recording, RecordingKind, RecordingSet, Speaker, Validator};
pub use revision::Revision;
#[cfg(feature = "files")]
pub use save::{Progress, SaveOptions, Saved};
pub use seat::{Listen, Seat};
pub use secret::{EnvironmentAndFiles, Secret, SecretSource};
pub use stamp::{Stamp, StampSource, Zone};
pub use vendor::Vendor;
pub use watch::{Watch, WatchChanges};
