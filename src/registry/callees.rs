//! Other flows a document depends on: those it calls, and what they call in turn, each resolved once.

use std::collections::HashMap;
use std::sync::Arc;

use uuid::Uuid;

use super::RegistryError;
use super::caller::Caller;
use super::reads::{FlowReads, Selector};
use crate::flow::document::{Canonical, FlowVersion};
use crate::flow::validation::{CalledDocument, called_flows};

/// Flows that are resolved at most, so that a web of calls cannot keep a request busy. What lies beyond is not found.
const RESOLVED_MAX: usize = 100;

/// A called flow: the version its selector leads to now, and that version's document.
#[derive(Debug, Clone)]
pub(super) struct Callee {
    pub(super) version: i64,
    pub(super) canonical: Canonical,
}

/// Why a call leads nowhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Missing {
    Flow,
    Version,
    Publication,
}

/// Documents that come in force together, by their flows: for each other they are published already.
pub(super) type Coming = HashMap<Uuid, Canonical>;

/// What stands for flows that are called by what of them is published.
#[derive(Debug, Clone, Default)]
pub(super) struct Instead {
    /// Flows that whoever asks has, and what these call: they are not resolved.
    pub(super) known: HashMap<Uuid, Vec<(Uuid, FlowVersion)>>,
    /// Of the others their drafts.
    pub(super) drafts: bool,
}

impl Instead {
    pub(super) fn of(coming: &Coming) -> Self {
        let calls = |(id, canonical): (&Uuid, &Canonical)| (*id, called_flows(&canonical.document));
        Self { known: coming.iter().map(calls).collect(), drafts: false }
    }
}

/// All flows below a document, by the id and the version they are called by.
#[derive(Debug, Default)]
pub(super) struct Callees {
    resolved: HashMap<(Uuid, FlowVersion), Result<Callee, Missing>>,
}

impl Callees {
    pub(super) fn found(&self) -> impl Iterator<Item = (Uuid, FlowVersion, &Callee)> {
        self.resolved
            .iter()
            .filter_map(|((id, version), callee)| Some((*id, *version, callee.as_ref().ok()?)))
    }

    pub(super) fn reference(&self, coming: &Coming, flow_id: Uuid, version: FlowVersion) -> CalledDocument {
        if let Some(canonical) = comes(coming, flow_id, version) {
            return CalledDocument::Found(Arc::clone(&canonical.document));
        }
        match self.resolved.get(&(flow_id, version)) {
            Some(Ok(callee)) => CalledDocument::Found(Arc::clone(&callee.canonical.document)),
            Some(Err(Missing::Version)) => CalledDocument::NoVersion,
            Some(Err(Missing::Publication)) => CalledDocument::NotPublished,
            Some(Err(Missing::Flow)) | None => CalledDocument::NoFlow,
        }
    }
}

fn comes(coming: &Coming, flow_id: Uuid, version: FlowVersion) -> Option<&Canonical> {
    coming.get(&flow_id).filter(|_| version == FlowVersion::Published)
}

impl FlowReads {
    /// Resolves the flows that a document calls, and those that they call in turn.
    pub(super) async fn callees(
        &self,
        caller: &Caller,
        called: &[(Uuid, FlowVersion)],
        mut instead: Instead,
    ) -> Result<Callees, RegistryError> {
        let mut callees = Callees::default();
        let mut open = called.to_vec();
        while let Some((flow_id, version)) = open.pop() {
            if version == FlowVersion::Published
                && let Some(calls) = instead.known.get_mut(&flow_id)
            {
                open.append(calls);
                continue;
            }
            if callees.resolved.len() == RESOLVED_MAX || callees.resolved.contains_key(&(flow_id, version)) {
                continue;
            }
            let callee = self.callee(caller, flow_id, version, instead.drafts).await?;
            if let Ok(callee) = &callee {
                open.extend(called_flows(&callee.canonical.document));
            }
            callees.resolved.insert((flow_id, version), callee);
        }
        Ok(callees)
    }

    /// The flows of an earlier run, at the versions they had then.
    pub(super) async fn callees_at(
        &self,
        caller: &Caller,
        resolved: impl IntoIterator<Item = (Uuid, FlowVersion, i64)>,
    ) -> Result<Callees, RegistryError> {
        let mut callees = Callees::default();
        for (flow_id, asked, version) in resolved {
            let answer = self.get(caller, flow_id, Selector::Version(version)).await?;
            let callee = Callee { version, canonical: answer.document.canonical()? };
            callees.resolved.insert((flow_id, asked), Ok(callee));
        }
        Ok(callees)
    }

    async fn callee(
        &self,
        caller: &Caller,
        flow_id: Uuid,
        version: FlowVersion,
        drafts: bool,
    ) -> Result<Result<Callee, Missing>, RegistryError> {
        // A deleted flow cannot be called, not even one of its versions.
        match self.get(caller, flow_id, Selector::Current).await {
            Ok(_) => {}
            Err(RegistryError::FlowNotFound) => return Ok(Err(Missing::Flow)),
            Err(error) => return Err(error),
        }
        let selector = match version {
            FlowVersion::Published if drafts => Selector::Current,
            FlowVersion::Published => Selector::Published,
            FlowVersion::Number(number) => Selector::Version(number),
        };
        let answer = match self.get(caller, flow_id, selector).await {
            Ok(answer) => answer,
            Err(RegistryError::FlowNotFound) => return Ok(Err(Missing::Flow)),
            Err(RegistryError::VersionNotFound) => return Ok(Err(Missing::Version)),
            Err(RegistryError::NotPublished(_)) => return Ok(Err(Missing::Publication)),
            Err(error) => return Err(error),
        };
        let version = match (selector, &answer.record.published) {
            (Selector::Published, Some(published)) => published.version,
            _ => answer.record.version,
        };
        let canonical = answer.document.canonical()?;
        Ok(Ok(Callee { version, canonical }))
    }
}
