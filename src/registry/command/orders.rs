//! The commands there are, and what each comes to once the flow it is about is known.

use std::sync::Arc;

use serde_json::{Value, json};
use uuid::Uuid;

use super::conflict::seen;
use super::echo::Echo;
use super::ending::check_reason;
use super::meeting::Meeting;
use super::plan::{DuplicateOrder, FlowCommand, Lookup, Plan, Prepared};
use super::{Commands, Written};
use crate::flow::decide::Order;
use crate::flow::document::{Canonical, Patch, check_name};
use crate::flow::finding::Finding;
use crate::flow::text;
use crate::registry::RegistryError;
use crate::registry::caller::{Caller, IfMatch, Intent, Scope};
use crate::registry::reads::{FlowAnswer, LoadedDocument};

impl Commands {
    /// Creates a flow from a create body.
    pub async fn create(&self, intent: Intent, body: Value) -> Result<Written, RegistryError> {
        let canonical = Canonical::create(body).map_err(RegistryError::Invalid)?;
        check_name(canonical.name()).map_err(RegistryError::Invalid)?;
        confine(&intent.caller, canonical.phone_number_id())?;
        let order = Order::Create { document: canonical.digest };
        let draft = Prepared::draft(&canonical, LoadedDocument::made(&canonical));
        let plan = Plan { draft: Some(draft), ..Plan::plain(order) };
        let commands = self.clone();
        self.log.detached(async move { commands.start(&intent, plan).await }).await
    }

    /// Changes document members, `enabled`, or the definition as a whole.
    pub async fn update(
        &self,
        intent: Intent,
        flow_id: Uuid,
        body: Value,
        echo: Option<Echo>,
    ) -> Result<Written, RegistryError> {
        let patch = Patch::settle(body).map_err(RegistryError::Invalid)?;
        self.command(intent, flow_id, FlowCommand::Update(patch, echo)).await
    }

    /// Takes the flow out of force.
    pub async fn unpublish(&self, intent: Intent, flow_id: Uuid) -> Result<Written, RegistryError> {
        self.command(intent, flow_id, FlowCommand::Plain(Order::Unpublish)).await
    }

    /// Takes the flow out of lists and out of force; its history stays.
    pub async fn delete(&self, intent: Intent, flow_id: Uuid) -> Result<Written, RegistryError> {
        self.command(intent, flow_id, FlowCommand::Plain(Order::Delete)).await
    }

    /// Starts a new flow, a draft, with a document of an existing one.
    pub async fn duplicate(
        &self,
        intent: Intent,
        flow_id: Uuid,
        order: DuplicateOrder,
    ) -> Result<Written, RegistryError> {
        let commands = self.clone();
        let copy = async move {
            match commands.copy(&intent, flow_id, order).await {
                Err(error) => {
                    let seen = intent.if_match.as_ref().and_then(IfMatch::latest);
                    Err(commands.explained(&intent, flow_id, seen, error).await)
                }
                written => written,
            }
        };
        self.log.detached(copy).await
    }

    pub(super) async fn command(
        &self,
        intent: Intent,
        flow_id: Uuid,
        command: FlowCommand,
    ) -> Result<Written, RegistryError> {
        if intent.forced {
            check_reason(&intent)?;
        }
        let commands = self.clone();
        let carry_out = async move {
            match commands.carry_out(&intent, flow_id, &command).await {
                Err(error) => Err(commands.explained(&intent, flow_id, seen(&intent, &command), error).await),
                written => written,
            }
        };
        self.log.detached(carry_out).await
    }

    /// What a command comes to on the flow that was found.
    pub(super) async fn plan(
        &self,
        intent: &Intent,
        command: &FlowCommand,
        found: &Arc<FlowAnswer>,
    ) -> Result<Plan, RegistryError> {
        match command {
            FlowCommand::Update(patch, echo) => {
                echo.iter().try_for_each(|echo| echo.check(found))?;
                self.plan_update(intent, patch, found).await
            }
            FlowCommand::Edit(edit, echo) => {
                echo.iter().try_for_each(|echo| echo.check(found))?;
                self.plan_edit(intent, edit, found).await
            }
            FlowCommand::Publish(order) => self.plan_publish(intent, order, found).await,
            FlowCommand::Restore(order) => self.plan_restore(intent, *order, found).await,
            FlowCommand::Plain(order) => self.plan_ending(intent, order.clone(), found).await,
        }
    }

    pub(super) async fn plan_update(
        &self,
        intent: &Intent,
        patch: &Patch,
        found: &FlowAnswer,
    ) -> Result<Plan, RegistryError> {
        if found.record.deleted {
            return Err(RegistryError::FlowNotFound);
        }
        let enabled = patch.enabled.filter(|&wanted| wanted != found.record.enabled);
        if enabled.is_some()
            && found.record.published.is_some()
            && !intent.caller.scopes.contains(Scope::FlowsPublish)
        {
            return Err(RegistryError::InsufficientScope(Scope::FlowsPublish));
        }
        if !patch.names_members() {
            // The event would refer to a document without content, as if it had written it.
            if enabled.is_some() && found.document.is_erased() {
                return Err(RegistryError::Erased);
            }
            let order = Order::Update { document: found.record.document, enabled, changed: Vec::new() };
            return self.plan_ending(intent, order, found).await;
        }
        let applied = found.document.change(patch)?;
        confine(&intent.caller, applied.labels.phone_number_id.as_deref())?;
        let document = match applied.digest == found.document.digest() {
            true => Arc::clone(&found.document),
            false => found.document.changed(&applied)?,
        };
        let draft = Prepared {
            document,
            bytes: applied.bytes,
            lookup: Lookup::of(applied.labels),
            references: Vec::new(),
        };
        let order = Order::Update { document: applied.digest, enabled, changed: applied.changed };
        Ok(Plan { draft: Some(draft), ..self.plan_ending(intent, order, found).await? })
    }

    async fn copy(
        &self,
        intent: &Intent,
        flow_id: Uuid,
        order: DuplicateOrder,
    ) -> Result<Written, RegistryError> {
        let found = match self.meet(intent, flow_id).await? {
            Meeting::Answered(written) => return Ok(written),
            Meeting::Flow(found) => found,
        };
        if found.record.deleted {
            return Err(RegistryError::FlowNotFound);
        }
        let (source_version, source) = match order.version {
            None => (found.record.version, found),
            Some(version) => (version, self.reads.version(&intent.caller, flow_id, version).await?),
        };
        if source.document.is_erased() {
            return Err(RegistryError::Erased);
        }
        let name = match order.name {
            Some(name) => {
                check_name(&name).map_err(RegistryError::Invalid)?;
                name
            }
            None => name_of_copy(&source.document.canonical()?),
        };
        let rename = Patch::read(json!({ "name": name })).map_err(RegistryError::Invalid)?;
        let copy = source.document.change(&rename)?;
        confine(&intent.caller, copy.labels.phone_number_id.as_deref())?;
        let document = source.document.changed(&copy)?;
        let draft =
            Prepared { document, bytes: copy.bytes, lookup: Lookup::of(copy.labels), references: Vec::new() };
        let order = Order::Duplicate { document: copy.digest, source_flow_id: flow_id, source_version };
        self.start(intent, Plan { draft: Some(draft), ..Plan::plain(order) }).await
    }
}

/// A credential confined to numbers may not bind a flow to another, where it could not see it again.
pub(super) fn confine(caller: &Caller, phone_number_id: Option<&str>) -> Result<(), RegistryError> {
    if caller.sees(phone_number_id) {
        return Ok(());
    }
    let message = "this credential is confined to other numbers";
    Err(RegistryError::Invalid(vec![Finding::error("INVALID_VALUE", "/phoneNumberId", message)]))
}

/// The longest name a flow may have, in characters.
const NAME_MAX: usize = 120;

/// `<name> (copia)`, or `(copy)` where the flow does not speak Spanish; cut where it would be too long.
fn name_of_copy(source: &Canonical) -> String {
    let locale = &source.document.settings.locale;
    let spanish = locale.split(['-', '_']).next().is_some_and(|language| language.eq_ignore_ascii_case("es"));
    let suffix = if spanish { " (copia)" } else { " (copy)" };
    // A name that was stored before names were lines is made one.
    let name = source.document.name.replace(text::is_control, " ");
    let kept: String = name.chars().take(NAME_MAX - suffix.len()).collect();
    format!("{}{suffix}", kept.trim_end()).trim_start().to_owned()
}
