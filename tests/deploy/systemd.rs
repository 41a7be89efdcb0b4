//! A supervisor that asks is told when the service is ready, and when it stops.

use std::os::unix::net::UnixDatagram;
use std::process::Stdio;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};

use crate::support::{Scratch, program};

const PATIENCE: Duration = Duration::from_secs(30);

#[test]
fn the_service_says_when_it_is_ready_and_when_it_stops() {
    let scratch = Scratch::new();
    let (path, data) = (scratch.path().join("notify"), scratch.path().join("data"));
    let socket = UnixDatagram::bind(&path).unwrap();
    socket.set_read_timeout(Some(PATIENCE)).unwrap();
    let told = || {
        let mut message = [0; 1024];
        let length = socket.recv(&mut message).unwrap();
        String::from_utf8(message[..length].to_vec()).unwrap()
    };
    let mut serve = program(&["serve", "--listen", "127.0.0.1:0", "--data-dir", data.to_str().unwrap()]);
    let mut child =
        serve.env("NOTIFY_SOCKET", &path).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    assert_eq!(told().trim(), "READY=1");
    kill_process(Pid::from_child(&child), Signal::TERM).unwrap();
    assert_eq!(told().trim(), "STOPPING=1");
    assert!(child.wait().unwrap().success());
}
