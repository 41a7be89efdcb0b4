//! How long a read may take: what the database keeps waiting ends.

use std::time::Duration;

use super::problem::{Code, Problem};

/// From when all of the request is there to when its answer begins.
const READ_WITHIN: Duration = Duration::from_secs(5);

/// Does what a read asks for, or refuses where that takes too long.
pub async fn in_time<T>(work: impl Future<Output = T>) -> Result<T, Problem> {
    tokio::time::timeout(READ_WITHIN, work).await.map_err(|_| {
        let detail = "The database does not answer in time at the moment.";
        Problem::retry(Code::StorageUnavailable, 1, detail)
    })
}
