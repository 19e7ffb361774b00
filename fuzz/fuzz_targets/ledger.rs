//! Ledger files: a damaged one is an error or loses its torn last line, and what was read can be written again.
#![no_main]

use std::sync::LazyLock;

use connector_folder::{FileLedger, Ledger, Note};
use libfuzzer_sys::fuzz_target;
use tokio::runtime::{Builder, Runtime};

static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| Builder::new_current_thread().build().expect("a runtime"));

fuzz_target!(|bytes: &[u8]| {
    let path = std::env::temp_dir().join(format!("fuzz-ledger-{}", std::process::id()));
    std::fs::write(&path, bytes).expect("a file that can be written");
    if let Ok(ledger) = FileLedger::open(&path) {
        let note = Note { touched: chrono::DateTime::UNIX_EPOCH, text: "x".to_owned() };
        RUNTIME.block_on(async {
            ledger.put(vec![("key".to_owned(), note.clone())]).await.expect("a ledger that opened takes notes");
        });
        drop(ledger);
        let again = FileLedger::open(&path).expect("a ledger opens again");
        let found = RUNTIME.block_on(again.get(&["key".to_owned()])).expect("a ledger can be asked");
        assert_eq!(found, [Some(note)]);
    }
});
