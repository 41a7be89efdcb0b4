//! The first minute of a new installation: an organization, a key, and lines to try them with.

use secrecy::ExposeSecret;

use crate::cli::operator_name;
use crate::config::ConsoleServed;
use crate::registry::access::ApiKeys;

/// Makes the first organization and its admin key where nothing was ever recorded, and prints both. The key is shown
/// this once; a lost one is replaced by `flow-registry keys create`.
pub(super) async fn first_key(
    keys: &ApiKeys,
    public_url: &str,
    console: ConsoleServed,
) -> anyhow::Result<()> {
    let Some(created) = keys.first_key(&operator_name()).await? else { return Ok(()) };
    let (organization, secret) = (created.key.org_id, created.secret.expose_secret());
    let console = match console {
        ConsoleServed::On => {
            format!("console       {public_url}/console/session?organization={organization}\n")
        }
        ConsoleServed::Off => String::new(),
    };
    println!(
        "A new installation. Keep this key: it is shown once.\n\n\
         organization  {organization}\n\
         key           {secret}\n\
         {console}\n\
         Try it:\n\n\
         curl -X POST '{public_url}/organizations/{organization}/bot/flows' \\\n  \
           -H 'X-Api-Key: {secret}' \\\n  \
           -H 'Content-Type: application/json' \\\n  \
           -d '{{\"name\": \"Onboarding nuevo cliente\",\"steps\": []}}'\n\n\
         For the next ones, in the shell:\n\n\
         FLOWS='{public_url}/organizations/{organization}/bot/flows'\n\
         KEY='{secret}'\n"
    );
    Ok(())
}
