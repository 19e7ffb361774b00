//! Sidecars, good and bad, in all formats.

mod limits;
mod written;

use super::*;

fn read(format: Format, text: &str) -> Result<Sidecar, Refused> {
    parse(format, text.as_bytes(), &Limits::default())
}

fn fields(format: Format, text: &str) -> Vec<(String, Option<String>)> {
    read(format, text).unwrap_or_else(|refused| panic!("{format:?} {text:?}: {refused}")).fields
}

/// The reason and the place of a sidecar that must be refused.
fn refused(format: Format, text: &str) -> (Reason, String) {
    let refused = match read(format, text) {
        Ok(sidecar) => panic!("{format:?} {text:?} was taken: {:?}", sidecar.fields),
        Err(refused) => refused,
    };
    (refused.reason, refused.at.unwrap_or_default())
}

fn pairs(pairs: &[(&str, &str)]) -> Vec<(String, Option<String>)> {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), Some((*value).to_owned()))).collect()
}

#[test]
fn nested_fields_are_refused_in_every_format() {
    for (format, text) in [
        (Format::Json, r#"{"phone": "+15550100142", "contact": {"name": "Ife"}}"#),
        (Format::Json, r#"{"contact": ["vip"], "phone": "+15550100142"}"#),
        (Format::Json, r#"{"contact": {}}"#),
        (Format::Xml, "<call><contact><name>Ife</name></contact></call>"),
        (Format::Xml, "<call><contact>Ife <b/></contact></call>"),
        (Format::Yml, "phone: '+15550100142'\ncontact:\n  name: Ife\n"),
        (Format::Yml, "contact:\n- vip\n"),
        (Format::Yml, "contact: [vip]"),
        (Format::Yml, "contact: {name: Ife}"),
        (Format::Yml, "{contact: {name: Ife}}"),
    ] {
        assert_eq!(refused(format, text), (Reason::NestedField, "contact".into()), "{text}");
    }
    assert_eq!(refused(Format::Yml, "? [a, b]\n: c\n").0, Reason::NestedField);
    assert_eq!(refused(Format::Yml, "? {a: b}\n: c\n").0, Reason::NestedField);
}

#[test]
fn a_sidecar_is_one_object() {
    for text in ["[]", r#"[{"a": "b"}]"#, r#""text""#, "17", "null", r#"{"a": "b"} {"c": "d"}"#, r#"{"a": "b"}]"#] {
        assert_eq!(refused(Format::Json, text).0, Reason::NotReadable, "{text}");
    }
    for text in ["- a\n- b\n", "just text", "'~'", "[a: b]"] {
        assert_eq!(refused(Format::Yml, text).0, Reason::NotReadable, "{text}");
    }
    for text in
        ["<call>text</call>", "<call>text<a/></call>", "<call><a/>text</call>", "<call><a/>&lt;</call>", "<a/><b/>"]
    {
        assert_eq!(refused(Format::Xml, text).0, Reason::NotReadable, "{text}");
    }
}

#[test]
fn a_field_of_xml_has_no_attributes() {
    for text in ["<call><phone type='home'>1</phone></call>", "<call><phone type='home'/></call>"] {
        assert_eq!(refused(Format::Xml, text), (Reason::AttributeNotAllowed, "phone".into()));
    }
    let with_schema = "<call xmlns='https://example.com/call' version=\"1\"><phone>1</phone></call>";
    assert_eq!(fields(Format::Xml, with_schema), pairs(&[("phone", "1")]));
}

#[test]
fn csv_is_a_header_and_exactly_one_record() {
    assert_eq!(fields(Format::Csv, "a,b\n1,2"), pairs(&[("a", "1"), ("b", "2")]));
    assert_eq!(fields(Format::Csv, "\r\na,b\r\n\r\n1,2\r\n\r\n"), pairs(&[("a", "1"), ("b", "2")]));
    for text in ["a,b", "a,b\n", "a,b\n1,2\n3,4\n", "a,b\n1,2\n3\n", "a,b\n1,2\na,b\n"] {
        assert_eq!(refused(Format::Csv, text).0, Reason::NotExactlyOneRecord, "{text}");
    }
    for text in ["a,b\n1\n", "a,b\n1,2,3\n", "a,b\n1,2,\n"] {
        assert_eq!(refused(Format::Csv, text).0, Reason::NotReadable, "{text}");
    }
}

#[test]
fn csv_quotes_have_to_pair_up() {
    let text = "name,notes\n\"Novak, Ife\",\"said \"\"later\"\",\r\nthen hung up\"\n";
    assert_eq!(
        fields(Format::Csv, text),
        pairs(&[("name", "Novak, Ife"), ("notes", "said \"later\",\r\nthen hung up")])
    );
    assert_eq!(fields(Format::Csv, "size\n5\" pipe\n"), pairs(&[("size", "5\" pipe")]));
    assert_eq!(refused(Format::Csv, "a,b\n1,\"2\n3,4\n"), (Reason::NotReadable, "line 2".into()));
    assert_eq!(refused(Format::Csv, "a,b\n1,\"2\"x\n"), (Reason::NotReadable, "line 2".into()));
}

#[test]
fn yaml_is_one_document_without_anchors_aliases_and_tags() {
    for (text, reason, at) in [
        ("a: 1\n---\nb: 2\n", Reason::MoreThanOneDocument, "line 2, column 1"),
        ("a: &x 1\n", Reason::AnchorNotAllowed, "a"),
        ("a: &x [1]\n", Reason::AnchorNotAllowed, "a"),
        ("&x a: 1\n", Reason::AnchorNotAllowed, "line 1, column 1"),
        ("&x {a: 1}\n", Reason::AnchorNotAllowed, "line 1, column 1"),
        ("a: !!int 1\n", Reason::TagNotAllowed, "a"),
        ("a: ! 1\n", Reason::TagNotAllowed, "a"),
        ("!!str a: 1\n", Reason::TagNotAllowed, "line 1, column 1"),
        ("!call {a: 1}\n", Reason::TagNotAllowed, "line 1, column 1"),
    ] {
        assert_eq!(refused(Format::Yml, text), (reason, at.into()), "{text}");
    }
    // An alias that has its anchor is never reached, since that is refused first.
    assert_eq!(refused(Format::Yml, "a: &x 1\nb: *x\n").0, Reason::AnchorNotAllowed);
    for text in ["é: ü\nb: *x\n", "é: ü\n*x : 1\n", "é: ü\n<<: *x\n"] {
        let (reason, at) = refused(Format::Yml, text);
        assert!(reason == Reason::AliasNotAllowed && at.starts_with("line 2"), "{text}: {reason} at {at}");
    }
    assert_eq!(fields(Format::Yml, "%YAML 1.2\n---\na: 1\n...\n"), pairs(&[("a", "1")]));
    assert_eq!(fields(Format::Yml, "a: '&x'\nb: '*x'\nc: '!x'\n"), pairs(&[("a", "&x"), ("b", "*x"), ("c", "!x")]));
}

#[test]
fn a_name_that_occurs_twice_is_refused_in_every_format() {
    for (format, text) in [
        (Format::Json, r#"{"stage": "Open", "stage": "Won"}"#),
        (Format::Json, r#"{"stage": "Open", "\u0073tage": "Open"}"#),
        (Format::Xml, "<call><stage>Open</stage><stage>Won</stage></call>"),
        (Format::Xml, "<call><stage/><x/><stage/></call>"),
        (Format::Csv, "stage,phone,stage\nOpen,1,Won\n"),
        (Format::Yml, "stage: Open\nstage: Won\n"),
        (Format::Yml, "stage: Open\n'stage': Won\n"),
    ] {
        assert_eq!(refused(format, text), (Reason::DuplicateField, "stage".into()), "{text}");
    }
    assert_eq!(fields(Format::Json, r#"{"stage": "1", "Stage": "2"}"#).len(), 2);
}

#[test]
fn a_field_without_a_name_is_refused() {
    for (format, text) in [
        (Format::Json, r#"{"a": 1, "": 2}"#),
        (Format::Csv, "a,\n1,2\n"),
        (Format::Csv, "a,\"\"\n1,2\n"),
        (Format::Yml, "a: 1\n'': 2\n"),
        (Format::Yml, "a: 1\n: 2\n"),
    ] {
        assert_eq!(refused(format, text), (Reason::EmptyFieldName, "field 2".into()), "{text}");
    }
    for text in
        ["<call><>1</></call>", "<call>< a>1</a></call>", "<call><1a>1</1a></call>", "<call><a\"b>1</a\"b></call>"]
    {
        assert_eq!(refused(Format::Xml, text).0, Reason::NotReadable, "{text}");
    }
}

#[test]
fn values_stay_the_text_that_stands_there() {
    let yml = "ext: 0207 # an octal\nconsent: no\nat: 12:30:00\nid: 1e3\nzip: 02134\nhex: 0x1F\nday: 2026-11-02\n\
               quoted: \"~\"\nsum: 18450.00\nnan: .nan\nyes: Yes\nplus: +15550100142\n<<: merged\n";
    let expected = [
        ("ext", "0207"),
        ("consent", "no"),
        ("at", "12:30:00"),
        ("id", "1e3"),
        ("zip", "02134"),
        ("hex", "0x1F"),
        ("day", "2026-11-02"),
        ("quoted", "~"),
        ("sum", "18450.00"),
        ("nan", ".nan"),
        ("yes", "Yes"),
        ("plus", "+15550100142"),
        ("<<", "merged"),
    ];
    assert_eq!(fields(Format::Yml, yml), pairs(&expected));

    let json = r#"{"a": 734, "b": 2500.50, "c": 1e999999, "d": -0.0, "e": 12345678901234567890123, "f": true, "g": false,
                   "h": "0207", "i": 1E+2, "j": "\u00e9\n\uD83D\uDE00"}"#;
    let expected = [
        ("a", "734"),
        ("b", "2500.50"),
        ("c", "1e999999"),
        ("d", "-0.0"),
        ("e", "12345678901234567890123"),
        ("f", "true"),
        ("g", "false"),
        ("h", "0207"),
        ("i", "1E+2"),
        ("j", "é\n😀"),
    ];
    assert_eq!(fields(Format::Json, json), pairs(&expected));
    assert_eq!(fields(Format::Csv, "a,b\n 007 ,no\n"), pairs(&[("a", " 007 "), ("b", "no")]));
}

#[test]
fn null_and_empty_are_two_things() {
    let null = |name: &str| vec![(name.to_owned(), None)];
    assert_eq!(fields(Format::Json, r#"{"a": null}"#), null("a"));
    for text in ["a:\n", "a: ~\n", "a: null\n", "a: Null\n", "a: NULL\n", "{a}", "a: # nothing\n"] {
        assert_eq!(fields(Format::Yml, text), null("a"), "{text}");
    }
    let empty = pairs(&[("a", "")]);
    assert_eq!(fields(Format::Json, r#"{"a": ""}"#), empty);
    assert_eq!(fields(Format::Yml, "a: ''\n"), empty);
    assert_eq!(fields(Format::Xml, "<call><a/></call>"), empty);
    assert_eq!(fields(Format::Xml, "<call><a></a></call>"), empty);
    assert_eq!(fields(Format::Csv, "a,b\n,\"\"\n"), pairs(&[("a", ""), ("b", "")]));
    assert_eq!(
        fields(Format::Yml, "a: nULL\nb: 'null'\nc: |\n  ~\n"),
        pairs(&[("a", "nULL"), ("b", "null"), ("c", "~\n")])
    );

    let sidecar = read(Format::Json, r#"{"a": null, "b": ""}"#).unwrap();
    assert!(sidecar.has("a") && sidecar.get("a").is_none() && !sidecar.has("c"));
    assert_eq!(sidecar.get("b"), Some(""));
}

#[test]
fn xml_text_is_kept_with_its_references_resolved() {
    let text = "<?xml version='1.0' encoding='UTF-8'?>\n<!-- a call --><?tool run?>\n<call>\n  <name> Novak &amp; O&apos;Dell \
                &lt;&#x45;&#50;&gt; </name>\n  <notes><![CDATA[<b>& ]]>left<!-- not --> <?x?>early</notes>\n</call>\n<!-- end -->\n";
    assert_eq!(fields(Format::Xml, text), pairs(&[("name", " Novak & O'Dell <E2> "), ("notes", "<b>& left early")]));
    assert_eq!(fields(Format::Xml, "<c><a>1\r\n2&#13;</a></c>"), pairs(&[("a", "1\n2\r")]));
    assert_eq!(fields(Format::Xml, "<c><x:a >é</x:a ></c>"), pairs(&[("x:a", "é")]));
}

#[test]
fn a_byte_order_mark_is_no_part_of_the_first_name() {
    for (format, text) in [
        (Format::Csv, "\u{FEFF}a\n1\n"),
        (Format::Json, "\u{FEFF}{\"a\": 1}"),
        (Format::Xml, "\u{FEFF}<?xml version='1.0'?><c><a>1</a></c>"),
        (Format::Yml, "\u{FEFF}a: 1\n"),
    ] {
        assert_eq!(fields(format, text), pairs(&[("a", "1")]));
    }
}

#[test]
fn only_utf8_is_read() {
    for format in Format::ALL {
        for bytes in [b"a,b\n1,\xE9\n".as_slice(), b"\xFF\xFE{\0}\0", b"\xC0\x80", b"\xED\xA0\x80"] {
            assert_eq!(parse(format, bytes, &Limits::default()).unwrap_err().reason, Reason::NotUtf8);
        }
    }
    let refused = parse(Format::Csv, b"a,b\n1,\xE9\n", &Limits::default()).unwrap_err();
    assert_eq!(refused.at.as_deref(), Some("byte 7"));
}

#[test]
fn a_document_type_is_refused_wherever_it_stands() {
    for text in [
        "<!DOCTYPE c [<!ENTITY x SYSTEM 'file:///etc/hostname'>]><c><a>&x;</a></c>",
        "<?xml version='1.0'?><!doctype c><c/>",
        "<!DOCTYPE",
        "<!DOCTYPE c [",
        "<!DOCTYPE >",
        "<c><!DOCTYPE c></c>",
        "<c/><!DOCTYPE c>",
    ] {
        assert_eq!(refused(Format::Xml, text).0, Reason::DtdNotAllowed, "{text}");
    }
    for text in ["<c><a>&x;</a></c>", "<c><a>&nbsp;</a></c>", "<c><a>&AMP;</a></c>", "<c><a>&;</a></c>"] {
        assert_eq!(refused(Format::Xml, text), (Reason::UnknownEntity, "a".into()), "{text}");
    }
}

#[test]
fn a_nul_ends_nothing_and_is_never_stored() {
    for (format, text) in [
        (Format::Json, "{\"a\": 1}\0"),
        (Format::Json, r#"{"a": "b\u0000c"}"#),
        (Format::Json, r#"{"a\u0000": "b"}"#),
        (Format::Xml, "<c><a>b\0</a></c>"),
        (Format::Xml, "<c><a>&#0;</a></c>"),
        (Format::Csv, "a\nb\0\n"),
        (Format::Yml, "a: b\n\0c: d\n"),
        (Format::Yml, "a: \"b\\0c\"\n"),
    ] {
        assert_eq!(refused(format, text).0, Reason::NotReadable, "{text:?}");
    }
}

#[test]
fn nothing_at_all_holds_no_fields() {
    for format in Format::ALL {
        for text in ["", "\u{FEFF}", " \r\n\t"] {
            assert_eq!(refused(format, text).0, Reason::NoFields, "{format:?} {text:?}");
        }
    }
    for (format, text) in [
        (Format::Json, "{}"),
        (Format::Xml, "<call/>"),
        (Format::Xml, "<call> <!-- none --> </call>"),
        (Format::Yml, "{}"),
        (Format::Yml, "# nothing\n"),
        (Format::Yml, "---\n...\n"),
        (Format::Yml, "~"),
    ] {
        assert_eq!(refused(format, text).0, Reason::NoFields, "{text:?}");
    }
}

#[test]
fn what_is_broken_is_refused_with_its_line() {
    for (format, text, at) in [
        (Format::Json, "{\"a\": 1,\n \"b\": }", "line 2, column 7"),
        (Format::Json, "{\"a\": 1,\n \"b\": \"x", "line 2, column 8"),
        (Format::Json, "{\"a\": 01}", "line 1, column 8"),
        (Format::Json, r#"{"a": "\uD83D"}"#, "a"),
        (Format::Xml, "<c>\n<a>1</b></c>", "line 2, column 5"),
        (Format::Xml, "<c>\n<a>1</a>", "line 2, column 9"),
        (Format::Xml, "<c>\n<a>1 & 2</a></c>", "line 2, column 6"),
        (Format::Xml, "<c>\n<a", "line 2, column 1"),
        (Format::Xml, "<c><a>\u{1}</a></c>", "a"),
        (Format::Xml, "<c><a>&#xD800;</a></c>", "a"),
        (Format::Xml, "<c/>\n<?xml version='1.0'?>", "line 2, column 1"),
        (Format::Xml, "<c/><![CDATA[]]>", "line 1, column 5"),
        (Format::Yml, "a: 1\nb: 'x\n", "line 2, column 4"),
        (Format::Yml, "a: 1\n]\n", "line 2, column 1"),
    ] {
        assert_eq!(refused(format, text), (Reason::NotReadable, at.into()), "{text}");
    }
}

#[test]
fn no_value_is_repeated_in_a_refusal() {
    for (format, text) in [
        (Format::Json, "\"+15550100142\""),
        (Format::Json, r#"{"a": "+15550100142" "b"}"#),
        (Format::Json, r#"{"a": +15550100142}"#),
        (Format::Json, r#"{"+15550100142": 1, "+15550100142": 2}"#),
        (Format::Xml, "<c><a>+15550100142</+15550100142></c>"),
        (Format::Xml, "<c><a>&+15550100142;</a></c>"),
        (Format::Csv, "+15550100142,+15550100142\nSale,Sale\n"),
        (Format::Csv, "a\n\"+15550100142\n"),
        (Format::Yml, "+15550100142"),
        (Format::Yml, "a: *+15550100142"),
        (Format::Yml, "+15550100142: [a]"),
    ] {
        let refused = read(format, text).unwrap_err();
        assert!(!format!("{refused} {refused:?}").contains("0100142"), "{refused}");
    }
    let sidecar = read(Format::Csv, "phone\n+15550100142\n").unwrap();
    assert_eq!(format!("{sidecar:?}"), "Sidecar of 1 fields");
}
