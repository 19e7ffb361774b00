//! Many recordings in one request.

use super::samples::differing;
use super::*;

const BATCHES: &str = "/api/v2/recording/batchrequests";

fn submit(caller: &Caller, items: &[Value]) -> Answer {
    caller.ask("POST", BATCHES, &json!({ "batchDownloadRequestList": items }))
}

fn submitted(caller: &Caller, items: &[Value]) -> String {
    let answer = submit(caller, items);
    assert_eq!(answer.status, 200);
    format!("{BATCHES}/{}", text(&body(&answer)["id"]))
}

/// The items of the calls of the day, by their index.
fn item(caller: &Caller, call: usize) -> Value {
    json!({ "conversationId": caller.fake.scenario().calls[call].id })
}

#[test]
fn a_batch_goes_on_and_is_done_and_has_the_form_of_the_sample() {
    let caller = Caller::calm();
    caller.fake.change(|settings| settings.batch_asks = 2);
    let recorded = caller.fake.scenario().calls.iter().position(|call| call.recorded).expect("a recorded call");
    let missing = json!({ "conversationId": "nowhere", "recordingId": "nothing" });
    let job = submitted(&caller, &[item(&caller, recorded), missing]);
    for _ in 0..2 {
        let running = caller.good(&job);
        assert_eq!((&running["status"], &running["resultCount"]), (&json!("InProgress"), &json!(0)));
        assert_eq!((&running["expectedResultCount"], &running["results"]), (&json!(2), &json!([])));
    }
    let done = caller.good(&job);
    assert_eq!(
        (&done["status"], &done["resultCount"], &done["errorCount"]),
        (&json!("Completed"), &json!(2), &json!(1))
    );
    let mut found = Vec::new();
    differing(&serde_json::from_str(fixtures::batch_done()).expect("JSON"), &done, "", &mut found);
    assert!(found.is_empty(), "{found:?} in {done}");
    let sample: Value = serde_json::from_str(fixtures::batch()).expect("JSON");
    assert_eq!(caller.ask("POST", BATCHES, &sample).status, 200);
}

#[test]
fn every_result_leads_to_its_file_in_the_format_in_which_it_is_kept() {
    let caller = Caller::calm();
    for kind in ["audio/ogg", "audio/wav"] {
        caller.fake.change(|settings| (settings.kept_as, settings.batch_asks) = (kind.to_owned(), 0));
        let calls: Vec<usize> = (0..12).filter(|call| caller.fake.scenario().calls[*call].recorded).collect();
        let items: Vec<Value> = calls.iter().map(|call| item(&caller, *call)).collect();
        let done = caller.good(&submitted(&caller, &items));
        let results = list(&done["results"]);
        assert_eq!((results.len(), &done["errorCount"]), (11, &json!(0)));
        for (row, call) in results.iter().zip(calls) {
            assert_eq!(
                (&row["recordingId"], &row["contentType"]),
                (&json!(caller.fake.recording_id(call)), &json!(kind))
            );
            let link = text(&row["resultUrl"]).replace("https://media.example.com", "");
            let file = caller.send("GET", &link, None, "");
            assert_eq!(file.headers["content-type"], kind);
            assert_eq!(file.body, caller.fake.scenario().calls[call].audio.wav());
        }
    }
}

#[test]
fn what_cannot_be_had_has_a_word_and_no_link() {
    let caller = Caller::calm();
    let calls = &caller.fake.scenario().calls;
    let never = calls.iter().position(|call| !call.recorded).expect("one has none");
    let archived = calls.iter().position(|call| call.recorded).expect("one has one");
    caller.fake.change(|settings| (settings.archived, settings.batch_asks) = (vec![archived], 0));
    let wrong = json!({ "conversationId": calls[archived].id, "recordingId": "of another call" });
    let done = caller.good(&submitted(&caller, &[item(&caller, never), item(&caller, archived), wrong]));
    let words: Vec<String> = list(&done["results"]).iter().map(|row| text(&row["errorMsg"]).to_owned()).collect();
    assert_eq!(words, ["recording was not found", "recording is archived", "recording was not found"]);
    assert!(list(&done["results"]).iter().all(|row| row["resultUrl"].is_null()));
    assert_eq!(done["errorCount"], 3);
}

#[test]
fn a_batch_too_large_or_unreadable_is_refused_and_an_unknown_one_not_found() {
    let caller = Caller::calm();
    let code = |answer: &Answer| (answer.status.as_u16(), text(&body(answer)["code"]).to_owned());
    let items = vec![item(&caller, 0); 101];
    assert_eq!(submit(&caller, &items[..100]).status, 200);
    assert_eq!(code(&submit(&caller, &items)), (400, "batch.download.too.many.items".to_owned()));
    let bad = (400, "batch.download.bad.request".to_owned());
    for items in [vec![], vec![json!({ "recordingId": "x" })], vec![json!("x")]] {
        assert_eq!(code(&submit(&caller, &items)), bad, "{items:?}");
    }
    assert_eq!(code(&caller.ask("POST", BATCHES, &Value::Null)), bad);
    let unknown = (404, "batch.download.job.not.found".to_owned());
    assert_eq!(code(&caller.get(&format!("{BATCHES}/x"))), unknown);
    Endpoint::SubmitBatch.permissions().iter().for_each(|permission| caller.fake.forbid(*permission));
    assert_eq!(submit(&caller, &items[..1]).status, 403);
}
