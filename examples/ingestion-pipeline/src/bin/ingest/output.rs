//! How things are shown: tables, sizes, lengths of time.

use std::io::{IsTerminal, stderr};
use std::time::Duration;

use comfy_table::{CellAlignment, ContentArrangement, Table, presets};
use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;

/// A line on a terminal that is written again and again; none elsewhere.
pub(crate) fn spinner() -> Option<ProgressBar> {
    let style = ProgressStyle::with_template("{spinner} {msg}").unwrap_or_else(|_| ProgressStyle::default_spinner());
    stderr().is_terminal().then(|| ProgressBar::new_spinner().with_style(style))
}

/// Prints a value as one line of JSON.
pub(crate) fn print_json(value: &impl Serialize) -> anyhow::Result<()> {
    println!("{}", serde_json::to_string(value)?);
    Ok(())
}

/// A table with aligned columns and no lines; columns from `numbers_from` on are numbers.
pub(crate) fn table(header: &[&str], rows: Vec<Vec<String>>, numbers_from: usize) -> String {
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_content_arrangement(ContentArrangement::Disabled);
    table.set_header(header.to_vec()).add_rows(rows);
    for (index, column) in table.column_iter_mut().enumerate() {
        column.set_padding((0, 2));
        if index >= numbers_from {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    let lines: Vec<String> = table.lines().map(|line| line.trim_end().to_owned()).collect();
    lines.join("\n")
}

/// A size for people: `2.9 MB`.
pub(crate) fn size(bytes: u64) -> String {
    const UNITS: [&str; 5] = ["B", "kB", "MB", "GB", "TB"];
    let mut value = bytes as f64;
    let mut unit = 0;
    while value >= 1000.0 && unit + 1 < UNITS.len() {
        value /= 1000.0;
        unit += 1;
    }
    if unit == 0 || value >= 10.0 {
        format!("{value:.0} {}", UNITS[unit])
    } else {
        format!("{value:.1} {}", UNITS[unit])
    }
}

/// A length of time for people: `6 min 18 s`.
pub(crate) fn length(duration: Duration) -> String {
    let seconds = (duration.as_secs_f64()).round() as u64;
    match (seconds / 3600, seconds / 60 % 60, seconds % 60) {
        (0, 0, s) => format!("{s} s"),
        (0, m, s) => format!("{m} min {s} s"),
        (h, m, s) => format!("{h} h {m} min {s} s"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_and_lengths_have_units() {
        assert_eq!([size(0), size(999), size(2_911_000), size(71_400_000)], ["0 B", "999 B", "2.9 MB", "71 MB"]);
        let shown = [0, 8, 130, 3_661].map(|seconds| length(Duration::from_secs(seconds)));
        assert_eq!(shown, ["0 s", "8 s", "2 min 10 s", "1 h 1 min 1 s"]);
    }
}
