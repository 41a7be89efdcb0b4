//! How often a request goes to the database and back, counted on the wire: the server says once per round trip that
//! it is ready for the next. Exchanges that ask nothing are not counted: by one of them sqlx makes sure, after a
//! request, that the connection it used still lives.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use flow_registry::http::router;
use flow_registry::store::{Address, PoolSettings, Pooling, Store};
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::tcp::OwnedWriteHalf;
use tokio::net::unix::OwnedReadHalf;
use tokio::net::{TcpListener, TcpStream, UnixStream};

use super::{Api, Request, api_over, sound, state_over};
use crate::support::{self, TestDatabase};

const READY_FOR_QUERY: u8 = b'Z';

/// Forwards connections to the database and counts what it is asked.
struct Wire {
    port: u16,
    round_trips: Arc<AtomicU64>,
}

impl Wire {
    async fn to(database: &TestDatabase) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let options = &database.connect_options;
        let directory = options.get_socket().unwrap();
        let socket: PathBuf = directory.join(format!(".s.PGSQL.{}", options.get_port()));
        let round_trips = Arc::new(AtomicU64::new(0));
        let counted = Arc::clone(&round_trips);
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let server = UnixStream::connect(&socket).await.unwrap();
                forward(client, server, Arc::clone(&counted));
            }
        });
        Self { port, round_trips }
    }

    fn count(&self) -> u64 {
        self.round_trips.load(Ordering::SeqCst)
    }
}

fn forward(client: TcpStream, server: UnixStream, counted: Arc<AtomicU64>) {
    let (mut from_client, to_client) = client.into_split();
    let (from_server, mut to_server) = server.into_split();
    tokio::spawn(async move { tokio::io::copy(&mut from_client, &mut to_server).await });
    tokio::spawn(async move { answers(from_server, to_client, &counted).await });
}

/// Messages of the server: a letter, a length that counts itself, and the rest. Ends with the connection.
async fn answers(mut server: OwnedReadHalf, mut client: OwnedWriteHalf, counted: &AtomicU64) -> Option<()> {
    let mut is_answer = false;
    loop {
        let letter = server.read_u8().await.ok()?;
        let length = server.read_u32().await.ok()?;
        let mut message = vec![letter];
        message.extend_from_slice(&length.to_be_bytes());
        message.resize(usize::try_from(length).unwrap() + 1, 0);
        server.read_exact(&mut message[5..]).await.ok()?;
        if letter != READY_FOR_QUERY {
            is_answer = true;
        } else if std::mem::take(&mut is_answer) {
            counted.fetch_add(1, Ordering::SeqCst);
        }
        client.write_all(&message).await.ok()?;
    }
}

async fn counted() -> (Api, Wire) {
    let database = support::database().await;
    let wire = Wire::to(&database).await;
    let user = database.connect_options.get_username();
    let url = format!("postgres://{user}@127.0.0.1:{}/{}?sslmode=disable", wire.port, database.name);
    let settings = PoolSettings {
        connections_max: 1,
        acquire_timeout: Duration::from_secs(10),
        statement_timeout: Duration::from_secs(10),
        seen: None,
        pooling: Pooling::None,
    };
    let store = Store::connect(&Address::Urls(vec![url.into()]), &settings).await.unwrap();
    (api_over(database, store).await, wire)
}

/// The fewest round trips of several tries: on a busy machine a key may have to be looked up anew.
async fn fewest(wire: &Wire, requests: impl IntoIterator<Item = Request>, status: u16) -> u64 {
    let mut fewest = u64::MAX;
    for request in requests {
        let before = wire.count();
        request.send().await.expect(status);
        fewest = fewest.min(wire.count() - before);
    }
    fewest
}

#[tokio::test]
async fn of_every_endpoint_with_a_warm_key() {
    let (api, wire) = counted().await;
    let mut ids = Vec::new();
    for _ in 0..6 {
        ids.push(api.create_sound("Uno").await);
    }
    let mut gone = Vec::new();
    for _ in 0..6 {
        gone.push(api.create_sound("Uno").await);
    }
    let ask = |method, id: &String, rest| api.ask(method, api.flow(id, rest));
    let each = |method: &'static str, rest: &'static str| ids.iter().map(move |id| ask(method, id, rest));
    let creates = (0..6).map(|_| api.ask("POST", api.flows("")).json(&sound("Uno")));
    assert_eq!(fewest(&wire, creates, 201).await, 1, "create");
    assert_eq!(fewest(&wire, each("GET", ""), 200).await, 1, "get");
    let rename =
        |(n, id): (usize, &String)| ask("PATCH", id, "").json(&json!({"name": format!("Flujo {n}")}));
    let renames = || ids.iter().enumerate().map(rename);
    assert_eq!(fewest(&wire, renames(), 200).await, 1, "update of a flow this process has seen last");
    let unchanged = fewest(&wire, renames(), 200).await;
    assert_eq!(unchanged, 2, "update that changes nothing: where the log stands is asked");
    let keyed = renames().enumerate().map(|(n, request)| {
        let request = request.header("idempotency-key", &n.to_string());
        request.json(&json!({"name": format!("Otro {n}")}))
    });
    assert_eq!(fewest(&wire, keyed, 200).await, 1, "update with an idempotency key");
    assert_eq!(fewest(&wire, each("POST", "/publish"), 201).await, 1, "publish");
    assert_eq!(
        fewest(&wire, each("POST", "/unpublish"), 201).await,
        2,
        "unpublish: who calls it is asked before"
    );
    assert_eq!(fewest(&wire, each("POST", "/duplicate"), 201).await, 2, "duplicate");
    let lists = (0..6).map(|_| api.ask("GET", api.flows("?limit=10")));
    assert_eq!(fewest(&wire, lists, 200).await, 1, "list");
    let deletes = gone.iter().map(|id| ask("DELETE", id, ""));
    assert_eq!(fewest(&wire, deletes, 204).await, 2, "delete: likewise");
    let elsewhere = router(state_over(api.registry.store().clone()));
    let unseen = renames().map(|request| request.to(elsewhere.clone()));
    assert_eq!(fewest(&wire, unseen, 200).await, 2, "update of a flow this process has not seen");
    assert_eq!(fewest(&wire, each("GET", ""), 200).await, 1, "get of a flow that changed elsewhere");
    assert_eq!(
        fewest(&wire, each("DELETE", ""), 204).await,
        5,
        "a deletion in a log that others write to as well"
    );
}
