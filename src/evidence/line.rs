//! The lines of an evidence bundle, format 1. Each kind has one form: what is read is written again and
//! must come out the same, so that no byte of a file is without meaning.

use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use uuid::Uuid;

use super::instant;
use crate::flow::digest::Digest;
use crate::flow::event::{State, StreamKind};
use crate::flow::record::EventRecord;

pub(super) const FORMAT: &str = "flow-registry/evidence/1";

/// Whether a file that begins with these bytes may be a bundle of this format, however short they are.
pub(super) fn may_begin_a_bundle(bytes: &[u8]) -> bool {
    const START: &[u8] = b"{\"format\":\"flow-registry/evidence/1\",";
    let compared = bytes.len().min(START.len());
    bytes[..compared] == START[..compared]
}

/// The first line: whose log this is, and where in it the file begins.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Header<'a> {
    #[serde(borrow)]
    pub format: Cow<'a, str>,
    pub organization: Uuid,
    /// The position before the first event here; 0 at the start of the log.
    pub after: i64,
    /// The chain hash at that position.
    pub chain_hash: Digest,
}

/// A document, right before the first event that refers to it.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct DocumentLine<'a> {
    pub document: Digest,
    /// Null once erased.
    #[serde(borrow)]
    pub content: Option<&'a RawValue>,
}

/// An event that a filter left out.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Omitted {
    pub omitted: i64,
    pub event_hash: Digest,
}

/// A signed note, right after the event it names.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct CheckpointNote<'a> {
    #[serde(borrow)]
    pub checkpoint: Cow<'a, str>,
}

/// The second line of a part that is to have every event of one flow: of which.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct CompleteLine {
    pub complete: Uuid,
}

/// A signed note over the trees of the log, right after the checkpoint of the last event.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct TreeNote<'a> {
    #[serde(borrow)]
    pub tree: Cow<'a, str>,
}

/// The last version of the flow, and the path that proves it by the note before.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct LastLine {
    pub last: Uuid,
    pub version: i64,
    pub event_hash: Digest,
    /// Its place among the streams, and how many there are.
    pub index: u64,
    pub streams: u64,
    pub path: Vec<Digest>,
}

/// The last line. The digest is that of all bytes before it: it proves nothing against someone who
/// recomputes it, but finds every accident.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct EndLine {
    pub end: i64,
    pub digest: Digest,
}

/// An event. Payload and context stand as the exact bytes that were hashed, and last, where other
/// programs can cut them out without parsing them.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Event<'a> {
    position: i64,
    #[serde(borrow)]
    recorded_at: Cow<'a, str>,
    #[serde(borrow, rename = "type")]
    event_type: Cow<'a, str>,
    #[serde(borrow)]
    stream_kind: Cow<'a, str>,
    stream_id: Uuid,
    version: i64,
    event_id: Uuid,
    schema_version: i16,
    document: Option<Digest>,
    enabled: bool,
    deleted: bool,
    published_version: Option<i64>,
    published_by_version: Option<i64>,
    payload_digest: Digest,
    context_digest: Digest,
    event_hash: Digest,
    chain_hash: Digest,
    #[serde(borrow)]
    payload: Option<&'a RawValue>,
    #[serde(borrow)]
    context: Option<&'a RawValue>,
}

/// A line as it was read.
#[derive(Debug)]
#[expect(clippy::large_enum_variant, reason = "one line at a time, and nearly all are events")]
pub(super) enum BundleLine<'a> {
    Header(Header<'a>),
    Document(Digest, Option<Cow<'a, [u8]>>),
    Event(EventRecord<'a>),
    Omitted(Omitted),
    Checkpoint(CheckpointNote<'a>),
    Complete(CompleteLine),
    Tree(TreeNote<'a>),
    Last(LastLine),
    End(EndLine),
}

impl<'a> BundleLine<'a> {
    /// `None` when no bundle has such a line.
    pub fn parse(line: &'a [u8]) -> Option<Self> {
        let line = str::from_utf8(line).ok()?;
        let member = line.strip_prefix("{\"")?;
        Some(match &member[..member.find('"')?] {
            "position" => Self::Event(read::<Event<'_>>(line)?.into_record()?),
            "document" => {
                let DocumentLine { document, content } = read(line)?;
                let bytes = match content {
                    Some(content) => Some(embedded(content)?),
                    None => None,
                };
                Self::Document(document, bytes)
            }
            "omitted" => Self::Omitted(read(line)?),
            "checkpoint" => Self::Checkpoint(read(line)?),
            "complete" => Self::Complete(read(line)?),
            "tree" => Self::Tree(read(line)?),
            "last" => Self::Last(read(line)?),
            "format" => Self::Header(read::<Header<'_>>(line).filter(|header| header.format == FORMAT)?),
            "end" => Self::End(read(line)?),
            _ => return None,
        })
    }
}

fn read<'a, T: Deserialize<'a> + Serialize>(line: &'a str) -> Option<T> {
    let value: T = serde_json::from_str(line).ok()?;
    (to_text(&value) == line.as_bytes()).then_some(value)
}

fn to_text(line: &impl Serialize) -> Vec<u8> {
    serde_json::to_vec(line).expect("lines have string keys and no failing parts")
}

pub(super) fn write(line: &impl Serialize, out: &mut Vec<u8>) {
    serde_json::to_writer(&mut *out, line).expect("lines have string keys and no failing parts");
    out.push(b'\n');
}

pub(super) fn write_document(document: Digest, bytes: Option<&[u8]>, out: &mut Vec<u8>) {
    let text = bytes.map(embed);
    write(&DocumentLine { document, content: text.as_deref().map(raw) }, out);
}

pub(super) fn write_event(event: &EventRecord<'_>, out: &mut Vec<u8>) {
    let (payload, context) = (event.payload.as_deref().map(embed), event.context.as_deref().map(embed));
    let stream_kind = match StreamKind::from_number(event.stream_kind) {
        Some(kind) => Cow::Borrowed(kind.as_str()),
        None => event.stream_kind.to_string().into(),
    };
    let recorded_at = instant::to_text(event.recorded_at_us);
    let line = Event {
        position: event.position,
        recorded_at: recorded_at.unwrap_or_else(|| event.recorded_at_us.to_string()).into(),
        event_type: Cow::Borrowed(&event.event_type),
        stream_kind,
        stream_id: event.stream,
        version: event.version,
        event_id: event.event,
        schema_version: event.schema_version,
        document: event.state.document,
        enabled: event.state.enabled,
        deleted: event.state.deleted,
        published_version: event.state.published_version,
        published_by_version: event.state.published_by_version,
        payload_digest: event.payload_digest,
        context_digest: event.context_digest,
        event_hash: event.event_hash,
        chain_hash: event.chain_hash,
        payload: payload.as_deref().map(raw),
        context: context.as_deref().map(raw),
    };
    write(&line, out);
}

impl<'a> Event<'a> {
    fn into_record(self) -> Option<EventRecord<'a>> {
        let stream_kind = match StreamKind::parse(&self.stream_kind) {
            Some(kind) => kind.number().into(),
            None => self.stream_kind.parse().ok()?,
        };
        let part = |raw: Option<&'a RawValue>| match raw {
            Some(raw) => embedded(raw).map(Some),
            None => Some(None),
        };
        Some(EventRecord {
            position: self.position,
            recorded_at_us: instant::from_text(&self.recorded_at)
                .or_else(|| self.recorded_at.parse().ok())?,
            event_type: self.event_type,
            stream_kind,
            stream: self.stream_id,
            version: self.version,
            event: self.event_id,
            schema_version: self.schema_version,
            state: State {
                document: self.document,
                enabled: self.enabled,
                deleted: self.deleted,
                published_version: self.published_version,
                published_by_version: self.published_by_version,
            },
            event_hash: self.event_hash,
            chain_hash: self.chain_hash,
            payload: part(self.payload)?,
            payload_digest: self.payload_digest,
            context: part(self.context)?,
            context_digest: self.context_digest,
        })
    }
}

/// Stored bytes as they stand in a line: as they are when they are a JSON object, which all are that the
/// service wrote, else as a string of base64, so that an altered log can be exported too.
fn embed(bytes: &[u8]) -> Cow<'_, str> {
    match object(bytes) {
        Some(text) => Cow::Borrowed(text),
        None => Cow::Owned(format!("\"{}\"", BASE64.encode(bytes))),
    }
}

fn object(bytes: &[u8]) -> Option<&str> {
    let text = str::from_utf8(bytes).ok()?;
    let bare = text.starts_with('{') && text.ends_with('}') && !text.contains(['\n', '\r']);
    (bare && serde_json::from_str::<&RawValue>(text).is_ok()).then_some(text)
}

fn raw(text: &str) -> &RawValue {
    serde_json::from_str(text).expect("an object that was parsed, or base64 in quotes")
}

/// The bytes that [`embed`] was given; `None` when it writes them otherwise.
fn embedded(raw: &RawValue) -> Option<Cow<'_, [u8]>> {
    let text = raw.get();
    if text.starts_with('{') {
        return Some(Cow::Borrowed(text.as_bytes()));
    }
    let bytes = BASE64.decode(text.strip_prefix('"')?.strip_suffix('"')?).ok()?;
    object(&bytes).is_none().then_some(Cow::Owned(bytes))
}
