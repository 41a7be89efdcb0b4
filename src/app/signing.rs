//! Checkpoints: with which keys this process signs them, and the task that signs what is due.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::Context;
use tokio_util::sync::CancellationToken;

use crate::config::{ConfigError, PublicUrl};
use crate::registry::checkpoints::{
    CheckpointDirectory, Checkpoints, Due, Keyring, PublicKey, Signer, default_key_name, read_key_file,
    read_or_create_key_file,
};

/// In the data directory of the private Postgres.
const KEY_FILE: &str = "signing-key";
const EVERY: Duration = Duration::from_secs(2);
/// While a log grows so fast that it is due again within that time.
const EVERY_UNDER_LOAD: Duration = Duration::from_millis(100);
/// Beyond the last complete round: a head that moved waits no longer than this for its checkpoint.
const LOOK_BACK: Duration = Duration::from_secs(5 * 60);
/// What has not been signed when the process ends is signed after the next start.
const LAST_ROUND_WITHIN: Duration = Duration::from_secs(1);

/// Signs with the keys that are configured, else with those in the data directory of the private Postgres.
pub(super) fn signer(
    keyring: Option<Keyring>,
    directory: Option<CheckpointDirectory>,
    data_dir: Option<&Path>,
    public_url: Option<&PublicUrl>,
) -> anyhow::Result<Signer> {
    let keyring = match (keyring, data_dir) {
        (Some(keyring), _) => keyring,
        (None, Some(data_dir)) => {
            let name = public_url.map_or_else(default_key_name, |url| url.without_scheme().to_owned());
            let keyring = read_or_create_key_file(&data_dir.join(KEY_FILE), &name);
            keyring.context("cannot sign checkpoints")?
        }
        (None, None) => Keyring::default(),
    };
    let signer = Signer::new(keyring, directory);
    if !signer.signs() {
        if signer.has_directory() {
            let useless = "CHECKPOINT_DIR does nothing without a key to sign with: set SIGNING_KEY_FILE";
            return Err(ConfigError(useless.to_owned()).into());
        }
        tracing::warn!("checkpoints of the log are not signed here: SIGNING_KEY_FILE names no secret key");
    }
    Ok(signer)
}

/// The public keys of this machine.
pub(super) fn known_keys(keyring: Option<Keyring>, data_dir: Option<&Path>) -> Vec<PublicKey> {
    let in_data_dir = || match read_key_file(&data_dir?.join(KEY_FILE)) {
        Ok(keyring) => Some(keyring),
        Err(error) => {
            tracing::warn!(%error, "no signature counts: give --key");
            None
        }
    };
    keyring.or_else(in_data_dir).map(|keyring| keyring.public_keys()).unwrap_or_default()
}

/// Signs what is due, until `shutdown`.
pub(super) async fn run(checkpoints: Checkpoints, shutdown: CancellationToken) {
    if !checkpoints.signs() {
        return;
    }
    let (mut complete, mut pause): (Option<Instant>, _) = (None, EVERY);
    loop {
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            () = shutdown.cancelled() => return,
        }
        let begun = Instant::now();
        match checkpoints.sign_what_is_due(complete.map(|at| at.elapsed() + LOOK_BACK), Due::NORMALLY).await {
            Ok(is_busy) => {
                complete = Some(begun);
                pause = if is_busy { EVERY_UNDER_LOAD } else { EVERY };
            }
            Err(error) => {
                tracing::warn!(%error, "checkpoints were not signed, trying again later");
                pause = EVERY;
            }
        }
    }
}

/// Signs whatever moved since the last checkpoint, so that what lies there while no service runs can be proven whole.
pub(super) async fn last_round(checkpoints: &Checkpoints) {
    if checkpoints.signs() {
        let round = checkpoints.sign_what_is_due(Some(LOOK_BACK), Due::AT_ONCE);
        let _ = tokio::time::timeout(LAST_ROUND_WITHIN, round).await;
    }
}
