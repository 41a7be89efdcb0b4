//! The way of spans to a collector of OpenTelemetry: OTLP over HTTP, in batches, from a thread of their own. A collector
//! that is away costs spans and never a request.

use std::time::Duration;

use async_trait::async_trait;
use opentelemetry::KeyValue;
use opentelemetry::trace::TracerProvider as _;
use opentelemetry_http::{Bytes, HttpClient, HttpError, Request, Response};
use opentelemetry_otlp::{ExporterBuildError, SpanExporter, WithExportConfig as _, WithHttpConfig as _};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::{SdkTracer, SdkTracerProvider};
use ureq::Agent;
use ureq::tls::{RootCerts, TlsConfig};

const SERVICE: &str = "flow-registry";
/// What a collector has for one batch.
const SEND_WITHIN: Duration = Duration::from_secs(10);
/// What the spans that wait have when the process ends.
const LAST_SEND_WITHIN: Duration = Duration::from_secs(2);
const ANSWER_BYTES_MAX: u64 = 64 * 1024;

/// Sends spans until it is dropped, and then those that wait.
#[derive(Debug)]
pub struct SpanExport(SdkTracerProvider);

impl SpanExport {
    /// # Errors
    /// Those of an address that cannot be one.
    pub fn start(endpoint: &str) -> Result<Self, ExporterBuildError> {
        let exporter = SpanExporter::builder()
            .with_http()
            .with_http_client(Collector::new())
            .with_endpoint(format!("{endpoint}/v1/traces"))
            .with_timeout(SEND_WITHIN)
            .build()?;
        let version = KeyValue::new("service.version", env!("CARGO_PKG_VERSION"));
        let resource = Resource::builder().with_service_name(SERVICE).with_attribute(version).build();
        let spans = SdkTracerProvider::builder().with_batch_exporter(exporter).with_resource(resource);
        Ok(Self(spans.build()))
    }

    pub fn tracer(&self) -> SdkTracer {
        self.0.tracer(SERVICE)
    }
}

impl Drop for SpanExport {
    fn drop(&mut self) {
        if let Err(error) = self.0.shutdown_with_timeout(LAST_SEND_WITHIN) {
            tracing::warn!(%error, "the last spans were not sent");
        }
    }
}

/// Carries batches to the collector. It waits, which the thread of the batches may.
#[derive(Debug)]
struct Collector(Agent);

impl Collector {
    fn new() -> Self {
        let tls = TlsConfig::builder().root_certs(RootCerts::PlatformVerifier).build();
        let config = Agent::config_builder().http_status_as_error(false).timeout_global(Some(SEND_WITHIN));
        Self(config.tls_config(tls).build().into())
    }
}

#[async_trait]
impl HttpClient for Collector {
    async fn send_bytes(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let (head, body) = request.into_parts();
        let answer = self.0.run(Request::from_parts(head, &body[..]))?;
        let (head, mut body) = answer.into_parts();
        let body = body.with_config().limit(ANSWER_BYTES_MAX).read_to_vec()?;
        Ok(Response::from_parts(head, body.into()))
    }
}
