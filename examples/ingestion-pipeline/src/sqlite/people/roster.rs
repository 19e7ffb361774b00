//! A source's list of agents comes into the database.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use connector_core::roster::{self, Unclear};
use connector_core::{Agent, Origin, Result};
use sqlx::{Row, SqliteConnection};

use super::list::{People, add_person, note_change};
use super::places::{By, Membership, at_source, filled, insert, is_gone, update};
use crate::sqlite::columns::json;
use crate::sqlite::queries::{commit, failed};

/// What of a list was news.
#[derive(Debug, Default)]
pub(crate) struct Applied {
    pub(crate) added: u64,
    pub(crate) changed: u64,
    pub(crate) deactivated: u64,
    pub(crate) unclear: Vec<Unclear>,
}

impl People {
    /// Takes over a list of a source's agents, in one transaction. Of a list that is not whole nobody has left. People who
    /// are new get this flag.
    ///
    /// Whose place an import ended is not begun anew, and whose place an import brought is not ended because the list does
    /// not name it: what a person wrote down stands above what is listed.
    pub(crate) async fn apply(
        &self,
        origin: &Origin,
        listed: Vec<Agent>,
        is_whole: bool,
        analyse: bool,
        now: DateTime<Utc>,
    ) -> Result<Applied> {
        let mut transaction = self.store.write().await?;
        let all = at_source(&mut transaction, origin).await?;
        let (ended, known): (Vec<_>, Vec<_>) = all.into_iter().partition(|place| place.ended_by == Some(By::Import));
        let mut diff = roster::diff(known.iter().map(|place| place.agent.clone()), listed);
        if !is_whole {
            diff = diff.without_leavers();
        }
        let mut places = HashMap::new();
        for place in known {
            places.insert(json(&place.agent)?, place);
        }
        let mut roster = Roster { connection: &mut transaction, origin, now, applied: Applied::default() };
        for changed in diff.changed {
            if let Some(place) = places.get(&json(&changed.before)?) {
                roster.change(place, changed.after).await?;
            }
        }
        for gone in diff.deactivated {
            let before = places.values().find(|place| place.agent.who == gone.who);
            if let Some(place) = before.filter(|place| place.came == By::Sync) {
                roster.deactivate(place, gone).await?;
            }
        }
        for agent in diff.added {
            if !ended.iter().any(|place| place.agent.who.may_be(&agent.who)) {
                roster.add(agent, analyse).await?;
            }
        }
        let applied = Applied { unclear: diff.unclear, ..roster.applied };
        if applied.added + applied.changed + applied.deactivated > 0 {
            note_change(&mut transaction).await?;
        }
        commit(transaction).await?;
        Ok(applied)
    }
}

struct Roster<'c> {
    connection: &'c mut SqliteConnection,
    origin: &'c Origin,
    now: DateTime<Utc>,
    applied: Applied,
}

impl Roster<'_> {
    async fn change(&mut self, place: &Membership, listed: Agent) -> Result<()> {
        let mut after = place.clone();
        after.agent = listed;
        after.agent.who = filled(after.agent.who, &place.agent.who);
        if is_gone(after.agent.state) {
            after.until = after.until.or(Some(self.now));
            after.ended_by = after.ended_by.or(Some(By::Sync));
        } else {
            (after.until, after.ended_by) = (None, None);
        }
        if after.agent == place.agent && after.until == place.until {
            return Ok(());
        }
        self.applied.changed += 1;
        update(self.connection, &after).await?;
        let Some(name) = after.agent.who.name.as_ref() else { return Ok(()) };
        sqlx::query("UPDATE people SET name = ?1 WHERE tenant = ?2 AND person = ?3 AND (name IS NULL OR ?4 = 'sync')")
            .bind(name.reveal())
            .bind(&*self.origin.tenant)
            .bind(&place.person)
            .bind(place.came.as_str())
            .execute(&mut *self.connection)
            .await
            .map(drop)
            .map_err(failed)
    }

    async fn deactivate(&mut self, place: &Membership, gone: Agent) -> Result<()> {
        self.applied.deactivated += 1;
        let after = Membership {
            agent: gone,
            until: place.until.or(Some(self.now)),
            ended_by: place.ended_by.or(Some(By::Sync)),
            ..place.clone()
        };
        update(self.connection, &after).await
    }

    async fn add(&mut self, agent: Agent, analyse: bool) -> Result<()> {
        self.applied.added += 1;
        let person = match self.same_email(&agent).await? {
            Some(person) => person,
            None => {
                let (id, handle) = (agent.who.id.as_deref(), agent.who.reveal());
                let person = format!("{}:{}", self.origin.source, id.unwrap_or(handle));
                let name = agent.who.name.as_ref().map(|name| name.reveal());
                add_person(self.connection, &self.origin.tenant, &person, name, analyse).await?;
                person
            }
        };
        let left = is_gone(agent.state);
        let new = Membership {
            number: 0,
            person,
            source: self.origin.source.to_string(),
            agent,
            came: By::Sync,
            until: left.then_some(self.now),
            ended_by: left.then_some(By::Sync),
        };
        insert(self.connection, &self.origin.tenant, &new).await
    }

    /// The one person of the tenant who has the same e-mail address at another source.
    async fn same_email(&mut self, agent: &Agent) -> Result<Option<String>> {
        let Some(email) = &agent.who.email else { return Ok(None) };
        let rows = sqlx::query(
            "SELECT DISTINCT person FROM memberships
             WHERE tenant = ? AND lower(agent ->> '$.who.email') = lower(?) LIMIT 2",
        )
        .bind(&*self.origin.tenant)
        .bind(email.reveal())
        .fetch_all(&mut *self.connection)
        .await
        .map_err(failed)?;
        Ok(match &rows[..] {
            [one] => Some(one.get(0)),
            _ => None,
        })
    }
}
