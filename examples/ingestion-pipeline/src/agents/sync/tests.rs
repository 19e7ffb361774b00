use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use connector_core::{
    AgentDirectory, AgentGroup, AgentRef, Context, GroupQuery, JobCheck, Listing, LookupOptions, Page, Vendor,
};
use futures_util::{StreamExt, stream};

use super::*;
use crate::scope::Judgement;
use crate::sqlite::SqliteStore;

/// A directory that answers with these pages, and notes the groups it was asked for.
#[derive(Clone, Debug, Default)]
struct Directory {
    pages: Arc<Mutex<Vec<Result<Page<Agent>>>>>,
    asked: Arc<Mutex<Vec<String>>>,
}

#[async_trait]
impl AgentDirectory for Directory {
    fn list_agents(&self, query: AgentQuery) -> Listing<Agent> {
        let names = query.groups.into_iter().filter_map(|group| group.name);
        self.asked.lock().unwrap().extend(names);
        stream::iter(std::mem::take(&mut *self.pages.lock().unwrap())).boxed()
    }

    fn list_groups(&self, _: GroupQuery) -> Listing<AgentGroup> {
        stream::empty().boxed()
    }

    async fn find_agent(&self, _: &AgentRef, _: LookupOptions) -> Result<Option<Agent>> {
        Ok(None)
    }

    async fn check(&self) -> JobCheck {
        JobCheck::Ok
    }
}

struct Site {
    _dir: tempfile::TempDir,
    directory: Directory,
    people: People,
    scope: Scope,
    sync: AgentSync,
}

impl Site {
    async fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let people = SqliteStore::open(dir.path().join("ingest.db")).await.unwrap().people();
        let (directory, scope) = (Directory::default(), Scope::of([]));
        let connector = connector().with_directory(directory.clone());
        let sync = AgentSync::new(connector, people.clone()).unwrap().with_scope(scope.clone()).in_groups(["Sales"]);
        Self { _dir: dir, directory, people, scope, sync }
    }

    async fn sync(&self, pages: impl IntoIterator<Item = Result<Page<Agent>>>) -> SyncReport {
        self.directory.pages.lock().unwrap().extend(pages);
        self.sync.run_once().await.unwrap()
    }

    fn covers(&self, login: &str) -> bool {
        self.scope.watch().covers(&AgentRef::default().with_login(login))
    }
}

fn connector() -> Connector {
    Connector::new(&Context::default().for_source("acme", "five9"), Vendor::FIVE9)
}

fn agent(id: &str, login: &str) -> Agent {
    Agent::new(AgentRef::default().with_id(id).with_login(login))
}

fn counts(report: &SyncReport) -> [u64; 4] {
    [report.listed, report.added, report.changed, report.deactivated]
}

#[tokio::test]
async fn a_source_without_a_list_is_refused() {
    let site = Site::new().await;
    let error = AgentSync::new(connector(), site.people).unwrap_err();
    assert!(error.is_config() && error.advice().unwrap().contains("ingest agents import"), "{error}");
}

#[tokio::test]
async fn the_scope_gets_the_people_of_all_pages() {
    let site = Site::new().await;
    let pages = [Page::new(vec![agent("1", "kay")]), Page::new(vec![agent("2", "lee")])];
    assert_eq!(counts(&site.sync(pages.map(Ok)).await), [2, 2, 0, 0]);
    assert_eq!(*site.directory.asked.lock().unwrap(), ["Sales"]);
    assert!(site.covers("kay") && site.covers("lee"));
    assert_eq!(counts(&site.sync([Ok(Page::new(vec![agent("1", "kay")]))]).await), [1, 0, 0, 1]);
    let mut leg = connector_core::Leg::new("1");
    leg.agent = Some(agent("2", "lee").who);
    let mut call = connector_core::Conversation::new(connector_core::ConversationRef::new("c"), Vendor::FIVE9);
    call.legs.push(leg);
    assert_eq!(site.scope.judge(&call), Judgement::Ours, "when it started is not known");
    call.started = Some(connector_core::Stamp::vendor(Clock::system().now() + chrono::TimeDelta::minutes(1)));
    assert_ne!(site.scope.judge(&call), Judgement::Ours, "a call after the person left");
}

#[tokio::test]
async fn a_list_that_breaks_off_rejects_rows_or_is_empty_makes_nobody_leave() {
    let site = Site::new().await;
    site.sync([Ok(Page::new(vec![agent("1", "kay"), agent("2", "lee")]))]).await;
    let broken = site.sync([Ok(Page::new(vec![agent("3", "may")])), Err(Error::transient("cut"))]).await;
    assert_eq!(counts(&broken), [1, 1, 0, 0]);
    assert!(broken.broke_off.as_ref().unwrap().contains("cut") && broken.to_string().contains("broke off"));
    let mut page = Page::new(vec![agent("1", "kay")]);
    page.rejected.push(Rejected::new("row 2", "no_id", "it has no id"));
    let rejected = site.sync([Ok(page)]).await;
    assert_eq!((rejected.deactivated, rejected.rejected.len()), (0, 1));
    assert_eq!(site.sync([Ok(Page::new(Vec::new()))]).await.deactivated, 0);
    assert!(site.covers("kay") && site.covers("lee") && site.covers("may"));
}

#[tokio::test]
async fn rows_that_nobody_can_tell_apart_are_lines_without_names() {
    let site = Site::new().await;
    site.sync([Ok(Page::new(vec![agent("1", "kay")]))]).await;
    let row = |id: &str| Agent::new(AgentRef::default().with_login("kay").with_name(id));
    let report = site.sync([Ok(Page::new(vec![row("Kay A"), row("Kay B")]))]).await;
    assert_eq!((report.unclear.len(), report.changed, report.deactivated), (2, 0, 0));
    assert!(!report.to_string().contains("Kay") && !report.to_string().contains("kay"), "{report}");
    assert!(site.covers("kay"));
}

#[tokio::test]
async fn a_sync_that_fails_goes_on_and_keeps_the_people_known() {
    let site = Site::new().await;
    site.sync([Ok(Page::new(vec![agent("1", "kay")]))]).await;
    site.directory.pages.lock().unwrap().push(Err(Error::transient("the line is down")));
    let task = tokio::spawn(site.sync.clone().run_every(Duration::from_millis(5)));
    let mut changes = site.scope.watch().changes();
    let mut until = async |login: &str| {
        while !site.covers(login) {
            site.directory.pages.lock().unwrap().push(Ok(Page::new(vec![agent("1", "kay"), agent("2", "lee")])));
            let _ = tokio::time::timeout(Duration::from_millis(20), changes.next()).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), until("lee")).await.unwrap();
    assert!(site.covers("kay") && !task.is_finished());
    task.abort();
}

#[test]
fn after_failures_it_waits_longer_each_time_but_never_longer_than_usual() {
    let hour = Duration::from_secs(3600);
    assert_eq!([0, 1, 2, 3, 99].map(|failures| wait(hour, failures).as_secs()), [3600, 30, 60, 120, 3600]);
    assert_eq!(wait(Duration::from_secs(5), 1), Duration::from_secs(5));
}

#[tokio::test]
async fn a_running_pipeline_follows_what_another_process_imports() {
    let site = Site::new().await;
    let origin = connector_core::Origin::new("acme", "five9");
    let following = crate::Following::new(site.people.clone(), [(origin.clone(), site.scope.clone())]);
    let task = tokio::spawn(following.with_every(Duration::from_millis(5)).run());
    let file =
        crate::PeopleFile::read("tenant,person,source,login\nacme,E-1,five9,kay\n".as_bytes(), &[origin]).unwrap();
    let mut changes = site.scope.watch().changes();
    site.people.import(&file, Clock::system().now(), false).await.unwrap();
    tokio::time::timeout(Duration::from_secs(20), async {
        while !site.covers("kay") {
            changes.next().await;
        }
    })
    .await
    .unwrap();
    task.abort();
}
