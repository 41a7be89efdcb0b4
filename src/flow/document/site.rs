//! Every template and expression of a document, with its place and the names it may use.

use super::schema::part::{LocalNames, Part};
use super::schema::{DOCUMENT, walk};
use super::{Canonical, is_match_path};
use crate::expression::SourceLanguage;
use crate::flow::pointer;

/// One template or expression.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Site<'d> {
    /// The pointer into the document.
    pub pointer: &'d str,
    /// The index of the step around it.
    pub step: Option<usize>,
    pub language: SourceLanguage,
    pub source: &'d str,
    pub names: LocalNames,
}

impl Canonical {
    /// Calls `visit` for every template and expression, translations included, in the order of the document.
    pub fn sites(&self, visit: &mut dyn FnMut(Site<'_>)) {
        walk(&self.value, DOCUMENT, None, &mut |found| {
            let (Some(source), Some(language)) = (found.text(), language(found.part)) else { return };
            let site = Site { pointer: found.pointer, step: None, language, source, names: found.names };
            let mut tokens = pointer::tokens(found.pointer);
            match tokens.next().as_deref() {
                Some("steps") => {
                    let step = tokens.next().and_then(|index| index.parse().ok());
                    visit(Site { step, ..site });
                }
                // A translation is a template of the step whose text it stands for.
                Some("translations") => {
                    let (id, path) = (tokens.nth(1), tokens.next());
                    let (Some(id), Some(path)) = (id, path.filter(|path| !is_match_path(path))) else {
                        return;
                    };
                    let names = LocalNames { value: path.starts_with("validation."), ..site.names };
                    visit(Site { step: self.document.step_index(&id), names, ..site });
                }
                _ => visit(site),
            }
        });
    }
}

/// How what stands at a place is read; `None` when nothing in it is computed.
const fn language(part: Part) -> Option<SourceLanguage> {
    match part {
        Part::Shown(_) | Part::Template(_) | Part::Address => Some(SourceLanguage::Template),
        Part::Json | Part::NullableJson | Part::JsonObject => Some(SourceLanguage::Value),
        Part::Expression => Some(SourceLanguage::Expression),
        _ => None,
    }
}
