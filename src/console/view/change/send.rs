//! A form of a change that was sent: it is carried out by the command of the registry, at the version that the page showed
//! and once. What stands in the way is told on the page itself, with what was entered.

use axum::http::StatusCode;
use serde_json::json;
use uuid::Uuid;

use super::action::{ChangeAction, source};
use super::conflict::conflict;
use super::done::DONE;
use super::proposal::Proposer;
use super::shown::{FormTrouble, show};
use super::unknown;
use crate::console::failure::{PageFailure, PageResult};
use crate::console::form::Change;
use crate::console::part;
use crate::console::session::Session;
use crate::flow::event::RestoreMode;
use crate::flow::finding::Finding;
use crate::flow::text::name_fault;
use crate::registry::caller::Intent;
use crate::registry::{
    DuplicateOrder, PublishOrder, RegistryError, RestoreOrder, RestoreSource, Selector, Written,
};

const NAME_CHARS_MAX: usize = 120;
const LABEL_CHARS_MAX: usize = 120;

/// Does what the form asks for, and leads to the page that says so.
pub async fn send(action: ChangeAction, flow_id: Uuid, change: &Change) -> PageResult {
    let (session, fields) = (&change.session, &change.fields);
    action.check(session)?;
    let from = match action {
        ChangeAction::Restore => Some(source(fields, "from")?),
        _ => None,
    };
    let seen = fields.version()?;
    let label = fields.get("label").trim();
    let name = fields.get("name").trim();
    let reason = fields.reason();
    let trouble = FormTrouble {
        status: StatusCode::UNPROCESSABLE_ENTITY,
        reason: reason.is_none(),
        label: label.chars().count() > LABEL_CHARS_MAX || label.contains(char::is_control),
        name: !name.is_empty() && (name.chars().count() > NAME_CHARS_MAX || name_fault(name).is_some()),
        ..FormTrouble::default()
    };
    let (Some(reason), false, false) = (reason, trouble.label, trouble.name) else {
        return show(session, action, flow_id, from, fields, &trouble).await;
    };
    let intent = Intent { forced: fields.get("force") == "yes", ..change.intent(reason)? };
    let order = Order {
        from,
        mode: if fields.get("mode") == "live" { RestoreMode::Live } else { RestoreMode::Draft },
        label: (!label.is_empty()).then(|| label.to_owned()),
        name: (!name.is_empty()).then(|| name.to_owned()),
    };
    match order.carry_out(session, action, intent, flow_id).await {
        Ok(written) => Ok(done(session, action, flow_id, seen, from, &written)),
        Err(error) if unknown::is_unknown(&error) => {
            let history = session.links.now(&format!("flows/{flow_id}/history"));
            unknown::show(session, &history, fields)
        }
        Err(error) => {
            let trouble = trouble_of(session, flow_id, seen, error).await?;
            show(session, action, flow_id, from, fields, &trouble).await
        }
    }
}

/// What the form asks for, beside the action.
struct Order {
    from: Option<i64>,
    mode: RestoreMode,
    label: Option<String>,
    name: Option<String>,
}

impl Order {
    async fn carry_out(
        self,
        session: &Session,
        action: ChangeAction,
        intent: Intent,
        flow_id: Uuid,
    ) -> Result<Written, RegistryError> {
        let commands = &session.registry().commands;
        match (action, self.from) {
            (ChangeAction::Restore, Some(from)) => {
                let order = RestoreOrder { source: RestoreSource::Version(from), mode: self.mode };
                commands.restore(intent, flow_id, order).await
            }
            (ChangeAction::Publish, _) => {
                commands.publish(intent, flow_id, PublishOrder { version: None, label: self.label }).await
            }
            (ChangeAction::Unpublish, _) => commands.unpublish(intent, flow_id).await,
            (ChangeAction::Pause | ChangeAction::Resume, _) => {
                let enabled = json!({ "enabled": action == ChangeAction::Resume });
                commands.update(intent, flow_id, enabled, None).await
            }
            (ChangeAction::Duplicate, _) => {
                commands.duplicate(intent, flow_id, DuplicateOrder { name: self.name, version: None }).await
            }
            (ChangeAction::Delete, _) => commands.delete(intent, flow_id).await,
            (ChangeAction::Restore, None) => Err(RegistryError::VersionNotFound),
        }
    }
}

/// The flow's page, which tells the event; where nothing was to be changed, the page of the action, which says that.
fn done(
    session: &Session,
    action: ChangeAction,
    flow_id: Uuid,
    seen: i64,
    from: Option<i64>,
    written: &Written,
) -> axum::response::Response {
    let record = &written.flow.record;
    if record.flow_id == flow_id && record.version == seen {
        let from = from.map(|from| from.to_string()).unwrap_or_default();
        let path = session.links.now(&format!("flows/{flow_id}/{}", action.name()));
        return part::see_other(&crate::console::link::query(&path, [("version", from.as_str())]));
    }
    let path = session.links.now(&format!("flows/{}", record.flow_id));
    part::see_other(&crate::console::link::query(&path, [(DONE, record.version.to_string().as_str())]))
}

/// What stood in the way, where the page itself can tell it.
async fn trouble_of(
    session: &Session,
    flow_id: Uuid,
    seen: i64,
    error: RegistryError,
) -> Result<FormTrouble, PageFailure> {
    let at = |status| FormTrouble { status, ..FormTrouble::default() };
    Ok(match error {
        RegistryError::PreconditionFailed(current) | RegistryError::VersionConflict(current) => {
            let conflict = conflict(&Proposer::new(session), flow_id, seen, &current).await?;
            FormTrouble { conflict: Some(conflict), ..at(StatusCode::PRECONDITION_FAILED) }
        }
        // Whoever sees the flow sees that it was deleted meanwhile.
        RegistryError::FlowNotFound => {
            let flow = session.registry().reads.get(session.caller(), flow_id, Selector::Draft).await?;
            let conflict = conflict(&Proposer::new(session), flow_id, seen, &flow.current_version()).await?;
            FormTrouble { conflict: Some(conflict), ..at(StatusCode::CONFLICT) }
        }
        RegistryError::NotPublishable(_) => {
            FormTrouble { is_refused: true, ..at(StatusCode::UNPROCESSABLE_ENTITY) }
        }
        RegistryError::Called(_) => FormTrouble { force: true, ..at(StatusCode::CONFLICT) },
        RegistryError::Invalid(findings) if is_about(&findings, "/name") => {
            FormTrouble { name: true, ..at(StatusCode::UNPROCESSABLE_ENTITY) }
        }
        error => return Err(error.into()),
    })
}

fn is_about(findings: &[Finding], pointer: &str) -> bool {
    findings.iter().all(|finding| finding.pointer == pointer)
}
