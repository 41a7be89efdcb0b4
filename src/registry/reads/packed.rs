//! Bytes that are kept in memory for long, compressed by lz4.

use std::sync::Arc;

use lz4_flex::block::{compress_prepend_size, decompress_size_prepended};

/// Compressed bytes, in one allocation of their size.
#[derive(Debug, Clone)]
pub(super) struct Packed(Arc<[u8]>);

impl Packed {
    pub(super) fn of(bytes: &[u8]) -> Self {
        Self(compress_prepend_size(bytes).into())
    }

    pub(super) fn open(&self) -> Vec<u8> {
        decompress_size_prepended(&self.0).expect("what was packed here can be opened")
    }

    /// How many bytes there are when it is opened.
    pub(super) fn open_len(&self) -> usize {
        let length = self.0.first_chunk().expect("what is packed begins with its length");
        usize::try_from(u32::from_le_bytes(*length)).unwrap_or(usize::MAX)
    }

    /// How many bytes it takes.
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }
}
