use std::path::PathBuf;
use std::sync::Mutex as StdMutex;
use std::time::Duration;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::ServerConfig;
use rustls::server::WebPkiClientVerifier;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

use super::*;
use crate::http::{AccountKey, HttpClient, RetryPolicy};
use crate::testing::http::{Answer, Request, TestServer, serve};
use crate::{Context, Vendor};

/// An authority that vouches for a server and a client.
struct Authority(CertifiedIssuer<'static, KeyPair>);

impl Authority {
    fn new() -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        Self(CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap())
    }

    fn pem(&self) -> String {
        self.0.pem()
    }

    /// A certificate for this name, and its key.
    fn vouch(&self, name: &str) -> (rcgen::Certificate, KeyPair) {
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new(vec![name.to_owned()]).unwrap();
        (params.signed_by(&key, &self.0).unwrap(), key)
    }

    fn roots(&self) -> Arc<RootCertStore> {
        let mut roots = RootCertStore::empty();
        roots.add(self.0.der().clone()).unwrap();
        Arc::new(roots)
    }
}

/// A server for `localhost` over TLS, which asks for a client's certificate or not; its port.
async fn tls_server(authority: &Authority, asks: bool) -> u16 {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ServerConfig::builder_with_provider(provider.clone()).with_safe_default_protocol_versions().unwrap();
    let builder = match asks {
        false => builder.with_no_client_auth(),
        true => builder.with_client_cert_verifier(
            WebPkiClientVerifier::builder_with_provider(authority.roots(), provider).build().unwrap(),
        ),
    };
    let (certificate, key) = authority.vouch("localhost");
    let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
    let config = builder.with_single_cert(vec![certificate.der().clone()], key).unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let acceptor = acceptor.clone();
            tokio::spawn(async move {
                let stream = acceptor.accept(stream).await?;
                serve(stream, &|_: &Request| Answer::new(200).with_body("hello")).await
            });
        }
    });
    port
}

async fn get(port: u16, options: &HttpOptions) -> Result<Bytes> {
    let key = AccountKey::new(Vendor::named("acme-cloud"), "x");
    let base = format!("https://localhost:{port}").parse().unwrap();
    let client = HttpClient::new(&Context::default(), &key, base, options)?.with_retry(RetryPolicy::once());
    client.get("calls").send().await.map(|answer| answer.bytes)
}

fn file(directory: &tempfile::TempDir, name: &str, text: &str) -> PathBuf {
    let path = directory.path().join(name);
    std::fs::write(&path, text).unwrap();
    path
}

#[tokio::test]
async fn a_host_is_trusted_only_with_its_root_certificate() {
    let (authority, directory) = (Authority::new(), tempfile::tempdir().unwrap());
    let port = tls_server(&authority, false).await;
    let error = get(port, &HttpOptions::default()).await.unwrap_err();
    assert!(error.is_config() && error.advice().unwrap().contains("root_certificates"), "{error:?}");

    let roots = file(&directory, "root.pem", &authority.pem());
    assert_eq!(get(port, &HttpOptions::default().with_root_certificates(roots)).await.unwrap(), "hello");

    let other = file(&directory, "other.pem", &Authority::new().pem());
    assert!(get(port, &HttpOptions::default().with_root_certificates(other)).await.unwrap_err().is_config());
}

#[tokio::test]
async fn a_host_that_asks_for_our_certificate_gets_it() {
    let (authority, directory) = (Authority::new(), tempfile::tempdir().unwrap());
    let port = tls_server(&authority, true).await;
    let options = HttpOptions::default().with_root_certificates(file(&directory, "root.pem", &authority.pem()));
    assert!(get(port, &options).await.is_err());

    let (certificate, key) = authority.vouch("ingest.example.com");
    let ours = file(&directory, "ours.pem", &(certificate.pem() + &key.serialize_pem()));
    assert_eq!(get(port, &options.with_client_certificate(ours)).await.unwrap(), "hello");
}

#[tokio::test]
async fn files_that_hold_no_certificates_are_refused_when_the_client_is_made() {
    let directory = tempfile::tempdir().unwrap();
    let (authority, empty) = (Authority::new(), file(&directory, "empty.pem", ""));
    let root = file(&directory, "root.pem", &authority.pem());
    for options in [
        HttpOptions::default().with_root_certificates(&empty),
        HttpOptions::default().with_root_certificates("/nowhere/at/all.pem"),
        HttpOptions::default().with_client_certificate(&empty),
        HttpOptions::default().with_client_certificate(&root),
    ] {
        assert!(Context::default().transport(&options).unwrap_err().is_config(), "{options:?}");
    }
}

/// Passes everything on to the host that is asked for, and notes what it was asked for.
async fn connect_proxy() -> (u16, Arc<StdMutex<Vec<String>>>) {
    let asked = Arc::new(StdMutex::new(Vec::new()));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (port, noted) = (listener.local_addr().unwrap().port(), asked.clone());
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let mut stream = BufReader::new(stream);
            let mut head = String::new();
            while !head.ends_with("\r\n\r\n") && stream.read_line(&mut head).await.unwrap() > 0 {}
            let host = head.split(' ').nth(1).unwrap().to_owned();
            noted.lock().unwrap().push(head);
            stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await.unwrap();
            let mut onward = TcpStream::connect(host).await.unwrap();
            tokio::spawn(async move { tokio::io::copy_bidirectional(&mut stream, &mut onward).await });
        }
    });
    (port, asked)
}

#[tokio::test]
async fn everything_goes_through_the_proxy_with_its_user_and_password() {
    let (authority, directory) = (Authority::new(), tempfile::tempdir().unwrap());
    let (port, (proxy, asked)) = (tls_server(&authority, false).await, connect_proxy().await);
    let proxy = Proxy::try_from(format!("http://kay:hunter2@127.0.0.1:{proxy}")).unwrap();
    let options =
        HttpOptions::default().with_root_certificates(file(&directory, "root.pem", &authority.pem())).with_proxy(proxy);
    assert_eq!(get(port, &options).await.unwrap(), "hello");
    let asked = asked.lock().unwrap().join("\n").to_lowercase();
    assert!(asked.starts_with(&format!("connect localhost:{port} ")), "{asked}");
    assert!(asked.contains("proxy-authorization: basic a2f5omh1bnrlcji="), "{asked}");
    let written = serde_json::to_string(&options).unwrap();
    let shown = format!("{options:?} {written} {:?}", Context::default().transport(&options).unwrap());
    assert!(!shown.contains("hunter2") && !shown.contains("kay"), "{shown}");
}

#[tokio::test]
async fn a_proxy_that_is_not_there_passes_by_itself_and_shows_no_password() {
    let options =
        HttpOptions::default().with_proxy(Proxy::try_from("http://kay:hunter2@127.0.0.1:1".to_owned()).unwrap());
    let error = get(1, &options).await.unwrap_err();
    assert!(error.is_transient() && !format!("{error:?}").contains("hunter2"), "{error:?}");
}

#[tokio::test]
async fn clients_with_equal_options_share_their_connections_and_nobody_keeps_them() {
    let clients = Clients::default();
    let fast = HttpOptions::default().with_timeouts(Duration::from_secs(1), Duration::from_secs(1));
    let one = clients.get(&HttpOptions::default()).unwrap();
    for _ in 0..1000 {
        assert!(Arc::ptr_eq(&one, &clients.get(&HttpOptions::default()).unwrap()));
    }
    let other = clients.get(&fast).unwrap();
    assert!(!Arc::ptr_eq(&one, &other));
    drop((one, other));
    let _last = clients.get(&fast.with_timeouts(Duration::from_secs(2), Duration::from_secs(1))).unwrap();
    assert_eq!(clients.0.lock().unwrap().len(), 1);
}

#[tokio::test]
async fn a_silent_host_is_given_up() {
    let server = TestServer::start(|_: &Request| Answer::new(200).delayed(Duration::from_secs(600))).await.unwrap();
    let options = HttpOptions::default().with_timeouts(Duration::from_millis(500), Duration::from_millis(50));
    let key = AccountKey::new(Vendor::named("acme-cloud"), "x");
    let client = HttpClient::new(&Context::default(), &key, server.url(), &options).unwrap();
    let error = client.with_retry(RetryPolicy::once()).get("calls?sig=secret").send().await.unwrap_err();
    assert!(error.is_transient() && error.to_string().contains("silent"), "{error}");
    assert!(!format!("{error:?}").contains("secret"), "{error:?}");
}

#[tokio::test]
async fn packed_chunked_and_cut_answers_arrive_or_fail_as_they_should() {
    let server = TestServer::start(|request: &Request| match request.uri().path() {
        "/packed" => Answer::new(200).with_body("a".repeat(100_000)).gzip(),
        "/chunked" => Answer::new(200).with_body("b".repeat(100)).chunked(7),
        "/cut" => Answer::new(200).with_body("c".repeat(100)).cut_after(50),
        _ => Answer::new(200).with_body("d".repeat(100)).chunked(7).cut_after(50),
    })
    .await
    .unwrap();
    let key = AccountKey::new(Vendor::named("acme-cloud"), "x");
    let client = HttpClient::new(&Context::default(), &key, server.url(), &HttpOptions::default()).unwrap();
    let client = client.with_retry(RetryPolicy::once());
    assert_eq!(client.get("packed").send().await.unwrap().bytes, "a".repeat(100_000));
    assert!(client.get("packed").max_body(99_999).send().await.unwrap_err().is_too_large());
    assert_eq!(client.get("chunked").send().await.unwrap().bytes, "b".repeat(100));
    for path in ["cut", "cut-chunked"] {
        assert!(client.get(path).send().await.unwrap_err().is_transient(), "{path}");
    }
}

#[test]
fn a_proxy_is_none_the_environment_or_an_address() {
    for (text, fine) in [("none", true), ("environment", true), ("https://proxy.example.com", true), ("proxy", false)]
        .into_iter()
        .chain([("socks5://proxy.example.com", false), ("", false)])
    {
        assert_eq!(Proxy::try_from(text.to_owned()).is_ok(), fine, "{text}");
    }
    let options = HttpOptions::default().with_proxy(Proxy::Environment);
    let written = serde_json::to_string(&options).unwrap();
    assert_eq!(serde_json::from_str::<HttpOptions>(&written).unwrap(), options);
    assert!(serde_json::from_str::<HttpOptions>(r#"{"read_timeout": 30}"#).is_err());
    assert!(serde_json::from_str::<HttpOptions>(r#"{"verify": false}"#).is_err());
}
