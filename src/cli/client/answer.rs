//! The envelope of a success.

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;

use crate::cli::failure::Failure;

/// What stands in an envelope, unread.
#[derive(Debug)]
pub struct AnswerData {
    data: Box<RawValue>,
}

#[derive(Deserialize)]
struct Envelope {
    data: Box<RawValue>,
}

impl AnswerData {
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
