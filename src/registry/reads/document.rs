//! Documents as they were read, with what was computed from them so far.

use std::fmt;
use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use serde_json::{Map, Value, json};

use crate::flow::digest::Digest;
use crate::flow::document::{Applied, Canonical, Patch, Texts};
use crate::flow::validation;
use crate::registry::RegistryError;
use crate::store::{Content, FlowRecord};

/// What a list shows of a document under `view=summary`.
const SUMMARY_MEMBERS: [&str; 7] =
    ["description", "formatVersion", "name", "phoneNumberId", "triggerConfig", "triggerType", "wabaId"];
/// What validation says of a document in which it finds nothing.
const NO_FINDINGS: Bytes = Bytes::from_static(b"[]");

/// A document with what was computed from it so far.
pub struct LoadedDocument {
    digest: Digest,
    /// The stored bytes, or those that stand in for erased ones.
    bytes: Bytes,
    is_erased: bool,
    /// What validation says of it, as a JSON array.
    findings: OnceLock<Bytes>,
}

impl fmt::Debug for LoadedDocument {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LoadedDocument")
            .field("digest", &self.digest)
            .field("is_erased", &self.is_erased)
            .finish()
    }
}

impl LoadedDocument {
    fn new(digest: Digest, bytes: &[u8]) -> Self {
        // Copied without room to grow: it is kept for as long as the flow is remembered.
        let bytes = Bytes::copy_from_slice(bytes);
        Self { digest, bytes, is_erased: false, findings: OnceLock::new() }
    }

    /// The document that a row shows, read with its bytes; `None` where they were erased.
    ///
    /// # Errors
    /// [`RegistryError::Altered`] when the bytes are not those that were recorded: nobody is shown them, and nothing is
    /// made of them.
    pub(super) fn stored(
        record: &FlowRecord,
        digest: Digest,
        bytes: Option<Bytes>,
    ) -> Result<Arc<Self>, RegistryError> {
        Ok(Arc::new(match bytes {
            Some(bytes) if Digest::of(&bytes) != digest => {
                return Err(altered(record, digest));
            }
            Some(bytes) => Self::new(digest, &bytes),
            None => Self { is_erased: true, findings: NO_FINDINGS.into(), ..Self::new(digest, &stand_in()) },
        }))
    }

    /// The document of a row that was read, with `known` as what was said to be known.
    pub(super) fn found(
        record: &FlowRecord,
        digest: Digest,
        content: Content,
        known: Option<Arc<Self>>,
    ) -> Result<Arc<Self>, RegistryError> {
        match (content, known) {
            (Content::Known, Some(known)) => Ok(known),
            (Content::Bytes(bytes), _) => Self::stored(record, digest, Some(bytes)),
            (Content::Known | Content::Erased, _) => Self::stored(record, digest, None),
        }
    }

    /// A document that was just made. Whoever made it is shown its findings, so they are computed at once.
    pub(in crate::registry) fn made(canonical: &Canonical) -> Arc<Self> {
        let findings = judge(canonical).into();
        Arc::new(Self { findings, ..Self::new(canonical.digest, &canonical.bytes) })
    }

    /// A document that a change made of this one.
    pub(in crate::registry) fn changed(&self, applied: &Applied) -> Result<Arc<Self>, RegistryError> {
        let changed = Self::new(applied.digest, &applied.bytes);
        let findings = match &applied.read {
            Some(canonical) => judge(canonical),
            // Of erased content nothing is said, but much of what stands in for it.
            None if self.is_erased => judge(&changed.canonical()?),
            None => self.findings()?.clone(),
        };
        Ok(Arc::new(Self { findings: findings.into(), ..changed }))
    }

    pub fn digest(&self) -> Digest {
        self.digest
    }

    /// The thirteen document members as one canonical JSON object.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Whether the content was erased on legal demand; the bytes then only stand in for it.
    pub fn is_erased(&self) -> bool {
        self.is_erased
    }

    /// What validation says of this document alone, as a JSON array.
    pub fn findings(&self) -> Result<&Bytes, RegistryError> {
        if let Some(findings) = self.findings.get() {
            return Ok(findings);
        }
        let findings = judge(&self.canonical()?);
        Ok(self.findings.get_or_init(|| findings))
    }

    /// The members a list shows under `view=summary`, as one JSON object.
    pub fn summary_json(&self) -> Result<Vec<u8>, RegistryError> {
        let mut all = self.members()?;
        all.retain(|name, _| SUMMARY_MEMBERS.contains(&name.as_str()));
        Ok(serde_json::to_vec(&all).expect("JSON values serialize"))
    }

    /// The document as a value, for comparisons.
    pub(in crate::registry) fn value(&self) -> Result<Value, RegistryError> {
        self.members().map(Value::Object)
    }

    /// The document's members.
    pub(in crate::registry) fn members(&self) -> Result<Map<String, Value>, RegistryError> {
        members(self.digest, &self.bytes)
    }

    /// What a change makes of the document.
    pub(in crate::registry) fn change(&self, patch: &Patch) -> Result<Applied, RegistryError> {
        let texts = Texts::of(&self.bytes).map_err(|corrupt| self.corrupt(&corrupt))?;
        patch.apply(&texts).map_err(RegistryError::Invalid)
    }

    /// The document typed and as a value, for commands that change or run it.
    pub(in crate::registry) fn canonical(&self) -> Result<Canonical, RegistryError> {
        Canonical::read(self.bytes.clone()).map_err(|corrupt| self.corrupt(&corrupt))
    }

    fn corrupt(&self, error: &impl ToString) -> RegistryError {
        RegistryError::corrupt(self.digest.to_string(), error.to_string())
    }
}

/// Says that a document that was read is not the one that was recorded.
fn altered(record: &FlowRecord, digest: Digest) -> RegistryError {
    let published = record.published.as_ref().filter(|_| digest != record.document);
    let (flow, version) = (record.flow_id, published.map_or(record.version, |published| published.version));
    metrics::gauge!("integrity_failures").increment(1);
    tracing::error!(%flow, version, %digest, "a document is not the one that was recorded");
    RegistryError::Altered(format!("the document of version {version} of the flow {flow}"))
}

fn judge(canonical: &Canonical) -> Bytes {
    match validation::findings(canonical).as_slice() {
        [] => NO_FINDINGS,
        findings => Bytes::copy_from_slice(&serde_json::to_vec(findings).expect("findings serialize")),
    }
}

/// What stands in for a document whose content was erased.
pub(in crate::registry) fn stand_in() -> Bytes {
    let stand_in = Canonical::create(json!({"name": "(erased)"}));
    stand_in.expect("a name alone is a valid document").bytes
}

/// The members of a document from its bytes, which were read strictly before they were stored.
pub(in crate::registry) fn members(
    digest: Digest,
    bytes: &[u8],
) -> Result<Map<String, Value>, RegistryError> {
    serde_json::from_slice(bytes)
        .map_err(|error| RegistryError::corrupt(digest.to_string(), error.to_string()))
}
