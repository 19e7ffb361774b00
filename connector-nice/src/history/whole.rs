//! All that the vendor tells of one call.

use std::collections::BTreeSet;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use connector_core::{Conversation, Detail, Gone, Hold, Leg, Lookup, Priority, Result, Stamp};

use crate::api::contacts::Span;
use crate::conversation::{conversation, join};
use crate::people;
use crate::shared::Shared;
use crate::transport::Api;
use crate::wire::contacts::{Contact, Hierarchy, State, read};

/// When to ask again for a call that goes on.
const GOES_ON: Duration = Duration::from_secs(60);

/// The name of the state in which a customer is on hold contains this. States are named by the tenant.
const HOLD: &str = "hold";

/// All that the vendor tells of one call.
pub(super) async fn whole(shared: &Shared, id: &str, priority: Priority) -> Result<Lookup<Conversation>> {
    let api = shared.connection.api().await?;
    let found = api.contact(id, priority).await?;
    let Some(first) = found.and_then(|raw| read(&raw)) else { return Ok(Lookup::Gone(Gone::Unknown)) };
    let master = first.master().unwrap_or(id).to_owned();
    let family = api.hierarchy(&master, priority).await?.unwrap_or_default();
    let legs = legs(shared, &api, first, &master, &family, priority).await?;
    if legs.iter().any(|leg| leg.is_active == Some(true)) {
        return Ok(Lookup::NotReady { retry_after: GOES_ON });
    }
    let mut parts = legs.iter().filter_map(conversation);
    let Some(mut call) = parts.next() else { return Ok(Lookup::Gone(Gone::Unknown)) };
    parts.for_each(|part| join(&mut call, part));
    for leg in &mut call.legs {
        complete(&api, leg, &family, priority).await?;
    }
    call.ended = call.legs.iter().filter_map(|leg| leg.ended).max_by_key(|stamp| stamp.at).or(call.ended);
    for data in api.custom_data(&master, priority).await? {
        if let (Some(name), Some(value)) = (data.name, data.value) {
            call.attributes.insert(format!("custom.{name}"), value);
        }
    }
    people::name(shared, std::slice::from_mut(&mut call), priority).await?;
    call.detail = Detail::Full;
    Ok(Lookup::Ready(call))
}

/// Adds its true end, its holds and the names of its dispositions to a leg.
async fn complete(api: &Api, leg: &mut Leg, family: &Hierarchy, priority: Priority) -> Result<()> {
    let child = family.child_contacts.iter().find(|child| child.contact_id.as_deref() == Some(&leg.id));
    if let Some(end) = child.and_then(|child| child.end_time) {
        leg.ended = Some(Stamp::vendor(end));
    }
    if leg.totals.holds != Some(0) {
        leg.holds = holds(&api.states(&leg.id, priority).await?);
    }
    if leg.dispositions.iter().any(|one| one.name.is_none())
        && let Some(said) = api.disposition(&leg.id, priority).await?
    {
        let known = leg.dispositions.iter_mut().filter(|one| one.id == said.disposition_id);
        known.for_each(|one| one.name.clone_from(&said.disposition_name));
    }
    Ok(())
}

/// The contacts of a call, each as the list of completed ones tells it: what one contact's own endpoint tells has fewer
/// fields, and would look like another version of the same.
async fn legs(
    shared: &Shared,
    api: &Api,
    first: Contact,
    master: &str,
    family: &Hierarchy,
    priority: Priority,
) -> Result<Vec<Contact>> {
    let mut ids: BTreeSet<String> = [first.contact_id.clone(), Some(master.to_owned())].into_iter().flatten().collect();
    ids.extend(family.child_contacts.iter().filter_map(|child| child.contact_id.clone()));
    let starts: Vec<DateTime<Utc>> =
        family.child_contacts.iter().filter_map(|child| child.start_time).chain(first.contact_start_date).collect();
    let mut legs = Vec::new();
    if let (Some(from), Some(to)) = (starts.iter().min(), starts.iter().max()) {
        let span = Span::Started(*from - TimeDelta::seconds(1), *to + TimeDelta::seconds(1));
        let (types, top) = (&shared.connection.config.media_types, shared.connection.config.page);
        let mut skip = Some(0);
        while let Some(at) = skip {
            let page = api.completed(span, types, (at, top), priority).await?;
            skip = page.next;
            legs.extend(page.contacts.into_iter().filter(|leg| leg.master() == Some(master)));
        }
    }
    for id in ids {
        if legs.iter().any(|leg| leg.contact_id.as_ref() == Some(&id)) {
            continue;
        }
        let leg = if first.contact_id.as_ref() == Some(&id) {
            Some(first.clone())
        } else {
            api.contact(&id, priority).await?.and_then(|raw| read(&raw))
        };
        legs.extend(leg);
    }
    Ok(legs)
}

/// The stretches on hold among the states of a contact.
fn holds(states: &[State]) -> Vec<Hold> {
    let is_hold =
        |state: &State| state.contact_state_name.as_deref().is_some_and(|name| name.to_lowercase().contains(HOLD));
    let hold = |(index, state): (usize, &State)| {
        let started = state.start_date?;
        let next = states.get(index + 1).and_then(|next| next.start_date).map(Stamp::vendor);
        let length = state.duration.as_deref().and_then(length);
        let derived = length.and_then(|length| started.checked_add_signed(length)).map(Stamp::derived);
        Some(Hold { started: Stamp::vendor(started), ended: next.or(derived) })
    };
    states.iter().enumerate().filter(|(_, state)| is_hold(state)).filter_map(hold).collect()
}

/// A length in seconds, or in the form of ISO 8601: `PT1M21.5S`.
fn length(text: &str) -> Option<TimeDelta> {
    let milliseconds = |seconds: f64| TimeDelta::try_milliseconds((seconds * 1000.0).round() as i64);
    if let Ok(seconds) = text.parse::<f64>() {
        return milliseconds(seconds);
    }
    let (mut seconds, mut number, mut is_time) = (0.0, String::new(), false);
    for letter in text.strip_prefix('P')?.chars() {
        let unit = match letter {
            'T' if number.is_empty() => {
                is_time = true;
                continue;
            }
            'D' => 86_400.0,
            'H' => 3_600.0,
            'M' if is_time => 60.0,
            'S' => 1.0,
            _ => {
                number.push(letter);
                continue;
            }
        };
        seconds += number.parse::<f64>().ok()? * unit;
        number.clear();
    }
    number.is_empty().then_some(())?;
    milliseconds(seconds)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_read_in_both_forms() {
        for (text, milliseconds) in
            [("21", 21_000), ("21.5", 21_500), ("PT1M21.5S", 81_500), ("P1DT2H", 93_600_000), ("PT0S", 0)]
        {
            assert_eq!(length(text), Some(TimeDelta::milliseconds(milliseconds)), "{text}");
        }
        for text in ["", "P1", "PT1M2", "soon", "PTxS"] {
            assert_eq!(length(text), None, "{text}");
        }
    }

    #[test]
    fn a_hold_ends_with_the_next_state_or_after_its_length() {
        let state = |name: &str, at: &str, duration: &str| State {
            contact_state_name: Some(name.to_owned()),
            start_date: Some(at.parse().unwrap()),
            duration: Some(duration.to_owned()),
            ..State::default()
        };
        let states = [
            state("Active", "2026-03-01T11:40:00Z", "60"),
            state("Customer On Hold", "2026-03-01T11:41:00Z", "999"),
            state("Active", "2026-03-01T11:42:00Z", "60"),
            state("Holding", "2026-03-01T11:43:00Z", "PT30S"),
        ];
        let holds = holds(&states);
        let ends: Vec<String> = holds.iter().map(|hold| hold.ended.unwrap().to_string()).collect();
        assert_eq!(ends, ["2026-03-01T11:42:00Z", "2026-03-01T11:43:30Z"]);
    }
}
