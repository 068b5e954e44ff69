//! Targets in GlueContext's words ("GlueContext class", "Connection types and options for ETL", "Updating the schema, and
//! adding new partitions in the Data Catalog" in the AWS Glue Developer Guide).

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use mastic_api_glue::glue::op;
use mastic_api_glue::glue::types as api;
use mastic_client::Client;
use mastic_engine::CatalogClient;
use mastic_engine::plan::{
    Action, ArrowSource, CatalogTarget, Compression, CsvWriting, DatabasePlace, DatabaseTable,
    DatabaseTarget, FieldPath, Format, Kind, ParquetSource, Relation, S3Files, S3Target, TargetTable,
    UpdateBehavior,
};

use super::connections::ScriptConnections;
use super::requests::WriteRequest;
use super::source::{database_options, is_database, lake_of, told};
use super::words::{Words, kind_of, unsupported, wrong};
use crate::failure::Failure;

/// Options of files that tell AWS how to spread its work, or how it writes Parquet.
const TUNING: [&str; 7] = [
    "blocksize",
    "groupfiles",
    "groupsize",
    "pagesize",
    "transformationctx",
    "useglueparquetwriter",
    "uses3listimplementation",
];

/// What is written.
pub(super) struct Write {
    /// What messages call it.
    pub(super) name: String,
    pub(super) kind: Kind,
}

/// The rows that the run's own Spark has put into a folder.
///
/// # Errors
/// The folder is none of this machine.
pub(super) fn arrow(request: &WriteRequest) -> Result<Kind, Failure> {
    match request.data.strip_prefix("file://") {
        Some(folder) => Ok(rows_in(request, PathBuf::from(folder))),
        None => Err(wrong(format!("`data` is `{}`, which is no folder of this machine", request.data))),
    }
}

/// No rows, in the columns of the request. `folder` is made for them.
pub(super) fn nothing(request: &WriteRequest, folder: &Path) -> Result<Kind, Failure> {
    std::fs::create_dir_all(folder)
        .map_err(|error| Failure::new(format!("`{}` cannot be made: {error}", folder.display())))?;
    Ok(rows_in(request, folder.to_owned()))
}

fn rows_in(request: &WriteRequest, folder: PathBuf) -> Kind {
    let columns = request.columns.iter().map(|column| (column.name.clone(), column.of.clone())).collect();
    Kind::Arrow(ArrowSource { folder, columns })
}

/// The rows that another Spark has put into a folder.
pub(super) fn parquet(path: String) -> Kind {
    let files = S3Files { paths: vec![path], recurse: true, ..S3Files::default() };
    Kind::Parquet(ParquetSource { files })
}

/// What a request is about.
///
/// # Errors
/// Names what is missing, wrong or not supported.
pub(super) async fn of(
    request: &WriteRequest,
    client: &Client,
    connections: &ScriptConnections,
    catalog: &dyn CatalogClient,
) -> Result<Write, Failure> {
    let named = |kind, name: String| {
        let context = &request.transformation_ctx;
        Write { name: if context.is_empty() { name } else { context.clone() }, kind }
    };
    let options = Words::new("connection_options", &request.connection_options);
    if let Some(connection) = &request.catalog_connection {
        let kind = vendor(client, connection).await?;
        let mut data = database_options(options, connections)?;
        data.insert("connectionName".to_owned(), connection.clone());
        return Ok(named(of_database(&kind, data)?, connection.clone()));
    }
    let Some(connection_type) = &request.connection_type else {
        let (Some(database), Some(table)) = (&request.database, &request.table_name) else {
            return Err(wrong("`database` and `table_name`, or `connection_type` are missing"));
        };
        let kind = of_table(request, database, table, catalog).await?;
        return Ok(named(kind, format!("{database}.{table}")));
    };
    match connection_type.to_ascii_lowercase().as_str() {
        "s3" => {
            let kind = of_files(request, options)?;
            Ok(named(kind, connection_type.clone()))
        }
        kind if is_database(kind) => {
            let data = database_options(options, connections)?;
            Ok(named(of_database(kind, data)?, connection_type.clone()))
        }
        _ => {
            Err(unsupported(format!("targets of the connection type `{connection_type}` are not supported")))
        }
    }
}

fn behavior(options: &mut Words) -> Result<UpdateBehavior, Failure> {
    match options.text("updateBehavior")?.as_deref() {
        None | Some("UPDATE_IN_DATABASE") => Ok(UpdateBehavior::UpdateInDatabase),
        Some("LOG") => Ok(UpdateBehavior::Log),
        Some(other) => Err(wrong(format!("`updateBehavior` is UPDATE_IN_DATABASE or LOG, not `{other}`"))),
    }
}

fn keys(options: &mut Words) -> Result<Vec<FieldPath>, Failure> {
    Ok(options.list("partitionKeys")?.unwrap_or_default().into_iter().map(|key| vec![key]).collect())
}

fn of_files(request: &WriteRequest, mut options: Words) -> Result<Kind, Failure> {
    let path = options.text("path")?.ok_or_else(|| wrong("`path` of connection_options is missing"))?;
    let format = request.format.as_deref().filter(|format| !format.is_empty());
    let format = format.ok_or_else(|| wrong("`format` is missing: a target in S3 needs one"))?;
    let mut how = Words::new("format_options", &request.format_options);
    let inside = how.text("compression")?;
    let compression = options.text("compression")?.or(inside);
    let partition_keys = keys(&mut options)?;
    let updates = options.flag("enableUpdateCatalog")?.unwrap_or(false);
    let update = behavior(&mut options)?;
    let table = match (updates, &request.database, &request.table_name) {
        (false, ..) => None,
        (true, Some(database), Some(table)) => {
            Some(TargetTable { database: database.clone(), table: table.clone(), update })
        }
        (true, ..) => {
            return Err(wrong(
                "`enableUpdateCatalog` needs the table's name: setCatalogInfo(catalogDatabase, catalogTableName)",
            ));
        }
    };
    let format = match format.to_ascii_lowercase().as_str() {
        "parquet" | "glueparquet" => Format::Parquet,
        "json" => Format::Json,
        "csv" => Format::Csv,
        "avro" => {
            how.text("version")?;
            Format::Avro
        }
        "orc" => Format::Orc,
        "xml" => Format::Xml,
        "delta" => return delta(path, options, compression, partition_keys, table),
        other => return Err(unsupported(format!("the format `{other}` of a target is not supported"))),
    };
    let csv = if format == Format::Csv { csv(&mut how)? } else { CsvWriting::default() };
    options.end(&TUNING)?;
    how.end(&TUNING)?;
    let compression =
        compression.map(|text| Compression::parse(&text, format)).transpose().map_err(unsupported)?;
    Ok(Kind::S3Target(S3Target {
        path,
        format,
        csv,
        compression,
        files: request.files,
        partition_keys,
        table,
    }))
}

fn csv(how: &mut Words) -> Result<CsvWriting, Failure> {
    let quote = if how.has("quoteChar") { how.text("quoteChar")? } else { Some("\"".to_owned()) };
    let quote = match quote.as_deref() {
        None | Some("-1") => None,
        Some(text) => match text.as_bytes() {
            [byte] => Some(*byte),
            _ => {
                let text =
                    format!("`quoteChar` of format_options is `{text}`: one ASCII character is supported");
                return Err(unsupported(text));
            }
        },
    };
    let header = how.flag("writeHeader")?.unwrap_or(true);
    // What a reader would make of the files says nothing about how they are written.
    for reading in ["withHeader", "skipFirst", "multiLine", "optimizePerformance"] {
        how.flag(reading)?;
    }
    Ok(CsvWriting {
        separator: how.byte("separator")?.unwrap_or(b','),
        quote,
        escape: how.byte("escaper")?,
        header,
    })
}

fn delta(
    path: String,
    options: Words,
    compression: Option<String>,
    partition_keys: Vec<FieldPath>,
    table: Option<TargetTable>,
) -> Result<Kind, Failure> {
    let compression = match compression.map(|text| text.to_ascii_lowercase()).as_deref() {
        None | Some("snappy") => api::DeltaTargetCompressionType::Snappy,
        Some("uncompressed" | "none") => api::DeltaTargetCompressionType::Uncompressed,
        Some(other) => {
            return Err(unsupported(format!(
                "Delta Lake tables compressed with `{other}` are not supported"
            )));
        }
    };
    let policy = table.map(|table| api::DirectSchemaChangePolicy {
        enable_update_catalog: Some(true),
        update_behavior: Some(match table.update {
            UpdateBehavior::Log => api::UpdateCatalogBehavior::Log,
            UpdateBehavior::UpdateInDatabase => api::UpdateCatalogBehavior::UpdateInDatabase,
        }),
        database: Some(table.database),
        table: Some(table.table),
    });
    let target = api::S3DeltaDirectTarget {
        path,
        partition_keys: Some(partition_keys),
        compression: Some(compression),
        format: Some(api::TargetFormat::Delta),
        additional_options: Some(options.rest()?),
        schema_change_policy: policy,
        ..Default::default()
    };
    kind_of(&api::CodeGenConfigurationNode { s3_delta_direct_target: Some(target), ..Default::default() })
}

/// What plain Spark's `mode("overwrite")` asks for: `truncate` or `drop`, in the words of `mastic_host`.
const OVERWRITE: &str = "mastic.overwrite";

fn of_database(kind: &str, mut data: BTreeMap<String, String>) -> Result<Kind, Failure> {
    let overwrite = data.remove(OVERWRITE);
    for actions in ["preactions", "postactions"] {
        let given: Vec<String> =
            data.keys().filter(|key| key.eq_ignore_ascii_case(actions)).cloned().collect();
        for key in given {
            if let Some(text) = data.get_mut(&key) {
                *text = within_transaction(text);
            }
        }
    }
    let target = api::ConnectorDataTarget {
        connection_type: kind.to_owned(),
        data,
        inputs: Some(vec![]),
        ..Default::default()
    };
    let mut kind = kind_of(&api::CodeGenConfigurationNode {
        connector_data_target: Some(target),
        ..Default::default()
    })?;
    if let (Kind::DatabaseTarget(target), Some(overwrite)) = (&mut kind, overwrite) {
        match (overwrite.as_str(), &target.table) {
            ("truncate", _) => target.action = Action::Truncate,
            ("drop", DatabaseTable::Place(_, Relation::Table(table))) => {
                target.before = Some(format!("DROP TABLE IF EXISTS {table}"));
            }
            _ => {
                return Err(wrong(format!(
                    "`{OVERWRITE}` is truncate or drop of a table, not `{overwrite}`"
                )));
            }
        }
    }
    Ok(kind)
}

/// Statements without a `BEGIN` in front and the `END` behind: all that a write does is one transaction.
fn within_transaction(text: &str) -> String {
    let mut statements: Vec<&str> = text.split(';').map(str::trim).collect();
    let is = |statement: &str, words: &[&str]| words.iter().any(|word| statement.eq_ignore_ascii_case(word));
    while statements.last().is_some_and(|last| last.is_empty()) {
        statements.pop();
    }
    let begins = statements
        .first()
        .is_some_and(|first| is(first, &["BEGIN", "BEGIN TRANSACTION", "START TRANSACTION"]));
    let ends = statements.last().is_some_and(|last| is(last, &["END", "END TRANSACTION", "COMMIT"]));
    if !(begins && ends) {
        return text.to_owned();
    }
    statements.pop();
    statements.into_iter().skip(1).collect::<Vec<_>>().join("; ")
}

/// The kind of database to which a connection of the catalog leads.
async fn vendor(client: &Client, connection: &str) -> Result<String, Failure> {
    let input = api::GetConnectionRequest { name: connection.to_owned(), ..Default::default() };
    let found = client.call::<op::GetConnection>(input).await?.connection.unwrap_or_default();
    let properties = found.connection_properties.unwrap_or_default();
    let url = properties.get("JDBC_CONNECTION_URL").map(String::as_str).unwrap_or_default();
    let vendor = url.strip_prefix("jdbc:").and_then(|rest| rest.split(':').next());
    Ok(vendor.map_or_else(|| "jdbc".to_owned(), str::to_ascii_lowercase))
}

async fn of_table(
    request: &WriteRequest,
    database: &str,
    table: &str,
    catalog: &dyn CatalogClient,
) -> Result<Kind, Failure> {
    let name = format!("{database}.{table}");
    let mut options = Words::new("additional_options", &request.additional_options);
    for known in TUNING.iter().chain(&["aws_iam_role", "redshifttmpdir", "usesparkdatasource"]) {
        options.text(known)?;
    }
    let partition_keys = keys(&mut options)?;
    let updates = options.flag("enableUpdateCatalog")?.unwrap_or(false);
    let update = behavior(&mut options)?;
    let (upsert, instead) = (options.list("upsertKeys")?.unwrap_or_default(), options.text("dbtable")?);
    let through = options.text("connectionName")?;
    let (database, table) = (database.to_owned(), table.to_owned());
    if !upsert.is_empty() || instead.is_some() {
        options.end(&[])?;
        let table = match (through, instead) {
            (Some(connection), Some(table)) => {
                let place = DatabasePlace { connection, database: None, engine: None };
                DatabaseTable::Place(place, Relation::Table(table))
            }
            (_, instead) => DatabaseTable::Catalog { database, table, instead },
        };
        let action = if upsert.is_empty() { Action::Append } else { Action::Upsert(upsert) };
        return Ok(Kind::DatabaseTarget(DatabaseTarget { table, action, before: None, after: None }));
    }
    let own = options.rest()?;
    if own.is_empty() {
        let update = updates.then_some(update);
        return Ok(Kind::CatalogTarget(CatalogTarget { database, table, partition_keys, update }));
    }
    let found = catalog.get_table(&database, &table).await.map_err(|error| told(&name, &error))?;
    let policy = api::CatalogSchemaChangePolicy {
        enable_update_catalog: Some(updates),
        update_behavior: Some(match update {
            UpdateBehavior::Log => api::UpdateCatalogBehavior::Log,
            UpdateBehavior::UpdateInDatabase => api::UpdateCatalogBehavior::UpdateInDatabase,
        }),
    };
    let node = match found.as_ref().and_then(lake_of) {
        Some("iceberg") => api::CodeGenConfigurationNode {
            s3_iceberg_catalog_target: Some(api::S3IcebergCatalogTarget {
                database,
                table,
                partition_keys: Some(partition_keys),
                additional_options: Some(own),
                schema_change_policy: Some(policy),
                ..Default::default()
            }),
            ..Default::default()
        },
        Some(_) => api::CodeGenConfigurationNode {
            s3_delta_catalog_target: Some(api::S3DeltaCatalogTarget {
                database,
                table,
                partition_keys: Some(partition_keys),
                additional_options: Some(own),
                schema_change_policy: Some(policy),
                ..Default::default()
            }),
            ..Default::default()
        },
        None => {
            let first = own.keys().next().cloned().unwrap_or_default();
            return Err(unsupported(format!(
                "the option `{first}` of additional_options is not supported for the table `{name}`"
            )));
        }
    };
    kind_of(&node)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn written(given: Value) -> Result<Kind, String> {
        let request: WriteRequest = serde_json::from_value(given).unwrap();
        let options = Words::new("connection_options", &request.connection_options);
        of_files(&request, options).map_err(|failure| failure.to_string())
    }

    #[test]
    fn files_with_their_table() {
        let kind = written(json!({
            "format": "glueparquet", "format_options": {"compression": "gzip"}, "database": "d", "table_name": "t",
            "connection_options": {"path": "s3://b/out/", "partitionKeys": ["year"], "enableUpdateCatalog": true,
                                   "updateBehavior": "LOG"},
        }));
        let Ok(Kind::S3Target(target)) = kind else { panic!("{kind:?}") };
        assert_eq!((target.format, target.compression), (Format::Parquet, Some(Compression::Gzip)));
        assert_eq!(target.partition_keys, [vec!["year".to_owned()]]);
        assert_eq!(target.table.map(|table| table.update), Some(UpdateBehavior::Log));
    }

    #[test]
    fn csv_as_the_author_wants_it() {
        let kind = written(json!({
            "format": "csv", "connection_options": {"path": "s3://b/out/", "compression": "gzip"},
            "format_options": {"separator": "|", "writeHeader": false, "quoteChar": -1},
        }));
        let Ok(Kind::S3Target(target)) = kind else { panic!("{kind:?}") };
        assert_eq!(target.csv, CsvWriting { separator: b'|', quote: None, escape: None, header: false });
        assert_eq!(target.compression, Some(Compression::Gzip));
    }

    #[test]
    fn what_is_wrong_is_named() {
        let told = |given| written(given).unwrap_err();
        assert!(told(json!({"format": "csv"})).contains("`path`"));
        assert!(told(json!({"connection_options": {"path": "s3://b/"}})).contains("`format`"));
        assert!(told(json!({"format": "ion", "connection_options": {"path": "s3://b/"}})).contains("`ion`"));
        let update =
            json!({"format": "csv", "connection_options": {"path": "s3://b/", "enableUpdateCatalog": true}});
        assert!(told(update).contains("setCatalogInfo"));
        let odd = json!({"format": "json", "connection_options": {"path": "s3://b/", "mode": "overwrite"}});
        assert_eq!(told(odd), "the option `mode` of connection_options is not supported");
    }

    #[test]
    fn statements_are_part_of_the_write() {
        assert_eq!(
            within_transaction("BEGIN; MERGE INTO a USING b; DROP TABLE b; END;"),
            "MERGE INTO a USING b; DROP TABLE b"
        );
        assert_eq!(within_transaction("TRUNCATE TABLE a;"), "TRUNCATE TABLE a;");
        assert_eq!(within_transaction("BEGIN; x"), "BEGIN; x");
    }
}
