//! The difference of two documents as an RFC 6902 JSON Patch.

use json_patch::jsonptr::PointerBuf;
use json_patch::{AddOperation, MoveOperation, Patch, PatchOperation, RemoveOperation};
use serde_json::Value;

use super::align::align;
use super::compare::{EntryKey, entry_keys};

/// A patch that turns exactly `before` into exactly `after`.
///
/// Steps and variables are first removed, added and moved by id and only then patched member by member;
/// index by index, one step inserted at the top would rewrite every step below it.
pub fn json_patch(before: &Value, after: &Value) -> Patch {
    let mut patch = Patch::default();
    for (list, key) in [("variables", "name"), ("steps", "id")] {
        if let (Some(Value::Array(old)), Some(Value::Array(new))) = (before.get(list), after.get(list)) {
            rearrange(list, key, old, new, &mut patch.0);
        }
    }
    let mut rearranged = before.clone();
    json_patch::patch(&mut rearranged, &patch)
        .expect("every operation names a place of the list it is made for");
    patch.0.extend(json_patch::diff(&rearranged, after).0);
    patch
}

/// Brings the entries of `before` into the order of `after`, each operation on what the earlier ones left.
fn rearrange(list: &str, key: &str, before: &[Value], after: &[Value], operations: &mut Vec<PatchOperation>) {
    let (keys_before, keys_after) = (entry_keys(before, key), entry_keys(after, key));
    let alignment = align(&keys_before, &keys_after);
    let pointer = |place: usize| PointerBuf::from_tokens([list, &place.to_string()]);
    let mut keys = keys_before;
    for &place in alignment.removed.iter().rev() {
        keys.remove(place);
        operations.push(PatchOperation::Remove(RemoveOperation { path: pointer(place) }));
    }
    let mut moved = vec![false; after.len()];
    for kept in alignment.kept.iter().filter(|kept| kept.moved) {
        moved[kept.after] = true;
    }
    for (place, &entry) in keys_after.iter().enumerate() {
        // Whatever waits to be moved may still stand in between, so an entry goes behind the one before it.
        let behind = |keys: &[EntryKey<'_>]| match place.checked_sub(1) {
            Some(previous) => position(keys, keys_after[previous]).map_or(0, |found| found + 1),
            None => 0,
        };
        match position(&keys, entry) {
            None => {
                let target = behind(&keys);
                keys.insert(target, entry);
                let value = after[place].clone();
                operations.push(PatchOperation::Add(AddOperation { path: pointer(target), value }));
            }
            Some(from) if moved[place] => {
                keys.remove(from);
                let target = behind(&keys);
                keys.insert(target, entry);
                if from != target {
                    let (from, path) = (pointer(from), pointer(target));
                    operations.push(PatchOperation::Move(MoveOperation { from, path }));
                }
            }
            Some(_) => {}
        }
    }
}

fn position(keys: &[EntryKey<'_>], entry: EntryKey<'_>) -> Option<usize> {
    keys.iter().position(|&key| key == entry)
}
