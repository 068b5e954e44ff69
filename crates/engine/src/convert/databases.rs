//! Nodes that are databases: JDBC, Redshift and the connectors ("Connection types and options for ETL in AWS Glue", AWS Glue
//! Developer Guide).

mod options;

use mastic_api_glue::glue::types as api;
use mastic_jdbc::Engine;

use self::options::Options;
use super::{Parts, required};
use crate::error::NodeError;
use crate::plan::{
    Action, BookmarkKeys, CatalogSource, CatalogTarget, DatabasePlace, DatabaseSource, DatabaseTable,
    DatabaseTarget, Kind, MergeHow, Parts as Shares, Relation, TableMerge,
};

/// The source that the node is, if it is one.
pub(super) fn source(node: &api::CodeGenConfigurationNode) -> Option<Result<Parts, NodeError>> {
    let catalog = [
        node.postgre_sql_catalog_source.as_ref().map(|found| (&found.name, &found.database, &found.table)),
        node.my_sql_catalog_source.as_ref().map(|found| (&found.name, &found.database, &found.table)),
        node.relational_catalog_source.as_ref().map(|found| (&found.name, &found.database, &found.table)),
        node.redshift_source.as_ref().map(|found| (&found.name, &found.database, &found.table)),
    ];
    if let Some((name, database, table)) = catalog.into_iter().flatten().next() {
        let source =
            CatalogSource { database: database.clone(), table: table.clone(), ..CatalogSource::default() };
        return Some(Ok((name.clone(), Kind::Catalog(source), vec![])));
    }
    if let Some(found) = &node.direct_jdbc_source {
        return Some(direct(found));
    }
    if let Some(found) = &node.jdbc_connector_source {
        return Some(connector(found));
    }
    if let Some(found) = &node.amazon_redshift_source {
        return Some(redshift_source(found));
    }
    let found = node.connector_data_source.as_ref()?;
    let source = Options::new(&found.name, &found.data, &found.connection_type).and_then(Options::source);
    Some(source.map(|source| (found.name.clone(), Kind::Database(source), vec![])))
}

/// The target that the node is, if it is one.
pub(super) fn target(node: &api::CodeGenConfigurationNode) -> Option<Result<Parts, NodeError>> {
    let catalog = [
        node.postgre_sql_catalog_target.as_ref().map(|t| (&t.name, &t.database, &t.table, &t.inputs)),
        node.my_sql_catalog_target.as_ref().map(|t| (&t.name, &t.database, &t.table, &t.inputs)),
    ];
    if let Some((name, database, table, inputs)) = catalog.into_iter().flatten().next() {
        let (database, table) = (database.clone(), table.clone());
        let target = CatalogTarget { database, table, partition_keys: vec![], update: None };
        return Some(Ok((name.clone(), Kind::CatalogTarget(target), inputs.clone())));
    }
    if let Some(found) = &node.jdbc_connector_target {
        return Some(connector_target(found));
    }
    if let Some(found) = &node.redshift_target {
        return Some(catalog_redshift(found));
    }
    if let Some(found) = &node.amazon_redshift_target {
        return Some(redshift_target(found));
    }
    let found = node.connector_data_target.as_ref()?;
    let target = Options::new(&found.name, &found.data, &found.connection_type).and_then(Options::target);
    let inputs = found.inputs.clone().unwrap_or_default();
    Some(target.map(|target| (found.name.clone(), Kind::DatabaseTarget(target), inputs)))
}

fn engine(node: &str, kind: &str) -> Result<Engine, NodeError> {
    Engine::named(kind)
        .map_err(|_| NodeError::new(node, format!("databases of the kind `{kind}` are not supported")))
}

/// What a connector's connection leads to is seen when it is opened; it is of a kind for JDBC.
fn jdbc(node: &str, kind: &str) -> Result<Option<Engine>, NodeError> {
    match kind.to_ascii_lowercase().as_str() {
        "custom.jdbc" | "marketplace.jdbc" | "jdbc" => Ok(None),
        kind => engine(node, kind).map(Some),
    }
}

fn filled(text: Option<&String>) -> Option<String> {
    text.filter(|text| !text.trim().is_empty()).cloned()
}

fn direct(found: &api::DirectJDBCSource) -> Result<Parts, NodeError> {
    let node = &found.name;
    let kind = required(node, "ConnectionType", found.connection_type)?;
    let place = DatabasePlace {
        connection: found.connection_name.clone(),
        database: filled(Some(&found.database)),
        engine: Some(engine(node, kind.as_str())?),
    };
    let relation = Relation::Table(found.table.clone());
    Ok((node.clone(), Kind::Database(whole(place, relation)), vec![]))
}

fn connector(found: &api::JDBCConnectorSource) -> Result<Parts, NodeError> {
    let node = &found.name;
    let options = found.additional_options.clone().unwrap_or_default();
    let relation = match (filled(found.connection_table.as_ref()), filled(found.query.as_ref())) {
        (Some(table), None) => Relation::Table(table),
        (None, Some(query)) => Relation::Query(query),
        _ => return Err(NodeError::new(node, "one of `ConnectionTable` and `Query` is wanted")),
    };
    let bounds = (options.lower_bound, options.upper_bound, options.num_partitions);
    let types = options.data_type_mapping.unwrap_or_default();
    let source = DatabaseSource {
        place: DatabasePlace {
            connection: found.connection_name.clone(),
            database: None,
            engine: jdbc(node, &found.connection_type)?,
        },
        relation,
        filter: filled(options.filter_predicate.as_ref()),
        parts: range(node, filled(options.partition_column.as_ref()), bounds)?,
        keys: keys(node, options.job_bookmark_keys, options.job_bookmark_keys_sort_order.as_deref())?,
        types: types.into_iter().map(|(of, wanted)| (of, glue_type(wanted).to_owned())).collect(),
    };
    Ok((node.clone(), Kind::Database(source), vec![]))
}

/// All of a relation, as it is.
fn whole(place: DatabasePlace, relation: Relation) -> DatabaseSource {
    let keys = BookmarkKeys::default();
    DatabaseSource { place, relation, filter: None, parts: None, types: vec![], keys }
}

fn keys(node: &str, columns: Option<Vec<String>>, order: Option<&str>) -> Result<BookmarkKeys, NodeError> {
    let descending = match order.map(str::to_ascii_lowercase).as_deref() {
        None | Some("" | "asc") => false,
        Some("desc") => true,
        Some(other) => {
            let text = format!("`JobBookmarkKeysSortOrder` is asc or desc, not `{other}`");
            return Err(NodeError::new(node, text));
        }
    };
    Ok(BookmarkKeys { columns: columns.unwrap_or_default(), descending })
}

/// Parts by ranges: all of the settings, or none.
fn range(
    node: &str,
    column: Option<String>,
    bounds: (Option<i64>, Option<i64>, Option<i64>),
) -> Result<Option<Shares>, NodeError> {
    match (column, bounds) {
        (None, (None, None, None)) => Ok(None),
        (Some(column), (Some(lower), Some(upper), Some(count))) => {
            let number = u64::try_from(count).ok().filter(|number| *number > 0);
            let number = number.ok_or_else(|| {
                NodeError::new(node, format!("`NumPartitions` is a number above zero, not `{count}`"))
            })?;
            Ok(Some(Shares::Range { column, lower, upper, count: number }))
        }
        _ => {
            let text = "`PartitionColumn`, `LowerBound`, `UpperBound` and `NumPartitions` are given together or not at all";
            Err(NodeError::new(node, text))
        }
    }
}

fn glue_type(of: api::GlueRecordType) -> &'static str {
    match of {
        api::GlueRecordType::Date => "date",
        api::GlueRecordType::String => "string",
        api::GlueRecordType::Timestamp => "timestamp",
        api::GlueRecordType::Int => "int",
        api::GlueRecordType::Float => "float",
        api::GlueRecordType::Long => "bigint",
        api::GlueRecordType::Bigdecimal => "decimal(38,18)",
        api::GlueRecordType::Byte => "tinyint",
        api::GlueRecordType::Short => "smallint",
        api::GlueRecordType::Double => "double",
    }
}

fn connector_target(found: &api::JDBCConnectorTarget) -> Result<Parts, NodeError> {
    let node = &found.name;
    let options = found.additional_options.clone().unwrap_or_default();
    Options::new(node, &options, &found.connection_type)?.tuning_only()?;
    let place = DatabasePlace {
        connection: found.connection_name.clone(),
        database: None,
        engine: jdbc(node, &found.connection_type)?,
    };
    let table = DatabaseTable::Place(place, Relation::Table(found.connection_table.clone()));
    let target = DatabaseTarget { table, action: Action::Append, before: None, after: None };
    Ok((node.clone(), Kind::DatabaseTarget(target), found.inputs.clone()))
}

fn catalog_redshift(found: &api::RedshiftTarget) -> Result<Parts, NodeError> {
    let options = found.upsert_redshift_options.clone().unwrap_or_default();
    let keys = options.upsert_keys.unwrap_or_default();
    let instead = filled(options.table_location.as_ref());
    let table = match (filled(options.connection_name.as_ref()), &instead) {
        (Some(connection), Some(table)) => {
            let place = DatabasePlace { connection, database: None, engine: Some(Engine::Redshift) };
            DatabaseTable::Place(place, Relation::Table(table.clone()))
        }
        (Some(_), None) => {
            return Err(NodeError::new(&found.name, "`ConnectionName` needs a `TableLocation`"));
        }
        (None, _) => {
            DatabaseTable::Catalog { database: found.database.clone(), table: found.table.clone(), instead }
        }
    };
    let action = if keys.is_empty() { Action::Append } else { Action::Upsert(keys) };
    let target = DatabaseTarget { table, action, before: None, after: None };
    Ok((found.name.clone(), Kind::DatabaseTarget(target), found.inputs.clone()))
}

/// Options that say how data goes through S3, where it does not go here.
const THROUGH_S3: [&str; 10] = [
    "autopushdown",
    "autopushdown.s3_result_cache",
    "csvnullstring",
    "csvseparator",
    "extracopyoptions",
    "extraunloadoptions",
    "include_column_list",
    "sse_kms_key",
    "tempformat",
    "unload_s3_format",
];

fn no_more_options(node: &str, data: &api::AmazonRedshiftNodeData) -> Result<(), NodeError> {
    let given = data.advanced_options.iter().flatten().filter_map(|option| option.key.as_ref());
    match given.into_iter().find(|key| !THROUGH_S3.contains(&key.to_ascii_lowercase().as_str())) {
        Some(key) => Err(NodeError::new(node, format!("the option `{key}` is not supported"))),
        None => Ok(()),
    }
}

fn value(option: Option<&api::OptionShape>) -> Option<String> {
    filled(option?.value.as_ref())
}

/// The table that a Redshift node is about, of the catalog or of its connection.
fn redshift_table(node: &str, data: &api::AmazonRedshiftNodeData) -> Result<DatabaseTable, NodeError> {
    let connection = value(data.connection.as_ref()).or_else(|| filled(data.crawler_connection.as_ref()));
    let schema = value(data.schema.as_ref()).or_else(|| filled(data.catalog_redshift_schema.as_ref()));
    let table = value(data.table.as_ref()).or_else(|| filled(data.catalog_redshift_table.as_ref()));
    match (connection, table) {
        (Some(connection), Some(table)) => {
            let place = DatabasePlace { connection, database: None, engine: Some(Engine::Redshift) };
            Ok(DatabaseTable::Place(place, Relation::Named(schema.into_iter().chain([table]).collect())))
        }
        _ => Ok(DatabaseTable::Catalog {
            database: required(node, "CatalogDatabase", value(data.catalog_database.as_ref()))?,
            table: required(node, "CatalogTable", value(data.catalog_table.as_ref()))?,
            instead: None,
        }),
    }
}

fn redshift_source(found: &api::AmazonRedshiftSource) -> Result<Parts, NodeError> {
    let name = found.name.clone().unwrap_or_default();
    let data = found.data.clone().unwrap_or_default();
    no_more_options(&name, &data)?;
    let query = match data.source_type.as_deref().unwrap_or_default() {
        "" | "table" => None,
        "query" => Some(required(&name, "SampleQuery", filled(data.sample_query.as_ref()))?),
        other => {
            return Err(NodeError::new(&name, format!("`SourceType` is table or query, not `{other}`")));
        }
    };
    let (place, relation) = match query {
        Some(query) => {
            let connection =
                value(data.connection.as_ref()).or_else(|| filled(data.crawler_connection.as_ref()));
            let connection = required(&name, "Connection", connection)?;
            let engine = Some(Engine::Redshift);
            (DatabasePlace { connection, database: None, engine }, Relation::Query(query))
        }
        None => match redshift_table(&name, &data)? {
            DatabaseTable::Place(place, relation) => (place, relation),
            DatabaseTable::Catalog { database, table, .. } => {
                let source = CatalogSource { database, table, ..CatalogSource::default() };
                return Ok((name, Kind::Catalog(source), vec![]));
            }
        },
    };
    Ok((name, Kind::Database(whole(place, relation)), vec![]))
}

fn redshift_target(found: &api::AmazonRedshiftTarget) -> Result<Parts, NodeError> {
    let name = found.name.clone().unwrap_or_default();
    let data = found.data.clone().unwrap_or_default();
    no_more_options(&name, &data)?;
    let wrong = |message: String| NodeError::new(&name, message);
    let table = redshift_table(&name, &data)?;
    let action = match data.action.as_deref().unwrap_or_default() {
        "merge" => Action::Merge(merge(&name, &data, &table)?),
        "insert" | "append" | "" if data.upsert == Some(true) => Action::Merge(merge(&name, &data, &table)?),
        "insert" | "append" | "" => Action::Append,
        "truncate" => Action::Truncate,
        "drop" => match &table {
            DatabaseTable::Place(_, Relation::Named(_)) => Action::Replace,
            _ => return Err(wrong("the action `drop` needs `Connection`, `Schema` and `Table`".to_owned())),
        },
        other => return Err(wrong(format!("the action `{other}` is not supported"))),
    };
    let target = DatabaseTarget {
        table,
        action,
        before: statements(&name, "PreAction", data.pre_action.as_ref())?,
        after: statements(&name, "PostAction", data.post_action.as_ref())?,
    };
    Ok((name, Kind::DatabaseTarget(target), found.inputs.clone().unwrap_or_default()))
}

/// An author's statements, which are part of the run's transaction and must not end it.
fn statements(node: &str, option: &str, text: Option<&String>) -> Result<Option<String>, NodeError> {
    let Some(text) = filled(text) else { return Ok(None) };
    let wrong = |message: String| NodeError::new(node, format!("`{option}` {message}"));
    let found = Engine::Redshift.transaction_command(&text);
    match found.map_err(|error| wrong(format!("cannot be used: {error}")))? {
        None => Ok(Some(text)),
        Some(command) => Err(wrong(format!(
            "has `{command}`: it runs within the run's transaction, which ends with the run"
        ))),
    }
}

fn merge(
    node: &str,
    data: &api::AmazonRedshiftNodeData,
    table: &DatabaseTable,
) -> Result<TableMerge, NodeError> {
    let wrong = |name: &str, found: &str| {
        NodeError::new(node, format!("`{name}` is `{found}`, which is not supported"))
    };
    let schema = match table {
        DatabaseTable::Place(_, Relation::Named(name)) if name.len() > 1 => name.first().cloned(),
        _ => None,
    };
    let staging = filled(data.staging_table.as_ref()).map(|staging| match staging.split_once('.') {
        Some((schema, staging)) => vec![schema.to_owned(), staging.to_owned()],
        None => schema.into_iter().chain([staging]).collect(),
    });
    let clause = match (data.merge_action.as_deref().unwrap_or_default(), filled(data.merge_clause.as_ref()))
    {
        ("simple", _) => None,
        ("custom", clause) => Some(required(node, "MergeClause", clause)?),
        ("", clause) => clause,
        (other, _) => return Err(wrong("MergeAction", other)),
    };
    if let Some(clause) = clause {
        required(node, "StagingTable", staging.as_ref())?;
        let clause = statements(node, "MergeClause", Some(&clause))?.unwrap_or_default();
        return Ok(TableMerge { staging, how: MergeHow::Clause(clause) });
    }
    let keys = data.selected_columns.iter().flatten().filter_map(|option| filled(option.value.as_ref()));
    let how = MergeHow::Keys {
        keys: keys.collect(),
        delete: match data.merge_when_matched.as_deref().unwrap_or("update") {
            "update" => false,
            "delete" => true,
            other => return Err(wrong("MergeWhenMatched", other)),
        },
        insert: match data.merge_when_not_matched.as_deref().unwrap_or("insert") {
            "insert" => true,
            "ignore" | "nothing" => false,
            other => return Err(wrong("MergeWhenNotMatched", other)),
        },
    };
    Ok(TableMerge { staging, how })
}

#[cfg(test)]
mod tests;
