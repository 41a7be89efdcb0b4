//! Secrets that lie in files, as containers and systemd hand them over: read once, with the command line. What is wrong
//! with a file is said by its path; what is in it is said nowhere.

use std::fs;

use secrecy::SecretString;

use super::value::DatabaseUrl;

/// The URLs in a file, separated by commas as in the variable.
#[derive(Debug, Clone)]
pub struct DatabaseUrls(pub(super) Vec<DatabaseUrl>);

pub(super) fn database_urls(path: &str) -> Result<DatabaseUrls, String> {
    let text = read(path)?;
    Ok(DatabaseUrls(text.split(',').map(DatabaseUrl::new).collect()))
}

pub(super) fn database_url(path: &str) -> Result<DatabaseUrl, String> {
    read(path).map(|text| DatabaseUrl::new(&text))
}

pub(super) fn secret(path: &str) -> Result<SecretString, String> {
    read(path).map(SecretString::from)
}

/// Without the line break that editors end a file with.
fn read(path: &str) -> Result<String, String> {
    let text = fs::read_to_string(path).map_err(|error| format!("cannot read the file: {error}"))?;
    match text.trim() {
        "" => Err("the file is empty".to_owned()),
        text => Ok(text.to_owned()),
    }
}
