//! Sound of calls that go on, into a program that is killed at any moment and loses connections in between: what had come
//! can be read at once, and after the next start each session is stored once or kept.
//!
//! `INGEST_KILLS` says how often, 5 times unless it is set. Where `sox` is installed, it reads the files as well; where
//! `INGEST_REAL_INPUT` is set, it has to be.
#![cfg(all(unix, feature = "demo", feature = "genesys"))]
#![allow(missing_docs)]

mod common;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use chrono::TimeDelta;
use common::{Running, Site, read, upgraded};
use connector_core::inbound::route_of;
use connector_core::socket::{Connection, Socket};
use connector_core::testing::{FaultPlan, Scenario};
use connector_core::wav::Header;
use connector_core::{Clock, Origin};
use connector_genesys::testing::Fake;
use connector_genesys::testing::audiohook::{Client, Handshake};
use ingestion_pipeline::{LiveStore, SessionRow, SessionState, SqliteStore};
use tokio::net::TcpStream;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep, timeout};

/// How often it is killed.
const KILLS: usize = 5;
/// How much faster than in life everybody talks.
const SPEED: u64 = 5;
const RATE: u64 = 8_000;
/// A frame has 200 ms of sound.
const FRAME: u64 = RATE / 5;
/// After so many frames the client asks whether they have arrived.
const ASKS: usize = 6;
/// What may be missing from a file when the process dies, in samples.
const BEHIND: u64 = 5 * RATE;
/// How long sound may take from the socket to the file on a machine that is busy.
const ON_ITS_WAY: Duration = Duration::from_millis(250);
/// Nothing here takes nearly as long.
const LONGEST: Duration = Duration::from_secs(30);
const LOOK: Duration = Duration::from_millis(20);

const ROUTE_KEY: &str = "quetzal-7f3a9c51d2e84b60a1f7c3d95e2b8460";
const KEY: (&str, &str) = ("k-1", "c3ludGhldGlj");

/// How a session ends, unless the program is killed before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    Never,
    Closed,
    Reset,
}

/// What a client knows of its session.
#[derive(Default)]
struct Told {
    /// The most samples that may have been sent.
    sent: u64,
    /// How many had arrived for sure, and since when that was known.
    arrived: Vec<(Instant, u64)>,
    is_closed: bool,
}

struct Session {
    id: String,
    conversation: String,
    told: Arc<Mutex<Told>>,
    /// How many samples must be there: those that had arrived some time before it was killed, but for what may be missing.
    least: u64,
}

impl Session {
    fn sent(&self) -> u64 {
        self.told.lock().unwrap().sent
    }

    /// The program was killed now.
    fn killed(&mut self, now: Instant) {
        let told = self.told.lock().unwrap();
        let arrived =
            told.arrived.iter().rfind(|(since, _)| *since + ON_ITS_WAY <= now).map_or(0, |(_, samples)| *samples);
        self.least = self.least.max(arrived.saturating_sub(BEHIND));
    }
}

struct World {
    site: Site,
    fake: Fake,
    origin: Origin,
    random: fastrand::Rng,
    sessions: Vec<Session>,
    talking: Vec<JoinHandle<()>>,
}

impl World {
    async fn new(kills: usize) -> Self {
        let mut day = Scenario::day(2 * kills, 7);
        let later = Clock::system().now() - TimeDelta::hours(12) - day.starts;
        day.starts += later;
        day.calls.iter_mut().for_each(|call| call.started += later);
        let fake = Fake::start(&day, FaultPlan::none()).await.unwrap();
        fake.change(|settings| settings.speed = 50_000);
        fake.play(0).await;
        let site = Site::new("");
        let ((id, secret), region) = (fake.client(), fake.region());
        let settings = format!(
            "[listen]\naddress = \"127.0.0.1:0\"\nroute_key = \"{ROUTE_KEY}\"\n[live]\ndeadline = \"3s\"\nkeep_all = true\n\
             [[tenant]]\nid = \"acme\"\n[[tenant.source]]\nname = \"cloud\"\nkind = \"genesys\"\nregion = \"{region}\"\n\
             client_id = \"{id}\"\nclient_secret = \"{secret}\"\nrecording_waits = [\"200ms\"]\n\
             audio = {{ keys = [{{ key = \"{}\", secret = \"{}\" }}] }}\n",
            KEY.0, KEY.1
        );
        fs::write(site.home.path().join("ingest.toml"), settings).unwrap();
        let (origin, random) = (Origin::new("acme", "cloud"), fastrand::Rng::with_seed(0x11FE));
        Self { site, fake, origin, random, sessions: Vec::new(), talking: Vec::new() }
    }

    /// The program, once it listens, and its port.
    fn start(&self) -> (Running, String) {
        let running = self.site.start();
        let mut address = String::new();
        self.site.wait_for("the port", || {
            let log = self.site.log();
            let place = log.lines().find_map(|line| line.split_once("listening at ")).map(|(_, place)| place.trim());
            place.inspect(|place| (*place).clone_into(&mut address)).is_some()
        });
        (running, address)
    }

    /// Somebody calls, and talks until this end.
    async fn call(&mut self, address: &str, conversation: String, end: End) {
        let route = route_of(&self.origin, &ROUTE_KEY.into());
        // Nobody may listen yet: the vendor is then asked to come again, and signs anew.
        let connected = within("a socket", async {
            loop {
                let handshake =
                    Handshake::new(format!("/hooks/{route}/audiohook"), address).with_key(KEY.0, Some(KEY.1));
                match open(address, &handshake).await {
                    Some(socket) => break (socket, handshake),
                    None => sleep(LOOK).await,
                }
            }
        });
        let (socket, handshake) = connected.await;
        let id = handshake.session().to_owned();
        let mut client = Client::over(socket, &handshake).with_conversation(&conversation);
        assert_eq!(within("the answer", client.open()).await.unwrap()["type"], "opened");
        let told: Arc<Mutex<Told>> = Arc::default();
        let frames = if end == End::Never { usize::MAX } else { self.random.usize(2..40) };
        self.talking.push(tokio::spawn(talk(client, told.clone(), frames, end)));
        self.sessions.push(Session { id, conversation, told, least: 0 });
    }

    /// Waits until the program hears what the vendor tells of calls.
    async fn is_heard(&self) {
        let hears = || self.fake.channels().iter().any(|channel| channel.is_connected && !channel.topics.is_empty());
        within("somebody who listens", async {
            while !hears() {
                sleep(LOOK).await;
            }
        })
        .await;
    }

    fn rows(&self, store: &SqliteStore) -> impl Future<Output = BTreeMap<String, SessionRow>> {
        let calls: Vec<_> = self.sessions.iter().map(|session| session.conversation.clone()).collect();
        let (store, origin) = (store.clone(), self.origin.clone());
        async move {
            let mut rows = BTreeMap::new();
            for call in calls {
                let of_it = store.of_call(&origin, &call).await.unwrap();
                rows.extend(of_it.into_iter().map(|row| (row.session.clone(), row)));
            }
            rows
        }
    }

    fn spool(&self) -> PathBuf {
        self.site.home.path().join("data/live/acme/cloud")
    }

    /// Everything that lies on the disk while nothing runs can be read, and is about as long as what had come.
    fn look_at_files(&mut self, killed: Instant) -> u64 {
        let spool = self.spool();
        let mut longest = 0;
        for session in &mut self.sessions {
            session.killed(killed);
            let path = spool.join(format!("{}.wav", session.id));
            if !path.exists() {
                continue;
            }
            let samples = samples_of(&path);
            let (least, sent) = (session.least, session.sent());
            assert!((least..=sent).contains(&samples), "{samples} samples of {sent}, {least} at least");
            session.least = session.least.max(samples);
            longest = longest.max(samples);
        }
        longest
    }

    /// Whether each session has come to its end.
    async fn is_drained(&self, store: &SqliteStore) -> bool {
        let rows = self.rows(store).await;
        rows.values().all(|row| !matches!(row.state, SessionState::Open | SessionState::Waiting))
    }

    /// Counts what is there, with nothing but what was sent to compare with.
    async fn recount(&self, store: &SqliteStore) {
        let rows = self.rows(store).await;
        let calls: Vec<_> = self.fake.scenario().calls.iter().map(|call| call.id.clone()).collect();
        assert_eq!(self.site.calls().len(), calls.len(), "each call that was told of is stored once");
        let mut objects: Vec<PathBuf> = self.site.objects();
        for object in &objects {
            let length = fs::metadata(object).unwrap().len();
            assert!(length > 58, "a header without sound was stored");
        }
        objects.retain(|object| name(object).starts_with("live-"));
        let mut stored = 0;
        for session in &self.sessions {
            let Some(row) = rows.get(&session.id) else {
                assert_eq!(session.least, 0, "a session was forgotten");
                continue;
            };
            let is_told = calls.contains(&session.conversation);
            let file = self.spool().join(format!("{}.wav", session.id));
            let sound = match row.state {
                SessionState::Empty => {
                    assert!(session.least == 0 && !file.exists(), "{} samples were given up", session.least);
                    continue;
                }
                SessionState::Matched if is_told => {
                    stored += 1;
                    assert!(!file.exists(), "what is stored need not lie there twice");
                    let name_of_it = format!("live-{}-1.wav", session.id);
                    objects.iter().find(|object| name(object) == name_of_it).expect("an object").clone()
                }
                SessionState::Unmatched if !is_told => file,
                state => panic!("a session is {}", state.as_str()),
            };
            let samples = samples_of(&sound);
            let told = session.told.lock().unwrap();
            assert_eq!(samples, row.samples, "what is remembered of it");
            assert!((session.least..=told.sent).contains(&samples), "{samples} samples, {} at least", session.least);
            assert!(!row.whole || (told.is_closed && samples == told.sent));
        }
        assert_eq!(objects.len(), stored, "nothing is stored twice: {objects:?}");
    }
}

/// Talks until the end, or until nobody is there any more.
async fn talk(mut client: Client, told: Arc<Mutex<Told>>, frames: usize, end: End) {
    for frame in 1..=frames {
        told.lock().unwrap().sent = client.position() + FRAME;
        if client.talk(1).await.is_err() {
            return;
        }
        if frame % ASKS == 0 {
            let Ok(Ok(answer)) = timeout(LONGEST, client.ping()).await else { return };
            assert_eq!(answer["type"], "pong", "{answer}");
            told.lock().unwrap().arrived.push((Instant::now(), client.position()));
        }
        sleep(Duration::from_millis(200 / SPEED)).await;
    }
    // A client that is dropped resets its connection.
    if end == End::Closed && timeout(LONGEST, client.close("end")).await.is_ok_and(|closed| closed.is_ok()) {
        let mut told = told.lock().unwrap();
        told.arrived.push((Instant::now(), client.position()));
        told.is_closed = true;
    }
}

/// Opens a socket as the vendor does; none where nobody wants to listen now.
async fn open(address: &str, handshake: &Handshake) -> Option<Socket> {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.set_zero_linger().unwrap();
    let answer = upgraded(&mut stream, handshake.target(), &handshake.headers()).await;
    let status = answer.split(' ').nth(1).unwrap();
    // The port is open before the source is connected: until then the address is nobody's.
    assert!(matches!(status, "101" | "401" | "503"), "{answer}");
    if status == "101" { Some(Socket::client(Connection::new(stream), 1 << 20).await) } else { None }
}

async fn within<T>(what: &str, future: impl Future<Output = T>) -> T {
    timeout(LONGEST, future).await.unwrap_or_else(|_| panic!("waited in vain for {what}"))
}

fn name(path: &Path) -> String {
    path.file_name().unwrap().to_str().unwrap().to_owned()
}

/// How many samples of each speaker a file has, as its header says to everybody. The sound is what was sent.
fn samples_of(path: &Path) -> u64 {
    let file = read(path);
    let size = file.len() as u64;
    let header = Header::parse(&file, Some(size)).unwrap();
    assert!(!header.is_cut_short(size), "its header promises what is not there");
    // We ourselves read a file that says 0 up to its end; others do not.
    let (size_of_it, sound) = file[usize::try_from(header.data_start - 4).unwrap()..].split_first_chunk().unwrap();
    let told = u64::from(u32::from_le_bytes(*size_of_it)) / 2;
    let written = header.data_len.unwrap() / 2;
    assert!(written == told || told == 0, "{written} samples, and {told}");
    let sound = &sound[..usize::try_from(written * 2).unwrap()];
    assert!(sound == &Client::sound(0, written, 2)[..], "it is other sound than was sent");
    if has_sox() {
        let output = Command::new("sox").arg(path).args(["-t", "ul", "-"]).output().unwrap();
        assert!(output.status.success() && output.stderr.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
        // There are two zeros, of which sox writes one.
        let sound =
            sound[..usize::try_from(told * 2).unwrap()].iter().map(|byte| if *byte == 0x7F { 0xFF } else { *byte });
        assert!(sound.eq(output.stdout), "sox reads something else");
    }
    told
}

#[expect(clippy::disallowed_methods, reason = "its environment tells the test which programs have to be there")]
fn has_sox() -> bool {
    let is_there = Command::new("sox").arg("--version").output().is_ok_and(|output| output.status.success());
    assert!(is_there || std::env::var("INGEST_REAL_INPUT").is_err(), "sox is not installed");
    is_there
}

#[expect(clippy::disallowed_methods, reason = "its environment tells the test how long it may take")]
fn kills() -> usize {
    std::env::var("INGEST_KILLS").map_or(KILLS, |kills| kills.parse().expect("INGEST_KILLS is a number"))
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_was_heard_before_a_kill_can_be_read_and_is_stored_or_kept_once() {
    let kills = kills();
    let mut world = World::new(kills).await;
    let calls: Vec<_> = world.fake.scenario().calls.iter().map(|call| call.id.clone()).collect();
    let mut longest = 0;
    for (round, pair) in calls.chunks(2).enumerate() {
        let (running, address) = world.start();
        for (conversation, end) in [
            (pair[0].clone(), End::Never),
            (format!("unknown-{round}"), End::Never),
            (pair[1].clone(), if round % 2 == 0 { End::Reset } else { End::Closed }),
            (format!("unknown-too-{round}"), End::Reset),
        ] {
            world.call(&address, conversation, end).await;
            sleep(Duration::from_millis(world.random.u64(0..200))).await;
        }
        let listening = world.random.u64(200..4_000);
        // Of the calls of the round before the vendor tells only now.
        let telling = async {
            world.is_heard().await;
            world.fake.play(2 * round).await;
        };
        tokio::join!(telling, sleep(Duration::from_millis(listening)));
        running.kill();
        let killed = Instant::now();
        for talking in std::mem::take(&mut world.talking) {
            within("the end of a connection", talking).await.unwrap();
        }
        longest = longest.max(world.look_at_files(killed));
    }
    assert!(longest > BEHIND, "no file had more than a beginning: {longest} samples");

    let (running, _) = world.start();
    world.is_heard().await;
    world.fake.play(calls.len()).await;
    // What was told while nobody listened, or to one who was killed, is found by a comparison.
    let (from, to) = (world.fake.scenario().starts.to_rfc3339(), Clock::system().now().to_rfc3339());
    let compared = world.site.output(&["reconcile", "--from", &from, "--to", &to]);
    assert!(compared.status.success(), "{compared:?}");
    world.site.wait_for("the calls", || world.site.calls().len() == calls.len());
    let store = SqliteStore::open(world.site.home.path().join("data/ingest.db")).await.unwrap();
    within("the end of all sessions", async {
        while !world.is_drained(&store).await {
            sleep(LOOK).await;
        }
    })
    .await;
    assert!(running.terminate().status.success(), "{}", world.site.log());
    world.recount(&store).await;
}
