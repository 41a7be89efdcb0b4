//! Compiled flows by the digest of their document: compiled once, run many times.

use std::sync::Arc;
use std::time::Duration;

use moka::sync::Cache;

use crate::flow::digest::Digest;
use crate::flow::document::Canonical;
use crate::interpreter::Program;
use crate::registry::RegistryError;

/// Bytes of documents whose programs are kept; a program is some fifteen times as large.
const CACHED_BYTES_MAX: u64 = 512 * 1024;
const IDLE: Duration = Duration::from_secs(300);

#[derive(Debug, Clone)]
pub(super) struct ProgramCache {
    programs: Cache<Digest, (u32, Arc<Program>)>,
}

impl ProgramCache {
    pub(super) fn new() -> Self {
        let programs = Cache::builder()
            .max_capacity(CACHED_BYTES_MAX)
            .weigher(|_: &Digest, (weight, _): &(u32, Arc<Program>)| *weight)
            .time_to_idle(IDLE)
            .build();
        Self { programs }
    }

    /// The program of a document that was found sound before.
    pub(super) fn known(&self, digest: Digest) -> Option<Arc<Program>> {
        self.programs.get(&digest).map(|(_, program)| program)
    }

    /// Compiles a document in which validation found no errors, and keeps its program.
    pub(super) fn compile(&self, canonical: &Canonical) -> Result<Arc<Program>, RegistryError> {
        let program = Program::compile(&canonical.document, canonical.digest).map_err(|error| {
            RegistryError::corrupt(
                canonical.digest.to_string(),
                format!("a sound document does not compile: {error:?}"),
            )
        })?;
        let program = Arc::new(program);
        let weight = u32::try_from(canonical.bytes.len()).unwrap_or(u32::MAX);
        self.programs.insert(canonical.digest, (weight, Arc::clone(&program)));
        Ok(program)
    }
}
