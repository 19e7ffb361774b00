use super::*;

fn region(text: &str) -> Region {
    text.parse().unwrap_or_else(|error| panic!("{text}: {error}"))
}

/// What AWS calls it, its domain, and a short form.
const TABLE: [(&str, &str, &str); 18] = [
    ("us-east-1", "mypurecloud.com", "use1"),
    ("us-east-2", "use2.us-gov-pure.cloud", "use2"),
    ("us-west-2", "usw2.pure.cloud", "usw2"),
    ("ca-central-1", "cac1.pure.cloud", "cac1"),
    ("mx-central-1", "mxc1.pure.cloud", "mxc1"),
    ("sa-east-1", "sae1.pure.cloud", "sae1"),
    ("eu-west-1", "mypurecloud.ie", "euw1"),
    ("eu-west-2", "euw2.pure.cloud", "euw2"),
    ("eu-central-1", "mypurecloud.de", "euc1"),
    ("eu-central-2", "euc2.pure.cloud", "euc2"),
    ("eusc-de-east-1", "edee1.eusc-pure.cloud", "edee1"),
    ("me-central-1", "mec1.pure.cloud", "mec1"),
    ("ap-south-1", "aps1.pure.cloud", "aps1"),
    ("ap-southeast-1", "apse1.pure.cloud", "apse1"),
    ("ap-southeast-2", "mypurecloud.com.au", "apse2"),
    ("ap-northeast-1", "mypurecloud.jp", "apne1"),
    ("ap-northeast-2", "apne2.pure.cloud", "apne2"),
    ("ap-northeast-3", "apne3.pure.cloud", "apne3"),
];

#[test]
fn every_region_is_known_by_all_its_names() {
    for (aws, domain, short) in TABLE {
        let expected = region(domain);
        for text in [
            aws.to_owned(),
            aws.replace('-', "_"),
            short.to_owned(),
            aws.to_uppercase(),
            format!("  {domain} "),
            format!("api.{domain}"),
            format!("https://apps.{domain}/"),
            format!("https://login.{domain}"),
        ] {
            assert_eq!(region(&text), expected, "{text}");
        }
        assert_eq!(expected.aws(), Some(aws));
        assert_eq!(expected.api().as_str(), format!("https://api.{domain}/"));
        assert_eq!(expected.login().as_str(), format!("https://login.{domain}/"));
        assert_eq!(expected.streaming().as_str(), format!("wss://streaming.{domain}/"));
    }
    let all: Vec<Region> = Region::all().collect();
    assert_eq!(all, TABLE.map(|(_, domain, _)| region(domain)));
}

#[test]
fn a_domain_that_is_not_listed_is_taken_as_it_is() {
    let new = region("NZN1.pure.cloud");
    assert_eq!((new.to_string().as_str(), new.aws()), ("nzn1.pure.cloud", None));
    assert_eq!(new.login().as_str(), "https://login.nzn1.pure.cloud/");
}

#[test]
fn one_address_serves_all_three() {
    for (text, streaming) in [
        ("https://gateway.example.com", "wss://gateway.example.com/"),
        ("https://gateway.example.com:8443/", "wss://gateway.example.com:8443/"),
        ("http://127.0.0.1:8080", "ws://127.0.0.1:8080/"),
        ("http://[::1]:8080", "ws://[::1]:8080/"),
        ("http://localhost:8080", "ws://localhost:8080/"),
    ] {
        let gateway = region(text);
        assert_eq!(gateway.api(), gateway.login());
        assert_eq!(gateway.streaming().as_str(), streaming);
        assert_eq!(region(&gateway.to_string()), gateway, "{text}");
    }
}

#[test]
fn what_is_no_region_says_what_to_write() {
    for text in [
        "",
        "usw9",
        "us-west-9",
        "pure",
        "usw2.pure.cloud/path",
        "user@usw2.pure.cloud",
        "usw2..cloud",
        ".pure.cloud",
        "usw2.pure.cloud:443",
        "api.example.com",
        "10.1",
        "usw2 pure.cloud",
        "ftp://example.com",
        "http://example.com",
        "http://127.0.0.1.example.com",
        "https://example.com/api/v2",
        "https://example.com/?a=b",
        "https://user:hunter2@example.com",
        "https://",
    ] {
        let error = text.parse::<Region>().expect_err(text);
        assert!(error.is_config() && error.advice().is_some(), "{text}: {error}");
        assert!(!error.to_string().contains("hunter2"), "{error}");
    }
}

#[test]
fn it_is_one_word_in_a_file() {
    for text in ["usw2.pure.cloud", "https://gateway.example.com", "http://127.0.0.1:8080"] {
        let json = serde_json::to_string(&region(text)).expect("JSON");
        assert_eq!(json, format!("{text:?}"));
        assert_eq!(serde_json::from_str::<Region>(&json).expect("a region"), region(text));
    }
    assert_eq!(serde_json::from_str::<Region>(r#""usw2""#).expect("a region"), region("us-west-2"));
    assert!(serde_json::from_str::<Region>(r#""usw9""#).is_err());
}
