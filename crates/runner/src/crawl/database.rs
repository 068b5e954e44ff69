//! JDBC targets: tables of databases.

use mastic_api_glue::glue::types::JdbcTarget;
use mastic_crawl::{DatabaseColumn, DatabaseInclude, DatabaseTable, Gathered, log};
use mastic_jdbc::{TableFound, TableKind};

use super::{Begun, failed};
use crate::connection;
use crate::failure::Failure;

/// Looks at the tables that a target means; what two targets share counts once.
pub(super) async fn look(
    begun: &Begun<'_>,
    target: &JdbcTarget,
    gathered: &mut Gathered,
) -> Result<(), Failure> {
    let name = target.connection_name.as_deref().unwrap_or_default();
    let database = DatabaseInclude::database(target).map_err(failed)?;
    let at = |failure: Failure| failure.at(format!("connection {name}"));
    let (mut connection, settings) =
        connection::open(&begun.session.client, name, Some(database)).await.map_err(at)?;
    let include = DatabaseInclude::new(target, settings.engine.has_schemas()).map_err(failed)?;
    let tables = connection.tables().await.map_err(|error| {
        failed(error)
            .at(format!("the tables of the database {database} cannot be listed"))
            .at(format!("connection {name}"))
    })?;
    let prefix = begun.crawler.table_prefix.as_deref().unwrap_or_default();
    let mut none = true;
    for table in tables.into_iter().map(taken).filter(|table| include.takes(table)) {
        none = false;
        let lake = include.table(prefix, settings.engine.classification(), &table);
        if !gathered.lakes.contains(&lake) {
            gathered.lakes.push(lake);
        }
    }
    if none {
        let path = target.path.as_deref().unwrap_or_default();
        begun
            .session
            .events
            .output(log::warned(path, "the database has no such tables, or the user may not read them"));
    }
    gathered.databases.push(include);
    Ok(())
}

fn taken(found: TableFound) -> DatabaseTable {
    let columns = found.columns.into_iter().map(|column| DatabaseColumn {
        name: column.name,
        raw_type: column.raw_type,
        ty: column.ty.to_string(),
        comment: column.comment,
    });
    DatabaseTable {
        schema: found.schema,
        name: found.name,
        view: found.kind == TableKind::View,
        comment: found.comment,
        columns: columns.collect(),
    }
}
