//! Runs before the crate is built. Migrations are compiled in, so a new one has to rebuild the crate; pages of the
//! documentation become HTML, with an index to search them by.

mod guide;

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs};

use guide::Guide;

/// The pages of the documentation in the order they are listed, each as a path below `docs` without its ending, under
/// the heading of its group.
const GROUPS: [(&str, &[&str]); 2] = [
    (
        "Guides",
        &[
            "guides/start",
            "guides/flows",
            "guides/errors",
            "guides/paging",
            "guides/retries",
            "guides/conditional-requests",
            "guides/events",
            "guides/rate-limits",
            "guides/roles",
            "guides/test-runs",
            "guides/history",
            "guides/evidence",
        ],
    ),
    ("Specifications", &["api", "flow-format", "actions", "evidence", "operations"]),
];

fn main() {
    println!("cargo::rerun-if-changed=migrations");
    println!("cargo::rerun-if-changed=docs");
    println!("cargo::rerun-if-changed=build");
    let to = PathBuf::from(env::var_os("OUT_DIR").expect("cargo names a directory"));
    let known: Vec<&str> = GROUPS.iter().flat_map(|(_, paths)| *paths).copied().collect();
    let (mut table, mut index) = (String::from("&[\n"), String::new());
    for (group, paths) in GROUPS {
        for path in paths {
            let file = Path::new("docs").join(format!("{path}.md"));
            let text =
                fs::read_to_string(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
            let guide = Guide::read(path, &text, &known);
            let name = format!("{}.html", path.replace('/', "-"));
            write(&to.join(&name), &guide.content);
            writeln!(
                table,
                "    Guide {{ group: {group:?}, path: \"/docs/{path}\", title: {:?}, summary: {:?}, sections: &{:?}, \
                 content: include_str!({:?}) }},",
                guide.title,
                guide.summary,
                guide.sections(),
                to.join(&name)
            )
            .expect("a string takes everything");
            index += &guide.index();
        }
    }
    write(&to.join("guides.rs"), &(table + "]\n"));
    write(&to.join("guides-index.txt"), &index);
}

fn write(path: &Path, text: &str) {
    fs::write(path, text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
}
