//! JSON kept in memory, compressed against a flow as most are: what the format and its findings call things is the
//! larger part of a small document, and the same in all of them.

use std::sync::LazyLock;

use lz4_flex::block::{compress_with_dict, decompress_with_dict};

use crate::flow::document::Canonical;
use crate::flow::{json, validation};

const COMMON_FLOW: &str = include_str!("common_flow.json");

/// The document and its findings as they are kept of every flow.
static COMMON: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let flow = json::parse(COMMON_FLOW.as_bytes()).expect("the file is JSON");
    let flow = Canonical::create(flow).expect("it is sound");
    let mut common = serde_json::to_vec(&validation::findings(&flow)).expect("findings serialize");
    common.extend_from_slice(&flow.bytes);
    common
});

/// Bytes, compressed.
#[derive(Debug)]
pub(super) struct Packed {
    bytes: Box<[u8]>,
    length: usize,
}

impl Packed {
    pub(super) fn of(text: &[u8]) -> Self {
        // Copied: an allocation that shrinks may keep the room it had.
        Self { bytes: compress_with_dict(text, &COMMON).as_slice().into(), length: text.len() }
    }

    pub(super) fn text(&self) -> Vec<u8> {
        decompress_with_dict(&self.bytes, self.length, &COMMON).expect("what was compressed here")
    }

    /// What it takes in memory.
    pub(super) fn size(&self) -> usize {
        self.bytes.len()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn what_is_packed_comes_back(parts in proptest::collection::vec((0..4000usize, 0..400usize, "\\PC{0,20}"), 0..20)) {
            let mut text = Vec::new();
            for (from, length, other) in parts {
                let from = from.min(COMMON.len());
                text.extend_from_slice(&COMMON[from..COMMON.len().min(from + length)]);
                text.extend_from_slice(other.as_bytes());
            }
            prop_assert_eq!(Packed::of(&text).text(), text);
        }
    }

    #[test]
    fn a_small_flow_takes_little() {
        let flow =
            Canonical::create(serde_json::json!({ "name": "x", "steps": [{ "type": "end" }] })).unwrap();
        assert!(Packed::of(&flow.bytes).size() < flow.bytes.len() / 3);
    }
}
