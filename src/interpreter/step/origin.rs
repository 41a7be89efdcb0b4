//! The origin of an address that a value of the organization says: what it must be, and which secrets may go there.

use std::collections::BTreeSet;

use crate::flow::document::Http;
use crate::flow::env::{origin_host, origin_name};
use crate::flow::validation::secrets_of;
use crate::interpreter::error::{StepError, code};
use crate::interpreter::program::StepCompiler;
use crate::interpreter::run::Visit;
use crate::interpreter::value::member;

#[derive(Debug)]
pub struct EnvOrigin {
    name: Box<str>,
    /// The secrets that the request carries: each goes only to hosts that its own list allows.
    secrets: BTreeSet<String>,
}

impl EnvOrigin {
    /// That of an address which begins with a value of the organization.
    pub fn of(http: &Http, step: &StepCompiler<'_, '_>) -> Option<Self> {
        let name = origin_name(&http.url).filter(|_| step.compiler.names.variable("env").is_none())?;
        Some(Self { name: name.into(), secrets: secrets_of(http) })
    }

    /// Refuses a value that is no https origin, and one that a secret may not go to.
    pub fn check(&self, visit: &Visit<'_, '_>) -> Result<(), StepError> {
        let Self { name, secrets } = self;
        let value = member(&visit.frame.scope.shared.env, name);
        let Some(host) = value.as_str().and_then(origin_host) else {
            let message = format!("env.{name} is no https origin such as https://api.example.com.");
            return Err(StepError::new(code::HTTP_URL, message));
        };
        let allowed = &visit.run.request.mocks.secret_hosts;
        let may_go = |secret: &&String| {
            allowed
                .get(*secret)
                .is_some_and(|hosts| hosts.iter().any(|allowed| allowed.eq_ignore_ascii_case(host)))
        };
        match secrets.iter().find(|secret| !may_go(secret)) {
            None => Ok(()),
            Some(secret) => {
                let named = match secret.as_str() {
                    "" => "a secret whose name is computed".to_owned(),
                    secret => format!("the secret {secret}"),
                };
                let message = format!("The host {host} of env.{name} is not in the allow-list of {named}.");
                Err(StepError::new(code::HTTP_SECRET, message))
            }
        }
    }
}
