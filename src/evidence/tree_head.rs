//! Tree heads: signed notes over the two trees of an organization's log. With one, an event is proven to be in the log, and
//! a version to be the last of its flow, without the rest of the log.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::error::Error;
use super::instant;
use super::keyring::Keyring;
use super::note::{self, Note, PublicKey};
use super::tree::InclusionPath;
use crate::flow::digest::Digest;

/// The first line of a tree head's text is this and the organization's id.
const ORIGIN: &str = "flow-registry/tree/";

/// Where the trees of an organization's log stood.
///
/// Its text is a checkpoint as <https://c2sp.org/tlog-checkpoint> lays it out: origin, size and root of the tree of event
/// hashes; as lines of extension the root of the tree of streams, the chain hash and the time in UTC with microseconds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TreeHead {
    pub organization: Uuid,
    /// How many events, which is the position of the last of them.
    pub size: i64,
    /// Of the event hashes, in the order of their positions.
    pub event_root: Digest,
    /// Of the last of each stream, as [`stream_leaf`] writes it, in the order of the streams' ids.
    pub map_root: Digest,
    pub chain_hash: Digest,
    pub time: DateTime<Utc>,
}

/// The last version of a stream, and the path that proves that it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LastVersion {
    pub stream_id: Uuid,
    pub version: i64,
    pub event_hash: Digest,
    /// How many streams the log has.
    pub streams: u64,
    pub path: InclusionPath,
}

/// The leaf of a stream: its id, its last version in eight bytes, the first the highest, and the hash of that event.
pub fn stream_leaf(stream_id: Uuid, version: i64, event_hash: &Digest) -> [u8; 56] {
    let mut leaf = [0; 56];
    leaf[..16].copy_from_slice(stream_id.as_bytes());
    leaf[16..24].copy_from_slice(&version.to_be_bytes());
    leaf[24..].copy_from_slice(event_hash.as_bytes());
    leaf
}

impl TreeHead {
    /// The signed note, by every signing key that is valid then; `None` without one.
    pub fn sign(&self, keys: &Keyring) -> Option<String> {
        let mut keys = keys.signing_keys_at(self.time).peekable();
        keys.peek().is_some().then(|| note::sign(&self.text(), keys))
    }

    /// Reads a signed note and verifies it: what it says, and the known key that signed it.
    pub fn open<'k>(note: &str, keys: &'k [PublicKey]) -> Result<(Self, &'k PublicKey), Error> {
        let note = Note::parse(note)?;
        let head = Self::parse(note.text)?;
        let signer = note.signer(keys, head.time)?;
        Ok((head, signer))
    }

    /// Whether a note is to be a tree head. Proves nothing.
    pub fn is_named_by(note: &str) -> bool {
        note.starts_with(ORIGIN)
    }

    /// What a note says. Proves nothing.
    pub fn unverified(note: &str) -> Result<Self, Error> {
        Self::parse(Note::parse(note)?.text)
    }

    /// Whether another head is over the same events and streams; when each was made plays no part.
    pub fn is_over_the_trees_of(&self, other: &Self) -> bool {
        Self { time: other.time, ..self.clone() } == *other
    }

    fn parse(text: &str) -> Result<Self, Error> {
        let mut lines = text.lines();
        let digest = |line: Option<&str>| Digest::from_slice(&BASE64.decode(line?).ok()?);
        let organization = lines.next().and_then(|line| line.strip_prefix(ORIGIN)?.parse().ok());
        let size = lines.next().and_then(|line| line.parse().ok());
        let (event_root, map_root) = (digest(lines.next()), digest(lines.next()));
        let chain_hash = digest(lines.next());
        let time = lines.next().and_then(instant::from_text).and_then(DateTime::from_timestamp_micros);
        let (Some(organization), Some(size), Some(event_root), Some(map_root), Some(chain_hash), Some(time)) =
            (organization, size, event_root, map_root, chain_hash, time)
        else {
            return Err(Error::Malformed("expected origin, size, two roots, chain hash and time"));
        };
        let head = Self { organization, size, event_root, map_root, chain_hash, time };
        if head.text() == text { Ok(head) } else { Err(Error::Malformed("not in its one form")) }
    }

    fn text(&self) -> String {
        let Self { organization, size, event_root, map_root, chain_hash, time } = self;
        let [event_root, map_root, chain_hash] =
            [event_root, map_root, chain_hash].map(|digest| BASE64.encode(digest.as_bytes()));
        let time = instant::to_text(time.timestamp_micros()).expect("a tree head is made in these millennia");
        format!("{ORIGIN}{organization}\n{size}\n{event_root}\n{map_root}\n{chain_hash}\n{time}\n")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::SigningKey;

    fn head() -> TreeHead {
        TreeHead {
            organization: Uuid::from_u128(1),
            size: 41,
            event_root: Digest::of(b"events"),
            map_root: Digest::of(b"streams"),
            chain_hash: Digest::of(b"head"),
            time: DateTime::from_timestamp_micros(1_777_606_938_123_456).unwrap(),
        }
    }

    #[test]
    fn a_tree_head_is_a_note_of_six_lines() {
        let keys = Keyring::of(SigningKey::new("flows.example.com", &[1; 32]).unwrap());
        let note = head().sign(&keys).unwrap();
        let (text, _) = note.split_once("\n\n").unwrap();
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines[..2], ["flow-registry/tree/00000000-0000-0000-0000-000000000001", "41"]);
        assert_eq!(lines[5], "2026-05-01T03:42:18.123456Z");
        let public_keys = keys.public_keys();
        assert_eq!(TreeHead::open(&note, &public_keys), Ok((head(), &public_keys[0])));
        assert_eq!(head().sign(&Keyring::default()), None);
        for (from, to) in [("\n41\n", "\n041\n"), ("tree/", "log/"), ("Z\n", "Z\nmore\n")] {
            TreeHead::parse(&head().text().replace(from, to)).unwrap_err();
        }
    }
}
