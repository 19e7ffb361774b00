//! Sidecars that are too large, too deep, or without end.

use super::*;

#[test]
fn the_length_is_refused_before_anything_is_read() {
    let large = vec![0xFF; 2 * 1024 * 1024]; // not even UTF-8, which would be told if it were looked at
    for format in Format::ALL {
        assert_eq!(parse(format, &large, &Limits::default()).unwrap_err().reason, Reason::SidecarTooLarge);
    }
    let limits = Limits { bytes: 9, ..Limits::default() };
    assert!(limits.check_length(9).is_ok());
    assert_eq!(limits.check_length(10).unwrap_err().reason, Reason::SidecarTooLarge);
    assert!(parse(Format::Csv, b"a,b,c\n1,2,3\n", &limits).is_err());
}

/// A flat sidecar of so many fields.
fn wide(format: Format, count: usize) -> String {
    let each =
        |separator: &str, field: &dyn Fn(usize) -> String| (0..count).map(field).collect::<Vec<_>>().join(separator);
    match format {
        Format::Xml => format!("<c>{}</c>", each("", &|n| format!("<f{n}/>"))),
        Format::Json => format!("{{{}}}", each(",", &|n| format!("\"{n}\":1"))),
        Format::Csv => format!("{}\n{}", each(",", &|n| n.to_string()), each(",", &|_| "1".into())),
        Format::Yml => each("\n", &|n| format!("{n}: 1")),
    }
}

#[test]
fn a_thousand_fields_are_the_limit() {
    for format in Format::ALL {
        assert_eq!(fields(format, &wide(format, 1000)).len(), 1000);
        assert_eq!(refused(format, &wide(format, 1001)).0, Reason::TooManyFields);
        assert_eq!(refused(format, &wide(format, 75_000)).0, Reason::TooManyFields);
        let roomy = Limits { bytes: u64::MAX, fields: 1000 };
        let refused = parse(format, wide(format, 100_000).as_bytes(), &roomy).unwrap_err();
        assert_eq!(refused.reason, Reason::TooManyFields);
    }
}

#[test]
fn a_list_that_never_ends_is_not_kept() {
    let many = |piece: &str| piece.repeat(1_000_000 / piece.len());
    for text in [
        format!("{{{}}}", many("a,")),
        format!("[{}", many("\"a\"")),
        format!("\"a\" [{}", many("[]")),
        format!("a: 1\n{{{}}}: 2", many("? ")),
    ] {
        assert_eq!(refused(Format::Yml, &text).0, Reason::TooManyFields);
    }
    assert_eq!(refused(Format::Csv, &many(",")).0, Reason::TooManyFields);
    assert_eq!(refused(Format::Csv, &format!("a,b\n{}", many(","))).0, Reason::TooManyFields);
    let prose = format!("a: {}", many("so, so, so and so "));
    assert_eq!(fields(Format::Yml, &prose).len(), 1);
}

#[test]
fn nesting_without_end_is_refused() {
    let nested = |open: &str, close: &str| format!("{}{}", open.repeat(100_000), close.repeat(100_000));
    for (format, text) in [
        (Format::Json, nested("[", "]")),
        (Format::Json, nested("{\"a\":", "}")),
        (Format::Json, format!("{{\"a\": {}}}", nested("[", "]"))),
        (Format::Json, format!("{{\"a\": {}", "[".repeat(100_000))),
        (Format::Xml, nested("<a>", "</a>")),
        (Format::Xml, "<a>".repeat(100_000)),
        (Format::Yml, nested("[", "]")),
        (Format::Yml, nested("{a: ", "}")),
        (Format::Yml, "- ".repeat(100_000)),
        (Format::Yml, "? ".repeat(100_000)),
        (Format::Yml, format!("a: {}", nested("[", "]"))),
        (Format::Yml, "[".repeat(60_000)),
        (Format::Yml, format!("a: {}", "{".repeat(60_000))),
        (Format::Yml, (0..1000).map(|depth| format!("{}a:\n", " ".repeat(depth))).collect()),
        (Format::Csv, nested("\"", "\"x")),
        (Format::Csv, nested("[", "]")),
    ] {
        let reason = refused(format, &text).0;
        let expected = [Reason::NestedField, Reason::NotReadable, Reason::NotExactlyOneRecord];
        let many_signs = format == Format::Yml && reason == Reason::TooManyFields;
        assert!(many_signs || expected.contains(&reason), "{format:?} {reason}");
    }
}

#[test]
fn a_bomb_of_aliases_is_refused_at_its_first_anchor() {
    let mut bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n".to_owned();
    for n in 1..12 {
        let all = vec![format!("*a{}", n - 1); 9].join(", ");
        bomb.push_str(&format!("a{n}: &a{n} [{all}]\n"));
    }
    assert_eq!(refused(Format::Yml, &bomb), (Reason::AnchorNotAllowed, "a0".into()));
}
