//! The members of a trace, in the order in which canonical JSON has them.

use super::shown::shown;
use super::{FinalVariables, FlowEntry, HandoffEntry, RanVersion, Stats, Trace, WaitingFor};
use crate::interpreter::canonical::{CanonicalPage, WriteJson};
use crate::interpreter::error::ErrorEntry;

impl WriteJson for Trace<'_> {
    fn write_json(&self, page: &mut CanonicalPage) {
        page.raw("{");
        if !self.called_flows.is_empty() {
            page.raw("\"calledFlows\":").all(&self.called_flows);
            page.raw(",");
        }
        page.raw("\"clock\":{\"end\":").instant(self.clock.end);
        page.raw(",\"start\":").instant(self.clock.start);
        page.raw("},\"contact\":{\"attributes\":").value(&self.contact.attributes);
        page.raw(",\"tags\":").value(&self.contact.tags);
        page.raw("},\"coverage\":");
        self.coverage.write_json(page);
        page.raw(",\"engine\":").text(self.engine);
        page.raw(",\"error\":").maybe(self.error.as_ref());
        page.raw(",\"finalVariables\":");
        self.final_variables.write_json(page);
        page.raw(",\"flow\":");
        self.flow.write_json(page);
        page.raw(",\"format\":").text(self.format);
        page.raw(",\"handoff\":").maybe(self.handoff.as_ref());
        page.raw(",\"locale\":").text(self.locale);
        page.raw(",\"outcome\":").value(&self.outcome);
        page.raw(",\"seed\":").text(self.seed);
        page.raw(",\"stats\":");
        self.stats.write_json(page);
        page.raw(",\"status\":").text(self.status.as_str());
        page.raw(",\"steps\":").all(&self.steps);
        page.raw(",\"transcript\":").all(&self.transcript);
        page.raw(",\"waitingFor\":").maybe(self.waiting_for.as_ref());
        page.raw(",\"warnings\":").all(&self.warnings);
        page.raw("}");
    }
}

impl WriteJson for FlowEntry<'_> {
    fn write_json(&self, page: &mut CanonicalPage) {
        page.raw("{\"documentDigest\":").plain(self.document_digest);
        page.raw(",\"id\":").text(&self.id);
        page.raw(",\"version\":");
        match self.version {
            RanVersion::Number(version) => page.integer(version),
            RanVersion::Inline => _ = page.raw("\"inline\""),
        }
        page.raw("}");
    }
}

impl WriteJson for FinalVariables<'_> {
    fn write_json(&self, page: &mut CanonicalPage) {
        let mut mark = "{";
        for (name, value) in &self.0 {
            page.raw(std::mem::replace(&mut mark, ",")).text(name);
            page.raw(":").value(&shown(value));
        }
        page.raw(if mark == "{" { "{}" } else { "}" });
    }
}

impl WriteJson for HandoffEntry {
    fn write_json(&self, page: &mut CanonicalPage) {
        page.raw("{\"note\":").value(&self.note);
        page.raw(",\"priority\":").text(self.priority);
        page.raw(",\"queue\":").value(&self.queue);
        page.raw("}");
    }
}

impl WriteJson for Stats {
    fn write_json(&self, page: &mut CanonicalPage) {
        page.raw("{\"actionCalls\":").integer(self.action_calls);
        page.raw(",\"httpCalls\":").integer(self.http_calls);
        page.raw(",\"inputsUnused\":").integer(self.inputs_unused);
        page.raw(",\"inputsUsed\":").integer(self.inputs_used);
        page.raw(",\"messagesOut\":").integer(self.messages_out);
        page.raw(",\"steps\":").integer(self.steps);
        page.raw(",\"waits\":").integer(self.waits);
        page.raw("}");
    }
}

impl WriteJson for WaitingFor<'_> {
    fn write_json(&self, page: &mut CanonicalPage) {
        page.raw("{\"attempt\":").integer(self.attempt);
        if let Some(event) = self.event {
            page.raw(",\"event\":").text(event);
        }
        if let Some(input) = self.input {
            page.raw(",\"input\":").text(input);
        }
        page.raw(",\"kind\":").text(self.kind);
        if !self.options.is_empty() {
            page.raw(",\"options\":").list(&self.options, |page, option| {
                page.raw("{\"id\":").value(&option.id);
                page.raw(",\"title\":").value(&option.title);
                page.raw("}");
            });
        }
        page.raw(",\"pointer\":").text(self.pointer);
        page.raw(",\"stepId\":").text(self.step_id);
        if let Some(timeout_at) = self.timeout_at {
            page.raw(",\"timeoutAt\":").instant(timeout_at);
        }
        page.raw("}");
    }
}

impl WriteJson for ErrorEntry<'_> {
    fn write_json(&self, page: &mut CanonicalPage) {
        page.raw("{\"code\":").text(self.code);
        if let Some(flow_id) = self.flow_id {
            page.raw(",\"flowId\":").text(flow_id);
        }
        page.raw(",\"message\":").text(&self.message);
        page.raw(",\"pointer\":").text(&self.pointer);
        if let Some(position) = self.position {
            page.raw(",\"position\":{\"length\":").integer(position.length);
            page.raw(",\"offset\":").integer(position.offset);
            page.raw("}");
        }
        page.raw(",\"stepId\":").text(self.step_id);
        page.raw("}");
    }
}
