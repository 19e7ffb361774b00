//! The store of recordings: links that are good for a while, and want no token.

use bytes::Bytes;
use connector_core::testing::http::Answer;
use connector_core::testing::{Fault, FaultPlan};
use tokio::time::Instant;

use super::ask::Ask;
use super::state::State;

/// What it says of a second way to log in. Not documented for CXone; object stores answer so.
const TWO_LOGINS: u16 = 400;

pub(super) fn media(ask: &Ask<'_>, faults: &FaultPlan, state: &mut State) -> Answer {
    if ask.header("authorization").is_some() {
        return refused(TWO_LOGINS, "InvalidArgument");
    }
    let number: Option<usize> = ask.id().strip_suffix(".mp4").and_then(|number| number.parse().ok());
    let is_signed = number.is_some_and(|number| ask.get("X-Amz-Signature") == Some(&format!("{number:08x}")));
    let place = number.and_then(|number| number.checked_sub(1)).filter(|_| is_signed);
    let gone = state.no_recordings;
    let Some(link) = place.and_then(|place| state.links.get_mut(place)) else { return refused(403, "AccessDenied") };
    if link.uses > 0 && faults.fire(Fault::ExpiredLink) {
        link.uses = 0;
    }
    if link.uses == 0 || Instant::now() >= link.ends {
        return refused(403, "AccessDenied");
    }
    if gone {
        return refused(404, "NoSuchKey");
    }
    link.uses -= 1;
    let content = Bytes::from(link.clip.wav());
    let etag = format!("\"{:x}-{:x}\"", link.clip.seed(), content.len());
    let answer = Answer::media(ask.request, &content, &etag).with_header("content-type", "audio/wav");
    let half = answer.body.len() / 2;
    if answer.status.is_success() && half > 0 && faults.fire(Fault::CutDownload) {
        return answer.cut_after(half);
    }
    answer
}

/// As an object store refuses.
fn refused(status: u16, code: &str) -> Answer {
    let words = format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>{code}</Code></Error>");
    Answer::new(status).with_header("content-type", "application/xml").with_body(words)
}
