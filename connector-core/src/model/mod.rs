//! What is said about calls: the vocabulary that all connectors share. Nothing here reads, writes or waits.

mod agent;
mod attributes;
mod conversation;
mod cursor;
mod event;
mod leg;
mod merge;
mod personal;
mod raw;
mod receipt;
mod recording;
mod reference;
mod rejected;
mod revision;
mod seconds;
mod stamp;
mod vendor;

pub use agent::{Agent, AgentGroup, AgentRef, AgentState, GroupKind, GroupRef};
pub use attributes::Attributes;
pub use conversation::{Conversation, Detail, Direction, Expected, Segment};
pub use cursor::Cursor;
pub use event::{CallEvent, CallEventKind, EventKey, Gap, Item};
pub use leg::{Hold, Leg, Named, Totals};
pub use personal::{EmailAddress, Login, PersonName, PhoneNumber};
pub use raw::{Raw, RawFormat, RawPolicy};
pub use receipt::Receipt;
pub use recording::{Locator, Recording, RecordingKind, Speaker, Validator};
pub use reference::{Alias, ConversationRef};
pub use rejected::Rejected;
pub use revision::Revision;
pub use stamp::{Stamp, StampSource, Zone};
pub use vendor::Vendor;
