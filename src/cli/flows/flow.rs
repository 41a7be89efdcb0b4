//! A flow as the API answers it: the members that are shown.

use serde::Deserialize;
use uuid::Uuid;

use crate::cli::member::ShownActor;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Flow {
    pub id: Uuid,
    pub name: String,
    pub phone_number_id: Option<String>,
    pub status: String,
    pub enabled: bool,
    pub in_force: bool,
    pub published_version: Option<i64>,
    pub has_unpublished_changes: bool,
    pub version: i64,
    pub updated_at: String,
    pub updated_by: ShownActor,
}

impl Flow {
    pub fn is_deleted(&self) -> bool {
        self.status == "deleted"
    }

    /// `published, off, draft differs`.
    pub fn state(&self) -> String {
        let is_published = self.published_version.is_some();
        let off = if is_published && !self.enabled { ", off" } else { "" };
        let differs = if is_published && self.has_unpublished_changes { ", draft differs" } else { "" };
        format!("{}{off}{differs}", self.status)
    }
}

/// What bots run, in a sentence.
pub fn in_force(published_version: Option<i64>, in_force: bool) -> String {
    match published_version {
        Some(version) if in_force => format!("Version {version} is in force."),
        Some(version) => format!("Version {version} is published, but the flow is off."),
        None => "Nothing is in force.".to_owned(),
    }
}

/// A sentence that says what was in force in a state that is over.
pub fn was_in_force(published_version: Option<i64>, in_force: bool) -> String {
    match published_version {
        Some(version) if in_force => format!("Version {version} was in force then."),
        Some(version) => format!("Version {version} was published then, but the flow was off."),
        None => "Nothing was in force then.".to_owned(),
    }
}
