//! `flow-registry distribute`: over which nodes the database lies, and what was done for it.

use crate::config::{DatabasePooler, MigrateConfig};
use crate::store::{self, Distributed, Placement};

use super::database::Database;

/// Distributes the database by organization, and says where each table lies.
pub async fn distribute(config: MigrateConfig) -> anyhow::Result<()> {
    let owner = config.owner.of(&config.database);
    let database = Database::open_as_it_is(&owner).await?;
    if owner.database_pooler == DatabasePooler::Transaction {
        store::try_pooler(database.store.pool()).await?;
    }
    let distributed = store::distribute(&database.store).await?;
    database.close().await;
    print!("{}", told(&distributed));
    Ok(())
}

fn told(Distributed { moved, cleared, placements }: &Distributed) -> String {
    let mut text = String::new();
    for Placement { table, is_by_organization, shards, nodes } in placements {
        let nodes = nodes.join(", ");
        text += &match is_by_organization {
            true => format!("{table}: by organization, in {shards} shards on {nodes}\n"),
            false => format!("{table}: a copy on each of {nodes}\n"),
        };
    }
    if !cleared.is_empty() {
        text += &format!("Removed from the coordinator, where they had been left: {}.\n", cleared.join(", "));
    }
    text += match moved.is_empty() {
        true => "The database was distributed already.\n",
        false => "The database is distributed. Start the services anew.\n",
    };
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_says_where_each_table_lies_and_what_was_done() {
        let placement = |table: &str, is_by_organization, shards| Placement {
            table: table.to_owned(),
            is_by_organization,
            shards,
            nodes: vec!["a:5432".to_owned(), "b:5432".to_owned()],
        };
        let placements = vec![placement("_sqlx_migrations", false, 1), placement("event", true, 32)];
        let mut distributed = Distributed { moved: vec!["event"], cleared: vec!["event"], placements };
        assert_eq!(
            told(&distributed),
            "_sqlx_migrations: a copy on each of a:5432, b:5432\n\
             event: by organization, in 32 shards on a:5432, b:5432\n\
             Removed from the coordinator, where they had been left: event.\n\
             The database is distributed. Start the services anew.\n"
        );
        distributed.moved.clear();
        distributed.cleared.clear();
        assert!(told(&distributed).ends_with("b:5432\nThe database was distributed already.\n"));
    }
}
