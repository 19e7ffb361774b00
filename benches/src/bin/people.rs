//! Lists the people of an organisation of Genesys Cloud.
//!
//! `people make DIR PAGES` makes up so many pages of a hundred, as `DIR/1.json` and so on. `people list URL PEOPLE` lists
//! them through the client, `people parse DIR PEOPLE` reads the same bytes with serde alone, page by page, and `people fetch
//! URL PEOPLE` does so behind the HTTP client that ours is built on. `people idle URL` logs in and asks for one small thing, as
//! the least that any use of the client needs.

use std::path::Path;

use anyhow::{Context as _, bail, ensure};
use connector_core::{AgentDirectory, AgentQuery, Context, Secret};
use connector_genesys::{Genesys, GenesysConfig};
use futures_util::TryStreamExt;
use serde::Deserialize;
use serde_json::json;

const PAGE: usize = 100;

#[derive(Deserialize)]
struct Page {
    entities: Vec<User>,
}

#[derive(Deserialize)]
#[expect(dead_code, reason = "parsed, and dropped")]
struct User {
    id: String,
    name: String,
    email: String,
    username: String,
    state: String,
}

fn user(number: usize) -> serde_json::Value {
    let id = format!("{:08x}-1111-4a11-8b11-{number:012x}", (number as u32).wrapping_mul(0x9e37_79b9));
    let email = format!("nadia.verne.{number}@example.com");
    json!({
        "id": id,
        "name": format!("Nadia Verne {number}"),
        "division": {
            "id": "d1000001-4444-4a44-8b44-444444444444",
            "name": "Home",
            "selfUri": "/api/v2/authorization/divisions/d1000001-4444-4a44-8b44-444444444444",
        },
        "chat": { "jabberId": format!("{number:024x}@made-up.orgspan.com") },
        "department": "Claims",
        "email": email,
        "primaryContactInfo": [{ "address": email, "mediaType": "EMAIL", "type": "PRIMARY" }],
        "addresses": [],
        "state": if number.is_multiple_of(20) { "inactive" } else { "active" },
        "title": "Agent",
        "username": email,
        "version": 14,
        "acdAutoAnswer": false,
        "groups": [{
            "id": "6e000001-5555-4a55-8b55-555555555555",
            "selfUri": "/api/v2/groups/6e000001-5555-4a55-8b55-555555555555",
        }],
        "selfUri": format!("/api/v2/users/{id}"),
    })
}

fn make(directory: &Path, pages: usize) -> anyhow::Result<()> {
    let address = |page: usize| format!("/api/v2/users?pageSize={PAGE}&pageNumber={page}&state=any");
    for page in 1..=pages {
        let mut list = json!({
            "entities": (0..PAGE).map(|row| user((page - 1) * PAGE + row)).collect::<Vec<_>>(),
            "pageSize": PAGE,
            "pageNumber": page,
            "total": pages * PAGE,
            "pageCount": pages,
            "firstUri": address(1),
            "lastUri": address(pages),
            "selfUri": address(page),
        });
        if page < pages {
            list["nextUri"] = json!(address(page + 1));
        }
        std::fs::write(directory.join(format!("{page}.json")), list.to_string())?;
    }
    Ok(())
}

fn client(url: &str) -> anyhow::Result<Genesys> {
    let secrets = (Secret::literal("made-up-client"), Secret::literal("made-up-secret"));
    Ok(Genesys::new(GenesysConfig::new(url.parse()?, secrets), &Context::default())?)
}

async fn list(url: &str, people: usize) -> anyhow::Result<()> {
    let mut pages = client(url)?.directory().list_agents(AgentQuery::all());
    let mut count = 0;
    while let Some(page) = pages.try_next().await? {
        ensure!(page.rejected.is_empty(), "a page has rows that cannot be read");
        count += page.items.len();
    }
    ensure!(count == people, "{count} people came");
    Ok(())
}

fn parse(directory: &Path, people: usize) -> anyhow::Result<()> {
    let mut count = 0;
    for page in 1..=people / PAGE {
        let page: Page = serde_json::from_slice(&std::fs::read(directory.join(format!("{page}.json")))?)?;
        count += page.entities.len();
    }
    ensure!(count == people, "there are {count} people");
    Ok(())
}

async fn fetch(url: &str, people: usize) -> anyhow::Result<()> {
    // Without TLS it wants one all the same; there can be none before.
    drop(rustls::crypto::ring::default_provider().install_default());
    let client = reqwest::Client::new();
    let mut count = 0;
    for page in 1..=people / PAGE {
        let address = format!("{url}/api/v2/users?state=any&pageSize={PAGE}&pageNumber={page}");
        let answer = client.get(address).send().await?.error_for_status()?;
        count += serde_json::from_slice::<Page>(&answer.bytes().await?)?.entities.len();
    }
    ensure!(count == people, "{count} people came");
    Ok(())
}

async fn idle(url: &str) -> anyhow::Result<()> {
    let request = client(url)?.request("GET".parse()?, "api/v2/organizations/me").await?;
    ensure!(request.send().await?.json::<serde_json::Value>()?.is_object(), "that is no organisation");
    Ok(())
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let number = |text: &str| text.parse().context("that is no number");
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["make", directory, pages] => make(directory.as_ref(), number(pages)?)?,
        ["list", url, people] => list(url, number(people)?).await?,
        ["parse", directory, people] => parse(directory.as_ref(), number(people)?)?,
        ["fetch", url, people] => fetch(url, number(people)?).await?,
        ["idle", url] => idle(url).await?,
        _ => bail!("make DIR PAGES, list URL PEOPLE, parse DIR PEOPLE, fetch URL PEOPLE or idle URL"),
    }
    Ok(benches::tell_peak()?)
}
