//! Endpoints for those who run the service: health, numbers, and the description of the API itself.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use super::problem::{Code, Problem};
use super::state::App;
use super::{credentials, wire};
use crate::registry::StandbyCondition;

/// A database that takes longer than this to say it is there is not ready.
const READY_TIMEOUT: Duration = Duration::from_secs(2);

#[derive(Serialize)]
struct Health {
    status: &'static str,
    /// What somebody must look at, though requests are served. Of whom it is said is in the log of the process.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    warnings: Vec<Warning>,
    /// For those who run the service only.
    #[serde(skip_serializing_if = "Option::is_none")]
    database: Option<Database>,
}

impl Health {
    fn ok(warnings: Vec<Warning>) -> Self {
        Self { status: "ok", warnings, database: None }
    }
}

/// The database server in use.
#[derive(Serialize)]
struct Database {
    /// Host and port.
    server: Arc<str>,
    timeline: u32,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    standbys: Vec<Standby>,
}

/// A standby that reads may go to.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Standby {
    server: Arc<str>,
    lag_seconds: f64,
    /// Why no read goes there at the moment.
    #[serde(skip_serializing_if = "Option::is_none")]
    trouble: Option<String>,
}

#[derive(Serialize)]
struct Warning {
    code: &'static str,
    detail: String,
}

/// The process answers.
pub async fn live() -> Response {
    wire::envelope(StatusCode::OK, &Health::ok(Vec::new()))
}

fn warnings(app: &App) -> Vec<Warning> {
    let mut warnings = Vec::new();
    let refused = app.registry.checkpoints.refused();
    if refused > 0 {
        let code = Code::LogContradictsCheckpoint.as_str();
        let detail = format!("{refused} logs are not what was signed of them, and are not signed");
        warnings.push(Warning { code, detail });
    }
    let fault = app.registry.clock.fault();
    let mut clock = |code, by: Option<chrono::TimeDelta>, than: &str| {
        if let Some(by) = by {
            let detail = format!("the clock of the database is {} seconds {than}", by.num_seconds());
            warnings.push(Warning { code, detail });
        }
    };
    clock("clock_behind_log", fault.behind_log, "behind the last event");
    clock("clock_ahead", fault.ahead, "ahead of this process");
    warnings
}

/// The process and its database answer; with what somebody must look at.
pub async fn ready(State(app): State<App>) -> Result<Response, Problem> {
    Ok(wire::envelope(StatusCode::OK, &readiness(&app).await?))
}

/// Readiness with the database server in use, whose address is nothing for clients to know.
pub async fn ready_in_detail(State(app): State<App>) -> Result<Response, Problem> {
    let health = readiness(&app).await?;
    let standbys = app.registry.standbys.conditions();
    let shown = |StandbyCondition { name, trouble, lag }| Standby {
        server: name,
        lag_seconds: lag.as_secs_f64(),
        trouble,
    };
    let database = app.registry.store().used_server().map(|used| Database {
        server: used.name,
        timeline: used.timeline.number,
        standbys: standbys.map(shown).collect(),
    });
    Ok(wire::envelope(StatusCode::OK, &Health { database, ..health }))
}

async fn readiness(app: &App) -> Result<Health, Problem> {
    if app.draining.is_cancelled() {
        return Err(Problem::retry(Code::ShuttingDown, 1, "This process is about to stop."));
    }
    match tokio::time::timeout(READY_TIMEOUT, app.registry.store().ping()).await {
        Ok(Ok(())) => Ok(Health::ok(warnings(app))),
        Ok(Err(error)) => Err(error.into()),
        Err(_) => {
            Err(Problem::retry(Code::StorageUnavailable, 1, "The database does not answer at the moment."))
        }
    }
}

/// What the process has counted, in the text format of Prometheus.
pub async fn metrics(State(app): State<App>) -> Response {
    app.metrics.run_upkeep();
    let media_type = HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8");
    ([(header::CONTENT_TYPE, media_type)], app.metrics.render()).into_response()
}

/// Tokens are issued elsewhere: nothing that could be sent here can be refreshed.
pub async fn refresh() -> Problem {
    credentials::refused()
}
