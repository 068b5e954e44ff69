//! Databases beyond the catalog's files: JDBC, Redshift, Snowflake, connectors ("Connection types and options for ETL"
//! in the Developer Guide).

use super::Outcome;
use super::node::Node;
use super::sources::{reader, table};
use super::writer::Writer;
use crate::python::{Py, quoted};

type Options = Vec<(String, Py)>;

fn put(options: &mut Options, key: &str, text: Option<&str>) {
    options.extend(text.map(|text| (key.to_owned(), Py::str(text))));
}

/// `Value` of an option of the model.
fn value<'a>(node: &'a Node, name: &str) -> Option<&'a str> {
    node.text(&format!("Data.{name}.Value"))
}

pub(super) fn jdbc(writer: &mut Writer, node: &Node) -> Outcome {
    let mut options = vec![("useConnectionProperties".to_owned(), Py::str("true"))];
    put(&mut options, "dbtable", Some(node.required("Table")?));
    put(&mut options, "database", Some(node.required("Database")?));
    put(&mut options, "connectionName", Some(node.required("ConnectionName")?));
    put(&mut options, "redshiftTmpDir", node.text("RedshiftTmpDir"));
    reader(writer, node, node.required("ConnectionType")?, Py::dict(options));
    Ok(())
}

/// A table of the catalog that is one of Redshift's.
pub(super) fn redshift_table(writer: &mut Writer, node: &Node) -> Outcome {
    let arguments = redshift_arguments(writer, node);
    table(writer, node, arguments)
}

fn redshift_arguments(writer: &mut Writer, node: &Node) -> Vec<(&'static str, Py)> {
    let folder = match node.text("RedshiftTmpDir") {
        Some(folder) => Py::str(folder),
        None => writer.parameter("TempDir"),
    };
    let mut arguments = vec![("redshift_tmp_dir", folder)];
    let mut options = Options::new();
    put(&mut options, "aws_iam_role", node.text("TmpDirIAMRole"));
    if let Some(location) = node.text("UpsertRedshiftOptions.TableLocation") {
        put(&mut options, "dbtable", Some(location));
        put(&mut options, "connectionName", node.text("UpsertRedshiftOptions.ConnectionName"));
        let keys = node.texts("UpsertRedshiftOptions.UpsertKeys");
        options.push(("upsertKeys".to_owned(), Py::strings(keys)));
    }
    if !options.is_empty() {
        arguments.push(("additional_options", Py::dict(options)));
    }
    arguments
}

pub(super) fn redshift_table_target(writer: &mut Writer, node: &Node, input: &str) -> Outcome {
    let named = [
        ("frame", Py::code(input)),
        ("database", Py::str(node.required("Database")?)),
        ("table_name", Py::str(node.required("Table")?)),
    ];
    let context = [("transformation_ctx", Py::str(&node.variable))];
    let named = named.into_iter().chain(redshift_arguments(writer, node)).chain(context);
    writer.assign(&node.variable, &Py::call("glueContext.write_dynamic_frame.from_catalog", named));
    Ok(())
}

fn redshift(writer: &mut Writer, node: &Node) -> Outcome<Options> {
    let mut options = Options::new();
    let folder = match node.text("Data.TempDir") {
        Some(folder) => Py::str(folder),
        None => writer.parameter("TempDir"),
    };
    options.push(("redshiftTmpDir".to_owned(), folder));
    options.push(("useConnectionProperties".to_owned(), Py::str("true")));
    put(&mut options, "connectionName", value(node, "Connection").or(node.text("Data.CrawlerConnection")));
    put(&mut options, "aws_iam_role", value(node, "IamRole"));
    for option in node.items("Data.AdvancedOptions") {
        put(&mut options, option.required("Key")?, Some(option.text("Value").unwrap_or_default()));
    }
    Ok(options)
}

fn redshift_name(node: &Node) -> Option<String> {
    let table = value(node, "Table").or(node.text("Data.CatalogRedshiftTable"))?;
    let schema = value(node, "Schema").or(node.text("Data.CatalogRedshiftSchema"));
    Some(schema.map_or_else(|| table.to_owned(), |schema| format!("{schema}.{table}")))
}

pub(super) fn redshift_source(writer: &mut Writer, node: &Node) -> Outcome {
    let mut options = redshift(writer, node)?;
    match (node.text("Data.SourceType"), node.text("Data.SampleQuery")) {
        (Some("query"), Some(query)) => put(&mut options, "sampleQuery", Some(query)),
        _ => put(&mut options, "dbtable", Some(&redshift_name(node).ok_or("Table is missing.")?)),
    }
    reader(writer, node, "redshift", Py::dict(options));
    Ok(())
}

pub(super) fn redshift_target(writer: &mut Writer, node: &Node, input: &str) -> Outcome {
    let mut options = redshift(writer, node)?;
    let name = redshift_name(node).ok_or("Table is missing.")?;
    let merged = merge(node, &name)?;
    put(&mut options, "dbtable", Some(merged.as_ref().map_or(&name, |merged| &merged.staging)));
    actions(&mut options, node, merged, &name);
    sink(writer, node, input, "redshift", options);
    Ok(())
}

/// Rows that go to a staging table first, and from there into the table.
struct Merge {
    staging: String,
    statement: String,
}

fn merge(node: &Node, name: &str) -> Outcome<Option<Merge>> {
    if node.text("Data.Action") != Some("merge") && !node.is("Data.Upsert") {
        return Ok(None);
    }
    let staging = node.text("Data.StagingTable").map_or_else(|| format!("{name}_staging"), str::to_owned);
    if let Some(clause) = node.text("Data.MergeClause") {
        return Ok(Some(Merge { staging, statement: clause.trim_end_matches(';').to_owned() }));
    }
    let columns = |list: &str| -> Vec<String> {
        let items = node.items(list);
        items.iter().filter_map(|item| item.text("Value").map(identifier)).collect()
    };
    let (keys, all) = (columns("Data.SelectedColumns"), columns("Data.TableSchema"));
    if keys.is_empty() || all.is_empty() {
        return Err("A merge needs SelectedColumns and TableSchema, or a MergeClause.".to_owned());
    }
    let on: Vec<String> = keys.iter().map(|key| format!("{name}.{key} = {staging}.{key}")).collect();
    let set: Vec<String> = all.iter().map(|column| format!("{column} = {staging}.{column}")).collect();
    let values: Vec<String> = all.iter().map(|column| format!("{staging}.{column}")).collect();
    let matched = match node.text("Data.MergeWhenMatched") {
        Some("delete") => "DELETE".to_owned(),
        _ => format!("UPDATE SET {}", set.join(", ")),
    };
    let statement = format!(
        "MERGE INTO {name} USING {staging} ON {} WHEN MATCHED THEN {matched} WHEN NOT MATCHED THEN INSERT VALUES \
         ({})",
        on.join(" AND "),
        values.join(", ")
    );
    Ok(Some(Merge { staging, statement }))
}

fn identifier(name: &str) -> String {
    let plain = name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') && !name.is_empty();
    if plain { name.to_owned() } else { format!("\"{}\"", name.replace('"', "\"\"")) }
}

/// What the database does before and after the rows come.
fn actions(options: &mut Options, node: &Node, merged: Option<Merge>, name: &str) {
    let mut before: Vec<String> = node.text("Data.PreAction").map(str::to_owned).into_iter().collect();
    match node.text("Data.Action") {
        Some("truncate") => before.push(format!("TRUNCATE TABLE {name}")),
        Some("drop") => before.insert(0, format!("DROP TABLE IF EXISTS {name}")),
        _ => {}
    }
    let mut after: Vec<String> = Vec::new();
    if let Some(merged) = merged {
        after.extend([
            "BEGIN".to_owned(),
            merged.statement,
            format!("DROP TABLE {}", merged.staging),
            "END".to_owned(),
        ]);
    }
    after.extend(node.text("Data.PostAction").map(str::to_owned));
    for (key, statements) in [("preactions", before), ("postactions", after)] {
        let texts: Vec<&str> = statements.iter().map(|text| text.trim().trim_end_matches(';')).collect();
        if !texts.is_empty() {
            options.push((key.to_owned(), Py::str(format!("{};", texts.join("; ")))));
        }
    }
}

/// A node that writes with options in one dictionary.
fn sink(writer: &mut Writer, node: &Node, input: &str, connection_type: &str, options: Options) {
    let call = Py::call(
        "glueContext.write_dynamic_frame.from_options",
        [
            ("frame", Py::code(input)),
            ("connection_type", Py::str(connection_type)),
            ("connection_options", Py::dict(options)),
            ("transformation_ctx", Py::str(&node.variable)),
        ],
    );
    writer.assign(&node.variable, &call);
}

fn snowflake(node: &Node) -> Options {
    let mut options = Options::new();
    let pushdown = if node.flag("Data.AutoPushdown") == Some(false) { "off" } else { "on" };
    put(&mut options, "autopushdown", Some(pushdown));
    put(&mut options, "connectionName", value(node, "Connection"));
    put(&mut options, "sfDatabase", node.text("Data.Database"));
    put(&mut options, "sfSchema", node.text("Data.Schema"));
    put(&mut options, "tempDir", node.text("Data.TempDir"));
    put(&mut options, "aws_iam_role", value(node, "IamRole"));
    options.extend(node.map("Data.AdditionalOptions").into_iter().map(|(key, text)| (key, Py::Str(text))));
    options
}

pub(super) fn snowflake_source(writer: &mut Writer, node: &Node) -> Outcome {
    let mut options = snowflake(node);
    match (node.text("Data.SourceType"), node.text("Data.SampleQuery")) {
        (Some("query"), Some(query)) => put(&mut options, "query", Some(query)),
        _ => put(&mut options, "dbtable", Some(node.required("Data.Table")?)),
    }
    reader(writer, node, "snowflake", Py::dict(options));
    Ok(())
}

pub(super) fn snowflake_target(writer: &mut Writer, node: &Node, input: &str) -> Outcome {
    let mut options = snowflake(node);
    let name = node.required("Data.Table")?.to_owned();
    let merged = merge(node, &name)?;
    put(&mut options, "dbtable", Some(merged.as_ref().map_or(&name, |merged| &merged.staging)));
    actions(&mut options, node, merged, &name);
    sink(writer, node, input, "snowflake", options);
    Ok(())
}

fn connector(node: &Node) -> Outcome<Options> {
    let mut options = Options::new();
    put(&mut options, "connectionName", Some(node.required("ConnectionName")?));
    put(&mut options, "connectorName", Some(node.required("ConnectorName")?));
    let table = node.text("ConnectionTable");
    put(&mut options, if node.kind.starts_with("Athena") { "tableName" } else { "dbTable" }, table);
    put(&mut options, "schemaName", node.text("SchemaName"));
    put(&mut options, "query", node.text("Query"));
    Ok(options)
}

pub(super) fn connector_source(writer: &mut Writer, node: &Node) -> Outcome {
    let mut options = connector(node)?;
    if node.kind == "JDBCConnectorSource" {
        let of = |name: &str| format!("AdditionalOptions.{name}");
        put(&mut options, "filterPredicate", node.text(&of("FilterPredicate")));
        put(&mut options, "partitionColumn", node.text(&of("PartitionColumn")));
        let bounds =
            [("lowerBound", "LowerBound"), ("upperBound", "UpperBound"), ("numPartitions", "NumPartitions")];
        for (key, name) in bounds {
            options.extend(node.whole(&of(name)).map(|bound| (key.to_owned(), Py::str(bound.to_string()))));
        }
        let keys = node.texts(&of("JobBookmarkKeys"));
        if !keys.is_empty() {
            options.push(("jobBookmarkKeys".to_owned(), Py::strings(keys)));
        }
        put(&mut options, "jobBookmarkKeysSortOrder", node.text(&of("JobBookmarkKeysSortOrder")));
        let types = node.map(&of("DataTypeMapping"));
        if !types.is_empty() {
            let types = types.into_iter().map(|(from, to)| (from, Py::Str(to)));
            options.push(("dataTypeMapping".to_owned(), Py::dict(types)));
        }
    } else {
        let given = node.map("AdditionalOptions");
        options.extend(given.into_iter().map(|(key, text)| (key, Py::Str(text))));
    }
    reader(writer, node, node.required("ConnectionType")?, Py::dict(options));
    Ok(())
}

pub(super) fn connector_target(writer: &mut Writer, node: &Node, input: &str) -> Outcome {
    let mut options = connector(node)?;
    options.extend(node.map("AdditionalOptions").into_iter().map(|(key, text)| (key, Py::Str(text))));
    sink(writer, node, input, node.required("ConnectionType")?, options);
    Ok(())
}

fn data(node: &Node) -> Options {
    node.map("Data").into_iter().map(|(key, text)| (key, Py::Str(text))).collect()
}

pub(super) fn data_source(writer: &mut Writer, node: &Node) -> Outcome {
    reader(writer, node, node.required("ConnectionType")?, Py::dict(data(node)));
    Ok(())
}

pub(super) fn data_target(writer: &mut Writer, node: &Node, input: &str) -> Outcome {
    sink(writer, node, input, node.required("ConnectionType")?, data(node));
    Ok(())
}

/// A name between backticks, as Spark's SQL has it.
pub(super) fn ticked(name: &str) -> String {
    format!("`{}`", name.replace('`', "``"))
}

/// `"glue_catalog.`database`.`table`"`
pub(super) fn spark_table(database: &str, table: &str) -> String {
    quoted(&format!("glue_catalog.{}.{}", ticked(database), ticked(table)))
}
