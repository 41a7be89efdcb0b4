//! `make bench-peers`: the service over HTTP beside event stores that run in the process of their caller, on the same
//! cluster, with the same document and as many clients. Each is used as its own documentation says.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, ensure};
use serde_json::Value;

use crate::document::Body;
use crate::figure::{Figure, Target};
use crate::ground::{Ground, finish};
use crate::machine;
use crate::requests::{Patches, Pick};
use crate::stage::{Sample, Stage, document};
use crate::turns::Turns;

const CLIENTS: usize = 64;
const EMMETT: &str = "emmett";
const CQRS_ES: &str = "cqrs_es";
const MESSAGE_DB: &str = "message_store";

pub fn figures(stage: &Stage) -> anyhow::Result<Vec<Figure>> {
    let ground = &stage.ground;
    let file = ground.scratch().join("document.json");
    fs::write(&file, document())?;
    ground.create_database(EMMETT)?;
    ground.create_database(CQRS_ES)?;
    ground.psql(CQRS_ES, &[], include_str!("../peers/cqrs-es/schema.sql"))?;
    install_message_db(ground)?;

    let mut turns = Turns::default();
    let mut patches =
        Patches::new(&stage.seeded, &stage.seeded.flows, Pick::Any, Body::new(), &stage.revision);
    turns.add("patch 64", move || stage.load(CLIENTS, stage.pace.window(), &mut patches));
    turns.add_yardstick("Emmett", || {
        let mut command = Command::new("node");
        command.arg(peers().join("emmett/append.mjs"));
        in_process(stage, &mut command, EMMETT)
    });
    turns.add_yardstick("cqrs-es", || {
        let program = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/peers/release/cqrs-es-peer");
        in_process(stage, &mut Command::new(program), CQRS_ES)
    });
    turns.add_yardstick("message-db", || {
        let script = include_str!("../peers/message-db/append.sql");
        stage.pgbench(MESSAGE_DB, script, CLIENTS)
    });
    turns.run(stage.pace.rounds);
    let ratio = |figure: &str, base, target| turns.ratio(figure, "patch 64", base, target);
    Ok(vec![
        ratio("PATCH over HTTP / Emmett append, 64 clients", "Emmett", Target::AtLeast(3.0)),
        ratio("PATCH over HTTP / cqrs-es with its view, 64 clients", "cqrs-es", Target::AtLeast(4.0)),
        ratio("PATCH over HTTP / message-db write, 64 clients", "message-db", Target::Shown),
    ])
}

fn peers() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/peers")
}

/// A program that appends for so long and prints how often.
fn in_process(stage: &Stage, command: &mut Command, database: &str) -> anyhow::Result<Sample> {
    command.env("DATABASE_URL", stage.ground.url(database)).env("CLIENTS", CLIENTS.to_string());
    command.env("DOCUMENT", stage.ground.scratch().join("document.json"));
    command.env("SECONDS", stage.pace.window_s.to_string());
    let before = machine::family_cpu_seconds(stage.ground.postmaster)?;
    let said = finish(command)?;
    let used = machine::family_cpu_seconds(stage.ground.postmaster)? - before;
    let said: Value = serde_json::from_str(&said).with_context(|| format!("it said {said:?}"))?;
    let number = |name: &str| said[name].as_f64().with_context(|| format!("it named no {name}"));
    let (appends, seconds) = (number("appends")?, number("seconds")?);
    ensure!(appends > 0.0, "it appended nothing");
    Ok(Sample::of_postgres(appends / seconds, used * 1e6 / appends))
}

/// With the script of its own package.
fn install_message_db(ground: &Ground) -> anyhow::Result<()> {
    let script = peers().join("message-db/node_modules/@eventide/message-db/database/install.sh");
    let mut command = ground.program("bash");
    command.arg(script).env("DATABASE_NAME", MESSAGE_DB);
    finish(&mut command)?;
    // As the role is set up that its documentation connects with.
    ground.psql(MESSAGE_DB, &[], "ALTER DATABASE message_store SET search_path = message_store, public")
}
