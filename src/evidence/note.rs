//! Signed notes as <https://c2sp.org/signed-note> v1 defines them, with Ed25519 signatures only, and the
//! key texts its deployments share. Knows nothing of what a note says.

use std::fmt;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use chrono::{DateTime, Utc};
use ed25519_dalek::{Signature, Signer as _};
use hmac::{Hmac, KeyInit as _, Mac as _};
use secrecy::{SecretSlice, SecretString};
use sha2::{Digest as _, Sha256};

use super::error::Error;
use super::validity::Validity;

/// The byte that says Ed25519 in key ids and key texts.
const ED25519: u8 = 1;
const SECRET_PREFIX: &str = "PRIVATE+KEY+";
const SIGNATURE_PREFIX: &str = "— ";
/// Far above the 16 that every verifier must accept.
const SIGNATURES_MAX: usize = 100;

/// A named secret key.
pub struct SigningKey {
    name: String,
    key: ed25519_dalek::SigningKey,
    pub validity: Validity,
}

/// A named public key, written `<name>+<id in hex>+<base64 of 0x01 and the key>`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicKey {
    name: String,
    id: [u8; 4],
    key: ed25519_dalek::VerifyingKey,
    /// Signatures made outside of it count for nothing.
    pub validity: Validity,
}

impl SigningKey {
    /// A key from 32 random bytes. The name is best a URL without its scheme (`flows.example.com`).
    ///
    /// # Errors
    /// When the name is empty or holds a space, a control character or `+`.
    pub fn new(name: &str, seed: &[u8; 32]) -> Result<Self, Error> {
        let forbidden = |c: char| c.is_whitespace() || c.is_control() || c == '+';
        if name.is_empty() || name.contains(forbidden) {
            return Err(Error::Key("a key's name is not empty and holds no space and no +"));
        }
        let key = ed25519_dalek::SigningKey::from_bytes(seed);
        Ok(Self { name: name.to_owned(), key, validity: Validity::default() })
    }

    /// Reads what [`Self::secret_text`] writes.
    pub fn parse(text: &str) -> Result<Self, Error> {
        let rest = text.strip_prefix(SECRET_PREFIX).ok_or(Error::Key("a secret key begins PRIVATE+KEY+"))?;
        let (name, id, seed) = parse_key(rest, ED25519)?;
        let key = Self::new(name, &seed)?;
        if key.public_key().id == id { Ok(key) } else { Err(Error::Key("its id is that of another key")) }
    }

    /// A secret for another purpose, which tells nothing of the key, and which nobody without the key can know.
    pub fn derived(&self, purpose: &[u8]) -> SecretSlice<u8> {
        let mut mac = Hmac::<Sha256>::new_from_slice(self.key.as_bytes()).expect("a key may have any length");
        mac.update(purpose);
        mac.finalize().into_bytes().to_vec().into()
    }

    /// The text to keep in a file that nobody else can read.
    pub fn secret_text(&self) -> SecretString {
        let key = key_text(&self.name, self.public_key().id, ED25519, &self.key.to_bytes());
        SecretString::from(format!("{SECRET_PREFIX}{key}"))
    }

    pub fn public_key(&self) -> PublicKey {
        PublicKey { validity: self.validity, ..PublicKey::new(&self.name, self.key.verifying_key()) }
    }

    pub(super) fn verifying_key(&self) -> ed25519_dalek::VerifyingKey {
        self.key.verifying_key()
    }

    pub(super) fn signature_over(&self, message: &str) -> [u8; 64] {
        self.key.sign(message.as_bytes()).to_bytes()
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SigningKey").field("name", &self.name).finish_non_exhaustive()
    }
}

impl PublicKey {
    fn new(name: &str, key: ed25519_dalek::VerifyingKey) -> Self {
        let id = key_id(name, ED25519, key.as_bytes());
        Self { name: name.to_owned(), id, key, validity: Validity::default() }
    }

    pub fn name(&self) -> &str {
        &self.name
    }

    /// This key with that validity.
    pub fn valid(self, validity: Validity) -> Self {
        Self { validity, ..self }
    }

    /// Whether both are the same key, however long each is said to be valid.
    pub fn is_same_key(&self, other: &Self) -> bool {
        (&self.name, self.id) == (&other.name, other.id)
    }

    /// The eight hexadecimal digits that tell keys of one name apart.
    pub fn id(&self) -> String {
        hex::encode(self.id)
    }

    /// As it is published: its line, below those of its validity.
    pub fn published(&self) -> String {
        format!("{}{self}\n", self.validity.lines())
    }
}

impl fmt::Display for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&key_text(&self.name, self.id, ED25519, self.key.as_bytes()))
    }
}

impl FromStr for PublicKey {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let (name, id, key) = parse_key(text, ED25519)?;
        let key = ed25519_dalek::VerifyingKey::from_bytes(&key);
        let key = Self::new(name, key.map_err(|_| Error::Key("no Ed25519 public key"))?);
        if key.id == id { Ok(key) } else { Err(Error::Key("its id is that of another key")) }
    }
}

/// Tells keys of one name apart, and what they are used for.
pub(super) fn key_id(name: &str, use_of_it: u8, key: &[u8; 32]) -> [u8; 4] {
    let hash = Sha256::digest([name.as_bytes(), &[b'\n', use_of_it], key].concat());
    *hash.first_chunk().expect("a digest is longer than four bytes")
}

pub(super) fn key_text(name: &str, id: [u8; 4], use_of_it: u8, key: &[u8; 32]) -> String {
    format!("{name}+{}+{}", hex::encode(id), BASE64.encode([&[use_of_it][..], key].concat()))
}

/// Name, id and key of `<name>+<id>+<key>`, of a key for this use.
pub(super) fn parse_key(text: &str, use_of_it: u8) -> Result<(&str, [u8; 4], [u8; 32]), Error> {
    let malformed = Error::Key("expected <name>+<8 hexadecimal digits>+<base64>");
    let mut parts = text.splitn(3, '+');
    let (Some(name), Some(id), Some(key)) = (parts.next(), parts.next(), parts.next()) else {
        return Err(malformed);
    };
    let mut id_bytes = [0; 4];
    hex::decode_to_slice(id, &mut id_bytes).map_err(|_| malformed.clone())?;
    match BASE64.decode(key).map_err(|_| malformed)?.split_first() {
        Some((&found, key)) if found == use_of_it => {
            Ok((name, id_bytes, key.try_into().map_err(|_| Error::Key("wrong length"))?))
        }
        _ => Err(Error::Key("not an Ed25519 key for this use")),
    }
}

/// The note over a text that ends in a newline, signed by every key.
pub(super) fn sign<'k>(text: &str, keys: impl IntoIterator<Item = &'k SigningKey>) -> String {
    format!("{text}\n{}", signatures(text, keys))
}

/// The signature lines of these keys below a text.
pub(super) fn signatures<'k>(text: &str, keys: impl IntoIterator<Item = &'k SigningKey>) -> String {
    let line = |key: &SigningKey| signature_line(&key.name, key.public_key().id, &key.signature_over(text));
    keys.into_iter().map(line).collect()
}

pub(super) fn signature_line(name: &str, id: [u8; 4], signature: &[u8]) -> String {
    format!("{SIGNATURE_PREFIX}{name} {}\n", BASE64.encode([&id[..], signature].concat()))
}

/// A note taken apart; nothing in it can be believed before [`Self::signer`] has named a known key.
#[derive(Debug)]
pub(super) struct Note<'a> {
    pub text: &'a str,
    /// Name, key id and signature of each signature line.
    signatures: Vec<(&'a str, [u8; 4], Vec<u8>)>,
}

impl<'a> Note<'a> {
    pub fn parse(note: &'a str) -> Result<Self, Error> {
        if note.contains(|c: char| c < ' ' && c != '\n') {
            return Err(Error::Malformed("control characters"));
        }
        let end = note.rfind("\n\n").ok_or(Error::Malformed("no blank line before the signatures"))?;
        let (text, signatures) = (&note[..=end], &note[end + 2..]);
        let lines =
            signatures.strip_suffix('\n').ok_or(Error::Malformed("no signature, or a line cut short"))?;
        let signatures: Vec<_> = lines.split('\n').take(SIGNATURES_MAX + 1).map(parse_signature).collect();
        if signatures.len() > SIGNATURES_MAX {
            return Err(Error::Malformed("too many signatures"));
        }
        let malformed = Error::Malformed("a line below the text is no signature");
        let signatures = signatures.into_iter().collect::<Option<Vec<_>>>().ok_or(malformed)?;
        Ok(Self { text, signatures })
    }

    /// Whether a signature says that it is of this key.
    pub fn names(&self, key: &PublicKey) -> bool {
        self.signatures.iter().any(|(name, id, _)| *name == key.name && *id == key.id)
    }

    /// The signatures that say they are of this key.
    pub fn signatures_of(&self, name: &str, id: [u8; 4]) -> impl Iterator<Item = &[u8]> {
        let is_of_it = move |found: &(&str, [u8; 4])| *found == (name, id);
        let signatures = self.signatures.iter().map(|(name, id, signature)| ((*name, *id), signature));
        signatures.filter(move |(key, _)| is_of_it(key)).map(|(_, signature)| signature.as_slice())
    }

    /// The first known key that signed the text, and whose signatures counted at that time. As the specification asks,
    /// signatures of unknown keys are ignored, and a wrong one of a known key rejects the note.
    pub fn signer<'k>(&self, keys: &'k [PublicKey], time: DateTime<Utc>) -> Result<&'k PublicKey, Error> {
        let mut signer = None;
        for (name, id, signature) in &self.signatures {
            let Some(key) = keys.iter().find(|key| key.name == *name && key.id == *id) else { continue };
            let verified = Signature::from_slice(signature)
                .and_then(|signature| key.key.verify_strict(self.text.as_bytes(), &signature));
            verified.map_err(|_| Error::BadSignature(key.to_string()))?;
            signer = signer.or(Some(key).filter(|key| key.validity.covers(time)));
        }
        signer.ok_or_else(|| {
            let names: Vec<&str> = self.signatures.iter().map(|(name, ..)| *name).collect();
            Error::UnknownSigner(names.join(", "))
        })
    }
}

fn parse_signature(line: &str) -> Option<(&str, [u8; 4], Vec<u8>)> {
    let (name, signature) = line.strip_prefix(SIGNATURE_PREFIX)?.split_once(' ')?;
    let bytes = BASE64.decode(signature).ok()?;
    let (id, signature) = bytes.split_first_chunk()?;
    (!name.is_empty() && !name.contains('+')).then(|| (name, *id, signature.to_vec()))
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret as _;

    use super::*;

    /// The example of Go's `golang.org/x/mod/sumdb/note`, made by that program.
    const GO_SECRET: &str = "PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz";
    const GO_KEY: &str = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
    const GO_NOTE: &str = "If you think cryptography is the answer to your problem,\n\
        then you don't know what your problem is.\n\n\
        — PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n";

    fn key(name: &str, seed: u8) -> SigningKey {
        SigningKey::new(name, &[seed; 32]).unwrap()
    }

    #[test]
    fn notes_are_those_of_other_programs() {
        let key: PublicKey = GO_KEY.parse().unwrap();
        assert_eq!(key.to_string(), GO_KEY);
        let note = Note::parse(GO_NOTE).unwrap();
        assert_eq!(note.signer(&[key], DateTime::UNIX_EPOCH).unwrap().name(), "PeterNeumann");
        assert_eq!(sign(note.text, [&SigningKey::parse(GO_SECRET).unwrap()]), GO_NOTE);
    }

    #[test]
    fn keys_are_read_as_written() {
        let key = key("flows.example.com", 7);
        let text = key.secret_text();
        let read = SigningKey::parse(text.expose_secret()).unwrap();
        assert_eq!(read.public_key(), key.public_key());
        assert_eq!(key.public_key().to_string().parse::<PublicKey>().unwrap(), key.public_key());
        assert!(!format!("{key:?}").contains("key:"));
    }

    #[track_caller]
    fn refused(text: &str) {
        text.parse::<PublicKey>().unwrap_err();
    }

    #[test]
    fn what_is_no_key_is_refused() {
        refused("");
        refused("PeterNeumann+c74f20a3");
        refused(&GO_KEY.replace("c74f20a3", "c74f20a4"));
        refused(&GO_KEY.replace("PeterNeumann", "Peter"));
        refused(&GO_KEY.replace("ARpc", "Ahpc"));
        refused(&GO_KEY[..GO_KEY.len() - 4]);
        for name in ["", "a b", "a+b", "a\nb"] {
            SigningKey::new(name, &[0; 32]).unwrap_err();
        }
    }

    #[test]
    fn known_keys_decide() {
        let (old, new, foreign) = (key("log", 1), key("log", 2), key("log", 3));
        let note = sign("text\n", [&old, &new]);
        let note = Note::parse(&note).unwrap();
        for known in [&old, &new] {
            assert_eq!(
                note.signer(&[foreign.public_key(), known.public_key()], DateTime::UNIX_EPOCH).unwrap(),
                &known.public_key()
            );
        }
        assert!(matches!(
            note.signer(&[foreign.public_key()], DateTime::UNIX_EPOCH),
            Err(Error::UnknownSigner(_))
        ));
        let edited = sign("text\n", [&old, &new]).replace("text", "test");
        let edited = Note::parse(&edited).unwrap();
        assert!(matches!(
            edited.signer(&[new.public_key()], DateTime::UNIX_EPOCH),
            Err(Error::BadSignature(_))
        ));
    }

    #[test]
    fn what_is_no_note_is_refused() {
        let good = sign("text\n", [&key("log", 1)]);
        Note::parse(&good).unwrap();
        let long = format!("text\n\n{}", "— log AAAAAAAA\n".repeat(SIGNATURES_MAX + 1));
        for bad in ["", "text\n", "text\n\n", &good[..good.len() - 1], &good.replace('—', "-"), &long] {
            assert!(matches!(Note::parse(bad), Err(Error::Malformed(_))), "{bad}");
        }
        assert!(Note::parse(&good.replace("text", "te\txt")).is_err());
    }
}
