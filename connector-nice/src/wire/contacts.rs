//! Contacts: the parts that calls are made of.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::loose;

/// A contact, active or completed, in both generations of names: up to about v30, and from v33 on.
#[derive(Clone, Debug, Default, Deserialize, Serialize, PartialEq)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct Contact {
    #[serde(deserialize_with = "loose::id")]
    pub(crate) contact_id: Option<String>,
    #[serde(deserialize_with = "loose::id")]
    pub(crate) master_contact_id: Option<String>,
    #[serde(deserialize_with = "loose::time")]
    pub(crate) contact_start_date: Option<DateTime<Utc>>,
    #[serde(deserialize_with = "loose::number")]
    pub(crate) total_duration_seconds: Option<f64>,
    #[serde(deserialize_with = "loose::id")]
    pub(crate) agent_id: Option<String>,
    #[serde(deserialize_with = "loose::text")]
    pub(crate) first_name: Option<String>,
    #[serde(deserialize_with = "loose::text")]
    pub(crate) last_name: Option<String>,
    #[serde(deserialize_with = "loose::id")]
    pub(crate) team_id: Option<String>,
    #[serde(deserialize_with = "loose::text")]
    pub(crate) team_name: Option<String>,
    #[serde(deserialize_with = "loose::id")]
    pub(crate) skill_id: Option<String>,
    #[serde(deserialize_with = "loose::text")]
    pub(crate) skill_name: Option<String>,
    #[serde(deserialize_with = "loose::id")]
    pub(crate) campaign_id: Option<String>,
    #[serde(deserialize_with = "loose::text")]
    pub(crate) campaign_name: Option<String>,
    #[serde(deserialize_with = "loose::text")]
    pub(crate) from_address: Option<String>,
    #[serde(deserialize_with = "loose::text")]
    pub(crate) to_address: Option<String>,
    #[serde(deserialize_with = "loose::int")]
    pub(crate) media_type_id: Option<i64>,
    #[serde(deserialize_with = "loose::text")]
    pub(crate) media_type_name: Option<String>,
    #[serde(deserialize_with = "loose::flag")]
    pub(crate) is_outbound: Option<bool>,
    #[serde(deserialize_with = "loose::flag")]
    pub(crate) is_logged: Option<bool>,
    #[serde(deserialize_with = "loose::flag")]
    pub(crate) is_active: Option<bool>,
    #[serde(deserialize_with = "loose::flag")]
    pub(crate) abandoned: Option<bool>,
    #[serde(deserialize_with = "loose::text")]
    pub(crate) end_reason: Option<String>,
    #[serde(deserialize_with = "loose::number")]
    pub(crate) agent_seconds: Option<f64>,
    #[serde(deserialize_with = "loose::number")]
    pub(crate) acw_seconds: Option<f64>,
    #[serde(deserialize_with = "loose::number")]
    pub(crate) hold_seconds: Option<f64>,
    #[serde(deserialize_with = "loose::int")]
    pub(crate) hold_count: Option<i64>,
    #[serde(deserialize_with = "loose::number")]
    pub(crate) in_queue_seconds: Option<f64>,
    #[serde(deserialize_with = "loose::number")]
    pub(crate) pre_queue_seconds: Option<f64>,
    #[serde(deserialize_with = "loose::number")]
    pub(crate) conference_seconds: Option<f64>,
    #[serde(deserialize_with = "loose::number")]
    pub(crate) routing_time: Option<f64>,
    #[serde(deserialize_with = "loose::id")]
    pub(crate) primary_disposition_id: Option<String>,
    #[serde(deserialize_with = "loose::id")]
    pub(crate) secondary_disposition_id: Option<String>,
    #[serde(deserialize_with = "loose::text")]
    pub(crate) disposition_notes: Option<String>,
    #[serde(deserialize_with = "loose::id")]
    pub(crate) point_of_contact_id: Option<String>,
    #[serde(deserialize_with = "loose::text")]
    pub(crate) point_of_contact_name: Option<String>,
    #[serde(deserialize_with = "loose::text")]
    pub(crate) transfer_indicator_name: Option<String>,
    #[serde(deserialize_with = "loose::time")]
    pub(crate) last_update_time: Option<DateTime<Utc>>,
    #[serde(deserialize_with = "loose::each")]
    pub(crate) tags: Vec<Tag>,
    // The older names are fields of their own: an answer may hold both.
    #[serde(rename = "contactStart", deserialize_with = "loose::time", skip_serializing)]
    pub(crate) old_contact_start_date: Option<DateTime<Utc>>,
    #[serde(rename = "fromAddr", deserialize_with = "loose::text", skip_serializing)]
    pub(crate) old_from_address: Option<String>,
    #[serde(rename = "toAddr", deserialize_with = "loose::text", skip_serializing)]
    pub(crate) old_to_address: Option<String>,
    #[serde(rename = "mediaType", deserialize_with = "loose::int", skip_serializing)]
    pub(crate) old_media_type_id: Option<i64>,
    #[serde(rename = "ACWSeconds", deserialize_with = "loose::number", skip_serializing)]
    pub(crate) old_acw_seconds: Option<f64>,
    #[serde(rename = "confSeconds", deserialize_with = "loose::number", skip_serializing)]
    pub(crate) old_conference_seconds: Option<f64>,
}

/// A tag that somebody put on a contact.
#[derive(Clone, Debug, Default, Deserialize, Serialize, PartialEq)]
#[serde(default)]
pub(crate) struct Tag {
    #[serde(rename = "tagId", alias = "TagId", deserialize_with = "loose::id")]
    pub(crate) id: Option<String>,
    #[serde(rename = "tagName", alias = "TagName", deserialize_with = "loose::text")]
    pub(crate) name: Option<String>,
}

/// The answer to the question about one contact, which stands under the key `contactId`.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct OneContact {
    #[serde(rename = "contactId")]
    pub(crate) contact: Option<Box<RawValue>>,
    #[serde(rename = "resultSet")]
    pub(crate) inner: Option<Box<OneContact>>,
}

/// A master contact and the contacts that came of it.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct Hierarchy {
    #[serde(deserialize_with = "loose::id")]
    pub(crate) master_contact_id: Option<String>,
    #[serde(deserialize_with = "loose::each")]
    pub(crate) child_contacts: Vec<Child>,
    #[serde(rename = "resultSet")]
    pub(crate) inner: Option<Box<Hierarchy>>,
}

/// One of the contacts of a call.
#[derive(Clone, Debug, Default, Deserialize, PartialEq)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct Child {
    #[serde(deserialize_with = "loose::id")]
    pub(crate) contact_id: Option<String>,
    #[serde(deserialize_with = "loose::time")]
    pub(crate) start_time: Option<DateTime<Utc>>,
    #[serde(deserialize_with = "loose::time")]
    pub(crate) end_time: Option<DateTime<Utc>>,
}

/// A state that a contact was in.
#[derive(Clone, Debug, Default, Deserialize, PartialEq)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct State {
    #[serde(deserialize_with = "loose::int")]
    pub(crate) state_index: Option<i64>,
    #[serde(deserialize_with = "loose::text")]
    pub(crate) contact_state_name: Option<String>,
    #[serde(deserialize_with = "loose::time")]
    pub(crate) start_date: Option<DateTime<Utc>>,
    /// A number of seconds, or a duration in ISO 8601.
    #[serde(deserialize_with = "loose::text")]
    pub(crate) duration: Option<String>,
}

/// A value that the call's script stored.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct CustomData {
    #[serde(alias = "Name", deserialize_with = "loose::text")]
    pub(crate) name: Option<String>,
    #[serde(alias = "Value", deserialize_with = "loose::text")]
    pub(crate) value: Option<String>,
}

/// What an agent said of a contact.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct Disposition {
    #[serde(deserialize_with = "loose::id")]
    pub(crate) disposition_id: Option<String>,
    #[serde(deserialize_with = "loose::text")]
    pub(crate) disposition_name: Option<String>,
}

impl Contact {
    /// The same contact with what stood under older names in the fields of the newer ones.
    pub(crate) fn normal(mut self) -> Self {
        self.contact_start_date = self.contact_start_date.take().or(self.old_contact_start_date.take());
        self.from_address = self.from_address.take().or(self.old_from_address.take());
        self.to_address = self.to_address.take().or(self.old_to_address.take());
        self.media_type_id = self.media_type_id.take().or(self.old_media_type_id.take());
        self.acw_seconds = self.acw_seconds.take().or(self.old_acw_seconds.take());
        self.conference_seconds = self.conference_seconds.take().or(self.old_conference_seconds.take());
        self
    }

    /// The id of the whole call: that of its master contact, else its own.
    pub(crate) fn master(&self) -> Option<&str> {
        self.master_contact_id.as_deref().or(self.contact_id.as_deref())
    }

    /// When it was over: its start and its length together, since the vendor sends no end.
    pub(crate) fn ended(&self) -> Option<DateTime<Utc>> {
        let milliseconds = (self.total_duration_seconds? * 1000.0).round();
        let length = chrono::TimeDelta::try_milliseconds(milliseconds as i64)?;
        self.contact_start_date?.checked_add_signed(length)
    }
}

/// Reads a row of contacts, if it names a contact: by a number, also where it is sent as a text.
pub(crate) fn read(raw: &RawValue) -> Option<Contact> {
    let is_number = |id: &String| id.bytes().all(|letter| letter.is_ascii_digit());
    super::row::<Contact>(raw).map(Contact::normal).filter(|contact| contact.contact_id.as_ref().is_some_and(is_number))
}
