//! Which visual nodes the engine runs; a job with any other is refused with the node's name.

use std::collections::BTreeMap;

use mastic_api_glue::glue::types::CodeGenConfigurationNode;
use mastic_core::Fault;
use mastic_shape::{Shape, Value};

/// Kinds that run, by their names in the API model.
pub(crate) const SUPPORTED: &[&str] = &[
    "Aggregate",
    "AmazonRedshiftSource",
    "AmazonRedshiftTarget",
    "ApplyMapping",
    "CatalogDeltaSource",
    "CatalogIcebergSource",
    "CatalogSource",
    "CatalogTarget",
    "ConnectorDataSource",
    "ConnectorDataTarget",
    "CustomCode",
    "DirectJDBCSource",
    "DropDuplicates",
    "DropFields",
    "DropNullFields",
    "DynamicTransform",
    "FillMissingValues",
    "Filter",
    "JDBCConnectorSource",
    "JDBCConnectorTarget",
    "Join",
    "Merge",
    "MySQLCatalogSource",
    "MySQLCatalogTarget",
    "PIIDetection",
    "PostgreSQLCatalogSource",
    "PostgreSQLCatalogTarget",
    "Recipe",
    "RedshiftSource",
    "RedshiftTarget",
    "RelationalCatalogSource",
    "RenameField",
    "Route",
    "S3CatalogDeltaSource",
    "S3CatalogIcebergSource",
    "S3CatalogSource",
    "S3CatalogTarget",
    "S3CsvSource",
    "S3DeltaCatalogTarget",
    "S3DeltaDirectTarget",
    "S3DeltaSource",
    "S3DirectTarget",
    "S3ExcelSource",
    "S3GlueParquetTarget",
    "S3IcebergCatalogTarget",
    "S3IcebergDirectTarget",
    "S3JsonSource",
    "S3ParquetSource",
    "SelectFields",
    "SelectFromCollection",
    "SparkSQL",
    "Spigot",
    "SplitFields",
    "Union",
];

/// Whether a node has code of the user's own: the engine has no Python, so that such a graph runs as its script.
pub(crate) fn is_code(nodes: &BTreeMap<String, CodeGenConfigurationNode>) -> bool {
    nodes.values().any(|node| node.custom_code.is_some())
}

/// Refuses a graph with a node that is no node, or of a kind that the engine does not run.
pub(crate) fn check(nodes: &BTreeMap<String, CodeGenConfigurationNode>) -> Result<(), Fault> {
    for (id, node) in nodes {
        let Value::Map(kinds) = node.clone().into_value() else { continue };
        let refusal = match kinds.as_slice() {
            [(kind, inner)] => {
                let name = inner.get("Name").and_then(Value::as_str).unwrap_or(id);
                let why = if !SUPPORTED.contains(&kind.as_ref()) {
                    format!("is of the kind {kind}, which Mastic does not run yet")
                } else if let Some(database) = database(kind, inner) {
                    format!("is about {database}, which Mastic does not reach")
                } else if let Some(format) = format(kind, inner) {
                    format!("has the format {format}, which nodes of the kind {kind} do not write")
                } else {
                    continue;
                };
                format!("Node '{name}' ({id}) {why}.")
            }
            [] => format!("Node {id} has no kind."),
            _ => {
                let names: Vec<_> = kinds.iter().map(|(kind, _)| kind.as_ref()).collect();
                format!("Node {id} has more than one kind: {}.", names.join(", "))
            }
        };
        return Err(Fault::sender("InvalidInputException", refusal));
    }
    Ok(())
}

/// The kind of database that a node is about, if it is one that cannot be reached.
fn database<'a>(kind: &str, node: &'a Value) -> Option<&'a str> {
    let known: &[&str] = match kind {
        "DirectJDBCSource" | "ConnectorDataSource" | "ConnectorDataTarget" => &[],
        "JDBCConnectorSource" | "JDBCConnectorTarget" => &["custom.jdbc", "marketplace.jdbc", "jdbc"],
        _ => return None,
    };
    let of = node.get("ConnectionType").and_then(Value::as_str)?;
    let lower = of.to_ascii_lowercase();
    (!known.iter().chain(&DATABASES).any(|known| *known == lower)).then_some(of)
}

/// The format of a target, if it is one that nodes of this kind do not write.
fn format<'a>(kind: &str, node: &'a Value) -> Option<&'a str> {
    let written: &[&str] = match kind {
        "S3DirectTarget" => &["json", "csv", "avro", "orc", "parquet", "xml"],
        "S3IcebergDirectTarget" => &["iceberg", "parquet"],
        "S3DeltaDirectTarget" => &["delta", "parquet"],
        _ => return None,
    };
    node.get("Format").and_then(Value::as_str).filter(|format| !written.contains(format))
}

/// Whether a job of these nodes may write into databases, of which tables of the catalog may be.
pub(crate) fn writes_databases(nodes: &BTreeMap<String, CodeGenConfigurationNode>) -> bool {
    nodes.values().any(|node| {
        node.jdbc_connector_target.is_some()
            || node.connector_data_target.is_some()
            || node.redshift_target.is_some()
            || node.amazon_redshift_target.is_some()
            || node.postgre_sql_catalog_target.is_some()
            || node.my_sql_catalog_target.is_some()
            || node.catalog_target.is_some()
    })
}

/// Databases, as connection types call them.
const DATABASES: [&str; 4] = ["mariadb", "mysql", "postgresql", "redshift"];

#[cfg(test)]
mod tests {
    use mastic_api_glue::glue::types::{
        ConnectorDataSource, CustomCode, EvaluateDataQuality, S3DirectTarget, SelectFields, TargetFormat,
    };

    use super::*;

    #[test]
    fn unknown_kinds_are_refused_by_name() {
        let keep =
            CodeGenConfigurationNode { select_fields: Some(SelectFields::default()), ..Default::default() };
        assert_eq!(check(&BTreeMap::from([("a".to_owned(), keep.clone())])), Ok(()));
        let rules = EvaluateDataQuality { name: "my rules".to_owned(), ..Default::default() };
        let rules = CodeGenConfigurationNode { evaluate_data_quality: Some(rules), ..Default::default() };
        let fault = check(&BTreeMap::from([("b".to_owned(), rules)])).unwrap_err();
        assert_eq!(
            fault.message(),
            "Node 'my rules' (b) is of the kind EvaluateDataQuality, which Mastic does not run yet."
        );
        let code =
            CodeGenConfigurationNode { custom_code: Some(CustomCode::default()), ..Default::default() };
        let graph = BTreeMap::from([("a".to_owned(), keep.clone()), ("d".to_owned(), code)]);
        assert!(
            check(&graph).is_ok() && is_code(&graph) && !is_code(&BTreeMap::from([("a".to_owned(), keep)]))
        );
        assert!(check(&BTreeMap::from([("c".to_owned(), CodeGenConfigurationNode::default())])).is_err());
    }

    #[test]
    fn databases_that_cannot_be_reached_are_refused_by_name() {
        let of = |connection_type: &str| {
            let connection_type = connection_type.to_owned();
            let found = ConnectorDataSource { name: "in".to_owned(), connection_type, ..Default::default() };
            let node = CodeGenConfigurationNode { connector_data_source: Some(found), ..Default::default() };
            check(&BTreeMap::from([("a".to_owned(), node)]))
        };
        assert_eq!(of("mysql"), Ok(()));
        let fault = of("snowflake").unwrap_err();
        assert_eq!(fault.message(), "Node 'in' (a) is about snowflake, which Mastic does not reach.");
    }

    #[test]
    fn formats_that_are_not_written_are_refused_by_name() {
        let of = |format: TargetFormat| {
            let format = Some(format);
            let found = S3DirectTarget { name: "out".to_owned(), format, ..Default::default() };
            let node = CodeGenConfigurationNode { s3_direct_target: Some(found), ..Default::default() };
            check(&BTreeMap::from([("a".to_owned(), node)]))
        };
        assert_eq!(of(TargetFormat::Xml), Ok(()));
        for format in [TargetFormat::Hudi, TargetFormat::Hyper, TargetFormat::Delta, TargetFormat::Iceberg] {
            let text = format!(
                "Node 'out' (a) has the format {}, which nodes of the kind S3DirectTarget do not write.",
                format.as_str()
            );
            assert_eq!(of(format).unwrap_err().message(), text);
        }
    }
}
