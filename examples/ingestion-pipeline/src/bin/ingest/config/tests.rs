use connector_core::Direction;
use ingestion_pipeline::Filter;

use super::*;

const GOOD: &str = r#"
data = "archive"
[[tenant]]
id = "acme"
  [[tenant.source]]
  name = "drop"
  kind = "universal"
  path = "incoming"
  time_zone = "Europe/Berlin"
  settle = "200ms"
  reconcile = { at = "02:30", zone = "Europe/Berlin", period = "36h" }
[listen]
address = "127.0.0.1:8080"
tls = { certificate = "tls/chain.pem", key = "/run/secrets/tls.pem" }
route_key = "file:/run/secrets/routes"
public_url = "https://hooks.example.com/in"
[live]
store = "instead"
deadline = "30m"
unmatched = "drop"
keep_all = true
"#;

fn parse(text: &str) -> Result<Config, ConfigError> {
    Config::parse("ingest.toml", text, Path::new("/etc/ingest"))
}

#[test]
fn a_source_is_named_with_its_tenant_and_paths_belong_to_the_file() {
    let config = parse(GOOD).unwrap();
    assert_eq!(config.data, Path::new("/etc/ingest/archive"));
    let source = &config.sources[0];
    assert_eq!((source.tenant.as_str(), source.name.as_str()), ("acme", "drop"));
    let SourceKind::Universal(path, settings) = &source.kind else { panic!("{:?}", source.kind) };
    assert_eq!(path, Path::new("/etc/ingest/incoming"));
    assert_eq!(settings.settle, Duration::from_millis(200));
    let schedule = source.reconcile.unwrap();
    assert_eq!(schedule.period, Duration::from_secs(36 * 3600));
    let noon = "2026-10-19T12:00:00Z".parse().unwrap();
    assert_eq!(schedule.at.next_after(noon).to_rfc3339(), "2026-10-20T00:30:00+00:00");
    let without = GOOD.lines().filter(|line| !line.contains("reconcile")).collect::<Vec<_>>().join("\n");
    assert_eq!(parse(&without).unwrap().sources[0].reconcile, None, "not by itself, unless it is said");
    assert_eq!(
        parse(&GOOD.replace(", period = \"36h\"", "")).unwrap().sources[0].reconcile.unwrap().period.as_secs(),
        86_400
    );
}

#[test]
fn a_mistyped_key_is_shown_with_the_key_that_was_meant() {
    let error = parse(&GOOD.replace("time_zone", "time_zon")).unwrap_err().to_string();
    insta::assert_snapshot!(error, @r#"
        ingest.toml:9: source "drop" has no key `time_zon`
            9 |   time_zon = "Europe/Berlin"
              |   ^^^^^^^^ did you mean `time_zone`?
        "#);
}

/// What is put in place of what, the line that is named, what is said and what is advised.
const MISTAKES: [(&str, &str, usize, &str, &str); 74] = [
    ("data = \"archive\"", "data = \"archive", 2, "the file", "basic string"),
    ("data = \"archive\"", "dta = \"archive\"", 2, "has no key `dta`", "did you mean `data`?"),
    ("data = \"archive\"", "data = 7", 2, "expected path string", ""),
    ("data = \"archive\"", "data = \"a\"\ndata = \"b\"", 3, "duplicate key", ""),
    ("data = \"archive\"", "pipeline = { at_once = 0 }", 2, "never get anywhere", "write 1 or more"),
    ("data = \"archive\"", "pipeline = { at_onze = 3 }", 2, "no key `at_onze`", "did you mean `at_once`?"),
    ("data = \"archive\"", "pipeline = { at_once = -3 }", 2, "invalid value", "u16"),
    ("data = \"archive\"", "pipeline = { deadline = \"soon\" }", 2, "no length of time", "write it as"),
    ("[[tenant]]", "[tenant]", 3, "no list of tables", "write [[tenant]]"),
    ("[[tenant]]", "[[tennant]]", 3, "the file has no key `tennant`", "did you mean `tenant`?"),
    ("id = \"acme\"\n", "", 3, "a tenant has no key `id`", "write id = \"…\""),
    ("id = \"acme\"", "id = \"\"", 4, "`id` of a tenant is \"\"", "a name has letters"),
    ("id = \"acme\"", "id = \"ac/me\"", 4, "`id` of a tenant is \"ac/me\"", "no / and no spaces"),
    ("id = \"acme\"", "id = 17", 4, "`id` is no text", "put it in quotes"),
    ("id = \"acme\"", "id = \"acme\"\nnmae = 1", 5, "tenant \"acme\" has no key `nmae`", ""),
    ("  name = \"drop\"\n", "", 5, "a source has no key `name`", "write name = \"…\""),
    ("name = \"drop\"", "name = \"my drop\"", 6, "`name` of a source is \"my drop\"", "no spaces"),
    ("  kind = \"universal\"\n", "", 5, "source \"drop\" has no key `kind`", "write kind = \"…\""),
    ("kind = \"universal\"", "kind = \"universe\"", 5, "unknown kind \"universe\"", "the kinds of this build are: "),
    ("  path = \"incoming\"\n", "", 5, "source \"drop\" has no key `path`", "write path = \"…\""),
    ("path = ", "paht = ", 5, "source \"drop\" has no key `path`", "is `paht` a slip of the pen?"),
    ("  time_zone = \"Europe/Berlin\"\n", "", 5, "lacks the key `time_zone`", "write time_zone = …"),
    ("Europe/Berlin", "Europe/Berlun", 9, "no time zone", "write a name such as Europe/Berlin"),
    ("settle = \"200ms\"", "setle = \"200ms\"", 10, "no key `setle`", "did you mean `settle`?"),
    ("\"200ms\"", "200", 10, "expected a string", ""),
    ("\"200ms\"", "\"200\"", 10, "no length of time", "write it as \"200ms\""),
    ("settle = \"200ms\"", "sidecar = \"maybe\"", 10, "unknown variant `maybe`", "`required`"),
    ("\"200ms\"", "\"200ms\"\ncalls_of = \"peple\"", 11, "neither \"everyone\" nor", "did you mean \"people\"?"),
    ("\"200ms\"", "\"200ms\"\ncalls_of = [\"kay\"]", 11, "neither \"everyone\" nor", "write \"everyone\" or"),
    ("\"200ms\"", "\"200ms\"\ncall_of = \"people\"", 11, "no key `call_of`", "did you mean `calls_of`?"),
    ("\"200ms\"", "\"200ms\"\nfilters = {}", 11, "no key `filters`", "did you mean `filter`?"),
    ("\"200ms\"", "\"200ms\"\nfilter = \"10s\"", 11, "`filter` of source \"drop\" is no table", "write filter = {"),
    (
        "\"200ms\"",
        "\"200ms\"\nfilter = { min_lenght = \"1s\" }",
        11,
        "`filter` of source",
        "did you mean `min_length`?",
    ),
    ("\"200ms\"", "\"200ms\"\nfilter = { min_length = 10 }", 11, "expected a string", "`filter` of source \"drop\""),
    ("\"200ms\"", "\"200ms\"\nfilter = { min_length = \"ten\" }", 11, "no length of time", "write it as"),
    (
        "\"200ms\"",
        "\"200ms\"\nfilter = { directions = [\"inbond\"] }",
        11,
        "unknown variant",
        "did you mean \"inbound\"?",
    ),
    ("\"200ms\"", "\"200ms\"\nfilter = { directions = \"inbound\" }", 11, "expected a sequence", ""),
    ("\"200ms\"", "\"200ms\"\nfilter = { queues = [7] }", 11, "expected a string", ""),
    ("\"200ms\"", "\"200ms\"\nagents = true", 11, "`agents` of source \"drop\" is no table", "write agents = {"),
    (
        "\"200ms\"",
        "\"200ms\"\nagents = { group = [] }",
        11,
        "`agents` of source \"drop\" has no key `group`",
        "mean `groups`?",
    ),
    ("\"200ms\"", "\"200ms\"\nagents = { every = \"0s\" }", 11, "too often", "write 1s or more"),
    ("\"200ms\"", "\"200ms\"\nagents = { analyse = \"no\" }", 11, "expected a boolean", ""),
    ("\"200ms\"", "\"200ms\"\nagents = {}", 11, "source \"drop\" has no list of agents", "`ingest agents import`"),
    ("reconcile = {", "reconcil = {", 11, "no key `reconcil`", "did you mean `reconcile`?"),
    (
        "{ at = \"02:30\", zone = \"Europe/Berlin\", period = \"36h\" }",
        "\"02:30\"",
        11,
        "is no table",
        "write reconcile = {",
    ),
    ("at = \"02:30\"", "at = \"2.30\"", 11, "no time of day", "such as \"02:30\""),
    ("at = \"02:30\"", "at = \"24:00\"", 11, "no time of day", "such as \"02:30\""),
    ("at = \"02:30\", ", "", 11, "`reconcile` of source \"drop\" lacks the key `at`", "write at = …"),
    ("zone = \"Europe/Berlin\", period", "zone = \"Mars\", period", 11, "no time zone", "such as Europe/Berlin"),
    (", zone = \"Europe/Berlin\"", "", 11, "lacks the key `zone`", "write zone = …"),
    ("period = \"36h\"", "perid = \"36h\"", 11, "no key `perid`", "did you mean `period`?"),
    ("period = \"36h\"", "period = \"0s\"", 11, "compares nothing", "write \"24h\""),
    ("[listen]", "[lissten]", 12, "the file has no key `lissten`", "did you mean `listen`?"),
    ("[listen]", "[[listen]]", 12, "`listen` is no table", "write [listen]"),
    ("address = \"127.0.0.1:8080\"\n", "", 12, "[listen] lacks the key `address`", "write address = …"),
    ("\"127.0.0.1:8080\"", "\"127.0.0.1\"", 13, "no address with a port", "write it as \"127.0.0.1:8080\""),
    ("\"127.0.0.1:8080\"", "\"localhost:8080\"", 13, "no address with a port", "write it as"),
    ("\"127.0.0.1:8080\"", "8080", 13, "expected a string", "[listen]"),
    ("address =", "adress =", 13, "[listen] has no key `adress`", "did you mean `address`?"),
    ("certificate = \"tls/chain.pem\", ", "", 14, "lacks the key `certificate`", "write certificate = …"),
    ("certificate =", "certificat =", 14, "no key `certificat`", "did you mean `certificate`?"),
    ("tls = {", "tsl = {", 14, "[listen] has no key `tsl`", "the keys are address, tls, route_key"),
    ("route_key = \"file:/run/secrets/routes\"\n", "", 12, "[listen] lacks the key `route_key`", "write route_key = …"),
    ("https://hooks", "hooks", 16, "no address that vendors could call", "write it as \"https://"),
    ("https://hooks.example.com/in", "https://x@hooks.example.com", 16, "no address that vendors could call", ""),
    ("example.com/in", "example.com/in?x=1", 16, "no address that vendors could call", ""),
    ("[live]", "[life]", 17, "the file has no key `life`", "did you mean `live`?"),
    ("[live]", "[[live]]", 17, "`live` is no table", "write [live]"),
    ("store =", "stor =", 18, "[live] has no key `stor`", "did you mean `store`?"),
    ("\"instead\"", "\"insted\"", 18, "unknown variant `insted`", "did you mean \"instead\"?"),
    ("\"30m\"", "30", 19, "expected a string", "[live]"),
    ("\"30m\"", "\"0s\"", 19, "no call comes as fast", "write 1s or more"),
    ("\"drop\"\nkeep_all", "\"dorp\"\nkeep_all", 20, "unknown variant `dorp`", "did you mean \"drop\"?"),
    ("keep_all = true", "keep_all = \"yes\"", 21, "expected a boolean", ""),
];

#[test]
fn every_mistake_is_shown_where_it_stands_with_what_to_write_instead() {
    for (from, to, line, says, advises) in MISTAKES {
        assert!(GOOD.contains(from), "{from}");
        let error = parse(&GOOD.replacen(from, to, 1)).expect_err(to).to_string();
        let first = error.lines().next().unwrap();
        assert!(first.starts_with(&format!("ingest.toml:{line}: ")), "{to}: {error}");
        assert!(error.contains(says) && error.contains(advises), "{to}: {error}");
    }
}

#[test]
fn two_sources_of_a_tenant_cannot_have_one_name() {
    let tenants = GOOD.split("[listen]").next().unwrap();
    let source = &tenants[tenants.find("  [[tenant.source]]").unwrap()..];
    let error = parse(&format!("{tenants}{source}")).unwrap_err().to_string();
    assert!(error.starts_with("ingest.toml:12: there are two sources \"drop\" of tenant \"acme\""), "{error}");
    let other = tenants.replace("data = \"archive\"", "").replace("acme", "other");
    assert_eq!(parse(&format!("{GOOD}{other}")).unwrap().sources.len(), 2, "another tenant may");
}

#[test]
fn a_line_with_a_secret_is_not_shown() {
    for line in [
        "password = \"hunter2\"",
        "api_key = [\"hunter2\"]",
        "client-secret = \"hunter2",
        "TOKEN = hunter2",
        "client_secrt = \"hunter2\"",
        "route_kye = \"hunter2\"",
        "push = { header = 7, kee = \"hunter2\" }",
    ] {
        let error = parse(&GOOD.replace("settle = \"200ms\"", line)).unwrap_err().to_string();
        assert!(error.starts_with("ingest.toml:10: ") && error.contains("= •••"), "{error}");
        assert!(!error.contains("hunter2"), "{error}");
    }
    let error = parse(&GOOD.replace("settle = \"200ms\"", "secret = [\n\"hunter2\" 7]")).unwrap_err().to_string();
    assert!(error.starts_with("ingest.toml:11: ") && !error.contains("hunter2"), "{error}");
}

#[test]
fn vendors_call_where_it_is_said() {
    let listen = parse(GOOD).unwrap().listen.unwrap();
    assert_eq!(listen.address, "127.0.0.1:8080".parse().unwrap());
    let tls = listen.tls.unwrap();
    assert_eq!(tls.certificate, Path::new("/etc/ingest/tls/chain.pem"), "paths belong to the file");
    assert_eq!(tls.key, Path::new("/run/secrets/tls.pem"));
    assert_eq!(listen.public_url.unwrap().as_str(), "https://hooks.example.com/in");
    let plain = GOOD.lines().filter(|line| !line.contains("tls =") && !line.contains("public_url"));
    let plain = parse(&plain.collect::<Vec<_>>().join("\n")).unwrap().listen.unwrap();
    assert!(plain.tls.is_none() && plain.public_url.is_none());
    assert!(parse(GOOD.split("[listen]").next().unwrap()).unwrap().listen.is_none(), "no port unless it is said");
}

#[test]
fn live_sound_is_stored_beside_recordings_unless_said_otherwise() {
    use ingestion_pipeline::{LiveUse, Unmatched};
    let live = parse(GOOD).unwrap().live;
    assert_eq!((live.store.usage(), live.deadline.as_secs()), (Some(LiveUse::Instead), 1_800));
    assert_eq!((live.unmatched, live.keep_all), (Unmatched::Drop, true));
    let live = parse(GOOD.split("[live]").next().unwrap()).unwrap().live;
    assert_eq!((live.store.usage(), live.deadline.as_secs()), (Some(LiveUse::Beside), 3_600));
    assert_eq!((live.unmatched, live.keep_all), (Unmatched::Keep, false));
    let off = parse(&GOOD.replace("\"instead\"", "\"off\"")).unwrap().live;
    assert_eq!(off.store.usage(), None);
}

#[test]
fn calls_are_everyones_unless_said_otherwise() {
    let scope = &parse(GOOD).unwrap().sources[0].scope;
    assert_eq!((scope.calls_of, &scope.filter, scope.agents.is_none()), (CallsOf::Everyone, &Filter::default(), true));
    let filter = "filter = { min_length = \"10s\", directions = [\"inbound\", \"internal\"], queues = [\"Support\"] }";
    let people = GOOD.replace("settle =", &format!("calls_of = \"people\"\n{filter}\nsettle ="));
    let config = parse(&people).unwrap();
    let scope = &config.sources[0].scope;
    assert_eq!(scope.calls_of, CallsOf::People);
    let wanted = Filter::default().with_min_length(Duration::from_secs(10)).with_queues(["Support"]);
    assert_eq!(scope.filter, wanted.with_directions([Direction::Inbound, Direction::Internal]));
}

#[test]
fn agents_are_listed_every_hour_unless_said_otherwise() {
    let agents = |text: &str| {
        let text = format!("agents = {text}");
        let reader = Reader { file: "ingest.toml", text: &text };
        let mut table = DeTable::parse(&text).unwrap();
        reader.take_scope(&mut table, "source \"x\"", true).unwrap().agents.unwrap()
    };
    let hour = Duration::from_secs(3600);
    assert_eq!(agents("{}"), AgentSettings { groups: Vec::new(), every: hour, analyse: true });
    let said = agents("{ groups = [\"Sales\"], every = \"30s\", analyse = false }");
    assert_eq!(
        said,
        AgentSettings { groups: vec!["Sales".to_owned()], every: Duration::from_secs(30), analyse: false }
    );
}

#[cfg(feature = "nice")]
const CLOUD: &str = r#"
[[tenant]]
id = "acme"
  [[tenant.source]]
  name = "cloud"
  kind = "nice"
  client_id = "ingest@example"
  client_secret = "env:CXONE_SECRET"
  access_key_id = "env:CXONE_KEY_ID"
  access_key_secret = "file:/run/secrets/cxone"
  poll_every = "15s"
  calls_of = "people"
  agents = { groups = ["Sales"] }
  http = { root_certificates = ["company.pem"], read_timeout = "30s" }
"#;

#[cfg(feature = "nice")]
#[test]
fn a_source_of_cxone_has_the_settings_of_its_connector_and_those_of_every_source() {
    let config = parse(CLOUD).unwrap();
    let SourceKind::Nice(settings) = &config.sources[0].kind else { panic!("{:?}", config.sources[0].kind) };
    assert_eq!(settings.poll_every, Duration::from_secs(15));
    assert_eq!(settings.http.root_certificates, [Path::new("/etc/ingest/company.pem")], "paths belong to the file");
    assert_eq!(config.sources[0].scope.calls_of, CallsOf::People);
    for (from, to, line, says, advises) in [
        ("poll_every", "pol_every", 11, "source \"cloud\" has no key `pol_every`", "did you mean `poll_every`?"),
        ("\"15s\"", "15", 11, "expected a string", ""),
        ("\"15s\"", "\"soon\"", 11, "no length of time", "write it as"),
        ("read_timeout", "read_timout", 14, "no key `read_timout`", "did you mean `read_timeout`?"),
        ("  access_key_id = \"env:CXONE_KEY_ID\"\n", "", 4, "lacks the key `access_key_id`", "write access_key_id"),
        ("poll_every = ", "push = { keys = [\"env:A\"] }\n  poll_every = ", 4, "there is no [listen]", "add [listen]"),
        ("client_id = \"ing", "client_idd = \"ing", 7, "no key `client_idd`", "did you mean `client_id`?"),
    ] {
        let error = parse(&CLOUD.replacen(from, to, 1)).expect_err(to).to_string();
        assert!(error.starts_with(&format!("ingest.toml:{line}: ")), "{to}: {error}");
        assert!(error.contains(says) && error.contains(advises), "{to}: {error}");
    }
}

#[cfg(feature = "genesys")]
const ORGANISATION: &str = r#"
[[tenant]]
id = "acme"
  [[tenant.source]]
  name = "genesys-us"
  kind = "genesys"
  region = "usw2"
  client_id = "env:GENESYS_CLIENT_ID"
  client_secret = "file:/run/secrets/genesys"
  max_call = "2h"
  agents = { groups = ["Sales"] }
  http = { root_certificates = ["company.pem"] }
"#;

#[cfg(feature = "genesys")]
#[test]
fn a_source_of_genesys_cloud_has_the_settings_of_its_connector_and_those_of_every_source() {
    let config = parse(ORGANISATION).unwrap();
    let SourceKind::Genesys(settings) = &config.sources[0].kind else { panic!("{:?}", config.sources[0].kind) };
    assert_eq!((settings.region.to_string().as_str(), settings.max_call.as_secs()), ("usw2.pure.cloud", 7_200));
    assert_eq!(settings.http.root_certificates, [Path::new("/etc/ingest/company.pem")], "paths belong to the file");
    for (from, to, line, says, advises) in [
        ("\"usw2\"", "\"us west\"", 7, "is no region", "write an AWS region"),
        ("max_call", "max_cal", 10, "has no key `max_cal`", "did you mean `max_call`?"),
        ("  region = \"usw2\"\n", "", 4, "lacks the key `region`", "write region"),
        ("client_secret = \"file", "client_secrets = \"file", 9, "no key `client_secrets`", "`client_secret`?"),
        (
            "max_call = \"2h\"",
            "audio = { keys = [{ key = \"env:A\", secret = \"env:B\" }] }",
            4,
            "there is no [listen]",
            "leave `audio` out",
        ),
        ("max_call = \"2h\"", "audio = { kees = [] }", 10, "has no key `kees`", "did you mean `keys`?"),
        ("max_call = \"2h\"", "audio = {}", 10, "lacks the key `keys`", "write keys"),
    ] {
        let error = parse(&ORGANISATION.replacen(from, to, 1)).expect_err(to).to_string();
        assert!(error.starts_with(&format!("ingest.toml:{line}: ")), "{to}: {error}");
        assert!(error.contains(says) && error.contains(advises), "{to}: {error}");
    }
}
