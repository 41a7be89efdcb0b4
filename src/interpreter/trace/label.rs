//! What a trace says of a step on every visit, and of a source at every evaluation: written as JSON when the flow is
//! compiled, and only copied by runs.

use super::shown::cut;
use crate::interpreter::canonical::quoted;

/// The members of a step's entry that are always the same, around its status.
#[derive(Debug)]
pub struct StepLabel {
    pub to_status: Box<str>,
    pub to_visit: Box<str>,
}

impl StepLabel {
    pub fn new(id: &str, type_name: &str, pointer: &str) -> Self {
        let (id, type_name, pointer) = (quoted(id), quoted(type_name), quoted(pointer));
        Self {
            to_status: format!(",\"pointer\":{pointer},\"status\":\"").into(),
            to_visit: format!("\",\"stepId\":{id},\"type\":{type_name},\"visit\":").into(),
        }
    }
}

/// The members of an evaluation that are always the same, around its result and the values it saw.
#[derive(Debug)]
pub struct SourceLabel {
    pub to_result: Box<str>,
    pub to_values: Box<str>,
    /// The name of each value.
    pub names: Box<[Box<str>]>,
    /// Bytes in all of this.
    pub bytes: usize,
}

impl SourceLabel {
    /// `paths` are what the source refers to, in canonical order.
    pub fn new<'p>(pointer: &str, source: &str, paths: impl IntoIterator<Item = &'p str>) -> Self {
        let source = quoted(cut(source).as_deref().unwrap_or(source));
        let to_result = format!("\"pointer\":{},\"result\":", quoted(pointer));
        let to_values = format!(",\"source\":{source},\"values\":{{");
        let names: Box<[Box<str>]> =
            paths.into_iter().map(|path| format!("{}:", quoted(path)).into()).collect();
        let bytes =
            to_result.len() + to_values.len() + names.iter().map(|name| name.len() + 1).sum::<usize>();
        Self { to_result: to_result.into(), to_values: to_values.into(), names, bytes }
    }
}
