//! Answers with a list, with one thing, or with nothing.

use chrono::{DateTime, Utc};
use connector_core::Result;
use connector_core::http::RequestBuilder;
use serde::de::DeserializeOwned;

use crate::wire::list::{Fields, List};

/// What to do about a list that is not where it should be.
const OTHER_VERSION: &str = "set another api_version, in which lists are named as this crate knows them";

/// The list under a key. No body is an empty one.
pub(super) async fn list(request: RequestBuilder, key: &'static str) -> Result<List> {
    Ok(dated_list(request, key).await?.0)
}

/// The list under a key, of something that may not be known: 404 is an empty one as well.
pub(super) async fn list_if_any(request: RequestBuilder, key: &'static str) -> Result<List> {
    match list(request, key).await {
        Err(error) if error.is_not_found() => Ok(List::default()),
        other => other,
    }
}

/// The list under a key, and what time it was at the vendor when it was sent.
pub(super) async fn dated_list(request: RequestBuilder, key: &'static str) -> Result<(List, Option<DateTime<Utc>>)> {
    let answer = request.send().await?;
    let fields = answer.json_if_any::<Fields>()?.unwrap_or_default();
    let list = List::read(fields, key).map_err(|what| answer.unexpected(what).advise(OTHER_VERSION))?;
    let date = answer.header("date").and_then(|date| DateTime::parse_from_rfc2822(date).ok());
    let date = list.last_poll_time.or(date.map(|date| date.to_utc()));
    Ok((list, date))
}

/// One thing. Both no body and 404 say that there is none.
pub(super) async fn one<T: DeserializeOwned>(request: RequestBuilder) -> Result<Option<T>> {
    match request.send().await {
        Ok(answer) => answer.json_if_any(),
        Err(error) if error.is_not_found() => Ok(None),
        Err(error) => Err(error),
    }
}
