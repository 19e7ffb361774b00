//! Recordings and their links.

use super::*;

/// The indices of the calls that were recorded, and of one that was not.
fn calls(caller: &Caller) -> (Vec<usize>, Option<usize>) {
    let calls = &caller.fake.scenario().calls;
    ((0..calls.len()).filter(|call| calls[*call].recorded).collect(), calls.iter().position(|call| !call.recorded))
}

fn path(caller: &Caller, call: usize) -> String {
    let id = &caller.fake.scenario().calls[call].id;
    format!("/api/v2/conversations/{id}/recordings/{}?formatId=WAV&download=true", caller.fake.recording_id(call))
}

/// The path and query of a link.
fn link(recording: &Value, key: &str) -> String {
    let url: url::Url = text(&recording["mediaUris"][key]["mediaUri"]).parse().expect("a link");
    format!("{}?{}", url.path(), url.query().expect("a signature"))
}

#[test]
fn a_recording_is_listed_then_linked_then_fetched_without_a_token() {
    let caller = Caller::calm();
    let (recorded, never) = calls(&caller);
    for call in recorded {
        let told = &caller.fake.scenario().calls[call];
        let listed = list(&caller.good(&format!("/api/v2/conversations/{}/recordingmetadata", told.id)));
        assert_eq!((listed.len(), &listed[0]["id"]), (1, &json!(caller.fake.recording_id(call))));
        assert!(listed[0]["mediaUris"].is_null());
        let recording = caller.good(&path(&caller, call));
        let audio = caller.send("GET", &link(&recording, "S"), None, "");
        assert_eq!(audio.body, told.audio.wav());
        assert_eq!(recording["outputSizeInBytes"], audio.body.len());
    }
    let never = never.expect("one call of twelve has none");
    let id = &caller.fake.scenario().calls[never].id;
    assert_eq!(caller.good(&format!("/api/v2/conversations/{id}/recordingmetadata")), json!([]));
    assert_eq!(caller.get(&path(&caller, never)).status, 404);
    assert_eq!(caller.fake.leaked_tokens(), 0);
}

#[test]
fn a_recording_that_is_not_ready_says_so_in_every_form() {
    let caller = Caller::calm();
    caller.fake.change(|settings| settings.not_ready_asks = 3);
    let path = path(&caller, calls(&caller).0[0]);
    let answers: Vec<Answer> = (0..3).map(|_| caller.get(&path)).collect();
    assert_eq!(answers.iter().map(|answer| answer.status.as_u16()).collect::<Vec<_>>(), [202, 200, 200]);
    assert!(body(&answers[0])["estimatedTranscodeTimeMs"].is_number() && answers[1].body.is_empty());
    assert_eq!(body(&answers[2])["fileState"], "UPLOADING");
    assert!(answers.iter().all(|answer| body(answer)["mediaUris"].is_null()));
    assert!(caller.good(&path)["mediaUris"].is_object());
    caller.fake.change(|settings| settings.not_ready = Some(NotReady::Empty));
    let other = self::path(&caller, calls(&caller).0[1]);
    assert!((0..3).all(|_| caller.get(&other).body.is_empty()));
}

#[test]
fn a_store_refuses_tokens_and_links_that_nobody_signed() {
    let caller = Caller::calm();
    let link = link(&caller.good(&path(&caller, calls(&caller).0[0])), "S");
    assert_eq!(caller.get(&link).status, 400);
    assert_eq!(caller.fake.leaked_tokens(), 1);
    assert_eq!(caller.send("GET", &link.replace("X-Sig=0", "X-Sig=1"), None, "").status, 403);
    assert_eq!(caller.send("GET", "/media/99.wav?X-Sig=00000063", None, "").status, 403);
}

#[tokio::test(start_paused = true)]
async fn a_link_ends_and_a_new_one_works() {
    let caller = Caller::calm();
    caller.fake.change(|settings| settings.link_life = std::time::Duration::from_secs(120));
    assert_eq!(caller.good("/api/v2/recording/settings")["recordingPlaybackUrlTtl"], 2);
    let path = path(&caller, calls(&caller).0[0]);
    let old = link(&caller.good(&path), "S");
    tokio::time::advance(std::time::Duration::from_secs(120)).await;
    assert_eq!(caller.send("GET", &old, None, "").status, 403);
    assert_eq!(caller.send("GET", &link(&caller.good(&path), "S"), None, "").status, 200);
}

#[test]
fn what_is_in_the_archive_has_no_link_and_two_channels_have_two() {
    let caller = Caller::calm();
    let recorded = calls(&caller).0;
    caller.fake.change(|settings| {
        settings.archived = vec![recorded[0]];
        settings.link_keys = vec!["0".to_owned(), "1".to_owned()];
    });
    let archived = caller.good(&path(&caller, recorded[0]));
    assert_eq!((&archived["fileState"], &archived["mediaUris"]), (&json!("ARCHIVED"), &Value::Null));
    let two = caller.good(&path(&caller, recorded[1]));
    assert_ne!(link(&two, "0"), link(&two, "1"));
}

#[test]
fn a_recording_comes_some_time_after_the_call() {
    let caller = Caller::calm();
    let call = calls(&caller).0[0];
    let told = caller.fake.scenario().calls[call].clone();
    caller.fake.change(|settings| settings.recorded_after = chrono::TimeDelta::seconds(30));
    for (seconds, count) in [(29, 0), (30, 1)] {
        caller.fake.at(told.ended() + chrono::TimeDelta::seconds(seconds));
        let listed = caller.good(&format!("/api/v2/conversations/{}/recordingmetadata", told.id));
        assert_eq!(list(&listed).len(), count);
    }
}

#[test]
fn what_is_asked_back_from_the_archive_comes_after_a_while() {
    let caller = Caller::calm();
    let recorded = calls(&caller).0[0];
    caller.fake.change(|settings| settings.archived = vec![recorded]);
    let path = path(&caller, recorded);
    let archived = caller.good(&path);
    let same = json!({ "archiveDate": archived["archiveDate"] });
    assert_eq!(caller.ask("PUT", &path, &same).status, 400);
    assert_eq!(caller.ask("PUT", &path, &Value::Null).status, 400);
    let asked = caller.ask("PUT", &path, &json!({ "archiveDate": "2027-01-01T00:00:00.000Z" }));
    assert_eq!(body(&asked)["fileState"], "RESTORING");
    let states: Vec<(Value, bool)> = (0..3)
        .map(|_| caller.good(&path))
        .map(|row| (row["fileState"].clone(), row["mediaUris"].is_object()))
        .collect();
    assert_eq!(states, [(json!("RESTORING"), false), (json!("RESTORED"), true), (json!("RESTORED"), true)]);
    caller.fake.forbid("recording:recording:restore");
    assert_eq!(caller.ask("PUT", &path, &json!({ "archiveDate": "2027-01-02T00:00:00.000Z" })).status, 403);
}

#[test]
fn deleted_recordings_say_so_and_their_links_are_void() {
    let caller = Caller::calm();
    let recorded = calls(&caller).0[0];
    let path = path(&caller, recorded);
    let link = link(&caller.good(&path), "S");
    caller.fake.delete_recordings();
    let deleted = caller.good(&path);
    assert_eq!((&deleted["fileState"], &deleted["mediaUris"]), (&json!("DELETED"), &Value::Null));
    assert_eq!(caller.send("GET", &link, None, "").status, 403);
}

#[test]
fn what_is_expected_is_what_the_api_tells() {
    let caller = Caller::calm();
    let recorded = calls(&caller).0;
    caller.fake.change(|settings| {
        (settings.archived, settings.link_keys) = (vec![recorded[0]], vec!["0".to_owned(), "1".to_owned()]);
    });
    let expected = caller.fake.expected();
    assert_eq!(expected.len(), 12);
    for call in expected {
        let history = caller.good(&format!("/api/v2/analytics/conversations/{}/details", call.conversation));
        let legs: Vec<Value> =
            list(&history["participants"]).into_iter().filter(|part| part["userId"].is_string()).collect();
        let ids: Vec<&str> = legs.iter().map(|leg| text(&leg["participantId"])).collect();
        assert_eq!(caller.fake.leg_ids(call.call), ids);
        let users: Vec<&str> = legs.iter().map(|leg| text(&leg["userId"])).collect();
        let agents = &caller.fake.scenario().agents;
        assert_eq!(users, call.agents.iter().map(|agent| agents[*agent].id.as_str()).collect::<Vec<_>>());
        let links = caller.get(&path(&caller, call.call));
        let files = body(&links)["mediaUris"].as_object().map_or(0, |links| links.len());
        assert_eq!(call.recordings.len(), files, "{}", call.conversation);
    }
}

#[test]
fn a_recorded_screen_is_another_recording_of_the_call() {
    let caller = Caller::calm();
    let recorded = calls(&caller).0[0];
    caller.fake.change(|settings| (settings.screens, settings.batch_asks) = (vec![recorded], 0));
    let id = &caller.fake.scenario().calls[recorded].id;
    let listed = list(&caller.good(&format!("/api/v2/conversations/{id}/recordingmetadata")));
    let media: Vec<&Value> = listed.iter().map(|row| &row["media"]).collect();
    assert_eq!(media, ["audio", "screen"]);
    assert_ne!(listed[0]["id"], listed[1]["id"]);
    let screen = caller.good(text(&listed[1]["selfUri"]));
    let file = caller.send("GET", &link(&screen, "S"), None, "");
    assert_eq!((file.status.as_u16(), &file.headers["content-type"]), (200, &"video/webm".parse().expect("a value")));
    let items = json!({ "batchDownloadRequestList": [{ "conversationId": id }] });
    let job = body(&caller.ask("POST", "/api/v2/recording/batchrequests", &items));
    let done = caller.good(text(&job["selfUri"]));
    let kinds: Vec<Value> = list(&done["results"]).iter().map(|row| row["contentType"].clone()).collect();
    assert_eq!((kinds, &done["expectedResultCount"]), (vec![json!("audio/ogg"), json!("video/webm")], &json!(2)));
}
