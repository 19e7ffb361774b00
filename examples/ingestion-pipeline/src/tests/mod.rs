//! The promises of the pipeline, one test each: nothing lost, nothing stored twice, nobody stopped by another.

mod broken;
mod calls;
mod full;
mod live;
mod pipeline;
mod reconcile;
mod recordings;
mod restart;
mod scope;
mod sources;
mod suite;
mod trouble;
