//! The trace that a request belongs to: in the log, and as a span at a collector of OpenTelemetry.

use std::time::{Duration, Instant};

use serde_json::Value;

use crate::support::{Scratch, Service};

const PATIENCE: Duration = Duration::from_secs(10);

/// Asks for the health, with this header where there is one.
fn ask(service: &Service, request_id: &str, trace_parent: Option<&str>) {
    let asked =
        ureq::get(format!("http://{}/health/live", service.address)).header("x-request-id", request_id);
    let asked = match trace_parent {
        Some(value) => asked.header("traceparent", value),
        None => asked,
    };
    assert_eq!(asked.call().unwrap().status(), 200);
}

/// The line of the access log about a request, when it has been written.
fn access_line(service: &Service, request_id: &str) -> Value {
    let give_up = Instant::now() + PATIENCE;
    loop {
        let log = service.log();
        let lines = log.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
        let is_it = |line: &Value| line["message"] == "request" && line["span"]["request_id"] == request_id;
        if let Some(line) = { lines }.find(is_it) {
            return line;
        }
        assert!(Instant::now() < give_up, "{log}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

#[cfg(not(feature = "otlp"))]
#[test]
fn the_access_log_names_the_trace_that_a_caller_names() {
    let data = Scratch::new();
    let service = Service::start(&["--data-dir", data.path().join("data").to_str().unwrap()]);
    ask(&service, "traced", Some("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"));
    ask(&service, "broken", Some("00-00000000000000000000000000000000-00f067aa0ba902b7-01"));
    ask(&service, "alone", None);
    let traced = access_line(&service, "traced");
    assert_eq!(traced["span"]["trace_id"], "4bf92f3577b34da6a3ce929d0e0e4736", "{traced}");
    for request_id in ["broken", "alone"] {
        let line = access_line(&service, request_id);
        assert_eq!(line["span"].get("trace_id"), None, "{line}");
    }
}

#[cfg(not(feature = "otlp"))]
#[test]
fn a_program_that_sends_no_spans_says_so() {
    let refused =
        crate::support::program(&["serve", "--otlp-endpoint", "http://127.0.0.1:4318"]).output().unwrap();
    let said = String::from_utf8(refused.stderr).unwrap();
    assert_eq!(refused.status.code(), Some(2), "{said}");
    assert!(said.contains("OTLP_ENDPOINT") && said.contains("feature `otlp`"), "{said}");
}

#[cfg(feature = "otlp")]
mod exported {
    use std::io::{BufRead as _, BufReader, Read as _, Write as _};
    use std::net::TcpListener;
    use std::sync::mpsc;

    use rustix::process::Signal;

    use super::*;

    /// Takes batches of spans as a collector does, and hands on head and body of each.
    fn collector() -> (String, mpsc::Receiver<(String, Vec<u8>)>) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let (send, received) = mpsc::channel();
        std::thread::spawn(move || {
            for connection in listener.incoming() {
                let mut reader = BufReader::new(connection.unwrap());
                let mut head = String::new();
                while !head.ends_with("\r\n\r\n") && reader.read_line(&mut head).unwrap() > 0 {}
                let lower = head.to_lowercase();
                let length =
                    lower.lines().find_map(|line| line.strip_prefix("content-length: ")?.parse().ok());
                let mut body = vec![0; length.unwrap()];
                reader.read_exact(&mut body).unwrap();
                let answer = "HTTP/1.1 200 OK\r\ncontent-type: application/x-protobuf\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
                reader.get_mut().write_all(answer.as_bytes()).unwrap();
                if send.send((head, body)).is_err() {
                    return;
                }
            }
        });
        (address, received)
    }

    fn holds(body: &[u8], part: &[u8]) -> bool {
        body.windows(part.len()).any(|window| window == part)
    }

    #[test]
    fn a_span_of_each_request_reaches_the_collector() {
        let (address, received) = collector();
        let data = Scratch::new();
        let data_dir = data.path().join("data");
        let mut service =
            Service::start(&["--data-dir", data_dir.to_str().unwrap(), "--otlp-endpoint", &address]);
        ask(&service, "traced", Some("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"));
        ask(&service, "unsampled", Some("00-5bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00"));
        ask(&service, "alone", None);
        let line = access_line(&service, "traced");
        assert_eq!(line["span"]["trace_id"], "4bf92f3577b34da6a3ce929d0e0e4736", "{line}");
        assert!(!service.log().contains("otel.name"), "{}", service.log());
        let begun = access_line(&service, "alone")["span"]["trace_id"].as_str().unwrap().to_owned();
        // What waits is sent when the service ends.
        service.signal(Signal::TERM);
        assert!(service.ended().success(), "{}", service.log());
        let (mut heads, mut bodies) = (String::new(), Vec::new());
        for (head, body) in received.try_iter() {
            heads += &head;
            bodies.extend(body);
        }
        assert!(heads.starts_with("POST /v1/traces HTTP/1.1\r\n"), "{heads}");
        let bytes = |hexadecimal: &str| hex::decode(hexadecimal).unwrap();
        for part in [
            &b"flow-registry"[..],
            b"GET /health/live",
            b"http.response.status_code",
            &bytes("4bf92f3577b34da6a3ce929d0e0e4736"),
            &bytes("00f067aa0ba902b7"),
            &bytes(&begun),
        ] {
            assert!(holds(&bodies, part), "{}", String::from_utf8_lossy(part));
        }
        assert!(
            !holds(&bodies, &bytes("5bf92f3577b34da6a3ce929d0e0e4736")),
            "its caller records no spans of it"
        );
    }
}
