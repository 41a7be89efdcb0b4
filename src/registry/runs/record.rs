//! The digest under which a stored run is kept: over all that it is made again from and what that came to. What it is
//! called, and who ran it, can be erased and is not covered.

use sha2::{Digest as _, Sha256};

use crate::flow::canonical_json;
use crate::flow::digest::Digest;
use crate::store::TestRun;

pub(super) fn record_digest(run: &TestRun) -> Digest {
    let mut hash = Sha256::new();
    // One that read no values of the organization is kept as it was before there were any.
    hash.update(match run.env_position {
        None => b"flow-registry/test-run/1",
        Some(_) => b"flow-registry/test-run/2",
    });
    if let Some(position) = run.env_position {
        hash.update(position.to_be_bytes());
    }
    for id in [run.org_id, run.run_id, run.flow_id] {
        hash.update(id.as_bytes());
    }
    hash.update(run.version.unwrap_or(0).to_be_bytes());
    let callees = canonical_json::to_vec(&run.callees);
    for digest in [Digest::of(&run.request), Digest::of(&callees), run.digest] {
        hash.update(digest.as_bytes());
    }
    hash.update(run.engine.as_bytes());
    Digest(hash.finalize().into())
}
