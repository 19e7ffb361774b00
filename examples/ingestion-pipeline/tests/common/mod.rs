//! A running `ingest` on a folder of its own.
#![allow(missing_docs, unreachable_pub, dead_code)] // every test file uses a part of it

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

use http::HeaderMap;
use serde_json::Value;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// Nothing in these tests takes nearly as long; whoever waits longer waits in vain.
const LONGEST: Duration = Duration::from_secs(60);

pub struct Site {
    pub home: TempDir,
}

impl Site {
    /// A tenant `acme` with one drop folder.
    pub fn new(more_settings: &str) -> Self {
        Self::settling("200ms", more_settings)
    }

    /// The same with another settle time.
    pub fn settling(settle: &str, more_settings: &str) -> Self {
        let home = tempfile::tempdir().unwrap();
        fs::create_dir(home.path().join("drop")).unwrap();
        let settings = format!(
            "[[tenant]]\nid = \"acme\"\n[[tenant.source]]\nname = \"drop\"\nkind = \"universal\"\npath = \"drop\"\n\
             time_zone = \"Europe/Berlin\"\nsettle = \"{settle}\"\nrescan = \"300ms\"\n{more_settings}"
        );
        fs::write(home.path().join("ingest.toml"), settings).unwrap();
        Self { home }
    }

    pub fn drop_path(&self, name: &str) -> PathBuf {
        self.home.path().join("drop").join(name)
    }

    pub fn object(&self, key: &str) -> PathBuf {
        self.home.path().join("data/objects").join(key)
    }

    /// The files of all stored recordings.
    pub fn objects(&self) -> Vec<PathBuf> {
        let (mut found, mut open) = (Vec::new(), vec![self.object("")]);
        while let Some(directory) = open.pop() {
            for path in fs::read_dir(directory).into_iter().flatten().flatten().map(|entry| entry.path()) {
                if path.is_dir() { open.push(path) } else { found.push(path) }
            }
        }
        found
    }

    /// Puts a file there as a careful uploader does: under another name, then renamed.
    pub fn upload(&self, name: &str, content: &[u8]) {
        let temporary = self.drop_path(&format!("{name}.filepart"));
        fs::write(&temporary, content).unwrap();
        fs::rename(temporary, self.drop_path(name)).unwrap();
    }

    pub fn command(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_ingest"));
        command.current_dir(self.home.path());
        command
    }

    pub fn start(&self) -> Running {
        self.start_with("info")
    }

    pub fn start_with(&self, log: &str) -> Running {
        let log_file = fs::File::create(self.home.path().join("log")).unwrap();
        let child = self
            .command()
            .arg("run")
            .env("INGEST_LOG", log)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(log_file)
            .spawn()
            .unwrap();
        Running(Some(child))
    }

    /// What a command prints and logs, at this level.
    pub fn output_at(&self, log: &str, arguments: &[&str]) -> Output {
        self.command().env("INGEST_LOG", log).args(arguments).output().unwrap()
    }

    pub fn log(&self) -> String {
        fs::read_to_string(self.home.path().join("log")).unwrap_or_default()
    }

    pub fn output(&self, arguments: &[&str]) -> Output {
        self.command().args(arguments).output().unwrap()
    }

    /// The lines of JSON that a command prints.
    pub fn json(&self, arguments: &[&str]) -> Vec<Value> {
        let output = self.command().arg("--json").args(arguments).output().unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    /// The stored calls by id.
    pub fn calls(&self) -> Vec<Value> {
        self.json(&["calls", "--limit", "1000"])
    }

    pub fn has_call(&self, conversation: &str) -> bool {
        self.calls().iter().any(|call| call["conversation"] == conversation)
    }

    /// The files somewhere below the drop folder whose name begins so.
    pub fn moved(&self, place: &str, name: &str) -> Vec<PathBuf> {
        let mut found = Vec::new();
        for day in fs::read_dir(self.drop_path(place)).into_iter().flatten().flatten() {
            let files = fs::read_dir(day.path()).into_iter().flatten().flatten();
            found.extend(files.filter(|f| f.file_name().to_string_lossy().starts_with(name)).map(|f| f.path()));
        }
        found.sort();
        found
    }

    pub fn wait_for(&self, what: &str, mut is_so: impl FnMut() -> bool) {
        for _ in 0..LONGEST.as_millis() / 20 {
            if is_so() {
                return;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        panic!("waited in vain for {what}; the log:\n{}", self.log());
    }
}

/// A process that is killed when the test ends early.
pub struct Running(Option<Child>);

impl Running {
    pub fn id(&self) -> u32 {
        self.0.as_ref().unwrap().id()
    }

    pub fn terminate(mut self) -> Output {
        signal(self.id(), "TERM");
        self.0.take().unwrap().wait_with_output().unwrap()
    }

    pub fn kill(mut self) {
        let mut child = self.0.take().unwrap();
        child.kill().unwrap();
        child.wait().unwrap();
    }

    /// The most memory that the process ever held, in KiB.
    pub fn peak_memory(&self) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.id())).unwrap();
        let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap();
        line.split_whitespace().nth(1).unwrap().parse().unwrap()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Some(child) = &mut self.0 {
            let _ = child.kill();
        }
    }
}

fn signal(process: u32, name: &str) {
    let done = Command::new("sh").args(["-c", &format!("kill -{name} {process}")]).status().unwrap();
    assert!(done.success());
}

pub fn read(path: impl AsRef<Path>) -> Vec<u8> {
    fs::read(path).unwrap()
}

/// Asks for a WebSocket, and returns the head of the answer.
pub async fn upgraded(stream: &mut TcpStream, target: &str, headers: &HeaderMap) -> String {
    let mut head = format!(
        "GET {target} HTTP/1.1\r\nconnection: upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\n\
         sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
    );
    for (name, value) in headers {
        head += &format!("{name}: {}\r\n", value.to_str().unwrap());
    }
    stream.write_all(format!("{head}\r\n").as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    while !answer.ends_with(b"\r\n\r\n") {
        answer.push(stream.read_u8().await.unwrap());
    }
    String::from_utf8(answer).unwrap()
}
