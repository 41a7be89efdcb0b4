//! A refusal of the service, as people read it.

use std::fmt;

use serde::Deserialize;
use ureq::http::StatusCode;

use super::member::ShownFinding;
use super::screen::plain;

/// The members of a problem (RFC 9457) that are shown.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ProblemDetails {
    pub status: u16,
    title: String,
    #[serde(default)]
    detail: String,
    request_id: Option<String>,
    #[serde(default)]
    errors: Vec<FieldError>,
    #[serde(default)]
    findings: Vec<ShownFinding>,
}

#[derive(Debug, Deserialize)]
struct FieldError {
    pointer: Option<String>,
    parameter: Option<String>,
    header: Option<String>,
    message: String,
}

impl FieldError {
    fn place(&self) -> &str {
        [&self.pointer, &self.parameter, &self.header].into_iter().flatten().next().map_or("", String::as_str)
    }
}

impl ProblemDetails {
    /// Replaces the names of API parameters in this problem by other names, such as those of command line options.
    pub fn naming(mut self, names: &[(&str, &str)]) -> Self {
        for (parameter, name) in names {
            self.detail = self.detail.replace(parameter, name);
            for error in &mut self.errors {
                error.message = error.message.replace(parameter, name);
                error.parameter = error.parameter.take().map(|it| it.replace(parameter, name));
            }
        }
        self
    }

    /// Reads the body of an error. A body that is not a problem document, such as the page of a proxy, is left out.
    pub fn read(status: StatusCode, text: &str) -> Self {
        serde_json::from_str(text).unwrap_or_else(|_| Self {
            status: status.as_u16(),
            title: status.to_string(),
            detail: "The answer does not come from a flow registry.".to_owned(),
            request_id: None,
            errors: Vec::new(),
            findings: Vec::new(),
        })
    }
}

impl fmt::Display for ProblemDetails {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", plain(&self.title), plain(&self.detail))?;
        for error in self.errors.iter().filter(|error| !self.detail.contains(&error.message)) {
            write!(f, "\n  {}: {}", plain(error.place()), plain(&error.message))?;
        }
        for finding in &self.findings {
            let ShownFinding { severity, pointer, .. } = finding;
            write!(f, "\n  {} {}: {}", plain(severity), plain(pointer), plain(&finding.sentence()))?;
        }
        match &self.request_id {
            Some(id) => write!(f, "\n  request {}", plain(id)),
            None => Ok(()),
        }
    }
}

impl std::error::Error for ProblemDetails {}
