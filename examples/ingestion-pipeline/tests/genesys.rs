//! Organisations of Genesys Cloud in a running program, against fakes in this process.
#![cfg(all(feature = "demo", feature = "genesys", feature = "nice"))]
#![allow(missing_docs)]

mod common;

use std::collections::BTreeMap;
use std::fs;
use std::net::SocketAddr;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use common::{Running, Site, upgraded};
use connector_core::Clock;
use connector_core::socket::{Connection, Socket};
use connector_core::testing::{Fault, FaultPlan, Happening, Moment, Party, Scenario, ScenarioCall};
use connector_genesys::testing::audiohook::{Client, Handshake};
use connector_genesys::testing::{Endpoint, Fake};
use serde_json::Value;
use sha2::{Digest, Sha256};
use sqlx::{Connection as _, SqliteConnection};
use tokio::net::TcpStream;
use tokio::time::sleep;

/// What goes wrong with a vendor's API that has sockets.
const OF_SOCKETS: [Fault; 9] = [
    Fault::LostEvent,
    Fault::CutDownload,
    Fault::Duplicate,
    Fault::Reordered,
    Fault::Throttled,
    Fault::NotReady,
    Fault::Unauthorized,
    Fault::ExpiredLink,
    Fault::CutSocket,
];

/// How often a test looks.
const LOOK: Duration = Duration::from_millis(20);

fn now() -> DateTime<Utc> {
    Clock::system().now()
}

/// The same day at another time.
fn starting(mut day: Scenario, starts: DateTime<Utc>) -> Scenario {
    let later = starts - day.starts;
    day.starts = starts;
    day.calls.iter_mut().for_each(|call| call.started += later);
    day
}

/// A source that uses a fake.
fn source(name: &str, fake: &Fake, more: &str) -> String {
    let (id, secret) = fake.client();
    format!(
        "[[tenant.source]]\nname = \"{name}\"\nkind = \"genesys\"\nregion = \"{}\"\nclient_id = \"{id}\"\n\
         client_secret = \"{secret}\"\nrecording_waits = [\"200ms\"]\n{more}",
        fake.region()
    )
}

fn site(sources: &[String]) -> Site {
    let site = Site::new("");
    let settings = format!("[[tenant]]\nid = \"acme\"\n{}", sources.concat());
    fs::write(site.home.path().join("ingest.toml"), settings).unwrap();
    site
}

/// What AudioHook proves with that it is Genesys Cloud, and what it says of a caller. None of it may be shown.
const AUDIO_KEY: &str = "quetzal-audio-key";
const AUDIO_SECRET: &str = "cXVldHphbC1zb3VuZC1zZWNyZXQ=";
const NONCE: &str = "cXVldHphbC1ub25jZS0xMg";
const SAID: [&str; 5] = ["15550100", "15550199", "Synthetic Caller", "campaign", "zanzibar"];

/// The settings of a site that takes sound of calls.
const LISTENING: &str = "[listen]\naddress = \"127.0.0.1:0\"\npublic_url = \"https://hooks.example.com/\"\n\
                         route_key = \"quetzal-7f3a9c51d2e84b60a1f7c3d95e2b8460\"\n";

/// Where sound comes in: the path, as an administrator is told.
fn audio_path(site: &Site) -> String {
    let shown = site.json(&["setup", "show", "--source", "cloud"]);
    let url = shown[0]["urls"][0]["url"].as_str().unwrap();
    url.strip_prefix("wss://hooks.example.com").unwrap().to_owned()
}

/// The port of a running program.
fn port(site: &Site) -> SocketAddr {
    let mut address = None;
    site.wait_for("the port", || {
        let log = site.log();
        let place = log.lines().find_map(|line| line.split_once("listening at "));
        address = place.and_then(|(_, place)| place.trim().parse().ok());
        address.is_some()
    });
    address.unwrap()
}

/// Connects as Genesys Cloud does; the answer where it is not let in.
async fn connect(at: SocketAddr, handshake: &Handshake) -> Result<Client, String> {
    let mut stream = TcpStream::connect(at).await.unwrap();
    let answer = upgraded(&mut stream, handshake.target(), &handshake.headers()).await;
    if !answer.starts_with("HTTP/1.1 101 ") {
        return Err(answer);
    }
    Ok(Client::over(Socket::client(Connection::new(stream), 1 << 20).await, handshake))
}

/// A second of sound of a call, from the first word to the last; and somebody with another secret, who is not let in.
/// Returns the signatures that were sent.
async fn send_sound(site: &Site, calls: &[&str]) -> Vec<String> {
    let (at, path) = (port(site), audio_path(site));
    let handshake = |secret| {
        Handshake::new(&*path, "hooks.example.com").with_key(AUDIO_KEY, Some(secret)).with_nonce(NONCE).at(now())
    };
    let signature = |handshake: &Handshake| handshake.headers()["signature"].to_str().unwrap().to_owned();
    let liar = handshake("YW5vdGhlci1zZWNyZXQ=");
    assert!(connect(at, &liar).await.unwrap_err().starts_with("HTTP/1.1 401 "));
    let mut signatures = vec![signature(&liar)];
    for (number, call) in calls.iter().enumerate() {
        let handshake = handshake(AUDIO_SECRET).with_nonce(format!("{NONCE}{number}"));
        signatures.push(signature(&handshake));
        let mut client = connect(at, &handshake).await.unwrap().with_conversation(*call);
        let mut opening = client.opening();
        opening["customConfig"] = serde_json::json!({ "campaign": "zanzibar" });
        client.say("open", opening).await.unwrap();
        assert_eq!(client.hear().await.unwrap()["type"], "opened");
        client.talk(3).await.unwrap();
        client.pause().await.unwrap();
        client.resume(Duration::from_millis(200)).await.unwrap();
        client.talk(1).await.unwrap();
        client.close("end").await.unwrap();
        assert!(client.complaints().is_empty(), "{:?}", client.complaints());
    }
    signatures
}

fn is_heard(fake: &Fake) -> bool {
    fake.channels().iter().any(|channel| channel.is_connected && !channel.topics.is_empty())
}

/// Plays up to this call, once somebody listens: the day would be over in the meantime.
async fn play(fake: &Fake, calls: usize) {
    while !is_heard(fake) {
        sleep(LOOK).await;
    }
    fake.play(calls).await;
}

/// The stored calls of a source, by id.
fn stored(site: &Site, source: &str) -> BTreeMap<String, Value> {
    let calls = site.calls().into_iter().filter(|call| call["source"] == source);
    calls.map(|call| (call["conversation"].as_str().unwrap().to_owned(), call)).collect()
}

/// The SHA-256 of every stored recording, in order.
fn hashes(site: &Site) -> Vec<String> {
    let mut hashes: Vec<String> =
        site.objects().iter().map(|object| hex::encode(Sha256::digest(common::read(object)))).collect();
    hashes.sort();
    hashes
}

fn everything(outputs: &[&std::process::Output]) -> String {
    let texts = outputs.iter().flat_map(|output| [&output.stdout, &output.stderr]);
    texts.map(|text| String::from_utf8_lossy(text).into_owned()).collect()
}

/// What no line may show of a fake and its day.
fn secrets(fake: &Fake) -> Vec<String> {
    let fixed = ["made-up-token", "Bearer", "Basic ", "ZGVtby1", "demo-client", "/media/", ".wav", "orderNumber"];
    let mut secrets: Vec<String> = fixed.map(str::to_owned).to_vec();
    for asked in fake.requests() {
        match asked.endpoint {
            // The id of a channel is all that its address hides.
            Some(Endpoint::Socket) => secrets.extend(asked.path.rsplit('/').next().map(str::to_owned)),
            Some(Endpoint::Media) => secrets.extend(asked.query.into_iter().map(|(name, _)| name)),
            _ => {}
        }
    }
    for agent in &fake.scenario().agents {
        secrets.extend(agent.name.reveal().split(' ').map(str::to_owned));
        secrets.extend([agent.login.reveal().to_owned(), agent.email.reveal().to_owned()]);
    }
    for call in &fake.scenario().calls {
        secrets.extend([&call.customer, &call.centre].map(|number| number.reveal().trim_start_matches('+').to_owned()));
    }
    secrets
}

fn assert_silent(text: &str, fake: &Fake) {
    for secret in secrets(fake) {
        let line = text.lines().find(|line| line.contains(&secret));
        assert_eq!(line, None, "{secret}");
    }
    // What a flow has written down about each caller.
    let values: Vec<String> = (0..fake.scenario().calls.len()).map(|call| format!("55500{call}")).collect();
    let is_value = |word: &str| values.iter().any(|value| value == word);
    let shown = text.lines().find(|line| line.split(|c: char| !c.is_ascii_alphanumeric()).any(is_value));
    assert_eq!(shown, None, "a participant attribute");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_day_with_every_fault_is_stored_once_and_no_log_shows_who_spoke_or_how_to_log_in() {
    let plan = OF_SOCKETS.iter().fold(FaultPlan::none(), |plan, fault| plan.with(*fault, 1));
    let day = starting(Scenario::day(8, 7), now() - TimeDelta::hours(12));
    let fake = Fake::start(&day, plan).await.unwrap();
    fake.change(|settings| settings.speed = 12_000);
    fake.play(0).await;
    let audio = format!("audio = {{ keys = [{{ key = \"{AUDIO_KEY}\", secret = \"{AUDIO_SECRET}\" }}] }}\n");
    let site = site(&[source("cloud", &fake, &format!("agents = {{ every = \"1h\" }}\n{audio}"))]);
    let settings = fs::read_to_string(site.home.path().join("ingest.toml")).unwrap();
    fs::write(site.home.path().join("ingest.toml"), format!("{LISTENING}{settings}")).unwrap();
    let checked = site.output_at("trace", &["check"]);
    assert_eq!(checked.status.code(), Some(0), "{checked:?}");

    let running = site.start_with("trace");
    play(&fake, 1).await;
    // One of them is told of, the other never.
    let unknown = "c0de0009-4a1b-4c2d-8e3f-0a1b2c3d4e5f";
    let signatures = send_sound(&site, &[&day.calls[0].id, unknown]).await;
    for call in 2..=day.calls.len() {
        play(&fake, call).await;
    }
    let (from, to) = (day.starts.to_rfc3339(), now().to_rfc3339());
    let compared = site.output_at("trace", &["--json", "reconcile", "--from", &from, "--to", &to]);
    let report: Value = serde_json::from_slice(&compared.stdout).unwrap();
    assert!(report["report"]["detected"].as_u64() >= Some(1), "one of them is heard of by nobody: {report}");
    site.wait_for("the calls", || stored(&site, "cloud").len() == day.calls.len());
    let recorded = day.recording_hashes().into_iter().collect::<Vec<_>>();
    // When that was sent the call was long over.
    let of_call = |call: &str, state: &str| sessions(&site).contains(&(call.to_owned(), state.to_owned()));
    site.wait_for("the sessions", || of_call(&day.calls[0].id, "empty") && of_call(unknown, "waiting"));
    site.wait_for("the recordings", || hashes(&site) == recorded);
    let is_done = |call: &Value| call["media"] == "complete" || call["media"] == "none";
    site.wait_for("the last word on each", || stored(&site, "cloud").values().all(is_done));
    site.wait_for("the people", || !site.json(&["agents", "list"]).is_empty());
    let ran = running.terminate();
    assert!(ran.status.success(), "{ran:?}");

    for expected in fake.expected() {
        let call = &stored(&site, "cloud")[&expected.conversation];
        assert_eq!(call["recordings"], expected.recordings.len(), "{call}");
    }
    assert_eq!((fake.faults().unfired(), fake.leaked_tokens()), (Vec::new(), 0));
    let text = site.log() + &everything(&[&checked, &compared, &ran]);
    assert!(text.contains("TRACE"), "the log is as talkative as can be");
    assert!(fake.count(Endpoint::Socket) > 1 && fake.count(Endpoint::Media) >= recorded.len());
    assert_silent(&text, &fake);
    let secrets = [AUDIO_KEY, AUDIO_SECRET, "quetzal", "another-secret", NONCE].into_iter().chain(SAID);
    for secret in secrets.map(str::to_owned).chain(signatures).chain([audio_path(&site)]) {
        assert_eq!(text.lines().find(|line| line.contains(&secret)), None, "{secret}");
    }
}

/// The sessions of sound that are remembered, and how far they have come.
fn sessions(site: &Site) -> Vec<(String, String)> {
    let database = site.home.path().join("data/ingest.db");
    let rows = async {
        let mut database = SqliteConnection::connect(&format!("sqlite://{}", database.display())).await?;
        sqlx::query_as("SELECT conversation, state FROM live_v1 ORDER BY 1").fetch_all(&mut database).await
    };
    tokio::task::block_in_place(|| tokio::runtime::Handle::current().block_on(rows)).unwrap()
}

/// A call of one person, in whole seconds: how long it rings, and when it ends.
fn call_of(day: &mut Scenario, call: usize, agent: usize, started: DateTime<Utc>, length: Duration) {
    let told: &mut ScenarioCall = &mut day.calls[call];
    let moment = |seconds, what| Moment { at: Duration::from_secs(seconds), what };
    told.started = started;
    told.recorded = true;
    told.timeline = vec![
        moment(0, Happening::Ring(agent)),
        moment(1, Happening::Answer(agent)),
        Moment { at: length, what: Happening::End { by: Party::Customer } },
    ];
}

const MINUTE: Duration = Duration::from_secs(60);

/// The midnight that began yesterday.
fn midnight() -> DateTime<Utc> {
    (now() - TimeDelta::days(1)).date_naive().and_time(chrono::NaiveTime::MIN).and_utc()
}

#[tokio::test(flavor = "multi_thread")]
async fn one_comparison_finds_all_that_was_missed_and_counts_each_in_its_place() {
    let (midnight, mut day) = (midnight() - TimeDelta::days(1), Scenario::day(6, 7));
    day.starts = midnight - TimeDelta::hours(1);
    // Over before the window; across its beginning; unheard; recorded late; never recorded; on two recordings.
    let starts = [-3_000, -30, 3_600, 7_200, 10_800, 14_400].map(|seconds| midnight + TimeDelta::seconds(seconds));
    for (call, started) in starts.into_iter().enumerate() {
        call_of(&mut day, call, call, started, MINUTE);
    }
    let [_, across, unheard, late, never, two] = [0, 1, 2, 3, 4, 5];
    day.calls[never].recorded = false;
    let fake = Fake::start(&day, FaultPlan::none().delay_recordings(1)).await.unwrap();
    let site = site(&[source("cloud", &fake, "recording_patience = \"1h\"\nscreens = true\n")]);
    let id = |call: usize| day.calls[call].id.clone();
    let compare = |from: DateTime<Utc>, to: DateTime<Utc>| {
        let output = site.output(&["--json", "reconcile", "--from", &from.to_rfc3339(), "--to", &to.to_rfc3339()]);
        let compared: Value = serde_json::from_slice(&output.stdout).unwrap();
        (output.status.code(), compared["report"].clone())
    };

    // One of them was stored while its recording was not there.
    fake.change(|settings| settings.recorded_after = TimeDelta::days(365));
    let (code, report) = compare(starts[late], starts[late] + TimeDelta::hours(1));
    assert_eq!((code, &report["detected"], &report["not_recordable"]), (Some(0), &1.into(), &1.into()), "{report}");
    assert_eq!(stored(&site, "cloud")[&id(late)]["media"], "none");
    fake.change(|settings| {
        (settings.recorded_after, settings.screens, settings.archived) = (TimeDelta::zero(), vec![two], vec![two]);
    });

    let (code, report) = compare(midnight, midnight + TimeDelta::days(1));
    let count = |name: &str| report[name].as_u64().unwrap();
    assert_eq!((count("compared"), count("detected"), count("missing_recording")), (5, 4, 1), "{report}");
    assert_eq!((count("recovered"), count("not_recordable"), count("failed")), (3, 1, 1), "{report}");
    assert_eq!((count("changed"), count("duration_mismatch"), count("rejected")), (0, 0, 0), "{report}");
    assert_eq!(code, Some(1), "a recording in the archive cannot be had");
    let calls = stored(&site, "cloud");
    let seen = |call: usize| {
        let row = &calls[&id(call)];
        (row["media"].as_str().unwrap(), row["recordings"].as_u64().unwrap())
    };
    assert_eq!([across, unheard, late].map(seen), [("complete", 1); 3]);
    assert_eq!((seen(never), seen(two)), (("none", 0), ("missing", 1)));
    assert_eq!(calls.len(), 5, "what was over before the window is left to another");
    let mut expected = [across, unheard, late, two].map(|call| day.calls[call].audio.sha256());
    expected.sort();
    assert_eq!(hashes(&site), expected);
    assert!(fake.faults().unfired().is_empty());

    let (_, again) = compare(midnight, midnight + TimeDelta::days(1));
    let count = |name: &str| again[name].as_u64().unwrap();
    assert_eq!((count("compared"), count("detected"), count("changed")), (5, 0, 0), "{again}");
    assert_eq!(
        (count("missing_recording"), count("failed")),
        (1, 1),
        "only that in the archive is still missed: {again}"
    );
    assert_eq!(stored(&site, "cloud"), calls, "nothing new is stored");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_who_moves_between_vendors_is_followed_by_one_changed_row_while_calls_go_on() {
    let (moving, staying, began) = (0, 1, now());
    let (past, future) = (began - TimeDelta::hours(3), began + TimeDelta::hours(1));
    // At the old source: before the move, under way, after it; and one of somebody who stays.
    let mut day = Scenario::day(4, 7);
    day.starts = past - TimeDelta::minutes(1);
    call_of(&mut day, 0, moving, past, MINUTE);
    call_of(&mut day, 1, moving, past + TimeDelta::minutes(2), 30 * MINUTE);
    call_of(&mut day, 2, moving, future, MINUTE);
    call_of(&mut day, 3, staying, future + TimeDelta::minutes(2), MINUTE);
    let old = Fake::start(&day, FaultPlan::none()).await.unwrap();
    old.change(|settings| settings.speed = 60);
    old.play(0).await;
    let mut other_day = Scenario::day(3, 9);
    other_day.starts = day.starts;
    call_of(&mut other_day, 0, staying, past, MINUTE);
    call_of(&mut other_day, 1, moving, future, MINUTE);
    call_of(&mut other_day, 2, staying, future + TimeDelta::minutes(2), MINUTE);
    let new = connector_nice::testing::Fake::start(&other_day, FaultPlan::none()).await.unwrap();
    new.play(0);
    let (client, key) = (new.client(), new.access_key());
    let nice = format!(
        "[[tenant.source]]\nname = \"nice\"\nkind = \"nice\"\nissuer = \"{}\"\nclient_id = \"{}\"\n\
         client_secret = \"{}\"\naccess_key_id = \"{}\"\naccess_key_secret = \"{}\"\npoll_every = \"100ms\"\n\
         hosts = [\"127.0.0.1\"]\nrecording_waits = [\"200ms\"]\noverlap = \"12h\"\ncalls_of = \"people\"\n",
        new.issuer(),
        client.0,
        client.1,
        key.0,
        key.1
    );
    let site = site(&[source("genesys", &old, "calls_of = \"people\"\n"), nice]);
    let at_genesys = |agent: usize| old.agent(&day.agents[agent]).id.unwrap();
    let at_nice = |agent: usize| new.agent(&other_day.agents[agent]).id.unwrap();
    let import = |source: &str, id: String| {
        let rows = format!(
            "tenant,person,source,id\nacme,E-1,{source},{id}\nacme,E-2,genesys,{}\nacme,E-2,nice,{}\n",
            at_genesys(staying),
            at_nice(staying)
        );
        fs::write(site.home.path().join("people.csv"), rows).unwrap();
        let imported = site.json(&["agents", "import", "people.csv"]).remove(0);
        (imported["started"].as_u64(), imported["ended"].as_u64())
    };
    assert_eq!(import("genesys", at_genesys(moving)), (Some(3), Some(0)));
    let running = site.start();
    play(&old, 1).await;
    new.play(1);
    site.wait_for("the first call at each", || {
        stored(&site, "genesys").contains_key(&day.calls[0].id) && stored(&site, "nice").len() == 1
    });
    let under_way = day.calls[1].started + TimeDelta::minutes(1);
    tokio::select! {
        () = old.play(2) => panic!("the call is over already"),
        () = async { while old.now() < under_way { sleep(LOOK).await } } => {}
    }

    assert_eq!(import("nice", at_nice(moving)), (Some(1), Some(1)));
    site.wait_for("the change", || site.log().contains("the people changed"));
    old.change(|settings| settings.speed = 20_000);
    let play_on = async {
        for call in 2..=4 {
            play(&old, call).await;
        }
    };
    play_on.await;
    new.play(2);
    new.play(3);
    site.wait_for("the last call at each", || {
        stored(&site, "genesys").contains_key(&day.calls[3].id) && stored(&site, "nice").len() == 3
    });
    let (at_old, at_new) = (stored(&site, "genesys"), stored(&site, "nice"));
    let is_stored = [0, 1, 2, 3].map(|call: usize| at_old.contains_key(&day.calls[call].id));
    assert_eq!(is_stored, [true, true, false, true], "before, under way, after, of somebody else");
    assert!(new.expected().iter().all(|call| at_new.contains_key(&call.conversation)));
    site.wait_for("all recordings", || site.objects().len() == 6);
    let ran = running.terminate();
    assert!(everything(&[&ran]).contains("1 left alone"), "{ran:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn check_names_the_one_permission_that_is_missing() {
    let fake = Fake::start(&Scenario::small(7), FaultPlan::none()).await.unwrap();
    // Each of them would be enough.
    Endpoint::RecordingMetadata.permissions().iter().for_each(|permission| fake.forbid(*permission));
    let site = site(&[source("cloud", &fake, "")]);
    let checked = site.output(&["check"]);
    assert_eq!(checked.status.code(), Some(3), "{checked:?}");
    let text = everything(&[&checked]);
    assert!(
        text.starts_with("acme / cloud   agents ok    events ok    history ok    recordings FORBIDDEN\n"),
        "{text}"
    );
    assert_eq!(text.lines().nth(1), Some("    recordings: recording:recording:view"), "{text}");
    assert!(text.trim_end().ends_with("exit code 3: 1 of 4 jobs cannot work"), "{text}");
    let told = site.json(&["check"]).remove(0);
    let jobs = |state: &str| -> Vec<&str> {
        let jobs = told["jobs"].as_array().unwrap().iter().filter(|job| job["state"] == state);
        jobs.map(|job| job["job"].as_str().unwrap()).collect()
    };
    assert_eq!((jobs("ok"), jobs("forbidden")), (vec!["agents", "events", "history"], vec!["recordings"]));
}

#[tokio::test(flavor = "multi_thread")]
async fn sources_that_cannot_log_in_or_be_reached_never_stop_the_one_beside_them() {
    let day = starting(Scenario::day(4, 7), now() - TimeDelta::hours(12));
    let fake = Fake::start(&day, FaultPlan::none()).await.unwrap();
    fake.change(|settings| settings.speed = 20_000);
    fake.play(0).await;
    let locked_out = source("locked", &fake, "").replace("demo-client-secret", "mistyped-secret");
    let nobody = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let astray = source("astray", &fake, "").replace(&fake.region().to_string(), &format!("http://{nobody}"));
    let site = site(&[locked_out, source("cloud", &fake, ""), astray]);
    let checked = site.json(&["check"]);
    let well: Vec<(&str, bool)> =
        checked.iter().map(|row| (row["source"].as_str().unwrap(), row["ok"].as_bool().unwrap())).collect();
    assert_eq!(well, [("locked", false), ("cloud", true), ("astray", false)]);

    let running: Running = site.start();
    for call in 1..=day.calls.len() {
        play(&fake, call).await;
    }
    site.wait_for("the calls", || stored(&site, "cloud").len() == day.calls.len());
    site.wait_for("the recordings", || hashes(&site) == day.recording_hashes().into_iter().collect::<Vec<_>>());
    let ran = running.terminate();
    assert_eq!(ran.status.code(), Some(1), "two sources did not hear: {ran:?}");
    let (from, to) = (day.starts.to_rfc3339(), now().to_rfc3339());
    let compared = site.json(&["reconcile", "--from", &from, "--to", &to]);
    let told: Vec<(&str, bool)> =
        compared.iter().map(|row| (row["source"].as_str().unwrap(), row["report"]["compared"] == 4)).collect();
    assert_eq!(told, [("locked", false), ("cloud", true), ("astray", false)], "{compared:?}");
    assert_silent(&(site.log() + &everything(&[&ran])).replace("mistyped-secret", "demo-client-secret"), &fake);
}
