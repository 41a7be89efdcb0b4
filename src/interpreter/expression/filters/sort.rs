//! Filters that compare the items of a list: `sort`, `min`, `max`, `unique`. Comparing goes into the depth of items,
//! so it is paid for first. What is ordered must be of one kind.

use std::collections::BTreeSet;

use minijinja::value::Kwargs;
use minijinja::{Environment, Error, State};

use super::super::compare::{SortKey, kind_name};
use super::super::cost::pay_for_walks;
use super::super::failure::{coded, undefined};
use super::super::path::step;
use super::argument::{defined, with_scope};
use crate::expression::PathKey;
use crate::interpreter::error::code;
use crate::interpreter::value::{self, Value};

pub fn register(env: &mut Environment<'static>) {
    env.add_filter("sort", sort);
    env.add_filter("unique", unique);
    env.add_filter("min", |state: &State, list: &Value, kwargs: Kwargs| {
        Ok::<_, Error>(sorted(state, list, &kwargs, false)?.into_iter().next().unwrap_or_default())
    });
    env.add_filter("max", |state: &State, list: &Value, kwargs: Kwargs| {
        Ok::<_, Error>(sorted(state, list, &kwargs, true)?.into_iter().next().unwrap_or_default())
    });
}

fn sort(state: &State, list: &Value, kwargs: Kwargs) -> Result<Value, Error> {
    let is_reverse = kwargs.get::<Option<bool>>("reverse")?.unwrap_or(false);
    Ok(value::list(sorted(state, list, &kwargs, is_reverse)?))
}

/// The items in their order; equal ones as they stood.
fn sorted(state: &State, list: &Value, kwargs: &Kwargs, is_reverse: bool) -> Result<Vec<Value>, Error> {
    let items = items(state, list)?;
    let attributes = kwargs.get::<Option<&str>>("attribute")?.map(|names| names.split(',').map(str::trim));
    let attributes: Vec<&str> = attributes.into_iter().flatten().filter(|name| !name.is_empty()).collect();
    let is_case_sensitive = kwargs.get::<Option<bool>>("case_sensitive")?.unwrap_or(false);
    kwargs.assert_all_used()?;
    // One column of values for each attribute, the first of which decides first.
    let columns: Vec<Vec<Value>> = if attributes.is_empty() {
        vec![items.clone()]
    } else {
        attributes.iter().map(|name| items.iter().map(|item| at(item, name)).collect()).collect()
    };
    if items.len() > 1 {
        columns.iter().try_for_each(|column| column.iter().try_for_each(|value| defined(value).map(drop)))?;
    }
    let zone = with_scope(state, |scope| scope.shared.zone)?;
    let keys: Vec<Vec<SortKey>> =
        columns.iter().map(|column| SortKey::of_all(column, zone, is_case_sensitive)).collect();
    let mut places: Vec<usize> = (0..items.len()).collect();
    let mut unordered = None;
    places.sort_by(|&a, &b| {
        let decided = keys.iter().enumerate().map(|(column, keys)| {
            if !keys[a].is_ordered_with(&keys[b]) {
                unordered.get_or_insert((column, a, b));
            }
            keys[a].cmp(&keys[b])
        });
        let order = decided.fold(std::cmp::Ordering::Equal, std::cmp::Ordering::then);
        if is_reverse { order.reverse() } else { order }
    });
    if let Some((column, a, b)) = unordered {
        let (one, other) = (kind_name(&columns[column][a]), kind_name(&columns[column][b]));
        return Err(coded(code::EXPR_TYPE, format!("{one} and {other} have no order")));
    }
    Ok(places.into_iter().map(|place| items[place].clone()).collect())
}

/// The first of each that are equal.
fn unique(state: &State, list: &Value, kwargs: Kwargs) -> Result<Value, Error> {
    let items = items(state, list)?;
    let attribute = kwargs.get::<Option<&str>>("attribute")?;
    let is_case_sensitive = kwargs.get::<Option<bool>>("case_sensitive")?.unwrap_or(false);
    kwargs.assert_all_used()?;
    let values: Vec<Value> = match attribute {
        Some(name) => items.iter().map(|item| at(item, name)).collect(),
        None => items.clone(),
    };
    let zone = with_scope(state, |scope| scope.shared.zone)?;
    let keys = SortKey::of_all(&values, zone, is_case_sensitive);
    let mut seen = BTreeSet::new();
    let first = items.into_iter().zip(keys).filter_map(|(item, key)| seen.insert(key).then_some(item));
    Ok(value::list(first.collect()))
}

/// The items of a list, each level of comparing them paid for.
fn items(state: &State, list: &Value) -> Result<Vec<Value>, Error> {
    if list.is_undefined() {
        return Err(undefined(list));
    }
    let levels = u64::from(list.len().unwrap_or(0).checked_ilog2().unwrap_or(0)) + 1;
    pay_for_walks(state, list, levels)?;
    let items = list.try_iter().map_err(|_| {
        coded(code::EXPR_TYPE, format!("only the items of a list can be compared, not {}", kind_name(list)))
    })?;
    Ok(items.collect())
}

/// A member by its path: `customer.name`, or `1` for the second item of a list.
fn at(item: &Value, path: &str) -> Value {
    path.split('.').fold(item.clone(), |value, name| match name.parse() {
        Ok(index) => step(&value, &PathKey::Index(index)),
        Err(_) => step(&value, &PathKey::Name(name.into())),
    })
}
