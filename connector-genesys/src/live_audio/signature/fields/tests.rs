use proptest::prelude::*;

use super::*;

fn one(text: &str) -> Option<InnerList> {
    let mut lists = inner_lists(text)?;
    assert_eq!(lists.len(), 1, "{text}");
    Some(lists.remove(0).1)
}

#[test]
fn a_list_is_read_with_its_parameters_in_their_order() {
    let list = one(r#"sig1=("a" "@b");z="x\"\\y";created=-17;a=0"#).unwrap();
    assert_eq!(list.items, ["a", "@b"]);
    let parameters = [
        ("z".to_owned(), Value::Text("x\"\\y".to_owned())),
        ("created".to_owned(), Value::Integer(-17)),
        ("a".to_owned(), Value::Integer(0)),
    ];
    assert_eq!(list.parameters, parameters);
}

#[test]
fn a_list_is_written_in_one_way_however_it_came() {
    for (text, written) in [
        (r#"s=("a"  "b" );x=007;  y="1""#, r#"("a" "b");x=7;y="1""#),
        (r#"  s=(   "a");x=-0  "#, r#"("a");x=0"#),
        ("s=()", "()"),
        ("s=(  )", "()"),
        (r#"s=("a\\\"b");k="\"""#, r#"("a\\\"b");k="\"""#),
    ] {
        assert_eq!(one(text).map(|list| list.to_string()).as_deref(), Some(written), "{text}");
    }
}

#[test]
fn members_have_labels_of_their_own() {
    let lists = inner_lists("*a-b_c.9=(\"x\") \t,\t sig2=()").unwrap();
    let labels: Vec<_> = lists.iter().map(|(label, _)| *label).collect();
    assert_eq!(labels, ["*a-b_c.9", "sig2"]);
    assert_eq!(byte_sequences("a=:Zm8=:, b=::").unwrap(), [("a", b"fo".to_vec()), ("b", Vec::new())]);
}

#[test]
fn what_is_not_used_is_not_read() {
    for text in [
        "",
        "sig1",
        "sig1=",
        "=()",
        "Sig1=()",
        "1sig=()",
        "-sig=()",
        "sig1 =()",
        "sig1= ()",
        "sig1=(",
        "sig1=)",
        "sig1=()x",
        "sig1=();",
        "sig1=(),",
        "sig1=(),,b=()",
        "sig1=() b=()",
        "a=(), a=()",
        "\tsig1=()",
        r#"sig1="a""#,
        r#"sig1=("a""b")"#,
        r#"sig1=("a"	"b")"#,
        r#"sig1=("a);x=1"#,
        r#"sig1=("a\n")"#,
        r#"sig1=("a\"#,
        r#"sig1=("ä")"#,
        "sig1=(\"a\u{7f}\")",
        "sig1=(\"a\u{1f}\")",
        r#"sig1=("a";req)"#,
        "sig1=(token)",
        "sig1=(1)",
        "sig1=(:Zm8=:)",
        "sig1=();flag",
        "sig1=();Key=1",
        "sig1=();key= 1",
        "sig1=();key=",
        "sig1=();key=-",
        "sig1=();key=+1",
        "sig1=();key=1.5",
        "sig1=();key=?1",
        "sig1=();key=token",
        "sig1=();key=:Zm8=:",
        "sig1=();a=1;a=2",
        "sig1=() ;a=1",
    ] {
        assert_eq!(inner_lists(text), None, "{text}");
    }
}

#[test]
fn a_number_has_15_digits_at_most() {
    let number = |digits: &str| one(&format!("s=();n={digits}")).map(|list| list.parameters[0].1.clone());
    assert_eq!(number("999999999999999"), Some(Value::Integer(999_999_999_999_999)));
    assert_eq!(number("-999999999999999"), Some(Value::Integer(-999_999_999_999_999)));
    assert_eq!(number("1000000000000000"), None);
    assert_eq!(number("0000000000000001"), None);
}

#[test]
fn bytes_have_one_spelling() {
    for text in
        ["s=:Zm9=:", "s=:Zm8:", "s=:Zm8==:", "s=:Zm8=", "s=Zm8=:", "s=:Zm 8=:", "s=:Zm_-:", "s=:Zm8=:;a=1", "s=(\"a\")"]
    {
        assert_eq!(byte_sequences(text), None, "{text}");
    }
}

fn a_list() -> impl Strategy<Value = InnerList> {
    let value = prop_oneof![
        (-999_999_999_999_999..=999_999_999_999_999_i64).prop_map(Value::Integer),
        "[ -~]{0,12}".prop_map(Value::Text),
    ];
    let parameters = prop::collection::btree_map("[a-z*][a-z0-9_.*-]{0,6}", value, 0..5);
    (prop::collection::vec("[ -~]{0,12}", 0..5), parameters)
        .prop_map(|(items, parameters)| InnerList { items, parameters: parameters.into_iter().collect() })
}

proptest! {
    #[test]
    fn what_is_written_is_read_back(lists in prop::collection::btree_map("[a-z*][a-z0-9_.*-]{0,6}", a_list(), 1..4)) {
        let text: Vec<_> = lists.iter().map(|(label, list)| format!("{label}={list}")).collect();
        let text = text.join(", ");
        let read: Option<Vec<_>> = inner_lists(&text);
        let read = read.map(|lists| lists.into_iter().map(|(label, list)| (label.to_owned(), list)).collect());
        prop_assert_eq!(read, Some(lists));
    }

    #[test]
    fn bytes_that_are_written_are_read_back(bytes in prop::collection::vec(any::<u8>(), 0..70)) {
        let text = format!("sig1=:{}:", STANDARD.encode(&bytes));
        prop_assert_eq!(byte_sequences(&text), Some(vec![("sig1", bytes)]));
    }

    #[test]
    fn nothing_makes_it_panic(text in ".{0,80}", near in r#"[a-c*=()",;: \\\t0-9ü-]{0,60}"#) {
        for text in [text, near.clone(), format!("a=({near}"), format!("a=();b={near}"), format!("a=:{near}:")] {
            let _ = (inner_lists(&text), byte_sequences(&text));
        }
    }
}
