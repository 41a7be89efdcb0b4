//! `/problems` and `/problems/{code}`: what the codes mean, for people. The latter is the `type` of every problem.

use axum::extract::Path;
use axum::response::Response;

use super::super::guides::{self, marked_up};
use super::{Code, Problem};

/// A page about one code.
pub async fn explain(Path(code): Path<String>) -> Result<Response, Problem> {
    let code = Code::parse(&code)
        .ok_or_else(|| Problem::new(Code::NotFound, "There is no problem with this code."))?;
    let path = format!("/problems/{}", code.as_str());
    Ok(guides::answer(&guides::page(code.title(), &path, &explanation(code), &[])))
}

/// A page about all codes.
pub async fn list() -> Response {
    let content = format!(
        "<h1>Error codes</h1>\n<p>Every refusal and failure has a <code>code</code>. How they look and what to do is in \
         the guide <a href=\"/docs/guides/errors\">Errors</a>.</p>\n{}",
        table()
    );
    guides::answer(&guides::page("Error codes", "/problems", &content, &[]))
}

/// All codes with what they mean, by status.
pub fn table() -> String {
    let mut codes = Code::ALL.to_vec();
    codes.sort_by_key(|code| code.status());
    let row = |code: &Code| {
        format!(
            "<tr><td>{status}</td><td><a href=\"/problems/{name}\"><code>{name}</code></a></td><td>{explanation}</td></tr>\n",
            status = code.status().as_u16(),
            name = code.as_str(),
            explanation = marked_up(code.explanation())
        )
    };
    format!(
        "<div class=\"table\"><table class=\"codes\"><thead><tr><th>Status</th><th>Code</th><th>What it means</th></tr>\
         </thead>\n<tbody>{}</tbody></table></div>\n",
        codes.iter().map(row).collect::<String>()
    )
}

fn explanation(code: Code) -> String {
    let status = code.status();
    format!(
        "<h1>{title}</h1>\n<p><code>{name}</code>, answered with status {number} {reason}.</p>\n<p>{explanation}</p>\n\
         <p>See also: <a href=\"/docs/guides/errors\">Errors</a>, <a href=\"/problems\">all codes</a>.</p>\n",
        title = code.title(),
        name = code.as_str(),
        number = status.as_u16(),
        reason = status.canonical_reason().unwrap_or_default(),
        explanation = marked_up(code.explanation()),
    )
}
