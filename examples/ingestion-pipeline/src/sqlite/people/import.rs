//! A file of people comes into the database.

use std::collections::{BTreeMap, HashSet};

use chrono::{DateTime, Utc};
use connector_core::{Agent, AgentState, Origin, Result};
use sqlx::{Row, SqliteConnection};

use super::list::{People, add_person, note_change};
use super::places::{By, Membership, at_source, filled, insert, of_person, update};
use crate::people::{ImportReport, ImportRow, ImportTrouble, PeopleFile};
use crate::sqlite::columns::text;
use crate::sqlite::queries::{commit, failed};

/// All rows of one person.
type Whose<'f> = (&'f str, &'f str);

impl People {
    /// Takes over what a file says, in one transaction; with `dry_run`, only finds out what would happen.
    ///
    /// The file says all of the places of whomever it names: places of these people that it does not name end now, but
    /// not where a row of the person could not be used. A place that a [sync](crate::AgentSync) brought ends only when the
    /// person starts elsewhere with the same file. People whom the file does not name are left as they are.
    ///
    /// # Errors
    /// `is_storage`; nothing is changed then. A row that cannot be used costs the row, and is in the report.
    pub async fn import(&self, file: &PeopleFile, now: DateTime<Utc>, dry_run: bool) -> Result<ImportReport> {
        let mut transaction = self.store.write().await?;
        let mut import = Import { connection: &mut transaction, now, report: ImportReport::default() };
        import.run(file).await?;
        let report = import.report;
        if dry_run {
            transaction.rollback().await.map_err(failed)?;
            return Ok(report);
        }
        if report.added + report.changed + report.started + report.ended > 0 {
            note_change(&mut transaction).await?;
        }
        commit(transaction).await?;
        Ok(report)
    }
}

struct Import<'c> {
    connection: &'c mut SqliteConnection,
    now: DateTime<Utc>,
    report: ImportReport,
}

impl Import<'_> {
    async fn run(&mut self, file: &PeopleFile) -> Result<()> {
        self.report.troubles.extend(file.troubles.iter().cloned());
        let mut people: BTreeMap<Whose<'_>, Vec<&ImportRow>> = BTreeMap::new();
        for row in &file.rows {
            people.entry((&row.tenant, &row.person)).or_default().push(row);
        }
        // Whoever may be meant by a row that cannot be used keeps every place.
        let anybody = file.troubles.iter().any(|trouble| trouble.whose.is_none());
        let unclear: HashSet<Whose<'_>> =
            file.troubles.iter().filter_map(|t| t.whose.as_ref()).map(|(t, p)| (t.as_str(), p.as_str())).collect();
        // First everything ends that does, so that a login can pass from one person to another.
        let mut ended = Vec::new();
        for (whose, rows) in &people {
            if !anybody && !unclear.contains(whose) {
                ended.extend(self.end_others(*whose, rows).await?);
            }
        }
        for (whose, rows) in &people {
            self.person(*whose, rows).await?;
            for row in rows {
                self.row(row).await?;
            }
        }
        self.report.ended = ended.len() as u64;
        self.report.troubles.sort_by_key(|trouble| trouble.line);
        Ok(())
    }

    /// Ends the places of a person that no row names, and returns them.
    async fn end_others(&mut self, (tenant, person): Whose<'_>, rows: &[&ImportRow]) -> Result<Vec<i64>> {
        let places = of_person(self.connection, tenant, person).await?;
        let is_named = |place: &Membership| rows.iter().any(|row| is_at(row, place));
        let starts = rows.iter().any(|row| {
            row.source.is_some() && !places.iter().any(|place| place.ended_by != Some(By::Import) && is_at(row, place))
        });
        let mut ended = Vec::new();
        for mut place in places.iter().filter(|place| !is_named(place)).cloned() {
            let by_sync = place.ended_by == Some(By::Sync);
            if place.ended_by == Some(By::Import) || (place.came == By::Sync && !starts) {
                continue;
            }
            ended.extend((!by_sync).then_some(place.number));
            place.until = place.until.or(Some(self.now));
            place.ended_by = Some(By::Import);
            update(self.connection, &place).await?;
        }
        Ok(ended)
    }

    /// The person's name and flag.
    async fn person(&mut self, (tenant, person): Whose<'_>, rows: &[&ImportRow]) -> Result<()> {
        let name = rows.iter().rev().find_map(|row| row.name.as_ref()).map(|name| name.reveal());
        let analyse = rows.iter().find_map(|row| row.analyse);
        let known = sqlx::query("SELECT name, analyse, stopped FROM people WHERE tenant = ? AND person = ?")
            .bind(tenant)
            .bind(person)
            .fetch_optional(&mut *self.connection)
            .await
            .map_err(failed)?;
        let Some(known) = known else {
            self.report.added += 1;
            return add_person(self.connection, tenant, person, name, analyse.unwrap_or(true)).await;
        };
        let (name_before, before): (Option<&str>, bool) = (known.get("name"), known.get("analyse"));
        let (name, analyse) = (name.or(name_before), analyse.unwrap_or(before));
        if (name, analyse) == (name_before, before) {
            return Ok(());
        }
        self.report.changed += 1;
        let stopped = match (before, analyse) {
            (_, true) => None,
            (true, false) => Some(text(self.now)),
            (false, false) => known.get("stopped"),
        };
        sqlx::query("UPDATE people SET name = ?, analyse = ?, stopped = ? WHERE tenant = ? AND person = ?")
            .bind(name)
            .bind(analyse)
            .bind(stopped)
            .bind(tenant)
            .bind(person)
            .execute(&mut *self.connection)
            .await
            .map(drop)
            .map_err(failed)
    }

    /// One place of a person.
    async fn row(&mut self, row: &ImportRow) -> Result<()> {
        let Some(source) = &row.source else {
            self.report.rows += 1;
            return Ok(());
        };
        let there = at_source(self.connection, &Origin::new(&row.tenant, source)).await?;
        let (own, others): (Vec<_>, Vec<_>) =
            there.into_iter().filter(|place| place.agent.who.may_be(&row.who)).partition(|p| p.person == row.person);
        let mut others = others.into_iter().filter(|place| place.until.is_none());
        let other = others.next();
        if other.as_ref().is_some_and(|place| place.came == By::Import) || others.next().is_some() {
            let what = "at that source this is somebody else already: end the other person's row, or correct this one";
            let whose = Some((row.tenant.clone(), row.person.clone()));
            self.report.troubles.push(ImportTrouble { line: row.line, what: what.to_owned(), whose });
            return Ok(());
        }
        self.report.rows += 1;
        let known = own.iter().find(|place| place.until.is_none()).or(own.last()).or(other.as_ref()).cloned();
        let mut agent = Agent::new(row.who.clone());
        agent.state = AgentState::Active;
        let Some(known) = known else {
            self.report.started += 1;
            let (person, source) = (row.person.clone(), source.clone());
            let new = Membership { number: 0, person, source, agent, came: By::Import, until: None, ended_by: None };
            return insert(self.connection, &row.tenant, &new).await;
        };
        let mut after = Membership { person: row.person.clone(), came: By::Import, ..known.clone() };
        after.agent.who = filled(row.who.clone(), &known.agent.who);
        if after.ended_by == Some(By::Import) {
            (after.until, after.ended_by, after.agent.state) = (None, None, AgentState::Active);
        }
        let is_news = (&after.agent, &after.person, after.until) != (&known.agent, &known.person, known.until);
        if is_news {
            self.report.started += 1;
        }
        if is_news || after.came != known.came {
            update(self.connection, &after).await?;
        }
        if known.person != row.person {
            self.forget_empty(&row.tenant, &known.person).await?;
        }
        Ok(())
    }

    /// Removes a person whom a sync made up, and who turned out to be another.
    async fn forget_empty(&mut self, tenant: &str, person: &str) -> Result<()> {
        sqlx::query(
            "DELETE FROM people WHERE tenant = ?1 AND person = ?2
             AND NOT EXISTS (SELECT 1 FROM memberships WHERE tenant = ?1 AND person = ?2)",
        )
        .bind(tenant)
        .bind(person)
        .execute(&mut *self.connection)
        .await
        .map(drop)
        .map_err(failed)
    }
}

/// Whether a row means this place.
fn is_at(row: &ImportRow, place: &Membership) -> bool {
    row.source.as_deref() == Some(&*place.source) && place.agent.who.may_be(&row.who)
}
