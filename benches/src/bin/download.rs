//! Saves recordings from a web server on this machine.
//!
//! `download take URL DIR COUNT hashed|plain CUTS` saves `URL/000.mp4` and so on, 16 at once, each cut so often.
//! `download serve FILE` answers every address with that file and cuts `/cut/` after each quarter; it prints where it is.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, bail, ensure};
use connector_core::http::{AccountKey, HttpClient, HttpOptions, Link, MediaOptions};
use connector_core::testing::http::{Answer, Request, TestServer};
use connector_core::{
    Context, Conversation, ConversationRef, Download, DownloadOptions, JobCheck, Locator, Lookup, Recording,
    RecordingDownloader, RecordingDownloaderExt, RecordingOptions, RecordingSet, SaveOptions, Vendor,
};
use futures_util::{StreamExt, TryStreamExt, stream};

const AT_ONCE: usize = 16;

/// Recordings whose locator is their link.
#[derive(Debug)]
struct Recordings(HttpClient);

#[async_trait::async_trait]
impl RecordingDownloader for Recordings {
    fn patience(&self) -> Duration {
        Duration::ZERO
    }

    async fn recordings(&self, _: &[Conversation], _: RecordingOptions) -> Vec<connector_core::Result<RecordingSet>> {
        Vec::new()
    }

    async fn download(
        &self,
        recording: &Recording,
        options: DownloadOptions,
    ) -> connector_core::Result<Lookup<Download>> {
        let link = || async { Ok(Lookup::Ready(Link::new(recording.locator.as_str()))) };
        self.0.download(&link, &options, &MediaOptions::default()).await
    }

    async fn check(&self) -> JobCheck {
        JobCheck::Ok
    }
}

async fn take(url: &str, directory: &Path, count: usize, hashed: bool, cuts: u32) -> anyhow::Result<()> {
    let account = AccountKey::new(Vendor::named("acme-cloud"), "tenant-7");
    let client = HttpClient::new(&Context::default(), &account, url.parse()?, &HttpOptions::default())?;
    let job: Arc<dyn RecordingDownloader> = Arc::new(Recordings(client));
    let mut options = SaveOptions::default();
    options.hash = hashed;
    let one = async |number: usize| {
        let name = format!("{number:03}.mp4");
        let locator = Locator::new(format!("{url}/{name}"));
        let recording = Recording::new(&name, ConversationRef::new(&name), locator);
        let Lookup::Ready(saved) = job.save_with(&recording, &directory.join(&name), options.clone()).await? else {
            bail!("{name} is not there");
        };
        ensure!(saved.resumed == cuts, "{name} was cut {} times", saved.resumed);
        Ok(())
    };
    stream::iter((0..count).map(one)).buffer_unordered(AT_ONCE).try_collect().await
}

async fn serve(file: &Path) -> anyhow::Result<()> {
    let content = bytes::Bytes::from(std::fs::read(file)?);
    let quarter = content.len() / 4;
    let server = TestServer::start(move |request: &Request| {
        let answer = Answer::media(request, &content, "\"v1\"");
        if request.uri().path().starts_with("/cut/") { answer.cut_after(quarter) } else { answer }
    })
    .await?;
    println!("{}", server.url());
    std::future::pending().await
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["take", url, directory, count, how @ ("hashed" | "plain"), cuts] => {
            let count = count.parse().context("COUNT is a number")?;
            take(url, directory.as_ref(), count, how == "hashed", cuts.parse().context("CUTS is a number")?).await
        }
        ["serve", file] => serve(file.as_ref()).await,
        _ => bail!("take URL DIR COUNT hashed|plain CUTS or serve FILE"),
    }
}
