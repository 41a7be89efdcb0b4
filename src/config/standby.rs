//! The standbys that answer reads.

use clap::Args;

use super::secret_file::{self, DatabaseUrls};
use super::value::{self, DatabaseUrl};

#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Database")]
pub struct StandbyConfig {
    /// Standbys of the database, separated by commas, each by an address of its own: exports, the comparison of
    /// projections and readers far behind in a feed read there, and so may reads that say how far a server must have come (X-Min-Position)
    #[arg(long, env = "READ_DATABASE_URLS", hide_env_values = true, value_name = "URL[,URL…]")]
    #[arg(value_delimiter = ',', value_parser = value::database_url, conflicts_with = "data_dir")]
    pub read_database_urls: Vec<DatabaseUrl>,

    /// A file that holds them, in place of the variable
    #[arg(long, env = "READ_DATABASE_URLS_FILE", value_name = "FILE", value_parser = secret_file::database_urls)]
    #[arg(conflicts_with_all = ["read_database_urls", "data_dir"])]
    pub read_database_urls_file: Option<DatabaseUrls>,
}

impl StandbyConfig {
    pub fn urls(&self) -> &[DatabaseUrl] {
        self.read_database_urls_file.as_ref().map_or(&self.read_database_urls, |file| &file.0)
    }
}
