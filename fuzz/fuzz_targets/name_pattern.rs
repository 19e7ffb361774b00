//! Patterns of names: whatever compiles splits a name into parts that stand in it, in one way only.
#![no_main]

use connector_folder::{Field, Template};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: (&str, &str)| {
    let (pattern, name) = input;
    let fields = [
        Field::new("ts", "[0-9]{8}-[0-9]{6}"),
        Field::new("uid", ".+").free(),
        Field::new("dir", "[A-Za-z]+"),
        Field::new("note", "[^_]*"),
    ];
    for pattern in [pattern, "{uid}", "{ts}_{uid}", "{uid}-{dir}", "{dir}_{note}_{uid}"] {
        let Ok(template) = Template::new(pattern, &fields) else { continue };
        let Some(parts) = template.matches(name) else { continue };
        assert!(name.len() <= 255);
        for (field, text) in parts.iter() {
            assert!(template.fields().any(|known| known == field));
            assert!(name.contains(text));
            assert_eq!(parts.get(field), Some(text));
        }
    }
});
