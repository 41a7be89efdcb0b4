//! What clients that send nonsense, send much, or do not read cost the others.

use std::cell::Cell;
use std::io::Write as _;
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use serde_json::{Value, json};

use crate::background::Background;
use crate::document::Body;
use crate::figure::{Figure, Measured, Target, Unit};
use crate::load::Requests;
use crate::machine::{forget_peak, peak_mib};
use crate::reads::by_id;
use crate::requests::{Fixed, Patches, Pick, flow_path, get, send};
use crate::stage::Stage;
use crate::stats::Spread;
use crate::turns::Turns;

const CLIENTS: usize = 32;
/// The largest body, and the largest document, that the API takes.
const BODY_BYTES: usize = 512 * 1024;
const DOCUMENT_BYTES: usize = 250 * 1024;
const LARGE_CLIENTS: usize = 64;
/// Lists asked for on each connection that never reads: more than the kernel buffers for it.
const UNREAD_LISTS: usize = 60;
const DRIP: Duration = Duration::from_millis(50);

pub fn figures(stage: &Stage) -> Vec<Figure> {
    let begun = Begun::default();
    let mut turns = Turns::default();
    enlist(&mut turns, stage, &begun);
    turns.run(stage.pace.rounds);
    let least = Target::AtLeast(0.9);
    let mut beside_invalid = turns.ratio(
        "the same of 32 clients, 32 others send invalid ones only",
        "patch 32, half of all clients invalid",
        "patch 32",
        Target::Shown,
    );
    if let Ok((_, beside)) = &mut beside_invalid.outcome {
        let share = begun.invalid.get() as f64 / begun.valid.get().max(1) as f64;
        beside.push_str(&format!("; {share:.2} invalid ones sent for each valid one"));
    }
    vec![
        turns.ratio(
            "valid PATCH, every other request invalid / alone",
            "patch 64, half of all requests invalid",
            "patch 64",
            Target::Shown,
        ),
        beside_invalid,
        turns.ratio("GET beside 64 slow clients / alone", "get 32, beside slow clients", "get 32", least),
        Figure::new(
            "peak memory, largest bodies, 64 connections",
            Unit::Mebibytes,
            Target::AtMost(256.0),
            large_bodies(stage),
        ),
    ]
}

/// Requests that were begun while both kinds were.
#[derive(Debug, Default)]
struct Begun {
    valid: Cell<usize>,
    invalid: Cell<usize>,
}

fn enlist<'a>(turns: &mut Turns<'a>, stage: &'a Stage, begun: &'a Begun) {
    let patches =
        || Patches::new(&stage.seeded, &stage.seeded.flows, Pick::Any, Body::new(), &stage.revision);
    let mut alone = patches();
    turns.add("patch 32", move || stage.load(CLIENTS, stage.pace.window(), &mut alone));
    let mut as_many = patches();
    turns.add("patch 64", move || stage.load(2 * CLIENTS, stage.pace.window(), &mut as_many));
    let mut alternating =
        Alternating { valid: patches(), invalid: invalid(stage), is_valid: vec![false; 2 * CLIENTS] };
    turns.add("patch 64, half of all requests invalid", move || {
        stage.load(2 * CLIENTS, stage.pace.window(), &mut alternating)
    });
    let mut mixed = Mixed { valid: patches(), invalid: invalid(stage), lead: 0, begun };
    turns.add("patch 32, half of all clients invalid", move || {
        mixed.lead = 0;
        stage.load(2 * CLIENTS, stage.pace.window(), &mut mixed)
    });
    let mut reads = Fixed { requests: by_id(&stage.seeded) };
    turns.add("get 32", move || stage.load(CLIENTS, stage.pace.window(), &mut reads));
    let mut reads = Fixed { requests: by_id(&stage.seeded) };
    turns.add("get 32, beside slow clients", move || {
        let _slow = SlowClients::connect(stage)?;
        stage.load(CLIENTS, stage.pace.window(), &mut reads)
    });
}

/// A valid request, an invalid one, and so on, on every connection.
struct Alternating<'a> {
    valid: Patches<'a>,
    invalid: Fixed,
    /// Of each connection, what is under way.
    is_valid: Vec<bool>,
}

impl Requests for Alternating<'_> {
    fn write(&mut self, connection: usize, out: &mut Vec<u8>) -> bool {
        self.is_valid[connection] = !self.is_valid[connection];
        match self.is_valid[connection] {
            true => self.valid.write(connection, out),
            false => self.invalid.write(connection, out),
        }
    }

    fn expects(&self, connection: usize, status: u16) -> bool {
        match self.is_valid[connection] {
            true => self.valid.expects(connection, status),
            false => (400..500).contains(&status),
        }
    }

    fn counts(&self, connection: usize) -> bool {
        self.is_valid[connection]
    }
}

/// Valid requests on the first connections, on the others invalid ones: as many, if they are answered that fast.
struct Mixed<'a> {
    valid: Patches<'a>,
    invalid: Fixed,
    /// Valid requests sent that no invalid one was sent for yet.
    lead: usize,
    begun: &'a Begun,
}

impl Requests for Mixed<'_> {
    fn write(&mut self, connection: usize, out: &mut Vec<u8>) -> bool {
        if connection < CLIENTS {
            self.lead += 1;
            self.begun.valid.update(|valid| valid + 1);
            return self.valid.write(connection, out);
        }
        if self.lead == 0 {
            return false;
        }
        self.lead -= 1;
        self.begun.invalid.update(|invalid| invalid + 1);
        self.invalid.write(connection, out)
    }

    fn expects(&self, connection: usize, status: u16) -> bool {
        match connection < CLIENTS {
            true => self.valid.expects(connection, status),
            false => (400..500).contains(&status),
        }
    }

    fn counts(&self, connection: usize) -> bool {
        connection < CLIENTS
    }
}

/// What is no JSON, what is no document, what nobody has, and who nobody is.
fn invalid(stage: &Stage) -> Fixed {
    let flow = stage.seeded.flows[0];
    let tenant = &stage.seeded.tenants[flow.tenant];
    let path = flow_path(tenant, &flow);
    let document = Body::new().value(1).to_string();
    let cut = &document.as_bytes()[..document.len() - 1];
    let nowhere = format!("/organizations/{}/bot/flows/{}", tenant.org_id, uuid::Uuid::nil());
    let mut unknown = Body::new().value(1);
    unknown["steps"][3]["colour"] = json!("red");
    let requests = vec![
        send("PATCH", &path, &tenant.key, cut),
        send("PATCH", &path, &tenant.key, unknown.to_string().as_bytes()),
        send("PATCH", &nowhere, &tenant.key, document.as_bytes()),
        send("PATCH", &path, "mk_live_nobody", document.as_bytes()),
    ];
    Fixed { requests }
}

/// Two kinds of largest bodies: a document of the largest size in a body of the largest size, which is stored, and
/// one of nothing but tiny values, which takes the most memory to read and is refused.
fn large_bodies(stage: &Stage) -> anyhow::Result<Measured> {
    let tenant = &stage.seeded.tenants[3];
    let flows = stage.flows_of(3);
    let mut stored = Patches::new(
        &stage.seeded,
        &flows,
        Pick::Own,
        Body::of(padded(&largest_document())),
        &stage.revision,
    );
    forget_peak(stage.service.id())?;
    let sample = stage.load(LARGE_CLIENTS, stage.pace.window(), &mut stored)?;
    let of_documents = peak_mib(stage.service.id())?;

    let values = format!("{{\"steps\":[{}0]}}", "0,".repeat((BODY_BYTES - 14) / 2));
    let request = send("PATCH", &flow_path(tenant, &flows[0]), &tenant.key, values.as_bytes());
    let mut refused = Refused(Fixed { requests: vec![request] });
    forget_peak(stage.service.id())?;
    stage.load(LARGE_CLIENTS, stage.pace.window(), &mut refused)?;
    let of_values = peak_mib(stage.service.id())?;
    let beside = format!(
        "documents of 250 KiB in bodies of 512: {of_documents:.0} MiB at {:.0}/s; 262,000 values: {of_values:.0} MiB",
        sample.rate
    );
    Ok((Spread::once(of_documents.max(of_values)), beside))
}

struct Refused(Fixed);

impl Requests for Refused {
    fn write(&mut self, connection: usize, out: &mut Vec<u8>) -> bool {
        self.0.write(connection, out)
    }

    fn expects(&self, _connection: usize, status: u16) -> bool {
        status == 400
    }
}

fn largest_document() -> Value {
    const TEXT: &str = "Nothing to see here. ";
    let step = |number: usize| {
        let filler = TEXT.repeat(DOCUMENT_BYTES / 200 / TEXT.len() - 2);
        json!({"id": format!("s{number}"), "type": "message", "text": filler})
    };
    let steps: Vec<Value> = (0..200).map(step).collect();
    json!({"description": "Revision 000000000000", "steps": steps})
}

/// White space makes it a body of the largest size.
fn padded(document: &Value) -> String {
    let text = document.to_string();
    format!("{text}{}", " ".repeat(BODY_BYTES - text.len()))
}

/// Half of them ask for long lists and never read, half send a request a byte at a time.
struct SlowClients {
    _dripping: Background,
    _unread: Vec<TcpStream>,
}

impl SlowClients {
    fn connect(stage: &Stage) -> anyhow::Result<Self> {
        let tenant = &stage.seeded.tenants[4];
        let list = get(&format!("/organizations/{}/bot/flows", tenant.org_id), &tenant.key);
        let mut unread = Vec::new();
        for _ in 0..CLIENTS {
            let mut stream = TcpStream::connect(stage.service.address)?;
            stream.write_all(&list.repeat(UNREAD_LISTS))?;
            unread.push(stream);
        }
        Ok(Self { _dripping: drip(stage.service.address)?, _unread: unread })
    }
}

fn drip(address: SocketAddr) -> anyhow::Result<Background> {
    let streams: Result<Vec<_>, _> = (0..CLIENTS).map(|_| TcpStream::connect(address)).collect();
    let mut streams = streams?;
    let mut head =
        b"GET /health/live HTTP/1.1\r\nHost: bench\r\nX-Padding: ".iter().chain(std::iter::repeat(&b'x'));
    Ok(Background::every(DRIP, move || {
        let byte = *head.next().expect("it has no end");
        // The service may hang up on them: that is its right.
        streams.retain_mut(|stream| stream.write_all(&[byte]).is_ok());
        Ok(())
    }))
}
