//! A link to a recording, as it is good for a while.

use std::time::Duration;

use connector_core::http::Link;
use connector_core::{Gone, Lookup, Priority, Result};

use super::place::Place;
use crate::api::media::{Form, Played};
use crate::transport::Api;

/// A link that is good now; `soon` is when to come again where there is none yet.
pub(super) async fn link(api: &Api, place: &Place, priority: Priority, soon: Duration) -> Result<Lookup<Link>> {
    let (played, part) = match place {
        // The one link to the whole is the form that the vendor made for downloads; parts have links of their own.
        Place::Contact { id, of: 1, .. } => (api.contact_played(id, Form::Download, priority).await?, None),
        Place::Contact { id, part, .. } => (api.contact_played(id, Form::Described, priority).await?, Some(*part)),
        Place::Segment { id } => (api.segment_played(id, priority).await?, None),
        Place::File { .. } => return Ok(Lookup::Gone(Gone::Unknown)),
    };
    Ok(match played {
        Played::There(found) => {
            let url = match part {
                Some(part) => found.into_iter().nth(part).and_then(|playable| playable.url),
                None => found.into_iter().find_map(|playable| playable.url),
            };
            url.map_or(Lookup::NotReady { retry_after: soon }, |url| Lookup::Ready(Link::new(url).signed()))
        }
        Played::Nothing { retry_after } => Lookup::NotReady { retry_after: retry_after.unwrap_or(soon) },
        // It was there when it was listed.
        Played::Unknown => Lookup::Gone(Gone::Deleted),
    })
}
