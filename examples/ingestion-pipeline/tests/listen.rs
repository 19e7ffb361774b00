//! The port that vendors call, in a running program.

mod common;

use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;

use common::Site;

/// Long enough for the program, and found nowhere but in the configuration.
const ROUTE_KEY: &str = "quetzal-7f3a9c51d2e84b60a1f7c3d95e2b8460";

fn settings(route_key: &str) -> String {
    format!("[listen]\naddress = \"127.0.0.1:0\"\nroute_key = \"{route_key}\"\n")
}

/// The whole answer to a request, once the program listens.
fn ask(site: &Site, path: &str) -> String {
    let mut address = String::new();
    site.wait_for("the port", || {
        let log = site.log();
        let place = log.lines().find_map(|line| line.split_once("listening at ")).map(|(_, place)| place.to_owned());
        place.inspect(|place| address.clone_from(place)).is_some()
    });
    let mut stream = TcpStream::connect(address.trim()).unwrap();
    write!(stream, "GET {path} HTTP/1.1\r\nhost: hooks.example.com\r\nconnection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

/// Everything in the files below, as far as it is text.
fn texts_below(directory: &Path) -> Vec<(String, String)> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(directory).unwrap().flatten() {
        let path = entry.path();
        if path.is_dir() {
            found.extend(texts_below(&path));
        } else {
            found.push((path.display().to_string(), String::from_utf8_lossy(&common::read(&path)).into_owned()));
        }
    }
    found
}

#[test]
fn a_running_program_tells_its_health_and_nothing_else_to_strangers() {
    let site = Site::new(&settings(ROUTE_KEY));
    let running = site.start();
    assert!(ask(&site, "/healthz").starts_with("HTTP/1.1 200"));
    for path in ["/", "/hooks/0123456789abcdef0123456789abcdef/ended", "/metrics"] {
        assert!(ask(&site, path).starts_with("HTTP/1.1 401"), "{path}");
    }
    assert!(running.terminate().status.success());
}

#[cfg(feature = "genesys")]
#[test]
fn the_address_for_the_sound_of_calls_is_shown_as_the_vendor_asks_for_it() {
    let source = "public_url = \"https://hooks.example.com/in/\"\n[[tenant]]\nid = \"globex\"\n[[tenant.source]]\nname = \"cloud\"\n\
                  kind = \"genesys\"\nregion = \"usw2\"\nclient_id = \"env:ID\"\nclient_secret = \"env:SECRET\"\n\
                  [tenant.source.audio]\nkeys = [{ key = \"env:KEY\", secret = \"env:KEY_SECRET\" }]\n";
    let site = Site::new(&format!("{}{source}", settings(ROUTE_KEY)));
    let shown = site.json(&["setup", "show", "--source", "cloud"]);
    let url = &shown[0]["urls"][0];
    assert_eq!(url["what"], "Connection URI");
    let address = url["url"].as_str().unwrap();
    let route =
        address.strip_prefix("wss://hooks.example.com/in/hooks/").and_then(|rest| rest.strip_suffix("/audiohook"));
    assert!(route.is_some_and(|route| route.len() == 32 && !route.contains('/')), "{address}");
}

#[test]
fn no_secret_of_the_configuration_is_ever_shown() {
    let site = Site::new(&settings(ROUTE_KEY));
    let mut said = Vec::new();
    let mut output = |arguments: &[&str]| {
        for format in [None, Some("--json")] {
            let mut command = site.command();
            command.args(format).args(arguments).env("INGEST_LOG", "trace").env("RUST_BACKTRACE", "full");
            let output = command.output().unwrap();
            let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
            said.push((format!("{arguments:?}"), format!("{out}{err}")));
        }
    };
    let running = site.start_with("trace");
    site.upload("20261019-210000_kay.wav", include_bytes!("../../../connector-core/tests/fixtures/wav/speech.wav"));
    ask(&site, "/healthz");
    output(&["check"]);
    output(&["setup", "show"]);
    output(&["calls"]);
    output(&["reconcile", "--last", "1h"]);
    running.terminate();
    // What is wrong stands in the line of the secret, or is the secret itself.
    let wrong = [
        settings(&ROUTE_KEY[..20]),
        settings(ROUTE_KEY).replace("route_key =", "route_kee ="),
        settings(ROUTE_KEY).replace("\"\n", "\" \"\n"),
        settings(ROUTE_KEY).replace("route_key = ", "route_key = 7, "),
    ];
    for wrong in wrong {
        let config = site.home.path().join("ingest.toml");
        let text = std::fs::read_to_string(&config).unwrap();
        std::fs::write(&config, format!("{}{wrong}", text.split("[listen]").next().unwrap())).unwrap();
        output(&["run"]);
        output(&["check"]);
        output(&["setup", "show"]);
    }
    let log = ("log".to_owned(), site.log());
    assert!(log.1.contains("DEBUG"), "the log is as talkative as can be");
    said.push(log);
    std::fs::remove_file(site.home.path().join("ingest.toml")).unwrap();
    said.extend(texts_below(site.home.path()));
    for (place, text) in said {
        assert!(!text.contains(&ROUTE_KEY[..12]), "{place}: {text}");
    }
}
