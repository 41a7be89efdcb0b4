//! Checkpoints: with which keys this process signs them, and the task that signs what is due.

use std::io::ErrorKind;
use std::path::Path;
use std::time::{Duration, Instant};

use tokio_util::sync::CancellationToken;

use crate::config::{ConfigError, PublicUrl, SigningConfig};
use crate::registry::RegistryError;
use crate::registry::checkpoints::{
    Checkpoints, Due, KeyFileError, Keyring, PublicKey, SignatureMemory, Signer, default_key_name,
    read_key_file, read_or_create_key_file,
};

/// In the data directory of the private Postgres.
pub(super) const KEY_FILE: &str = "signing-key";
/// How often it is looked which tree heads are due.
const TREES_EVERY: Duration = Duration::from_secs(600);
const EVERY: Duration = Duration::from_secs(2);
/// While a log grows so fast that it is due again within that time.
const EVERY_UNDER_LOAD: Duration = Duration::from_millis(100);
/// Beyond the last complete round: a head that moved waits no longer than this for its checkpoint.
const LOOK_BACK: Duration = Duration::from_secs(5 * 60);
/// What has not been signed when the process ends is signed after the next start.
const LAST_ROUND_WITHIN: Duration = Duration::from_secs(3);

/// What the configuration names, read and opened before anything is started.
pub(super) struct Named<'c> {
    config: &'c SigningConfig,
    keyring: Option<Keyring>,
    directory: Option<SignatureMemory>,
}

impl<'c> Named<'c> {
    pub fn open(config: &'c SigningConfig) -> Result<Self, ConfigError> {
        Ok(Self { config, keyring: config.key_file.load()?, directory: config.open_directory()? })
    }

    /// The signer of an installation that has signed nothing yet. Where no key file is configured, a key is made in the
    /// data directory.
    pub fn first_signer(
        self,
        data_dir: Option<&Path>,
        public_url: Option<&PublicUrl>,
    ) -> anyhow::Result<Signer> {
        let name = public_url.map_or_else(default_key_name, |url| url.without_scheme().to_owned());
        self.signer_with(data_dir, |key_file| match SignatureMemory::is_beside(key_file) {
            false => read_or_create_key_file(key_file, &name),
            true => read_existing(key_file),
        })
    }

    /// Signs with the keys that are configured, else with those in the data directory of the private Postgres. A file
    /// that is gone is not made anew: with another key nothing would be as it was.
    pub fn signer(self, data_dir: Option<&Path>) -> anyhow::Result<Signer> {
        self.signer_with(data_dir, read_existing)
    }

    fn signer_with(
        self,
        data_dir: Option<&Path>,
        read: impl Fn(&Path) -> Result<Keyring, KeyFileError>,
    ) -> anyhow::Result<Signer> {
        let key_file = match &self.config.key_file.signing_key_file {
            Some(named) => Some(named.clone()),
            None => data_dir.map(|data_dir| data_dir.join(KEY_FILE)),
        };
        let keyring = match (self.keyring, &key_file) {
            (Some(keyring), _) => keyring,
            (None, Some(key_file)) => read(key_file).map_err(|error| ConfigError(error.to_string()))?,
            (None, None) => Keyring::default(),
        };
        let is_silent = keyring.signing_keys().is_empty();
        let signer = match (self.directory, key_file.filter(|_| !is_silent)) {
            (Some(_), None) => {
                let useless = "CHECKPOINT_DIR does nothing without a key to sign with: set SIGNING_KEY_FILE";
                return Err(ConfigError(useless.to_owned()).into());
            }
            (Some(directory), Some(key_file)) => {
                Signer::new(keyring, Some(directory.after_that_beside(&key_file)))
            }
            (None, Some(key_file)) => Signer::new(keyring, Some(memory_beside(&key_file)?)),
            (None, None) => Signer::new(keyring, None),
        };
        if is_silent {
            tracing::warn!(
                "checkpoints of the log are not signed here: SIGNING_KEY_FILE names no secret key"
            );
        }
        Ok(signer)
    }
}

fn read_existing(key_file: &Path) -> Result<Keyring, KeyFileError> {
    match read_key_file(key_file) {
        Err(KeyFileError::File { error, .. }) if error.kind() == ErrorKind::NotFound => {
            Err(KeyFileError::Missing { path: key_file.to_owned() })
        }
        read => read,
    }
}

fn memory_beside(key_file: &Path) -> Result<SignatureMemory, ConfigError> {
    SignatureMemory::beside(key_file).map_err(|error| {
        let key_file = key_file.display();
        ConfigError(format!(
            "cannot remember beside {key_file} what is signed ({error}): set CHECKPOINT_DIR to a directory that can be \
             written to"
        ))
    })
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

/// The public keys in the file of a signing key; none without it.
pub(super) fn keys_in(key_file: &Path) -> Result<Vec<PublicKey>, KeyFileError> {
    match read_key_file(key_file) {
        Err(KeyFileError::File { error, .. }) if error.kind() == ErrorKind::NotFound => Ok(Vec::new()),
        read => read.map(|keyring| keyring.public_keys()),
    }
}

/// Signs what is due, until `shutdown`.
pub(super) async fn run(checkpoints: Checkpoints, shutdown: CancellationToken) {
    if !checkpoints.signs() {
        return;
    }
    let (mut complete, mut pause): (Option<Instant>, _) = (None, EVERY);
    let mut is_held_against_memory = false;
    loop {
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            () = shutdown.cancelled() => return,
        }
        let begun = Instant::now();
        match round(&checkpoints, complete, &mut is_held_against_memory).await {
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

/// Once, at the start, all logs are held against what was signed of them, before any is signed.
async fn round(
    checkpoints: &Checkpoints,
    complete: Option<Instant>,
    is_held_against_memory: &mut bool,
) -> Result<bool, RegistryError> {
    if !*is_held_against_memory {
        checkpoints.hold_against_memory().await?;
        *is_held_against_memory = true;
    }
    checkpoints.sign_what_is_due(complete.map(|at| at.elapsed() + LOOK_BACK), Due::NORMALLY).await
}

/// Makes the tree heads that are due, until `shutdown`.
pub(super) async fn run_trees(checkpoints: Checkpoints, shutdown: CancellationToken) {
    while checkpoints.signs() {
        tokio::select! {
            () = tokio::time::sleep(TREES_EVERY) => {}
            () = shutdown.cancelled() => return,
        }
        if let Err(error) = checkpoints.sign_trees_that_are_due().await {
            tracing::warn!(%error, "tree heads were not signed, trying again later");
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
