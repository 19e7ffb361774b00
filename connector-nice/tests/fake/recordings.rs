//! Recordings, their links, and legacy files.

use std::time::Duration;

use super::*;

/// A call with two legs that was recorded.
fn passed_on(caller: &Caller) -> usize {
    let calls = caller.fake.scenario().calls.iter();
    calls.clone().position(|call| call.recorded && call.legs().len() == 2).expect("a call that was passed on")
}

/// A caller on a day with a recorded call of two legs.
fn caller(faults: FaultPlan) -> (Caller, usize, String) {
    let caller = Caller::new(60, faults);
    let call = passed_on(&caller);
    let path =
        format!("/media-playback/v1/contacts?acd-call-id={}&media-type=voice-only", caller.fake.contact_ids(call)[0]);
    (caller, call, path)
}

/// The link of an answer in the download form, as a path.
fn link(answer: &Answer) -> String {
    assert_eq!(answer.status, 200);
    let link = body(answer)["redirectUrl"].as_str().expect("a link").to_owned();
    link.strip_prefix("https://media.example.com").expect("another host").to_owned()
}

fn fetch(caller: &Caller, link: &str) -> Answer {
    caller.send("GET", link, None, "")
}

#[test]
fn every_form_of_an_answer_leads_to_the_file() {
    let (caller, call, path) = caller(FaultPlan::none());
    let clip = caller.fake.scenario().calls[call].audio;
    assert_eq!(fetch(&caller, &link(&caller.get(&format!("{path}&isDownload=true")))).body, clip.wav());
    let told = body(&caller.get(&path));
    let data = &told["interactions"][0]["data"];
    assert!(data["fileToPlayUrl"].is_string());
    assert_eq!(data["segmentsDataList"].as_array().map(Vec::len), Some(2));
    assert_eq!(data["participantDataList"].as_array().map(Vec::len), Some(3));
    let shapes = [
        (PlaybackShape::FileToPlayUrl, "/fileToPlayUrl"),
        (PlaybackShape::Interactions, "/interactions/0/data/fileToPlayUrl"),
        (PlaybackShape::UpperInteractions, "/Interactions/0/data/fileToPlayUrl"),
        (PlaybackShape::Value, "/value/Interactions/0/Interaction/data/fileToPlayUrl"),
    ];
    for (shape, place) in shapes {
        caller.fake.change(|settings| settings.playback_shape = shape);
        let told = body(&caller.get(&format!("{path}&isDownload=true")));
        assert!(told.pointer(place).is_some_and(Value::is_string), "{shape:?}: {told}");
    }
    caller.fake.change(|settings| (settings.playback_shape, settings.elevated) = (PlaybackShape::Interactions, true));
    let told = body(&caller.get(&path));
    assert!(told["interactions"][0]["data"]["fileToPlayUrl"].is_null());
    assert!(told["interactions"][1]["data"]["fileToPlayUrl"].is_string());
}

#[test]
fn the_file_of_a_call_grows_with_its_legs_and_each_leg_has_one_of_its_own() {
    let (caller, call, path) = caller(FaultPlan::none());
    let path = format!("{path}&isDownload=true");
    let told = caller.fake.scenario().calls[call].clone();
    caller.fake.at(told.started);
    assert_eq!(caller.get(&path).status, 404);
    caller.fake.at(told.legs()[0].ended);
    let first = fetch(&caller, &link(&caller.get(&path))).body;
    assert_eq!(Some(first.len() as u64), caller.fake.consolidated(call, 1).map(|clip| clip.len()));
    caller.fake.at(told.ended());
    assert_eq!(fetch(&caller, &link(&caller.get(&path))).body, told.audio.wav());
    assert!((first.len() as u64) < told.audio.len());
    let segments = caller.fake.segment_ids(call).into_iter().zip(caller.fake.segments(call));
    for (segment, clip) in segments {
        let told = body(&caller.get(&format!("/media-playback/v1/segments/{segment}")));
        let url = told["Interactions"][0]["data"]["fileToPlayUrl"].as_str().expect("a link").to_owned();
        assert_eq!(fetch(&caller, &url.replace("https://media.example.com", "")).body, clip.wav());
    }
}

#[test]
fn what_was_not_recorded_and_the_id_of_a_later_leg_are_not_found() {
    let (caller, call, _) = caller(FaultPlan::none());
    let silent = caller.fake.scenario().calls.iter().position(|call| !call.recorded).expect("one without a recording");
    for id in [&caller.fake.contact_ids(silent)[0], &caller.fake.contact_ids(call)[1], &"1".to_owned()] {
        let answer = caller.get(&format!("/media-playback/v1/contacts?acd-call-id={id}"));
        assert_eq!((answer.status.as_u16(), &body(&answer)["internalCode"]), (404, &json!("INTERACTION_NOT_FOUND")));
    }
}

#[test]
fn a_recording_is_not_ready_in_three_forms_and_then_it_is() {
    let (caller, _, path) = caller(FaultPlan::none().delay_recordings(1));
    caller.fake.change(|settings| settings.not_ready_asks = 2);
    let answers = [(); 4].map(|()| caller.get(&path));
    assert_eq!(answers.each_ref().map(|answer| answer.status.as_u16()), [404, 200, 202, 200]);
    assert_eq!(body(&answers[1])["interactions"], json!([]));
    assert!(answers[2].body.is_empty());
    assert!(caller.fake.faults().unfired().is_empty());
    caller.fake.change(|settings| (settings.not_ready_asks, settings.not_ready) = (9, Some(NotReady::Accepted)));
    assert_eq!(caller.get(&path).status, 202);
}

#[tokio::test(start_paused = true)]
async fn more_than_the_limit_is_throttled_until_time_has_passed() {
    let (caller, _, path) = caller(FaultPlan::none());
    caller.fake.change(|settings| settings.playback_limit = (2, Duration::from_secs(300)));
    let status = || caller.get(&path).status.as_u16();
    assert_eq!([status(), status(), status()], [200, 200, 429]);
    tokio::time::advance(Duration::from_secs(299)).await;
    assert_eq!(status(), 429);
    tokio::time::advance(Duration::from_secs(1)).await;
    assert_eq!(status(), 200);
}

#[test]
fn without_the_permission_nothing_is_played() {
    let (caller, _, path) = caller(FaultPlan::none());
    caller.fake.forbid(Permission::Playback);
    let answer = caller.get(&path);
    assert!(answer.status == 403 && body(&answer)["internalCode"].is_string());
    assert!(!caller.completed(DAY).is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_link_ends_after_its_life_after_its_uses_and_by_fault() {
    let (caller, _, path) = caller(FaultPlan::none().expire_links(1));
    let path = format!("{path}&isDownload=true");
    let first = link(&caller.get(&path));
    assert_eq!([fetch(&caller, &first).status, fetch(&caller, &first).status], [403, 403]);
    caller.fake.change(|settings| settings.link_uses = 1);
    let once = link(&caller.get(&path));
    assert_eq!([fetch(&caller, &once).status, fetch(&caller, &once).status], [200, 403]);
    caller.fake.change(|settings| (settings.link_uses, settings.link_life) = (9, Duration::from_secs(30)));
    let brief = link(&caller.get(&path));
    tokio::time::advance(Duration::from_secs(29)).await;
    assert_eq!(fetch(&caller, &brief).status, 200);
    tokio::time::advance(Duration::from_secs(1)).await;
    assert_eq!(fetch(&caller, &brief).status, 403);
    assert_eq!(fetch(&caller, &brief.replace("Signature=0", "Signature=1")).status, 403);
}

#[test]
fn the_store_wants_no_token_and_says_what_it_holds() {
    let (caller, _, path) = caller(FaultPlan::none());
    let link = link(&caller.get(&format!("{path}&isDownload=true")));
    assert_eq!(fetch(&caller, &link).headers["content-type"], "audio/wav");
    assert_eq!(caller.fake.leaked_tokens(), 0);
    assert_eq!(caller.get(&link).status, 400);
    assert_eq!(caller.fake.leaked_tokens(), 1);
    caller.fake.delete_recordings();
    assert_eq!((fetch(&caller, &link).status.as_u16(), caller.get(&path).status.as_u16()), (404, 404));
}

#[test]
fn legacy_files_belong_to_a_leg_and_come_in_base64() {
    let (caller, call, _) = caller(FaultPlan::none());
    let ids = caller.fake.contact_ids(call);
    for (id, clip) in ids.iter().zip(caller.fake.segments(call)) {
        let files = caller.acd(&format!("contacts/{id}/files"))["files"].as_array().expect("files").clone();
        let good: Vec<&Value> =
            files.iter().filter(|file| file["isDeleted"] == false && file["weblink"] == false).collect();
        assert_eq!((files.len(), good.len(), good[0]["size"].as_u64()), (3, 1, Some(clip.len())));
        let name = good[0]["fullFileName"].as_str().expect("a name");
        let file = caller.acd(&format!("files?fileName={name}"));
        let text = file["files"]["file"].as_str().expect("base64");
        assert_eq!(text.len() as u64, clip.len().div_ceil(3) * 4);
        assert!(text.starts_with("UklGR"), "RIFF");
    }
    assert_eq!(caller.get("/incontactapi/services/v23.0/contacts/1/files").status, 204);
    assert_eq!(caller.get("/incontactapi/services/v23.0/files?fileName=CallLog/x.wav").status, 404);
}

#[tokio::test]
async fn three_hosts_do_what_is_theirs_and_a_download_is_cut_and_resumed() {
    use connector_core::http::{AccountKey, HttpClient, HttpOptions};
    use connector_core::{Context, Vendor};

    let fake = Fake::start(&Scenario::small(7), FaultPlan::none().cut_downloads(1)).await.expect("free ports");
    let key = AccountKey::new(Vendor::named("nice"), "fake");
    let client = |base| HttpClient::new(&Context::default(), &key, base, &HttpOptions::default()).expect("a client");
    assert!(client(fake.api()).get(".well-known/openid-configuration").send().await.unwrap_err().is_not_found());
    assert!(client(fake.media()).get("incontactapi/services/v23.0/groups").send().await.unwrap_err().is_not_found());
    let found: Value =
        client(fake.issuer()).get(".well-known/openid-configuration").send().await.unwrap().json().unwrap();
    assert_eq!(found["token_endpoint"], format!("{}auth/token", fake.issuer()));
    let ((user, password), (id, secret)) = (fake.access_key(), fake.client());
    let form = [
        ("grant_type", "password"),
        ("username", &user),
        ("password", &password),
        ("client_id", &id),
        ("client_secret", &secret),
    ];
    let login: Value = client(fake.issuer()).post("auth/token").form(&form).send().await.unwrap().json().unwrap();
    let token = format!("Bearer {}", login["access_token"].as_str().unwrap());

    let call = fake.scenario().calls.iter().position(|call| call.recorded).expect("a recording");
    let asked = client(fake.api()).get("media-playback/v1/contacts").query("acd-call-id", &fake.contact_ids(call)[0]);
    let asked = asked.query("isDownload", true).header("authorization".parse().unwrap(), &token);
    let told: Value = asked.send().await.unwrap().json().unwrap();
    let link: url::Url = told["redirectUrl"].as_str().unwrap().parse().unwrap();
    assert_eq!(link.port(), fake.media().port());

    let wav = fake.scenario().calls[call].audio.wav();
    let (head, cut) = raw_get(&link, "bytes=0-").await;
    assert!(head.starts_with("HTTP/1.1 206") && cut.len() < wav.len() && wav.starts_with(&cut), "{head}");
    let (head, rest) = raw_get(&link, &format!("bytes={}-", cut.len())).await;
    assert!(head.contains(&format!("content-range: bytes {}-", cut.len())), "{head}");
    assert_eq!([cut, rest].concat(), wav);
    assert!(fake.faults().unfired().is_empty());
    assert_eq!(fake.count(Endpoint::Media), 2);
}

/// What comes back until the connection ends: the head and the body.
async fn raw_get(link: &url::Url, range: &str) -> (String, Vec<u8>) {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let mut stream = tokio::net::TcpStream::connect(("127.0.0.1", link.port().unwrap())).await.unwrap();
    let asked =
        format!("GET {}?{} HTTP/1.1\r\nHost: media\r\nRange: {range}\r\n\r\n", link.path(), link.query().unwrap());
    stream.write_all(asked.as_bytes()).await.unwrap();
    stream.shutdown().await.unwrap();
    let mut all = Vec::new();
    stream.read_to_end(&mut all).await.unwrap();
    let end = all.windows(4).position(|bytes| bytes == b"\r\n\r\n").unwrap();
    (String::from_utf8_lossy(&all[..end]).into_owned(), all.split_off(end + 4))
}
