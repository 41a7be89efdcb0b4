//! Requests of `http` steps that no run would send.

use super::collect::Findings;
use crate::flow::address;
use crate::flow::document::{Document, StepKind};
use crate::flow::finding::Finding;
use crate::flow::language::is_template;
use crate::flow::pointer;

pub fn check(document: &Document, findings: &mut Findings) {
    for (index, step) in document.steps.iter().enumerate() {
        let StepKind::Http(http) = &step.kind else { continue };
        if let Some(fault) = address::literal_fault(&http.url) {
            let pointer = format!("/steps/{index}/url");
            findings.push(Finding::error("HTTP_URL", pointer, format!("The address {fault}.")));
        }
        for (name, value) in http.headers.iter().filter(|(_, value)| !is_template(value)) {
            if let Some(fault) = address::header_fault(value) {
                let mut pointer = format!("/steps/{index}/headers");
                pointer::push(&mut pointer, name);
                findings.push(Finding::error("HTTP_HEADER", pointer, format!("The header {name} {fault}.")));
            }
        }
    }
}
