//! Proofs about an organization's log that hold without this service: signed checkpoints over its head,
//! the export that carries everything that is hashed, and the verifier that reads both.
//! Pure: keys, times, rows and readers are handed in. Imports the room `flow` only.

mod accepted;
mod bundle;
mod checkpoint;
mod completeness;
mod erasure;
mod error;
mod instant;
mod kept;
mod keyring;
mod line;
mod note;
mod report;
mod tree;
mod tree_head;
mod validity;
mod verifier;
mod witness;

pub use crate::flow::record::EventRecord;
pub use accepted::{AcceptedLog, LogEnd};
pub use bundle::{BundleVerifier, BundleWriter, LINE_BYTES_MAX, verify, verify_as_of_now};
pub use checkpoint::Checkpoint;
pub use erasure::{Absent, ErasedContent};
pub use error::Error;
pub use kept::KeptNote;
pub use keyring::{Keyring, parse_public_keys};
pub use note::{PublicKey, SigningKey};
pub use report::{Alteration, CompleteFlow, Counts, Proof, Report, Verdict};
pub use tree::{InclusionPath, TreeBuilder};
pub use tree_head::{LastVersion, TreeHead, stream_leaf};
pub use validity::Validity;
pub use verifier::ChainVerifier;
pub use witness::WitnessKey;
