//! Places in a document that is merged, by pointer and in the author's terms.

use crate::flow::pointer;

/// A value inside the document.
#[derive(Debug, Clone)]
pub(super) struct Place {
    /// Into the sent document.
    pointer: String,
    path: String,
    /// How many names lead to it.
    depth: usize,
}

impl Place {
    pub(super) fn root() -> Self {
        Self { pointer: String::new(), path: String::new(), depth: 0 }
    }

    pub(super) fn member(&self, name: &str) -> Self {
        let mut pointer = self.pointer.clone();
        pointer::push(&mut pointer, name);
        Self { pointer, ..self.inside(name) }
    }

    /// An entry of a list; `index` is where the sent document has it.
    pub(super) fn entry(&self, id: &str, index: Option<usize>) -> Self {
        let mut pointer = self.pointer.clone();
        if let Some(index) = index {
            pointer::push(&mut pointer, &index.to_string());
        }
        Self { pointer, ..self.inside(id) }
    }

    fn inside(&self, name: &str) -> Self {
        let path = if self.path.is_empty() { name.to_owned() } else { format!("{}.{name}", self.path) };
        Self { pointer: self.pointer.clone(), path, depth: self.depth + 1 }
    }

    pub(super) fn is_document(&self) -> bool {
        self.depth == 0
    }

    pub(super) fn is_steps(&self) -> bool {
        self.depth == 1 && self.path == "steps"
    }

    /// Whether it is the document or a step, which have data of editors.
    pub(super) fn has_meta(&self) -> bool {
        self.is_document() || (self.depth == 2 && self.path.starts_with("steps."))
    }

    /// The pointer, and the path in the author's terms.
    pub(super) fn written(&self) -> (String, String) {
        (self.pointer.clone(), self.path.clone())
    }
}
