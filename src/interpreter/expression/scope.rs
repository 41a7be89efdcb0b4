//! The names an expression can see and their values at one moment of a run: variables, and the namespaces
//! (docs/flow-format.md, 4.1).

use std::sync::Arc;

use chrono_tz::Tz;
use minijinja::value::{Enumerator, Object};

use crate::expression::{Names, Root};
use crate::interpreter::locale::Locale;
use crate::interpreter::value::{self, Value};

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
            Root::Vars => self.all_variables(),
            Root::Steps => self.all_steps(),
            Root::Secrets if self.secrets => Value::from_object(Secrets),
            Root::Loop if self.local.index > 0 => value::object([("index", Value::from(self.local.index))]),
            _ => self.stored(root).cloned().unwrap_or_default(),
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
