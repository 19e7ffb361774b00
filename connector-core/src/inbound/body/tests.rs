use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use futures_util::FutureExt;
use http::HeaderValue;
use http_body::Frame;

use super::super::memory::Memory;
use super::*;

/// A body in pieces, which may break off.
struct Pieces(VecDeque<Result<Bytes, ()>>);

impl http_body::Body for Pieces {
    type Data = Bytes;
    type Error = ();

    fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, ()>>> {
        Poll::Ready(self.0.pop_front().map(|piece| piece.map(Frame::data)))
    }
}

fn pieces(sizes: &[usize]) -> Pieces {
    Pieces(sizes.iter().map(|size| Ok(Bytes::from(vec![7; *size]))).collect())
}

fn with(name: http::HeaderName, values: &[&str]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for value in values {
        headers.append(&name, HeaderValue::from_str(value).unwrap());
    }
    headers
}

fn announcing(lengths: &[&str]) -> HeaderMap {
    with(CONTENT_LENGTH, lengths)
}

fn budget(bytes: usize) -> Budget {
    Memory::new(bytes, bytes).of(&Arc::from("acme"))
}

fn read_now(headers: &HeaderMap, body: Pieces, max: usize, budget: &Budget) -> Result<usize, Unread> {
    let read = read(headers, body, max, budget).now_or_never().expect("these bodies are there at once");
    read.map(|(bytes, _)| bytes.len())
}

#[test]
fn a_body_is_as_long_as_announced_or_refused() {
    let budget = budget(1 << 20);
    for (announced, sizes, expected) in [
        (&["10"][..], &[4, 6][..], Ok(10)),
        (&[], &[4, 6], Ok(10)),
        (&["0"], &[], Ok(0)),
        (&["10", "10"], &[10], Ok(10)),
        (&["10"], &[4, 7], Err(Unread::Broken)),
        (&["10"], &[4], Err(Unread::Broken)),
        (&["10", "11"], &[10], Err(Unread::Broken)),
        (&["+10"], &[10], Err(Unread::Broken)),
        (&["ten"], &[10], Err(Unread::Broken)),
        (&[""], &[], Err(Unread::Broken)),
        (&["99999999999999999999999999"], &[10], Err(Unread::TooLarge)),
    ] {
        assert_eq!(read_now(&announcing(announced), pieces(sizes), 100, &budget), expected, "{announced:?} {sizes:?}");
    }
}

#[test]
fn the_hard_limit_holds_to_the_byte_announced_or_not() {
    let budget = budget(1 << 20);
    assert_eq!(read_now(&announcing(&["100"]), pieces(&[100]), 100, &budget), Ok(100));
    assert_eq!(read_now(&announcing(&["101"]), pieces(&[101]), 100, &budget), Err(Unread::TooLarge));
    assert_eq!(read_now(&announcing(&[]), pieces(&[60, 40]), 100, &budget), Ok(100));
    assert_eq!(read_now(&announcing(&[]), pieces(&[60, 41]), 100, &budget), Err(Unread::TooLarge));
}

#[test]
fn a_body_that_does_not_fit_is_not_begun() {
    let budget = budget(100 << 10);
    let mut body = pieces(&[200 << 10]);
    let big = announcing(&["204800"]);
    let outcome = read(&big, http_body_util::combinators::BoxBody::new(NeverPolled), 1 << 20, &budget).now_or_never();
    assert_eq!(outcome.unwrap().unwrap_err(), Unread::NoRoom);
    // Without an announcement it is found out on the way, and all of it is given back.
    assert_eq!(
        read_now(&announcing(&[]), std::mem::replace(&mut body, pieces(&[])), 1 << 20, &budget),
        Err(Unread::NoRoom)
    );
    assert_eq!(
        read_now(&announcing(&[]), pieces(&[10 << 10; 4]), 1 << 20, &budget),
        Err(Unread::NoRoom),
        "one step ahead"
    );
    assert_eq!(read_now(&announcing(&["102400"]), pieces(&[100 << 10]), 1 << 20, &budget), Ok(100 << 10));
}

struct NeverPolled;

impl http_body::Body for NeverPolled {
    type Data = Bytes;
    type Error = ();

    fn poll_frame(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, ()>>> {
        panic!("read without memory");
    }
}

#[test]
fn a_body_holds_what_it_needs_and_gives_back_the_rest() {
    let budget = budget(200 << 10);
    let (bytes, room) = read(&announcing(&[]), pieces(&[3 << 10]), 1 << 20, &budget).now_or_never().unwrap().unwrap();
    assert_eq!(bytes.len(), 3 << 10);
    assert!(budget.reserve(198 << 10).is_none() && budget.reserve(197 << 10).is_some());
    drop(room);
    assert!(budget.reserve(200 << 10).is_some());
}

#[test]
fn a_body_that_breaks_off_is_broken_and_holds_nothing() {
    let budget = budget(100 << 10);
    let body = Pieces([Ok(Bytes::from_static(b"half")), Err(())].into());
    assert_eq!(read_now(&announcing(&[]), body, 1000, &budget), Err(Unread::Broken));
    assert!(budget.reserve(100 << 10).is_some());
}

#[test]
fn packed_bodies_are_refused_before_a_byte_is_read() {
    let budget = budget(1 << 20);
    for (codings, expected) in [
        (&["gzip"][..], Err(Unread::Packed)),
        (&["identity", "br"], Err(Unread::Packed)),
        (&["gzip, gzip"], Err(Unread::Packed)),
        (&["Identity"], Ok(5)),
    ] {
        assert_eq!(read_now(&with(CONTENT_ENCODING, codings), pieces(&[5]), 100, &budget), expected, "{codings:?}");
    }
}
