//! Around every request to the console: the headers of all its answers, and a page for what went wrong. Nothing that fails
//! below becomes anything but a page.

use std::panic::AssertUnwindSafe;
use std::time::Duration;

use axum::extract::{Request, State};
use axum::http::{HeaderName, HeaderValue, Method, header};
use axum::middleware::Next;
use axum::response::Response;
use futures_util::FutureExt as _;

use super::asked::AskedPage;
use super::failure::PageFailure;
use super::record::{self, RecordedAccess};
use super::session::signed::KnownSigned;
use super::state::Console;
use super::view;
use super::{assets, guard};

/// From when a page is asked for to when it is there: a little less than what the API gives a read.
const READ_WITHIN: Duration = Duration::from_millis(4500);

const POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'; \
     base-uri 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'",
);

const HEADERS: [(HeaderName, HeaderValue); 6] = [
    (header::CONTENT_SECURITY_POLICY, POLICY),
    (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    (header::REFERRER_POLICY, HeaderValue::from_static("same-origin")),
    (HeaderName::from_static("cross-origin-opener-policy"), HeaderValue::from_static("same-origin")),
    (HeaderName::from_static("cross-origin-resource-policy"), HeaderValue::from_static("same-origin")),
    (
        HeaderName::from_static("permissions-policy"),
        HeaderValue::from_static(
            "accelerometer=(), autoplay=(), camera=(), clipboard-read=(), clipboard-write=(self), display-capture=(), \
             encrypted-media=(), fullscreen=(), geolocation=(), gyroscope=(), hid=(), identity-credentials-get=(), \
             magnetometer=(), microphone=(), midi=(), payment=(), picture-in-picture=(), \
             publickey-credentials-get=(), screen-wake-lock=(), serial=(), usb=(), \
             xr-spatial-tracking=()",
        ),
    ),
];

pub async fn around(State(console): State<Console>, request: Request, next: Next) -> Response {
    let known = KnownSigned::default();
    let (mut parts, body) = request.into_parts();
    parts.extensions.insert(known.clone());
    let asked = AskedPage::of(&parts);
    let mut response = match guard::check(&parts, &console.address) {
        Ok(()) => answered(Request::from_parts(parts, body), next).await,
        Err(failure) => Err(failure),
    }
    .unwrap_or_else(axum::response::IntoResponse::into_response);
    if let Some(failure) = response.extensions_mut().remove::<PageFailure>() {
        if let (PageFailure::Scope(_), Some(signed)) = (&failure, known.get()) {
            record::observe(&console, &asked.circumstances, RecordedAccess::refused(&signed.open.caller));
        }
        response = view::failure::show(&console, &asked, known.get(), failure).await;
    }
    let headers = response.headers_mut();
    for (name, value) in HEADERS {
        headers.insert(name, value);
    }
    if headers.get(header::CACHE_CONTROL).is_none_or(|kept| kept != assets::KEPT) {
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
    response
}

/// A panic ends its request, and a read that the database keeps waiting ends too.
async fn answered(request: Request, next: Next) -> Result<Response, PageFailure> {
    let is_read = matches!(*request.method(), Method::GET | Method::HEAD);
    let answering = AssertUnwindSafe(next.run(request)).catch_unwind();
    let answered = match is_read {
        true => tokio::time::timeout(READ_WITHIN, answering).await.map_err(|_| PageFailure::Unavailable)?,
        false => answering.await,
    };
    answered.map_err(|panic| {
        let text = panic.downcast_ref::<&str>().copied();
        let text = text.or_else(|| panic.downcast_ref::<String>().map(String::as_str));
        tracing::error!(panic = text.unwrap_or("no message"), "a page panicked");
        PageFailure::Internal
    })
}
