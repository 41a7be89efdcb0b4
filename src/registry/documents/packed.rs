//! JSON kept in memory, compressed against a flow as most are: what the format and its findings call things is the
//! larger part of a small document, and the same in all of them. Versions of one flow are compressed against one of them.

use std::sync::{Arc, LazyLock};

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

/// A text that is like its base takes at most this part of itself beside it.
const LIKE: usize = 4;
/// What a text may keep of a base without being charged for it, once many share that: whoever outlives the others keeps
/// all of it, and of what is beyond this a part is charged to each.
const UNCHARGED: usize = 2 * 1024;

/// Bytes, compressed.
#[derive(Debug)]
pub(super) struct Packed {
    bytes: Box<[u8]>,
    length: u32,
    /// What it was compressed against, if not [`COMMON`], and what it is charged for that.
    base: Option<Arc<[u8]>>,
    share: u32,
}

impl Packed {
    pub(super) fn of(text: &[u8]) -> Self {
        Self { bytes: compressed(text, &COMMON), length: size(text.len()), base: None, share: 0 }
    }

    /// The same against another text, which whoever hands it out keeps for others; `None` where the two have little in
    /// common.
    pub(super) fn beside(text: &[u8], base: &Arc<[u8]>) -> Option<Self> {
        let bytes = compressed(text, base);
        if bytes.len() > text.len() / LIKE {
            return None;
        }
        let holders = Arc::strong_count(base).saturating_sub(1).max(1);
        let share = (base.len() / holders).max(base.len().saturating_sub(UNCHARGED) / LIKE);
        Some(Self { bytes, length: size(text.len()), base: Some(Arc::clone(base)), share: size(share) })
    }

    pub(super) fn text(&self) -> Vec<u8> {
        let base = self.base.as_deref().unwrap_or(&COMMON);
        decompress_with_dict(&self.bytes, self.length as usize, base).expect("what was compressed here")
    }

    #[cfg(test)]
    pub(super) fn is_beside_another(&self) -> bool {
        self.base.is_some()
    }

    /// What it takes in memory.
    pub(super) fn size(&self) -> usize {
        self.bytes.len() + self.share as usize
    }
}

fn compressed(text: &[u8], base: &[u8]) -> Box<[u8]> {
    // Copied: an allocation that shrinks may keep the room it had.
    compress_with_dict(text, base).as_slice().into()
}

fn size(bytes: usize) -> u32 {
    u32::try_from(bytes).expect("far less than what a request may bring")
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
            let base: Arc<[u8]> = [&text[..text.len() / 2], &b"another"[..], &text[text.len() / 3..]].concat().into();
            if let Some(packed) = Packed::beside(&text, &base) {
                prop_assert_eq!(&packed.text(), &text);
            }
            prop_assert_eq!(Packed::of(&text).text(), text);
        }
    }

    fn noise(seed: u32, words: u32) -> Vec<u8> {
        (0..words).flat_map(|n| seed.wrapping_add(n).wrapping_mul(2_654_435_761).to_be_bytes()).collect()
    }

    #[test]
    fn a_text_beside_one_like_it_takes_next_to_nothing() {
        let base: Arc<[u8]> = noise(1, 500).into();
        let _kept = Arc::clone(&base);
        let mut text = base.to_vec();
        text[1000] ^= 1;
        let first = Packed::beside(&text, &base).unwrap();
        let second = Packed::beside(&text, &base).unwrap();
        assert_eq!((first.text(), second.text()), (text.clone(), text));
        assert!(second.bytes.len() < 100);
        assert!(first.size() > base.len() && second.size() < base.len(), "they share it");
        assert!(Packed::beside(&noise(1 << 20, 500), &base).is_none());
    }

    #[test]
    fn whoever_may_outlive_the_others_is_charged_for_a_long_base() {
        let base: Arc<[u8]> = noise(1, 4000).into();
        let _kept = Arc::clone(&base);
        let beside: Vec<_> = (0..100).map(|_| Packed::beside(&base, &base).unwrap()).collect();
        assert!(beside[0].size() > base.len(), "it is alone");
        assert!(beside[99].size() > base.len() / 5, "it may be alone later");
        assert!(beside[99].size() < base.len() / 3, "it is not yet");
    }

    /// The packer looks back 64 KiB.
    #[test]
    fn a_base_may_be_of_any_length() {
        for words in [0, 1, 16_383, 16_384, 16_385, 60_000] {
            let base: Arc<[u8]> = noise(1, words).into();
            for text in [&base[..], &base[base.len() / 2..], &base[..base.len() / 2], &[]] {
                let text = [text, &[b'x'; 2000]].concat();
                if let Some(packed) = Packed::beside(&text, &base) {
                    assert_eq!(packed.text(), text, "{words}");
                }
            }
        }
    }

    #[test]
    fn a_small_flow_takes_little() {
        let flow =
            Canonical::create(serde_json::json!({ "name": "x", "steps": [{ "type": "end" }] })).unwrap();
        assert!(Packed::of(&flow.bytes).size() < flow.bytes.len() / 3);
    }
}
