//! What validation found, as a page says it: a text for each code, the words of the API below it.

use serde::Deserialize;

use super::texts::findings::finding;
use crate::outline::DisplayLanguage;
use crate::outline::words::pick;

/// A finding in the reader's language.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoundFault {
    pub code: String,
    pub is_error: bool,
    pub pointer: String,
    pub step_id: Option<String>,
    /// What it means; empty for a code of a newer service.
    pub text: &'static str,
    /// The words of the API.
    pub message: String,
    pub hint: Option<String>,
}

/// A finding as it is kept with its document.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct KeptFinding {
    code: String,
    severity: String,
    pointer: String,
    #[serde(default)]
    step_id: Option<String>,
    message: String,
    #[serde(default)]
    hint: Option<String>,
}

/// The findings of a document, from the JSON that is kept with it.
pub fn found_faults(findings: &[u8], language: DisplayLanguage) -> serde_json::Result<Vec<FoundFault>> {
    let kept: Vec<KeptFinding> = serde_json::from_slice(findings)?;
    let found = kept.into_iter().map(|kept| FoundFault {
        text: finding(&kept.code).map_or("", |both| pick(both, language)),
        is_error: kept.severity == "error",
        code: kept.code,
        pointer: kept.pointer,
        step_id: kept.step_id,
        message: kept.message,
        hint: kept.hint,
    });
    Ok(found.collect())
}

/// Whether a finding is about a place, or about something inside it.
pub fn is_about(finding: &FoundFault, place: &str) -> bool {
    finding.pointer.strip_prefix(place).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::flow::document::Canonical;
    use crate::flow::validation;

    #[test]
    fn findings_are_said_in_both_languages() {
        let flow = json!({ "name": "x", "steps": [{ "id": "a", "type": "goto", "next": "nada" }] });
        let kept = serde_json::to_vec(&validation::findings(&Canonical::create(flow).unwrap())).unwrap();
        let found = found_faults(&kept, DisplayLanguage::Es).unwrap();
        let dangling = found.iter().find(|found| found.code == "DANGLING_NEXT").unwrap();
        assert_eq!((dangling.is_error, dangling.text), (true, "Lleva a un paso que no existe."));
        assert_eq!((&*dangling.pointer, dangling.step_id.as_deref()), ("/steps/0/next", Some("a")));
        assert!(is_about(dangling, "/steps/0") && is_about(dangling, "/steps/0/next"));
        assert!(!is_about(dangling, "/steps/0/ne") && !is_about(dangling, "/steps/00"));
        let newer = br#"[{"code":"NEW","severity":"warning","pointer":"","stepId":null,"message":"m"}]"#;
        let newer = &found_faults(newer, DisplayLanguage::En).unwrap()[0];
        assert_eq!((newer.text, &*newer.message, newer.is_error), ("", "m", false));
    }
}
