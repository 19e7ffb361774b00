//! Which recordings a call has, and when they can be fetched.

use std::collections::BTreeMap;
use std::time::Duration;

use connector_core::testing::http::{Answer, Request};
use connector_core::testing::{FaultPlan, Scenario};
use connector_core::{
    Conversation, ConversationRef, DownloadOptions, Gone, JobCheck, Lookup, Outlook, Recording, RecordingDownloader,
    RecordingKind, Stamp, Vendor,
};
use connector_genesys::testing::{Endpoint, Fake};
use connector_genesys::{GenesysConfig, RecordingFormat};
use serde_json::{Value, json};

use super::org::{Org, changed};

fn fake() -> Fake {
    Fake::new(&Scenario::small(7), FaultPlan::none())
}

fn is_metadata(request: &Request) -> bool {
    request.uri().path().ends_with("/recordingmetadata")
}

fn is_single(request: &Request) -> bool {
    request.uri().path().contains("/recordings/")
}

/// An organisation whose answers about a recording by itself are changed so.
fn answering(change: impl Fn(&mut Value) + Send + Sync + 'static) -> Org {
    let between = move |_: &Fake, request: &Request, answer: Answer| {
        if is_single(request) && answer.status == 200 { changed(&answer, &change) } else { answer }
    };
    Org::with(fake(), between, |config| config)
}

/// The call, which ended now.
async fn fresh(org: &Org, call: usize) -> Conversation {
    let mut call = org.facts(call).await;
    call.ended = Some(Stamp::vendor(org.clock.now()));
    call
}

async fn gone(org: &Org, recording: &Recording) -> Lookup<()> {
    match org.genesys.recordings().download(recording, DownloadOptions::default()).await.unwrap() {
        Lookup::Ready(_) => Lookup::Ready(()),
        Lookup::NotReady { retry_after } => Lookup::NotReady { retry_after },
        Lookup::Gone(why) => Lookup::Gone(why),
    }
}

#[tokio::test(start_paused = true)]
async fn a_recording_says_what_it_is_and_of_which_legs() {
    for (format, media_type, word) in [
        (RecordingFormat::Wav, "audio/wav", "WAV"),
        (RecordingFormat::OggOpus, "audio/ogg", "OGG_OPUS"),
        (RecordingFormat::Mp3, "audio/mpeg", "MP3"),
    ] {
        let org = Org::with(fake(), |_, _, answer| answer, |config| config.with_recording_format(format));
        let index = org.call_with(2);
        let call = org.facts(index).await;
        let set = org.set(&call).await;
        assert_eq!((set.items.len(), set.outlook), (1, Outlook::Complete));
        let (recording, told) = (&set.items[0], &org.fake.scenario().calls[index]);
        assert_eq!(recording.id, org.fake.recording_id(index));
        assert_eq!((recording.kind, recording.part, recording.redacted), (RecordingKind::Call, None, None));
        assert_eq!(recording.started.unwrap().at, told.legs()[0].answered);
        assert_eq!(recording.legs, call.legs.iter().map(|leg| leg.id.clone()).collect::<Vec<_>>());
        assert_eq!(recording.media_type.as_deref(), Some(media_type));
        assert!(org.fake.requests().iter().any(|asked| asked.query.contains(&("formatId".into(), word.into()))));
    }
}

#[tokio::test(start_paused = true)]
async fn every_shape_of_not_ready_is_waited_for_along_the_ladder() {
    type Shape = (&'static str, fn(&Answer) -> Answer, u64);
    let shapes: [Shape; 10] = [
        (
            "202 with an estimate",
            |answer| {
                changed(answer, |body| {
                    body["mediaUris"] = Value::Null;
                    body["estimatedTranscodeTimeMs"] = json!(9_000);
                })
                .with_status(202)
            },
            9,
        ),
        (
            "202 with a short estimate",
            |answer| {
                changed(answer, |body| {
                    body.as_object_mut().unwrap().remove("mediaUris");
                    body["estimatedTranscodeTimeMs"] = json!(5);
                })
                .with_status(202)
            },
            2,
        ),
        ("202 without a body", |_| Answer::new(202), 30),
        ("200 without a body", |_| Answer::new(200), 30),
        ("an empty list", |_| Answer::json(&json!([])), 30),
        ("null", |_| Answer::json(&Value::Null), 30),
        (
            "no links",
            |answer| {
                changed(answer, |body| {
                    body.as_object_mut()
                        .unwrap()
                        .retain(|name, _| name != "mediaUris" && name != "estimatedTranscodeTimeMs");
                })
            },
            30,
        ),
        (
            "empty links",
            |answer| {
                changed(answer, |body| {
                    body["mediaUris"] = json!({ "S": { "mediaUri": "" }, "T": {} });
                    body["estimatedTranscodeTimeMs"] = Value::Null;
                })
            },
            30,
        ),
        (
            "uploading",
            |answer| {
                changed(answer, |body| {
                    *body = json!({ "id": body["id"], "fileState": "UPLOADING", "mediaUris": null });
                })
            },
            30,
        ),
        (
            "restoring",
            |answer| {
                changed(answer, |body| {
                    *body = json!({ "id": body["id"], "fileState": "restoring", "mediaUris": [] });
                })
            },
            30,
        ),
    ];
    for (name, shape, seconds) in shapes {
        let between =
            move |_: &Fake, request: &Request, answer: Answer| if is_single(request) { shape(&answer) } else { answer };
        let org = Org::with(fake(), between, |config| config);
        let call = fresh(&org, org.call_with(1)).await;
        let set = org.set(&call).await;
        assert_eq!(set.outlook, Outlook::More { retry_after: Duration::from_secs(seconds) }, "{name}");
        assert!(set.items.is_empty(), "{name}: its files are not known yet");
        tokio::time::advance(Duration::from_secs(10 * 3_600)).await;
        let wait = org.set(&call).await.outlook.retry_after();
        assert!(wait.is_some_and(|wait| wait <= Duration::from_secs(300)), "{name}: it was just asked for");
        tokio::time::advance(Duration::from_secs(14 * 3_600)).await;
        let late = org.set(&call).await;
        assert_eq!((late.items.len(), late.outlook), (1, Outlook::Complete), "{name}");
        assert!(matches!(gone(&org, &late.items[0]).await, Lookup::NotReady { .. }), "{name}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_will_not_come_is_listed_and_gone_of_its_kind() {
    for (change, why) in [
        (json!({ "fileState": "DELETED" }), Gone::Deleted),
        (json!({ "fileState": "error" }), Gone::Failed),
        (json!({ "fileState": "AVAILABLE", "recordingErrorStatus": "EMAIL_TRANSCRIPT_TOO_LARGE" }), Gone::Failed),
        (json!({ "fileState": "ARCHIVED" }), Gone::Archived),
    ] {
        let org = answering(move |body| {
            body.as_object_mut().unwrap().remove("mediaUris");
            change.as_object().unwrap().iter().for_each(|(name, value)| body[name] = value.clone());
        });
        let set = org.set(&fresh(&org, org.call_with(1)).await).await;
        assert_eq!((set.items.len(), set.outlook), (1, Outlook::Complete), "{why}");
        assert_eq!(gone(&org, &set.items[0]).await, Lookup::Gone(why));
    }
}

#[tokio::test(start_paused = true)]
async fn links_decide_and_not_the_state() {
    for state in ["ARCHIVED", "UPLOADING", "SOMETHING_NEW"] {
        let org = answering(move |body| body["fileState"] = json!(state));
        let set = org.set(&fresh(&org, org.call_with(1)).await).await;
        assert_eq!((set.items.len(), set.outlook), (1, Outlook::Complete), "{state}");
        assert_eq!(gone(&org, &set.items[0]).await, Lookup::Ready(()), "{state}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_archived_recording_is_asked_back_once_where_that_is_set() {
    for wanted in [false, true] {
        let org = Org::with(fake(), |_, _, answer| answer, |config| config.with_restore_archived(wanted));
        let index = org.call_with(1);
        org.fake.change(|settings| (settings.archived, settings.restore_asks) = (vec![index], 2));
        let call = fresh(&org, index).await;
        let set = org.set(&call).await;
        if !wanted {
            assert_eq!(gone(&org, &set.items[0]).await, Lookup::Gone(Gone::Archived));
            assert_eq!(org.fake.count(Endpoint::Restore), 0);
            continue;
        }
        assert_eq!(set.outlook, Outlook::More { retry_after: Duration::from_secs(600) });
        for _ in 0..2 {
            assert!(matches!(org.set(&call).await.outlook, Outlook::More { .. }), "it is on its way");
        }
        let back = org.set(&call).await;
        assert_eq!((back.items.len(), back.outlook), (1, Outlook::Complete));
        assert!(org.bytes(&back.items[0]).await.unwrap() == org.fake.scenario().calls[index].audio.wav());
        assert_eq!(org.fake.count(Endpoint::Restore), 1);
    }
}

#[tokio::test(start_paused = true)]
async fn without_the_permission_to_restore_it_is_said_what_is_missing() {
    let org = Org::with(fake(), |_, _, answer| answer, |config| config.with_restore_archived(true));
    Endpoint::Restore.permissions().iter().for_each(|permission| org.fake.forbid(*permission));
    let index = org.call_with(1);
    org.fake.change(|settings| settings.archived = vec![index]);
    let error = recordings_error(&org, index).await;
    assert!(error.is_forbidden() && error.to_string().contains("recording:recording:restore"), "{error}");
}

async fn recordings_error(org: &Org, call: usize) -> connector_core::Error {
    use connector_core::RecordingDownloaderExt;
    org.genesys.recordings().of(&org.facts(call).await).await.unwrap_err()
}

#[tokio::test(start_paused = true)]
async fn a_call_without_recordings_is_waited_for_and_then_has_none() {
    let org = Org::new(FaultPlan::none());
    let silent = org.fake.scenario().calls.iter().position(|call| !call.recorded).unwrap();
    let mut call = fresh(&org, silent).await;
    assert_eq!(org.set(&call).await.outlook, Outlook::Never, "by the vendor's own word");
    call.expected = connector_core::Expected::Unknown;
    let mut waits = Vec::new();
    while let Outlook::More { retry_after } = org.set(&call).await.outlook {
        waits.push(retry_after.as_secs());
        tokio::time::advance(retry_after).await;
    }
    assert_eq!(waits[..7], [30, 60, 120, 300, 600, 1_200, 3_600]);
    assert_eq!(org.set(&call).await.outlook, Outlook::Never);
    let unknown = Conversation::new(ConversationRef::new("no-such-call").with_around(org.clock.now()), Vendor::GENESYS);
    assert!(matches!(org.set(&unknown).await.outlook, Outlook::More { .. }), "it may not be there yet");
}

#[tokio::test(start_paused = true)]
async fn files_of_several_channels_are_parts_in_the_order_of_their_names() {
    let shapes: [fn(&mut Value); 2] = [
        |_| {},
        |body| {
            // As in notifications: a list, here in another order.
            let links = body["mediaUris"].as_object().unwrap().iter();
            let mut list: Vec<Value> = links
                .map(|(name, of)| json!({ "channelId": name, "mediaUri": of["mediaUri"], "waveUri": null }))
                .collect();
            list.reverse();
            body["mediaUris"] = json!(list);
        },
    ];
    for shape in shapes {
        let org = answering(shape);
        org.fake.change(|settings| settings.link_keys = vec!["1".to_owned(), "0".to_owned()]);
        let index = org.call_with(1);
        let set = org.set(&fresh(&org, index).await).await;
        let id = org.fake.recording_id(index);
        let told: Vec<_> = set.items.iter().map(|one| (one.id.clone(), one.part)).collect();
        assert_eq!(told, [(format!("{id}_0"), Some((1, 2))), (format!("{id}_1"), Some((2, 2)))]);
        tokio::time::advance(Duration::from_secs(61)).await;
        for one in &set.items {
            assert!(org.bytes(one).await.unwrap() == org.fake.scenario().calls[index].audio.wav());
        }
    }
}

#[tokio::test(start_paused = true)]
async fn the_media_of_a_call_are_told_apart() {
    let between = |_: &Fake, request: &Request, answer: Answer| {
        if is_metadata(request) {
            return changed(&answer, |body| {
                let trunk = body[0].clone();
                let like = |id: &str, media: Value, subtype: &str, session: Value| {
                    let mut row = trunk.clone();
                    (row["id"], row["media"], row["mediaSubtype"]) = (json!(id), media, json!(subtype));
                    row["sessionId"] = session;
                    row
                };
                *body = json!([
                    like("a-station", json!("audio"), "Station", json!("of-the-agent")),
                    like("b-consult", json!("AUDIO"), "consult", trunk["sessionId"].clone()),
                    like("c-snippet", json!("audio"), "Snippet", Value::Null),
                    like("d-screen", json!("screen"), "Screen", json!("of-the-agent")),
                    like("e-chat", json!("chat"), "", Value::Null),
                    like("f-new", json!("hologram"), "Trunk", Value::Null),
                    like("g-silent", Value::Null, "Trunk", Value::Null),
                    7,
                    { "media": "audio" },
                ]);
            });
        }
        if is_single(request) {
            let id = request.uri().path().rsplit('/').next().unwrap().to_owned();
            let uri = "https://media.example.com/media/1.wav?X-Sig=1";
            let size = if id == "d-screen" {
                request.uri().query().is_some_and(|query| query.contains("formatId"))
            } else {
                false
            };
            assert!(!size, "a screen has a form of its own");
            return Answer::json(&json!({ "id": id, "mediaUris": { "S": { "mediaUri": uri } },
                "annotations": [{ "reason": if id == "a-station" { "SecurePause" } else { "Hold" } }] }));
        }
        answer
    };
    for screens in [false, true] {
        let org = Org::with(fake(), between, |config: GenesysConfig| config.with_screens(screens));
        let mut call = fresh(&org, org.call_with(2)).await;
        let legs: Vec<String> = call.legs.iter().map(|leg| leg.id.clone()).collect();
        call.attributes.insert("session.of-the-agent".to_owned(), legs[1].clone());
        let set = org.set(&call).await;
        let mut told: BTreeMap<_, _> =
            set.items.iter().map(|one| (one.id.as_str(), (one.kind, one.legs.clone(), one.redacted))).collect();
        let screen = told.remove("d-screen");
        assert_eq!(screen, screens.then(|| (RecordingKind::Screen, vec![legs[1].clone()], None)));
        assert_eq!(
            told.into_iter().collect::<Vec<_>>(),
            [
                ("a-station", (RecordingKind::Call, vec![legs[1].clone()], Some(true))),
                ("b-consult", (RecordingKind::Consult, legs.clone(), None)),
                ("c-snippet", (RecordingKind::Snippet, legs.clone(), None)),
                ("g-silent", (RecordingKind::Call, legs.clone(), None)),
            ]
        );
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_ready_is_told_while_the_rest_is_awaited() {
    let between = |_: &Fake, request: &Request, answer: Answer| {
        if is_metadata(request) {
            return changed(&answer, |body| {
                let mut late = body[0].clone();
                late["id"] = json!("late");
                body.as_array_mut().unwrap().push(late);
            });
        }
        if request.uri().path().ends_with("/late") { Answer::new(202) } else { answer }
    };
    let org = Org::with(fake(), between, |config| config);
    let set = org.set(&fresh(&org, org.call_with(1)).await).await;
    assert_eq!(set.items.len(), 1);
    assert!(matches!(set.outlook, Outlook::More { .. }));
}

#[tokio::test(start_paused = true)]
async fn the_permission_for_recordings_is_asked_for_beside_that_for_the_history() {
    let org = Org::new(FaultPlan::none());
    assert!(matches!(org.genesys.recordings().check().await, JobCheck::Ok));
    let call = org.facts(0).await;
    for permission in Endpoint::RecordingMetadata.permissions() {
        org.fake.forbid(*permission);
    }
    let JobCheck::Forbidden { missing, .. } = org.genesys.recordings().check().await else { panic!("it is forbidden") };
    assert_eq!(missing, "recording:recording:view");
    let history = connector_core::ConversationHistory::check(&org.genesys.history()).await;
    assert!(matches!(history, JobCheck::Ok));
    use connector_core::RecordingDownloaderExt;
    let error = org.genesys.recordings().of(&call).await.unwrap_err();
    assert!(error.is_forbidden() && error.advice().is_some_and(|advice| advice.contains(&missing)), "{error}");
}

#[tokio::test(start_paused = true)]
async fn a_recording_that_is_not_there_any_more_is_gone() {
    let org = Org::new(FaultPlan::none());
    let set = org.set(&org.facts(org.call_with(1)).await).await;
    tokio::time::advance(Duration::from_secs(61)).await;
    org.fake.change(|settings| settings.recorded_after = chrono::TimeDelta::days(1_000));
    assert_eq!(gone(&org, &set.items[0]).await, Lookup::Gone(Gone::Deleted));
    let other = Recording::new("1", ConversationRef::new("c"), connector_core::Locator::new("https://example.com"));
    let read = org.genesys.recordings().download(&other, DownloadOptions::default()).await;
    assert!(read.unwrap_err().is_invalid());
}
