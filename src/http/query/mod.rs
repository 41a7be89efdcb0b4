//! Query strings, strictly: a parameter is known, given once, and text. An empty value is an absent one.
//! Each file has the parameters of some endpoints: their description, their reader, and what they mean to the registry.

pub mod diff;
pub mod events;
pub mod export;
pub mod feed;
pub mod flows;
pub mod lists;
pub mod page;
pub mod values;

use super::endpoint::Parameter;
use super::percent;
use super::problem::Problem;

/// The parameters of one request. A reader takes each out by its name; what is left at the end is unknown.
#[derive(Debug)]
pub struct Query {
    pairs: Vec<(String, String)>,
    /// The names a reader has asked for; debug builds hold them against what the reader describes.
    asked: Vec<String>,
}

/// The query parameters of an endpoint: how they are described, and how they are read.
pub trait FromQuery: Sized {
    /// True where the endpoint offers more than JSON and looks at `Accept` itself.
    const NEGOTIATES: bool = false;
    /// Every parameter that `take` asks for.
    const PARAMETERS: &'static [Parameter] = &[];

    fn take(query: &mut Query) -> Result<Self, Problem>;

    /// Whether the answer may cost as much as hundreds of others.
    fn is_long(&self) -> bool {
        false
    }
}

/// An endpoint without query parameters.
impl FromQuery for () {
    fn take(_: &mut Query) -> Result<Self, Problem> {
        Ok(())
    }
}

/// An endpoint without query parameters that chooses the media type of its answer by `Accept`.
#[derive(Debug)]
pub struct Negotiated;

impl FromQuery for Negotiated {
    const NEGOTIATES: bool = true;

    fn take(_: &mut Query) -> Result<Self, Problem> {
        Ok(Self)
    }
}

/// Reads the query of a request as the parameters `Q` knows, and refuses every other.
pub fn read<Q: FromQuery>(raw: Option<&str>) -> Result<Q, Problem> {
    let mut query = Query::parse(raw.unwrap_or_default())?;
    let parameters = Q::take(&mut query)?;
    debug_assert!(query.was_read_as(Q::PARAMETERS), "{:?} against {:?}", query.asked, Q::PARAMETERS);
    match query.pairs.first() {
        None => Ok(parameters),
        Some((name, _)) => Err(Problem::parameter(name, "is not a parameter of this path")),
    }
}

impl Query {
    fn parse(raw: &str) -> Result<Self, Problem> {
        let mut pairs: Vec<(String, String)> = Vec::new();
        for pair in raw.split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let name = decode(name).ok_or_else(|| Problem::parameter(name, "is not well-formed text"))?;
            let value = decode(value).ok_or_else(|| Problem::parameter(&name, "is not well-formed text"))?;
            if pairs.iter().any(|(known, _)| *known == name) {
                return Err(Problem::parameter(&name, "is given more than once"));
            }
            pairs.push((name, value));
        }
        Ok(Self { pairs, asked: Vec::new() })
    }

    /// True when exactly the described parameters were asked for.
    fn was_read_as(&self, described: &[Parameter]) -> bool {
        let is_asked = |parameter: &Parameter| self.asked.iter().any(|name| name == parameter.name);
        let is_described = |name: &String| described.iter().any(|parameter| parameter.name == name);
        described.iter().all(is_asked) && self.asked.iter().all(is_described)
    }

    /// All that is asked, written alike in whatever order it came.
    pub fn written(&self) -> String {
        let mut pairs: Vec<String> = self
            .pairs
            .iter()
            .map(|(name, value)| format!("{}={}", percent::encode(name), percent::encode(value)))
            .collect();
        pairs.sort_unstable();
        pairs.join("&")
    }

    /// The first parameter with a value that is none of these.
    pub fn other_than(&self, names: &[&str]) -> Option<String> {
        let other =
            self.pairs.iter().find(|(name, value)| !names.contains(&name.as_str()) && !value.is_empty());
        other.map(|(name, _)| name.clone())
    }

    /// The value of a parameter as it was sent. The parameter is not taken out.
    pub fn shown(&self, name: &str) -> Option<&str> {
        let (_, value) = self.pairs.iter().find(|(known, _)| known == name)?;
        Some(value.as_str()).filter(|value| !value.is_empty())
    }

    /// Takes out the value of a parameter; `None` when it is absent or empty.
    pub fn text(&mut self, name: &str) -> Option<String> {
        if cfg!(debug_assertions) {
            self.asked.push(name.to_owned());
        }
        let index = self.pairs.iter().position(|(known, _)| known == name)?;
        Some(self.pairs.swap_remove(index).1).filter(|value| !value.is_empty())
    }

    /// Takes out a parameter and reads its value by `read`, which returns `None` for a wrong value; `expected` says in
    /// the refusal what it must be.
    pub fn value<T>(
        &mut self,
        name: &str,
        expected: &str,
        read: impl FnOnce(&str) -> Option<T>,
    ) -> Result<Option<T>, Problem> {
        self.text(name)
            .map(|text| read(&text).ok_or_else(|| Problem::parameter(name, format!("must be {expected}"))))
            .transpose()
    }
}

/// Forms write a space as `+`.
fn decode(encoded: &str) -> Option<String> {
    percent::decode(&encoded.replace('+', " "))
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Known(Option<String>, Option<u8>);

    impl FromQuery for Known {
        const PARAMETERS: &'static [Parameter] =
            &[Parameter::new("q", || true.into(), ""), Parameter::new("n", || true.into(), "")];

        fn take(query: &mut Query) -> Result<Self, Problem> {
            Ok(Self(query.text("q"), query.value("n", "a small number", |text| text.parse().ok())?))
        }
    }

    fn check(raw: &str, expected: Result<(Option<&str>, Option<u8>), &str>) {
        let read = read::<Known>(Some(raw)).map(|Known(q, n)| (q, n)).map_err(|problem| problem.detail);
        assert_eq!(read, expected.map(|(q, n)| (q.map(str::to_owned), n)).map_err(str::to_owned), "{raw}");
    }

    #[test]
    fn strictly() {
        check("", Ok((None, None)));
        check("&&", Ok((None, None)));
        check("q=&n=", Ok((None, None)));
        check("n=7&q=a+b%2Bc", Ok((Some("a b+c"), Some(7))));
        check("q=a=b", Ok((Some("a=b"), None)));
        check("n=-1", Err("n: must be a small number"));
        check("q=1&q=1", Err("q: is given more than once"));
        check("q=%00", Err("q: is not well-formed text"));
        check("q=%e9", Err("q: is not well-formed text"));
        check("Q=1", Err("Q: is not a parameter of this path"));
        check("=1", Err(": is not a parameter of this path"));
    }
}
