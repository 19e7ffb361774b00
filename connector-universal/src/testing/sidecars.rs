//! Sidecars as uploaders write them: text in four formats, made without a parser of this crate.

use connector_core::testing::ScenarioCall;

/// The people who call. Their names need escaping in one format or another.
const CONTACTS: [&str; 8] = [
    "Günther Öllinger",
    "Rosa \"Bibi\" Ekwall",
    "O'Dell & Söhne",
    "Ives, Noor",
    "- Anton <West>",
    "Yael: Büro 3 #2",
    "back\\slash Ltd",
    "Zoë Ärmel",
];

/// The extensions of sidecars, in the order in which uploads take turns.
pub(super) const FORMATS: [&str; 4] = ["xml", "json", "csv", "yml"];

/// The text of a call's sidecar. `turn` is its number among the uploads, which chooses the format and the contact.
pub(super) fn sidecar(call: &ScenarioCall, turn: usize) -> String {
    let contact = CONTACTS[(turn / FORMATS.len() + turn) % CONTACTS.len()];
    let length = (call.ended() - call.started).num_milliseconds();
    let direction = call.direction.to_string();
    let inbound = direction == "inbound";
    let (customer, centre) = (call.customer.reveal(), call.centre.reveal());
    let fields = [
        ("caller_id", if inbound { customer } else { centre }.to_owned()),
        ("called_number", if inbound { centre } else { customer }.to_owned()),
        ("contact_name", contact.to_owned()),
        ("direction", direction),
        ("duration_seconds", format!("{}.{:03}", length / 1000, length % 1000)),
        ("queue", call.queue.clone()),
        ("disposition", call.disposition.clone()),
        ("external_id", call.id.clone()),
    ];
    match FORMATS[turn % FORMATS.len()] {
        "xml" => xml(&fields),
        "json" => json(&fields),
        "csv" => csv(&fields),
        _ => yml(&fields),
    }
}

fn xml(fields: &[(&str, String)]) -> String {
    let escape = |text: &str| text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    let field = |(name, value): &(&str, String)| format!("  <{name}>{}</{name}>\n", escape(value));
    let fields: String = fields.iter().map(field).collect();
    format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<call>\n{fields}</call>\n")
}

/// Numbers go without quotes here, as most programs write them.
fn json(fields: &[(&str, String)]) -> String {
    let value = |name: &str, value: &str| if name == "duration_seconds" { value.to_owned() } else { quoted(value) };
    let field = |(name, text): &(&str, String)| format!("  {}: {}", quoted(name), value(name, text));
    format!("{{\n{}\n}}\n", fields.iter().map(field).collect::<Vec<_>>().join(",\n"))
}

fn csv(fields: &[(&str, String)]) -> String {
    let cell = |text: &str| format!("\"{}\"", text.replace('"', "\"\""));
    let header: Vec<&str> = fields.iter().map(|(name, _)| *name).collect();
    let record: Vec<String> = fields.iter().map(|(_, value)| cell(value)).collect();
    format!("\u{FEFF}{}\r\n{}\r\n", header.join(","), record.join(","))
}

fn yml(fields: &[(&str, String)]) -> String {
    fields.iter().map(|(name, value)| format!("{name}: {}\n", quoted(value))).collect()
}

/// A text in double quotes, as JSON and YAML read it alike.
fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}
