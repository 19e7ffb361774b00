//! Whatever the vendor does.

use proptest::prelude::*;

use super::*;

/// Something that happens.
#[derive(Clone, Debug)]
enum Deed {
    /// A message of this kind, with numbers that are off by so much, at this position in tenths of seconds.
    Says {
        kind: &'static str,
        off: i64,
        seen_off: i64,
        position: i64,
        start: i64,
        length: i64,
        reason: &'static str,
    },
    Talks(usize),
    Text(String),
    Waits(i64),
    Stop,
    Deserted,
    Closed,
    Broken,
}

fn deed() -> impl Strategy<Value = Deed> {
    let kinds = ["open", "ping", "paused", "resumed", "discarded", "update", "error", "close", "new"];
    // Mostly right, so that sessions live for a while.
    let off = prop_oneof![60 => Just(0_i64), 1 => -2..3_i64];
    let says = (
        prop::sample::select(kinds.to_vec()),
        off.clone(),
        off,
        -10..2_000_i64,
        -10..2_000_i64,
        -10..2_000_i64,
        prop::sample::select(vec!["end", "error", "disconnect", ""]),
    );
    let says = says.prop_map(|(kind, off, seen_off, position, start, length, reason)| Deed::Says {
        kind,
        off,
        seen_off,
        position,
        start,
        length,
        reason,
    });
    prop_oneof![
        20 => says,
        20 => (0..9_000_usize).prop_map(Deed::Talks),
        5 => (0..15_i64).prop_map(Deed::Waits),
        1 => "\\PC{0,40}".prop_map(Deed::Text),
        1 => Just(Deed::Stop),
        1 => Just(Deed::Deserted),
        1 => Just(Deed::Closed),
        1 => Just(Deed::Broken),
    ]
}

fn time(tenths: i64) -> String {
    format!("PT{}S", tenths as f64 / 10.0)
}

fn does(vendor: &mut Vendor, deed: Deed) -> Vec<Effect> {
    match deed {
        Deed::Says { kind, off, seen_off, position, start, length, reason } => {
            vendor.number += 1;
            let mut parameters = if kind == "open" { opening(&[stereo()]) } else { json!({}) };
            let more = json!({ "start": time(start), "discarded": time(length), "reason": reason });
            parameters.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            vendor.sends(&json!({ "version": "2", "id": SESSION, "type": kind, "seq": vendor.number as i64 + off,
                "serverseq": vendor.seen as i64 + seen_off, "position": time(position), "parameters": parameters }))
        }
        Deed::Talks(bytes) => vendor.does(Input::Binary(vec![0xFF; bytes].into())),
        Deed::Text(text) => vendor.does(Input::Text(&text)),
        Deed::Waits(seconds) => vendor.waits(seconds),
        Deed::Stop => vendor.does(Input::Stop),
        Deed::Deserted => vendor.does(Input::Deserted),
        Deed::Closed => vendor.does(Input::Closed),
        Deed::Broken => vendor.does(Input::Broken),
    }
}

/// Where something lies, and where the next thing may.
fn place(effect: &Effect) -> Option<(u64, u64)> {
    match effect {
        Effect::Frame { at, bytes } => Some((*at, at + bytes.len() as u64 / 2)),
        Effect::Lost { at, samples } => Some((*at, at + samples)),
        Effect::Paused { at } | Effect::Resumed { at } | Effect::End { at, .. } => Some((*at, *at)),
        _ => None,
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn numbers_follow_each_other_positions_never_go_back_and_there_is_one_end(
        is_opened: bool,
        deeds in prop::collection::vec(deed(), 0..60),
    ) {
        let mut vendor = Vendor::new();
        let mut done = if is_opened { vendor.says("open", opening(&[stereo()])) } else { Vec::new() };
        for deed in deeds {
            done.extend(does(&mut vendor, deed));
        }
        // In the end everything is over, whatever was left open.
        done.extend(vendor.waits(20));
        done.extend(vendor.waits(5));
        prop_assert!(vendor.session.due().is_none());

        let said = sent(&done);
        for (at, said) in said.iter().enumerate() {
            prop_assert_eq!(&said["seq"], &json!(at + 1));
            prop_assert!(said["parameters"].is_object());
        }
        let of = |kind: &str| said.iter().filter(|said| said["type"] == kind).count();
        prop_assert!(of("opened") <= 1 && of("closed") <= 1 && of("disconnect") <= 1);

        let told = handed_on(&done);
        let begins = told.iter().filter(|word| *word == "begin").count();
        let ends = told.iter().filter(|word| word.starts_with("end")).count();
        prop_assert!(begins <= 1 && ends == begins);
        if begins == 1 {
            prop_assert!(told[0] == "begin" && told.last().is_some_and(|word| word.starts_with("end")));
        }
        let mut reached = 0;
        for (at, end) in done.iter().filter_map(place) {
            prop_assert!(at >= reached, "{told:?}");
            reached = end;
        }
    }
}
