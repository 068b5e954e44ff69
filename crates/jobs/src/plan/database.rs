//! What nodes that are databases need: the connections that they open, and tables of the catalog.

use mastic_api_glue::glue::types::*;
use mastic_core::Fault;

use super::table_target;
use crate::draft::{Draft, OfCatalog};

/// What a source opens; nothing for other nodes.
pub(super) fn source(draft: &mut Draft<'_>, node: &CodeGenConfigurationNode) -> Result<(), Fault> {
    let named = [
        node.direct_jdbc_source.as_ref().map(|found| (&found.name, Some(&found.connection_name))),
        node.jdbc_connector_source.as_ref().map(|found| (&found.name, Some(&found.connection_name))),
        node.connector_data_source.as_ref().map(|found| (&found.name, connection_of(&found.data))),
    ];
    for (name, connection) in named.into_iter().flatten() {
        if let Some(connection) = connection {
            draft.connection(connection, &format!("source `{name}`"));
        }
    }
    let Some(found) = &node.amazon_redshift_source else { return Ok(()) };
    let data = found.data.clone().unwrap_or_default();
    let purpose = format!("source `{}`", found.name.as_deref().unwrap_or_default());
    match redshift(&data) {
        Redshift::Connection(connection) => draft.connection(&connection, &purpose),
        Redshift::Table(database, table) => {
            draft.catalog("GetTable", OfCatalog::Table(&database, &table), &purpose);
            if let Some(connection) = draft.facts(&database, &table)?.and_then(|facts| facts.connection) {
                draft.connection(&connection, &purpose);
            }
        }
        Redshift::Nothing => {}
    }
    Ok(())
}

/// What a target opens; nothing for other nodes.
pub(super) fn target(draft: &mut Draft<'_>, node: &CodeGenConfigurationNode) -> Result<(), Fault> {
    let tables = [
        node.postgre_sql_catalog_target.as_ref().map(|t| (&t.name, &t.database, &t.table)),
        node.my_sql_catalog_target.as_ref().map(|t| (&t.name, &t.database, &t.table)),
    ];
    for (name, database, table) in tables.into_iter().flatten() {
        table_target(draft, name, database, table, None)?;
    }
    let named = [
        node.jdbc_connector_target.as_ref().map(|found| (&found.name, Some(&found.connection_name))),
        node.connector_data_target.as_ref().map(|found| (&found.name, connection_of(&found.data))),
    ];
    for (name, connection) in named.into_iter().flatten() {
        if let Some(connection) = connection {
            draft.connection(connection, &format!("target `{name}`"));
        }
    }
    if let Some(found) = &node.redshift_target {
        let options = found.upsert_redshift_options.clone().unwrap_or_default();
        match options.connection_name.filter(|name| !name.is_empty()) {
            Some(connection) => draft.connection(&connection, &format!("target `{}`", found.name)),
            None => table_target(draft, &found.name, &found.database, &found.table, None)?,
        }
    }
    let Some(found) = &node.amazon_redshift_target else { return Ok(()) };
    let data = found.data.clone().unwrap_or_default();
    let name = found.name.clone().unwrap_or_default();
    match redshift(&data) {
        Redshift::Connection(connection) => draft.connection(&connection, &format!("target `{name}`")),
        Redshift::Table(database, table) => table_target(draft, &name, &database, &table, None)?,
        Redshift::Nothing => {}
    }
    Ok(())
}

fn connection_of(options: &std::collections::BTreeMap<String, String>) -> Option<&String> {
    let mut named = options.iter().filter(|(name, _)| name.eq_ignore_ascii_case("connectionName"));
    named.next().map(|(_, connection)| connection)
}

/// How a Redshift node names its table.
enum Redshift {
    Connection(String),
    Table(String, String),
    Nothing,
}

fn redshift(data: &AmazonRedshiftNodeData) -> Redshift {
    let value = |option: &Option<OptionShape>| {
        option.as_ref().and_then(|option| option.value.clone()).filter(|text| !text.is_empty())
    };
    let connection = value(&data.connection).or_else(|| data.crawler_connection.clone());
    match (connection, value(&data.catalog_database), value(&data.catalog_table)) {
        (Some(connection), ..) => Redshift::Connection(connection),
        (None, Some(database), Some(table)) => Redshift::Table(database, table),
        _ => Redshift::Nothing,
    }
}
