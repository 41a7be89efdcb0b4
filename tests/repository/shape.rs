//! The size of files and functions, and one meaning for each name of a public type.

use std::collections::BTreeMap;
use std::fs;

use syn::visit::{self, Visit};
use syn::{Item, Visibility};

use super::sources::{assert_none, files, sources};

const LINES_MAX: usize = 350;
const DOC_LINES_MAX: usize = 5;
const FUNCTION_LINES_MAX: usize = 60;

#[test]
fn files_are_short_and_say_what_lives_in_them() {
    let mut broken = Vec::new();
    for source in sources() {
        let doc_lines = source.text.lines().filter(|line| line.starts_with("//!")).count();
        if doc_lines == 0 || doc_lines > DOC_LINES_MAX || !source.text.starts_with("//!") {
            let path = source.path;
            broken
                .push(format!("src/{path}: opens with {doc_lines} lines of `//!`, of 1 to {DOC_LINES_MAX}"));
        }
    }
    let all = [("src", "rs"), ("tests", "rs"), ("benches", "rs"), ("migrations", "sql"), ("scripts", "py")];
    for file in all.into_iter().flat_map(|(under, extension)| files(under, extension)) {
        let lines = fs::read_to_string(&file).unwrap().lines().count();
        if lines > LINES_MAX {
            broken.push(format!("{}: {lines} lines, of {LINES_MAX}", file.display()));
        }
    }
    assert_none(&broken, "files that do several jobs");
}

/// Finds functions that are too long.
struct Functions<'b> {
    path: &'b str,
    broken: &'b mut Vec<String>,
}

impl Functions<'_> {
    fn check(&mut self, signature: &syn::Signature, block: &syn::Block) {
        let lines = block.brace_token.span.close().end().line - signature.fn_token.span.start().line + 1;
        let place = format!("{}: {}", self.path, signature.ident);
        if lines > FUNCTION_LINES_MAX {
            self.broken.push(format!("{place}, {lines} lines, of {FUNCTION_LINES_MAX}"));
        }
    }
}

impl<'ast> Visit<'ast> for Functions<'_> {
    fn visit_item_fn(&mut self, function: &'ast syn::ItemFn) {
        self.check(&function.sig, &function.block);
        visit::visit_item_fn(self, function);
    }

    fn visit_impl_item_fn(&mut self, function: &'ast syn::ImplItemFn) {
        self.check(&function.sig, &function.block);
        visit::visit_impl_item_fn(self, function);
    }
}

#[test]
fn functions_are_short() {
    let mut broken = Vec::new();
    for source in sources() {
        for item in source.items() {
            Functions { path: &source.path, broken: &mut broken }.visit_item(&item);
        }
    }
    assert_none(&broken, "functions that do several jobs");
}

#[test]
fn a_public_type_has_a_name_of_its_own() {
    let mut places: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for source in sources() {
        for item in source.items() {
            let (visibility, name) = match &item {
                Item::Enum(item) => (&item.vis, &item.ident),
                Item::Struct(item) => (&item.vis, &item.ident),
                Item::Trait(item) => (&item.vis, &item.ident),
                Item::Type(item) => (&item.vis, &item.ident),
                _ => continue,
            };
            if !matches!(visibility, Visibility::Inherited) {
                places.entry(name.to_string()).or_default().push(source.path.clone());
            }
        }
    }
    assert!(places.len() > 500, "types are found");
    let shared = places.iter().filter(|(_, places)| places.len() > 1);
    let broken: Vec<String> = shared.map(|(name, places)| format!("{name}: {}", places.join(" "))).collect();
    assert_none(&broken, "names that mean two things");
}

/// An editor shows a comment without its neighbours.
#[test]
fn no_comment_refers_to_the_one_above() {
    let mut broken = Vec::new();
    for source in sources() {
        for (index, line) in source.text.lines().enumerate() {
            if line.trim_start().starts_with("/// The same ")
                || line.trim_start().starts_with("/// The same,")
            {
                broken.push(format!("src/{}:{}: {}", source.path, index + 1, line.trim()));
            }
        }
    }
    assert_none(&broken, "comments that need their neighbour");
}
