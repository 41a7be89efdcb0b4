//! The files of a room import each other in one direction: no circle but the ones listed here.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use syn::visit::{self, Visit};
use syn::{Item, UseTree};

use super::sources::{Source, assert_none, sources};

/// The circles that are inherent, each with its reason. A circle may lie within the files and folders named.
const INHERENT: &[(&str, &[&str])] = &[
    (
        "a step is compiled with its program, runs in a run, and a run enters steps",
        &["interpreter/program/", "interpreter/run/", "interpreter/step/"],
    ),
    ("the command line's types are parsed where its commands run", &["cli/mod.rs", "cli/audit/"]),
    ("commands about flows find their flow in one way", &["cli/flows/mod.rs", "cli/flows/"]),
    ("screen and text", &["cli/screen/mod.rs", "cli/screen/text.rs"]),
    ("settings and their groups", &["config.rs", "config/"]),
    ("what a command meets", &["registry/command/"]),
    ("projections and their comparison", &["registry/projections/"]),
    ("a list of now is begun and one of then goes on", &["registry/reads/"]),
    ("runs and their execution", &["registry/runs/"]),
    ("an append and the ways it is made", &["store/append/"]),
    ("the store and its connections", &["store/connect.rs", "store/mod.rs"]),
    ("reading while an organization stands still", &["store/reading.rs", "store/still.rs"]),
];

/// What a file declares and what it takes from others.
#[derive(Default)]
struct Module {
    path: String,
    /// Items and inline modules.
    own: BTreeSet<String>,
    children: BTreeSet<String>,
    /// Imported names with the path each stands for.
    imports: HashMap<String, Vec<String>>,
    globs: Vec<Vec<String>>,
    /// Every path in code, as names; imports are not among them.
    paths: Vec<Vec<String>>,
}

type Modules = BTreeMap<Vec<String>, Module>;

impl Module {
    fn of(source: &Source) -> Self {
        let mut module = Self { path: source.path.clone(), ..Self::default() };
        for item in source.items() {
            match &item {
                Item::Use(item) => module.import(&item.tree, Vec::new()),
                Item::Mod(item) if item.content.is_none() => {
                    module.children.insert(item.ident.to_string());
                }
                item => {
                    module.own.extend(name(item));
                    Paths(&mut module.paths).visit_item(item);
                }
            }
        }
        module
    }

    fn import(&mut self, tree: &UseTree, mut path: Vec<String>) {
        match tree {
            UseTree::Path(tree) => {
                path.push(tree.ident.to_string());
                self.import(&tree.tree, path);
            }
            UseTree::Group(group) => group.items.iter().for_each(|tree| self.import(tree, path.clone())),
            UseTree::Glob(_) => self.globs.push(path),
            UseTree::Name(name) if name.ident == "self" => {
                _ = self.imports.insert(path.last().unwrap().clone(), path);
            }
            UseTree::Name(name) => {
                path.push(name.ident.to_string());
                self.imports.insert(name.ident.to_string(), path);
            }
            UseTree::Rename(name) => {
                path.push(name.ident.to_string());
                self.imports.insert(name.rename.to_string(), path);
            }
        }
    }
}

fn name(item: &Item) -> Option<String> {
    Some(match item {
        Item::Const(item) => item.ident.to_string(),
        Item::Enum(item) => item.ident.to_string(),
        Item::Fn(item) => item.sig.ident.to_string(),
        Item::Macro(item) => item.ident.as_ref()?.to_string(),
        Item::Mod(item) => item.ident.to_string(),
        Item::Static(item) => item.ident.to_string(),
        Item::Struct(item) => item.ident.to_string(),
        Item::Trait(item) => item.ident.to_string(),
        Item::Type(item) => item.ident.to_string(),
        _ => return None,
    })
}

/// Collects the paths in code.
struct Paths<'p>(&'p mut Vec<Vec<String>>);

impl<'ast> Visit<'ast> for Paths<'_> {
    fn visit_path(&mut self, path: &'ast syn::Path) {
        self.0.push(path.segments.iter().map(|segment| segment.ident.to_string()).collect());
        visit::visit_path(self, path);
    }

    /// `pub(super)` names a module and takes nothing from it.
    fn visit_visibility(&mut self, _: &'ast syn::Visibility) {}
}

/// The module a path leads into, or the one that declares the item it names; none for other crates.
fn resolve(modules: &Modules, from: &[String], path: &[String], depth: usize) -> Option<Vec<String>> {
    let mut at = from.to_vec();
    let mut rest = path;
    // Imports may lead to each other, but not for ever.
    if depth > 10 {
        return None;
    }
    while let Some((first, tail)) = rest.split_first() {
        let module = modules.get(&at)?;
        match first.as_str() {
            "crate" => at.clear(),
            "self" => {}
            "super" => _ = at.pop(),
            name if module.children.contains(name) => at.push(name.to_owned()),
            name if module.own.contains(name) => return Some(at),
            name => {
                let through = |path: &Vec<String>| {
                    let path: Vec<String> = path.iter().chain(tail).cloned().collect();
                    // A path of an import that begins with no module of ours names a crate.
                    resolve(modules, &at, &path, depth + 1)
                };
                let import = module.imports.get(name).filter(|path| path[0] != name || path.len() > 1);
                return import.and_then(through).or_else(|| {
                    module.globs.iter().find_map(|glob| {
                        let path: Vec<String> = glob.iter().chain([first]).cloned().collect();
                        resolve(modules, &at, &path, depth + 1)
                    })
                });
            }
        }
        rest = tail;
    }
    Some(at)
}

/// Which files each file takes something from.
fn edges(modules: &Modules) -> BTreeMap<String, BTreeSet<String>> {
    let edge = |(at, module): (&Vec<String>, &Module)| {
        let found = module.paths.iter().filter_map(|path| resolve(modules, at, path, 0));
        let files = found.filter_map(|module| Some(modules.get(&module)?.path.clone()));
        (module.path.clone(), files.filter(|file| *file != module.path).collect())
    };
    modules.iter().map(edge).collect()
}

/// Sets of files that all lead to each other.
fn circles(edges: &BTreeMap<String, BTreeSet<String>>) -> Vec<BTreeSet<&str>> {
    let reach = |start: &str| {
        let mut reached = BTreeSet::new();
        let mut pending = vec![start];
        while let Some(file) = pending.pop() {
            for next in edges.get(file).into_iter().flatten() {
                if reached.insert(next.as_str()) {
                    pending.push(next);
                }
            }
        }
        reached
    };
    let reached: BTreeMap<&str, BTreeSet<&str>> =
        edges.keys().map(|file| (file.as_str(), reach(file))).collect();
    let circle = |file: &str| -> BTreeSet<&str> {
        reached[file].iter().copied().filter(|other| reached[other].contains(file)).collect()
    };
    let found: BTreeSet<BTreeSet<&str>> = edges.keys().map(|file| circle(file)).collect();
    found.into_iter().filter(|circle| circle.len() > 1).collect()
}

#[test]
fn files_of_a_room_import_each_other_in_one_direction() {
    let modules: Modules = sources()
        .iter()
        .filter(|source| source.path != "main.rs" && !source.code.is_empty())
        .map(|source| match source.path.as_str() {
            "lib.rs" => (Vec::new(), Module::of(source)),
            _ => (source.module(), Module::of(source)),
        })
        .collect();
    let edges = edges(&modules);
    assert!(edges["registry/mod.rs"].contains("store/mod.rs"), "imports are resolved");
    let mut unused: Vec<&str> = INHERENT.iter().map(|&(reason, _)| reason).collect();
    let mut broken = Vec::new();
    for circle in circles(&edges) {
        let holds = |place: &&str| circle.iter().any(|file| file.starts_with(*place));
        let lies_in =
            |places: &[&str]| circle.iter().all(|file| places.iter().any(|place| file.starts_with(place)));
        match INHERENT.iter().find(|(_, places)| lies_in(places) && places.iter().all(holds)) {
            Some((known, _)) => unused.retain(|reason| reason != known),
            None => {
                let arrows = circle.iter().flat_map(|file| {
                    let within = edges[*file].iter().filter(|to| circle.contains(to.as_str()));
                    within.map(move |to| format!("  {file} → {to}"))
                });
                broken.push(format!("a circle:\n{}", arrows.collect::<Vec<_>>().join("\n")));
            }
        }
    }
    assert_none(&broken, "circles of files");
    assert!(unused.is_empty(), "circles that are listed and no longer there: {unused:?}");
}
