//! The recordings that events name.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use connector_core::{
    Conversation, ConversationRef, Download, DownloadOptions, Gone, Locator, Lookup, Outcome, Outlook, Recording,
    RecordingDownloader, RecordingOptions, Speaker, Validator, Vendor, wav,
};
use futures_util::TryStreamExt;

use crate::common::{JSON, STEM, Source, facts, json, wav as wav_name};

fn sound() -> Vec<u8> {
    let mut file = wav::Layout::pcm16(2, 8000).header(32_000);
    file.extend((0..32_000u32).map(|n| (n / 7) as u8));
    file
}

async fn dropped(source: &Source) -> connector_core::CallEvent {
    source.folder.upload(&wav_name(STEM), sound());
    source.folder.upload(&json(STEM), r#"{"direction": "in"}"#);
    source.listen().event().await
}

async fn fetch(source: &Source, recording: &Recording, options: DownloadOptions) -> Lookup<Download> {
    source.calls.recordings().download(recording, options).await.unwrap()
}

async fn bytes(lookup: Lookup<Download>) -> Vec<u8> {
    let Lookup::Ready(download) = lookup else { panic!("{lookup:?}") };
    download.bytes.try_collect::<Vec<Bytes>>().await.unwrap().concat()
}

#[tokio::test(start_paused = true)]
async fn an_event_brings_all_that_is_known_of_its_recording() {
    let source = Source::set(|config| config.channels = Some(vec![Speaker::Customer, Speaker::Agent]));
    let event = dropped(&source).await;
    let call = facts(&event);
    let recording = &call.recordings[0];
    assert_eq!((recording.size, recording.length), (Some(32_044), Some(Duration::from_secs(1))));
    assert_eq!(recording.media_type.as_deref(), Some("audio/wav"));
    assert_eq!(recording.channels.as_deref(), Some(&[Speaker::Customer, Speaker::Agent][..]));
    assert_eq!(call.ended.unwrap().to_string(), "2026-11-02T09:15:01Z", "by the length of the recording");
    assert_eq!(bytes(fetch(&source, recording, DownloadOptions::default()).await).await, sound());
    let job: Arc<dyn RecordingDownloader> = Arc::new(source.calls.recordings());
    let sets = job.recordings(std::slice::from_ref(call), RecordingOptions::default()).await;
    let set = sets.into_iter().next().unwrap().unwrap();
    assert_eq!((set.items, set.outlook), (call.recordings.clone(), Outlook::Complete));
}

#[tokio::test(start_paused = true)]
async fn speakers_are_not_claimed_for_a_recording_with_other_channels() {
    let source = Source::set(|config| config.channels = Some(vec![Speaker::Mixed]));
    assert_eq!(facts(&dropped(&source).await).recordings[0].channels, None);
}

#[tokio::test(start_paused = true)]
async fn a_recording_that_is_no_sound_is_taken_without_its_length() {
    let source = Source::new();
    source.folder.upload(&wav_name(STEM), "this is no WAV file");
    source.folder.upload(&json(STEM), JSON);
    assert_eq!(facts(&source.listen().event().await).recordings[0].length, None);
}

#[tokio::test(start_paused = true)]
async fn a_download_goes_on_where_it_was_cut() {
    let source = Source::new();
    let event = dropped(&source).await;
    let recording = &facts(&event).recordings[0];
    let Lookup::Ready(whole) = fetch(&source, recording, DownloadOptions::default()).await else { panic!() };
    assert_eq!((whole.from, whole.size), (0, Some(32_044)));
    assert_eq!(whole.validator, recording.validator);
    let mut rest = DownloadOptions::default();
    (rest.from, rest.validator) = (30_000, whole.validator);
    assert_eq!(bytes(fetch(&source, recording, rest).await).await, sound()[30_000..]);
}

#[tokio::test(start_paused = true)]
async fn the_bytes_of_another_version_are_never_handed_out() {
    let source = Source::new();
    let event = dropped(&source).await;
    let recording = &facts(&event).recordings[0];
    source.folder.upload(&wav_name(STEM), "RIFF, corrected");
    let error = source.calls.recordings().download(recording, DownloadOptions::default()).await.unwrap_err();
    assert!(error.is_changed() && error.to_string().starts_with("acme/drop: download: "), "{error}");
}

#[tokio::test(start_paused = true)]
async fn a_recording_that_is_gone_is_an_answer_and_a_strange_place_is_an_error() {
    let source = Source::new();
    let event = dropped(&source).await;
    source.settle(event.receipt.as_ref().unwrap(), Outcome::Stored).await.unwrap();
    let answer = fetch(&source, &facts(&event).recordings[0], DownloadOptions::default()).await;
    assert!(matches!(answer, Lookup::Gone(Gone::Deleted)), "{answer:?}");

    let strange = Recording::new("1", ConversationRef::new("c"), Locator::new("../../etc/passwd"));
    let job = source.calls.recordings();
    assert!(job.download(&strange, DownloadOptions::default()).await.unwrap_err().is_invalid());
    let leading_out = Locator::new(r#"{"p":"../x.wav","v":{"size":1}}"#);
    let strange = Recording::new("1", ConversationRef::new("c"), leading_out);
    assert!(job.download(&strange, DownloadOptions::default()).await.unwrap_err().is_invalid());
    let call = Conversation::new(ConversationRef::new("c"), Vendor::UNIVERSAL);
    let sets = job.recordings(&[call], RecordingOptions::default()).await;
    assert_eq!(sets[0].as_ref().unwrap().outlook, Outlook::Never);
    assert_eq!(job.patience(), Duration::ZERO);
    assert!(Validator::new("x") != facts(&event).recordings[0].validator.clone().unwrap());
}
