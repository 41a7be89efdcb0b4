//! Gzip (RFC 1952) in parts. A compressor holds a quarter of a megabyte, so none waits with a client: each thread has one,
//! every part goes through it to its end, and what is kept between parts is what the next one may refer to.

use std::cell::RefCell;

use bytes::Bytes;
use crc32fast::Hasher;
use flate2::{Compress, Compression, FlushCompress, Status};

/// A list of 1,000 flows, 1.14 MB, becomes 91 KB at 460 MB/s; at level 1, which has fixed codes alone, 142 KB, and at
/// level 4 90 KB at a third of the speed.
const LEVEL: u32 = 2;
/// How far back a part refers into what came before it.
const BEHIND_BYTES: usize = 8 * 1024;
/// Deflate, no name, no time, no word on level or system.
const HEADER: [u8; 10] = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255];

thread_local! {
    static COMPRESSOR: RefCell<Compress> = RefCell::new(Compress::new(Compression::new(LEVEL), false));
}

/// A file that is written part by part. All parts after each other, and then the end, are the file.
#[derive(Debug)]
pub struct Gzip {
    /// What belongs before the next part.
    header: &'static [u8],
    check: Hasher,
    length: u64,
    /// The end of the text before the next part.
    behind: Vec<u8>,
}

impl Gzip {
    pub fn new() -> Self {
        Self { header: &HEADER, check: Hasher::new(), length: 0, behind: Vec::new() }
    }

    /// The next part. The text of it can be read without those that follow.
    pub fn part(&mut self, text: &[u8]) -> Bytes {
        let written = self.written(text, FlushCompress::Sync).into();
        let kept = BEHIND_BYTES.saturating_sub(text.len()).min(self.behind.len());
        self.behind.drain(..self.behind.len() - kept);
        self.behind.extend_from_slice(&text[text.len().saturating_sub(BEHIND_BYTES)..]);
        written
    }

    /// The last part, and the end of the file.
    pub fn end(mut self, text: &[u8]) -> Bytes {
        let mut written = self.written(text, FlushCompress::Finish);
        trailer(&mut written, self.check.finalize(), self.length);
        written.into()
    }

    fn written(&mut self, text: &[u8], flush: FlushCompress) -> Vec<u8> {
        self.check.update(text);
        self.length += text.len() as u64;
        let mut written = Vec::with_capacity(text.len() / 4 + 64);
        written.extend_from_slice(std::mem::take(&mut self.header));
        deflate(&self.behind, text, flush, &mut written);
        written.shrink_to_fit();
        written
    }
}

/// What every file begins with whose text begins with this one: its first part, and the check and length of its text.
pub fn begin(text: &[u8]) -> Bytes {
    let mut gzip = Gzip::new();
    let mut begin = gzip.part(text).to_vec();
    begin.extend_from_slice(&gzip.check.finalize().to_le_bytes());
    begin.extend_from_slice(&gzip.length.to_le_bytes());
    begin.into()
}

/// The file that begins with what [`begin`] made, and ends with a short text.
pub fn ended(begin: &[u8], text: &[u8]) -> Bytes {
    let (begin, length_before) = begin.split_last_chunk().expect("a length stands at its end");
    let (begin, check) = begin.split_last_chunk().expect("a check stands before it");
    let mut check = Hasher::new_with_initial(u32::from_le_bytes(*check));
    check.update(text);
    let mut file = Vec::with_capacity(begin.len() + text.len() + 64);
    file.extend_from_slice(begin);
    // Stored as it is: a block of at most 64 KiB, the last one.
    let length = u16::try_from(text.len()).expect("a short text");
    file.push(1);
    file.extend_from_slice(&length.to_le_bytes());
    file.extend_from_slice(&(!length).to_le_bytes());
    file.extend_from_slice(text);
    trailer(&mut file, check.finalize(), u64::from_le_bytes(*length_before) + u64::from(length));
    file.into()
}

fn trailer(written: &mut Vec<u8>, check: u32, length: u64) {
    written.extend_from_slice(&check.to_le_bytes());
    let [low @ .., _, _, _, _] = length.to_le_bytes();
    written.extend_from_slice(&low);
}

/// Compresses a text that may refer to what is behind it.
fn deflate(behind: &[u8], text: &[u8], flush: FlushCompress, written: &mut Vec<u8>) {
    COMPRESSOR.with_borrow_mut(|compressor| {
        compressor.reset();
        if !behind.is_empty() {
            compressor.set_dictionary(behind).expect("a raw stream that begins takes a dictionary");
        }
        let before = compressor.total_in();
        loop {
            let taken = usize::try_from(compressor.total_in() - before).expect("a text is in memory");
            let status = compressor.compress_vec(&text[taken..], written, flush);
            let is_done = status.expect("memory is compressed into memory") == Status::StreamEnd;
            if is_done || (flush != FlushCompress::Finish && written.len() < written.capacity()) {
                break;
            }
            written.reserve(text.len() / 4 + 64);
        }
    });
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use flate2::read::GzDecoder;

    use super::*;

    fn read(file: &[u8]) -> String {
        let mut text = String::new();
        GzDecoder::new(file).read_to_string(&mut text).unwrap();
        text
    }

    fn texts() -> Vec<String> {
        let flow =
            |n: usize| format!("{{\"id\":{n},\"name\":\"Flujo {n}\",\"steps\":[{}]}},", "1,".repeat(n % 90));
        (1..=40).map(|part| (0..part * 7).map(flow).collect()).collect()
    }

    #[test]
    fn parts_are_one_file() {
        let (mut gzip, mut file) = (Gzip::new(), Vec::new());
        let texts = texts();
        for text in &texts[1..] {
            file.extend_from_slice(&gzip.part(text.as_bytes()));
        }
        file.extend_from_slice(&gzip.end(texts[0].as_bytes()));
        let whole = texts[1..].concat() + &texts[0];
        assert_eq!(read(&file), whole);
        let at_once = Gzip::new().end(whole.as_bytes());
        assert_eq!(read(&at_once), whole);
        assert!(file.len() < at_once.len() * 2, "{} in parts, {} at once", file.len(), at_once.len());
    }

    #[test]
    fn parts_may_be_empty_and_of_any_size() {
        for lengths in [&[0][..], &[0, 0, 1], &[1, 70_000, 3, 9_000, 0], &[8_191, 1, 1, 8_192, 8_193]] {
            let text: Vec<String> = lengths
                .iter()
                .map(|length| {
                    (0..*length).map(|n| char::from(b'a' + (n % 23 * (n % 7)) as u8 % 26)).collect()
                })
                .collect();
            let (mut gzip, mut file) = (Gzip::new(), Vec::new());
            for part in &text {
                file.extend_from_slice(&gzip.part(part.as_bytes()));
            }
            file.extend_from_slice(&gzip.end(b""));
            assert_eq!(read(&file), text.concat(), "{lengths:?}");
        }
    }

    #[test]
    fn a_beginning_has_many_ends() {
        let text = texts().concat();
        let begin = begin(text.as_bytes());
        for end in ["", "]", ",\"timestamp\":\"2026-05-01T03:42:18.123Z\"}"] {
            assert_eq!(read(&ended(&begin, end.as_bytes())), format!("{text}{end}"));
        }
    }
}
