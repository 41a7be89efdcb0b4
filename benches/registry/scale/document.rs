//! The flows of an organization that grew: what each is, by its number, and what it says.

use std::fmt::Write as _;

use uuid::Uuid;

/// What a flow is there for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// In force, and started by a keyword.
    Keyword,
    /// In force, and called by others.
    Called,
    /// A draft.
    Draft,
}

impl Kind {
    /// Of a hundred flows three are started by keywords, and one is called.
    pub fn of(number: usize) -> Self {
        match (number % 33, number % 100) {
            (0, _) => Self::Keyword,
            (_, 50) => Self::Called,
            _ => Self::Draft,
        }
    }
}

/// Whether the flow calls another one, as every fifth does.
pub fn calls(number: usize) -> bool {
    number % 5 == 1
}

/// As many flows share a word of their names, and a phone number, in an organization of any size.
pub const ALIKE: usize = 100;

/// The word in the name of every flow whose number leaves this remainder: three syllables that no other word has
/// together.
pub fn word(number: usize) -> String {
    const SYLLABLES: [&str; 10] = ["ba", "ke", "lo", "mi", "nu", "ra", "se", "ti", "vo", "zu"];
    [100, 10, 1].map(|power| SYLLABLES[number / power % 10]).concat()
}

pub fn phone_number(number: usize) -> String {
    format!("52155{number:06}")
}

/// The document as a create or update body. `words`: how many words and phone numbers the organization has.
pub fn document(number: usize, words: usize, called: Option<Uuid>, revision: u64) -> String {
    let (word, phone_number) = (word(number % words), phone_number(number / 7 % words));
    let trigger = match Kind::of(number) {
        Kind::Keyword => format!(
            r#""triggerType":"KEYWORD","triggerConfig":{{"keywords":["pedido {number}","envio {number}"],"matchMode":"CONTAINS"}}"#
        ),
        Kind::Called | Kind::Draft => r#""triggerType":"MANUAL""#.to_owned(),
    };
    let mut text = format!(
        r#"{{"name":"Campaign {word} {number}","description":"Revision {revision} of what the shop says.","phoneNumberId":"{phone_number}",{trigger},"variables":[{{"name":"total","type":"number","default":12.5}}],"steps":[{{"id":"hello","type":"message","text":"Hello {{{{ contact.name }}}}, thank you for writing to our shop."}},"#
    );
    if let Some(called) = called {
        let _ = write!(text, r#"{{"id":"other","type":"flow","flowId":"{called}"}},"#);
    }
    let _ = write!(
        text,
        r#"{{"id":"news","type":"message","text":"Your order {revision} is on its way and arrives tomorrow between nine and two."}},{{"id":"bye","type":"end","text":"That makes {{{{ total }}}}. See you soon!"}}]}}"#
    );
    text
}
