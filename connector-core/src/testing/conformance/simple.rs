//! A subject in one expression.

use std::collections::BTreeSet;

use async_trait::async_trait;

use super::{Fake, Plan, Subject};
use crate::testing::Fault;
use crate::{CallEventKind, Result};

/// A [`Subject`] whose fakes start at once: the kinds that its vendor tells at least, the faults that it can inject, and how a
/// fake is made for a plan. The usual waits are for a clock that is paused.
pub fn subject<F: Fake + 'static>(
    least_kinds: impl IntoIterator<Item = CallEventKind>,
    faults: impl IntoIterator<Item = Fault>,
    start: impl Fn(&Plan) -> F + Send + Sync,
) -> impl Subject {
    Simple { least_kinds: least_kinds.into_iter().collect(), faults: faults.into_iter().collect(), start }
}

struct Simple<S> {
    least_kinds: BTreeSet<CallEventKind>,
    faults: BTreeSet<Fault>,
    start: S,
}

#[async_trait]
impl<F: Fake + 'static, S: Fn(&Plan) -> F + Send + Sync> Subject for Simple<S> {
    async fn start(&self, plan: &Plan) -> Result<Box<dyn Fake>> {
        Ok(Box::new((self.start)(plan)))
    }

    fn least_kinds(&self) -> BTreeSet<CallEventKind> {
        self.least_kinds.clone()
    }

    fn faults(&self) -> BTreeSet<Fault> {
        self.faults.clone()
    }
}
