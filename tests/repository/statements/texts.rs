//! The texts of statements as the sources have them: all that a constant, a macro or a function writes as text, in its order.

use std::fs;

use proc_macro2::{Delimiter, TokenStream, TokenTree};
use quote::ToTokens as _;
use syn::{ImplItem, Item};

use crate::repository::sources::{root, sources};

pub struct Statement {
    /// Below `src`.
    pub path: String,
    pub name: String,
    pub text: String,
    /// Where it is a macro with the organization filled in: which, and with what.
    pub of: Option<(String, String)>,
}

/// The macros of the store that leave the organization open.
const OPEN: [&str; 9] = [
    "current_flows",
    "flows_at_versions",
    "ends",
    "insert",
    "heads",
    "add_actors",
    "actors",
    "lock",
    "begin_logs",
];

pub fn statements() -> Vec<Statement> {
    let mut statements = Vec::new();
    for source in sources().into_iter().filter(|source| source.room == "store") {
        let mut add = |name: String, tokens: TokenStream| {
            let mut text = String::new();
            read(tokens.clone(), &mut text);
            statements.push(Statement { path: source.path.clone(), name, text, of: made_of(tokens) });
        };
        for item in source.items() {
            match item {
                Item::Const(item) => add(item.ident.to_string(), item.expr.to_token_stream()),
                Item::Static(item) => add(item.ident.to_string(), item.expr.to_token_stream()),
                Item::Fn(item) => add(item.sig.ident.to_string(), item.block.to_token_stream()),
                Item::Macro(item) => {
                    let name = item.ident.as_ref().map(ToString::to_string).unwrap_or_default();
                    add(name, item.mac.tokens);
                }
                Item::Impl(item) => {
                    for item in item.items {
                        if let ImplItem::Fn(item) = item {
                            add(item.sig.ident.to_string(), item.block.to_token_stream());
                        }
                    }
                }
                _ => {}
            }
        }
    }
    let path = "store/append/append.sql";
    let append = fs::read_to_string(root().join("src").join(path)).unwrap();
    // In braces stand conditions, parts that are no tables, and else the place of an organization's id.
    let mut filled = append.split_once("\nWITH ").unwrap().1.to_owned();
    for (place, by) in [
        (r"\{when ([^}]*)\}", "$1"),
        (r"\{(?:told|given|keyed)\}", "part"),
        (r"\{(?:proven|unstopped|returning [^}]*|\w+ columns)\}", ""),
        (r"\{[^}]*\}", " $$1 "),
    ] {
        filled = regex::Regex::new(place).unwrap().replace_all(&filled, by).into_owned();
    }
    statements.push(Statement {
        path: path.to_owned(),
        name: "append.sql".to_owned(),
        text: filled,
        of: None,
    });
    statements
}

/// Adds the texts of tokens: literals, `$1` where the organization is left open, `$9` where something is bound.
fn read(tokens: TokenStream, text: &mut String) {
    let mut tokens = tokens.into_iter().peekable();
    while let Some(token) = tokens.next() {
        match token {
            // Attributes, comments among them.
            TokenTree::Punct(mark) if mark.as_char() == '#' => {
                if matches!(tokens.peek(), Some(TokenTree::Group(group)) if group.delimiter() == Delimiter::Bracket)
                {
                    tokens.next();
                }
            }
            TokenTree::Punct(mark) if mark.as_char() == '$' => {
                if let Some(TokenTree::Ident(name)) = tokens.peek() {
                    text.push_str(match name.to_string().as_str() {
                        "org" | "organizations" => " $1 ",
                        // Any table will do.
                        "first" | "table" => " event ",
                        _ => " ",
                    });
                    tokens.next();
                }
            }
            TokenTree::Ident(name) if name == "push_bind" => {
                text.push_str(" $9 ");
                tokens.next();
            }
            TokenTree::Group(group) => read(group.stream(), text),
            TokenTree::Literal(literal) => {
                if let Ok(literal) = syn::parse_str::<syn::LitStr>(&literal.to_string()) {
                    text.push_str(&literal.value());
                    text.push(' ');
                }
            }
            TokenTree::Punct(_) | TokenTree::Ident(_) => {}
        }
    }
}

/// The macro that a constant is made of, and its first argument.
fn made_of(tokens: TokenStream) -> Option<(String, String)> {
    let call: syn::Macro = syn::parse2(tokens).ok()?;
    let name = call.path.get_ident()?.to_string();
    let first = call.tokens.into_iter().next()?;
    let first = syn::parse_str::<syn::LitStr>(&first.to_string()).ok()?.value();
    OPEN.contains(&name.as_str()).then_some((name, first))
}
