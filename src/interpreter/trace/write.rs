//! The members of a trace, in the order in which canonical JSON has them.

use super::shown::shown;
use super::{FinalVariables, FlowEntry, HandoffEntry, RanVersion, Stats, Trace, WaitingFor};
use crate::interpreter::canonical::{CanonicalPage, WriteJson};
use crate::interpreter::error::ErrorEntry;

impl WriteJson for Trace<'_> {
    fn write_json(&self, page: &mut CanonicalPage) {
        page.raw("{");
        if !self.called_flows.is_empty() {
            page.raw("\"calledFlows\":");
            page.all(&self.called_flows);
            page.raw(",");
        }
        page.raw("\"clock\":{\"end\":");
        page.instant(self.clock.end);
        page.raw(",\"start\":");
        page.instant(self.clock.start);
        page.raw("},\"contact\":{\"attributes\":");
        page.value(&self.contact.attributes);
        page.raw(",\"tags\":");
        page.value(&self.contact.tags);
        page.raw("},\"coverage\":");
        self.coverage.write_json(page);
        page.raw(",\"engine\":");
        page.text(self.engine);
        page.raw(",\"error\":");
        page.maybe(self.error.as_ref());
        page.raw(",\"finalVariables\":");
        self.final_variables.write_json(page);
        page.raw(",\"flow\":");
        self.flow.write_json(page);
        page.raw(",\"format\":");
        page.text(self.format);
        page.raw(",\"handoff\":");
        page.maybe(self.handoff.as_ref());
        page.raw(",\"locale\":");
        page.text(self.locale);
        page.raw(",\"outcome\":");
        page.value(&self.outcome);
        page.raw(",\"seed\":");
        page.text(self.seed);
        page.raw(",\"stats\":");
        self.stats.write_json(page);
        page.raw(",\"status\":");
        page.text(self.status.as_str());
        page.raw(",\"steps\":");
        page.all(&self.steps);
        page.raw(",\"transcript\":");
        page.all(&self.transcript);
        page.raw(",\"waitingFor\":");
        page.maybe(self.waiting_for.as_ref());
        page.raw(",\"warnings\":");
        page.all(&self.warnings);
        page.raw("}");
    }
}

impl WriteJson for FlowEntry<'_> {
    fn write_json(&self, page: &mut CanonicalPage) {
        page.raw("{\"documentDigest\":");
        page.plain(self.document_digest);
        page.raw(",\"id\":");
        page.text(&self.id);
        page.raw(",\"version\":");
        match self.version {
            RanVersion::Number(version) => page.integer(version),
            RanVersion::Inline => page.raw("\"inline\""),
        }
        page.raw("}");
    }
}

impl WriteJson for FinalVariables<'_> {
    fn write_json(&self, page: &mut CanonicalPage) {
        let mut mark = "{";
        for (name, value) in &self.0 {
            page.raw(std::mem::replace(&mut mark, ","));
            page.text(name);
            page.raw(":");
            page.value(&shown(value));
        }
        page.raw(if mark == "{" { "{}" } else { "}" });
    }
}

impl WriteJson for HandoffEntry {
    fn write_json(&self, page: &mut CanonicalPage) {
        page.raw("{\"note\":");
        page.value(&self.note);
        page.raw(",\"priority\":");
        page.text(self.priority);
        page.raw(",\"queue\":");
        page.value(&self.queue);
        page.raw("}");
    }
}

impl WriteJson for Stats {
    fn write_json(&self, page: &mut CanonicalPage) {
        page.raw("{\"actionCalls\":");
        page.integer(self.action_calls);
        page.raw(",\"httpCalls\":");
        page.integer(self.http_calls);
        page.raw(",\"inputsUnused\":");
        page.integer(self.inputs_unused);
        page.raw(",\"inputsUsed\":");
        page.integer(self.inputs_used);
        page.raw(",\"messagesOut\":");
        page.integer(self.messages_out);
        page.raw(",\"steps\":");
        page.integer(self.steps);
        page.raw(",\"waits\":");
        page.integer(self.waits);
        page.raw("}");
    }
}

impl WriteJson for WaitingFor<'_> {
    fn write_json(&self, page: &mut CanonicalPage) {
        page.raw("{\"attempt\":");
        page.integer(self.attempt);
        if let Some(event) = self.event {
            page.raw(",\"event\":");
            page.text(event);
        }
        if let Some(input) = self.input {
            page.raw(",\"input\":");
            page.text(input);
        }
        page.raw(",\"kind\":");
        page.text(self.kind);
        if !self.options.is_empty() {
            page.raw(",\"options\":");
            page.list(&self.options, |page, option| {
                page.raw("{\"id\":");
                page.value(&option.id);
                page.raw(",\"title\":");
                page.value(&option.title);
                page.raw("}");
            });
        }
        page.raw(",\"pointer\":");
        page.text(self.pointer);
        page.raw(",\"stepId\":");
        page.text(self.step_id);
        if let Some(timeout_at) = self.timeout_at {
            page.raw(",\"timeoutAt\":");
            page.instant(timeout_at);
        }
        page.raw("}");
    }
}

impl WriteJson for ErrorEntry<'_> {
    fn write_json(&self, page: &mut CanonicalPage) {
        page.raw("{\"code\":");
        page.text(self.code);
        if let Some(flow_id) = self.flow_id {
            page.raw(",\"flowId\":");
            page.text(flow_id);
        }
        page.raw(",\"message\":");
        page.text(&self.message);
        page.raw(",\"pointer\":");
        page.text(&self.pointer);
        if let Some(position) = self.position {
            page.raw(",\"position\":{\"length\":");
            page.integer(position.length);
            page.raw(",\"offset\":");
            page.integer(position.offset);
            page.raw("}");
        }
        page.raw(",\"stepId\":");
        page.text(self.step_id);
        page.raw("}");
    }
}
