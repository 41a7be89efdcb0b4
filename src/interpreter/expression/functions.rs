//! The functions and tests of expressions (docs/flow-format.md, 4.2).

use std::iter;

use minijinja::value::{Rest, ValueKind};
use minijinja::{Environment, Error, State, tests};

use super::cost::{pay_for_text, pay_for_walk};
use super::failure::{coded, no_text};
use super::filters::with_scope;
use super::operators::{contained, known};
use super::pattern::Pattern;
use super::scope::Shared;
use super::text::text_of;
use crate::flow::language::FIND_KINDS;
use crate::flow::text::{cut, spaced, typed_forms};
use crate::interpreter::accept::{self, AnswerContext};
use crate::interpreter::error::code;
use crate::interpreter::moment::Moment;
use crate::interpreter::value::{self, Value};

const RANGE_MAX: i64 = 100;
/// Folding decomposes every character, which costs a few times copying it.
const FOLD_WEIGHT: u64 = 4;
/// What a byte of a text costs that is searched for values.
const FIND_WEIGHT: u64 = 16;

pub fn register(env: &mut Environment<'static>) {
    env.add_function("range", range);
    env.add_function("matches", matches);
    env.add_function("capture", capture);
    env.add_function("find", find_value);
    env.add_function("has_any_word", |state: &State, text: &Value, words: Rest<Value>| {
        word_test(state, text, &words, |hay, words| words.iter().any(|word| has_words(hay, word)))
    });
    env.add_function("has_all_words", |state: &State, text: &Value, words: Rest<Value>| {
        word_test(state, text, &words, |hay, words| words.iter().all(|word| has_words(hay, word)))
    });
    env.add_function("has_phrase", |state: &State, text: &Value, phrase: Value| {
        word_test(state, text, &[phrase], |hay, words| words.iter().all(|phrase| has_words(hay, phrase)))
    });
    env.add_function("has_tag", has_tag);

    env.add_test("defined", tests::is_defined);
    env.add_test("undefined", tests::is_undefined);
    env.add_test("string", tests::is_string);
    env.add_test("number", |value: &Value| value.kind() == ValueKind::Number);
    env.add_test("integer", |value: &Value| value::as_integer(value).is_some());
    env.add_test("float", |value: &Value| {
        value.kind() == ValueKind::Number && value::as_integer(value).is_none()
    });
    env.add_test("sequence", |value: &Value| matches!(value.kind(), ValueKind::Seq | ValueKind::Iterable));
    env.add_test("mapping", tests::is_mapping);
    env.add_test("boolean", tests::is_boolean);
    env.add_test("even", |value: &Value| parity(value).map(|odd| !odd));
    env.add_test("odd", parity);
    env.add_test("in", |state: &State, value: &Value, container: &Value| {
        pay_for_walk(state, value)?;
        contained(state, value, container)
    });
    env.add_test("startingwith", |text: &Value, start: &Value| {
        Ok::<_, Error>(plain_text(text)?.starts_with(&plain_text(start)?))
    });
    env.add_test("endingwith", |text: &Value, end: &Value| {
        Ok::<_, Error>(plain_text(text)?.ends_with(&plain_text(end)?))
    });
}

fn plain_text(value: &Value) -> Result<String, Error> {
    text_of(&known(value)?).map_err(no_text)
}

fn parity(value: &Value) -> Result<bool, Error> {
    let integer = value::as_integer(&known(value)?);
    integer.map(|n| n % 2 != 0).ok_or_else(|| coded(code::EXPR_TYPE, "only integers are odd or even"))
}

/// `range(5)`, `range(1, 5)`, `range(1, 10, 2)`; of at most a hundred numbers.
fn range(first: &Value, second: Option<&Value>, third: Option<&Value>) -> Result<Value, Error> {
    let integer = |value: &Value| {
        value::as_integer(&known(value)?).ok_or_else(|| coded(code::EXPR_TYPE, "a range is made of integers"))
    };
    let (start, stop) = match second {
        Some(stop) => (integer(first)?, integer(stop)?),
        None => (0, integer(first)?),
    };
    let step = third.map(integer).transpose()?.unwrap_or(1);
    let span = if step > 0 { stop - start } else { start - stop };
    let length = match (step, span) {
        (0, _) => return Err(coded(code::EXPR_TYPE, "a range cannot have steps of 0")),
        (_, ..=0) => 0,
        (step, span) => (span - 1) / step.abs() + 1,
    };
    if length > RANGE_MAX {
        return Err(coded(code::EXPR_LIMIT, format!("a range has at most {RANGE_MAX} numbers")));
    }
    Ok(value::list((0..length).map(|index| Value::from(start + index * step)).collect()))
}

/// The pattern has been compiled with the flow.
fn matches(state: &State, text: &Value, pattern: &Value) -> Result<bool, Error> {
    let text = plain_text(text)?;
    let found = seen(state, &text, pattern, |pattern, seen| pattern.is_match(seen).then_some(()))?;
    Ok(found.is_some())
}

/// What is found in a text as it stands; else as a person typed it; else without typography and markup around it.
fn seen<T>(
    state: &State,
    text: &str,
    pattern: &Value,
    find: impl Fn(&Pattern, &str) -> Option<T>,
) -> Result<Option<T>, Error> {
    let pattern = pattern
        .downcast_object_ref::<Pattern>()
        .ok_or_else(|| coded(code::EXPR_TYPE, "the pattern must be a literal text"))?;
    pay_for_text(state, text, pattern.weight)?;
    if let Some(found) = find(pattern, text) {
        return Ok(Some(found));
    }
    let (typed, plain) = typed_forms(text);
    for form in iter::once(typed).filter(|typed| typed != text).chain(plain) {
        pay_for_text(state, &form, pattern.weight)?;
        if let Some(found) = find(pattern, &form) {
            return Ok(Some(found));
        }
    }
    Ok(None)
}

/// The text of a group of the first match: of the first group, unless one is named or numbered; undefined where there
/// is none.
fn capture(state: &State, text: &Value, pattern: &Value, group: Option<&Value>) -> Result<Value, Error> {
    let text = plain_text(text)?;
    let number = match group {
        None => Some(1),
        Some(group) => value::as_integer(group).and_then(|number| usize::try_from(number).ok()),
    };
    let name = group.and_then(Value::as_str);
    if name.is_none() && number.is_none() {
        return Err(coded(code::EXPR_TYPE, "a group is named by a text or a number"));
    }
    let captured = seen(state, &text, pattern, |pattern, seen| {
        let captures = pattern.captures(seen)?;
        let held = match (name, number) {
            (Some(name), _) => captures.name(name),
            (None, number) => captures.get(number?),
        };
        // A match without the group is a match all the same.
        Some(held.map(|held| Value::from(held.as_str())).unwrap_or_default())
    })?;
    Ok(captured.unwrap_or_default())
}

/// The first value of a kind inside a text; undefined where there is none.
fn find_value(state: &State, text: &Value, kind: &Value) -> Result<Value, Error> {
    let (text, kind) = (plain_text(text)?, plain_text(kind)?);
    if !accept::is_kind(&kind) {
        let message = format!("find looks for {}, not for “{}”", FIND_KINDS.join(", "), cut(&kind, 40));
        return Err(coded(code::EXPR_TYPE, message));
    }
    pay_for_text(state, &text, FIND_WEIGHT)?;
    let found = with_scope(state, |scope| {
        let Shared { locale, zone, now, .. } = &scope.shared;
        let now = now.as_str().and_then(Moment::parse).and_then(|now| now.instant(*zone)).unwrap_or_default();
        accept::find(&text, &kind, AnswerContext { locale, zone: *zone, now })
    })?;
    Ok(found.unwrap_or_default())
}

fn word_test(
    state: &State,
    text: &Value,
    words: &[Value],
    test: impl FnOnce(&str, &[String]) -> bool,
) -> Result<bool, Error> {
    let text = plain_text(text)?;
    pay_for_text(state, &text, FOLD_WEIGHT + words.len() as u64)?;
    let hay = spaced(&text);
    let mut folded = Vec::with_capacity(words.len());
    for word in words {
        let word = plain_text(word)?;
        pay_for_text(state, &word, FOLD_WEIGHT)?;
        folded.push(spaced(&word));
    }
    Ok(test(&hay, &folded))
}

/// Whether words stand in a row inside a text; both spaced.
pub fn has_words(hay: &str, words: &str) -> bool {
    words.len() > 1 && hay.contains(words)
}

fn has_tag(state: &State, tag: &Value) -> Result<bool, Error> {
    let tag = plain_text(tag)?;
    with_scope(state, |scope| {
        let tags = value::member(&scope.shared.contact, "tags");
        value::items(&tags).is_some_and(|tags| tags.iter().any(|known| known.as_str() == Some(&*tag)))
    })
}
