//! Checkpoints: signed statements of where an organization's log stood at a time. Whoever keeps one can
//! show any later edit, cut or reordering of what came before it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::error::Error;
use super::instant;
use super::keyring::Keyring;
use super::note::{self, Note, PublicKey};
use super::report::Alteration;
use crate::flow::digest::Digest;

/// The first line of a checkpoint's text is this and the organization's id.
const ORIGIN: &str = "flow-registry/log/";

/// Where the log of an organization stood.
///
/// Its text is laid out like <https://c2sp.org/tlog-checkpoint>: origin, position, base64 of the chain
/// hash, and as the fourth line the time in UTC with microseconds. The hash is that of a chain, not the
/// root of a tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkpoint {
    pub organization: Uuid,
    pub position: i64,
    pub chain_hash: Digest,
    pub time: DateTime<Utc>,
}

impl Checkpoint {
    /// The signed note, by every signing key that is valid then; `None` without one.
    pub fn sign(&self, keys: &Keyring) -> Option<String> {
        let mut keys = keys.signing_keys_at(self.time).peekable();
        keys.peek().is_some().then(|| note::sign(&self.text(), keys))
    }

    /// An earlier note over the same place with the signatures that it lacks of these keys below its own; `None` when
    /// all of them have signed it.
    ///
    /// # Errors
    /// When the note is over another place or chain, or carries a wrong signature of these keys.
    pub fn countersign(&self, note: &str, keys: &Keyring) -> Result<Option<String>, Error> {
        let (earlier, time) = self.agreeing(note, keys)?;
        let lacking = keys.signing_keys_at(time).filter(|key| !earlier.names(&key.public_key()));
        let further = note::signatures(earlier.text, lacking);
        Ok((!further.is_empty()).then(|| format!("{note}{further}")))
    }

    /// Whether an earlier note says the same of the same place, whoever signed it and when.
    ///
    /// # Errors
    /// When it is over another place or chain, or carries a wrong signature of these keys.
    pub fn agree_with(&self, note: &str, keys: &Keyring) -> Result<(), Error> {
        self.agreeing(note, keys).map(drop)
    }

    fn agreeing<'n>(&self, note: &'n str, keys: &Keyring) -> Result<(Note<'n>, DateTime<Utc>), Error> {
        let earlier = Note::parse(note)?;
        let Self { organization, position, chain_hash, time } = Self::parse(earlier.text)?;
        if (organization, position, chain_hash) != (self.organization, self.position, self.chain_hash) {
            return Err(Error::Malformed("it speaks of another place"));
        }
        match earlier.signer(&keys.public_keys(), time) {
            Ok(_) | Err(Error::UnknownSigner(_)) => Ok((earlier, time)),
            Err(error) => Err(error),
        }
    }

    /// Reads a signed note and verifies it: what it says, and the known key that signed it.
    pub fn open<'k>(note: &str, keys: &'k [PublicKey]) -> Result<(Self, &'k PublicKey), Error> {
        let note = Note::parse(note)?;
        let checkpoint = Self::parse(note.text)?;
        let signer = note.signer(keys, checkpoint.time)?;
        Ok((checkpoint, signer))
    }

    /// Whether a note says that this key signed it. Proves nothing.
    pub fn names(note: &str, key: &PublicKey) -> bool {
        Note::parse(note).is_ok_and(|note| note.names(key))
    }

    /// What a note says. Proves nothing.
    pub fn unverified(note: &str) -> Result<Self, Error> {
        Self::parse(Note::parse(note)?.text)
    }

    /// What is wrong with a log that stands otherwise at its position. `agreed`: the position up to which it is as signed.
    pub(super) fn differs_from(&self, position: i64, agreed: i64) -> Alteration {
        let (first, time) = (agreed + 1, self.written_time());
        let what = format!(
            "the log from position {first} to here is not the one whose checkpoint was made at {time}"
        );
        Alteration::new(position, what)
    }

    /// What is wrong with a log that has no event behind `end`.
    pub(super) fn missing_behind(&self, end: i64) -> Alteration {
        let (position, time) = (self.position, self.written_time());
        Alteration::new(end + 1, format!("it is missing: the log had reached position {position} at {time}"))
    }

    /// The time as it stands in the note.
    pub(super) fn written_time(&self) -> String {
        self.time.to_rfc3339_opts(chrono::SecondsFormat::Micros, true)
    }

    /// Reads the text of a note. Proves nothing.
    pub(super) fn parse(text: &str) -> Result<Self, Error> {
        let mut lines = text.lines();
        let organization = lines.next().and_then(|line| line.strip_prefix(ORIGIN)?.parse().ok());
        let position = lines.next().and_then(|line| line.parse().ok());
        let chain_hash = lines.next().and_then(|line| Digest::from_slice(&BASE64.decode(line).ok()?));
        let time = lines.next().and_then(instant::from_text).and_then(DateTime::from_timestamp_micros);
        let (Some(organization), Some(position), Some(chain_hash), Some(time)) =
            (organization, position, chain_hash, time)
        else {
            return Err(Error::Malformed("expected origin, position, chain hash and time"));
        };
        let checkpoint = Self { organization, position, chain_hash, time };
        if checkpoint.text() == text { Ok(checkpoint) } else { Err(Error::Malformed("not in its one form")) }
    }

    fn text(&self) -> String {
        let Self { organization, position, chain_hash, time } = self;
        let hash = BASE64.encode(chain_hash.as_bytes());
        let time =
            instant::to_text(time.timestamp_micros()).expect("a checkpoint is made in these millennia");
        format!("{ORIGIN}{organization}\n{position}\n{hash}\n{time}\n")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::SigningKey;

    fn checkpoint() -> Checkpoint {
        Checkpoint {
            organization: Uuid::from_u128(1),
            position: 41,
            chain_hash: Digest::of(b"head"),
            time: DateTime::from_timestamp_micros(1_777_606_938_123_456).unwrap(),
        }
    }

    #[test]
    fn a_checkpoint_is_a_note_of_four_lines() {
        let keys = Keyring::of(SigningKey::new("flows.example.com", &[1; 32]).unwrap());
        let note = checkpoint().sign(&keys).unwrap();
        let (text, signatures) = note.split_once("\n\n").unwrap();
        assert_eq!(
            text,
            "flow-registry/log/00000000-0000-0000-0000-000000000001\n41\n\
             ny5tM6NxfugmNTpAS6RhjRrutoea15Nrzo7V9GgUkk0=\n2026-05-01T03:42:18.123456Z"
        );
        assert!(signatures.starts_with("— flows.example.com "));
        let public_keys = keys.public_keys();
        assert_eq!(Checkpoint::open(&note, &public_keys), Ok((checkpoint(), &public_keys[0])));
        assert_eq!(checkpoint().sign(&Keyring::default()), None);
    }

    #[test]
    fn a_new_key_signs_below_the_old_one() {
        let key = |seed| SigningKey::new("log", &[seed; 32]).unwrap();
        let (old, new) = (Keyring::of(key(1)), Keyring::of(key(2)));
        let note = checkpoint().sign(&old).unwrap();
        assert_eq!(checkpoint().countersign(&note, &old), Ok(None));
        let later = Checkpoint { time: checkpoint().time + chrono::Duration::hours(1), ..checkpoint() };
        let both = later.countersign(&note, &new).unwrap().unwrap();
        assert!(both.starts_with(&note));
        for keys in [&old, &new] {
            assert_eq!(Checkpoint::open(&both, &keys.public_keys()).unwrap().0, checkpoint());
            assert_eq!(later.countersign(&both, keys), Ok(None));
        }
        let elsewhere = Checkpoint { chain_hash: Digest::of(b"rewritten"), ..checkpoint() };
        elsewhere.countersign(&note, &new).unwrap_err();
        elsewhere.agree_with(&note, &new).unwrap_err();
        assert_eq!(later.agree_with(&note, &new), Ok(()));
        let earlier = Checkpoint { time: checkpoint().time - chrono::Duration::hours(1), ..checkpoint() };
        // A clock that was put back contradicts nobody.
        assert!(earlier.countersign(&note, &new).unwrap().is_some());
        let (text, _) = note.split_once("— ").unwrap();
        let forged = format!("{text}— {}", elsewhere.sign(&old).unwrap().split_once("— ").unwrap().1);
        assert!(matches!(checkpoint().countersign(&forged, &old), Err(Error::BadSignature(_))));
    }

    #[test]
    fn only_its_one_form_is_read() {
        let text = checkpoint().text();
        Checkpoint::parse(&text).unwrap();
        for (from, to) in
            [("\n41\n", "\n+41\n"), ("\n41\n", "\n041\n"), ("log/", "log"), ("Z\n", "Z\nmore\n")]
        {
            Checkpoint::parse(&text.replace(from, to)).unwrap_err();
        }
    }
}
