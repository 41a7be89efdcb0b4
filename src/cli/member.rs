//! Members that several answers of the service have.

use serde::Deserialize;

/// The person, API key or program that made a change, as an answer of the API names it.
#[derive(Debug, Clone, Deserialize)]
pub struct ShownActor {
    id: String,
    name: Option<String>,
}

impl ShownActor {
    pub fn as_str(&self) -> &str {
        self.name.as_deref().unwrap_or(&self.id)
    }
}

/// What validation says of one place in a document.
#[derive(Debug, Clone, Deserialize)]
pub struct ShownFinding {
    pub severity: String,
    pub pointer: String,
    pub message: String,
    pub hint: Option<String>,
}

impl ShownFinding {
    pub fn is_error(&self) -> bool {
        self.severity == "error"
    }

    pub fn sentence(&self) -> String {
        match &self.hint {
            Some(hint) => format!("{} {hint}", self.message),
            None => self.message.clone(),
        }
    }
}
