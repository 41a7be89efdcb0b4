//! `/problems/{code}`: what a code means, for people. The address is the `type` of every problem.

use axum::extract::Path;
use axum::response::Html;

use super::{Code, Problem};

/// A page about one code.
pub async fn explain(Path(code): Path<String>) -> Result<Html<String>, Problem> {
    let code = Code::parse(&code)
        .ok_or_else(|| Problem::new(Code::NotFound, "There is no problem with this code."))?;
    Ok(Html(page(code)))
}

fn page(code: Code) -> String {
    let status = code.status();
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width\">\n<title>{title} · flow-registry</title>\n\
         <style>body{{font:1.1rem/1.5 system-ui,sans-serif;max-width:40rem;margin:4rem auto;padding:0 1rem}}\
         code{{background:#8882;padding:0 .25em;border-radius:.2em}}:root{{color-scheme:light dark}}</style>\n\
         </head>\n<body>\n<h1>{title}</h1>\n<p><code>{code}</code>, answered with status {number} {reason}.</p>\n\
         <p>{explanation}</p>\n</body>\n</html>\n",
        title = code.title(),
        code = code.as_str(),
        number = status.as_u16(),
        reason = status.canonical_reason().unwrap_or_default(),
        explanation = marked_up(code.explanation()),
    )
}

/// Text between backticks is code. The explanations are ours, yet they hold `<` and `>`.
fn marked_up(text: &str) -> String {
    let escaped = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    let parts = escaped.split('`').enumerate();
    parts
        .map(|(index, part)| if index % 2 == 1 { format!("<code>{part}</code>") } else { part.to_owned() })
        .collect()
}
