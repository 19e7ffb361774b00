//! Where a handshake went to: path, query and host.

use http::{HeaderValue, Uri};

use super::*;

#[tokio::test(start_paused = true)]
async fn without_its_query_a_path_is_another_one() {
    for target in
        ["/genesys/audiohook", "/genesys/audiohook?", "/genesys/audiohook?tenant=acm", "/audiohook?tenant=acme"]
    {
        let admitted = admit(&door(), &lines(target, &OURS)).await;
        assert_eq!(admitted, Err(Refused::WrongSignature), "{target}");
    }
}

#[tokio::test(start_paused = true)]
async fn path_and_query_are_signed_as_they_are_written() {
    for target in ["/", "/a?", "/a//b/../c", "/%7Ea%2fb?x=%20+&x", "/a;b=1/?q=/?"] {
        let other = audiohook::Handshake::new(target, HOST_NAME).with_key(API_KEY, Some(SECRET)).at(at(0));
        assert_eq!(outcome(&door(), &other).await, Ok(()), "{target}");
    }
}

#[tokio::test(start_paused = true)]
async fn the_host_is_in_small_letters_and_without_the_usual_port() {
    for (signed, received, expected) in [
        (HOST_NAME, "HOOKS.example.TEST", Ok(())),
        (HOST_NAME, "hooks.example.test:443", Ok(())),
        ("hooks.example.test:8443", "hooks.example.test:8443", Ok(())),
        ("[::443]", "[::443]:443", Ok(())),
        (HOST_NAME, "hooks.example.test:80", Err(Refused::WrongSignature)),
        (HOST_NAME, "hooks.example.test:8443", Err(Refused::WrongSignature)),
        (HOST_NAME, "other.example.test", Err(Refused::WrongSignature)),
        (HOST_NAME, "", Err(Refused::WrongSignature)),
    ] {
        let handshake = audiohook::Handshake::new(TARGET, signed).with_key(API_KEY, Some(SECRET)).at(at(0));
        let admitted = outcome(&door(), &handshake.with_header("host", received)).await;
        assert_eq!(admitted, expected, "{received}");
    }
    assert_eq!(outcome(&door(), &handshake().without_header("host")).await, Err(Refused::Host));
    let mut twice = sent(&handshake());
    twice.headers.append(HOST, HOST_NAME.parse().unwrap());
    assert_eq!(admit(&door(), &twice).await, Err(Refused::Host));
    let mut strange = sent(&handshake());
    strange.headers.insert(HOST, HeaderValue::from_bytes(b"\xff").unwrap());
    assert_eq!(admit(&door(), &strange).await, Err(Refused::Host));
}

#[tokio::test(start_paused = true)]
async fn the_host_of_the_request_line_comes_before_that_of_the_header() {
    let mut head = sent(&handshake().with_header("host", "other.example.test"));
    head.uri = Uri::try_from(format!("https://{HOST_NAME}:443{TARGET}")).unwrap();
    assert_eq!(admit(&door(), &head).await.map(drop), Ok(()));
    head.uri = Uri::try_from(format!("https://other.example.test{TARGET}")).unwrap();
    assert_eq!(admit(&door(), &head).await, Err(Refused::WrongSignature));
    // Without a path, as for CONNECT.
    head.uri = Uri::try_from(HOST_NAME).unwrap();
    assert_eq!(admit(&door(), &head).await, Err(Refused::WrongSignature));
}

/// Signed is what the vendor connects to, received is what a proxy has made of it.
#[tokio::test(start_paused = true)]
async fn behind_a_proxy_what_it_has_changed_is_known_from_the_options() {
    let signed = audiohook::Handshake::new("/genesys/audiohook?x=1", "hooks.example.com:8443")
        .with_key(API_KEY, Some(SECRET))
        .at(at(0))
        .with_header("host", "10.0.0.7:3000")
        .headers();
    let received = head("/audiohook?x=1", signed);
    let public = || options().with_public_authority("Hooks.Example.com:8443");
    for (options, expected) in [
        (public().with_public_prefix("/genesys"), Ok(())),
        (public(), Err(Refused::WrongSignature)),
        (options().with_public_prefix("/genesys"), Err(Refused::WrongSignature)),
        (public().with_public_prefix("/genesis"), Err(Refused::WrongSignature)),
    ] {
        assert_eq!(admit(&door_at(at(0), &options), &received).await.map(drop), expected, "{options:?}");
    }
    let usual = options().with_public_authority("Hooks.Example.test:443");
    let renamed = handshake().with_header("host", "10.0.0.7:3000");
    assert_eq!(outcome(&door_at(at(0), &usual), &renamed).await, Ok(()));
}
