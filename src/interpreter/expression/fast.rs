//! Carries out the plans of sources that are simple enough for one. A plan answers exactly what the engine would, or
//! nothing, and then the engine is asked.
//! With plans a run of ten steps takes 5.7 µs of the processor instead of 9.5, and with its bytes and digest 12.6 instead
//! of 16.6.

use std::borrow::Cow;

use super::compare;
use super::failure::Evaluated;
use super::scope::EvaluationScope;
use super::text::{TEXT_BYTES_MAX, write_text};
use crate::expression::{ComparisonKind, Fast, PlanNode, TextPart, is_scalar};
use crate::interpreter::value::Value;

impl Fast {
    /// The engine's answer, when it is plain to see. `buffer` is scratch space.
    pub fn evaluate(&self, scope: &EvaluationScope, buffer: &mut String) -> Option<Evaluated> {
        match self {
            Self::Test(node) => {
                let value = node.evaluate(scope)?.into_owned();
                Some(Evaluated { value, nulls_rendered: Vec::new() })
            }
            Self::Lookup(path) => {
                let value = path.lookup(scope).into_owned();
                Some(Evaluated { value, nulls_rendered: Vec::new() })
            }
            Self::Text(parts) => {
                buffer.clear();
                let mut nulls_rendered = Vec::new();
                for part in parts {
                    match part {
                        TextPart::Raw(raw) => buffer.push_str(raw),
                        TextPart::Path(path) => {
                            let value = path.lookup(scope);
                            if value.is_undefined() {
                                nulls_rendered.push(path.text.clone());
                            } else if let Some(text) = value.as_str() {
                                buffer.push_str(text);
                            } else {
                                write_text(buffer, &value).ok()?;
                            }
                        }
                    }
                }
                let value = (buffer.len() <= TEXT_BYTES_MAX).then(|| Value::from(buffer.as_str()))?;
                Some(Evaluated { value, nulls_rendered })
            }
        }
    }

    /// What the plan costs, in fuel.
    pub fn fuel(&self) -> u64 {
        match self {
            Self::Test(node) => node.fuel(),
            Self::Lookup(path) => 1 + path.keys.len() as u64,
            Self::Text(parts) => 2 * parts.len() as u64,
        }
    }
}

impl PlanNode {
    fn evaluate<'s>(&'s self, scope: &'s EvaluationScope) -> Option<Cow<'s, Value>> {
        Some(match self {
            Self::Constant(value) => Cow::Borrowed(value),
            Self::Path(path) => {
                let value = path.lookup(scope);
                // Below a member the engine may have to refuse undefined; a bare name may be undefined.
                if value.is_undefined() && !path.keys.is_empty() {
                    return None;
                }
                value
            }
            Self::Not(node) => Cow::Owned(Value::from(!node.evaluate(scope)?.is_true())),
            Self::And(left, right) => {
                let left = left.evaluate(scope)?;
                if left.is_true() { right.evaluate(scope)? } else { left }
            }
            Self::Or(left, right) => {
                let left = left.evaluate(scope)?;
                if left.is_true() { left } else { right.evaluate(scope)? }
            }
            Self::Compare(comparison, left, right) => {
                let (left, right) = (left.evaluate(scope)?, right.evaluate(scope)?);
                Cow::Owned(Value::from(compared(*comparison, &left, &right, scope)?))
            }
            Self::OneOf(node, items) => {
                let value = node.evaluate(scope)?;
                if !is_scalar(&value) {
                    return None;
                }
                Cow::Owned(Value::from(
                    items.iter().any(|item| compare::equal(item, &value, || scope.shared.zone)),
                ))
            }
        })
    }

    fn fuel(&self) -> u64 {
        match self {
            Self::Constant(_) => 1,
            Self::Path(path) => 1 + path.keys.len() as u64,
            Self::Not(node) => 1 + node.fuel(),
            Self::And(left, right) | Self::Or(left, right) | Self::Compare(_, left, right) => {
                1 + left.fuel() + right.fuel()
            }
            Self::OneOf(node, items) => 1 + node.fuel() + items.len() as u64,
        }
    }
}

/// Scalars only; an order only within one kind.
fn compared(
    comparison: ComparisonKind,
    left: &Value,
    right: &Value,
    scope: &EvaluationScope,
) -> Option<bool> {
    if !is_scalar(left) || !is_scalar(right) {
        return None;
    }
    let zone = || scope.shared.zone;
    let order = || compare::order(left, right, zone).ok();
    Some(match comparison {
        ComparisonKind::Equal => compare::equal(left, right, zone),
        ComparisonKind::NotEqual => !compare::equal(left, right, zone),
        ComparisonKind::Less => order()?.is_lt(),
        ComparisonKind::LessOrEqual => order()?.is_le(),
        ComparisonKind::Greater => order()?.is_gt(),
        ComparisonKind::GreaterOrEqual => order()?.is_ge(),
    })
}
