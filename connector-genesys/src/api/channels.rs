//! `/notifications/channels`.

use std::collections::BTreeSet;

use connector_core::http::segment;
use connector_core::socket::Socket;
use connector_core::{Error, Result};
use serde::Serialize;

use crate::transport::Api;
use crate::wire::channels::{Channel, Subscribed};
use crate::wire::list::List;

/// The largest message of a socket, in bytes. Nothing is documented; the state of a call with all its participants has a
/// few thousand.
const MOST: usize = 4 << 20;

/// What is subscribed.
#[derive(Serialize)]
struct Topic {
    id: String,
}

/// What was subscribed and is not heard.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Unheard {
    /// How many topics the vendor refused.
    pub(crate) topics: usize,
    /// The permissions that it named for it.
    pub(crate) missing: BTreeSet<String>,
}

impl Api {
    /// Creates a channel.
    pub(crate) async fn create_channel(&self) -> Result<Channel> {
        let request = self.client.post("api/v2/notifications/channels").during("create a channel");
        let channel: Channel = request.send().await?.json()?;
        match (&channel.id, &channel.connect_uri) {
            (Some(_), Some(_)) => Ok(channel),
            _ => Err(Error::transient("a channel was created that has no id or no address")),
        }
    }

    /// Lets a channel hear the calls of these people and nobody else.
    pub(crate) async fn subscribe(&self, channel: &Channel, agents: &[String]) -> Result<Unheard> {
        let topic = |agent: &String| Topic { id: format!("v2.users.{agent}.conversations.calls") };
        let topics: Vec<Topic> = agents.iter().map(topic).collect();
        let request = self.client.put(&subscriptions(channel)).query("ignoreErrors", true).json(&topics);
        // The address of a channel is in its id, which must not stand in an error.
        let page: List<Subscribed> = request.during("subscribe").send().await?.json()?;
        let rows = page.entities.into_iter().flatten().flatten();
        let refused: Vec<Subscribed> = rows.filter(Subscribed::is_rejected).collect();
        Ok(Unheard {
            topics: refused.len(),
            missing: refused.into_iter().flat_map(|row| row.missing_permissions).collect(),
        })
    }

    /// Gives the topics of a channel back.
    pub(crate) async fn unsubscribe(&self, channel: &Channel) -> Result<()> {
        self.client.delete(&subscriptions(channel)).during("unsubscribe").send().await.map(drop)
    }

    /// Opens the socket of a channel.
    pub(crate) async fn connect(&self, channel: &Channel) -> Result<Socket> {
        self.client.open_socket(channel.connect_uri.as_deref().unwrap_or_default(), MOST).await
    }
}

fn subscriptions(channel: &Channel) -> String {
    format!("api/v2/notifications/channels/{}/subscriptions", segment(channel.id.as_deref().unwrap_or_default()))
}
