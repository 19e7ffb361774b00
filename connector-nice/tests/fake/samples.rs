//! Fixtures, and that the fake speaks as they do.

use super::*;

#[test]
fn every_fixture_is_json_but_the_file() {
    for (name, text) in fixtures::all() {
        assert_eq!(serde_json::from_str::<Value>(text).is_ok(), name != "extraction_csv", "{name}");
    }
    assert!(fixtures::extraction_csv().starts_with('\u{feff}'));
}

/// Whether all keys of the sample are in what was told.
fn has_keys_of(told: &Value, sample: &Value) {
    for key in sample.as_object().expect("an object").keys() {
        assert!(told.get(key).is_some(), "{key} is missing");
    }
}

#[test]
fn the_fake_uses_the_keys_of_the_samples() {
    let caller = Caller::new(60, FaultPlan::none());
    let sample = |text: &str| serde_json::from_str::<Value>(text).expect("JSON");
    let completed = sample(fixtures::completed_contacts());
    let told = caller.acd(&format!("contacts/completed?{DAY}"));
    has_keys_of(&told, &completed);
    has_keys_of(&told["completedContacts"][0], &completed["completedContacts"][0]);
    caller.fake.change(|settings| settings.generation = Generation::New);
    let told = caller.acd(&format!("contacts/completed?{DAY}"));
    has_keys_of(&told["completedContacts"][0], &sample(fixtures::completed_contact_new()));
    let id = &caller.fake.contact_ids(0)[0];
    has_keys_of(&caller.acd(&format!("contacts/{id}"))["contactId"], &sample(fixtures::contact())["contactId"]);
    let agents = sample(fixtures::group_agents());
    let told = caller.acd("groups/7001/agents?assigned=true");
    has_keys_of(&told, &agents);
    has_keys_of(&told["agents"][0], &agents["agents"][0]);
    let playback = sample(fixtures::playback());
    let recorded = caller.fake.scenario().calls.iter().position(|call| call.recorded).unwrap();
    let master = &caller.fake.contact_ids(recorded)[0];
    let told = body(&caller.get(&format!("/media-playback/v1/contacts?acd-call-id={master}")));
    has_keys_of(&told, &playback);
    has_keys_of(&told["interactions"][0], &playback["interactions"][0]);
    has_keys_of(&told["interactions"][0]["data"], &playback["interactions"][0]["data"]);
    let files = caller.acd(&format!("contacts/{master}/files"));
    has_keys_of(&files["files"][0], &sample(fixtures::contact_files())["files"][0]);
    let tenant = caller.fake.tenant_id();
    let found = caller.send("GET", &format!("/.well-known/cxone-configuration?tenantId={tenant}"), None, "");
    has_keys_of(&body(&found), &sample(fixtures::discovery()));
    has_keys_of(&body(&caller.login(&caller.form())), &sample(fixtures::token()));
}
