use proptest::prelude::*;

use super::*;

fn fields() -> Vec<Field> {
    vec![
        Field::new("ts", "[0-9]{8}-[0-9]{6}"),
        Field::new("uid", ".+").free(),
        Field::new("dir", "[A-Za-z]+"),
        Field::new("session", "[^_]+"),
        Field::new("ani", r"\+?[0-9]+"),
        Field::new("dnis", r"\+?[0-9]+"),
        Field::new("note", ".*").free(),
    ]
}

fn template(pattern: &str) -> Template {
    Template::new(pattern, &fields()).unwrap()
}

fn split(pattern: &str, name: &str) -> Option<Vec<(String, String)>> {
    let template = template(pattern);
    let parts = template.matches(name)?;
    Some(parts.iter().map(|(field, text)| (field.to_owned(), text.to_owned())).collect())
}

fn refused(pattern: &str) -> String {
    let error = Template::new(pattern, &fields()).unwrap_err();
    assert!(error.is_config(), "{pattern}: {error}");
    error.to_string()
}

#[test]
fn a_login_keeps_its_separators() {
    let template = template("{ts}_{uid}");
    for uid in ["joe_baducci", "joe@example.com", "_", "a.b.c", "20261019-140253_x", "jöe smith"] {
        let name = format!("20261019-140253_{uid}");
        assert_eq!(template.matches(&name).unwrap().get("uid"), Some(uid));
    }
    for name in ["20261019-140253_", "20261019-140253", "20261019140253_joe", "x20261019-140253_joe", ""] {
        assert!(template.matches(name).is_none(), "{name}");
    }
}

#[test]
fn a_long_pattern_splits_around_the_one_free_field() {
    let name = "20261019-140253_joe_b_IN_55AA10_+15550100142_15550100143";
    let parts = split("{ts}_{uid}_{dir}_{session}_{ani}_{dnis}", name).unwrap();
    let texts: Vec<_> = parts.iter().map(|(_, text)| text.as_str()).collect();
    assert_eq!(texts, ["20261019-140253", "joe_b", "IN", "55AA10", "+15550100142", "15550100143"]);
}

#[test]
fn the_whole_name_has_to_match_as_it_is_written() {
    let template = template("call.{ts}.v1");
    assert!(template.matches("call.20261019-140253.v1").is_some());
    for name in
        ["callx20261019-140253.v1", "Call.20261019-140253.v1", "call.20261019-140253.v1\n", "call.20261019-140253.v11"]
    {
        assert!(template.matches(name).is_none(), "{name:?}");
    }
}

#[test]
fn braces_are_doubled_and_those_of_an_expression_count() {
    assert!(split("{{{ts}}}", "{20261019-140253}").is_some());
    assert_eq!(split("{uid:[0-9]{3,4}}_x", "0207_x").unwrap()[0].1, "0207");
    assert_eq!(split(r"{uid:\{[^}]+\}}_{ts}", "{joe}_20261019-140253").unwrap()[0].1, "{joe}");
    assert_eq!(split("{uid:[]}]+}", "]}").unwrap()[0].1, "]}");
    assert_eq!(split("{uid:(?:a|b)+:c}", "ab:c").unwrap()[0].1, "ab:c");
}

#[test]
fn errors_name_the_place_and_the_fields() {
    for (pattern, words) in [
        ("", ["no field", "ts, uid"]),
        ("call.wav", ["no field", "ts, uid"]),
        ("é{ts}_{login}", ["\"login\" at character 7", "ts, uid, dir"]),
        ("{ts}_{ts}", ["\"ts\" once more at character 6", "once"]),
        ("{ts}_{uid", ["'{' without its other half at character 6", "{{"]),
        ("{ts}_uid}", ["'}' without its other half at character 9", "}}"]),
        ("{ts:}_x", ["empty expression", "{ts}"]),
        ("{ts:[0-9}_x", ["'{' without", "character 1"]),
        ("{ts:a)|(b}", ["\"ts\" at character 1", "regex"]),
        ("{ts:*}", ["\"ts\" at character 1", "regex"]),
        ("{ts:(?P<uid>x)}", ["names a group", "(...)"]),
        ("{}", ["unknown field \"\"", "ts, uid"]),
    ] {
        let message = refused(pattern);
        assert!(words.iter().all(|word| message.contains(word)), "{pattern}: {message}");
    }
}

#[test]
fn a_field_name_that_no_group_can_have_is_unknown() {
    assert!(Template::new("{Ts>}", &[Field::new("Ts>", "x")]).unwrap_err().is_config());
}

#[test]
fn a_pattern_that_leaves_the_split_open_is_refused() {
    assert!(refused("{uid}_{ts}_{note}").contains("\"uid\" and \"note\""));
    assert!(refused("{uid}_{dir:[a-z_]+}").contains("between them"));
    assert!(refused("{ani:[0-9-]+}-{dnis:[0-9-]+}").contains("between them"));
    assert!(refused("{ani:.{17}}-{dnis:.{17}}_{uid}").contains("between them"));
    template("{uid}_{note:[^_]+}");
    template("{ts}-{dir}");
}

#[test]
fn a_name_that_can_be_split_in_two_ways_is_refused() {
    assert!(split("{ani}{dnis}", "123").is_none());
    assert!(split("{ani}{dnis}", "12").is_some(), "there is only one way");
    let pattern = "{session:.+}_{dir:IN|OUT}_{note:.+}";
    assert!(split(pattern, "a_IN_b_IN_c").is_none());
    assert_eq!(split(pattern, "a_b_IN_c").unwrap()[0].1, "a_b");
}

#[test]
fn a_huge_expression_or_name_is_refused_at_once() {
    assert!(refused("{uid:(?:(?:.{100}){100}){100}}").contains("too large"));
    assert!(refused(&format!("{{uid:{}x{}}}", "(".repeat(200), ")".repeat(200))).contains("too large"));
    let template = template("{uid}");
    assert!(template.matches(&"x".repeat(255)).is_some());
    assert!(template.matches(&"x".repeat(256)).is_none());
    assert!(template.matches(&"é".repeat(128)).is_none(), "bytes count, not characters");
}

#[test]
fn logins_do_not_show() {
    let template = template("{ts}_{uid}");
    let parts = template.matches("20261019-140253_joe").unwrap();
    assert!(!format!("{parts:?}").contains("joe"));
    assert_eq!(parts.get("session"), None);
    assert_eq!(template.fields().collect::<Vec<_>>(), ["ts", "uid"]);
}

proptest! {
    /// No pattern makes it panic, and one that compiles finds its own fields.
    #[test]
    fn any_pattern_is_taken_or_refused(pattern in r"([{}a-z_:\[\]\\().*]|\{ts\}|\{uid\}|é){0,12}", name in ".{0,20}") {
        if let Ok(template) = Template::new(&pattern, &fields())
            && let Some(parts) = template.matches(&name)
        {
            prop_assert!(template.fields().all(|field| parts.get(field).is_some()));
        }
    }

    /// What is put together by a pattern comes apart again the same way, or is refused; it never comes apart otherwise.
    #[test]
    fn a_split_is_right_or_refused(uid in "[a-zA-Z0-9_.@-]{1,20}", dir in "IN|OUT", session in "[0-9A-F_]{1,8}") {
        let name = format!("{uid}_{dir}_{session}");
        if let Some(parts) = split("{uid:.+}_{dir:IN|OUT}_{session:.+}", &name) {
            let expected = [("uid", &uid), ("dir", &dir), ("session", &session)];
            let expected: Vec<_> = expected.iter().map(|(field, text)| ((*field).to_owned(), (*text).clone())).collect();
            prop_assert_eq!(parts, expected);
        }
    }
}
