//! A finding as a part of a page: what it means, its code, the words of the API, and the way to its place in the JSON.

use askama::Template;
use askama::filters::HtmlSafe;

use super::address::FlowAddress;
use crate::console::found::FoundFault;
use crate::console::link::encode;
use crate::console::session::Session;
use crate::console::texts::flow::{EN, ES, FlowTexts};

#[derive(Template)]
#[template(path = "fault.html")]
pub struct FaultPart {
    t: &'static FlowTexts,
    fault: FoundFault,
    /// Where it stands in the JSON.
    json: String,
}

impl HtmlSafe for FaultPart {}

impl FaultPart {
    pub fn new(session: &Session, address: &FlowAddress, fault: FoundFault) -> Self {
        let json = json_link(session, address, &fault.pointer);
        Self { t: session.texts(&ES, &EN), fault, json }
    }
}

/// The link to a place in the JSON of the document that is shown.
pub fn json_link(session: &Session, address: &FlowAddress, pointer: &str) -> String {
    let json = FlowAddress {
        view: "json".to_owned(),
        step: String::new(),
        layer: String::new(),
        at: pointer.to_owned(),
        ..address.clone()
    };
    format!("{}#{}", json.href(&session.links), encode(&line_id(pointer)))
}

/// The id of the line of a value.
pub fn line_id(pointer: &str) -> String {
    format!("p{pointer}")
}
