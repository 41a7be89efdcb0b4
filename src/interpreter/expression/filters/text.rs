//! Filters over texts.

use minijinja::value::{Kwargs, ValueKind};
use minijinja::{Environment, Error, State};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use unicode_segmentation::UnicodeSegmentation;

use super::super::cost::pay_for_text;
use super::super::failure::{coded, no_text};
use super::super::text::{TEXT_BYTES_MAX, text_of};
use super::argument::{defined, text_arg};
use crate::flow::text::{cut, decimal_digit, fold};
use crate::interpreter::canonical;
use crate::interpreter::error::code;
use crate::interpreter::value::{self, Value};

pub fn register(env: &mut Environment<'static>) {
    env.add_filter("capitalize", |text: &Value| text_arg(text).map(|text| capitalized(&text)));
    env.add_filter("lower", |text: &Value| text_arg(text).map(|text| text.to_lowercase()));
    env.add_filter("upper", |text: &Value| text_arg(text).map(|text| text.to_uppercase()));
    env.add_filter("title", |text: &Value| text_arg(text).map(|text| title(&text)));
    env.add_filter("trim", trim);
    env.add_filter("replace", replace);
    env.add_filter("split", split);
    env.add_filter("string", |value: &Value| text_arg(value).map(Value::from));
    env.add_filter("join", join);
    env.add_filter("urlencode", urlencode);
    env.add_filter("safe_path", |text: &Value| text_arg(text).map(|text| percent_encoded(&text, PATH)));
    env.add_filter("tojson", tojson);
    env.add_filter("truncate", truncate);
    env.add_filter("digits", |text: &Value| text_arg(text).map(|text| digits(&text)));
    env.add_filter("fold", |state: &State, text: &Value| {
        let text = text_arg(text)?;
        pay_for_text(state, &text, 4)?;
        Ok::<_, Error>(fold(&text))
    });
    env.add_filter("mask", |text: &Value, shown: usize| text_arg(text).map(|text| mask(&text, shown)));
}

fn capitalized(text: &str) -> String {
    let mut chars = text.chars();
    let first = chars.next().map(capital).unwrap_or_default();
    first + &chars.as_str().to_lowercase()
}

/// A letter as words begin with it: of one that is written as several when large, the first alone is.
fn capital(letter: char) -> String {
    let mut large = letter.to_uppercase();
    let first = large.next().unwrap_or(letter).to_string();
    first + &large.flat_map(char::to_lowercase).collect::<String>()
}

/// Every word with a capital, whatever punctuation is before its first letter. Words begin behind space, dashes and
/// brackets.
fn title(text: &str) -> String {
    let parts = |c: char| c.is_whitespace() || matches!(c, '-' | '(' | '{' | '[' | '<');
    text.split_inclusive(parts).map(titled).collect()
}

fn titled(word: &str) -> String {
    let Some(start) = word.find(char::is_alphanumeric) else { return word.to_owned() };
    let (before, mut letters) = (&word[..start], word[start..].chars());
    let first = letters.next().map(capital).unwrap_or_default();
    // What becomes of a sigma depends on the letters around it.
    let rest = format!("a{}", letters.as_str()).to_lowercase();
    // The letter of "'t Hart" and "'s-Hertogenbosch" stands for a word that begins elsewhere.
    let is_cut_off = before.ends_with(['\'', '’']) && !letters.as_str().starts_with(char::is_alphanumeric);
    let first = if is_cut_off { first.to_lowercase() } else { first };
    format!("{before}{first}{}", &rest[1..])
}

fn digits(text: &str) -> String {
    text.chars().filter_map(|c| char::from_digit(decimal_digit(c)?, 10)).collect()
}

/// All signs but the last few hidden; what a person sees as one sign is one.
fn mask(text: &str, shown: usize) -> String {
    let signs: Vec<&str> = text.graphemes(true).collect();
    let hidden = signs.len().saturating_sub(shown);
    signs.iter().enumerate().map(|(index, sign)| if index < hidden { "•" } else { sign }).collect()
}

fn trim(state: &State, text: &Value, chars: Option<&Value>) -> Result<String, Error> {
    let text = text_arg(text)?;
    let Some(chars) = chars else { return Ok(text.trim().to_owned()) };
    let chars: Vec<char> = text_arg(chars)?.chars().collect();
    pay_for_text(state, &text, chars.len() as u64)?;
    Ok(text.trim_matches(&chars[..]).to_owned())
}

fn replace(state: &State, text: &Value, from: &Value, to: &Value) -> Result<String, Error> {
    let (text, from, to) = (text_arg(text)?, text_arg(from)?, text_arg(to)?);
    pay_for_text(state, &text, 2)?;
    let matches = text.matches(&*from).count();
    let longer = text.len() + matches * to.len().saturating_sub(from.len());
    if longer > TEXT_BYTES_MAX {
        return Err(coded(code::EXPR_LIMIT, format!("the text is longer than {TEXT_BYTES_MAX} bytes")));
    }
    Ok(text.replace(&*from, &to))
}

fn split(text: &Value, separator: Option<&Value>) -> Result<Value, Error> {
    let text = text_arg(text)?;
    Ok(match separator {
        None => value::list(text.split_whitespace().map(Value::from).collect()),
        Some(separator) => value::list(text.split(&*text_arg(separator)?).map(Value::from).collect()),
    })
}

fn join(state: &State, items: &Value, separator: Option<&Value>, kwargs: Kwargs) -> Result<String, Error> {
    let attribute: Option<&str> = kwargs.get("attribute")?;
    kwargs.assert_all_used()?;
    let separator = separator.map(text_arg).transpose()?.unwrap_or_default();
    let mut joined = String::new();
    for (index, item) in defined(items)?.try_iter()?.enumerate() {
        if index > 0 {
            joined.push_str(&separator);
        }
        let item = match attribute {
            Some(attribute) => item.get_attr(attribute)?,
            None => item,
        };
        joined.push_str(&text_of(&item).map_err(no_text)?);
        state.consume_fuel(1)?;
        if joined.len() > TEXT_BYTES_MAX {
            return Err(coded(code::EXPR_LIMIT, format!("the text is longer than {TEXT_BYTES_MAX} bytes")));
        }
    }
    Ok(joined)
}

/// What `urlencode` encodes, as in Jinja: everything but letters, digits and `/.-_`.
const URLENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'/').remove(b'.').remove(b'-').remove(b'_');

/// What a path keeps as it is.
const PATH: &AsciiSet = &URLENCODED.remove(b'~');
/// What one segment of a path, or a value of a query, keeps as it is.
pub const ONE_SEGMENT: &AsciiSet = &PATH.add(b'/');

pub fn percent_encoded(text: &str, encoded: &'static AsciiSet) -> String {
    utf8_percent_encode(text, encoded).to_string()
}

/// Percent-encodes a text; an object becomes a query string.
fn urlencode(value: &Value) -> Result<String, Error> {
    if defined(value)?.kind() != ValueKind::Map {
        return Ok(utf8_percent_encode(&text_arg(value)?, URLENCODED).to_string());
    }
    let mut query = String::new();
    for key in value.try_iter()? {
        let member = value.get_item(&key)?;
        if member.is_undefined() {
            continue;
        }
        if !query.is_empty() {
            query.push('&');
        }
        query.extend(utf8_percent_encode(&text_arg(&key)?, URLENCODED));
        query.push('=');
        query.extend(utf8_percent_encode(&text_arg(&member)?, URLENCODED));
    }
    Ok(query)
}

fn tojson(value: &Value) -> Result<String, Error> {
    if canonical::len_up_to(defined(value)?, TEXT_BYTES_MAX) > TEXT_BYTES_MAX {
        return Err(coded(code::EXPR_LIMIT, format!("the text is longer than {TEXT_BYTES_MAX} bytes")));
    }
    Ok(canonical::text(value))
}

/// At most `chars` characters; a cut text ends in an ellipsis.
fn truncate(text: &Value, chars: usize) -> Result<String, Error> {
    let text = text_arg(text)?;
    Ok(cut(&text, chars))
}
