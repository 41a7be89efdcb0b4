//! Keys and tokens written into a document, where everybody who may read it reads them: in headers, addresses, queries,
//! bodies and arguments. A finding says where; it never repeats what stands there.

use std::sync::LazyLock;

use regex::Regex;
use serde_json::Value;

use super::collect::Findings;
use crate::flow::document::{Document, Http, HttpBody, Media, MediaSource, MessageBody, Prompt, StepKind};
use crate::flow::finding::Finding;
use crate::flow::pointer;

/// Names that say that their value opens something, of headers, query parameters and members: as words in a row.
const CREDENTIAL_NAMES: &[&[&str]] = &[
    &["authorization"],
    &["cookie"],
    &["password"],
    &["passwd"],
    &["pwd"],
    &["contraseña"],
    &["senha"],
    &["secret"],
    &["token"],
    &["apikey"],
    &["api", "key"],
    &["auth", "key"],
    &["access", "key"],
    &["private", "key"],
    &["secret", "key"],
    &["credential"],
    &["credentials"],
];
/// How well-known keys begin.
const KEY_PREFIXES: &[&str] = &[
    "AKIA",
    "AIza",
    "EAA",
    "ghp_",
    "github_pat_",
    "glpat-",
    "mk_live_",
    "mk_test_",
    "pk_live_",
    "rk_live_",
    "sk-",
    "sk_live_",
    "sk_test_",
    "xoxb-",
    "xoxp-",
    "eyJ",
];
/// Shorter values are placeholders rather than keys.
const SECRET_LENGTH_MIN: usize = 8;
const HINT: &str = "Keep it as a secret and write \"{{ secrets.NAME }}\".";
const HINT_ELSEWHERE: &str =
    "Keep it as a secret: \"{{ secrets.NAME }}\" can stand in headers, query and body of an http step.";

/// What is computed, in a template.
static COMPUTED: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"(?s)\{\{.*?\}\}|\{%.*?%\}|\{#.*?#\}").expect("the pattern is sound"));
/// A literal inside of what is computed.
static QUOTED: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r#""[^"]*"|'[^']*'"#).expect("the pattern is sound"));
/// A name and its value, in a body that is text: JSON, a form, or lines.
static PAIR: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r#"([\p{L}_-][\p{L}\d_.-]*)["']?\s*[:=]\s*["']?([^\s"'&,;<>]+)"#)
        .expect("the pattern is sound")
});

pub fn check(document: &Document, findings: &mut Findings) {
    for (index, step) in document.steps.iter().enumerate() {
        let mut look = Look { place: format!("/steps/{index}"), findings };
        match &step.kind {
            StepKind::Http(http) => look.http(http),
            StepKind::Message(message) => {
                look.address("cta", message.cta.as_ref().map(|cta| &cta.url));
                if let MessageBody::Media(Media { source: MediaSource::Url(url), .. }) = &message.body {
                    look.address("media", Some(url));
                }
            }
            StepKind::Ask(ask) => {
                if let Some(Prompt::Media(Media { source: MediaSource::Url(url), .. })) = &ask.prompt {
                    look.address("media", Some(url));
                }
            }
            StepKind::Action(action) => action.args.iter().for_each(|(name, value)| {
                look.at("args", |look| look.json(name, value));
            }),
            StepKind::SubFlow(call) => call.inputs.iter().for_each(|(name, value)| {
                look.at("inputs", |look| look.json(name, value));
            }),
            _ => {}
        }
    }
}

struct Look<'f> {
    place: String,
    findings: &'f mut Findings,
}

impl Look<'_> {
    fn at(&mut self, member: &str, look: impl FnOnce(&mut Self)) {
        let length = self.place.len();
        pointer::push(&mut self.place, member);
        look(self);
        self.place.truncate(length);
    }

    fn tell(&mut self, source: &str, what: &str) {
        let has_secrets = ["/headers/", "/query/", "/body"].iter().any(|member| self.place.contains(member));
        let message = format!("{what} looks like a key or token in plain text.");
        let finding = Finding::warning("SECRET_IN_LITERAL", self.place.clone(), message);
        self.findings.push(finding.at(0, source.chars().count()).hint(if has_secrets {
            HINT
        } else {
            HINT_ELSEWHERE
        }));
    }

    fn address(&mut self, member: &str, url: Option<&String>) {
        if let Some(url) = url {
            self.at(member, |look| look.url(url));
        }
    }

    fn url(&mut self, url: &str) {
        self.at("url", |look| {
            if address_opens(url) {
                look.tell(url, "A part of the address");
            }
        });
    }

    fn http(&mut self, http: &Http) {
        self.url(&http.url);
        for (list, kind, members) in
            [("headers", "header", &http.headers), ("query", "parameter", &http.query)]
        {
            self.at(list, |look| {
                for (name, value) in members {
                    let is_secret =
                        looks_like_a_secret(name, value) || (list == "headers" && is_random(bare(value)));
                    look.at(name, |look| {
                        if is_secret {
                            look.tell(value, &format!("The {kind} \"{name}\""));
                        }
                    });
                }
            });
        }
        match &http.body {
            Some(HttpBody::Json(body)) => self.json("body", body),
            Some(HttpBody::Text(text)) => self.at("bodyText", |look| {
                let literal = literal_parts(text);
                let mut pairs = PAIR.captures_iter(&literal);
                if pairs.any(|pair| looks_like_a_secret(&pair[1], &pair[2]))
                    || literal.split_whitespace().any(is_known_key)
                    || computes_a_key(text)
                {
                    look.tell(text, "A part of the body");
                }
            }),
            None => {}
        }
    }

    /// A member, and what is inside it.
    fn json(&mut self, name: &str, value: &Value) {
        self.at(name, |look| look.value(name, value));
    }

    /// A value under a name, which is that of all items of a list.
    fn value(&mut self, name: &str, value: &Value) {
        match value {
            Value::String(text) if looks_like_a_secret(name, text) => self.tell(text, &format!("\"{name}\"")),
            Value::Array(items) => {
                for (index, item) in items.iter().enumerate() {
                    self.at(&index.to_string(), |look| look.value(name, item));
                }
            }
            Value::Object(members) => members.iter().for_each(|(name, value)| self.json(name, value)),
            _ => {}
        }
    }
}

/// What of a template is not computed; a mark stands for what is.
fn literal_parts(source: &str) -> String {
    COMPUTED.replace_all(source, "\0").into_owned()
}

/// Whether a literal inside of what is computed is a key, as in `{{ key | default("sk_live_…") }}`.
fn computes_a_key(source: &str) -> bool {
    COMPUTED
        .find_iter(source)
        .any(|part| QUOTED.find_iter(part.as_str()).any(|literal| is_known_key(literal.as_str())))
}

/// Whether an address carries a key: as a parameter of its query, or as a word of its path.
fn address_opens(url: &str) -> bool {
    let literal = literal_parts(url);
    let (path, query) = literal.split_once('?').unwrap_or((&literal, ""));
    let mut pairs = query.split(['&', '#']).filter_map(|pair| pair.split_once('='));
    pairs.any(|(name, value)| looks_like_a_secret(name, value))
        || path.split('/').skip(3).any(is_known_key)
        || computes_a_key(url)
}

/// A word without the name of a scheme before it.
fn bare(value: &str) -> &str {
    let scheme = ["Bearer ", "Basic ", "Token "].iter().find_map(|scheme| value.strip_prefix(scheme));
    scheme.unwrap_or(value).trim()
}

/// Whether a value is one that opens something: by its name, or because well-known keys look like it.
fn looks_like_a_secret(name: &str, value: &str) -> bool {
    let word = bare(value);
    let is_one_word = !word.contains(['{', '}', '\0']) && !word.contains(char::is_whitespace);
    (is_one_word && ((is_credential(name) && word.len() >= SECRET_LENGTH_MIN) || is_known_key(word)))
        || computes_a_key(value)
}

fn is_known_key(word: &str) -> bool {
    let word = word.trim_matches(['"', '\'', ',', ':']);
    KEY_PREFIXES.iter().any(|prefix| {
        word.starts_with(prefix) && word.len() >= prefix.len() + SECRET_LENGTH_MIN && !word.contains('\0')
    }) || word.strip_prefix("bot").is_some_and(is_bot_token)
}

/// The token of a Telegram bot stands in the path: digits, a colon, and the key.
fn is_bot_token(word: &str) -> bool {
    word.split_once(':').is_some_and(|(id, key)| {
        id.len() >= 6 && id.bytes().all(|byte| byte.is_ascii_digit()) && key.len() >= 4 * SECRET_LENGTH_MIN
    })
}

/// Whether a name has the words of one that carries a credential: `X-Api-Key`, `accessToken`, `db_password`.
fn is_credential(name: &str) -> bool {
    let mut words: Vec<String> = vec![String::new()];
    let mut was_small = false;
    for c in name.chars() {
        if !c.is_alphanumeric() || (was_small && c.is_uppercase()) {
            words.push(String::new());
        }
        was_small = c.is_lowercase();
        if c.is_alphanumeric() {
            words.last_mut().expect("there is one").extend(c.to_lowercase());
        }
    }
    words.retain(|word| !word.is_empty());
    CREDENTIAL_NAMES.iter().any(|known| words.windows(known.len()).any(|part| part == *known))
}

/// Whether a long word mixes letters and digits as only generated keys do. Ids do too.
fn is_random(value: &str) -> bool {
    let is_key_character =
        |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '=' | '.' | '+' | '/');
    let digits = value.chars().filter(char::is_ascii_digit).count();
    let is_id = uuid::Uuid::parse_str(value).is_ok() && value.contains('-');
    value.len() >= 32
        && !is_id
        && value.chars().all(is_key_character)
        && digits * 8 >= value.len()
        && digits < value.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_told_from_ordinary_values() {
        for (name, value) in [
            ("Authorization", "Bearer abcdefgh"),
            ("X-Api-Key", "0123456789"),
            ("X-Shop-Token", "tiendatoken"),
            ("X-Trace", "sk_live_4eC39HqLyjWD"),
            ("accessToken", "tiendatoken"),
            ("API_KEY", "0123456789"),
            ("db_password", "hunter2hunter2"),
            ("a", "{% if k %}{{ k }}{% else %}{{ \"sk_live_4eC39HqLyjWD\" }}{% endif %}"),
        ] {
            assert!(looks_like_a_secret(name, value), "{name}: {value}");
        }
        for (name, value) in [
            ("Authorization", "Bearer {{ secrets.KEY }}"),
            ("Authorization", "none"),
            ("Content-Type", "application/vnd.company.product.resource+json"),
            ("Accept", "text/html, application/xhtml+xml, application/xml;q=0.9"),
            ("X-Request-Source", "flow"),
            ("secretaria", "Ana-García-López"),
            ("tokens", "0123456789"),
            ("password", "escribe tu clave"),
        ] {
            assert!(!looks_like_a_secret(name, value), "{name}: {value}");
        }
        assert!(is_random("9f86d081884c7d659a2feaa0c55ad015"));
        assert!(!is_random("9f86d081-884c-4d65-9a2f-eaa0c55ad015"));
    }

    #[test]
    fn addresses_are_read_in_their_parts() {
        for url in [
            "https://a.example/x?token=abcdefgh1&b={{ b }}",
            "https://a.example/{{ a }}?b=1&api_key=12345678",
            "https://a.example/sk_live_4eC39HqLyjWD/x",
            "https://a.example/x?k={{ k | default('sk_live_4eC39HqLyjWD') }}",
            "https://api.telegram.org/bot123456789:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw/getMe",
        ] {
            assert!(address_opens(url), "{url}");
        }
        for url in [
            "https://a.example/x?token={{ secrets.T }}",
            "https://a.example/tokens/abcdefghij?page=1",
            "https://docs.example/d/1aBcD2eFgH3iJkL4mNoP5qRsT6uVwX7yZ/edit",
        ] {
            assert!(!address_opens(url), "{url}");
        }
    }
}
