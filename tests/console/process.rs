//! The console of the program: on unless it is switched off, and its address where the first key is printed.

use rustix::process::Signal;

use crate::support::{Scratch, Service};

#[test]
fn it_is_there_unless_it_is_switched_off() {
    let scratch = Scratch::new();
    let data_dir = scratch.path().to_str().unwrap();
    let mut service = Service::start(&["--data-dir", data_dir]);
    assert_eq!((service.status("/console"), service.status("/console/session")), (200, 200));
    let printed = service.printed();
    let line = printed.lines().find(|line| line.starts_with("console ")).unwrap();
    let (_, path) = line.split_once(&service.address.to_string()).unwrap();
    assert_eq!(service.status(path), 200, "{line}");
    service.signal(Signal::TERM);
    assert!(service.ended().success());
    let service = Service::start(&["--data-dir", data_dir, "--console", "off"]);
    assert_eq!((service.status("/console"), service.status("/console/session")), (404, 404));
}
