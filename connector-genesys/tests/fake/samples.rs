//! Whatever a sample and the fake both tell of, they tell in the same form.

use super::*;

/// All names of fields in the fake's answer that the sample has as well, with other types there.
pub(crate) fn differing(sample: &Value, answer: &Value, path: &str, found: &mut Vec<String>) {
    match (sample, answer) {
        (Value::Object(sample), Value::Object(answer)) => {
            for (name, value) in answer.iter().filter(|(name, _)| *name != "attributes" && *name != "mediaUris") {
                match sample.get(name) {
                    Some(known) => differing(known, value, &format!("{path}/{name}"), found),
                    None => found.push(format!("{path}/{name} is not in the sample")),
                }
            }
        }
        (Value::Array(sample), Value::Array(answer)) => {
            // A row is like one of the sample's, as far as there are any.
            for value in answer.iter().filter(|_| !sample.is_empty()) {
                let mut best: Option<Vec<String>> = None;
                for known in sample {
                    let mut differences = Vec::new();
                    differing(known, value, path, &mut differences);
                    if best.as_ref().is_none_or(|best| differences.len() < best.len()) {
                        best = Some(differences);
                    }
                }
                found.extend(best.unwrap_or_default());
            }
        }
        (sample, answer) => {
            let is_same = std::mem::discriminant(sample) == std::mem::discriminant(answer);
            if !is_same {
                found.push(format!("{path} is of another type"));
            }
        }
    }
}

#[test]
fn the_fake_speaks_as_the_samples_do() {
    let caller = Caller::calm();
    let calls = &caller.fake.scenario().calls;
    let call = (0..calls.len())
        .find(|call| calls[*call].recorded && calls[*call].direction == connector_core::Direction::Inbound);
    let call = call.expect("a recorded inbound call");
    let id = &calls[call].id;
    let recording = format!("/api/v2/conversations/{id}/recordings/{}", caller.fake.recording_id(call));
    let query = json!({ "interval": "2026-10-19T00:00:00Z/2026-10-20T00:00:00Z", "paging": { "pageSize": 1 } });
    for (sample, answer) in [
        (fixtures::token(), body(&caller.send("POST", "/oauth/token", Some(BASIC), "grant_type=client_credentials"))),
        (fixtures::users(), caller.good("/api/v2/users?pageSize=2")),
        (fixtures::details(), body(&caller.query(&query))),
        (fixtures::conversation(), caller.good(&format!("/api/v2/conversations/{id}"))),
        (fixtures::recording_metadata(), caller.good(&format!("/api/v2/conversations/{id}/recordingmetadata"))),
        (fixtures::recording(), caller.good(&recording)),
        (fixtures::throttled(), body(&caller.get("/api/v2/moon"))),
    ] {
        let sample: Value = serde_json::from_str(sample).expect("JSON");
        let mut found = Vec::new();
        differing(&sample, &answer, "", &mut found);
        assert!(found.is_empty(), "{found:?} in {answer}");
    }
}
