//! Compiled flows by the digest of their document: compiled once, run many times.

use std::sync::Arc;

use quick_cache::sync::{Cache, DefaultLifecycle};
use quick_cache::{DefaultHashBuilder, OptionsBuilder, Weighter};

use crate::flow::digest::Digest;
use crate::flow::document::Canonical;
use crate::interpreter::Program;
use crate::registry::RegistryError;

/// Bytes of documents whose programs are kept; a program is some fifteen times as large.
const CACHED_BYTES_MAX: u64 = 512 * 1024;
/// What a document is expected to have.
const DOCUMENT_BYTES: usize = 2 * 1024;

#[derive(Debug, Clone)]
pub(super) struct ProgramCache {
    programs: Arc<Cache<Digest, Kept, ByDocument>>,
}

#[derive(Debug, Clone)]
struct Kept {
    program: Arc<Program>,
    document_bytes: usize,
}

#[derive(Debug, Clone)]
struct ByDocument;

impl Weighter<Digest, Kept> for ByDocument {
    fn weight(&self, _: &Digest, kept: &Kept) -> u64 {
        kept.document_bytes as u64
    }
}

impl ProgramCache {
    pub(super) fn new() -> Self {
        // One shard: a part of the bytes would not take the largest documents.
        let options = OptionsBuilder::new()
            .shards(1)
            .estimated_items_capacity(CACHED_BYTES_MAX as usize / DOCUMENT_BYTES)
            .weight_capacity(CACHED_BYTES_MAX)
            .build()
            .expect("every option is given");
        let programs = Cache::with_options(
            options,
            ByDocument,
            DefaultHashBuilder::default(),
            DefaultLifecycle::default(),
        );
        Self { programs: Arc::new(programs) }
    }

    /// Forgets all programs.
    pub(super) fn forget(&self) {
        self.programs.clear();
    }

    /// The program of a document that was found sound before.
    pub(super) fn known(&self, digest: Digest) -> Option<Arc<Program>> {
        self.programs.get(&digest).map(|kept| kept.program)
    }

    /// Compiles a document in which validation found no errors, and keeps its program.
    pub(super) fn compile(&self, canonical: &Canonical) -> Result<Arc<Program>, RegistryError> {
        let program = Program::compile(canonical).map_err(|error| {
            RegistryError::corrupt(
                canonical.digest.to_string(),
                format!("a sound document does not compile: {error:?}"),
            )
        })?;
        let program = Arc::new(program);
        let kept = Kept { program: Arc::clone(&program), document_bytes: canonical.bytes.len() };
        self.programs.insert(canonical.digest, kept);
        Ok(program)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::flow::document::DOCUMENT_BYTES_MAX;

    #[test]
    fn programs_of_the_largest_documents_are_kept() {
        let text = "x".repeat(DOCUMENT_BYTES_MAX / 200 - 100);
        let steps: Vec<Value> = (0..200).map(|_| json!({"type": "message", "text": text})).collect();
        let canonical = Canonical::create(json!({"name": "large", "steps": steps})).unwrap();
        assert!(canonical.bytes.len() > DOCUMENT_BYTES_MAX * 9 / 10);
        let programs = ProgramCache::new();
        assert!(programs.known(canonical.digest).is_none());
        programs.compile(&canonical).unwrap();
        assert!(programs.known(canonical.digest).is_some());
    }
}
