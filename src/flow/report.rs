//! Where the readers of documents and requests report what is wrong with them.

use std::cell::RefCell;

use crate::flow::finding::Finding;

/// Findings kept by one pass; a body can hold more mistakes than anybody wants to read.
const KEPT_MAX: usize = 1000;

/// Collects findings.
#[derive(Debug, Default)]
pub struct ShapeReport {
    findings: RefCell<Vec<Finding>>,
}

impl ShapeReport {
    pub fn add(&self, finding: Finding) {
        if !self.is_full() {
            self.findings.borrow_mut().push(finding);
        }
    }

    pub fn is_empty(&self) -> bool {
        self.findings.borrow().is_empty()
    }

    pub fn is_full(&self) -> bool {
        self.findings.borrow().len() >= KEPT_MAX
    }

    pub fn into_findings(self) -> Vec<Finding> {
        self.findings.into_inner()
    }

    /// What was read, unless something was wrong with it.
    pub fn unless_found<T>(&self, read: T) -> Result<T, Vec<Finding>> {
        if self.is_empty() { Ok(read) } else { Err(self.findings.take()) }
    }
}
