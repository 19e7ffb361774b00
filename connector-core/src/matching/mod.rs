//! Joins live sound with the calls that it belongs to.
//!
//! A session names its call, and no agent. Who spoke when is told by the metadata of the call ([`agent_times`]), and
//! [`parts`] cuts the sessions accordingly. Both are for calls that are over. While they go on, a [`Matcher`] joins sessions
//! with the events of calls, for programs that have both.
//!
//! Nothing here reads a clock or does any input or output.

mod matcher;
mod parts;

pub use matcher::{Effect, Input, Matcher, MatcherOptions};
pub use parts::{AgentTime, Keep, Part, SessionTime, agent_times, parts};
