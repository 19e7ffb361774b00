//! A large recording is handed on as it comes. The only test of its process, since it measures the memory of all.
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
use connector_genesys::Genesys;
use connector_genesys::testing::Fake;
use futures_util::{StreamExt, TryStreamExt, stream};

/// The size of the recording in bytes.
const SIZE: usize = 100 << 20;

/// How much of it is sent at once.
const CHUNK: usize = 64 << 10;

/// How much memory it may take.
const ALLOWED: usize = 32 << 20;

/// The fake, but for the content of the file.
struct Large(InProcess);

#[async_trait]
impl Transport for Large {
    async fn send(&self, request: Request) -> Result<http::Response<Body>> {
        let is_media = request.uri().path().starts_with("/media/");
        let mut answer = self.0.send(request).await?;
        if is_media {
            answer.headers_mut().insert("content-length", SIZE.into());
            *answer.body_mut() = stream::iter((0..SIZE / CHUNK).map(|number| Ok(content(number)))).boxed();
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
fn content(number: usize) -> Bytes {
    (0..CHUNK).map(|index| (index.wrapping_mul(number + 7) >> 3) as u8).collect::<Vec<u8>>().into()
}

#[tokio::test]
async fn a_hundred_mebibytes_take_less_than_32_mebibytes_of_memory() {
    let fake = Fake::new(&Scenario::small(7), FaultPlan::none());
    let call = fake.scenario().calls.iter().find(|call| call.recorded).expect("a recording");
    let cx = Context::default().with_transport(Arc::new(Large(InProcess::new(fake.answers()))));
    let genesys = Genesys::new(fake.config(), &cx).expect("the settings make sense");
    let call = Conversation::new(ConversationRef::new(&call.id), Vendor::GENESYS);
    let set = genesys.recordings().of(&call).await.expect("an answer");
    let before = memory::now();
    let options = ResumeOptions::default();
    let Lookup::Ready(whole) = genesys.recordings().whole(&set.items[0], options).await.expect("it") else {
        panic!("not ready")
    };
    let (mut bytes, mut size) = (whole.bytes, 0);
    while let Some(piece) = bytes.try_next().await.expect("bytes") {
        assert!(piece == content(size / CHUNK));
        size += piece.len();
    }
    assert!(before > 0, "nobody says how much it takes");
    let grown = memory::most().saturating_sub(before);
    assert_eq!(size, SIZE);
    assert!(grown < ALLOWED, "{grown} bytes more than before");
}
