//! Which mock answers a call: the first that fits and has uses left.

use uuid::Uuid;

use super::request::{ActionMock, FlowMock, HttpMock, Mocks};
use super::value::{self, Value, members};
use crate::flow::document::Method;

/// How often each mock of a request has answered in one run.
#[derive(Debug)]
pub struct MockUses {
    http: Vec<u32>,
    actions: Vec<u32>,
}

/// A rendered request.
#[derive(Debug, Clone, Copy)]
pub struct HttpCall<'c> {
    pub step_id: &'c str,
    pub method: Method,
    /// Without query.
    pub address: &'c str,
    /// With it.
    pub url: &'c str,
    /// As it would be sent.
    pub body: &'c str,
}

impl MockUses {
    pub fn new(mocks: &Mocks) -> Self {
        Self { http: vec![0; mocks.http.len()], actions: vec![0; mocks.actions.len()] }
    }

    pub fn http<'m>(&mut self, mocks: &'m Mocks, call: HttpCall<'_>) -> Option<(usize, &'m HttpMock)> {
        first(&mocks.http, &mut self.http, |mock| mock.times, |mock| fits_http(mock, call))
    }

    pub fn action<'m>(
        &mut self,
        mocks: &'m Mocks,
        step_id: &str,
        action: &str,
        args: &Value,
    ) -> Option<(usize, &'m ActionMock)> {
        first(
            &mocks.actions,
            &mut self.actions,
            |mock| mock.times,
            |mock| {
                mock.action.as_deref().is_none_or(|wanted| wanted == action)
                    && mock.step_id.as_deref().is_none_or(|wanted| wanted == step_id)
                    && contains(args, &mock.args)
            },
        )
    }

    pub fn flow(mocks: &Mocks, flow_id: Uuid) -> Option<(usize, &FlowMock)> {
        mocks.flows.iter().enumerate().find(|(_, mock)| mock.flow_id == flow_id)
    }
}

fn first<'m, M>(
    mocks: &'m [M],
    uses: &mut [u32],
    times: impl Fn(&M) -> Option<u32>,
    fits: impl Fn(&M) -> bool,
) -> Option<(usize, &'m M)> {
    let has_uses = |index: usize, mock: &M| times(mock).is_none_or(|times| uses[index] < times);
    let (index, mock) =
        mocks.iter().enumerate().find(|(index, mock)| has_uses(*index, mock) && fits(mock))?;
    uses[index] += 1;
    Some((index, mock))
}

fn fits_http(mock: &HttpMock, call: HttpCall<'_>) -> bool {
    mock.step_id.as_deref().is_none_or(|wanted| wanted == call.step_id)
        && mock.method.is_none_or(|wanted| wanted == call.method)
        && mock.url.as_deref().is_none_or(|glob| fits_glob(glob, call.url) || fits_glob(glob, call.address))
        && mock.body_contains.as_deref().is_none_or(|part| call.body.contains(part))
}

/// Whether a text fits a pattern in which `*` stands for any run of characters.
pub fn fits_glob(glob: &str, text: &str) -> bool {
    let mut parts = glob.split('*');
    let Some(mut rest) = text.strip_prefix(parts.next().unwrap_or_default()) else { return false };
    let Some(last) = parts.next_back() else { return rest.is_empty() };
    for part in parts {
        match rest.find(part) {
            Some(at) => rest = &rest[at + part.len()..],
            None => return false,
        }
    }
    rest.ends_with(last)
}

/// Whether a value has every member that a pattern has, with the same values, at any depth.
pub fn contains(value: &Value, pattern: &Value) -> bool {
    match (members(value), members(pattern)) {
        (Some(value), Some(pattern)) => {
            pattern.iter().all(|(name, wanted)| value.get(name).is_some_and(|value| contains(value, wanted)))
        }
        _ => pattern.is_undefined() || value::same(value, pattern),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::interpreter::value::from_json;

    #[test]
    fn stars_stand_for_any_run_of_characters() {
        for (glob, text, fits) in [
            ("https://a.example/x", "https://a.example/x", true),
            ("https://a.example/x", "https://a.example/xy", false),
            ("https://a.example/*", "https://a.example/", true),
            ("*/orders/*", "https://a.example/orders/7", true),
            ("*a*a", "aa", true),
            ("*a*a", "a", false),
            ("a*b*c", "axxbyyc", true),
            ("a*b*c", "axxc", false),
            ("*", "", true),
            ("", "", true),
        ] {
            assert_eq!(fits_glob(glob, text), fits, "{glob} {text}");
        }
    }

    #[test]
    fn arguments_may_have_more_members_than_the_mock() {
        let args = from_json(&json!({"a": {"b": 1, "c": [1, 2]}, "d": "x"}));
        for (pattern, fits) in [
            (json!({}), true),
            (json!({"a": {"c": [1, 2]}}), true),
            (json!({"a": {"c": [1]}}), false),
            (json!({"d": "y"}), false),
            (json!({"e": null}), false),
        ] {
            assert_eq!(contains(&args, &from_json(&pattern)), fits, "{pattern}");
        }
    }
}
