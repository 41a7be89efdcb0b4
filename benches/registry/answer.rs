//! How far an HTTP/1.1 answer has arrived. Reads no more of it than its status and where it ends, unless asked for more.

use std::borrow::Cow;
use std::ops::Range;
use std::str;

/// A complete answer at the start of some bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Answer {
    pub status: u16,
    /// Bytes of head and body together.
    pub length: usize,
}

/// What cannot be the start of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Malformed;

/// `None` while more of it must come.
pub fn complete(bytes: &[u8]) -> Result<Option<Answer>, Malformed> {
    let Some(head_length) = find(bytes, b"\r\n\r\n").map(|end| end + 4) else { return Ok(None) };
    let head = str::from_utf8(&bytes[..head_length]).map_err(|_| Malformed)?;
    let status: u16 = head.get(9..12).and_then(|digits| digits.parse().ok()).ok_or(Malformed)?;
    let length = match length(head)? {
        Length::Known(body) => Some(head_length + body).filter(|length| *length <= bytes.len()),
        Length::Chunked => end_of_chunks(&bytes[head_length..])?.map(|body| head_length + body),
    };
    Ok(length.map(|length| Answer { status, length }))
}

enum Length {
    Known(usize),
    Chunked,
}

fn length(head: &str) -> Result<Length, Malformed> {
    for (name, value) in head.lines().filter_map(|line| line.split_once(':')) {
        if name.eq_ignore_ascii_case("content-length") {
            return value.trim().parse().map(Length::Known).map_err(|_| Malformed);
        }
        if name.eq_ignore_ascii_case("transfer-encoding") {
            return Ok(Length::Chunked);
        }
    }
    Ok(Length::Known(0))
}

fn end_of_chunks(body: &[u8]) -> Result<Option<usize>, Malformed> {
    let mut at = 0;
    while let Some(chunk) = chunk(body, at)? {
        at = chunk.end.saturating_add(2);
        if chunk.is_empty() {
            return Ok(Some(at).filter(|at| *at <= body.len()));
        }
    }
    Ok(None)
}

/// Where the bytes are of the chunk that begins at a place; the last chunk has none.
fn chunk(body: &[u8], at: usize) -> Result<Option<Range<usize>>, Malformed> {
    let Some(line) = body.get(at..).and_then(|rest| find(rest, b"\r\n")) else { return Ok(None) };
    let size = str::from_utf8(&body[at..at + line]).map_err(|_| Malformed)?;
    let size = usize::from_str_radix(size.trim(), 16).map_err(|_| Malformed)?;
    let begin = at + line + 2;
    Ok(Some(begin..begin.saturating_add(size)))
}

/// The body of a complete answer, put together from its chunks.
pub fn body(answer: &[u8]) -> Result<Cow<'_, [u8]>, Malformed> {
    let (head, body) = answer.split_at(find(answer, b"\r\n\r\n").ok_or(Malformed)? + 4);
    if let Length::Known(length) = length(str::from_utf8(head).map_err(|_| Malformed)?)? {
        return body.get(..length).map(Cow::Borrowed).ok_or(Malformed);
    }
    let (mut whole, mut at) = (Vec::with_capacity(body.len()), 0);
    while let Some(chunk) = chunk(body, at)?.filter(|chunk| !chunk.is_empty()) {
        whole.extend_from_slice(body.get(chunk.clone()).ok_or(Malformed)?);
        at = chunk.end + 2;
    }
    Ok(Cow::Owned(whole))
}

/// The value of a header of a complete answer, by its name in lower case.
pub fn header<'a>(answer: &'a [u8], wanted: &str) -> Option<&'a str> {
    let head = str::from_utf8(&answer[..find(answer, b"\r\n\r\n")?]).ok()?;
    let mut headers = head.lines().filter_map(|line| line.split_once(':'));
    headers.find_map(|(name, value)| name.eq_ignore_ascii_case(wanted).then(|| value.trim()))
}

fn find(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    bytes.windows(wanted.len()).position(|window| window == wanted)
}
