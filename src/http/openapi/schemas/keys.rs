//! Schemas of API keys.

use serde_json::Value;

use super::build::{
    Direction, Member, always, instant, list, list_of, maybe, maybe_not_null, or_null, reference, text,
    text_of, uuid, word,
};
use crate::registry::caller::{Scope, Scopes};

const REQUEST: Direction = Direction::Request;
const RESPONSE: Direction = Direction::Response;

pub fn all() -> Vec<(String, Value)> {
    let schemas = [
        ("NewApiKey", new_key()),
        ("ApiKeyChange", change()),
        ("ApiKey", RESPONSE.object("An API key without what proves it.", shown_members())),
        ("CreatedApiKey", created_key()),
        ("OwnCredential", own_credential()),
    ];
    schemas.into_iter().map(|(name, schema)| (name.to_owned(), schema)).collect()
}

fn scopes(least: usize) -> Value {
    let words = Scope::ALL.iter().map(|scope| scope.as_str()).chain(Scopes::NAMED);
    list_of(word(words), least, usize::MAX)
}

fn numbers() -> Value {
    list_of(text_of(1, 64), 0, 100)
}

fn new_key() -> Value {
    REQUEST.object(
        "A key to make.",
        vec![
            always("name", text_of(2, 80), "What people call it."),
            maybe(
                "scopes",
                scopes(0),
                "What it may do: scopes, or named sets of them. Default, and with none: all of its maker's.",
            ),
            maybe(
                "phoneNumberIds",
                numbers(),
                "The numbers whose flows it sees and changes. Default: its maker's.",
            ),
            maybe("expiresAt", instant(), "When it stops being taken. Default: never."),
        ],
    )
}

fn change() -> Value {
    REQUEST.object(
        "What is to change about a key. Members that are absent stay.",
        vec![
            maybe_not_null("name", text_of(2, 80), "What people call it."),
            maybe_not_null("scopes", scopes(1), "What it may do: scopes, or named sets of them."),
            maybe(
                "phoneNumberIds",
                numbers(),
                "The numbers whose flows it sees and changes; null: those of whoever \
                changes it.",
            ),
        ],
    )
}

fn shown_members() -> Vec<Member> {
    vec![
        always("id", uuid(), "The key's id."),
        always("prefix", text(), "The readable part: what the key begins with, up to the dot."),
        always("name", text(), "What people call it."),
        always("scopes", list(reference("Scope")), "What it may do."),
        always("phoneNumberIds", list(text()), "The numbers whose flows it sees and changes; none: all."),
        or_null("lastUsedAt", instant(), "When it was last used, to the minute or so."),
        or_null("expiresAt", instant(), "When it stops being taken; null: never."),
        always("createdAt", instant(), "When it was made."),
    ]
}

fn created_key() -> Value {
    let secret = always("secret", text(), "The whole key. It is shown this once and cannot be had again.");
    RESPONSE.object("A key that was just made.", shown_members().into_iter().chain([secret]).collect())
}

fn own_credential() -> Value {
    RESPONSE.object(
        "The credential of a request.",
        vec![
            always("organizationId", uuid(), "The organization it is for."),
            always("type", reference("ActorType"), "`api_key`, or `user` for a token."),
            always("id", text(), "An API key's id, or the subject of a token."),
            or_null("name", text(), "The name of the key or user."),
            or_null("prefix", text(), "The readable part of a key; null for a token."),
            always("scopes", list(reference("Scope")), "What it may do."),
            always("phoneNumberIds", list(text()), "The numbers whose flows it sees and changes; none: all."),
        ],
    )
}
