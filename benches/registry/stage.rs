//! A run's stage: the ground, the service on it, what was seeded; and one measurement of either side.

use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

use crate::document::Body;
use crate::edits;
use crate::ground::{Ground, Pgbench};
use crate::load::{self, Requests};
use crate::machine;
use crate::seed::{self, Flow, Seeded};
use crate::service::{Binary, Service};

pub const PRODUCT: &str = "product";
pub const YARDSTICK: &str = "yardstick";
/// What the yardstick does for an edit.
pub const APPEND: &str = include_str!("yardstick/append.sql");

/// How long and how often is measured.
#[derive(Debug, Clone, Copy)]
pub struct Pace {
    pub rounds: usize,
    /// Of a measurement that is compared with one of pgbench, which counts in whole seconds.
    pub window_s: u64,
    pub quick: bool,
}

impl Pace {
    pub fn of(quick: bool) -> Self {
        match quick {
            true => Self { rounds: 2, window_s: 1, quick },
            false => Self { rounds: 5, window_s: 3, quick },
        }
    }

    /// Two builds are compared in twice as many rounds.
    pub fn of_comparison(self) -> Self {
        Self { rounds: 2 * self.rounds, ..self }
    }

    pub fn window(self) -> Duration {
        Duration::from_secs(self.window_s)
    }

    /// Of a measurement of ours alone.
    pub fn short_window(self) -> Duration {
        self.window() / 2
    }
}

/// One measurement.
#[derive(Debug, Clone, Copy)]
pub struct Sample {
    /// Answers, or transactions, per second.
    pub rate: f64,
    pub p50_us: u32,
    pub p99_us: u32,
    /// Processor time for each of them, in microseconds.
    pub service_us: f64,
    pub postgres_us: f64,
}

impl Sample {
    /// Of a service under a load.
    pub fn of_service(
        ground: &Ground,
        service: &Service,
        connections: usize,
        window: Duration,
        requests: &mut dyn Requests,
    ) -> anyhow::Result<Self> {
        let cpu = || {
            let of_postgres = machine::family_cpu_seconds(ground.postmaster)?;
            anyhow::Ok((machine::cpu_seconds(service.id())?, of_postgres))
        };
        let before = cpu()?;
        let window = load::run(service.address, connections, window, requests)?;
        let after = cpu()?;
        let microseconds = |seconds: f64| seconds * 1e6 / window.answers().max(1) as f64;
        Ok(Self {
            rate: window.rate(),
            p50_us: window.percentile_us(0.5),
            p99_us: window.percentile_us(0.99),
            service_us: microseconds(after.0 - before.0),
            postgres_us: microseconds(after.1 - before.1),
        })
    }

    /// Of what does without the service.
    pub fn of_postgres(rate: f64, postgres_us: f64) -> Self {
        Self { rate, p50_us: 0, p99_us: 0, service_us: 0.0, postgres_us }
    }
}

#[derive(Debug)]
pub struct Stage {
    pub pace: Pace,
    pub binary: Binary,
    pub database: String,
    pub database_url: String,
    pub service: Service,
    pub seeded: Seeded,
    pub revision: Cell<u64>,
    /// How long the service has been under load so far, in seconds.
    pub loaded_s: Cell<f64>,
    pub ground: Rc<Ground>,
}

impl Stage {
    /// A service on a database of its own, freshly started on what was seeded.
    pub fn set(ground: &Rc<Ground>, pace: Pace, binary: Binary, database: &str) -> anyhow::Result<Self> {
        eprintln!("seeding {} flows in {} organizations", seed::FLOWS, seed::ORGANIZATIONS);
        ground.create_database(database)?;
        let database_url = ground.url(database);
        let arguments = ["--database-url", &database_url];
        let service = Service::start(&binary, ground.scratch(), &arguments)?;
        let seeded = seed::seed(&binary, &database_url, service.address)?;
        service.stop()?;
        ground.psql(database, &[], "VACUUM ANALYZE; CHECKPOINT")?;
        let service = Service::start(&binary, ground.scratch(), &arguments)?;
        let (revision, loaded_s, ground) = (Cell::new(1_000_000), Cell::new(0.0), Rc::clone(ground));
        let database = database.to_owned();
        Ok(Self { pace, binary, database, database_url, service, seeded, revision, loaded_s, ground })
    }

    /// The yardstick's tables, as many flows in them.
    pub fn set_yardstick(ground: &Ground) -> anyhow::Result<()> {
        ground.create_database(YARDSTICK)?;
        ground.psql(YARDSTICK, &[], include_str!("yardstick/schema.sql"))?;
        ground.psql(YARDSTICK, &[("document", &document())], include_str!("yardstick/seed.sql"))
    }

    /// Another service on the same database.
    pub fn start_service(&self) -> anyhow::Result<Service> {
        Service::start(&self.binary, self.ground.scratch(), &["--database-url", &self.database_url])
    }

    /// The flows of one organization.
    pub fn flows_of(&self, tenant: usize) -> Vec<Flow> {
        self.seeded.flows.iter().copied().filter(|flow| flow.tenant == tenant).collect()
    }

    /// The service under a load.
    pub fn load(
        &self,
        connections: usize,
        window: Duration,
        requests: &mut dyn Requests,
    ) -> anyhow::Result<Sample> {
        let sample = Sample::of_service(&self.ground, &self.service, connections, window, requests)?;
        self.loaded_s.set(self.loaded_s.get() + window.as_secs_f64());
        Ok(sample)
    }

    /// Bare Postgres under a script.
    pub fn yardstick(&self, script: &str, clients: usize) -> anyhow::Result<Sample> {
        self.pgbench(YARDSTICK, script, clients)
    }

    /// Bare Postgres under a script, while flows are edited in the same way at the pace of those of [`edits`].
    pub fn yardstick_beside_edits(&self, script: &str, clients: usize) -> anyhow::Result<Sample> {
        let document = document();
        let edits = self.ground.start_pgbench(&Pgbench {
            database: YARDSTICK,
            variables: &[("document", &document)],
            script: APPEND,
            clients: edits::CONNECTIONS as usize,
            seconds: self.pace.window_s + 1,
            per_second: Some(edits::PER_SECOND),
        })?;
        std::thread::sleep(edits::LEAD);
        let sample = self.yardstick(script, clients)?;
        edits::check(edits.rate()?, edits::PER_SECOND)?;
        Ok(sample)
    }

    pub fn pgbench(&self, database: &str, script: &str, clients: usize) -> anyhow::Result<Sample> {
        let seconds = self.pace.window_s;
        let before = machine::family_cpu_seconds(self.ground.postmaster)?;
        let document = document();
        let variables = [("document", document.as_str())];
        let load = Pgbench { database, variables: &variables, script, clients, seconds, per_second: None };
        let rate = self.ground.pgbench(&load)?;
        let used = machine::family_cpu_seconds(self.ground.postmaster)? - before;
        Ok(Sample::of_postgres(rate, used * 1e6 / (rate * seconds as f64)))
    }
}

/// The document of the yardstick: the bytes the service would store.
pub fn document() -> String {
    String::from_utf8(Body::new().canonical(0).bytes.to_vec()).expect("JSON is text")
}
