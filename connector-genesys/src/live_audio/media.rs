//! What sound is offered, and which of it is taken.

use bytes::Bytes;
use connector_core::{AudioFormat, SampleFormat, Speaker};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::options::ByteOrder;
use crate::wire::loose;

/// The longest offer that is sent back word for word, in bytes. The vendor's have about 80.
const LONGEST: usize = 4 << 10;

/// The most samples of a second that are taken. The vendor's sound has 8,000.
const FASTEST: i64 = 192_000;

/// An offer that is taken.
#[derive(Clone, Debug)]
pub(crate) struct Chosen {
    /// The offer as it came.
    pub(crate) offer: Box<RawValue>,
    pub(crate) format: AudioFormat,
    /// Whether the bytes of each sample have to change places.
    swaps: bool,
}

impl Chosen {
    /// Whether one of both is not heard. All offers of a trunk that does not record both are such.
    pub(crate) fn is_mono(&self) -> bool {
        self.format.speakers.len() == 1
    }

    /// Whole samples as they are handed on: a copy of their own, so that keeping them keeps nothing of the socket's memory.
    pub(crate) fn in_order(&self, bytes: &[u8]) -> Bytes {
        let mut copy = bytes.to_vec();
        if self.swaps {
            copy.chunks_exact_mut(2).for_each(<[u8]>::reverse);
        }
        copy.into()
    }
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Offer {
    #[serde(deserialize_with = "loose::text", rename = "type")]
    kind: Option<String>,
    #[serde(deserialize_with = "loose::text")]
    format: Option<String>,
    #[serde(deserialize_with = "loose::texts")]
    channels: Vec<String>,
    #[serde(deserialize_with = "loose::int")]
    rate: Option<i64>,
}

/// The best offer: both before the customer alone, the agent alone last; µ-law before numbers of 16 bits, which need to be
/// told their order of bytes. Of equal ones the first.
pub(crate) fn choose(offers: &[Box<RawValue>], l16: Option<ByteOrder>) -> Option<Chosen> {
    let usable = offers.iter().filter_map(|offer| read(offer, l16));
    usable.min_by_key(|chosen| {
        let speakers = match chosen.format.speakers[..] {
            [_, _] => 0,
            [Speaker::Customer] => 1,
            _ => 2,
        };
        (speakers, chosen.format.samples == SampleFormat::Pcm16)
    })
}

fn read(raw: &RawValue, l16: Option<ByteOrder>) -> Option<Chosen> {
    let offer: Offer = loose::row(raw)?;
    let is_sound = offer.kind.is_none_or(|kind| kind == "audio") && raw.get().len() <= LONGEST;
    let (samples, swaps) = match offer.format.as_deref().filter(|_| is_sound)? {
        "PCMU" => (SampleFormat::MuLaw, false),
        "L16" => (SampleFormat::Pcm16, l16? == ByteOrder::Big),
        _ => return None,
    };
    let speakers: Vec<_> = offer.channels.iter().map(|channel| speaker(channel)).collect::<Option<_>>()?;
    let is_each_once = matches!(speakers[..], [_]) || matches!(speakers[..], [one, other] if one != other);
    let rate = offer.rate.filter(|rate| (1..=FASTEST).contains(rate) && is_each_once)?;
    let format = AudioFormat::new(samples, u32::try_from(rate).ok()?, speakers);
    Some(Chosen { offer: raw.to_owned(), format, swaps })
}

fn speaker(channel: &str) -> Option<Speaker> {
    match channel {
        "external" => Some(Speaker::Customer),
        "internal" => Some(Speaker::Agent),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn offer(format: &str, channels: &[&str]) -> Box<RawValue> {
        let offer = json!({ "type": "audio", "format": format, "channels": channels, "rate": 8_000 });
        serde_json::value::to_raw_value(&offer).unwrap()
    }

    fn chosen(offers: &[Box<RawValue>], l16: Option<ByteOrder>) -> Option<String> {
        choose(offers, l16).map(|chosen| chosen.offer.get().to_owned())
    }

    #[test]
    fn both_are_better_than_one_and_the_customer_better_than_the_agent() {
        let (both, external, internal) =
            (offer("PCMU", &["external", "internal"]), offer("PCMU", &["external"]), offer("PCMU", &["internal"]));
        let all = [internal.clone(), external.clone(), both.clone()];
        assert_eq!(chosen(&all, None).as_deref(), Some(both.get()));
        assert_eq!(chosen(&all[..2], None).as_deref(), Some(external.get()));
        assert_eq!(chosen(&all[..1], None).as_deref(), Some(internal.get()));
        assert!(choose(&all[..1], None).unwrap().is_mono() && !choose(&all, None).unwrap().is_mono());
    }

    #[test]
    fn the_order_of_channels_is_that_of_the_offer() {
        let format = choose(&[offer("PCMU", &["internal", "external"])], None).unwrap().format;
        assert_eq!(format.speakers, [Speaker::Agent, Speaker::Customer]);
    }

    #[test]
    fn sixteen_bits_need_an_order_of_bytes_and_come_second() {
        let (wide, both, mono) = (
            offer("L16", &["external", "internal"]),
            offer("PCMU", &["external", "internal"]),
            offer("PCMU", &["external"]),
        );
        assert_eq!(chosen(std::slice::from_ref(&wide), None), None);
        let little = Some(ByteOrder::Little);
        assert_eq!(chosen(&[wide.clone(), both.clone()], little).as_deref(), Some(both.get()));
        assert_eq!(chosen(&[mono, wide.clone()], little).as_deref(), Some(wide.get()));
        let handed_on = |l16| choose(std::slice::from_ref(&wide), Some(l16)).unwrap().in_order(&[1, 2, 3, 4]);
        assert_eq!(handed_on(ByteOrder::Little)[..], [1, 2, 3, 4]);
        assert_eq!(handed_on(ByteOrder::Big)[..], [2, 1, 4, 3]);
    }

    #[test]
    fn an_offer_is_sent_back_word_for_word() {
        let text = r#"{ "rate":8000, "new": 1.50, "channels" : ["external"],"format":"PCMU" }"#;
        let offers: Vec<Box<RawValue>> = serde_json::from_str(&format!("[7, null, {text}]")).unwrap();
        assert_eq!(chosen(&offers, None).as_deref(), Some(text));
    }

    #[test]
    fn what_cannot_be_taken_is_left() {
        let with = |changes: serde_json::Value| {
            let mut offer = json!({ "type": "audio", "format": "PCMU", "channels": ["external"], "rate": 8_000 });
            offer.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
            serde_json::value::to_raw_value(&offer).unwrap()
        };
        assert!(choose(&[with(json!({}))], None).is_some());
        for changes in [
            json!({ "type": "video" }),
            json!({ "format": "OPUS" }),
            json!({ "format": null }),
            json!({ "channels": [] }),
            json!({ "channels": ["external", "external"] }),
            json!({ "channels": ["external", "internal", "external"] }),
            json!({ "channels": ["external", "whisper"] }),
            json!({ "channels": "external" }),
            json!({ "rate": 0 }),
            json!({ "rate": -8_000 }),
            json!({ "rate": 1_000_000 }),
            json!({ "rate": null }),
            json!({ "more": "x".repeat(LONGEST) }),
        ] {
            assert!(choose(&[with(changes.clone())], None).is_none(), "{changes}");
        }
        assert!(choose(&[], None).is_none());
    }
}
