//! The promise of a source that its vendor calls by HTTP: one request is one delivery, and the answer says what became of
//! it.

use std::collections::BTreeSet;
use std::pin::{Pin, pin};

use futures_util::future::{Either, select};

use super::hearing::Hearing;
use super::replay::{TURNED_DOWN, keys_of, turn_down};
use super::seen::{Miss, Seen, timely};
use super::stage::{Stage, short_day};
use super::subject::Subject;
use crate::{Delivery, EventKey, Item};

/// So many requests with news are tried at most.
const REQUESTS: usize = 6;
/// The answer that makes a vendor come again.
const COME_AGAIN: u16 = 503;

/// What came of a request.
enum Came {
    /// These events.
    Events(BTreeSet<EventKey>),
    /// It was answered with success and brought nothing.
    Nothing,
    /// There is no such request.
    NoRequest,
}

pub(super) async fn http_requests(subject: &dyn Subject) -> Seen {
    let stage = Stage::calm(subject, short_day()).await?;
    match timely(subject.patience(), "a request that nobody hears", stage.fake.post(0)).await?? {
        None => return Err(Miss::not_applicable("its vendor sends no HTTP requests")),
        Some(COME_AGAIN) => {}
        Some(status) => return Err(Miss::failed(format!("nobody listened, and a request was answered with {status}"))),
    }
    let mut hearing = stage.listen().await?;
    let mut tried = 0;
    for number in 0.. {
        let owed = match request(&stage, &mut hearing, number, Some(tried)).await? {
            Came::Events(keys) => keys,
            Came::Nothing => continue,
            Came::NoRequest => break,
        };
        match request(&stage, &mut hearing, number, None).await? {
            Came::Events(keys) if keys == owed => tried += 1,
            Came::Events(_) => return Err(Miss::failed("a request that came again brought other events")),
            _ => return Err(Miss::failed("a request that came again, since it was turned down, brought nothing")),
        }
        if tried == REQUESTS {
            break;
        }
    }
    match tried {
        0 => Err(Miss::failed("no request brought an event")),
        tried => Ok(format!("{tried} requests were turned down, answered with {COME_AGAIN}, and came again")),
    }
}

/// Sends a request once. Its delivery is turned down in one of the ways, or accepted.
async fn request(stage: &Stage<'_>, hearing: &mut Hearing, number: usize, turn: Option<usize>) -> Result<Came, Miss> {
    let mut post = pin!(timely(hearing.patience, "a request", stage.fake.post(number)));
    let delivery = match delivered(&mut post, hearing).await? {
        Some(Either::Left(delivery)) => delivery,
        Some(Either::Right(status)) => return no_delivery(hearing, status).await,
        None => return Ok(Came::NoRequest),
    };
    let keys = keys_of(&delivery);
    let Some(turn) = turn else {
        hearing.accept(delivery).await?;
        // The stream is read on meanwhile, as by a pipeline.
        return match delivered(&mut post, hearing).await? {
            Some(Either::Right(200..=299)) => Ok(Came::Events(keys)),
            Some(Either::Left(_)) => Err(Miss::failed("one request became two deliveries")),
            Some(Either::Right(status)) => Err(accepted(Some(status))),
            None => Err(accepted(None)),
        };
    };
    // Nobody has said anything yet.
    let status = match select(post.as_mut(), pin!(hearing.delivery(hearing.quiet))).await {
        // A vendor that waits no longer than this.
        Either::Left((status, _)) => status??,
        Either::Right((Ok(Some(_)), _)) => return Err(Miss::failed("one request became two deliveries")),
        Either::Right((Err(miss), _)) => return Err(miss),
        Either::Right((Ok(None), _)) => {
            turn_down(delivery, turn % TURNED_DOWN);
            post.await??
        }
    };
    match status {
        Some(COME_AGAIN) => Ok(Came::Events(keys)),
        status => Err(Miss::failed(format!("its delivery was not accepted, and a request was {}", told(status)))),
    }
}

/// The delivery of a request, or the status if it was answered before there was any.
async fn delivered<F>(post: &mut Pin<&mut F>, hearing: &mut Hearing) -> Result<Option<Either<Delivery, u16>>, Miss>
where
    F: Future<Output = Result<crate::Result<Option<u16>>, Miss>>,
{
    let patience = hearing.patience;
    loop {
        let delivery = match select(post.as_mut(), pin!(hearing.delivery(patience))).await {
            Either::Left((status, _)) => return Ok(status??.map(Either::Right)),
            Either::Right((delivery, _)) => delivery?,
        };
        match delivery {
            Some(delivery) if delivery.items.iter().all(|item| matches!(item, Item::Gap(_))) => {
                hearing.accept(delivery).await?;
            }
            Some(delivery) => return Ok(Some(Either::Left(delivery))),
            None => return Err(Miss::failed("a request was neither answered nor delivered")),
        }
    }
}

/// A request that was answered at once must have brought nothing.
async fn no_delivery(hearing: &mut Hearing, status: u16) -> Result<Came, Miss> {
    if hearing.delivery(hearing.quiet).await?.is_some() {
        return Err(Miss::failed(format!("a request was answered with {status} before its delivery came")));
    }
    match status {
        200..=299 => Ok(Came::Nothing),
        status => Err(Miss::failed(format!("somebody listened, and a request was answered with {status}"))),
    }
}

fn accepted(status: Option<u16>) -> Miss {
    Miss::failed(format!("its delivery was accepted, and a request was {}", told(status)))
}

fn told(status: Option<u16>) -> String {
    status.map_or_else(|| "not sent".to_owned(), |status| format!("answered with {status}"))
}
