//! The work on conversations: from a row of work to a call that is stored and handed on.

mod attempt;
mod consumer;
pub(crate) mod ends;
mod live;
mod media;
mod rejections;
mod silence;
mod upload;
mod workers;

pub(crate) use consumer::Consumer;
#[cfg(test)]
pub(crate) use consumer::LEASE;
pub(crate) use rejections::Rejections;
pub(crate) use silence::SILENCE;
pub(crate) use workers::Workers;
