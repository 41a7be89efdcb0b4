//! cqrs-es with postgres-es as their guide sets them up: an event-sourced aggregate, its default pool, and a view kept
//! by a `GenericQuery`. For SECONDS, CLIENTS update flows with the document of the file DOCUMENT; prints what
//! they got done as JSON.

use std::convert::Infallible;
use std::env;
use std::error::Error;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use cqrs_es::event_sink::EventSink;
use cqrs_es::persist::GenericQuery;
use cqrs_es::{Aggregate, DomainEvent, EventEnvelope, View};
use postgres_es::{PostgresCqrs, PostgresViewRepository, default_postgress_pool, postgres_cqrs};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Each client has its own: a conflict would be an error here, where the service decides again.
const FLOWS_EACH: u64 = 300;

#[derive(Debug, Default, Serialize, Deserialize)]
struct Flow {
    document: Value,
}

struct Update {
    document: Value,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
enum FlowEvent {
    Updated { document: Value },
}

impl DomainEvent for FlowEvent {
    fn event_type(&self) -> String {
        "FlowUpdated".to_owned()
    }

    fn event_version(&self) -> String {
        "1.0".to_owned()
    }
}

impl Aggregate for Flow {
    const TYPE: &'static str = "flow";
    type Command = Update;
    type Event = FlowEvent;
    type Error = Infallible;
    type Services = ();

    async fn handle(
        &mut self,
        command: Update,
        _services: &(),
        sink: &EventSink<Self>,
    ) -> Result<(), Self::Error> {
        sink.write(FlowEvent::Updated { document: command.document }, self).await;
        Ok(())
    }

    fn apply(&mut self, event: FlowEvent) {
        let FlowEvent::Updated { document } = event;
        self.document = document;
    }
}

#[derive(Debug, Default, Serialize, Deserialize)]
struct FlowView {
    version: usize,
    document: Value,
}

impl View<Flow> for FlowView {
    fn update(&mut self, event: &EventEnvelope<Flow>) {
        let FlowEvent::Updated { document } = &event.payload;
        self.version = event.sequence;
        self.document = document.clone();
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let document: Value = serde_json::from_slice(&std::fs::read(env::var("DOCUMENT")?)?)?;
    let clients: u64 = env::var("CLIENTS")?.parse()?;
    let seconds: u64 = env::var("SECONDS")?.parse()?;
    let pool = default_postgress_pool(&env::var("DATABASE_URL")?).await;
    let views = Arc::new(PostgresViewRepository::<FlowView, Flow>::new("flow_view", pool.clone()));
    let cqrs = Arc::new(postgres_cqrs::<Flow>(pool, vec![Box::new(GenericQuery::new(views))], ()));

    let (began, updates) = (Instant::now(), Arc::new(AtomicU64::new(0)));
    let end = began + Duration::from_secs(seconds);
    let tasks: Vec<_> = (0..clients)
        .map(|client| {
            let (cqrs, updates, document) = (Arc::clone(&cqrs), Arc::clone(&updates), document.clone());
            tokio::spawn(async move { keep_updating(client, end, &cqrs, &updates, &document).await })
        })
        .collect();
    for task in tasks {
        task.await??;
    }
    let seconds = began.elapsed().as_secs_f64();
    println!("{}", serde_json::json!({"appends": updates.load(Ordering::Relaxed), "seconds": seconds}));
    Ok(())
}

async fn keep_updating(
    client: u64,
    end: Instant,
    cqrs: &PostgresCqrs<Flow>,
    updates: &AtomicU64,
    document: &Value,
) -> Result<(), cqrs_es::AggregateError<Infallible>> {
    let mut turns = (0..FLOWS_EACH).cycle();
    while let Some(flow) = turns.next().filter(|_| Instant::now() < end) {
        let update = Update { document: document.clone() };
        cqrs.execute(&format!("flow-{client}-{flow}"), update).await?;
        updates.fetch_add(1, Ordering::Relaxed);
    }
    Ok(())
}
