//! Pages for people, at `/docs`: guides and specifications, made of the files in `docs` when the crate is built, with a
//! search over them. Everything is compiled in; no page loads anything from elsewhere.

mod library;
mod page;

use axum::Router;
use axum::http::{HeaderName, header};
use axum::response::{IntoResponse as _, Redirect, Response};
use axum::routing::get;

pub use page::{marked_up, page};

use crate::flow::text::escaped;
use library::{GUIDES, Guide, INDEX};

/// Stands in a guide where all error codes are to be listed.
const PROBLEM_CODES: &str = "<!-- problem codes -->";

/// A browser keeps styles, scripts and the index for a while.
const KEPT: &str = "public, max-age=300";

const STYLE: &str = include_str!("style.css");
const SEARCH: &str = include_str!("search.js");
const ICON: &str = include_str!("icon.svg");

/// The pages, what they load, and the way to them from the root. `problem_codes` is the table of all error codes.
pub fn routes<S: Clone + Send + Sync + 'static>(problem_codes: fn() -> String) -> Router<S> {
    let file = |media_type: &'static str, text: &'static str| {
        get(
            move || async move { ([(header::CONTENT_TYPE, media_type), (header::CACHE_CONTROL, KEPT)], text) },
        )
    };
    let start = Router::new()
        .route("/", get(|| async { Redirect::to("/docs") }))
        .route("/docs/", get(|| async { Redirect::permanent("/docs") }))
        .route("/docs", get(|| async { answer(&index()) }))
        .route("/docs/style.css", file("text/css; charset=utf-8", STYLE))
        .route("/docs/search.js", file("text/javascript; charset=utf-8", SEARCH))
        .route("/docs/icon.svg", file("image/svg+xml", ICON))
        .route("/docs/search.txt", file("text/plain; charset=utf-8", INDEX));
    GUIDES.iter().fold(start, |router, guide| {
        router.route(guide.path, get(move || async move { answer(&shown(guide, problem_codes)) }))
    })
}

/// A page as a browser gets it: nothing on it comes from elsewhere, runs from its text, or is shown inside another page.
pub fn answer(html: &str) -> Response {
    const POLICY: (HeaderName, &str) = (
        header::CONTENT_SECURITY_POLICY,
        "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src 'self'; base-uri 'none'; \
         form-action 'none'; frame-ancestors 'none'",
    );
    let headers = [(header::CONTENT_TYPE, "text/html; charset=utf-8"), POLICY];
    (headers, html.to_owned()).into_response()
}

fn shown(guide: &Guide, problem_codes: fn() -> String) -> String {
    match guide.content.split_once(PROBLEM_CODES) {
        Some((before, behind)) => {
            let content = format!("{before}{}{behind}", problem_codes());
            page(guide.title, guide.path, &content, guide.sections)
        }
        None => page(guide.title, guide.path, guide.content, guide.sections),
    }
}

/// What `/docs` shows: every page with its first sentences.
fn index() -> String {
    let cards = |group: &str| {
        let guides = GUIDES.iter().filter(|guide| guide.group == group);
        guides.map(|guide| card(guide.path, guide.title, guide.summary)).collect::<String>()
    };
    let reference = [
        card("/docs/reference", "Endpoints", "Every request with its parameters, examples and answers."),
        card("/problems", "Error codes", "What each code means, and what to do."),
        card(
            "/openapi.json",
            "OpenAPI",
            "The description that the endpoints are generated from, for programs.",
        ),
    ];
    let content = format!(
        "<h1>Documentation</h1>\n<p>A registry of bot flows: keep, change, test and publish them over HTTP. Begin with \
         <a href=\"/docs/guides/start\">Start</a>.</p>\n<h2 id=\"guides\">Guides</h2>\n<ul class=\"cards\">{}</ul>\n\
         <h2 id=\"reference\">Reference</h2>\n<ul class=\"cards\">{}</ul>\n\
         <h2 id=\"specifications\">Specifications</h2>\n<ul class=\"cards\">{}</ul>\n",
        cards("Guides"),
        reference.concat(),
        cards("Specifications"),
    );
    let sections = [("guides", "Guides"), ("reference", "Reference"), ("specifications", "Specifications")];
    page("Documentation", "/docs", &content, &sections)
}

fn card(path: &str, title: &str, summary: &str) -> String {
    let (title, summary) = (escaped(title), escaped(summary));
    format!("<li><a href=\"{path}\"><b>{title}</b><span>{summary}</span></a></li>\n")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use regex::Regex;

    use super::*;
    use crate::http::endpoint::Tag;

    #[test]
    fn groups_of_endpoints_name_pages() {
        for (_, name, _, guide) in Tag::ALL {
            assert!(GUIDES.iter().any(|known| known.path == guide), "{name}: {guide}");
        }
    }

    /// Every address on a page is that of a page, with the anchor that is named.
    #[test]
    fn links_lead_somewhere() {
        let link = Regex::new("href=\"(/docs[^\"#]*)?(?:#([^\"]+))?\"").unwrap();
        let mut followed = 0;
        for guide in GUIDES {
            for found in link.captures_iter(guide.content) {
                let path = found.get(1).map_or(guide.path, |path| path.as_str());
                if path == "/docs" || path == "/docs/reference" {
                    continue;
                }
                let target = GUIDES.iter().find(|known| known.path == path);
                let target = target.unwrap_or_else(|| panic!("{}: no page {path}", guide.path));
                if let Some(anchor) = found.get(2) {
                    let anchor = format!("id=\"{}\"", anchor.as_str());
                    assert!(target.content.contains(&anchor), "{}: {path} has no {anchor}", guide.path);
                }
                followed += 1;
            }
        }
        assert!(followed > 20, "{followed}");
    }

    #[test]
    fn every_passage_is_found_where_the_index_says() {
        let mut pages = BTreeSet::new();
        for line in INDEX.lines() {
            let parts: Vec<&str> = line.split('\t').collect();
            assert_eq!(parts.len(), 4, "{line}");
            let (path, anchor) = parts[0].split_once('#').unwrap_or((parts[0], ""));
            let guide = GUIDES.iter().find(|guide| guide.path == path).unwrap_or_else(|| panic!("{line}"));
            assert!(anchor.is_empty() || guide.content.contains(&format!("id=\"{anchor}\"")), "{line}");
            assert_eq!(parts[1], guide.title);
            pages.insert(path);
        }
        assert_eq!(pages.len(), GUIDES.len());
    }

    /// Scripts and styles stand in files of their own, as the policy of the pages demands.
    #[test]
    fn nothing_on_a_page_runs_from_its_text() {
        let inline = Regex::new(r#"\s(style|on[a-z]+)="|<style|href="https?://|src="https?://"#).unwrap();
        for guide in GUIDES {
            let page = shown(guide, String::new);
            assert_eq!(page.matches("<script").count(), 1, "{}", guide.path);
            let found: Vec<&str> = inline.find_iter(&page).map(|found| found.as_str()).collect();
            assert!(found.is_empty(), "{}: {found:?}", guide.path);
        }
    }

    #[test]
    fn the_table_of_codes_is_on_the_page_of_errors() {
        let with_codes = GUIDES.iter().filter(|guide| guide.content.contains(PROBLEM_CODES));
        let paths: Vec<&str> = with_codes.map(|guide| guide.path).collect();
        assert_eq!(paths, ["/docs/guides/errors"]);
    }
}
