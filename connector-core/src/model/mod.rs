//! What is said about calls: the vocabulary that all connectors share. Nothing here reads, writes or waits.

mod agent;
mod conversation;
mod event;
mod leg;
mod personal;
mod raw;
mod recording;
mod revision;
mod seconds;
mod stamp;
mod vendor;

pub use agent::{Agent, AgentGroup, AgentRef, AgentState, GroupKind, GroupRef};
pub use conversation::{Alias, Attributes, Conversation, ConversationRef, Detail, Direction, Expected, Segment};
pub use event::{CallEvent, CallEventKind, EventKey, EventTraits, Gap, Item, Replay};
pub use leg::{Hold, Leg, Named, Totals};
pub use personal::{EmailAddress, Login, PersonName, PhoneNumber};
pub use raw::{Raw, RawFormat, RawPolicy};
pub use recording::{Download, Locator, Outlook, Recording, RecordingKind, RecordingSet, Speaker, Validator};
pub use revision::Revision;
pub use stamp::{Stamp, StampSource, Zone};
pub use vendor::Vendor;
