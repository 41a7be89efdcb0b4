//! Which document of a flow a page shows, and how: as its address says it.

use std::sync::Arc;

use uuid::Uuid;

use crate::console::failure::{PageFailure, Sought};
use crate::console::form::FormFields;
use crate::console::link::Links;
use crate::console::session::Session;
use crate::registry::{FlowAnswer, RegistryError, Selector};

/// Characters of an id of a step or of a pointer, as an address may have it.
const NAME_CHARS_MAX: usize = 500;

/// A page of one flow. Empty parts are not in the address.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FlowAddress {
    pub flow_id: Uuid,
    /// `draft`, `published` or a number.
    pub version: String,
    pub view: String,
    /// What is laid over the picture.
    pub layer: String,
    /// The step whose panel is open.
    pub step: String,
    /// The place that the JSON is looked at for.
    pub at: String,
}

impl FlowAddress {
    pub fn read(flow_id: Uuid, fields: &FormFields) -> Result<Self, PageFailure> {
        let name = |name: &'static str| match fields.get(name) {
            long if long.chars().count() > NAME_CHARS_MAX => Err(PageFailure::BadRequest(name)),
            text => Ok(text.to_owned()),
        };
        let view = fields.get("view");
        if !matches!(view, "" | "picture" | "outline" | "json") {
            return Err(PageFailure::BadRequest("view"));
        }
        let layer = fields.get("layer");
        if !matches!(layer, "" | "plain" | "findings" | "blame") {
            return Err(PageFailure::BadRequest("layer"));
        }
        Ok(Self {
            flow_id,
            version: fields.get("version").trim().to_owned(),
            view: view.to_owned(),
            layer: layer.to_owned(),
            step: name("step")?,
            at: name("at")?,
        })
    }

    pub fn path(&self) -> String {
        format!("flows/{}", self.flow_id)
    }

    pub fn href(&self, links: &Links) -> String {
        let Self { version, view, layer, step, at, .. } = self;
        let parameters = [("version", version), ("view", view), ("layer", layer), ("step", step), ("at", at)];
        links.with(&self.path(), &parameters.map(|(name, value)| (name, value.as_str())))
    }
}

/// Which document of a flow is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ShownVersion {
    Draft,
    InForce,
    Version(i64),
}

/// A document of a flow.
pub struct ShownDocument {
    pub which: ShownVersion,
    /// The version whose document it is.
    pub version: i64,
    /// The flow with the document; as it stood after the version, where a version is asked for.
    pub answer: Arc<FlowAnswer>,
    /// Whether the page is of no moment of the past.
    pub is_of_now: bool,
}

impl ShownDocument {
    /// The document that is asked for of a flow as it stood at the moment of the page. What is in force says more than
    /// a draft, so it comes first.
    pub async fn find(
        session: &Session,
        state: &Arc<FlowAnswer>,
        version: &str,
    ) -> Result<Self, PageFailure> {
        let record = &state.record;
        let published = record.published.as_deref();
        let which = match (version, published) {
            ("draft", _) | ("", None) => ShownVersion::Draft,
            ("published", _) | ("", Some(_)) => ShownVersion::InForce,
            (number, _) => {
                let is_number = number.bytes().all(|byte| byte.is_ascii_digit());
                let number = number.parse().ok().filter(|number| is_number && *number > 0);
                ShownVersion::Version(number.ok_or(PageFailure::BadRequest("version"))?)
            }
        };
        let (version, answer) = match (which, published) {
            (ShownVersion::Draft, _) => (record.version, Arc::clone(state)),
            (ShownVersion::InForce, None) => return Err(PageFailure::NotPublished),
            (ShownVersion::InForce, Some(published)) if published.document == record.document => {
                (published.version, Arc::clone(state))
            }
            (ShownVersion::InForce, Some(published)) => {
                (published.version, self::version(session, record.flow_id, published.version).await?)
            }
            // What came after the moment of the page does not exist on it.
            (ShownVersion::Version(number), _) if number > record.version => {
                return Err(PageFailure::NotFound(Sought::Version));
            }
            (ShownVersion::Version(number), _) => {
                (number, self::version(session, record.flow_id, number).await?)
            }
        };
        Ok(Self { which, version, answer, is_of_now: session.as_of.is_none() })
    }
}

async fn version(session: &Session, flow_id: Uuid, version: i64) -> Result<Arc<FlowAnswer>, RegistryError> {
    session.registry().reads.get(session.caller(), flow_id, Selector::Version(version)).await
}
