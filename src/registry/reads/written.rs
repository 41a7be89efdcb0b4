//! A page of a list as it was written, kept for who takes it as text and for who takes it compressed.

use std::sync::{Arc, OnceLock};

use bytes::Bytes;

use super::packed::Packed;

/// A JSON array of flows in short. Clones share everything.
#[derive(Debug, Clone)]
pub struct WrittenPage {
    text: Packed,
    compressed: Arc<OnceLock<Bytes>>,
}

impl WrittenPage {
    pub(super) fn of(text: &[u8]) -> Self {
        Self { text: Packed::of(text), compressed: Arc::default() }
    }

    pub fn text(&self) -> Bytes {
        self.text.open()
    }

    pub fn text_len(&self) -> usize {
        self.text.open_len()
    }

    /// What `compress` makes of the text, which it is asked once.
    pub fn compressed(&self, compress: impl FnOnce(&[u8]) -> Bytes) -> Bytes {
        self.compressed.get_or_init(|| compress(&self.text.open())).clone()
    }

    /// The bytes it takes: compressed for the way it takes no more than compressed for memory.
    pub(super) fn bytes(&self) -> usize {
        2 * self.text.len()
    }
}
