//! `/contacts`: completed ones, single ones, and what belongs to one.

use chrono::{DateTime, Utc};
use connector_core::http::{RequestBuilder, segment};
use connector_core::{Priority, Result};
use serde_json::value::RawValue;

use super::instant;
use super::lists::{dated_list, list, list_if_any, one};
use super::pages::ContactPage;
use crate::transport::Api;
use crate::wire::contacts::{CustomData, Disposition, Hierarchy, OneContact, State};
use crate::wire::states::Description;
use crate::wire::{self, list::List};

/// Which completed contacts are asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Span {
    /// Those that started in a time. (That the filter is about starts follows from its name; nothing says so.)
    Started(DateTime<Utc>, DateTime<Utc>),
    /// Those that changed since a time.
    Updated(DateTime<Utc>),
}

impl Api {
    /// Completed contacts, a page of them.
    pub(crate) async fn completed(
        &self,
        span: Span,
        media_types: &[u32],
        (skip, top): (usize, usize),
        priority: Priority,
    ) -> Result<ContactPage> {
        let request = self.acd("contacts/completed", priority).during("contacts/completed");
        let request = match span {
            Span::Started(from, to) => request
                .query("startDate", instant(from))
                .query("endDate", instant(to))
                .query("orderBy", "contactStart asc"),
            Span::Updated(since) => {
                request.query("updatedSince", instant(since)).query("orderBy", "lastUpdateTime asc")
            }
        };
        let request = of_media_types(request, media_types).query("skip", skip).query("top", top);
        let (found, date) = dated_list(request, "completedContacts").await?;
        Ok(ContactPage::read(&found, date, media_types, (skip, top)))
    }

    /// Contacts that go on, a page of them.
    pub(crate) async fn active(
        &self,
        media_types: &[u32],
        (skip, top): (usize, usize),
        priority: Priority,
    ) -> Result<List> {
        let request = self.acd("contacts/active", priority).during("contacts/active");
        list(of_media_types(request, media_types).query("skip", skip).query("top", top), "activeContacts").await
    }

    /// What the tenant calls the states of contacts.
    pub(crate) async fn state_descriptions(&self, priority: Priority) -> Result<Vec<Description>> {
        let request = self.acd("contact-state-descriptions", priority).during("contact-state-descriptions");
        let found = list(request, "contactStateDescriptions").await?;
        Ok(found.rows.iter().filter_map(|raw| wire::row(raw)).collect())
    }

    /// One contact, active or completed.
    pub(crate) async fn contact(&self, id: &str, priority: Priority) -> Result<Option<Box<RawValue>>> {
        let request = self.acd(&format!("contacts/{}", segment(id)), priority).during("conversation");
        let answer: Option<OneContact> = one(request).await?;
        let answer = answer.and_then(|answer| answer.inner.map_or(answer.contact, |inner| inner.contact));
        // A contact itself, where only its id was expected, is an answer to nothing.
        Ok(answer.filter(|raw| raw.get().starts_with('{')))
    }

    /// The contacts that a call is made of, with their true ends.
    pub(crate) async fn hierarchy(&self, id: &str, priority: Priority) -> Result<Option<Hierarchy>> {
        let request = self.acd(&format!("contacts/{}/hierarchy", segment(id)), priority).during("conversation");
        let answer: Option<Hierarchy> = one(request).await?;
        Ok(answer.map(|mut answer| answer.inner.take().map_or(answer, |inner| *inner)))
    }

    /// The states that a contact went through, in time order.
    pub(crate) async fn states(&self, id: &str, priority: Priority) -> Result<Vec<State>> {
        let path = format!("contacts/{}/state-history", segment(id));
        let found = list_if_any(self.acd(&path, priority).during("conversation"), "contactStateHistory").await?;
        let mut states: Vec<State> = found.rows.iter().filter_map(|raw| wire::row(raw)).collect();
        states.sort_by_key(|state| (state.start_date, state.state_index));
        Ok(states)
    }

    /// What the agent said of a contact, with its name.
    pub(crate) async fn disposition(&self, id: &str, priority: Priority) -> Result<Option<Disposition>> {
        one(self.acd(&format!("contacts/{}/disposition", segment(id)), priority).during("conversation")).await
    }

    /// What the call's script stored.
    pub(crate) async fn custom_data(&self, id: &str, priority: Priority) -> Result<Vec<CustomData>> {
        let path = format!("contacts/{}/custom-data", segment(id));
        let found = list_if_any(self.acd(&path, priority).during("conversation"), "contactCustomData").await?;
        Ok(found.rows.iter().filter_map(|raw| wire::row(raw)).collect())
    }
}

/// The filter takes one type; of more, the contacts are sorted out once they are read.
fn of_media_types(request: RequestBuilder, media_types: &[u32]) -> RequestBuilder {
    match media_types {
        [only] => request.query("mediaTypeId", only),
        _ => request,
    }
}
