//! How the sound of calls comes: the vendor connects to us by WebSocket, and signs that it is it.

use std::sync::Arc;

use connector_core::inbound::Registration;
use connector_core::{Context, Error, Result};

use super::lobby::Lobby;
use super::options::AudioOptions;
use super::receiver;

/// Where the vendor connects, and what all sessions share.
#[derive(Debug)]
pub(crate) struct Audio {
    lobby: Arc<Lobby>,
    door: Option<Registration>,
}

/// Lets the vendor connect, where there are options for it and a hub to connect to.
pub(crate) fn open(options: Option<&AudioOptions>, cx: &Context) -> Result<Option<Audio>> {
    let Some(options) = options else { return Ok(None) };
    let lobby = Arc::new(Lobby::new(options));
    let door = receiver::open(options, cx, &lobby)?;
    Ok(Some(Audio { lobby, door }))
}

impl Audio {
    /// Where sessions come in.
    ///
    /// # Errors
    /// `is_config` where nobody can connect.
    pub(crate) fn lobby(&self) -> Result<&Lobby> {
        let nobody = || {
            let advice = "let the program listen, and give its hub to the context";
            Error::config("there is no hub that the sound of calls could come by").advise(advice)
        };
        self.door.as_ref().map(|_| &*self.lobby).ok_or_else(nobody)
    }

    /// Lets nobody connect any more, and says goodbye to those who are there.
    pub(crate) async fn close(&self) {
        self.lobby.close().await;
    }

    /// How many sessions brought one of customer and agent alone.
    pub(crate) fn one_sided(&self) -> u64 {
        self.lobby.one_sided()
    }
}
