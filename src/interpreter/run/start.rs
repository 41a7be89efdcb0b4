//! From a request to a trace: start values, trigger, the walk, and what is left to tell at the end.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde_json::Value as Json;
use uuid::Uuid;

use super::recorder::Recorder;
use super::script::Script;
use super::{FlowEnd, Frame, Run, RunEnd};
use crate::flow::finding::Finding;
use crate::interpreter::error::{ErrorEntry, StepError, code};
use crate::interpreter::expression::{Evaluator, Shared};
use crate::interpreter::inbound::{Inbound, InboundContent};
use crate::interpreter::locale::{Locale, fallbacks};
use crate::interpreter::mock::MockUses;
use crate::interpreter::pace::RunPace;
use crate::interpreter::program::{CalledFlows, Match, Program, Started};
use crate::interpreter::request::{RunRequest, Start};
use crate::interpreter::trace::{
    ClockEntry, ContactEntry, ENGINE, FORMAT, FinalVariables, FlowEntry, HandoffEntry, RanVersion, RunStatus,
    Stats, Trace, WaitingFor, Warning, shown,
};
use crate::interpreter::value::{Value, from_json, member, members, object};
use crate::interpreter::write;

/// Which flow runs, and as which version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    id: String,
    version: RanVersion,
}

impl Identity {
    pub fn new(id: Uuid, version: RanVersion) -> Self {
        Self { id: id.to_string(), version }
    }
}

/// Runs a program, at any pace. Pure: equal arguments give equal traces. A request that does not fit the flow (unknown
/// variables, values that do not coerce, breakpoints at no step) comes back as findings.
pub fn run<'a>(
    program: &'a Program,
    identity: &'a Identity,
    called: &'a CalledFlows,
    request: &'a RunRequest,
    pace: &'a dyn RunPace,
) -> Result<Trace<'a>, Vec<Finding>> {
    let locale = chosen_locale(program, request);
    let zone = request.zone.unwrap_or(program.settings.timezone);
    let shared = Shared {
        contact: request.contact.clone(),
        trigger: Value::UNDEFINED,
        input: Value::UNDEFINED,
        run: Value::UNDEFINED,
        now: Value::UNDEFINED,
        today: Value::UNDEFINED,
        env: request.env_value(),
        locale: Locale::new(locale),
        zone,
    };
    let order = locale_order(program, locale);
    let mut frame = Frame::new(program, identity.version, vec![&identity.id], shared, order);
    set_start_values(&mut frame, request)?;
    let mut run = Run {
        request,
        called,
        clock: request.clock,
        evaluator: Evaluator::new(pace),
        stats: Stats::default(),
        mocks: MockUses::new(&request.mocks),
        recorder: Recorder::new(request.detail, program.coverage_bytes),
        script: Script::new(&request.inputs),
        callers: Vec::new(),
        locale,
        menu: Vec::new(),
        last_inbound: (!matches!(request.start, Start::Event { .. })).then_some(request.clock),
        has_left_window: false,
        consumed: None,
        now_at: None,
        keyword: None,
        entities: BTreeMap::new(),
    };
    let end = match triggered(&mut run, &mut frame) {
        Ok(true) => Some(converse(&mut run, &mut frame)),
        Ok(false) => None,
        Err(error) => Some(FlowEnd::Failed(trigger_error(&frame, &error))),
    };
    Ok(told(run, frame, identity, end))
}

/// Walks the flow, and those that take the conversation over from it, one after the other.
fn converse<'a>(run: &mut Run<'a>, frame: &mut Frame<'a>) -> FlowEnd<'a> {
    let mut end = frame.walk(run);
    while let FlowEnd::Over(RunEnd::Transferred(Some(mut next))) = end {
        let mut shared = std::mem::take(&mut frame.scope().shared);
        shared.zone = run.request.zone.unwrap_or(next.program.settings.timezone);
        shared.now = Value::UNDEFINED;
        next.resume(shared);
        end = next.walk(run);
        frame.scope().shared = std::mem::take(&mut next.scope().shared);
    }
    end
}

/// The indices of a program's locales that a run in this locale prefers, best first.
pub fn locale_order(program: &Program, locale: &str) -> Vec<usize> {
    let index = |tag: &str| program.locales.iter().position(|known| known.eq_ignore_ascii_case(tag));
    fallbacks(locale).filter_map(index).collect()
}

/// The request's, else the contact's language, else the flow's.
fn chosen_locale<'a>(program: &'a Program, request: &'a RunRequest) -> &'a str {
    let language = members(&request.contact).and_then(|contact| contact.get("language"));
    request
        .locale
        .as_deref()
        .or_else(|| language.and_then(Value::as_str).filter(|language| !language.is_empty()))
        .unwrap_or(&program.settings.locale)
}

fn set_start_values(frame: &mut Frame<'_>, request: &RunRequest) -> Result<(), Vec<Finding>> {
    let mut findings = Vec::new();
    for (name, json) in &request.variables {
        findings.extend(set_start_value(frame, name, json));
    }
    for (index, id) in request.breakpoints.iter().enumerate() {
        if frame.program.names.step(id).is_none() {
            let message = format!("no step has id \"{id}\"");
            findings.push(Finding::error("INVALID_VALUE", format!("/breakpoints/{index}"), message));
        }
    }
    if findings.is_empty() { Ok(()) } else { Err(findings) }
}

/// Sets a variable, or says why not.
fn set_start_value(frame: &mut Frame<'_>, name: &str, json: &Json) -> Option<Finding> {
    let mut pointer = "/variables".to_owned();
    crate::flow::pointer::push(&mut pointer, name);
    let Some(index) = frame.program.names.variable(name) else {
        let message = format!("the flow declares no variable {name}");
        return Some(Finding::error("UNDEFINED_VARIABLE", pointer, message));
    };
    let kind = frame.program.variables[index].kind;
    let value = from_json(json);
    let Some(coerced) = write::coerce(kind, &value) else {
        let message = write::mismatch(name, kind, &value).message;
        return Some(Finding::error("TYPE_MISMATCH", pointer, message));
    };
    if let Err(error) = frame.account(index, &coerced) {
        return Some(Finding::error("LIMIT_EXCEEDED", pointer, error.message));
    }
    frame.scope().variables[index] = coerced;
    None
}

/// Holds the start against the trigger, and notes what started the run.
fn triggered<'a>(run: &mut Run<'a>, frame: &mut Frame<'a>) -> Result<bool, StepError> {
    let program = frame.program;
    let (started, inbound) = match &run.request.start {
        Start::Manual => return Ok(true),
        Start::Message { text, intent, entities, payload } => {
            let mut inbound = Inbound::of_text(text.as_deref().unwrap_or_default());
            inbound.intent = intent.clone();
            inbound.entities = entities.clone();
            let started = Started::Message { text: text.as_deref(), intent: intent.as_deref(), payload };
            (started, inbound)
        }
        Start::Event { event, payload } => {
            let content = InboundContent::Event { event: event.clone(), payload: payload.clone() };
            let mut inbound = Inbound::of_text("");
            inbound.content = content;
            (Started::Event { event }, inbound)
        }
    };
    run.hear(&inbound, None)?;
    for trigger in &program.triggers {
        let Match::Yes { keyword } = trigger.matches(started, &mut run.evaluator.fuel)? else { continue };
        run.keyword = keyword;
        frame.scope().shared.trigger = Value::UNDEFINED;
        let Some(when) = &trigger.when else { return Ok(true) };
        run.refresh(frame, when.source());
        match when.evaluate(&frame.scope, &mut run.evaluator) {
            Err(error) if error.code == code::EXPR_UNDEFINED && program.names.missing_is_empty => {}
            result => {
                if result?.is_true() {
                    return Ok(true);
                }
            }
        }
    }
    Ok(false)
}

/// `trigger.*`. `keyword` is the one that started the run.
pub fn trigger_namespace(start: &Start, keyword: Option<&str>) -> Value {
    let text_value = |text: Option<&str>| text.map(Value::from).unwrap_or_default();
    match start {
        Start::Manual => object([("type", Value::from("manual"))]),
        Start::Message { text, intent, payload, .. } => object([
            ("type", Value::from("message")),
            ("text", text_value(text.as_deref())),
            ("keyword", text_value(keyword)),
            ("intent", text_value(intent.as_deref())),
            ("payload", payload.clone()),
        ]),
        Start::Event { event, payload } => object([
            ("type", Value::from("event")),
            ("text", Value::from(&**event)),
            ("payload", payload.clone()),
        ]),
    }
}

fn trigger_error<'a>(frame: &Frame<'a>, error: &StepError) -> ErrorEntry<'a> {
    ErrorEntry {
        code: error.code,
        flow_id: None,
        message: error.message.clone(),
        pointer: error.pointer.clone().unwrap_or_else(|| "/triggerConfig".into()),
        position: error.position,
        step_id: frame.program.steps.first().map_or("", |step| &step.id),
    }
}

/// How a run ended, in the terms of a trace.
struct Ending<'a> {
    status: RunStatus,
    outcome: Value,
    waiting_for: Option<WaitingFor<'a>>,
    handoff: Option<HandoffEntry>,
    error: Option<ErrorEntry<'a>>,
}

impl<'a> Ending<'a> {
    fn new(status: RunStatus) -> Self {
        Self { status, outcome: Value::UNDEFINED, waiting_for: None, handoff: None, error: None }
    }

    fn of(end: Option<FlowEnd<'a>>) -> Self {
        match end {
            None => Self::new(RunStatus::NotTriggered),
            Some(FlowEnd::Completed(outcome)) => Self { outcome, ..Self::new(RunStatus::Completed) },
            Some(FlowEnd::Failed(error) | FlowEnd::Over(RunEnd::Failed(error))) => {
                Self { error: Some(error), ..Self::new(RunStatus::Failed) }
            }
            Some(FlowEnd::Over(RunEnd::Exhausted(error))) => {
                Self { error: Some(error), ..Self::new(RunStatus::BudgetExhausted) }
            }
            Some(FlowEnd::Over(RunEnd::Waiting { status, waiting_for })) => {
                Self { waiting_for: Some(*waiting_for), ..Self::new(status) }
            }
            Some(FlowEnd::Over(RunEnd::HandedOff(handoff))) => {
                Self { handoff: Some(handoff), ..Self::new(RunStatus::HandedOff) }
            }
            Some(FlowEnd::Over(RunEnd::Transferred(_))) => Self::new(RunStatus::Transferred),
            Some(FlowEnd::Over(RunEnd::Expired)) => Self::new(RunStatus::Expired),
            Some(FlowEnd::Over(RunEnd::Stopped)) => Self::new(RunStatus::Stopped),
            Some(FlowEnd::Interrupted { .. }) => unreachable!("a calling flow goes on by its interrupt"),
        }
    }
}

fn told<'a>(
    mut run: Run<'a>,
    frame: Frame<'a>,
    identity: &'a Identity,
    end: Option<FlowEnd<'a>>,
) -> Trace<'a> {
    let Ending { status, outcome, waiting_for, handoff, error } = Ending::of(end);
    let (inputs_used, inputs_unused) = run.script.used_and_unused();
    run.stats.inputs_used = inputs_used;
    run.stats.inputs_unused = inputs_unused;
    if inputs_unused > 0 {
        run.recorder.warn(&Warning {
            code: "UNUSED_INPUTS",
            message: match inputs_unused {
                1 => "1 input was left over.".to_owned(),
                count => format!("{count} inputs were left over."),
            },
            pointer: None,
            step_id: None,
        });
    }
    let program = frame.program;
    let coverage = program.coverage(&frame.visited);
    let variables = program.variables_in_order.iter();
    let variables =
        variables.map(|index| (&*program.variables[*index].name, frame.scope.variables[*index].clone()));
    let final_variables = FinalVariables(variables.collect());
    let contact = &frame.scope.shared.contact;
    let (steps, transcript, warnings) = run.recorder.finish();
    Trace {
        called_flows: called_entries(run.called),
        clock: ClockEntry { end: run.clock, start: run.request.clock },
        contact: ContactEntry {
            attributes: shown(&member(contact, "attributes")),
            tags: shown(&member(contact, "tags")),
        },
        coverage,
        engine: ENGINE,
        error,
        final_variables,
        flow: FlowEntry {
            document_digest: program.digest(),
            id: Cow::Borrowed(&identity.id),
            version: identity.version,
        },
        format: FORMAT,
        handoff,
        locale: run.locale,
        outcome,
        seed: &run.request.seed,
        stats: run.stats,
        status,
        steps,
        transcript,
        waiting_for,
        warnings,
    }
}

/// Every flow that was resolved for the run, by id and version.
fn called_entries<'a>(called: &CalledFlows) -> Vec<FlowEntry<'a>> {
    let mut entries: Vec<FlowEntry<'a>> = called
        .0
        .iter()
        .map(|((id, _), flow)| FlowEntry {
            document_digest: flow.program.digest(),
            id: Cow::Owned(id.to_string()),
            version: flow.version,
        })
        .collect();
    entries.sort_by(|a, b| (&a.id, a.version).cmp(&(&b.id, b.version)));
    entries.dedup();
    entries
}
