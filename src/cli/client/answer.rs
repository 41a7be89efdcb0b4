//! The envelope of a success, and the parts that several answers have.

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;

use crate::cli::failure::Failure;

/// What stands in an envelope, unread.
#[derive(Debug)]
pub struct Answer {
    data: Box<RawValue>,
}

#[derive(Deserialize)]
struct Envelope {
    data: Box<RawValue>,
}

impl Answer {
    pub(super) fn read(text: &str) -> Result<Self, Failure> {
        let Envelope { data } = serde_json::from_str(text).map_err(not_understood)?;
        Ok(Self { data })
    }

    /// As the service wrote it.
    pub fn json(&self) -> &str {
        self.data.get()
    }

    pub fn data<T: DeserializeOwned>(&self) -> Result<T, Failure> {
        serde_json::from_str(self.data.get()).map_err(not_understood)
    }
}

fn not_understood(error: serde_json::Error) -> Failure {
    Failure::NoAnswer(format!("the answer is not one of a flow registry this command knows: {error}"))
}

/// The person, API key or program that made a change, as an answer of the API names it.
#[derive(Debug, Clone, Deserialize)]
pub struct Actor {
    id: String,
    name: Option<String>,
}

impl Actor {
    pub fn as_str(&self) -> &str {
        self.name.as_deref().unwrap_or(&self.id)
    }
}

/// What validation says of one place in a document.
#[derive(Debug, Clone, Deserialize)]
pub struct Finding {
    pub severity: String,
    pub pointer: String,
    pub message: String,
    pub hint: Option<String>,
}

impl Finding {
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
