//! What a client prefers of the answer to a change (RFC 7240): the flow as it is then, or no more than that it happened.

use axum::http::{HeaderMap, HeaderValue};

use super::headers::PREFER;

/// How much of a flow answers its change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Returned {
    /// The whole flow, unasked.
    #[default]
    Unasked,
    Whole,
    Nothing,
}

impl Returned {
    /// Reads `Prefer`. Of a preference that is given twice the first counts; what is not known is passed over.
    pub fn read(headers: &HeaderMap) -> Self {
        let values = headers.get_all(PREFER).iter().filter_map(|value| value.to_str().ok());
        let preferences = values.flat_map(|value| value.split(','));
        let mut asked = preferences.filter_map(|preference| {
            let (name, value) = preference.split(';').next()?.split_once('=')?;
            let is_return = name.trim().eq_ignore_ascii_case("return");
            is_return.then(|| value.trim().trim_matches('"').to_ascii_lowercase())
        });
        match asked.next().as_deref() {
            Some("minimal") => Self::Nothing,
            Some("representation") => Self::Whole,
            _ => Self::Unasked,
        }
    }

    /// What `Preference-Applied` says.
    pub fn applied(self) -> Option<HeaderValue> {
        match self {
            Self::Unasked => None,
            Self::Whole => Some(HeaderValue::from_static("return=representation")),
            Self::Nothing => Some(HeaderValue::from_static("return=minimal")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn preferences() {
        let check = |values: &[&str], expected: Returned| {
            let headers = values.iter().map(|value| (PREFER, value.parse().unwrap())).collect();
            assert_eq!(Returned::read(&headers), expected, "{values:?}");
        };
        check(&[], Returned::Unasked);
        check(&["return=minimal"], Returned::Nothing);
        check(&["respond-async, wait=10", "Return = \"minimal\"; foo=bar"], Returned::Nothing);
        check(&["return=representation, return=minimal"], Returned::Whole);
        check(&["return", "returns=minimal", "return=everything"], Returned::Unasked);
    }
}
