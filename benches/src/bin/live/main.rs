//! Takes the live sound of 1,000 calls of Genesys Cloud.
//!
//! `live take DIR` is our server: it checks the signature of each handshake and writes each session into a WAV file.
//! `live drop` is a bare one, which reads the same messages, answers them and drops the sound; `live drop small` has smaller
//! buffers than its library has by itself. All print where they are, and end once as many sessions are over. `live send URL` is who sends: it says how long pings took.

mod bare;
mod load;
mod ours;

use anyhow::bail;

/// Sessions at a time.
const SESSIONS: usize = 1_000;

/// Frames in a session, of 200 ms each.
const FRAMES: usize = 100;

/// Samples of a channel in a frame.
const SAMPLES: usize = 1_600;

/// The API key, and the client secret in base64.
const KEY: (&str, &str) = ("bWFkZS11cC1rZXk=", "bWFkZS11cC1zZWNyZXQ=");

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    match &words.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["take", directory] => ours::take(directory.as_ref()).await?,
        ["drop"] => bare::drop_all(false).await?,
        ["drop", "small"] => bare::drop_all(true).await?,
        ["send", url] => return load::send(url).await,
        _ => bail!("live take DIR | live drop [small] | live send URL"),
    }
    Ok(benches::tell_peak()?)
}
