//! The key file of a service: what it signs with and which keys it publishes.

use super::error::Error;
use super::note::{PublicKey, SigningKey};

/// The keys of a service, from a text of one key a line; empty lines and lines that begin with `#` are
/// for people.
///
/// Every secret key signs, so that while a new one is being introduced both do, and whoever knows either
/// can verify. A retired key stays as its public line: published, so that its old checkpoints verify.
#[derive(Debug, Default)]
pub struct Keyring {
    signing: Vec<SigningKey>,
    retired: Vec<PublicKey>,
}

impl Keyring {
    pub fn parse(text: &str) -> Result<Self, Error> {
        let mut keyring = Self::default();
        for (line, key) in key_lines(text) {
            match key.parse() {
                Ok(public) => keyring.retired.push(public),
                Err(_) => keyring.signing.push(SigningKey::parse(key).map_err(|error| at(line, error))?),
            }
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

    /// All public keys to publish, those that sign first.
    pub fn public_keys(&self) -> Vec<PublicKey> {
        let signing = self.signing.iter().map(SigningKey::public_key);
        signing.chain(self.retired.iter().cloned()).collect()
    }
}

/// Public keys, one a line, as they are published.
pub fn parse_public_keys(text: &str) -> Result<Vec<PublicKey>, Error> {
    key_lines(text).map(|(line, key)| key.parse().map_err(|error| at(line, error))).collect()
}

fn key_lines(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let lines = text.lines().enumerate().map(|(index, line)| (index + 1, line.trim()));
    lines.filter(|(_, line)| !line.is_empty() && !line.starts_with('#'))
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
    fn the_line_that_is_no_key_is_named() {
        let error = Keyring::parse("# keys\n\nnonsense\n").unwrap_err();
        assert_eq!(error.to_string(), "line 3 of the keys: a secret key begins PRIVATE+KEY+");
        // A secret key handed out as a public one must not pass for it.
        let secret = SigningKey::new("log", &[1; 32]).unwrap().secret_text();
        parse_public_keys(secret.expose_secret()).unwrap_err();
    }
}
