//! Where each request on a connection ends, so that nothing of the next one is read with it, and whether lines of its
//! head end as they must. Bodies are not read here: how long one is, the parser of heads says.

use memchr::memchr;

/// What the next bytes of a connection belong to.
#[derive(Debug, Clone, Copy)]
pub enum Framing {
    /// A head, in which so many bytes of the present line have come.
    Head { line_bytes: usize, last: u8, is_begun: bool },
    /// A body, of which so many bytes are to come.
    Sized(u64),
    /// A body in chunks. Each chunk, and the body, ends with the end of a line.
    Chunked,
    /// Whatever it is: nothing on this connection is answered but with a refusal.
    Unknown,
}

/// What a part of the bytes that came is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cut {
    /// So many bytes may be handed on before the next question.
    pub bytes: usize,
    /// Whether a line of a head ended without a carriage return.
    pub is_bare: bool,
}

impl Framing {
    pub const HEAD: Self = Self::Head { line_bytes: 0, last: 0, is_begun: false };

    /// Of a request whose head is complete: how its body is framed, of which `length` bytes come, if that is known.
    pub fn of_body(length: Option<u64>) -> Self {
        match length {
            Some(0) => Self::HEAD,
            Some(bytes) => Self::Sized(bytes),
            None => Self::Chunked,
        }
    }

    /// How many of the bytes that came belong to what is being read.
    pub fn cut(&mut self, bytes: &[u8]) -> Cut {
        let all = Cut { bytes: bytes.len(), is_bare: false };
        match self {
            Self::Head { .. } => self.cut_head(bytes),
            Self::Sized(left) => {
                let taken = usize::try_from(*left).unwrap_or(usize::MAX).min(bytes.len());
                *left -= taken as u64;
                if *left == 0 {
                    *self = Self::HEAD;
                }
                Cut { bytes: taken, ..all }
            }
            Self::Chunked => Cut { bytes: memchr(b'\n', bytes).map_or(bytes.len(), |at| at + 1), ..all },
            Self::Unknown => all,
        }
    }

    fn cut_head(&mut self, bytes: &[u8]) -> Cut {
        let Self::Head { mut line_bytes, mut last, mut is_begun } = *self else {
            unreachable!("asked of a head")
        };
        let mut at = 0;
        while let Some(length) = memchr(b'\n', &bytes[at..]) {
            let line = &bytes[at..at + length];
            last = line.last().copied().unwrap_or(last);
            line_bytes += length;
            at += length + 1;
            if last != b'\r' {
                *self = Self::Unknown;
                return Cut { bytes: bytes.len(), is_bare: true };
            }
            // Empty lines before a request are passed over.
            if line_bytes == 1 && is_begun {
                *self = Self::HEAD;
                return Cut { bytes: at, is_bare: false };
            }
            is_begun |= line_bytes > 1;
            (line_bytes, last) = (0, 0);
        }
        line_bytes += bytes.len() - at;
        last = bytes[at..].last().copied().unwrap_or(last);
        *self = Self::Head { line_bytes, last, is_begun };
        Cut { bytes: bytes.len(), is_bare: false }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &[u8] = b"\r\nGET / HTTP/1.1\r\nhost: x\r\n\r\n";

    /// The parts that bytes are handed on in, when they come in pieces of so many.
    fn parts(mut framing: Framing, bytes: &[u8], piece: usize) -> Vec<usize> {
        let mut parts = Vec::new();
        for mut came in bytes.chunks(piece) {
            while !came.is_empty() {
                let cut = framing.cut(came);
                assert!(!cut.is_bare);
                parts.push(cut.bytes);
                came = &came[cut.bytes..];
            }
        }
        parts
    }

    #[test]
    fn nothing_of_the_next_request_is_read_with_one() {
        let two = [HEAD, HEAD].concat();
        assert_eq!(parts(Framing::HEAD, &two, two.len()), [HEAD.len(), HEAD.len()]);
        for piece in 1..two.len() {
            let mut sum = 0;
            let ends: Vec<usize> = parts(Framing::HEAD, &two, piece)
                .into_iter()
                .map(|bytes| {
                    sum += bytes;
                    sum
                })
                .collect();
            assert!(ends.contains(&HEAD.len()) && ends.ends_with(&[two.len()]), "{piece}: {ends:?}");
        }
        let body = [b"body".as_slice(), HEAD].concat();
        assert_eq!(parts(Framing::of_body(Some(4)), &body, body.len()), [4, HEAD.len()]);
        assert_eq!(parts(Framing::of_body(None), b"4\r\nbody\r\n0\r\n\r\nGET", 99), [3, 6, 3, 2, 3]);
    }

    #[test]
    fn a_line_that_ends_without_a_carriage_return_is_found() {
        for bare in [
            "GET / HTTP/1.1\nhost: x\r\n\r\n",
            "GET / HTTP/1.1\r\nhost: x\n\r\n",
            "GET /\r\na: b\r\n\n",
            "\n",
        ] {
            for piece in 1..=bare.len() {
                let mut framing = Framing::HEAD;
                let found = bare.as_bytes().chunks(piece).any(|came| framing.cut(came).is_bare);
                assert!(found, "{bare:?} in pieces of {piece}");
            }
        }
    }
}
