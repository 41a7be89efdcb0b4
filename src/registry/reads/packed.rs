//! Bytes that are kept in memory for long, compressed by lz4.

use std::sync::Arc;

use bytes::Bytes;
use lz4_flex::block;

/// Bytes in one allocation of their size, compressed but for those that are about to be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Packed {
    bytes: Arc<[u8]>,
    is_open: bool,
}

impl Packed {
    pub(super) fn of(bytes: &[u8]) -> Self {
        Self { bytes: block::compress_prepend_size(bytes).into(), is_open: false }
    }

    pub(super) fn open(&self) -> Bytes {
        match self.is_open {
            true => Bytes::copy_from_slice(&self.bytes),
            false => opened(block::decompress_size_prepended(&self.bytes)).into(),
        }
    }

    /// How many bytes there are when it is opened.
    pub(super) fn open_len(&self) -> usize {
        match self.bytes.first_chunk() {
            Some(length) if !self.is_open => {
                usize::try_from(u32::from_le_bytes(*length)).unwrap_or(usize::MAX)
            }
            _ => self.bytes.len(),
        }
    }

    /// How many bytes it takes.
    pub(super) fn len(&self) -> usize {
        self.bytes.len()
    }

    /// What differs from other bytes, compressed.
    pub(super) fn beside(&self, other: &Self) -> Box<[u8]> {
        block::compress_prepend_size_with_dict(&self.open(), &other.open()).into()
    }

    /// What [`Self::beside`] made of bytes beside these ones.
    pub(super) fn with(&self, delta: &[u8]) -> Self {
        let bytes = opened(block::decompress_size_prepended_with_dict(delta, &self.open()));
        Self { bytes: bytes.into(), is_open: true }
    }
}

fn opened(bytes: Result<Vec<u8>, block::DecompressError>) -> Vec<u8> {
    bytes.expect("what was packed here can be opened")
}
