//! The text of an API key: `mk_live_<prefix>.<secret>`. The prefix is 10 base62 digits, the secret 43 (256 bits of
//! the operating system's randomness) followed by 6 of a CRC-32 over everything before them, so that a typo is
//! refused without a query. Base62 digits are `0-9A-Za-z`, the most significant first.

use std::fmt;

use rand::TryRng;
use rand::rngs::SysRng;
use secrecy::zeroize::{Zeroize, Zeroizing};
use secrecy::{ExposeSecret, SecretString};

use crate::flow::digest::Digest;
use crate::registry::caller::{Scope, Scopes};

const DIGITS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const PREFIX_DIGITS: usize = 10;
const RANDOM_DIGITS: usize = 43;
const CHECKSUM_DIGITS: usize = 6;
const MARK_LENGTH: usize = "mk_live_".len();

/// What kind of work a key is for; part of the key's text and of its stored prefix.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyMode {
    Live,
    /// May read and test-run only, whatever scopes it was given.
    Test,
}

impl KeyMode {
    const fn mark(self) -> &'static str {
        match self {
            Self::Live => "mk_live_",
            Self::Test => "mk_test_",
        }
    }

    /// The most that keys of this mode can be given.
    pub fn scopes(self) -> Scopes {
        match self {
            Self::Live => Scopes::every(),
            Self::Test => [Scope::FlowsRead, Scope::FlowsTest].into_iter().collect(),
        }
    }

    /// The mode of a key, or of a stored prefix, from how it begins.
    pub fn of(text: &str) -> Option<Self> {
        [Self::Live, Self::Test].into_iter().find(|mode| text.starts_with(mode.mark()))
    }
}

/// An API key in the shape that is handed out. Whether it is anybody's is not known here.
pub struct KeyText {
    prefix: String,
    /// Random digits and checksum: what stands after the dot.
    secret: SecretString,
}

impl KeyText {
    pub fn generate(mode: KeyMode) -> Self {
        let mut prefix = [0; 8];
        let mut secret = Zeroizing::new([0; 32]);
        SysRng.try_fill_bytes(&mut prefix).expect("the operating system gives randomness");
        SysRng.try_fill_bytes(secret.as_mut()).expect("the operating system gives randomness");
        Self::from_entropy(mode, prefix, &secret)
    }

    /// The digits kept of eight bytes are very nearly evenly spread, which is enough for a name.
    fn from_entropy(mode: KeyMode, prefix: [u8; 8], secret: &[u8; 32]) -> Self {
        let prefix = format!("{}{}", mode.mark(), base62::<PREFIX_DIGITS>(prefix));
        let secret = Zeroizing::new(base62::<RANDOM_DIGITS>(*secret));
        let checksum = checksum(&format_key(&prefix, &secret));
        let secret = SecretString::from(format!("{}{checksum}", *secret));
        Self { prefix, secret }
    }

    /// Reads a key; `None` where its shape or its checksum is not that of one.
    ///
    /// The checksum catches every replaced character, and every two neighbours that changed places unless one of
    /// them is a digit of the checksum and the other is not.
    pub fn parse(text: &str) -> Option<Self> {
        let mode = KeyMode::of(text)?;
        let (prefix, secret) = text.split_once('.')?;
        let is_shaped = prefix.len() == MARK_LENGTH + PREFIX_DIGITS
            && secret.len() == RANDOM_DIGITS + CHECKSUM_DIGITS
            && [&prefix[mode.mark().len()..], secret]
                .iter()
                .all(|part| part.bytes().all(|byte| byte.is_ascii_alphanumeric()));
        if !is_shaped {
            return None;
        }
        let (covered, sum) = text.split_at(text.len() - CHECKSUM_DIGITS);
        (checksum(covered) == sum).then(|| Self { prefix: prefix.to_owned(), secret: secret.into() })
    }

    /// The readable part, by which a key is found and named: `mk_live_` and ten digits.
    pub fn prefix(&self) -> &str {
        &self.prefix
    }

    /// What is stored of the secret.
    pub fn secret_hash(&self) -> Digest {
        Digest::of(self.secret.expose_secret().as_bytes())
    }

    /// The whole key, for the one time it is shown.
    pub fn reveal(&self) -> SecretString {
        SecretString::from(format_key(&self.prefix, self.secret.expose_secret()).as_str())
    }
}

impl fmt::Debug for KeyText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.[REDACTED]", self.prefix)
    }
}

fn format_key(prefix: &str, secret: &str) -> Zeroizing<String> {
    Zeroizing::new(format!("{prefix}.{secret}"))
}

fn checksum(covered: &str) -> String {
    base62::<CHECKSUM_DIGITS>(crc32fast::hash(covered.as_bytes()).to_be_bytes())
}

/// The `N` least significant base62 digits of a big-endian number.
fn base62<const N: usize>(mut number: impl AsMut<[u8]> + Zeroize) -> String {
    let mut digits = [0; N];
    for digit in digits.iter_mut().rev() {
        let mut remainder = 0;
        for byte in number.as_mut() {
            let dividend = remainder << 8 | u32::from(*byte);
            *byte = u8::try_from(dividend / 62).expect("the remainder is less than the divisor");
            remainder = dividend % 62;
        }
        *digit = DIGITS[remainder as usize];
    }
    number.zeroize();
    digits.iter().copied().map(char::from).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn key() -> impl Strategy<Value = String> {
        (any::<bool>(), any::<[u8; 8]>(), any::<[u8; 32]>()).prop_map(|(live, prefix, secret)| {
            let mode = if live { KeyMode::Live } else { KeyMode::Test };
            KeyText::from_entropy(mode, prefix, &secret).reveal().expose_secret().to_owned()
        })
    }

    /// Pins the format: keys in the field must stay valid.
    #[test]
    fn known_keys() {
        let check = |mode, prefix: u64, secret, key: &str| {
            let made = KeyText::from_entropy(mode, prefix.to_be_bytes(), &[secret; 32]);
            assert_eq!(made.reveal().expose_secret(), key);
            assert_eq!(KeyText::parse(key).expect("a key").prefix(), &key[..18]);
        };
        check(KeyMode::Live, 0, 0, "mk_live_0000000000.00000000000000000000000000000000000000000003TMvW8");
        check(
            KeyMode::Test,
            61,
            0xff,
            "mk_test_000000000z.yhjskwdA6OZ1AL1YmHWZWm8LLG7HjnuCA2j5rOw8Xp101KXWD",
        );
        check(
            KeyMode::Live,
            u64::MAX,
            0x5a,
            "mk_live_ygHa16AHYF.LQNUGZHT5u543eF8cvF8tKdPlcVkNSYQAq1KIqZ6f743y2FPv",
        );
    }

    #[test]
    fn other_texts_are_no_keys() {
        let good = KeyText::generate(KeyMode::Live).reveal().expose_secret().to_owned();
        assert!(KeyText::parse(&good).is_some());
        for text in [
            "".to_owned(),
            "mk_live_".to_owned(),
            "mk_live_.".to_owned(),
            good.replace("mk_live_", "mk_test_"),
            good.replace("mk_live_", "sk_live_"),
            good.replace('.', ""),
            good.replace('.', ".."),
            format!("{good}0"),
            format!(" {good}"),
            format!("{good}\n"),
            good[..good.len() - 1].to_owned(),
            good.replacen(|digit: char| digit.is_ascii_digit(), "é", 1),
            "mk_live_éééééééééé.é".to_owned(),
        ] {
            assert!(KeyText::parse(&text).is_none(), "{text:?}");
        }
    }

    #[test]
    fn generated_keys_differ_and_hide_their_secret() {
        let (one, other) = (KeyText::generate(KeyMode::Test), KeyText::generate(KeyMode::Test));
        assert_ne!(one.prefix(), other.prefix());
        assert_ne!(one.secret_hash(), other.secret_hash());
        assert_eq!(format!("{one:?}"), format!("{}.[REDACTED]", one.prefix()));
    }

    proptest! {
        #[test]
        fn a_key_reads_back(text in key()) {
            let key = KeyText::parse(&text).expect("made by us");
            let revealed = key.reveal();
            prop_assert_eq!(revealed.expose_secret(), text.as_str());
            prop_assert_eq!(key.prefix(), &text[..18]);
            prop_assert_eq!(key.secret_hash(), Digest::of(&text.as_bytes()[19..]));
        }

        /// A CRC of 32 bits sees every burst of errors of up to 32 bits; a character is 8, and the six digits are
        /// the only way to write the checksum. So this holds for each character and each replacement, not for most.
        #[test]
        fn every_replaced_character_is_refused(text in key(), at in any::<prop::sample::Index>(), by in any::<char>()) {
            let (at, was) = text.char_indices().nth(at.index(text.len())).expect("ASCII");
            for by in DIGITS.iter().copied().map(char::from).chain(['.', '_', ' ', by]).filter(|by| *by != was) {
                let typo = format!("{}{by}{}", &text[..at], &text[at + 1..]);
                prop_assert!(KeyText::parse(&typo).is_none(), "{typo}");
            }
        }

        #[test]
        fn neighbours_that_changed_places_are_refused(text in key(), at in any::<prop::sample::Index>()) {
            let at = at.index(text.len() - CHECKSUM_DIGITS - 1);
            let mut typo = text.clone().into_bytes();
            typo.swap(at, at + 1);
            let typo = String::from_utf8(typo).expect("ASCII");
            prop_assert!(typo == text || KeyText::parse(&typo).is_none(), "{typo}");
        }

        #[test]
        fn missing_and_added_characters_are_refused(text in key(), at in any::<prop::sample::Index>()) {
            let at = at.index(text.len());
            for typo in [text[..at].to_owned() + &text[at + 1..], text[..at].to_owned() + "0" + &text[at..]] {
                prop_assert!(KeyText::parse(&typo).is_none(), "{typo}");
            }
        }

        #[test]
        fn noise_is_refused(text in any::<String>()) {
            prop_assert!(KeyText::parse(&text).is_none());
        }
    }
}
