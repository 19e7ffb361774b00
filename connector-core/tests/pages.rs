//! What the pages in `docs/` quote stands in the examples, to the letter.

#[test]
fn the_page_on_connectors_quotes_its_example() {
    let page = include_str!("../../docs/write-your-own-connector.md");
    let example = include_str!("../examples/bell_connector/main.rs");
    let blocks: Vec<&str> =
        page.split("```rust,ignore\n").skip(1).filter_map(|rest| rest.split("```").next()).collect();
    assert!(blocks.len() > 4);
    for block in blocks {
        assert!(example.contains(block), "not in the example:\n{block}");
    }
    assert!(example.lines().count() < 200);
}
