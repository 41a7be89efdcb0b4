//! Cosignatures of witnesses, as <https://c2sp.org/tlog-cosignature> v1 defines them: somebody who is not the service says
//! that a note is consistent with all that they have seen before, and when they said so.

use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, Utc};
use ed25519_dalek::{Signature, VerifyingKey};

use super::error::Error;
use super::note::{Note, SigningKey, key_id, key_text, parse_key};

/// The byte that says cosignature in key ids and key texts.
const COSIGNATURE: u8 = 4;
const TIME_BYTES: usize = 8;

/// The public key of a witness, written `<name>+<id in hex>+<base64 of 0x04 and the key>`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WitnessKey {
    name: String,
    key: VerifyingKey,
}

impl WitnessKey {
    /// The key that a secret one cosigns with. It has another id than as a key that signs.
    pub fn of(key: &SigningKey) -> Self {
        let (name, key) = (key.public_key().name().to_owned(), key.verifying_key());
        Self { name, key }
    }

    fn id(&self) -> [u8; 4] {
        key_id(&self.name, COSIGNATURE, self.key.as_bytes())
    }

    /// When this witness cosigned a note, by its clock; `None` where it did not.
    ///
    /// # Errors
    /// When the note carries a wrong cosignature of this witness, or is no note.
    pub fn cosigned(&self, note: &str) -> Result<Option<DateTime<Utc>>, Error> {
        let note = Note::parse(note)?;
        let mut cosigned = None;
        for cosignature in note.signatures_of(&self.name, self.id()) {
            let wrong = || Error::BadSignature(self.to_string());
            let (time, signature) = cosignature.split_first_chunk::<TIME_BYTES>().ok_or_else(wrong)?;
            let seconds = i64::try_from(u64::from_be_bytes(*time)).map_err(|_| wrong())?;
            let time = DateTime::from_timestamp_secs(seconds).ok_or_else(wrong)?;
            let verified = Signature::from_slice(signature).and_then(|signature| {
                self.key.verify_strict(message(note.text, seconds).as_bytes(), &signature)
            });
            verified.map_err(|_| wrong())?;
            cosigned = cosigned.or(Some(time));
        }
        Ok(cosigned)
    }
}

impl SigningKey {
    /// A note with the cosignature of this key below its signatures.
    ///
    /// # Errors
    /// When it is no note.
    pub fn cosign(&self, note: &str, time: DateTime<Utc>) -> Result<String, Error> {
        let seconds = time.timestamp();
        let signature = self.signature_over(&message(Note::parse(note)?.text, seconds));
        let cosignature = [seconds.to_be_bytes().as_slice(), &signature].concat();
        let witness = WitnessKey::of(self);
        Ok(format!("{note}{}", super::note::signature_line(&witness.name, witness.id(), &cosignature)))
    }
}

/// What is signed: the time in seconds since 1970, and the note's text.
fn message(text: &str, seconds: i64) -> String {
    format!("cosignature/v1\ntime {seconds}\n{text}")
}

impl fmt::Display for WitnessKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&key_text(&self.name, self.id(), COSIGNATURE, self.key.as_bytes()))
    }
}

impl FromStr for WitnessKey {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let (name, id, key) = parse_key(text, COSIGNATURE)?;
        let key = VerifyingKey::from_bytes(&key).map_err(|_| Error::Key("no Ed25519 public key"))?;
        let witness = Self { name: name.to_owned(), key };
        if witness.id() == id { Ok(witness) } else { Err(Error::Key("its id is that of another key")) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::note::sign;

    #[test]
    fn a_witness_says_what_it_saw_and_when() {
        let log = SigningKey::new("log", &[1; 32]).unwrap();
        let (secret, other) =
            (SigningKey::new("witness", &[2; 32]).unwrap(), SigningKey::new("witness", &[3; 32]).unwrap());
        let witness = WitnessKey::of(&secret);
        assert_eq!(witness.to_string().parse::<WitnessKey>().unwrap(), witness);
        secret.public_key().to_string().parse::<WitnessKey>().unwrap_err();
        let time = DateTime::from_timestamp_secs(1_777_606_938).unwrap();
        let note = sign("text\n", [&log]);
        assert_eq!(witness.cosigned(&note), Ok(None));
        let cosigned = secret.cosign(&note, time).unwrap();
        assert!(cosigned.starts_with(&note) && cosigned.contains("\n— witness "));
        assert_eq!(witness.cosigned(&cosigned), Ok(Some(time)));
        assert_eq!(WitnessKey::of(&other).cosigned(&cosigned), Ok(None), "another witness is not this one");
        let read = Note::parse(&cosigned).unwrap();
        assert_eq!(read.signer(&[log.public_key()], time).unwrap(), &log.public_key());
        let edited = cosigned.replace("text", "test");
        assert!(matches!(witness.cosigned(&edited), Err(Error::BadSignature(_))));
    }

    /// By hand, from the specification: the id is over name, newline, the byte 4 and the key, the message begins
    /// `cosignature/v1`.
    #[test]
    fn a_cosignature_is_laid_out_as_specified() {
        use base64::Engine as _;
        use sha2::{Digest as _, Sha256};
        let secret = SigningKey::new("witness", &[2; 32]).unwrap();
        let time = DateTime::from_timestamp_secs(7).unwrap();
        let cosigned = secret.cosign(&sign("a\nb\n", [&secret]), time).unwrap();
        let line = cosigned.lines().last().unwrap().strip_prefix("— witness ").unwrap();
        let bytes = base64::engine::general_purpose::STANDARD.decode(line).unwrap();
        let key = secret.verifying_key();
        let id = Sha256::digest([b"witness\n\x04".as_slice(), key.as_bytes()].concat());
        assert_eq!((&bytes[..4], &bytes[4..12]), (&id[..4], &[0, 0, 0, 0, 0, 0, 0, 7][..]));
        let signature = Signature::from_slice(&bytes[12..]).unwrap();
        key.verify_strict(b"cosignature/v1\ntime 7\na\nb\n", &signature).unwrap();
    }
}
