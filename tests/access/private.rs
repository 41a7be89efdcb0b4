//! `flow-registry keys` on the private Postgres of a service, running or not.

use std::time::{Duration, Instant};

use crate::support::{Scratch, Service, run};

#[test]
fn keys_are_made_beside_a_running_service_and_without_one() {
    let data = Scratch::new();
    let directory = data.path().to_str().unwrap();
    let keys = |arguments: &[&str]| {
        let output = run(&[&["keys"], arguments, &["--data-dir", directory]].concat());
        let stdout = String::from_utf8(output.stdout).unwrap();
        assert!(output.status.success(), "{arguments:?}\n{}", String::from_utf8_lossy(&output.stderr));
        stdout
    };
    let org = "0192f0c1-2d3e-4f4a-8b5c-6d7e8f9a0b1c";
    let refused = |arguments: &[&str], said: &str| {
        let output = run(&[&["keys", "create", "--name", "typo"], arguments].concat());
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert!(!output.status.success() && output.stdout.is_empty() && stderr.contains(said), "{stderr}");
    };
    // A directory that is mistyped stays what it is.
    refused(&["--org", org, "--data-dir", directory], "there is no private Postgres in");
    let elsewhere = data.path().join("elsewhere");
    refused(&["--org", org, "--data-dir", elsewhere.to_str().unwrap()], "there is no private Postgres in");
    assert!(!elsewhere.exists());
    let first =
        keys(&["create", "--new-organization", "--org", org, "--name", "before", "--scope", "consumer"]);
    let service = Service::start(&["--data-dir", directory]);
    assert_eq!(service.printed(), "", "an installation with a key is not a new one");
    let second = keys(&["create", "--org", org, "--name", "beside", "--scope", "auditor"]);
    let list = |key: &str| {
        let url = format!("http://{}/organizations/{org}/bot/flows", service.address);
        let answer = ureq::get(url).config().http_status_as_error(false).build().header("X-Api-Key", key);
        answer.call().unwrap().status().as_u16()
    };
    assert_eq!((list(first.trim()), list(second.trim())), (200, 200));
    let mistyped = org.replace('0', "1");
    refused(&["--org", &mistyped, "--data-dir", directory], "there is no organization 1192f1c1");
    refused(&["--org", org, "--new-organization", "--data-dir", directory], "already");
    refused(&["--data-dir", directory], "--org");
    let listed = keys(&["list", "--org", org]);
    let line = listed.lines().find(|line| line.contains("before")).unwrap();
    keys(&["revoke", "--org", org, "--id", line.split_whitespace().next().unwrap()]);
    let give_up = Instant::now() + Duration::from_secs(10);
    while list(first.trim()) != 401 {
        assert!(Instant::now() < give_up, "a revoked key is refused within 5 seconds");
        std::thread::park_timeout(Duration::from_millis(100));
    }
    assert_eq!(list(second.trim()), 200);
}
