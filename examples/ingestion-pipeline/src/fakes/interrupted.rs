//! A store at whose doors work can be interrupted: before it did something, and after, but before anybody knows.

use async_trait::async_trait;
use connector_core::Result;
use tokio::task::yield_now;

use super::failing::FailingStore;
use crate::store::{WorkStore, each_method};

#[derive(Debug)]
pub(crate) struct Interrupted(pub(crate) FailingStore);

macro_rules! interrupted {
    ($(fn $name:ident(&self $(, $arg:ident: $type:ty)* $(,)?) -> $answer:ty;)*) => {
        #[async_trait]
        impl WorkStore for Interrupted {
            $(
                async fn $name(&self $(, $arg: $type)*) -> Result<$answer> {
                    yield_now().await;
                    let answer = self.0.$name($($arg),*).await;
                    yield_now().await;
                    answer
                }
            )*
        }
    };
}

each_method!(interrupted);
