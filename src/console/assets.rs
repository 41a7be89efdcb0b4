//! Styles, scripts and signs of the console: in the program, under addresses that change with their content, so that a
//! browser may keep them for ever.

use std::sync::LazyLock;

use axum::extract::Path;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse as _, Response};

use super::failure::{PageFailure, PageResult, Sought};
use crate::flow::digest::Digest;

/// A file that pages refer to.
struct Asset {
    name: &'static str,
    media_type: &'static str,
    bytes: &'static [u8],
    /// `/console/assets/<beginning of the digest>/<name>`
    path: String,
}

macro_rules! assets {
    ($($name:literal as $media_type:literal),+ $(,)?) => {
        [$(Asset {
            name: $name,
            media_type: $media_type,
            bytes: include_bytes!(concat!("assets/", $name)),
            path: path_of($name, include_bytes!(concat!("assets/", $name))),
        }),+]
    };
}

static ASSETS: LazyLock<Vec<Asset>> = LazyLock::new(|| {
    Vec::from(assets![
        "console.css" as "text/css; charset=utf-8",
        "change.css" as "text/css; charset=utf-8",
        "flow.css" as "text/css; charset=utf-8",
        "base.js" as "text/javascript; charset=utf-8",
        "picture.css" as "text/css; charset=utf-8",
        "map.js" as "text/javascript; charset=utf-8",
        "icon.svg" as "image/svg+xml",
    ])
});

/// Of files whose address changes with their content.
pub const KEPT: HeaderValue = HeaderValue::from_static("public, max-age=31536000, immutable");

const DIGEST_CHARS: usize = 16;

fn path_of(name: &str, bytes: &[u8]) -> String {
    let digest = hex::encode(Digest::of(bytes).as_bytes());
    format!("/console/assets/{}/{name}", &digest[..DIGEST_CHARS])
}

/// The address of a file, for templates.
pub fn path(name: &str) -> &'static str {
    ASSETS.iter().find(|asset| asset.name == name).map_or("", |asset| asset.path.as_str())
}

/// Answers with a file. One of another content, of an earlier or a later release, is not there.
pub async fn show(Path((digest, name)): Path<(String, String)>) -> PageResult {
    let asked = format!("/console/assets/{digest}/{name}");
    let asset = ASSETS.iter().find(|asset| asset.path == asked);
    asset.map(answer).ok_or(PageFailure::NotFound(Sought::Page))
}

fn answer(asset: &Asset) -> Response {
    let headers =
        [(header::CONTENT_TYPE, HeaderValue::from_static(asset.media_type)), (header::CACHE_CONTROL, KEPT)];
    (headers, asset.bytes).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Script of a first page at most 16 KB, all script 50 KB, styles 30 KB.
    #[test]
    fn they_are_small() {
        let bytes = |kind: &str| -> usize {
            ASSETS.iter().filter(|asset| asset.name.ends_with(kind)).map(|asset| asset.bytes.len()).sum()
        };
        assert!(bytes(".css") <= 30_000 && bytes(".js") <= 50_000, "{} {}", bytes(".css"), bytes(".js"));
        assert!(ASSETS.iter().any(|asset| asset.name == "base.js" && asset.bytes.len() <= 16_000));
        assert!(ASSETS.len() <= 14);
    }
}
