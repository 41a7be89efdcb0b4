//! What the packages set is what the program takes: names and values are read by its own command line.

use std::collections::BTreeMap;
use std::fs;

use flow_registry::cli;
use regex::Regex;

use super::read;
use crate::support::Scratch;

/// Variables of the image of Postgres.
const OF_POSTGRES: [&str; 3] = ["POSTGRES_DB", "POSTGRES_PASSWORD_FILE", "POSTGRES_USER"];

/// Variables and their values, in a file where each stands like that.
fn variables(path: &str, each: &str) -> BTreeMap<String, String> {
    let text = read(path);
    // Other lines of a Dockerfile set what its commands take.
    let is_meant = |line: &&str| !path.ends_with("Dockerfile") || line.starts_with("ENV ");
    let text: String = text.lines().filter(is_meant).map(|line| format!("{line}\n")).collect();
    let found = Regex::new(each).unwrap();
    let found = found.captures_iter(&text).map(|found| (found[1].to_owned(), found[2].to_owned()));
    let found: BTreeMap<_, _> = found.filter(|(name, _)| !OF_POSTGRES.contains(&name.as_str())).collect();
    assert!(!found.is_empty(), "{path} sets nothing");
    found
}

/// Reads the settings as flags of a command.
fn check(path: &str, command: &str, variables: &BTreeMap<String, String>) {
    let scratch = Scratch::new();
    let secret = scratch.path().join("secret");
    fs::write(&secret, "postgres://u:p@h/d\n").unwrap();
    let all = cli::command();
    let arguments = all.find_subcommand(command).unwrap().get_arguments().chain(all.get_arguments());
    let flags: BTreeMap<_, _> = arguments
        .filter_map(|argument| {
            Some((argument.get_env()?.to_str()?.to_owned(), argument.get_long()?.to_owned()))
        })
        .collect();
    let mut line = vec!["flow-registry".to_owned(), command.to_owned()];
    for (name, value) in variables {
        let flag = flags.get(name).unwrap_or_else(|| panic!("{path}: {command} knows no {name}"));
        let is_file = name.ends_with("DATABASE_URL_FILE");
        let value = if is_file { secret.to_str().unwrap() } else { value };
        line.push(format!("--{flag}={value}"));
    }
    if let Err(error) = cli::command().try_get_matches_from(line) {
        panic!("{path}: {error}");
    }
}

#[test]
fn every_setting_of_a_package_is_one_of_the_program() {
    let unit = variables("systemd/flow-registry.service", r"(?m)^Environment=([A-Z_]+)=(.*)$");
    check("systemd/flow-registry.service", "serve", &unit);
    let compose = variables("docker/compose.yaml", r#"(?m)^      ([A-Z_]+): "?([^"\n]+)"?$"#);
    check("docker/compose.yaml", "serve", &compose);
    let image = variables("docker/Dockerfile", r" ([A-Z_]+)=(\S+)");
    check("docker/Dockerfile", "serve", &image);
    let of_pods = r#"- name: ([A-Z_]+)\n +value: "?([^"\n]+)"?"#;
    let deployment = variables("kubernetes/deployment.yaml", of_pods);
    check("kubernetes/deployment.yaml", "serve", &deployment);
    let migrate = variables("kubernetes/migrate.yaml", of_pods);
    check("kubernetes/migrate.yaml", "migrate", &migrate);
    for name in ["DATABASE_URL_FILE", "SIGNING_KEY_FILE", "CHECKPOINT_DIR", "SHUTDOWN_DELAY"] {
        for found in [&unit, &compose, &deployment] {
            assert!(found.contains_key(name), "{name}\n{found:#?}");
        }
    }
}

/// Commands in files and in what they say of their use.
#[test]
fn every_command_of_a_package_is_one_of_the_program() {
    let said =
        Regex::new(r"(?m)(?:bin/flow-registry |[^-/.]flow-registry |command: \[|args: \[)([a-z][a-z-]*)\b")
            .unwrap();
    let program = cli::command();
    let mut found = 0;
    for path in [
        "systemd/flow-registry.service",
        "docker/compose.yaml",
        "docker/Dockerfile",
        "kubernetes/deployment.yaml",
        "kubernetes/migrate.yaml",
    ] {
        for command in said.captures_iter(&read(path)).map(|found| found[1].to_owned()) {
            let is_known = program.find_subcommand(&command).is_some();
            // `install -m 755 flow-registry /usr/…` and its like are no commands of ours.
            assert!(is_known, "{path}: {command}");
            found += 1;
        }
    }
    assert!(found > 5, "{found}");
}

/// A supervisor waits for the delay and for the 15 seconds of the stop itself.
#[test]
fn supervisors_wait_for_as_long_as_a_stop_takes() {
    for (path, delay, patience) in [
        ("systemd/flow-registry.service", r"SHUTDOWN_DELAY=(\d+)s", r"TimeoutStopSec=(\d+)s"),
        ("docker/compose.yaml", r"SHUTDOWN_DELAY: (\d+)s", r"stop_grace_period: (\d+)s"),
        (
            "kubernetes/deployment.yaml",
            r"name: SHUTDOWN_DELAY\n +value: (\d+)s",
            r"terminationGracePeriodSeconds: (\d+)",
        ),
    ] {
        let text = read(path);
        let seconds = |pattern: &str| -> u64 {
            let found =
                Regex::new(pattern).unwrap().captures(&text).unwrap_or_else(|| panic!("{path}: {pattern}"));
            found[1].parse().unwrap()
        };
        assert!(seconds(delay) + 15 < seconds(patience), "{path}");
    }
}
