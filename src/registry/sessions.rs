//! Sessions of the console: a credential is verified once, and a random token stands for it from then on. What a session of
//! a key may do is what the key may do now. Neither key nor token is kept; of the session's token only the hash is.

mod recent;

use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use secrecy::{ExposeSecret as _, SecretString};
use serde::Serialize;
use uuid::Uuid;

use self::recent::RecentSessions;
use super::RegistryError;
use super::access::{VerifiedCredential, caller as caller_of_key};
use super::caller::{Caller, Intent, Scope, Scopes};
use super::log::{Log, organization_event};
use crate::flow::digest::Digest;
use crate::flow::event::{Actor, ActorKind, EventType, canonical_bytes};
use crate::store::{ConsoleSession, NewConsoleSession, Store, StoreError};

/// Sessions that a list of them has.
const LISTED_MAX: i64 = 200;
/// Bytes of the hash of a token that name its session where people see it.
const NAME_BYTES: usize = 8;
const TOKEN_BYTES: usize = 32;

/// The sessions of all organizations; clones share everything.
#[derive(Debug, Clone)]
pub struct Sessions {
    store: Store,
    log: Log,
    recent: RecentSessions,
}

/// A session that was just opened.
#[derive(Debug)]
pub struct OpenedSession {
    /// What the browser keeps. It is not kept here.
    pub token: SecretString,
    pub expires_at: DateTime<Utc>,
}

/// Somebody who is signed in.
#[derive(Debug, Clone)]
pub struct OpenSession {
    pub id: SessionId,
    /// Who acts, and what they may do now.
    pub caller: Caller,
    /// Who they said they are, or who the token says they are.
    pub name: Option<String>,
    /// The key it was opened with, as it is called now; `None` for one of a token.
    pub key: Option<(Uuid, String)>,
    pub created_at: DateTime<Utc>,
    pub seen_at: DateTime<Utc>,
    pub expires_at: DateTime<Utc>,
    pub user_agent: Option<String>,
}

impl OpenSession {
    /// The person for whom the key acts. A token names its person itself.
    pub fn on_behalf_of(&self) -> Option<&str> {
        self.key.as_ref().and(self.name.as_deref())
    }
}

/// Names a session; whoever knows it cannot use it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SessionId(Digest);

impl SessionId {
    pub fn of(token: &SecretString) -> Self {
        Self(Digest::of(token.expose_secret().as_bytes()))
    }

    /// As events name it.
    pub fn short(&self) -> String {
        hex::encode(&self.0.as_bytes()[..NAME_BYTES])
    }

    pub fn parse(text: &str) -> Option<Self> {
        format!("sha256:{text}").parse().ok().map(Self)
    }
}

impl std::fmt::Display for SessionId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&hex::encode(self.0.as_bytes()))
    }
}

/// Stored as RFC 8785 JSON.
#[derive(Serialize)]
struct OpenedPayload {
    session: String,
    until: String,
}

/// Stored as RFC 8785 JSON.
#[derive(Serialize)]
struct ClosedPayload {
    sessions: Vec<String>,
}

impl Sessions {
    pub(super) fn new(store: Store, log: Log) -> Self {
        Self { store, log, recent: RecentSessions::default() }
    }

    /// Opens a session for a verified credential. The intent's `on_behalf_of` is who holds the key; the event says so.
    pub async fn open(
        &self,
        intent: Intent,
        verified: VerifiedCredential,
        lasts: Duration,
    ) -> Result<OpenedSession, RegistryError> {
        let sessions = self.clone();
        self.log.detached(async move { sessions.open_now(&intent, &verified, lasts).await }).await
    }

    async fn open_now(
        &self,
        intent: &Intent,
        verified: &VerifiedCredential,
        lasts: Duration,
    ) -> Result<OpenedSession, RegistryError> {
        let token = URL_SAFE_NO_PAD.encode(rand::random::<[u8; TOKEN_BYTES]>());
        let token = SecretString::from(token);
        let id = SessionId::of(&token);
        let org_id = intent.caller.org_id;
        let new = new_session(intent, verified, lasts)?;
        let expires_at = self.store.in_time(self.store.open_session(org_id, id.0, &new)).await?;
        let until = expires_at.to_rfc3339_opts(SecondsFormat::Millis, true);
        let payload = OpenedPayload { session: id.short(), until };
        let event = organization_event(intent, EventType::SessionOpened, canonical_bytes(&payload));
        if let Err(error) = self.log.append_to_organization(&self.store, org_id, event).await {
            // Nobody is signed in without a record of it.
            if let Err(error) = self.store.in_time(self.store.close_sessions(org_id, &[id.0])).await {
                tracing::warn!(%error, "a session that could not be recorded was not deleted; nobody has its token");
            }
            return Err(error);
        }
        self.recent.found(org_id, id.0);
        Ok(OpenedSession { token, expires_at })
    }

    /// Whether a session was opened or found by this process within a day, so that its token is not made up. It may be over
    /// by now.
    pub fn remembers(&self, org_id: Uuid, id: SessionId) -> bool {
        self.recent.remembers(org_id, id.0)
    }

    /// Who is signed in by a session that is used, if it is not over.
    pub async fn find(&self, org_id: Uuid, id: SessionId) -> Result<Option<OpenSession>, StoreError> {
        let open = self.look(org_id, id).await?;
        if open.as_ref().is_some_and(|open| Utc::now() - open.seen_at > TimeDelta::minutes(1)) {
            self.note_seen(org_id, id);
        }
        Ok(open)
    }

    /// Who is signed in by a session, if it is not over. Looking does not keep it open.
    pub async fn look(&self, org_id: Uuid, id: SessionId) -> Result<Option<OpenSession>, StoreError> {
        let found = self.store.session(org_id, id.0).await?;
        if found.is_some() {
            self.recent.found(org_id, id.0);
        }
        Ok(found.and_then(|session| open_session(org_id, session, Utc::now())))
    }

    /// Off the request's path, and never its failure.
    fn note_seen(&self, org_id: Uuid, id: SessionId) {
        let store = self.store.clone();
        tokio::spawn(async move {
            if let Err(error) = store.note_session_seen(org_id, id.0).await {
                tracing::warn!(%error, "the time a session was last used could not be noted");
            }
        });
    }

    /// The newest sessions of the caller's organization.
    pub async fn list(&self, caller: &Caller) -> Result<Vec<OpenSession>, RegistryError> {
        let (org_id, now) = (caller.org_id, Utc::now());
        let found = self.store.sessions(org_id, LISTED_MAX).await?;
        Ok(found.into_iter().filter_map(|session| open_session(org_id, session, now)).collect())
    }

    /// Ends a session. One that is over already is left at that.
    pub async fn close(&self, intent: Intent, id: SessionId) -> Result<(), RegistryError> {
        let sessions = self.clone();
        let closing = async move {
            let org_id = intent.caller.org_id;
            match sessions.store.in_time(sessions.store.session(org_id, id.0)).await? {
                Some(_) => sessions.close_all(&intent, &[id.0]).await,
                None => Ok(()),
            }
        };
        self.log.detached(closing).await
    }

    /// Ends all sessions of a key, and says how many there were.
    pub async fn close_of_key(&self, intent: Intent, key_id: Uuid) -> Result<usize, RegistryError> {
        let sessions = self.clone();
        let closing = async move {
            let open = sessions.store.sessions_of_key(intent.caller.org_id, key_id);
            let open = sessions.store.in_time(open).await?;
            if !open.is_empty() {
                sessions.close_all(&intent, &open).await?;
            }
            Ok(open.len())
        };
        self.log.detached(closing).await
    }

    /// Recorded first: what fails then can be done again, and is on record twice at worst.
    async fn close_all(&self, intent: &Intent, open: &[Digest]) -> Result<(), RegistryError> {
        let org_id = intent.caller.org_id;
        self.record_closed(intent, open).await?;
        Ok(self.store.in_time(self.store.close_sessions(org_id, open)).await?)
    }

    async fn record_closed(&self, intent: &Intent, closed: &[Digest]) -> Result<(), RegistryError> {
        let sessions = closed.iter().map(|hash| SessionId(*hash).short()).collect();
        let payload = canonical_bytes(&ClosedPayload { sessions });
        let event = organization_event(intent, EventType::SessionClosed, payload);
        self.log.append_to_organization(&self.store, intent.caller.org_id, event).await?;
        Ok(())
    }
}

fn new_session(
    intent: &Intent,
    verified: &VerifiedCredential,
    lasts: Duration,
) -> Result<NewConsoleSession, RegistryError> {
    let VerifiedCredential { caller, ends_at } = verified;
    let user_agent = intent.user_agent.clone();
    let lasts_s = i64::try_from(lasts.as_secs()).unwrap_or(i64::MAX);
    let actor = &caller.actor;
    if actor.kind == ActorKind::ApiKey {
        let key_id = Uuid::try_parse(&actor.id)
            .map_err(|error| RegistryError::corrupt(format!("key {}", actor.id), error.to_string()))?;
        let name = intent.on_behalf_of.clone();
        return Ok(NewConsoleSession {
            key_id: Some(key_id),
            name,
            user_agent,
            lasts_s,
            ..NewConsoleSession::default()
        });
    }
    Ok(NewConsoleSession {
        key_id: None,
        subject: Some(actor.id.clone()),
        token_id: caller.token_id.clone(),
        scopes: caller.scopes.iter().map(|scope| scope.as_str().to_owned()).collect(),
        numbers: caller.phone_number_ids.to_vec(),
        name: actor.name.clone(),
        user_agent,
        lasts_s,
        ends_at: *ends_at,
    })
}

/// Who a session stands for at a time; nobody where its key is revoked or has expired.
fn open_session(org_id: Uuid, session: ConsoleSession, now: DateTime<Utc>) -> Option<OpenSession> {
    let caller = match (&session.key, &session.subject) {
        (Some(key), _) => caller_of_key(key, now)?,
        (None, Some(subject)) => Caller {
            org_id,
            actor: Actor { kind: ActorKind::User, id: subject.clone(), name: session.name.clone() },
            key_prefix: None,
            token_id: session.token_id,
            scopes: session.scopes.iter().filter_map(|name| Scope::parse(name)).collect::<Scopes>(),
            phone_number_ids: Arc::from(session.numbers),
        },
        (None, None) => return None,
    };
    Some(OpenSession {
        id: SessionId(session.token_hash),
        caller,
        name: session.name,
        key: session.key.map(|key| (key.id, key.name)),
        created_at: session.created_at,
        seen_at: session.seen_at,
        expires_at: session.expires_at,
        user_agent: session.user_agent,
    })
}
