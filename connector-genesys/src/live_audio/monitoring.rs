//! Whether queues send the sound of their calls to a listener.

use std::fmt;

use connector_core::{AgentGroup, GroupKind, GroupRef, Priority, Result};

use crate::people::group;
use crate::shared::Shared;
use crate::wire::groups::Group;

/// What is known of the sound of calls, queue by queue.
///
/// A queue that has it off is a hint and no error: a flow of Architect may switch it on for a call by itself. Of calls that
/// come through BYOC Premises nothing can be known: their sound is not sent, and no queue says so. `Display` is one line for
/// an administrator.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> connector_core::Result<()> {
/// # use connector_core::Context;
/// # use connector_core::testing::{FaultPlan, Scenario};
/// # use connector_genesys::{Genesys, testing::Fake};
/// # let fake = Fake::start(&Scenario::small(7), FaultPlan::none()).await?;
/// # let genesys = Genesys::new(fake.config(), &Context::default())?;
/// let sound = genesys.audio_monitoring(&["Service line".into()]).await?;
/// if !sound.off.is_empty() {
///     eprintln!("{sound}");
/// }
/// # Ok(()) }
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct AudioMonitoring {
    /// Queues whose calls are sent to a listener.
    pub on: Vec<AgentGroup>,
    /// Queues whose calls are not, unless a flow sees to it.
    pub off: Vec<AgentGroup>,
    /// Queues of which the vendor does not say it.
    pub unknown: Vec<AgentGroup>,
    /// What was named and is no queue: a group, a team, a wrong name.
    pub no_queue: Vec<GroupRef>,
}

/// Reads it of these queues, or of all. A name that two queues have means both.
pub(crate) async fn read(shared: &Shared, queues: &[GroupRef]) -> Result<AudioMonitoring> {
    let (api, size) = (shared.connection.api().await?, shared.connection.config.page);
    let rows = api.all_groups(GroupKind::Queue, size, Priority::Live).await?;
    let known: Vec<_> = rows.into_iter().flatten().filter_map(queue).collect();
    let mut sound = AudioMonitoring {
        no_queue: queues.iter().filter(|wanted| !known.iter().any(|(queue, _)| is(wanted, queue))).cloned().collect(),
        ..AudioMonitoring::default()
    };
    for (queue, is_on) in known {
        if queues.is_empty() || queues.iter().any(|wanted| is(wanted, &queue)) {
            let of = match is_on {
                Some(true) => &mut sound.on,
                Some(false) => &mut sound.off,
                None => &mut sound.unknown,
            };
            of.push(queue);
        }
    }
    Ok(sound)
}

fn queue(row: Group) -> Option<(AgentGroup, Option<bool>)> {
    let is_on = row.enable_audio_monitoring;
    Some((group(GroupKind::Queue, row)?, is_on))
}

fn is(wanted: &GroupRef, queue: &AgentGroup) -> bool {
    (wanted.id.is_some() || wanted.name.is_some())
        && wanted.id.as_ref().is_none_or(|id| *id == queue.id)
        && wanted.name.as_ref().is_none_or(|name| *name == queue.name)
        && wanted.kind.is_none_or(|kind| kind == GroupKind::Queue)
}

impl fmt::Display for AudioMonitoring {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names =
            |queues: &[AgentGroup]| queues.iter().map(|queue| queue.name.clone()).collect::<Vec<_>>().join(", ");
        if self.off.is_empty() {
            write!(f, "no queue has audio monitoring off")?;
        } else {
            write!(f, "audio monitoring is off for {}, unless a flow of Architect switches it on", names(&self.off))?;
        }
        if !self.unknown.is_empty() {
            write!(f, "; nothing is said of {}", names(&self.unknown))?;
        }
        let other = self.no_queue.iter().filter_map(|group| group.name.as_deref().or(group.id.as_deref()));
        let other = other.collect::<Vec<_>>().join(", ");
        if !other.is_empty() {
            write!(f, "; {other}: no queue")?;
        }
        f.write_str("; calls through BYOC Premises are never heard live, and nothing tells which those are")
    }
}
