//! Who asks, what they may do, and the circumstances of a command that end up in its event.

use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;

use uuid::Uuid;

use crate::flow::event::Actor;
pub use crate::store::Idempotency;

macro_rules! scopes {
    ($($variant:ident = $name:literal),+ $(,)?) => {
        /// One thing a credential may do.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[repr(u8)]
        pub enum Scope { $($variant),+ }

        impl Scope {
            pub const ALL: &[Self] = &[$(Self::$variant),+];

            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $name),+ }
            }

            pub fn parse(name: &str) -> Option<Self> {
                match name { $($name => Some(Self::$variant),)+ _ => None }
            }
        }
    };
}

scopes! {
    FlowsRead = "flows:read",
    FlowsWrite = "flows:write",
    FlowsPublish = "flows:publish",
    FlowsTest = "flows:test",
    FlowsRestore = "flows:restore",
    AuditRead = "audit:read",
    KeysManage = "keys:manage",
    AuditErase = "audit:erase",
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A set of scopes.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub struct Scopes(u16);

impl Scopes {
    /// The names of the sets that [`Scopes::named`] knows.
    pub const NAMED: [&str; 4] = ["consumer", "auditor", "support", "admin"];

    /// Every scope but the one that no named set has: who may erase is said by name.
    pub const fn all() -> Self {
        Self(((1 << Scope::ALL.len()) - 1) & !(1 << Scope::AuditErase as u16))
    }

    /// Every scope there is.
    pub const fn every() -> Self {
        Self::all().with(Scope::AuditErase)
    }

    pub const fn contains(self, scope: Scope) -> bool {
        self.0 & (1 << scope as u16) != 0
    }

    pub const fn with(self, scope: Scope) -> Self {
        Self(self.0 | (1 << scope as u16))
    }

    /// Whether every scope of `other` is in this set.
    pub const fn includes(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    pub const fn intersection(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    pub fn iter(self) -> impl Iterator<Item = Scope> {
        Scope::ALL.iter().copied().filter(move |scope| self.contains(*scope))
    }

    /// What a word means where somebody says what a credential may do: a scope, or a named set of them.
    pub fn parse(word: &str) -> Result<Self, String> {
        let one = Scope::parse(word).map(|scope| Self::default().with(scope));
        one.or_else(|| Self::named(word)).ok_or_else(|| {
            let known: Vec<_> = Scope::ALL.iter().map(|scope| scope.as_str()).collect();
            format!("must be {}, or one of {}", Self::NAMED.join(", "), known.join(", "))
        })
    }

    /// The scopes of a named set: `consumer`, `auditor`, `support` or `admin`.
    pub fn named(name: &str) -> Option<Self> {
        use Scope::*;
        Some(match name {
            "consumer" => [FlowsRead, FlowsWrite, FlowsPublish, FlowsTest].into_iter().collect(),
            "auditor" => [FlowsRead, AuditRead].into_iter().collect(),
            "support" => [FlowsRead, FlowsTest, FlowsRestore, AuditRead].into_iter().collect(),
            "admin" => Self::all(),
            _ => return None,
        })
    }
}

impl FromIterator<Scope> for Scopes {
    fn from_iter<I: IntoIterator<Item = Scope>>(scopes: I) -> Self {
        scopes.into_iter().fold(Self::default(), Self::with)
    }
}

impl fmt::Debug for Scopes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter().map(Scope::as_str)).finish()
    }
}

/// A verified credential: whose it is and what it may do.
#[derive(Debug, Clone)]
pub struct Caller {
    pub org_id: Uuid,
    pub actor: Actor,
    /// The readable part of an API key.
    pub key_prefix: Option<String>,
    /// The `jti` of a token.
    pub token_id: Option<String>,
    pub scopes: Scopes,
    /// The numbers the credential is confined to; empty: all. Flows bound to others do not exist for it.
    pub phone_number_ids: Arc<[String]>,
}

impl Caller {
    /// Whether the caller may know who changed what, for whom and why.
    pub fn sees_people(&self) -> bool {
        SEES_PEOPLE.iter().any(|scope| self.scopes.contains(*scope))
    }

    /// Whether a flow bound to this number exists for the caller.
    pub fn sees(&self, phone_number_id: Option<&str>) -> bool {
        self.phone_number_ids.is_empty()
            || phone_number_id
                .is_some_and(|number| self.phone_number_ids.iter().any(|allowed| allowed == number))
    }
}

/// What lets a caller see who changed what, for whom and why.
const SEES_PEOPLE: [Scope; 3] = [Scope::AuditRead, Scope::FlowsWrite, Scope::FlowsRestore];

/// The id of a request, put beside it before it is routed.
#[derive(Debug, Clone)]
pub struct RequestId(pub Arc<str>);

const USER_AGENT_CHARS_MAX: usize = 500;

/// The header `User-Agent` as events keep it. It is never a reason to refuse a request, so it is cut, and bytes that are no
/// UTF-8 are replaced.
pub fn recorded_user_agent(header: &[u8]) -> String {
    String::from_utf8_lossy(header).chars().take(USER_AGENT_CHARS_MAX).collect()
}

/// Where a request comes from, put beside it; absent where there is no connection.
#[derive(Debug, Clone, Copy)]
pub struct ClientAddress(pub IpAddr);

/// The versions a caller accepts as current (RFC 9110 `If-Match`; weak and foreign tags match nothing).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum IfMatch {
    Any,
    Versions(Vec<i64>),
    /// Any but these, which the caller has seen (`If-None-Match`).
    Except(Vec<i64>),
}

impl IfMatch {
    /// The latest of the versions that are named.
    pub fn latest(&self) -> Option<i64> {
        match self {
            Self::Any => None,
            Self::Versions(versions) | Self::Except(versions) => versions.iter().max().copied(),
        }
    }

    pub fn accepts(&self, version: i64) -> bool {
        match self {
            Self::Any => true,
            Self::Versions(versions) => versions.contains(&version),
            Self::Except(versions) => !versions.contains(&version),
        }
    }
}

/// A command's circumstances: who, for whom, why, from where, and on what condition.
#[derive(Debug, Clone)]
pub struct Intent {
    pub caller: Caller,
    pub request_id: String,
    pub on_behalf_of: Option<String>,
    pub reason: Option<String>,
    pub address: Option<String>,
    pub user_agent: Option<String>,
    pub if_match: Option<IfMatch>,
    /// Flows in force that call this one may be left without it.
    pub forced: bool,
    pub idempotency: Option<Idempotency>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scope_sets() {
        for &scope in Scope::ALL {
            assert_eq!(Scope::parse(scope.as_str()), Some(scope));
            assert!(Scopes::every().contains(scope));
            assert_eq!(Scopes::all().contains(scope), scope != Scope::AuditErase);
        }
        let auditor = Scopes::named("auditor").unwrap();
        assert!(!auditor.contains(Scope::FlowsWrite) && auditor.contains(Scope::AuditRead));
        assert!(Scopes::all().includes(auditor) && !auditor.includes(Scopes::all()));
        assert!(Scopes::NAMED.iter().all(|name| Scopes::named(name).is_some()));
        assert_eq!(Scopes::named("owner"), None);
    }
}
