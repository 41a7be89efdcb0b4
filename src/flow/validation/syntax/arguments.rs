//! Arguments that must be written down, so that they can be held against what exists: patterns with their groups, codes of
//! dates, kinds of values.

use std::ops::Range;

use minijinja::machinery::ast::{CallArg, Expr};

use super::{Reader, bytes};
use crate::flow::language::{DATE_CODES, FIND_KINDS};
use crate::flow::text::{composed, nearest};

impl<'s> Reader<'s, '_> {
    /// A literal format of `date` must consist of codes that exist.
    pub(super) fn date_format(&mut self, args: &[CallArg<'s>], span: Range<usize>) {
        let format = match args.first() {
            Some(CallArg::Pos(Expr::Const(format))) => format,
            Some(CallArg::Pos(_)) => return,
            _ => {
                let message = "\"date\" takes a format such as \"%d/%m/%Y\".".to_owned();
                self.fault("BAD_DATE_FORMAT", span, message);
                return;
            }
        };
        let text = format.value.as_str().unwrap_or_default();
        let mut codes = text.split('%').skip(1);
        while let Some(code) = codes.next() {
            match code.chars().next() {
                // Two signs in a row are one.
                None if codes.next().is_some() => {}
                Some(code) if DATE_CODES.contains(&code) => {}
                code => {
                    let code = code.map(String::from).unwrap_or_default();
                    let message = format!("There is no date code \"%{code}\".");
                    let known: String = DATE_CODES.iter().map(|code| format!(" %{code}")).collect();
                    let span = bytes(format.span());
                    self.fault("BAD_DATE_FORMAT", span, message).hint = Some(format!("There are{known}."));
                }
            }
        }
    }

    /// A literal kind of `find` must be one.
    pub(super) fn find_kind(&mut self, args: &[CallArg<'s>], span: Range<usize>) {
        let [_, CallArg::Pos(kind)] = args else {
            let message = "\"find\" takes a text and a kind such as \"email\".".to_owned();
            self.fault("UNKNOWN_FUNCTION", span, message);
            return;
        };
        let Expr::Const(node) = kind else { return };
        let name = node.value.as_str().unwrap_or_default();
        if !FIND_KINDS.contains(&name) {
            let message = format!("\"find\" looks for {}.", FIND_KINDS.join(", "));
            let hint =
                nearest(name, FIND_KINDS.iter().copied()).map(|meant| format!("Did you mean \"{meant}\"?"));
            self.fault("UNKNOWN_FUNCTION", bytes(kind.span()), message).hint = hint;
        }
    }

    /// The pattern of `matches` and `capture` is compiled with the flow, so it must be there; of the latter also the
    /// group, when it is written down.
    pub(super) fn pattern(&mut self, name: &str, args: &[CallArg<'s>], span: Range<usize>) {
        let most = if name == "capture" { 3 } else { 2 };
        let [_, CallArg::Pos(pattern), rest @ ..] = args else {
            let message = format!("\"{name}\" takes a text and a literal pattern.");
            self.fault("BAD_REGEX", span, message);
            return;
        };
        if args.len() > most {
            self.fault("BAD_REGEX", span, format!("\"{name}\" takes at most {most} arguments."));
            return;
        }
        let span = bytes(pattern.span());
        let message = match pattern {
            Expr::Const(node) => match node.value.as_str() {
                Some(text) => self.patterns.fault(text),
                None => Some("The pattern must be a text.".to_owned()),
            },
            _ => Some("The pattern must be a literal text.".to_owned()),
        };
        match message {
            Some(message) => _ = self.fault("BAD_REGEX", span, message),
            None if name == "capture" => self.group(pattern, rest),
            None => {}
        }
    }

    fn group(&mut self, pattern: &Expr<'s>, rest: &[CallArg<'s>]) {
        let Expr::Const(source) = pattern else { return };
        let Ok(regex) = regex::Regex::new(&composed(source.value.as_str().unwrap_or_default())) else {
            return;
        };
        let exists = match rest.first() {
            None => regex.captures_len() > 1,
            Some(CallArg::Pos(Expr::Const(group))) => match group.value.as_str() {
                Some(name) => regex.capture_names().flatten().any(|known| known == name),
                None => group.value.as_usize().is_some_and(|number| number < regex.captures_len()),
            },
            Some(_) => true,
        };
        if !exists {
            let message = "The pattern has no such group.".to_owned();
            self.fault("BAD_REGEX", bytes(pattern.span()), message);
        }
    }
}
