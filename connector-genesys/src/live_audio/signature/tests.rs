use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::HeaderValue;

use super::*;

const SIX: &str = r#"("@request-target" "@authority" "audiohook-organization-id" "audiohook-session-id" "audiohook-correlation-id" "x-api-key")"#;

const PARAMETERS: &str = r#"keyid="c3ludGhldGljLWFwaS1rZXk=";nonce="bm9uY2Utbm9uY2Utbm9uY2Ux";alg="hmac-sha256";created=1790000000;expires=1790000030"#;

fn headers(lines: &[(&'static str, &str)]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for (name, value) in lines {
        headers.append(*name, value.parse().unwrap());
    }
    headers
}

/// What becomes of this input, with any signature.
fn read(input: &str) -> Result<Parameters, Refused> {
    let signature = Signature::of(&headers(&[("signature-input", input), ("signature", "sig1=:AA==:")]))?;
    Ok(signature.expect("there is one").parameters)
}

fn with(parameters: &str) -> Result<Parameters, Refused> {
    read(&format!("sig1={SIX};{parameters}"))
}

/// Appendix B.2.5 of the draft, with the secret of B.1.5. It has no nonce, so it is no signature of the vendor.
#[test]
fn the_example_of_the_draft_is_good() {
    let secret = "uzvJfB4u3N0Jy4T7NZ75MDVcr8zSTInedJtkgcu46YW4XByzNJjxBdtjUkdJPBtbmHhIDi6pcl8jsasjlTMtDQ==";
    let input = r#"sig-b25=("date" "@authority" "content-type");created=1618884473;keyid="test-shared-secret""#;
    let hash = "sig-b25=:pxcQw6G3AjtMBQjwo8XzkZf/bws5LelbaMk5rGIGtE8=:";
    let signature = Signature {
        list: fields::inner_lists(input).unwrap().remove(0).1,
        parameters: Parameters::default(),
        hash: fields::byte_sequences(hash).unwrap().remove(0).1,
    };
    let headers = headers(&[("date", "Tue, 20 Apr 2021 02:07:55 GMT"), ("content-type", "application/json")]);
    let subject = Subject { target: "/foo", authority: "example.com", headers: &headers };
    let base = signature.base(&subject).unwrap();
    let secret = STANDARD.decode(secret).unwrap();
    assert!(signature.is_made_of(&base, &secret));
    assert!(!signature.is_made_of(&base, &secret[1..]) && !signature.is_made_of(&base[1..], &secret));
}

#[test]
fn the_text_that_is_signed_has_a_line_for_each_component_and_one_for_the_parameters() {
    let headers = headers(&[
        ("audiohook-organization-id", "7c0f6f0e-52a1-4f0b-9d3b-0b6f5a1c2d3e"),
        ("audiohook-session-id", "0d9a4c56-1b2e-4e8f-8a77-6c5d4e3f2a1b"),
        ("audiohook-correlation-id", "9e8d7c6b-5a49-4382-9716-05f4e3d2c1b0"),
        ("x-api-key", "c3ludGhldGljLWFwaS1rZXk="),
        ("signature-input", &format!("sig1={SIX};{PARAMETERS}")),
        ("signature", "sig1=:ywRYohTIZ70qdQBrph5XQSBP/1ZE5HwBFp9IpbFg3fI=:"),
    ]);
    let signature = Signature::of(&headers).unwrap().unwrap();
    let subject =
        Subject { target: "/genesys/audiohook?tenant=acme", authority: "hooks.example.test", headers: &headers };
    let expected = format!(
        r#""@request-target": /genesys/audiohook?tenant=acme
"@authority": hooks.example.test
"audiohook-organization-id": 7c0f6f0e-52a1-4f0b-9d3b-0b6f5a1c2d3e
"audiohook-session-id": 0d9a4c56-1b2e-4e8f-8a77-6c5d4e3f2a1b
"audiohook-correlation-id": 9e8d7c6b-5a49-4382-9716-05f4e3d2c1b0
"x-api-key": c3ludGhldGljLWFwaS1rZXk=
"@signature-params": {SIX};{PARAMETERS}"#
    );
    let base = signature.base(&subject).unwrap();
    assert_eq!(String::from_utf8(base.clone()).unwrap(), expected);
    assert!(signature.is_made_of(&base, b"synthetic-hmac-key-for-unit-test"));
}

#[test]
fn a_signature_says_for_which_key_it_is_and_when_it_was_made() {
    let good = Parameters {
        key: "c3ludGhldGljLWFwaS1rZXk=".to_owned(),
        nonce: "bm9uY2Utbm9uY2Utbm9uY2Ux".to_owned(),
        created: 1_790_000_000,
        expires: Some(1_790_000_030),
    };
    assert_eq!(with(PARAMETERS), Ok(good.clone()));
    let least = with(r#"created=1;nonce="bm9uY2Utbm9uY2Utbm9uY2Ux";keyid="k""#);
    assert_eq!(least, Ok(Parameters { key: "k".to_owned(), created: 1, expires: None, ..good }));
}

#[test]
fn wrong_parameters_are_no_signature() {
    let long = "n".repeat(22);
    for (parameters, refused) in [
        (format!("keyid=\"k\";nonce=\"{long}\""), Refused::Parameter),
        (format!("keyid=\"k\";created=1;expires=2;alg=\"{ALGORITHM}\""), Refused::Parameter),
        (format!("nonce=\"{long}\";created=1"), Refused::Parameter),
        (format!("keyid=\"k\";nonce=\"{long}\";created=1;tag=\"x\""), Refused::Parameter),
        (format!("keyid=\"k\";nonce=\"{long}\";created=\"1\""), Refused::Parameter),
        (format!("keyid=\"k\";nonce=\"{long}\";created=1;expires=\"2\""), Refused::Parameter),
        (format!("keyid=1;nonce=\"{long}\";created=1"), Refused::Parameter),
        ("keyid=\"k\";nonce=1;created=1".to_owned(), Refused::Parameter),
        (format!("keyid=\"k\";nonce=\"{long}\";created=1;alg=256"), Refused::Parameter),
        (format!("keyid=\"k\";nonce=\"{long}\";created=1;alg=\"hmac-sha512\""), Refused::Algorithm),
        (format!("keyid=\"k\";nonce=\"{long}\";created=1;alg=hmac-sha256"), Refused::Unreadable),
        (format!("keyid=\"k\";nonce=\"{}\";created=1", &long[1..]), Refused::Nonce),
    ] {
        assert_eq!(with(&parameters), Err(refused), "{parameters}");
    }
    assert!(with(&format!("keyid=\"k\";nonce=\"{long}\";created=1")).is_ok());
    assert_eq!(read(&format!("sig1={SIX}")), Err(Refused::Parameter));
}

#[test]
fn a_signature_covers_all_that_is_required_and_nothing_twice() {
    for name in REQUIRED {
        let five = SIX.replace(&format!("\"{name}\""), "\"date\"");
        assert_eq!(read(&format!("sig1={five};{PARAMETERS}")), Err(Refused::Uncovered), "{name}");
        let seven = SIX.replace(')', &format!(" \"{name}\")"));
        assert_eq!(read(&format!("sig1={seven};{PARAMETERS}")), Err(Refused::Component), "{name}");
    }
    let more = SIX.replace(')', " \"user-agent\")");
    assert!(read(&format!("sig1={more};{PARAMETERS}")).is_ok());
}

#[test]
fn what_cannot_be_looked_up_is_not_covered() {
    let headers = headers(&[("date", "today"), ("signature", "s=:AA==:"), ("signature-input", "s=()")]);
    let subject = Subject { target: "/a", authority: "b", headers: &headers };
    for name in
        ["@signature-params", "@method", "@query-params", "@", "", "signature", "Date", "user-agent", "a b", "date;x"]
    {
        assert_eq!(subject.value(name), None, "{name}");
        let list = InnerList { items: vec!["date".to_owned(), name.to_owned()], parameters: Vec::new() };
        let signature = Signature { list, parameters: Parameters::default(), hash: Vec::new() };
        assert_eq!(signature.base(&subject), Err(Refused::Component), "{name}");
    }
    assert_eq!(subject.value("date").as_deref(), Some(&b"today"[..]));
}

#[test]
fn lines_of_one_header_are_one_list() {
    let mut headers = headers(&[("accept", "a"), ("accept", " b\t"), ("accept", "")]);
    headers.append("accept", HeaderValue::from_bytes(b"\xff").unwrap());
    assert_eq!(joined(&headers, "accept").as_deref(), Some(&b"a, b, , \xff"[..]));
    assert_eq!(joined(&headers, "date"), None);
}

#[test]
fn both_headers_belong_together() {
    let input = format!("sig1={SIX};{PARAMETERS}");
    let of = |lines: &[(&'static str, &str)]| Signature::of(&headers(lines)).map(|signature| signature.is_some());
    let (hash, other) = ("sig1=:AA==:", "sig2=:AA==:");
    assert_eq!(of(&[]), Ok(false));
    assert_eq!(of(&[("signature-input", &input)]), Err(Refused::HalfSigned));
    assert_eq!(of(&[("signature", hash)]), Err(Refused::HalfSigned));
    assert_eq!(of(&[("signature-input", &input), ("signature", other)]), Err(Refused::HalfSigned));
    assert_eq!(of(&[("signature-input", &input), ("signature", "")]), Err(Refused::Unreadable));
    assert_eq!(of(&[("signature-input", ""), ("signature", hash)]), Err(Refused::Unreadable));
    assert_eq!(of(&[("signature-input", ""), ("signature", "")]), Err(Refused::Unreadable));
    assert_eq!(of(&[("signature-input", &input), ("signature", other), ("signature", hash)]), Ok(true));
}

#[test]
fn of_several_signatures_the_first_one_counts() {
    let other = r#"proxy=("date");created=1"#;
    let first = format!("sig1={SIX};{PARAMETERS}, {other}");
    let hashes = "proxy=:AQ==:, sig1=:AA==:";
    let signature = Signature::of(&headers(&[("signature-input", &first), ("signature", hashes)])).unwrap().unwrap();
    assert_eq!((signature.parameters.created, signature.hash), (1_790_000_000, vec![0]));
    let second = format!("{other}, sig1={SIX};{PARAMETERS}");
    let refused = Signature::of(&headers(&[("signature-input", &second), ("signature", hashes)])).err();
    assert_eq!(refused, Some(Refused::Uncovered));
}

#[test]
fn headers_beyond_4_kib_are_not_read() {
    let padded = |bytes: usize| {
        let input = format!("sig1={SIX};{PARAMETERS}");
        format!("sig1=({}{}", " ".repeat(bytes - input.len()), &input["sig1=(".len()..])
    };
    assert!(read(&padded(4_096)).is_ok());
    assert_eq!(read(&padded(4_097)), Err(Refused::Unreadable));
    let input = format!("sig1={SIX};{PARAMETERS}");
    let of = |hash: &str| Signature::of(&headers(&[("signature-input", &input), ("signature", hash)])).map(drop);
    let long = format!("sig1=:AA==:, b=:{}:", "A".repeat(4_080));
    assert_eq!((long.len(), of(&long)), (4_097, Err(Refused::Unreadable)));
}

#[test]
fn a_hash_of_another_length_is_wrong() {
    let good = hmac_sha256(b"k", &[b"text"]).to_vec();
    let is_good = |hash: &[u8]| {
        let (list, parameters) = (InnerList::default(), Parameters::default());
        Signature { list, parameters, hash: hash.to_vec() }.is_made_of(b"text", b"k")
    };
    assert!(is_good(&good));
    for hash in [&good[..31], &[], &[&good[..], &[0]].concat()] {
        assert!(!is_good(hash), "{} bytes", hash.len());
    }
    for bit in 0..256 {
        let mut wrong = good.clone();
        wrong[bit / 8] ^= 1 << (bit % 8);
        assert!(!is_good(&wrong), "bit {bit}");
        // The same bit in two bytes.
        wrong[(bit / 8 + 1) % 32] ^= 1 << (bit % 8);
        assert!(!is_good(&wrong), "bit {bit} twice");
    }
}
