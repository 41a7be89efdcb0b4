//! What came of a change, at the top of the page that is shown afterwards: `?done=8` names the event, and the log says what
//! it did. So the notice is true however often the page is loaded, and nothing is remembered for it. Of a change of long ago
//! there is none: somebody else's link would tell it as news.

use askama::Template;
use askama::filters::HtmlSafe;
use chrono::TimeDelta;
use uuid::Uuid;

use crate::console::done::done;
use crate::console::failure::PageFailure;
use crate::console::form::FormFields;
use crate::console::session::Session;
use crate::console::texts::change::{EN, ES};
use crate::console::view::said::{Markup, composed, said};
use crate::console::view::told::{event, teller};
use crate::outline::sentence::{Piece, Sentence};

/// The parameter that names the event.
pub const DONE: &str = "done";

/// How long a change is news.
const NEWS_FOR: TimeDelta = TimeDelta::minutes(15);

/// A part of a page, which its template takes in as it is.
#[derive(Template)]
#[template(path = "done.html")]
pub struct DoneNotice {
    what: Markup,
    /// When, and by whom where the reader may know.
    by: Markup,
    reason: Option<Markup>,
}

impl HtmlSafe for DoneNotice {}

impl DoneNotice {
    /// The notice that an address asks for; `None` where it names no event of the flow of these minutes, and on pages of
    /// the past.
    pub async fn asked(
        session: &Session,
        flow_id: Uuid,
        fields: &FormFields,
    ) -> Result<Option<Self>, PageFailure> {
        let Some(version) = fields.get(DONE).parse().ok().filter(|version: &i64| *version > 0) else {
            return Ok(None);
        };
        if session.as_of.is_some() {
            return Ok(None);
        }
        let t = session.texts(&ES, &EN);
        let entry = event(session, flow_id, version).await?;
        let Some(entry) = entry.filter(|entry| session.now - entry.recorded_at < NEWS_FOR) else {
            return Ok(None);
        };
        let Some(what) = done(&entry, session.language()) else { return Ok(None) };
        let told = teller(session).told(&entry);
        let when = Sentence(vec![Piece::Moment(entry.recorded_at)]);
        let by = match told.who.is_empty() {
            true => when,
            false => composed(t.done_by, &[("who", told.who), ("when", when)]),
        };
        let reason =
            told.reason.map(|reason| Sentence::of(t.done_reason, &[("reason", Piece::Written(reason))]));
        Ok(Some(Self {
            what: said(session, &what),
            by: said(session, &by),
            reason: reason.map(|reason| said(session, &reason)),
        }))
    }
}
