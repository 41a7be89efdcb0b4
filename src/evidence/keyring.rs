//! The key file of a service: what it signs with and which keys it publishes.

use chrono::{DateTime, Utc};

use super::error::Error;
use super::note::{PublicKey, SigningKey};
use super::validity::Validity;

/// The keys of a service, from a text of one key a line; empty lines and lines that begin with `#` are
/// for people.
///
/// Every secret key signs, so that while a new one is being introduced both do, and whoever knows either
/// can verify. A retired key stays as its public line: published, so that its old checkpoints verify. Lines above a key
/// say from when until when it is valid.
#[derive(Debug, Default)]
pub struct Keyring {
    signing: Vec<SigningKey>,
    retired: Vec<PublicKey>,
}

impl Keyring {
    pub fn parse(text: &str) -> Result<Self, Error> {
        let mut keyring = Self::default();
        for key in key_lines(text) {
            let (line, key, validity) = key?;
            match key.parse::<PublicKey>() {
                Ok(public) => keyring.retired.push(public.valid(validity)),
                Err(_) => {
                    let mut key = SigningKey::parse(key).map_err(|error| at(line, error))?;
                    key.validity = validity;
                    keyring.signing.push(key);
                }
            }
        }
        let keys = keyring.public_keys();
        let is_twice = |(index, key): (usize, &PublicKey)| keys[..index].iter().any(|it| it.is_same_key(key));
        if keys.iter().enumerate().any(is_twice) {
            return Err(Error::Key("the same one stands there twice"));
        }
        Ok(keyring)
    }

    pub fn of(key: SigningKey) -> Self {
        Self { signing: vec![key], retired: Vec::new() }
    }

    /// The keys that sign, in the order of the file; none means that checkpoints are not signed here.
    pub fn signing_keys(&self) -> &[SigningKey] {
        &self.signing
    }

    /// Those of them whose signatures count at a time.
    pub fn signing_keys_at(&self, time: DateTime<Utc>) -> impl Iterator<Item = &SigningKey> {
        self.signing.iter().filter(move |key| key.validity.covers(time))
    }

    /// All public keys to publish, those that sign first.
    pub fn public_keys(&self) -> Vec<PublicKey> {
        let signing = self.signing.iter().map(SigningKey::public_key);
        signing.chain(self.retired.iter().cloned()).collect()
    }
}

/// Public keys, one a line, as they are published.
pub fn parse_public_keys(text: &str) -> Result<Vec<PublicKey>, Error> {
    let keys = key_lines(text).map(|key| {
        let (line, key, validity) = key?;
        let key = key.parse::<PublicKey>().map_err(|error| at(line, error))?;
        Ok(key.valid(validity))
    });
    keys.collect()
}

/// The lines that hold keys, with their numbers and what is said above each of its validity.
fn key_lines(text: &str) -> impl Iterator<Item = Result<(usize, &str, Validity), Error>> {
    let mut validity = Validity::default();
    let lines = text.lines().enumerate().map(|(index, line)| (index + 1, line.trim()));
    lines.filter_map(move |(number, line)| match validity.take(line) {
        Err(reason) => Some(Err(Error::Keys { line: number, reason })),
        Ok(true) => None,
        Ok(false) if line.is_empty() || line.starts_with('#') => None,
        Ok(false) => Some(Ok((number, line, std::mem::take(&mut validity)))),
    })
}

fn at(line: usize, error: Error) -> Error {
    match error {
        Error::Key(reason) => Error::Keys { line, reason },
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret as _;

    use super::*;

    #[test]
    fn old_keys_are_published_and_do_not_sign() {
        let key = |seed| SigningKey::new("log", &[seed; 32]).unwrap();
        let (new, old) = (key(1), key(2));
        let text = format!("# since May\n{}\n\n{}\n", new.secret_text().expose_secret(), old.public_key());
        let keyring = Keyring::parse(&text).unwrap();
        assert_eq!(keyring.signing_keys().len(), 1);
        assert_eq!(keyring.public_keys(), [new.public_key(), old.public_key()]);
        let published: Vec<String> = keyring.public_keys().iter().map(ToString::to_string).collect();
        assert_eq!(parse_public_keys(&published.join("\n")).unwrap(), keyring.public_keys());
    }

    #[test]
    fn a_key_signs_while_it_is_valid() {
        let (key, other) = ([1, 2]).map(|seed| SigningKey::new("log", &[seed; 32]).unwrap()).into();
        let (from, until) = ("2026-05-01T00:00:00.000000Z", "2026-06-01T00:00:00.000000Z");
        let secret = key.secret_text();
        let secret = secret.expose_secret();
        let text =
            format!("# valid-from {from}\n# ours\n# valid-until {until}\n{secret}\n{}\n", other.public_key());
        let keyring = Keyring::parse(&text).unwrap();
        let signs = |time: &str| keyring.signing_keys_at(time.parse().unwrap()).count();
        assert_eq!([signs(from), signs("2026-04-30T23:59:59Z"), signs(until)], [1, 0, 0]);
        let published: String = keyring.public_keys().iter().map(PublicKey::published).collect();
        assert_eq!(parse_public_keys(&published).unwrap(), keyring.public_keys());
        assert_eq!(keyring.public_keys()[1].validity, Validity::default());
        for (lines, reason) in [
            (format!("# valid-until {from}\n# valid-from {until}"), "ends before it begins"),
            (format!("# valid-from {from}\n# valid-from {from}"), "said twice"),
            ("# valid-from yesterday".to_owned(), "is written like"),
            (secret.to_owned(), "stands there twice"),
        ] {
            let error = Keyring::parse(&format!("{lines}\n{secret}\n")).unwrap_err().to_string();
            assert!(error.contains(reason), "{lines}: {error}");
        }
    }

    #[test]
    fn the_line_that_is_no_key_is_named() {
        let error = Keyring::parse("# keys\n\nnonsense\n").unwrap_err();
        assert_eq!(error.to_string(), "line 3 of the keys: a secret key begins PRIVATE+KEY+");
        // A secret key handed out as a public one must not pass for it.
        let secret = SigningKey::new("log", &[1; 32]).unwrap().secret_text();
        parse_public_keys(secret.expose_secret()).unwrap_err();
    }
}
