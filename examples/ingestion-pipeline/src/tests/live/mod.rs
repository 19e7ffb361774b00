//! Sound of calls that go on: every session ends as recordings of its call, or says why it did not.

mod ends;
mod kept;
mod killed;
mod stage;
mod whose;

/// Runs each scenario with a store in memory, on a clock that is paused, and with a store in a file.
macro_rules! with_both_stores {
    ($($name:ident)*) => {
        mod in_memory {
            $(
                #[tokio::test(start_paused = true)]
                async fn $name() {
                    super::$name(crate::tests::live::stage::Stage::new(crate::memory::MemoryStore::new())).await;
                }
            )*
        }
        mod in_a_file {
            $(
                #[tokio::test]
                async fn $name() {
                    let home = tempfile::tempdir().unwrap();
                    let store = crate::sqlite::SqliteStore::open(home.path().join("ingest.db")).await.unwrap();
                    super::$name(crate::tests::live::stage::Stage::new(store)).await;
                }
            )*
        }
    };
}
use with_both_stores;
