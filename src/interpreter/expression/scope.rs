//! The names an expression can see and their values at one moment of a run: variables, and the namespaces
//! (docs/flow-format.md, 4.1).

use std::collections::HashMap;
use std::sync::Arc;

use chrono_tz::Tz;
use minijinja::value::{Enumerator, Object};

use crate::interpreter::locale::Locale;
use crate::interpreter::value::{self, Value};

/// The names a flow declares. Shared by every run of it.
#[derive(Debug, Default)]
pub struct Names {
    pub variables: Vec<Box<str>>,
    pub steps: Vec<Box<str>>,
    /// Whether the flow goes on where a value is missing: `settings.missing`.
    pub missing_is_empty: bool,
    variable_index: HashMap<Box<str>, usize>,
    step_index: HashMap<Box<str>, usize>,
}

impl Names {
    pub fn new<'a>(
        variables: impl IntoIterator<Item = &'a str>,
        steps: impl IntoIterator<Item = &'a str>,
    ) -> Self {
        let variables: Vec<Box<str>> = variables.into_iter().map(Box::from).collect();
        let steps: Vec<Box<str>> = steps.into_iter().map(Box::from).collect();
        let index = |names: &[Box<str>]| names.iter().cloned().zip(0..).collect();
        let (variable_index, step_index) = (index(&variables), index(&steps));
        Self { variable_index, step_index, variables, steps, missing_is_empty: false }
    }

    pub fn variable(&self, name: &str) -> Option<usize> {
        self.variable_index.get(name).copied()
    }

    pub fn step(&self, id: &str) -> Option<usize> {
        self.step_index.get(id).copied()
    }
}

/// What `steps.<id>` answers: the latest visit of a step. One that was never visited has 0 visits.
#[derive(Debug, Clone, Default)]
pub struct StepRecord {
    pub value: Value,
    pub outcome: Value,
    pub visits: u32,
    pub status: &'static str,
    /// `{code, message}` of the error the latest visit ended with.
    pub error: Value,
}

impl StepRecord {
    pub fn get(&self, field: &str) -> Value {
        match field {
            "value" => self.value.clone(),
            "outcome" => self.outcome.clone(),
            "visits" => Value::from(self.visits),
            "status" if !self.status.is_empty() => Value::from(self.status),
            "error" => self.error.clone(),
            _ => Value::UNDEFINED,
        }
    }

    fn to_value(&self) -> Value {
        let fields = ["value", "outcome", "visits", "status", "error"];
        value::object(fields.map(|field| (field, self.get(field))))
    }
}

/// Where a name path begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Root {
    Variable(usize),
    Vars,
    Contact,
    Trigger,
    Input,
    Flow,
    Run,
    Now,
    Today,
    Steps,
    Secrets,
    /// Values of the organization, where the flow declares no variable of the name.
    Env,
    Item,
    Loop,
    Value,
    Response,
    /// Declared nowhere: always undefined.
    Unknown,
}

impl Root {
    pub fn of(name: &str, names: &Names) -> Self {
        match name {
            "vars" => Self::Vars,
            "contact" => Self::Contact,
            "trigger" => Self::Trigger,
            "input" => Self::Input,
            "flow" => Self::Flow,
            "run" => Self::Run,
            "now" => Self::Now,
            "today" => Self::Today,
            "steps" => Self::Steps,
            "secrets" => Self::Secrets,
            "env" if names.variable(name).is_none() => Self::Env,
            "item" => Self::Item,
            "loop" => Self::Loop,
            "value" => Self::Value,
            "response" => Self::Response,
            _ => names.variable(name).map_or(Self::Unknown, Self::Variable),
        }
    }
}

/// The state an evaluation reads. One per flow on the call stack.
#[derive(Debug, Clone, Default)]
pub struct EvaluationScope {
    pub names: Arc<Names>,
    pub variables: Vec<Value>,
    pub steps: Vec<StepRecord>,
    /// `flow`, `trigger`, `input`, `run`, `now` and `today` are filled in before an expression that asks for them
    /// is evaluated.
    pub flow: Value,
    /// What the whole conversation shares; moved to the called flow and back.
    pub shared: Shared,
    /// `item` and `loop` in `optionsFrom`, `value` in `validation`, `response` in `extract`.
    pub local: Local,
    /// Whether `secrets` may be read: in headers, query and body of `http` only.
    pub secrets: bool,
}

#[derive(Debug, Clone, Default)]
pub struct Shared {
    pub contact: Value,
    pub trigger: Value,
    pub input: Value,
    pub run: Value,
    pub now: Value,
    pub today: Value,
    pub env: Value,
    pub locale: Locale,
    pub zone: Tz,
}

#[derive(Debug, Clone, Default)]
pub struct Local {
    pub item: Value,
    pub index: u32,
    pub value: Value,
    pub response: Value,
}

impl EvaluationScope {
    /// The name under which filters find the scope; no template can spell it.
    pub const SELF: &'static str = " scope";

    /// A namespace or a variable. `Vars`, `Steps` and `Secrets` are whole objects only when asked for bare.
    pub fn root(&self, root: Root) -> Value {
        match root {
            Root::Variable(index) => self.variables.get(index).cloned().unwrap_or_default(),
            Root::Vars => self.all_variables(),
            Root::Contact => self.shared.contact.clone(),
            Root::Trigger => self.shared.trigger.clone(),
            Root::Input => self.shared.input.clone(),
            Root::Flow => self.flow.clone(),
            Root::Run => self.shared.run.clone(),
            Root::Now => self.shared.now.clone(),
            Root::Today => self.shared.today.clone(),
            Root::Env => self.shared.env.clone(),
            Root::Steps => self.all_steps(),
            Root::Secrets if self.secrets => Value::from_object(Secrets),
            Root::Item => self.local.item.clone(),
            Root::Loop if self.local.index > 0 => value::object([("index", Value::from(self.local.index))]),
            Root::Value => self.local.value.clone(),
            Root::Response => self.local.response.clone(),
            Root::Secrets | Root::Loop | Root::Unknown => Value::UNDEFINED,
        }
    }

    /// The value of a variable or of one below it, borrowed where it is stored.
    pub fn stored(&self, root: Root) -> Option<&Value> {
        match root {
            Root::Variable(index) => self.variables.get(index),
            Root::Contact => Some(&self.shared.contact),
            Root::Trigger => Some(&self.shared.trigger),
            Root::Input => Some(&self.shared.input),
            Root::Flow => Some(&self.flow),
            Root::Run => Some(&self.shared.run),
            Root::Now => Some(&self.shared.now),
            Root::Today => Some(&self.shared.today),
            Root::Env => Some(&self.shared.env),
            Root::Item => Some(&self.local.item),
            Root::Value => Some(&self.local.value),
            Root::Response => Some(&self.local.response),
            _ => None,
        }
    }

    pub fn all_variables(&self) -> Value {
        value::object(self.names.variables.iter().cloned().zip(self.variables.iter().cloned()))
    }

    fn all_steps(&self) -> Value {
        let steps = self.names.steps.iter().zip(&self.steps);
        value::object(steps.map(|(id, record)| (id.clone(), record.to_value())))
    }
}

impl Object for EvaluationScope {
    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        self.get_value_by_str(key.as_str()?)
    }

    fn get_value_by_str(self: &Arc<Self>, key: &str) -> Option<Value> {
        if key == Self::SELF {
            return Some(Value::from_dyn_object(self.clone()));
        }
        let value = self.root(Root::of(key, &self.names));
        (!value.is_undefined()).then_some(value)
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        Enumerator::NonEnumerable
    }
}

/// Every secret, as the sandbox shows it. Their real values never enter a run.
#[derive(Debug)]
struct Secrets;

impl Object for Secrets {
    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        key.as_str().map(masked_secret)
    }
}

/// What stands for a secret wherever it would be rendered.
pub fn masked_secret(name: &str) -> Value {
    Value::from(format!("«secret:{name}»"))
}
