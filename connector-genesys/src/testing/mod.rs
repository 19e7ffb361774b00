//! For tests of what reads Genesys Cloud: [`fixtures`] holds single answers and messages.

pub mod fixtures;
