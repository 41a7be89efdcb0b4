//! What is there before anything is measured: 100 organizations with a key each, 10,000 flows in them, one flow with
//! 10,000 versions and one with 10. Made through the API alone, so that any build of the service can be measured.

use std::net::SocketAddr;

use anyhow::Context as _;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::answer;
use crate::document::Body;
use crate::ground::finish;
use crate::load::{self, Requests};
use crate::requests::{edit_head, flows_path, send};
use crate::service::Binary;

pub const ORGANIZATIONS: usize = 100;
pub const FLOWS: usize = 10_000;
pub const DEEP: i64 = 10_000;
pub const SHALLOW: i64 = 10;
/// What the writer takes in one call.
const TOGETHER: usize = 64;
/// Above the numbers of flows, below the revisions that are measured.
const FIRST_EDIT: u64 = 100_000;

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Tenant {
    pub org_id: Uuid,
    pub key: String,
}

impl Tenant {
    /// A new organization with a key that may do everything.
    pub fn new(binary: &Binary, database_url: &str) -> anyhow::Result<Self> {
        let org_id = Uuid::new_v4();
        let mut create = binary.command();
        create.args([
            "keys",
            "create",
            "--new-organization",
            "--name",
            "bench",
            "--org",
            &org_id.to_string(),
        ]);
        let said = finish(create.args(["--database-url", database_url]))?;
        Ok(Self { org_id, key: said.trim().to_owned() })
    }
}

/// A flow, and which of the tenants it belongs to.
#[derive(Debug, Clone, Copy)]
pub struct Flow {
    pub tenant: usize,
    pub id: Uuid,
}

#[derive(Debug)]
pub struct Seeded {
    pub tenants: Vec<Tenant>,
    pub flows: Vec<Flow>,
    pub deep: Flow,
    pub shallow: Flow,
}

pub fn seed(binary: &Binary, database_url: &str, address: SocketAddr) -> anyhow::Result<Seeded> {
    let tenants = (0..ORGANIZATIONS).map(|_| Tenant::new(binary, database_url));
    let tenants = tenants.collect::<anyhow::Result<Vec<_>>>()?;
    let owners: Vec<usize> = (0..FLOWS).map(|number| number % ORGANIZATIONS).chain([0, 0]).collect();
    let mut flows = create(address, &tenants, &owners, Body::new())?;
    let (shallow, deep) = (flows.pop(), flows.pop());
    let (shallow, deep) = (shallow.context("a flow")?, deep.context("a flow")?);
    for (flow, versions) in [(deep, DEEP), (shallow, SHALLOW)] {
        append_histories(address, &tenants, &[flow], versions)?;
    }
    Ok(Seeded { tenants, flows, deep, shallow })
}

/// New flows of these tenants, in no particular order.
pub fn create(
    address: SocketAddr,
    tenants: &[Tenant],
    owners: &[usize],
    body: Body,
) -> anyhow::Result<Vec<Flow>> {
    let mut creates = Creates {
        tenants,
        owners,
        begun: 0,
        under_way: vec![0; TOGETHER],
        body,
        flows: Vec::with_capacity(owners.len()),
    };
    load::all(address, TOGETHER, &mut creates)?;
    Ok(creates.flows)
}

struct Creates<'a> {
    tenants: &'a [Tenant],
    owners: &'a [usize],
    begun: usize,
    /// Of each connection, whose flow it creates.
    under_way: Vec<usize>,
    body: Body,
    flows: Vec<Flow>,
}

impl Requests for Creates<'_> {
    fn write(&mut self, connection: usize, out: &mut Vec<u8>) -> bool {
        let Some(&owner) = self.owners.get(self.begun) else { return false };
        let mut body = Vec::with_capacity(self.body.len());
        self.body.write(self.begun as u64, &mut body);
        let tenant = &self.tenants[owner];
        out.extend_from_slice(&send("POST", &flows_path(tenant), &tenant.key, &body));
        self.under_way[connection] = owner;
        self.begun += 1;
        true
    }

    fn answered(&mut self, connection: usize, answer: &[u8]) -> anyhow::Result<()> {
        self.flows.push(Flow { tenant: self.under_way[connection], id: created_id(answer)? });
        Ok(())
    }
}

/// The id of a flow, from the answer to the request that made it.
pub fn created_id(answer: &[u8]) -> anyhow::Result<Uuid> {
    let location = answer::header(answer, "location").context("a created flow has a location")?;
    let id = location.rsplit('/').next().unwrap_or_default();
    Uuid::try_parse(id).with_context(|| format!("no flow is at {location}"))
}

/// Edits of flows, which are at version 1, until all are at another; each edit with a document of its own.
pub fn append_histories(
    address: SocketAddr,
    tenants: &[Tenant],
    flows: &[Flow],
    versions: i64,
) -> anyhow::Result<()> {
    let body = Body::new();
    let heads = flows.iter().map(|flow| edit_head(&tenants[flow.tenant], flow, &body)).collect::<Vec<_>>();
    let edits = heads.len() as u64 * (versions.unsigned_abs() - 1);
    load::all(address, TOGETHER, &mut Histories { heads, body, edits, begun: 0 })
}

struct Histories {
    heads: Vec<Vec<u8>>,
    body: Body,
    edits: u64,
    begun: u64,
}

impl Requests for Histories {
    fn write(&mut self, _connection: usize, out: &mut Vec<u8>) -> bool {
        if self.begun == self.edits {
            return false;
        }
        out.extend_from_slice(&self.heads[self.begun as usize % self.heads.len()]);
        self.body.write(FIRST_EDIT + self.begun, out);
        self.begun += 1;
        true
    }
}
