//! How somebody wants pages: kept in cookies of their browser that hold nothing else.

use axum::extract::State;
use axum::http::{HeaderValue, header};

use crate::console::failure::{PageFailure, PageResult};
use crate::console::form::OpenForm;
use crate::console::link;
use crate::console::part;
use crate::console::preference::{self, KEYS, LANGUAGE, ROWS, THEME, Theme, ZONE};
use crate::console::state::Console;
use crate::outline::DisplayLanguage;

pub async fn keep(State(console): State<Console>, OpenForm { fields, .. }: OpenForm) -> PageResult {
    let back = link::own_path(fields.get("back")).unwrap_or("/console");
    let mut response = part::see_other(back);
    let secure = if console.address.is_https() { "; Secure" } else { "" };
    for (name, is_sound) in CHOICES {
        let Some(value) = fields.all(name).next() else { continue };
        if !is_sound(value) {
            return Err(PageFailure::BadRequest(name));
        }
        let value = value.replace('/', "%2F");
        let cookie = format!("{name}={value}; Path=/console; SameSite=Lax; Max-Age=31536000{secure}");
        let cookie = HeaderValue::try_from(cookie).map_err(|_| PageFailure::BadRequest(name))?;
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
    Ok(response)
}

/// Something to choose, and whether a value makes sense.
type Choice = (&'static str, fn(&str) -> bool);

const CHOICES: [Choice; 5] = [
    (LANGUAGE, |value| DisplayLanguage::parse(value).is_some()),
    (THEME, |value| Theme::parse(value).is_some()),
    (ZONE, |value| preference::zone(value).is_some()),
    (KEYS, |value| matches!(value, "on" | "off")),
    (ROWS, |value| preference::rows(value).is_some()),
];
