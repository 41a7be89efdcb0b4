//! One request, sent until it is answered or there is no hope.

use std::io;
use std::time::Duration;

use secrecy::ExposeSecret;
use serde_json::Value;
use ureq::http::{Response, header};
use ureq::{BodyReader, RequestBuilder};
use uuid::Uuid;

use super::answer::AnswerData;
use super::connection::Client;
use crate::cli::failure::Failure;
use crate::cli::problem::ProblemDetails;

const TRIES: u32 = 3;
const PAUSE: Duration = Duration::from_millis(300);
/// A longer wait, when the service asks for one, is left to whoever typed the command.
const PAUSE_MAX: Duration = Duration::from_secs(5);
/// What a problem may take, in bytes.
const PROBLEM_MAX: u64 = 1024 * 1024;

/// A request that is put together.
pub struct Call<'c> {
    client: &'c Client,
    path: String,
    query: Vec<(&'static str, String)>,
    headers: Vec<(&'static str, String)>,
    body: Body,
}

enum Body {
    None,
    Json(String),
}

impl Client {
    /// `path` follows the organization's own, and begins with a slash.
    pub fn get(&self, path: &str) -> Call<'_> {
        Call::new(self, path, Body::None)
    }

    pub fn post(&self, path: &str, body: &Value) -> Call<'_> {
        Call::new(self, path, Body::Json(body.to_string()))
    }
}

impl<'c> Call<'c> {
    fn new(client: &'c Client, path: &str, body: Body) -> Self {
        Self { client, path: path.to_owned(), query: Vec::new(), headers: Vec::new(), body }
    }

    /// An absent value leaves the parameter out.
    pub fn query(mut self, name: &'static str, value: Option<impl ToString>) -> Self {
        self.query.extend(value.map(|value| (name, value.to_string())));
        self
    }

    pub fn header(mut self, name: &'static str, value: Option<impl ToString>) -> Self {
        self.headers.extend(value.map(|value| (name, value.to_string())));
        self
    }

    /// However often it is sent, it happens once.
    pub fn once(self) -> Self {
        self.header("Idempotency-Key", Some(Uuid::now_v7()))
    }

    /// The answer's envelope.
    pub fn answer(self) -> Result<AnswerData, Failure> {
        AnswerData::read(&self.text()?)
    }

    /// The whole answer as it is.
    pub fn text(&self) -> Result<String, Failure> {
        let body = self.send()?.into_body();
        let read = body.into_with_config().limit(u64::MAX).read_to_string();
        read.map_err(|error| Failure::NoAnswer(format!("the answer of {} was cut: {error}", self.client.url)))
    }

    /// The answer as it comes. A read fails where it is cut, or when the service is silent for too long.
    pub fn stream(&self) -> Result<BodyReader<'static>, Failure> {
        Ok(self.send()?.into_body().into_with_config().limit(u64::MAX).reader())
    }

    fn send(&self) -> Result<Response<ureq::Body>, Failure> {
        let mut tried = 1;
        loop {
            let outcome = self.send_once();
            match pause(&outcome).filter(|_| tried < TRIES) {
                Some(pause) => std::thread::sleep(pause * tried),
                None => return self.judge(outcome),
            }
            tried += 1;
        }
    }

    fn send_once(&self) -> Result<Response<ureq::Body>, ureq::Error> {
        let Client { agent, url, organization, .. } = self.client;
        let address = format!("{url}{organization}{}", self.path);
        match &self.body {
            Body::None => self.complete(agent.get(address)).call(),
            Body::Json(json) => {
                self.complete(agent.post(address)).content_type("application/json").send(json.as_str())
            }
        }
    }

    fn complete<B>(&self, mut request: RequestBuilder<B>) -> RequestBuilder<B> {
        let key = format!("Bearer {}", self.client.key.expose_secret());
        request = request.header(header::AUTHORIZATION, key);
        for (name, value) in &self.query {
            request = request.query(name, value);
        }
        for (name, value) in &self.headers {
            // Names of people are UTF-8, which the service reads as it is.
            request = request.header_raw(name, value.as_bytes());
        }
        request
    }

    fn judge(
        &self,
        outcome: Result<Response<ureq::Body>, ureq::Error>,
    ) -> Result<Response<ureq::Body>, Failure> {
        let response = outcome.map_err(|error| self.no_answer(&error))?;
        let status = response.status();
        if status.is_success() {
            return Ok(response);
        }
        if status.is_redirection() {
            let place = response.headers().get(header::LOCATION).and_then(|place| place.to_str().ok());
            let place = place.unwrap_or("another address");
            let message =
                format!("{} sends on to {place}; set FLOW_REGISTRY_URL to where it leads", self.client.url);
            return Err(Failure::Unusable(message));
        }
        let text = response.into_body().into_with_config().limit(PROBLEM_MAX).read_to_string();
        Err(Failure::from(Box::new(ProblemDetails::read(status, &text.unwrap_or_default()))))
    }

    fn no_answer(&self, error: &ureq::Error) -> Failure {
        let url = &self.client.url;
        let hint = "is it running, and is FLOW_REGISTRY_URL its address?";
        Failure::NoAnswer(match error {
            ureq::Error::Io(error) if error.kind() == io::ErrorKind::ConnectionRefused => {
                format!("no service answers at {url}: {hint}")
            }
            ureq::Error::HostNotFound => format!("the host of {url} is not known: {hint}"),
            ureq::Error::ConnectionFailed => format!("{url} cannot be reached: {hint}"),
            ureq::Error::Timeout(_) => format!("{url} does not answer in time"),
            error => format!("no answer from {url}: {error}"),
        })
    }
}

/// How long to wait before the request is sent again; `None` when that would not help.
fn pause(outcome: &Result<Response<ureq::Body>, ureq::Error>) -> Option<Duration> {
    match outcome {
        Ok(response) if matches!(response.status().as_u16(), 429 | 503) => {
            let seconds = response.headers().get(header::RETRY_AFTER)?.to_str().ok()?.parse().ok()?;
            Some(Duration::from_secs(seconds)).filter(|pause| *pause <= PAUSE_MAX)
        }
        // Nobody listens, or nobody is there: soon told.
        Err(ureq::Error::Io(error)) if error.kind() == io::ErrorKind::ConnectionRefused => None,
        Err(ureq::Error::Io(_) | ureq::Error::Protocol(_)) => Some(PAUSE),
        _ => None,
    }
}
