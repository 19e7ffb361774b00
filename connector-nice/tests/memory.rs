//! A large legacy recording is decoded as it comes. The only test of its process, since it measures the memory of all.
#![cfg(all(feature = "testing", target_os = "linux"))]

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use connector_core::http::{Body, Transport};
use connector_core::testing::http::{InProcess, Request};
use connector_core::testing::{FaultPlan, Scenario, memory};
use connector_core::{
    Context, Conversation, ConversationRef, Lookup, RecordingDownloaderExt, Result, ResumeOptions, Vendor,
};
use connector_nice::testing::Fake;
use connector_nice::{NiceCxone, RecordingsFrom};
use futures_util::{StreamExt, TryStreamExt, stream};
use sha2::{Digest, Sha256};

/// The size of the recording in bytes.
const SIZE: usize = 100 << 20;

/// How much of it is sent at once, in bytes before encoding.
const CHUNK: usize = 48 << 10;

/// How much memory it may take, beside the chunk.
const ALLOWED: usize = 32 << 20;

/// The fake, but for the content of the file.
struct Large(InProcess);

#[async_trait]
impl Transport for Large {
    async fn send(&self, request: Request) -> Result<http::Response<Body>> {
        let is_file = request.uri().query().is_some_and(|query| query.contains("fileName"));
        let is_list = !is_file && request.uri().path().ends_with("/files");
        let mut answer = self.0.send(request).await?;
        if is_list {
            let pieces: Vec<Bytes> =
                std::mem::replace(answer.body_mut(), stream::empty().boxed()).try_collect().await?;
            let mut told: serde_json::Value = serde_json::from_slice(&pieces.concat()).expect("a list of files");
            told["files"].as_array_mut().expect("files").iter_mut().for_each(|file| file["size"] = SIZE.into());
            *answer.body_mut() = stream::iter([Ok(Bytes::from(told.to_string()))]).boxed();
        }
        if is_file {
            let head = Bytes::from_static(br#"{"files":{"fileName":"x.wav","file":""#);
            let chunks = (0..SIZE.div_ceil(CHUNK)).map(|number| Ok(encoded(&content(number))));
            let pieces =
                std::iter::once(Ok(head)).chain(chunks).chain(std::iter::once(Ok(Bytes::from_static(b"\"}}"))));
            *answer.body_mut() = stream::iter(pieces).boxed();
        }
        Ok(answer)
    }
}

impl fmt::Debug for Large {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Large")
    }
}

/// A chunk of the recording, made when it is asked for.
fn content(number: usize) -> Vec<u8> {
    let size = CHUNK.min(SIZE - number * CHUNK);
    let mut bytes: Vec<u8> = (0..size).map(|index| (index.wrapping_mul(number + 7) >> 3) as u8).collect();
    if number == 0 {
        bytes[..12].copy_from_slice(b"RIFF\0\0\0\0WAVE");
    }
    bytes
}

/// Base64 with padding.
fn encoded(bytes: &[u8]) -> Bytes {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = Vec::with_capacity(bytes.len().div_ceil(3) * 4);
    for group in bytes.chunks(3) {
        let bits = group.iter().fold(0u32, |bits, byte| bits << 8 | u32::from(*byte)) << (8 * (3 - group.len()));
        for place in 0..4 {
            let letter = ALPHABET[(bits >> (18 - 6 * place) & 63) as usize];
            text.push(if place <= group.len() { letter } else { b'=' });
        }
    }
    text.into()
}

#[tokio::test]
async fn a_hundred_mebibytes_within_json_take_less_than_32_mebibytes_of_memory() {
    let fake = Fake::new(&Scenario::small(7), FaultPlan::none());
    let call = fake.scenario().calls.iter().position(|call| call.recorded).expect("a recording");
    let config = fake.config().with_recordings_from(RecordingsFrom::LegacyFiles);
    let cx = Context::default().with_transport(Arc::new(Large(InProcess::new(fake.answers()))));
    let nice = NiceCxone::new(config, &cx).expect("the settings make sense");
    let call = Conversation::new(ConversationRef::new(&fake.contact_ids(call)[0]), Vendor::NICE);
    let set = nice.recordings().of(&call).await.expect("an answer");
    assert_eq!(set.items[0].size, Some(SIZE as u64));

    let (before, mut hash, mut size) = (memory::now(), Sha256::new(), 0);
    let Lookup::Ready(whole) = nice.recordings().whole(&set.items[0], ResumeOptions::default()).await.expect("it")
    else {
        panic!("not ready")
    };
    let mut bytes = whole.bytes;
    while let Some(piece) = bytes.try_next().await.expect("bytes") {
        hash.update(&piece);
        size += piece.len();
    }
    assert!(before > 0, "nobody says how much it takes");
    let grown = memory::most().saturating_sub(before);
    let expected = (0..SIZE.div_ceil(CHUNK)).fold(Sha256::new(), |hash, number| hash.chain_update(content(number)));
    assert_eq!((size, hex::encode(hash.finalize())), (SIZE, hex::encode(expected.finalize())));
    assert!(grown < ALLOWED, "{grown} bytes more than before");
    println!("{} KiB", grown >> 10);
}
