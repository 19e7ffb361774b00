//! Sidecars that another program wrote, and any text.

use std::collections::HashSet;

use proptest::prelude::*;

use super::*;

/// Writes fields the way another program would: quotes, escapes and references by each format's own rules.
fn write(format: Format, fields: &[(String, String)]) -> String {
    let lines = |each: &dyn Fn(&str, &str) -> String| fields.iter().map(|(k, v)| each(k, v)).collect::<Vec<_>>();
    match format {
        Format::Json => format!("{{{}}}", lines(&|k, v| format!("{}: {}", escaped(k), escaped(v))).join(",\n")),
        Format::Yml => lines(&|k, v| format!("{}: {}\n", escaped(k), escaped(v))).concat(),
        Format::Csv => {
            let row = |cells: Vec<String>| cells.join(",");
            let quoted = |text: &str| format!("\"{}\"", text.replace('"', "\"\""));
            format!("{}\r\n{}\r\n", row(lines(&|k, _| quoted(k))), row(lines(&|_, v| quoted(v))))
        }
        Format::Xml => {
            let reference =
                |c: char| if c.is_ascii_alphanumeric() { c.to_string() } else { format!("&#{};", c as u32) };
            let text = |value: &str| value.chars().map(reference).collect::<String>();
            format!("<call>{}</call>", lines(&|k, v| format!("\n <{k}>{}</{k}>", text(v))).concat())
        }
    }
}

/// A text in double quotes, with everything but plain ASCII escaped as JSON and YAML both allow.
fn escaped(text: &str) -> String {
    let mut quoted = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => quoted.extend(['\\', c]),
            ' '..='~' => quoted.push(c),
            '\u{10000}'.. => quoted.push(c),
            _ => quoted.push_str(&format!("\\u{:04x}", c as u32)),
        }
    }
    quoted.push('"');
    quoted
}

proptest! {
    #[test]
    fn what_is_written_is_read_back(
        written in prop::collection::btree_map("[A-Za-z_][A-Za-z0-9_.-]{0,12}", "\\PC{0,20}|[\\t\\n\\r '\",:{}&*!#|>%@`-]{0,12}", 1..20),
    ) {
        let written: Vec<_> = written.into_iter().collect();
        let expected: Vec<_> = written.iter().map(|(k, v)| (k.clone(), Some(v.clone()))).collect();
        for format in Format::ALL {
            prop_assert_eq!(&fields(format, &write(format, &written)), &expected);
        }
    }

    #[test]
    fn names_may_be_any_text_where_the_format_allows_it(
        written in prop::collection::btree_map("\\PC{1,12}", "\\PC{0,12}", 1..8),
    ) {
        let written: Vec<_> = written.into_iter().collect();
        let expected: Vec<_> = written.iter().map(|(k, v)| (k.clone(), Some(v.clone()))).collect();
        for format in [Format::Json, Format::Csv, Format::Yml] {
            prop_assert_eq!(&fields(format, &write(format, &written)), &expected);
        }
    }

    /// Whatever the bytes, an accepted sidecar keeps the rules.
    #[test]
    fn any_bytes_are_taken_by_the_rules_or_refused(
        text in "[a-c:<>/{}\\[\\]\"',&*!|>#%?\\n\\r\\t ~-]{0,60}|\\PC{0,40}",
        format in prop::sample::select(Format::ALL.to_vec()),
    ) {
        if let Ok(sidecar) = read(format, &text) {
            let names: HashSet<_> = sidecar.fields.iter().map(|(name, _)| name).collect();
            prop_assert!(!names.is_empty() && names.len() == sidecar.fields.len());
            prop_assert!(names.iter().all(|name| !name.is_empty()));
        }
    }
}
