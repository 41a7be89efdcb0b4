//! The names a flow declares, and where a name path begins.

use std::collections::HashMap;

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
