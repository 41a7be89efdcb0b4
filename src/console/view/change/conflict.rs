//! What somebody else did between a page and its button, for whoever pressed the button.

use super::proposal::Proposer;
use crate::console::view::said::{Markup, composed, said};
use crate::console::view::told::{event, teller};
use crate::outline::sentence::{Piece, Sentence, number};
use crate::registry::{CurrentVersion, RegistryError};
use uuid::Uuid;

/// Who did what meanwhile.
pub struct ShownConflict {
    pub sentence: Markup,
    pub what: Option<Markup>,
    pub reason: Option<Markup>,
    /// Where both versions stand beside each other.
    pub compare: Option<CompareLink>,
}

pub struct CompareLink {
    pub href: String,
    pub words: Markup,
}

/// Tells the change that made the version a flow is at now. `seen` is the version of the page.
pub async fn conflict(
    proposer: &Proposer<'_>,
    flow_id: Uuid,
    seen: i64,
    current: &CurrentVersion,
) -> Result<ShownConflict, RegistryError> {
    let (session, t) = (proposer.session, proposer.t);
    let teller = teller(session);
    let entry = event(session, flow_id, current.version).await?;
    let told = entry.as_ref().map(|entry| teller.told(entry));
    let who = told.as_ref().map(|told| told.who.clone()).unwrap_or_default();
    let text = if who.is_empty() { t.conflict_unnamed } else { t.conflict };
    let places = [
        ("who", who),
        ("n", Sentence(vec![number(current.version, session.language())])),
        ("when", Sentence(vec![Piece::Moment(current.updated_at)])),
    ];
    let reason = told.as_ref().and_then(|told| told.reason.clone());
    let (base, head) = (seen.to_string(), current.version.to_string());
    let compare = (seen < current.version).then(|| CompareLink {
        href: crate::console::link::query(
            &session.links.now(&format!("flows/{flow_id}/compare")),
            [("base", base.as_str()), ("head", head.as_str())],
        ),
        words: said(session, &proposer.with_version(t.conflict_compare, seen)),
    });
    Ok(ShownConflict {
        sentence: said(session, &composed(text, &places)),
        what: told.map(|told| said(session, &told.what)),
        reason: reason.map(|reason| {
            said(session, &Sentence::of(t.conflict_reason, &[("reason", Piece::Written(reason))]))
        }),
        compare,
    })
}
