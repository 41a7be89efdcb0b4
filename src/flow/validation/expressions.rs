//! What templates and expressions refer to, held against what the document declares.

use std::collections::BTreeSet;
use std::ops::Range;

use minijinja::value::ValueKind;

use super::collect::{Fault, Findings};
use super::faults::{faults, unreadable};
use super::names::answer_type;
use super::pattern::Patterns;
use crate::expression::{ComparedOperands, NameUse, Operand, SourceLanguage, Syntax};
use crate::flow::document::{Canonical, Document, LocalNames, Site, Step, StepKind, VariableType};
use crate::flow::env;
use crate::flow::finding::{Chars, Finding, Position};
use crate::flow::language::{NAMESPACES, STEP_FIELDS};
use crate::flow::text::nearest;

/// A variable is read.
#[derive(Debug, Clone)]
pub struct VariableRead {
    /// Its index among the variables.
    pub variable: usize,
    pub step: Option<usize>,
    pub pointer: String,
    pub position: Position,
    /// Whether the place is content when it is not set.
    pub is_guarded: bool,
}

/// What all sources together say.
#[derive(Debug, Default)]
pub struct Reads {
    pub reads: Vec<VariableRead>,
    /// Variables that are read.
    pub variables: BTreeSet<usize>,
    /// Whether some source could not be read, or reads names that are computed.
    pub is_partial: bool,
}

/// Checks every template and expression.
pub fn check(flow: &Canonical, patterns: &mut Patterns, findings: &mut Findings) -> Reads {
    let mut reads = Reads::default();
    let document = &flow.document;
    flow.sites(&mut |site| {
        let read = Syntax::read(site.source, site.language);
        let (syntax, unreadable) = match read {
            Ok(syntax) => (syntax, None),
            Err(refusal) => (Syntax::default(), Some(unreadable(site.source, site.language, refusal))),
        };
        let remarked = syntax.remarks.iter().flat_map(|remark| faults(remark, patterns));
        let faults: Vec<Fault> = unreadable.into_iter().chain(remarked).collect();
        let chars = Chars::of(site.source);
        let mut check = Check { document, site, chars, findings, reads: &mut reads };
        check.faults(&faults);
        syntax.paths.iter().for_each(|path| check.path(path));
        syntax.comparisons.iter().for_each(|comparison| check.comparison(comparison));
        let is_constant = syntax.paths.is_empty() && !syntax.calls && faults.is_empty();
        check.dead_case(is_constant);
    });
    reads
}

struct Check<'a> {
    document: &'a Document,
    site: Site<'a>,
    chars: Chars<'a>,
    findings: &'a mut Findings,
    reads: &'a mut Reads,
}

impl Check<'_> {
    /// `meant` finds the name that may have been meant, if a finding is still wanted.
    fn error(
        &mut self,
        code: &'static str,
        span: &Range<usize>,
        message: String,
        meant: impl FnOnce() -> Option<String>,
    ) {
        let Self { site, chars, findings, .. } = self;
        findings.push_with(|| {
            let Position { offset, length } = chars.position(span);
            let finding = Finding::error(code, site.pointer, message).at(offset, length);
            finding.did_you_mean(meant().as_deref())
        });
    }

    fn faults(&mut self, faults: &[Fault]) {
        for Fault { finding, span } in faults {
            self.reads.is_partial |= finding.code == "EXPR_SYNTAX";
            let Position { offset, length } = self.chars.position(span);
            let finding = Finding { pointer: self.site.pointer.to_owned(), ..finding.clone() };
            self.findings.push(finding.at(offset, length));
        }
    }

    fn path(&mut self, path: &NameUse) {
        match path.root.as_str() {
            "vars" => match path.members.first() {
                Some((name, end)) => self.variable(name, path.root_span.start..*end, path.is_guarded),
                None => self.reads.is_partial = true,
            },
            "steps" => self.step_record(path),
            "now" | "today" => self.member(path, &[]),
            "env" if self.document.variable("env").is_none() => self.value_of_organization(path),
            root @ ("item" | "loop" | "value" | "response" | "secrets") => self.local(root, path),
            root => match NAMESPACES.iter().find(|&&(name, _)| name == root) {
                Some(&(_, fields)) => self.member(path, fields),
                None => self.variable(root, path.root_span.clone(), path.is_guarded),
            },
        }
    }

    fn variable(&mut self, name: &str, span: Range<usize>, is_guarded: bool) {
        let variables = &self.document.variables;
        let Some(variable) = variables.iter().position(|variable| variable.name == name) else {
            let message = format!("Variable \"{name}\" is not declared.");
            let declared = variables.iter().map(|variable| variable.name.as_str());
            let namespaces =
                NAMESPACES.iter().map(|&(name, _)| name).chain(["now", "today", "steps", "vars"]);
            let meant = || nearest(name, declared.chain(namespaces)).map(str::to_owned);
            return self.error("UNDEFINED_VARIABLE", &span, message, meant);
        };
        self.reads.variables.insert(variable);
        self.reads.reads.push(VariableRead {
            variable,
            step: self.site.step,
            pointer: self.site.pointer.to_owned(),
            position: self.chars.position(&span),
            is_guarded,
        });
    }

    /// The first member of a namespace must be one of its fields.
    fn member(&mut self, path: &NameUse, fields: &[&str]) {
        let Some((field, end)) = path.members.first() else { return };
        if !fields.contains(&field.as_str()) {
            let message = format!("\"{}\" has no \"{field}\".", path.root);
            let span = path.root_span.start..*end;
            let meant = || nearest(field, fields.iter().copied()).map(str::to_owned);
            self.error("UNKNOWN_NAMESPACE_FIELD", &span, message, meant);
        }
    }

    fn value_of_organization(&mut self, path: &NameUse) {
        let Some((name, end)) = path.members.first().filter(|(name, _)| !env::is_name(name)) else { return };
        let message = format!("\"env\" has no \"{name}\": names of values are written in capital letters.");
        let meant = || Some(name.to_uppercase()).filter(|meant| env::is_name(meant));
        self.error("UNKNOWN_NAMESPACE_FIELD", &(path.root_span.start..*end), message, meant);
    }

    fn step_record(&mut self, path: &NameUse) {
        let mut members = path.members.iter();
        let Some((id, end)) = members.next() else { return };
        let document = self.document;
        if document.step(id).is_none() {
            let message = format!("No step has id \"{id}\".");
            let ids = document.steps.iter().map(|step| step.id.as_str());
            let meant = || nearest(id, ids).map(str::to_owned);
            return self.error("UNKNOWN_NAMESPACE_FIELD", &(path.root_span.start..*end), message, meant);
        }
        let Some((field, end)) = members.next() else { return };
        if !STEP_FIELDS.contains(&field.as_str()) {
            let message = format!("A step's record has no \"{field}\".");
            let meant = || nearest(field, STEP_FIELDS.iter().copied()).map(str::to_owned);
            self.error("UNKNOWN_NAMESPACE_FIELD", &(path.root_span.start..*end), message, meant);
        }
    }

    /// Names that exist at some places only.
    fn local(&mut self, root: &str, path: &NameUse) {
        let LocalNames { item, value, response, secrets } = self.site.names;
        let (exists, place) = match root {
            "item" | "loop" => (item, "\"optionsFrom\""),
            "value" => (value, "\"validation\""),
            "response" => (response, "\"extract\""),
            _ => (secrets, "the headers, query and body of an http step"),
        };
        if !exists {
            let message = format!("\"{root}\" exists in {place} only.");
            return self.error("UNDEFINED_VARIABLE", &path.root_span, message, || None);
        }
        match root {
            "loop" => self.member(path, &["index"]),
            "response" => self.member(path, &["status", "headers", "body"]),
            _ => {}
        }
    }

    fn comparison(&mut self, comparison: &ComparedOperands) {
        let (left, right) = (self.kind(&comparison.left), self.kind(&comparison.right));
        let unordered =
            [left, right].into_iter().flatten().find(|kind| comparison.is_order && !kind.has_order());
        let message = match (left, right) {
            (Some(left), Some(right)) if !left.compares_with(right) => {
                Some(format!("A {left} is compared with a {right}."))
            }
            _ => unordered.map(|kind| format!("A {kind} has no order.")),
        };
        if let Some(message) = message {
            let Position { offset, length } = self.chars.position(&comparison.span);
            let finding = Finding::warning("MIXED_COMPARISON", self.site.pointer, message);
            self.findings.push(finding.at(offset, length));
        }
    }

    fn kind(&self, operand: &Operand) -> Option<Kind> {
        match operand {
            Operand::Name(name) if name == "today" => Some(Kind::Declared(VariableType::Date)),
            Operand::Name(name) if name == "now" => Some(Kind::Declared(VariableType::Datetime)),
            Operand::Name(name) if name == "value" && self.site.names.value => {
                match &self.document.steps.get(self.site.step?)?.kind {
                    StepKind::Ask(ask) => answer_type(ask.input).map(Kind::Declared),
                    _ => None,
                }
            }
            Operand::Said => Some(Kind::Declared(VariableType::String)),
            Operand::Name(name) => {
                let kind = self.document.variable(name)?.kind;
                (kind != VariableType::Any).then_some(Kind::Declared(kind))
            }
            Operand::Constant(ValueKind::Number) => Some(Kind::Constant(VariableType::Number)),
            Operand::Constant(ValueKind::String) => Some(Kind::Constant(VariableType::String)),
            Operand::Constant(ValueKind::Bool) => Some(Kind::Constant(VariableType::Boolean)),
            _ => None,
        }
    }

    /// A case of a branch that is decided before the run.
    fn dead_case(&mut self, is_constant: bool) {
        let Some(case) = case_index(&self.site) else { return };
        let Some(Step { kind: StepKind::Branch(branch), .. }) =
            self.site.step.and_then(|step| self.document.steps.get(step))
        else {
            return;
        };
        let words = |source: &str| source.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
        let own = words(self.site.source);
        let earlier = branch.cases.iter().take(case).position(|earlier| words(&earlier.when) == own);
        let message = match earlier {
            Some(earlier) => {
                format!("The condition is that of case {earlier}, so this case is never reached.")
            }
            None if is_constant => "The condition is always the same.".to_owned(),
            None => return,
        };
        let length = self.site.source.chars().count();
        self.findings.push(Finding::warning("DEAD_CASE", self.site.pointer, message).at(0, length));
    }
}

/// The index of the case whose condition a site is.
fn case_index(site: &Site<'_>) -> Option<usize> {
    let (before, index) = site.pointer.strip_suffix("/when")?.rsplit_once('/')?;
    if site.language == SourceLanguage::Expression && before.ends_with("/cases") {
        index.parse().ok()
    } else {
        None
    }
}

/// The type of one side of a comparison.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Declared(VariableType),
    Constant(VariableType),
}

impl Kind {
    /// Whether one value of the type can be less than another.
    fn has_order(self) -> bool {
        use VariableType::{File, Location, Object};
        let (Self::Declared(kind) | Self::Constant(kind)) = self;
        !matches!(kind, Object | File | Location)
    }

    fn compares_with(self, other: Self) -> bool {
        use VariableType::{Date, Datetime, Integer, Number, String, Time};
        let wider = |kind| if kind == Integer { Number } else { kind };
        match (self, other) {
            (Self::Constant(_), Self::Constant(_)) => true,
            // Points in time are written as text.
            (Self::Declared(Date | Time | Datetime), Self::Constant(String))
            | (Self::Constant(String), Self::Declared(Date | Time | Datetime)) => true,
            (Self::Declared(left) | Self::Constant(left), Self::Declared(right) | Self::Constant(right)) => {
                wider(left) == wider(right)
            }
        }
    }
}

impl std::fmt::Display for Kind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Declared(kind) => write!(f, "value of type {}", kind.as_str()),
            Self::Constant(kind) => write!(f, "literal {}", kind.as_str()),
        }
    }
}
