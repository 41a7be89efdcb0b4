//! An organization of some size in a database of its own, and the service on it. Where `BENCH_KEEP` names a directory
//! the database stays there for later runs, and each run works on a copy: what was seeded does not change.

use std::fs;
use std::path::PathBuf;
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, anyhow, ensure};
use chrono::{DateTime, Utc};
use jsonwebtoken::{EncodingKey, Header, encode};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::Size;
use super::document::{ALIKE, document};
use super::growth::{CONNECTIONS, Credentials, Grown, Growth};
use crate::answer;
use crate::connection::Connection;
use crate::edits::Edits;
use crate::figure::grouped;
use crate::ground::Ground;
use crate::load::{self, Requests};
use crate::requests::{flows_path, get, write_head};
use crate::seed::Tenant;
use crate::service::{Binary, Service};
use crate::stage::Sample;

/// Raised when organizations grow in another way, or another thing of them is kept.
const RECIPE: u32 = 2;
const CLIENTS: usize = 8;
const WINDOW: Duration = Duration::from_secs(1);
/// So that nothing is answered because nobody wrote; few, so that the small organization stays small.
const EDITS_PER_SECOND: u32 = 20;
const JWT_SECRET: &str = "a secret of the benchmark, of 32 bytes and more";
const REVISIONS: std::ops::Range<u64> = 1_000_000_000..1_000_000_000_000;
pub const OFTEN: &str = "ana";
pub const SELDOM: &str = "eva";

/// What is known of an organization beside its database.
#[derive(Debug, Serialize, Deserialize)]
struct Organization {
    recipe: u32,
    tenant: Tenant,
    flows: Vec<Grown>,
    middle: [DateTime<Utc>; 2],
}

#[derive(Debug)]
pub struct Place {
    ground: Rc<Ground>,
    service: Service,
    database: String,
    size: Size,
    pub tenant: Tenant,
    /// Those that are not deleted.
    pub flows: Arc<[Grown]>,
    /// A span of time in the middle of the log with a hundred events in it.
    pub middle: [DateTime<Utc>; 2],
    /// Where the log ended when the service was started.
    pub head: i64,
}

impl Place {
    pub fn open(ground: &Rc<Ground>, binary: &Binary, label: &str, size: Size) -> anyhow::Result<Self> {
        let seeded = format!("scale_{label}_{}", size.flows);
        let Some(directory) = ground.kept() else {
            let grown = grow(ground, binary, &seeded, size)?;
            return Self::on(ground, binary, seeded, size, grown);
        };
        let file = directory.join(format!("{seeded}.json"));
        let work = format!("{seeded}_work");
        if let Some(kept) = read(&file) {
            ground.copy_database(&seeded, &work)?;
            match Self::on(ground, binary, work.clone(), size, kept) {
                Ok(place) => return Ok(place),
                Err(error) => eprintln!("what is kept is of another build, and seeded anew: {error:#}"),
            }
        }
        let _ = fs::remove_file(&file);
        let grown = grow(ground, binary, &seeded, size)?;
        fs::write(&file, serde_json::to_vec(&grown)?)?;
        ground.copy_database(&seeded, &work)?;
        Self::on(ground, binary, work, size, grown)
    }

    fn on(
        ground: &Rc<Ground>,
        binary: &Binary,
        database: String,
        size: Size,
        grown: Organization,
    ) -> anyhow::Result<Self> {
        let arguments = ["--database-url", &ground.url(&database)];
        let service = Service::start(binary, ground.scratch(), &arguments)?;
        let Organization { tenant, flows, middle, .. } = grown;
        let head = head(&service, &tenant)?;
        ensure!(head as usize >= size.events(), "the log of {database} has {head} events only");
        let flows = flows.into_iter().filter(|flow| !flow.deleted).collect();
        Ok(Self { ground: Rc::clone(ground), service, database, size, tenant, flows, middle, head })
    }

    pub fn label(&self) -> String {
        grouped(self.size.flows as f64)
    }

    /// Whether the database can find a piece of text by an index.
    pub fn has_trigrams(&self) -> anyhow::Result<bool> {
        let count = "SELECT count(*) FROM pg_extension WHERE extname = 'pg_trgm'";
        Ok(self.ground.ask(&self.database, count)? == "1")
    }

    pub fn load(&self, requests: &mut dyn Requests) -> anyhow::Result<Sample> {
        Sample::of_service(&self.ground, &self.service, CLIENTS, WINDOW, requests)
    }

    pub fn load_beside_edits(&self, requests: &mut dyn Requests) -> anyhow::Result<Sample> {
        let (flows, tenant, words) = (Arc::clone(&self.flows), self.tenant.clone(), self.words());
        let edits = Edits::written_by(EDITS_PER_SECOND, move |out| write_edit(&tenant, &flows, words, out));
        Ok(edits.beside(self.service.address, || self.load(requests))?.0)
    }

    /// An edit of any flow, each to a revision that hardly ever was.
    pub fn write_edit(&self, out: &mut Vec<u8>) {
        write_edit(&self.tenant, &self.flows, self.words(), out);
    }

    /// How many words, and phone numbers, the flows have.
    pub fn words(&self) -> usize {
        self.size.flows / ALIKE
    }

    pub fn connect(&self) -> anyhow::Result<Connection> {
        Connection::open(self.service.address)
    }

    pub fn get(&self, path: &str) -> Vec<u8> {
        get(path, &self.tenant.key)
    }
}

fn write_edit(tenant: &Tenant, flows: &[Grown], words: usize, out: &mut Vec<u8>) {
    let flow = &flows[rand::random_range(0..flows.len())];
    let body = document(flow.number, words, flow.called, rand::random_range(REVISIONS));
    let path = format!("{}/{}", flows_path(tenant), flow.id);
    write_head(out, "PATCH", &path, &format!("X-Api-Key: {}", tenant.key), Some(body.len()));
    out.extend_from_slice(body.as_bytes());
}

fn grow(ground: &Ground, binary: &Binary, database: &str, size: Size) -> anyhow::Result<Organization> {
    let (began, events) = (Instant::now(), grouped(size.events() as f64));
    eprintln!("seeding an organization with {} flows and {events} events", grouped(size.flows as f64));
    ground.create_database(database)?;
    let secret = ground.scratch().join("jwt.secret");
    fs::write(&secret, JWT_SECRET)?;
    let (key, url) = (format!("HS256={}", secret.display()), ground.url(database));
    let tokens = ["--jwt-key-file", &key, "--jwt-audience", "bench", "--jwt-issuer", "bench"];
    let service =
        Service::start(binary, ground.scratch(), &[&["--database-url", &url], &tokens[..]].concat())?;
    let tenant = Tenant::new(binary, &url)?;
    let credentials = Credentials {
        key: format!("X-Api-Key: {}", tenant.key),
        often: token(&tenant, OFTEN)?,
        seldom: token(&tenant, SELDOM)?,
    };
    let mut growth = Growth::new(size, tenant.org_id, credentials);
    load::all(service.address, CONNECTIONS, &mut growth)?;
    service.stop()?;
    ground.psql(database, &[], "VACUUM ANALYZE; CHECKPOINT")?;
    eprintln!("seeded {events} events in {:.0} s", began.elapsed().as_secs_f64());
    Ok(Organization { recipe: RECIPE, tenant, flows: growth.flows, middle: growth.middle })
}

/// A header that stands for a person.
fn token(tenant: &Tenant, subject: &str) -> anyhow::Result<String> {
    let claims = json!({
        "iss": "bench", "aud": "bench", "sub": subject, "org_id": tenant.org_id,
        "exp": Utc::now().timestamp() + 86_400, "scope": "flows:read flows:write flows:publish",
    });
    let token = encode(&Header::default(), &claims, &EncodingKey::from_secret(JWT_SECRET.as_bytes()))?;
    Ok(format!("Authorization: Bearer {token}"))
}

fn read(file: &PathBuf) -> Option<Organization> {
    let kept: Organization = serde_json::from_slice(&fs::read(file).ok()?).ok()?;
    (kept.recipe == RECIPE).then_some(kept)
}

/// The position of the last event.
fn head(service: &Service, tenant: &Tenant) -> anyhow::Result<i64> {
    let path = format!("/organizations/{}/audit?limit=1", tenant.org_id);
    let mut connection = Connection::open(service.address)?;
    let page = body(connection.exchange(&get(&path, &tenant.key))?)?;
    page["data"]["data"][0]["metadata"]["position"].as_i64().context("an event has a position")
}

/// The JSON of an answer.
pub fn body(answer: &str) -> anyhow::Result<Value> {
    let body = answer::body(answer.as_bytes()).map_err(|_| anyhow!("what came is no HTTP answer"))?;
    Ok(serde_json::from_slice(&body)?)
}
