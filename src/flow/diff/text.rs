//! Comparing by canonical text, which is the same where the values are: only what differs is read.

use serde_json::Value;
use serde_json::value::RawValue;

/// Two members as values. Of steps that all stand where they stood, only those that differ: the paths of what changed
/// in them name no others.
pub(super) fn what_differs(name: &str, before: &str, after: &str) -> serde_json::Result<(Value, Value)> {
    if name == "steps"
        && let Some((before, after)) = differing_steps(before, after)?
    {
        return Ok((before.into(), after.into()));
    }
    Ok((serde_json::from_str(before)?, serde_json::from_str(after)?))
}

fn differing_steps(before: &str, after: &str) -> serde_json::Result<Option<(Vec<Value>, Vec<Value>)>> {
    let (before, after): (Vec<&RawValue>, Vec<&RawValue>) =
        (serde_json::from_str(before)?, serde_json::from_str(after)?);
    if before.len() != after.len() {
        return Ok(None);
    }
    let mut differing = (Vec::new(), Vec::new());
    for (before, after) in before.into_iter().zip(after).filter(|(before, after)| before.get() != after.get())
    {
        let (before, after): (Value, Value) =
            (serde_json::from_str(before.get())?, serde_json::from_str(after.get())?);
        if before.get("id") != after.get("id") {
            return Ok(None);
        }
        differing.0.push(before);
        differing.1.push(after);
    }
    Ok(Some(differing))
}
