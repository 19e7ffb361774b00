//! A session in a file.

use connector_core::{RecordOptions, record_live, wav};

use super::*;

#[tokio::test(start_paused = true)]
async fn the_file_of_a_session_has_each_sound_at_its_time() {
    let mut program = Program::new();
    let (mut client, session) = program.talking().await;
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("call.wav");
    let talk = async {
        client.talk(28).await.unwrap();
        client.pause().await.unwrap();
        client.resume(Duration::from_millis(4_200)).await.unwrap();
        client.talk(10).await.unwrap();
        client.discard(Duration::from_millis(400)).await.unwrap();
        client.talk(12).await.unwrap();
        client.close("end").await.unwrap();
    };
    let recording = record_live(session.into_items(), &path, RecordOptions::default());
    let (recorded, ()) = futures_util::future::join(recording, talk).await;
    let recorded = recorded.unwrap().expect("sound");
    assert_eq!((recorded.length(), recorded.samples), (Duration::from_millis(14_600), client.position()));
    // 0.4 s that the vendor lost.
    assert_eq!((recorded.paused, recorded.lost, recorded.end), (33_600, 3_200, Some(LiveEnd::Finished)));

    let file = std::fs::read(&path).unwrap();
    let header = wav::Header::parse(&file[..4_096.min(file.len())], Some(file.len() as u64)).unwrap();
    let data = header.data_in(file.len() as u64);
    let data = &file[data.start as usize..data.end as usize];
    let (silence, both) = (0xFF, 2);
    for (from, to, is_silent) in [
        (0, 44_800, false),
        (44_800, 78_400, true),
        (78_400, 94_400, false),
        (94_400, 97_600, true),
        (97_600, 116_800, false),
    ] {
        let sound = Client::sound(from, to - from, both);
        let part = &data[from as usize * 2..to as usize * 2];
        let is_as_it_should = if is_silent { part.iter().all(|byte| *byte == silence) } else { part == sound };
        assert!(is_as_it_should, "from {from} to {to}");
    }
    assert_eq!(data.len(), 116_800 * 2);
}
