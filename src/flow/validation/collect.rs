//! Collecting: more findings than are told need not be made.

use std::ops::Range;

use crate::flow::finding::{FINDINGS_MAX, Finding};

/// What was found so far. Each question may fill the whole answer by itself, as long as it asks in document order;
/// what it finds beyond that would be cut off anyway.
#[derive(Debug, Default)]
pub struct Findings {
    found: Vec<Finding>,
    room: usize,
}

impl Findings {
    /// The next question begins.
    pub fn next_question(&mut self) {
        self.room = FINDINGS_MAX;
    }

    pub fn push(&mut self, finding: Finding) {
        self.push_with(|| finding);
    }

    /// Makes a finding where one is still wanted: looking for a name that may have been meant is not free.
    pub fn push_with(&mut self, finding: impl FnOnce() -> Finding) {
        if self.room > 0 {
            self.room -= 1;
            self.found.push(finding());
        }
    }

    pub fn extend(&mut self, findings: impl IntoIterator<Item = Finding>) {
        findings.into_iter().for_each(|finding| self.push(finding));
    }

    pub fn iter(&self) -> impl Iterator<Item = &Finding> {
        self.found.iter()
    }

    pub fn into_vec(self) -> Vec<Finding> {
        self.found
    }
}

/// Something that is wrong whatever the document declares: a finding of which only the place is not known yet.
#[derive(Debug)]
pub struct Fault {
    pub finding: Finding,
    /// In bytes of the source.
    pub span: Range<usize>,
}

impl Fault {
    pub fn new(code: &'static str, span: Range<usize>, message: impl Into<String>) -> Self {
        Self { finding: Finding::error(code, "", message), span }
    }

    pub fn hint(mut self, hint: Option<String>) -> Self {
        self.finding.hint = hint;
        self
    }
}
