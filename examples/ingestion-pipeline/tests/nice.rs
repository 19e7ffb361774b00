//! A tenant of CXone in a running program, against the fake that the program serves itself.
#![cfg(all(feature = "demo", feature = "nice"))]

mod common;

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, Stdio};
use std::sync::{Arc, Mutex};

use common::Site;
use connector_core::testing::{FaultPlan, Scenario};
use connector_nice::testing::Fake;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::RootCertStore;
use rustls::pki_types::PrivateKeyDer;
use rustls::server::WebPkiClientVerifier;
use serde_json::Value;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader as AsyncBufReader, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

const CALLS: usize = 8;
const SEED: u64 = 7;

/// `ingest fake nice` in the background.
struct Served {
    child: Child,
    told: Value,
}

impl Served {
    fn start(site: &Site, faults: &str, pace: &str) -> Self {
        let day = ["--calls", &CALLS.to_string(), "--seed", &SEED.to_string(), "--faults", faults, "--pace", pace];
        let mut child = site
            .command()
            .args(["fake", "nice"])
            .args(day)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        Self { child, told: serde_json::from_str(&line).unwrap() }
    }

    fn credential(&self, name: &str) -> &str {
        self.told["credentials"][name].as_str().unwrap()
    }

    /// The source that uses it; each secret comes from a file.
    fn source(&self, site: &Site) -> String {
        let mut settings = format!(
            "[[tenant]]\nid = \"acme\"\n[[tenant.source]]\nname = \"cloud\"\nkind = \"nice\"\nissuer = {}\n\
             poll_every = \"100ms\"\nhosts = [\"127.0.0.1\"]\nrecording_waits = [\"200ms\"]\n\
             recording_patience = \"3650d\"\noverlap = \"12h\"\n",
            self.told["urls"]["issuer"]
        );
        for name in ["client_id", "client_secret", "access_key_id", "access_key_secret"] {
            let file = site.home.path().join(name);
            fs::write(&file, self.credential(name)).unwrap();
            settings.push_str(&format!("{name} = \"file:{}\"\n", file.display()));
        }
        settings
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn site_with(settings: &str, site: Site) -> Site {
    fs::write(site.home.path().join("ingest.toml"), settings).unwrap();
    site
}

#[test]
fn a_day_of_cxone_is_stored_and_no_log_shows_who_spoke_or_how_to_log_in() {
    let site = Site::new("");
    let served = Served::start(&site, "all", "200ms");
    let settings = format!("{}agents = {{ every = \"1h\" }}\n", served.source(&site));
    let site = site_with(&settings, site);
    let checked = site.output(&["check"]);
    assert_eq!(checked.status.code(), Some(0), "{checked:?}");
    let text = String::from_utf8_lossy(&checked.stdout).into_owned();
    assert_eq!(text.trim_end(), "acme / cloud   agents ok    events ok    history ok    recordings ok");

    let running = site.start_with("trace");
    // One of them is heard of by nobody.
    site.wait_for("the calls", || site.calls().len() == CALLS - 1);
    let found = site.json(&["reconcile", "--from", "2026-10-19T00:00:00Z", "--to", "2026-10-20T00:00:00Z"]);
    assert_eq!(found[0]["report"]["recovered"], 1, "{found:?}");
    site.wait_for("the call that was lost", || site.calls().len() == CALLS);
    let stored: Vec<Value> = site.calls().into_iter().map(|call| call["conversation"].clone()).collect();
    for call in served.told["calls"].as_array().unwrap() {
        assert!(stored.contains(call), "{call}");
    }
    site.wait_for("the people", || !site.json(&["agents", "list"]).is_empty());
    let output = running.terminate();
    assert!(output.status.success());

    let everything = format!("{}{}{}", site.log(), String::from_utf8_lossy(&output.stdout), text);
    assert!(everything.contains("TRACE"), "the log is as talkative as can be");
    let day = Scenario::day(CALLS, SEED);
    let mut secrets: Vec<String> = ["client_secret", "access_key_id", "access_key_secret"]
        .map(|name| served.credential(name).to_owned())
        .into_iter()
        .chain(["eyJ", "Bearer", "X-Amz-Signature", ".mp4"].map(str::to_owned))
        .collect();
    for agent in &day.agents {
        secrets.extend(agent.name.reveal().split(' ').map(str::to_owned));
        secrets.extend([agent.login.reveal().to_owned(), agent.email.reveal().to_owned()]);
    }
    for call in &day.calls {
        secrets.extend([&call.customer, &call.centre].map(|number| number.reveal().trim_start_matches('+').to_owned()));
    }
    for secret in secrets {
        let line = everything.lines().find(|line| line.contains(&secret));
        assert_eq!(line, None, "{secret}");
    }
}

/// The answer to a script's request.
fn post(url: &str, key: &str, body: &str) -> String {
    let (host, path) = url.strip_prefix("http://").unwrap().split_once('/').unwrap();
    let mut stream = std::net::TcpStream::connect(host).unwrap();
    write!(
        stream,
        "POST /{path} HTTP/1.1\r\nhost: {host}\r\nx-ingest-token: {key}\r\ncontent-type: application/json\r\n\
         content-length: {}\r\nconnection: close\r\n\r\n{body}",
        body.len()
    )
    .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

#[test]
fn a_script_that_calls_the_address_of_setup_show_brings_a_call_in_long_before_the_next_poll() {
    let site = Site::new("");
    let served = Served::start(&site, "none", "700ms");
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let settings = format!(
        "{}push = {{ keys = [\"studio-key-1\"] }}\n[listen]\naddress = \"127.0.0.1:{port}\"\n\
         route_key = \"0123456789abcdef0123456789abcdef\"\n",
        served.source(&site).replace("poll_every = \"100ms\"", "poll_every = \"1h\"")
    );
    let site = site_with(&settings, site);
    let shown = site.json(&["setup", "show"]);
    let url = shown[0]["urls"][0]["url"].as_str().unwrap().to_owned();
    assert!(shown[0]["note"].as_str().unwrap().contains("public_url"), "nobody elsewhere can call 127.0.0.1");
    let running = site.start();
    site.wait_for("the first poll", || site.log().contains("live origin=acme/cloud"));
    let last = served.told["calls"][CALLS - 1].as_str().unwrap();
    let hint = format!(r#"{{"event": "call_ended", "contactId": "{last}", "masterContactId": "{last}"}}"#);
    assert!(post(&url, "another key", &hint).starts_with("HTTP/1.1 401"));
    // 202 as long as the vendor does not know that it is over.
    site.wait_for("the call", || post(&url, "studio-key-1", &hint).starts_with("HTTP/1.1 200"));
    site.wait_for("its metadata", || site.has_call(last));
    assert!(running.terminate().status.success());
}

/// An authority that vouches for whoever asks.
struct Authority(CertifiedIssuer<'static, KeyPair>);

impl Authority {
    fn new() -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        Self(CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap())
    }

    fn vouch(&self, name: &str) -> (rcgen::Certificate, KeyPair) {
        let key = KeyPair::generate().unwrap();
        let certificate = CertificateParams::new(vec![name.to_owned()]).unwrap().signed_by(&key, &self.0).unwrap();
        (certificate, key)
    }

    /// TLS for `localhost`, for clients that this authority vouches for as well.
    fn acceptor(&self) -> TlsAcceptor {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut roots = RootCertStore::empty();
        roots.add(self.0.der().clone()).unwrap();
        let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider.clone()).build().unwrap();
        let (certificate, key) = self.vouch("localhost");
        let config = rustls::ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_client_cert_verifier(verifier)
            .with_single_cert(vec![certificate.der().clone()], PrivateKeyDer::try_from(key.serialize_der()).unwrap());
        TlsAcceptor::from(Arc::new(config.unwrap()))
    }
}

/// Passes on what comes by TLS; its port.
async fn tls_before(acceptor: TlsAcceptor, onward: u16) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let acceptor = acceptor.clone();
            tokio::spawn(async move {
                let mut stream = acceptor.accept(stream).await?;
                copy_bidirectional(&mut stream, &mut TcpStream::connect(("127.0.0.1", onward)).await?).await
            });
        }
    });
    port
}

/// Passes everything on to the host that is asked for, and notes who was asked for; its port.
async fn connect_proxy(asked: Arc<Mutex<Vec<String>>>) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let mut stream = AsyncBufReader::new(stream);
            let mut head = String::new();
            while !head.ends_with("\r\n\r\n") && stream.read_line(&mut head).await.unwrap() > 0 {}
            let host = head.split(' ').nth(1).unwrap().to_owned();
            asked.lock().unwrap().push(head.lines().next().unwrap().to_owned());
            stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await.unwrap();
            let mut onward = TcpStream::connect(host).await.unwrap();
            tokio::spawn(async move { copy_bidirectional(&mut stream, &mut onward).await });
        }
    });
    port
}

#[tokio::test(flavor = "multi_thread")]
async fn proxy_root_and_own_certificate_come_from_the_configuration() {
    let (authority, asked, site) = (Authority::new(), Arc::default(), Site::new(""));
    let fake = Fake::start_at("127.0.0.1:0".parse().unwrap(), &Scenario::small(SEED), FaultPlan::none()).await.unwrap();
    let port = tls_before(authority.acceptor(), fake.issuer().port().unwrap()).await;
    let proxy = connect_proxy(Arc::clone(&asked)).await;
    let (certificate, key) = authority.vouch("ingest");
    fs::write(site.home.path().join("root.pem"), authority.0.pem()).unwrap();
    fs::write(site.home.path().join("own.pem"), certificate.pem() + &key.serialize_pem()).unwrap();
    let ((client_id, client_secret), (key_id, key_secret)) = (fake.client(), fake.access_key());
    let base = format!("https://localhost:{port}/");
    let settings = format!(
        "[[tenant]]\nid = \"acme\"\n[[tenant.source]]\nname = \"cloud\"\nkind = \"nice\"\nissuer = \"{base}\"\n\
         token_url = \"{base}auth/token\"\napi_url = \"{base}\"\nhosts = [\"localhost\"]\n\
         client_id = \"{client_id}\"\nclient_secret = \"{client_secret}\"\naccess_key_id = \"{key_id}\"\n\
         access_key_secret = \"{key_secret}\"\n[tenant.source.http]\nconnect_timeout = \"2s\"\n"
    );
    let own = "client_certificate = \"own.pem\"\n";
    let all = format!("proxy = \"http://127.0.0.1:{proxy}\"\nroot_certificates = [\"root.pem\"]\n{own}");
    for (http, code) in [(&*all, 0), (&all.replace(own, ""), 3), (&all.replace("[\"root.pem\"]", "[]"), 3)] {
        fs::write(site.home.path().join("ingest.toml"), format!("{settings}{http}")).unwrap();
        let mut check = site.command();
        check.arg("check");
        let checked = tokio::task::spawn_blocking(move || check.output().unwrap()).await.unwrap();
        assert_eq!(checked.status.code(), Some(code), "{http}: {checked:?}");
        assert!(asked.lock().unwrap().iter().any(|line| line.starts_with(&format!("CONNECT localhost:{port} "))));
    }
    let by_itself = |line: &String| !line.starts_with("CONNECT localhost:");
    assert!(!asked.lock().unwrap().iter().any(by_itself), "nobody else was asked for");
}
