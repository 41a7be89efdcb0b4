//! Pages as answers: whole, or the one part of a page that a script asks for. A part stands between two marks in the
//! page's template: `<!--part step-->` and `<!--/part step-->`, around the one element with that id.

use askama::Template;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};

use super::failure::{PageFailure, PageResult};

/// Names the part of a page that is asked for.
pub const PART: HeaderName = HeaderName::from_static("x-part");

const HTML: HeaderValue = HeaderValue::from_static("text/html; charset=utf-8");

/// A page, whole.
pub fn page(template: &impl Template) -> PageResult {
    page_with(StatusCode::OK, template)
}

/// A page that also says by its status what became of the request.
pub fn page_with(status: StatusCode, template: &impl Template) -> PageResult {
    Ok((status, [(header::CONTENT_TYPE, HTML)], rendered(template)?).into_response())
}

/// A page, or the part of it that was asked for, if it has that part.
pub fn page_or_part(headers: &HeaderMap, template: &impl Template) -> PageResult {
    let html = rendered(template)?;
    let asked = headers.get(PART).and_then(|name| name.to_str().ok());
    let part = asked.and_then(|name| cut(&html, name)).map(str::to_owned);
    let varies = (header::VARY, HeaderValue::from_static("x-part"));
    Ok(([(header::CONTENT_TYPE, HTML), varies], part.unwrap_or(html)).into_response())
}

/// Whether no more than this part is asked for.
pub fn is_asked(headers: &HeaderMap, name: &str) -> bool {
    headers.get(PART).is_some_and(|asked| asked == name)
}

fn rendered(template: &impl Template) -> Result<String, PageFailure> {
    template.render().map_err(|error| {
        tracing::error!(%error, "a page could not be rendered");
        PageFailure::Internal
    })
}

/// After a change: the browser asks for the page that shows what happened, so that a reload repeats nothing.
pub fn see_other(path: &str) -> Response {
    let location = HeaderValue::try_from(path).unwrap_or(HeaderValue::from_static("/console"));
    (StatusCode::SEE_OTHER, [(header::LOCATION, location)]).into_response()
}

/// What stands between the marks of a part. Texts of people are escaped, so none of them is a mark.
fn cut<'h>(html: &'h str, name: &str) -> Option<&'h str> {
    let is_name = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    let (_, rest) = html.split_once(&format!("<!--part {}-->", is_name.then_some(name)?))?;
    rest.split_once(&format!("<!--/part {name}-->")).map(|(part, _)| part)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_is_cut_out() {
        let html = "<main><!--part list--><table id=\"list\"></table><!--/part list--></main>";
        assert_eq!(cut(html, "list"), Some("<table id=\"list\"></table>"));
        for other in ["", "lis", "list--><", "step"] {
            assert_eq!(cut(html, other), None, "{other}");
        }
    }
}
