//! Faults of a merged document that neither side has alone, told as conflicts.

use serde_json::Value;

use super::Conflict;
use crate::flow::finding::Finding;
use crate::flow::pointer;

/// The conflict of two changes that are each sound, and come to a document with this fault.
pub fn together(fault: &Finding, base: &Value, draft: &Value, sent: &Value) -> Conflict {
    // Of the whole document, or of all steps, nobody needs three copies.
    let is_small = pointer::tokens(&fault.pointer).count() > 1;
    let [base, draft, sent] = [base, draft, sent].map(|document| find(document, fault));
    let shown = |value| if is_small { value } else { Value::Null };
    Conflict {
        pointer: sent.0,
        path: path(fault),
        message: format!(
            "what both sides change comes to a document that is refused here: {}",
            fault.message
        )
        .into(),
        base: shown(base.1),
        draft: shown(draft.1),
        sent: shown(sent.1),
    }
}

/// The place of a fault in a document, a step by its id, and what stands there. Where the document lacks the place: what
/// is around it, and null.
fn find(document: &Value, fault: &Finding) -> (String, Value) {
    let (mut place, mut value) = (String::new(), document);
    for (depth, token) in pointer::tokens(&fault.pointer).enumerate() {
        let inside = match (value, &fault.step_id) {
            (Value::Array(steps), Some(id)) if depth == 1 => {
                let found = steps.iter().enumerate().find(|(_, step)| step["id"] == **id);
                found.map(|(index, step)| (index.to_string(), step))
            }
            (Value::Array(entries), _) => token
                .parse()
                .ok()
                .and_then(|index: usize| entries.get(index))
                .map(|entry| (token.to_string(), entry)),
            (value, _) => value.get(&*token).map(|member| (token.to_string(), member)),
        };
        let Some((token, inside)) = inside else { return (place, Value::Null) };
        pointer::push(&mut place, &token);
        value = inside;
    }
    (place, value.clone())
}

/// The place in the author's terms: `steps.pago.options`.
fn path(fault: &Finding) -> String {
    let mut tokens: Vec<_> = pointer::tokens(&fault.pointer).collect();
    if let (Some(id), Some(index)) = (&fault.step_id, tokens.get_mut(1)) {
        *index = id.into();
    }
    tokens.join(".")
}
