//! `meta`: data of editors, kept by value and bounded in size.

use serde_json::{Map, Value};

use super::reader::Cursor;

/// Bytes of any `meta` in canonical form, at most.
pub const META_BYTES_MAX: usize = 4 * 1024;

pub(super) fn check_meta(node: Cursor<'_>) {
    node.object();
    node.check_bytes(META_BYTES_MAX);
}

/// Adds a member to a `meta`, unless that would make it larger than it may be.
pub(super) fn insert_if_it_fits(meta: &mut Map<String, Value>, name: &str, value: Value) {
    let before = meta.insert(name.to_owned(), value);
    let bytes = serde_json_canonicalizer::to_vec(meta).map_or(usize::MAX, |bytes| bytes.len());
    if bytes > META_BYTES_MAX {
        match before {
            Some(before) => meta.insert(name.to_owned(), before),
            None => meta.remove(name),
        };
    }
}
