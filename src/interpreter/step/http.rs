//! `http`: call an address and read its answer. In a run only mocks and samples answer; nothing is sent.

use std::collections::BTreeMap;

use super::origin::EnvOrigin;
use crate::flow::address;
use crate::flow::document::{self, Edge, HttpBody, Method, StatusMatch};
use crate::flow::limits::HTTP_BODY_BYTES_MAX;
use crate::flow::pointer;
use crate::interpreter::canonical;
use crate::interpreter::error::{StepError, code};
use crate::interpreter::expression::{
    CompiledExpression, CompiledText, Local, ONE_SEGMENT, Uncompilable, ValueTemplate, percent_encoded,
};
use crate::interpreter::mock::HttpCall;
use crate::interpreter::program::{CompiledExit, StepCompiler};
use crate::interpreter::request::HttpAnswer;
use crate::interpreter::run::{Left, StepResult, Visit};
use crate::interpreter::trace::{MASK, shown};
use crate::interpreter::value::{Value, from_json, object};

/// Before each further try, in virtual time.
const BACKOFF_MS: [u64; 3] = [1000, 2000, 4000];
/// Headers whose values are shown nowhere.
const MASKED_HEADERS: [&str; 3] = ["authorization", "cookie", "x-api-key"];

#[derive(Debug)]
pub struct CompiledHttp {
    method: Method,
    url: CompiledText,
    /// The value of the organization that says the origin, where no literal host does.
    origin: Option<EnvOrigin>,
    headers: Vec<(Box<str>, CompiledText)>,
    query: Vec<(Box<str>, QueryValue)>,
    body: Option<Body>,
    timeout_ms: u64,
    retries: u32,
    save_to: Option<usize>,
    extract: Vec<(usize, CompiledExpression)>,
    on: Vec<(StatusMatch, CompiledExit)>,
    sample: Option<HttpAnswer>,
    next: CompiledExit,
}

#[derive(Debug)]
struct QueryValue {
    text: CompiledText,
    /// Whether the template has encoded it.
    is_encoded: bool,
}

#[derive(Debug)]
enum Body {
    Json(ValueTemplate),
    Text(CompiledText),
}

/// A request as it would be sent.
struct Request {
    address: String,
    url: String,
    /// As text: what `bodyContains` is held against.
    body_text: String,
    /// What the trace shows of it.
    entry: Vec<(&'static str, Value)>,
}

struct Response {
    status: u16,
    headers: Value,
    body: Value,
}

/// How one try ended.
enum Try {
    Answered(Response),
    Failed(&'static str),
}

impl CompiledHttp {
    pub fn compile(http: &document::Http, step: &StepCompiler<'_, '_>) -> Result<Self, Uncompilable> {
        let texts = |list: &str, members: &BTreeMap<String, String>| {
            let compile = |(name, source): (&String, &String)| {
                let mut member = list.to_owned();
                pointer::push(&mut member, name);
                Ok((name.as_str().into(), step.text(source, &member)?))
            };
            members.iter().map(compile).collect::<Result<Vec<(Box<str>, CompiledText)>, Uncompilable>>()
        };
        let body = match &http.body {
            Some(HttpBody::Json(json)) => Some(Body::Json(step.value(json, "body")?)),
            Some(HttpBody::Text(text)) => Some(Body::Text(step.text(text, "bodyText")?)),
            None => None,
        };
        let extract = |(index, extract): (usize, &document::Extract)| {
            let variable = step.variable(&extract.variable, &format!("extract/{index}/variable"))?;
            Ok((variable, step.expression(&extract.value, &format!("extract/{index}/value"))?))
        };
        let query = |(name, source): (&String, &String)| {
            let mut member = "query".to_owned();
            pointer::push(&mut member, name);
            let value = match step.encoded_query_value(source, &member)? {
                Some(text) => QueryValue { text, is_encoded: true },
                None => QueryValue { text: step.text(source, &member)?, is_encoded: false },
            };
            Ok::<_, Uncompilable>((name.as_str().into(), value))
        };
        let exit = |on: &document::OnStatus| (on.status, step.exit(&Edge::Status(on.status.to_string())));
        Ok(Self {
            method: http.method,
            origin: EnvOrigin::of(http, step),
            url: step.address(&http.url, "url")?,
            headers: texts("headers", &http.headers)?,
            query: http.query.iter().map(query).collect::<Result<_, _>>()?,
            body,
            timeout_ms: http.timeout.as_ms(),
            retries: http.retries,
            save_to: step.maybe_variable(http.save_to.as_ref())?,
            extract: http.extract.iter().enumerate().map(extract).collect::<Result<_, _>>()?,
            on: http.on.iter().map(exit).collect(),
            sample: http.sample_response.as_ref().map(|sample| HttpAnswer::Respond {
                status: sample.status,
                headers: sample
                    .headers
                    .iter()
                    .map(|(name, text)| (name.to_ascii_lowercase(), text.clone()))
                    .collect(),
                body: from_json(&sample.body),
                delay_ms: 0,
            }),
            next: step.exit(&Edge::Next),
        })
    }

    pub fn run<'a>(&'a self, visit: &mut Visit<'_, 'a>) -> StepResult<'a> {
        let request = self.render(visit)?;
        visit.run.stats.http_calls += 1;
        let mut tries = 0;
        loop {
            let (tried, mock) = self.attempt(visit, &request)?;
            tries += 1;
            let again = match &tried {
                Try::Failed(_) => true,
                Try::Answered(response) => matches!(response.status, 429 | 502..=504),
            };
            if again && tries <= self.retries {
                visit.run.clock = visit.run.clock.plus_ms(BACKOFF_MS[tries as usize - 1]);
                continue;
            }
            note(visit, request.entry, &tried, mock, tries);
            if visit.run.request.expects_body_of(visit.entry.step_id) {
                visit.entry.sent_body = Some(request.body_text.into());
            }
            return match tried {
                Try::Failed(code) => Err(StepError::new(
                    code,
                    format!("{} {} got no answer.", self.method.as_str(), request.url),
                )),
                Try::Answered(response) => self.received(visit, response),
            };
        }
    }

    fn render<'a>(&'a self, visit: &mut Visit<'_, 'a>) -> Result<Request, StepError> {
        let rendered = visit.text(&self.url)?;
        if let Some(origin) = &self.origin {
            origin.check(visit)?;
        }
        let address = rendered.as_str().unwrap_or_default().to_owned();
        if let Some(fault) = address::fault(&address) {
            return Err(StepError::new(code::HTTP_URL, format!("The address {fault}.")));
        }
        visit.frame.scope().secrets = true;
        let mut headers = Vec::with_capacity(self.headers.len());
        for (name, text) in &self.headers {
            let is_masked = MASKED_HEADERS.iter().any(|masked| name.eq_ignore_ascii_case(masked));
            let text = if is_masked { visit.masked_text(text)? } else { visit.text(text)? };
            if let Some(fault) = address::header_fault(text.as_str().unwrap_or_default()) {
                return Err(StepError::new(code::HTTP_HEADER, format!("The header {name} {fault}.")));
            }
            let shown_text = if is_masked { Value::from(MASK) } else { shown(&text) };
            headers.push((name.clone(), shown_text));
        }
        let mut url = address.clone();
        for (name, value) in &self.query {
            let text = visit.text(&value.text)?;
            let text = text.as_str().unwrap_or_default();
            url.push(if url.contains('?') { '&' } else { '?' });
            url += &percent_encoded(name, ONE_SEGMENT);
            url.push('=');
            url += &if value.is_encoded { text.to_owned() } else { percent_encoded(text, ONE_SEGMENT) };
        }
        let body = match &self.body {
            Some(Body::Json(template)) => visit.value(template)?,
            Some(Body::Text(text)) => visit.text(text)?,
            None => Value::UNDEFINED,
        };
        visit.frame.scope().secrets = false;
        let body_text = match &self.body {
            Some(Body::Json(_)) => canonical::text(&body),
            _ => body.as_str().unwrap_or_default().to_owned(),
        };
        if body_text.len() > HTTP_BODY_BYTES_MAX {
            let message =
                format!("The body has {} bytes; at most {HTTP_BODY_BYTES_MAX} are allowed.", body_text.len());
            return Err(StepError::new(code::HTTP_BODY, message));
        }
        let mut entry = vec![
            ("method", Value::from(self.method.as_str())),
            ("url", shown(&Value::from(&*url))),
            ("headers", object(headers)),
        ];
        if self.body.is_some() {
            entry.push(("body", shown(&body)));
        }
        Ok(Request { address, url, body_text, entry })
    }

    /// One try: what the first fitting mock says, else the sample. With the mock's name.
    fn attempt(&self, visit: &mut Visit<'_, '_>, request: &Request) -> Result<(Try, String), StepError> {
        let call = HttpCall {
            step_id: visit.entry.step_id,
            method: self.method,
            address: &request.address,
            url: &request.url,
            body: &request.body_text,
        };
        let mocks = &visit.run.request.mocks;
        let (answer, name) = match (visit.run.mocks.http(mocks, call), &self.sample) {
            (Some((index, mock)), _) => (&mock.answer, format!("request:{index}")),
            (None, Some(sample)) => (sample, "sample".to_owned()),
            (None, None) => {
                visit.entry.call = object([("request", object(request.entry.clone()))]);
                let what = format!("{} {}", self.method.as_str(), request.url);
                let message = format!("No HTTP mock or sampleResponse matches {what}");
                return Err(StepError::new(code::MOCK_MISSING, message));
            }
        };
        let tried = match answer {
            HttpAnswer::Network => Try::Failed(code::HTTP_NETWORK),
            HttpAnswer::Respond { status, headers, body, delay_ms } if *delay_ms <= self.timeout_ms => {
                visit.run.clock = visit.run.clock.plus_ms(*delay_ms);
                Try::Answered(Response {
                    status: *status,
                    headers: object(headers.iter().map(|(name, text)| (name.as_str(), Value::from(text)))),
                    body: parsed(body, headers)?,
                })
            }
            HttpAnswer::Timeout | HttpAnswer::Respond { .. } => {
                visit.run.clock = visit.run.clock.plus_ms(self.timeout_ms);
                Try::Failed(code::HTTP_TIMEOUT)
            }
        };
        Ok((tried, name))
    }

    fn received<'a>(&'a self, visit: &mut Visit<'_, 'a>, response: Response) -> StepResult<'a> {
        let status = Value::from(response.status);
        visit.set_outcome(status.clone());
        visit.set_value(response.body.clone());
        if canonical::len_up_to(&response.body, HTTP_BODY_BYTES_MAX) > HTTP_BODY_BYTES_MAX {
            let message = format!("The answer has more than {HTTP_BODY_BYTES_MAX} bytes.");
            return Err(StepError::new(code::HTTP_BODY, message));
        }
        visit.write_to(self.save_to, response.body.clone())?;
        let namespace = object([("status", status), ("headers", response.headers), ("body", response.body)]);
        visit.frame.scope().local = Local { response: namespace, ..Local::default() };
        for (variable, expression) in &self.extract {
            let value = visit.evaluate(expression)?;
            visit.write(*variable, value)?;
        }
        let is_success = (200..300).contains(&response.status);
        match self.routed(response.status) {
            Some(exit) => Ok(Left::By(exit)),
            None if is_success => Ok(Left::By(&self.next)),
            None => {
                Err(StepError::new(code::HTTP_STATUS, format!("The answer has status {}.", response.status)))
            }
        }
    }

    /// An exact status beats a class, a class beats the default.
    fn routed(&self, status: u16) -> Option<&CompiledExit> {
        let rank = |wanted: &StatusMatch| match wanted {
            StatusMatch::Exact(_) => 0,
            StatusMatch::Class(_) => 1,
            StatusMatch::Default => 2,
        };
        let takers = self.on.iter().filter(|(wanted, _)| wanted.takes(status));
        takers.min_by_key(|(wanted, _)| rank(wanted)).map(|(_, exit)| exit)
    }
}

/// A text whose content type is JSON is parsed; anything else is taken as it is.
fn parsed(body: &Value, headers: &BTreeMap<String, String>) -> Result<Value, StepError> {
    let is_json = headers.get("content-type").is_some_and(|kind| kind.to_ascii_lowercase().contains("json"));
    match body.as_str() {
        Some(text) if is_json => match crate::flow::json::parse(text.as_bytes()) {
            Ok(json) => Ok(from_json(&json)),
            Err(error) => Err(StepError::new(code::HTTP_BODY, format!("The answer is no JSON: {error}."))),
        },
        _ => Ok(body.clone()),
    }
}

fn note(
    visit: &mut Visit<'_, '_>,
    request: Vec<(&'static str, Value)>,
    tried: &Try,
    mock: String,
    tries: u32,
) {
    let mut call =
        vec![("request", object(request)), ("mock", Value::from(mock)), ("tries", Value::from(tries))];
    match tried {
        Try::Answered(response) => {
            let members = [
                ("status", Value::from(response.status)),
                ("headers", shown(&response.headers)),
                ("body", shown(&response.body)),
            ];
            call.push(("response", object(members)));
        }
        Try::Failed(code) => {
            call.push((
                "failed",
                Value::from(if *code == code::HTTP_TIMEOUT { "timeout" } else { "network" }),
            ));
        }
    }
    visit.entry.call = object(call);
}
