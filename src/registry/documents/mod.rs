//! Documents in memory, with what was computed from them.

mod cache;
mod packed;

use std::borrow::Cow;
use std::fmt;
use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use serde_json::{Map, Value, json};

use self::cache::Judged;
pub(super) use self::cache::{DocumentCache, TRUSTED_FOR};
use self::packed::Packed;
use super::RegistryError;
use crate::flow::digest::Digest;
use crate::flow::document::{Applied, Canonical, Labels, Patch, Texts};
use crate::flow::{text, validation};
use crate::store::StoreError;

/// What a list shows of a document under `view=summary`.
const SUMMARY_MEMBERS: [&str; 7] =
    ["description", "formatVersion", "name", "phoneNumberId", "triggerConfig", "triggerType", "wabaId"];

/// A document with what was computed from it so far.
pub struct LoadedDocument {
    digest: Digest,
    /// The stored bytes, or those that stand in for erased ones.
    packed: Packed,
    erased: bool,
    findings: OnceLock<Findings>,
    judged: Judged,
}

/// What validation says of a document, as a JSON array; `None` when it has nothing to say.
type Findings = Option<Arc<Packed>>;

fn judge(canonical: &Canonical) -> Findings {
    match validation::findings(canonical).as_slice() {
        [] => None,
        findings => Some(Arc::new(Packed::of(&serde_json::to_vec(findings).expect("findings serialize")))),
    }
}

/// What stands in for a document whose content was erased.
pub(super) fn stand_in() -> Bytes {
    let stand_in = Canonical::create(json!({"name": "(erased)"}));
    stand_in.expect("a name alone is a valid document").bytes
}

/// The members of a document from its bytes, which were read strictly before they were stored.
pub(super) fn members(digest: Digest, bytes: &[u8]) -> Result<Map<String, Value>, StoreError> {
    serde_json::from_slice(bytes).map_err(|error| StoreError::corrupt(digest.to_string(), error.to_string()))
}

impl fmt::Debug for LoadedDocument {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LoadedDocument").field("digest", &self.digest).field("erased", &self.erased).finish()
    }
}

impl LoadedDocument {
    fn new(digest: Digest, packed: Packed, judged: &Judged) -> Self {
        Self { digest, packed, erased: false, findings: OnceLock::new(), judged: Arc::clone(judged) }
    }

    /// One whose content was erased.
    fn erased(digest: Digest, judged: &Judged) -> Self {
        Self { erased: true, ..Self::new(digest, Packed::of(&stand_in()), judged) }
    }

    pub fn digest(&self) -> Digest {
        self.digest
    }

    /// The thirteen document members as one canonical JSON object.
    pub fn bytes(&self) -> Vec<u8> {
        self.packed.text()
    }

    /// Whether the content was erased on legal demand; the bytes then only stand in for it.
    pub fn is_erased(&self) -> bool {
        self.erased
    }

    /// What validation says of this document alone, as a JSON array.
    pub fn findings_json(&self) -> Result<Cow<'static, [u8]>, StoreError> {
        Ok(match self.findings()? {
            Some(findings) => Cow::Owned(findings.text()),
            None => Cow::Borrowed(b"[]"),
        })
    }

    fn findings(&self) -> Result<&Findings, StoreError> {
        if let Some(findings) = self.findings.get() {
            return Ok(findings);
        }
        let findings = match (self.erased, self.judged.get(&self.digest)) {
            (true, _) => None,
            (false, Some(findings)) => findings,
            (false, None) => {
                let findings = judge(&self.canonical()?);
                self.judged.insert(self.digest, findings.clone());
                findings
            }
        };
        Ok(self.findings.get_or_init(|| findings))
    }

    /// The members a list shows under `view=summary`, as one JSON object.
    pub fn summary_json(&self) -> Result<Vec<u8>, StoreError> {
        let mut all = self.members()?;
        all.retain(|name, _| SUMMARY_MEMBERS.contains(&name.as_str()));
        Ok(serde_json::to_vec(&all).expect("JSON values serialize"))
    }

    /// The document as a value, for comparisons.
    pub(super) fn value(&self) -> Result<Value, StoreError> {
        self.members().map(Value::Object)
    }

    /// The document's members.
    pub(super) fn members(&self) -> Result<Map<String, Value>, StoreError> {
        members(self.digest, &self.bytes())
    }

    /// What a change makes of the document.
    pub(super) fn change(&self, patch: &Patch) -> Result<Applied, RegistryError> {
        let bytes = self.bytes();
        let texts = Texts::of(&bytes).map_err(|corrupt| self.corrupt(&corrupt))?;
        patch.apply(&texts).map_err(RegistryError::Invalid)
    }

    fn corrupt(&self, error: &impl ToString) -> StoreError {
        StoreError::corrupt(self.digest.to_string(), error.to_string())
    }

    /// The document typed and as a value, for commands that change or run it.
    pub(super) fn canonical(&self) -> Result<Canonical, StoreError> {
        Canonical::read(self.bytes().into()).map_err(|corrupt| self.corrupt(&corrupt))
    }
}

/// What the flow view keeps of a document to find flows by.
pub(super) struct Lookup {
    pub(super) phone_number_id: Option<String>,
    pub(super) search: String,
}

impl Lookup {
    pub(super) fn of(labels: Labels) -> Self {
        let search = text::search_text(&labels.name, labels.description.as_deref());
        Self { phone_number_id: labels.phone_number_id, search }
    }
}
