//! The migrations are compiled in: without this a new file among them would not rebuild the crate.

fn main() {
    println!("cargo::rerun-if-changed=migrations");
}
