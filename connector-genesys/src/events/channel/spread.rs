//! Which channel hears whom.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use connector_core::{Error, Result};

use super::share::Share;
use super::turn::Turn;

/// How much one OAuth client may hear.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Bounds {
    /// Topics of a channel.
    pub(crate) topics: usize,
    /// Channels of a client. With one more the vendor takes the oldest away.
    pub(crate) channels: usize,
}

/// Lets exactly these people be heard: whoever is heard already stays where they are, and whoever is new comes to the
/// channel with the fewest. `since` says since when whoever is new was not heard, and why.
///
/// # Errors
/// `is_config` where there are more people than the channels of a client can hear.
pub(super) fn spread(
    shares: &mut Vec<Share>,
    wanted: &BTreeSet<String>,
    bounds: Bounds,
    since: (DateTime<Utc>, &'static str),
    turn: &mut Turn<'_>,
) -> Result<()> {
    let (topics, channels) = (bounds.topics.max(1), bounds.channels.max(1));
    if wanted.len() > topics.saturating_mul(channels) {
        return Err(too_many(wanted.len(), bounds));
    }
    shares.iter_mut().for_each(|share| share.retain(|agent| wanted.contains(agent)));
    let heard: BTreeSet<&String> = shares.iter().flat_map(Share::agents).collect();
    let new: Vec<String> = wanted.iter().filter(|agent| !heard.contains(agent)).cloned().collect();
    let before = shares.len();
    let needed = wanted.len().div_ceil(topics);
    shares.extend((before..needed).map(|_| Share::new(since.0, since.1, turn)).collect::<Vec<_>>());
    let mut groups: Vec<Vec<String>> = vec![Vec::new(); shares.len()];
    for agent in new {
        let sizes = shares.iter().zip(&groups).map(|(share, group)| share.agents().len() + group.len());
        // There is room: there are as many channels as all of them need.
        let Some((place, _)) = sizes.enumerate().min_by_key(|(_, size)| *size) else { break };
        groups[place].push(agent);
    }
    for (share, group) in shares.iter_mut().zip(groups) {
        share.add(group, since.0);
    }
    let (stay, empty): (Vec<_>, Vec<_>) = shares.drain(..).partition(|share| !share.agents().is_empty());
    empty.into_iter().for_each(|share| share.end(turn));
    *shares = stay;
    Ok(())
}

fn too_many(people: usize, bounds: Bounds) -> Error {
    let Bounds { topics, channels } = bounds;
    Error::config(format!(
        "{people} people are to be heard, and {channels} channels with {topics} topics each are all that one OAuth client has"
    ))
    .advise("divide the people among several sources, each with an OAuth client of its own, or hear by Amazon EventBridge")
}
