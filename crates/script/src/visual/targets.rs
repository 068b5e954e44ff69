//! Nodes that write ("GlueContext class" and "Data format options" in the Developer Guide).

use super::frame::columns;
use super::node::Node;
use super::writer::Writer;
use super::{Outcome, lake, quality, warehouses};
use crate::python::Py;

pub(super) fn write(writer: &mut Writer, node: &Node, input: &str) -> Outcome {
    match node.kind.as_str() {
        "S3DirectTarget" | "S3GlueParquetTarget" | "S3HyperDirectTarget" => files(writer, node, input),
        "S3CatalogTarget" | "CatalogTarget" => table(writer, node, input),
        "MicrosoftSQLServerCatalogTarget"
        | "MySQLCatalogTarget"
        | "OracleSQLCatalogTarget"
        | "PostgreSQLCatalogTarget" => table(writer, node, input),
        "RedshiftTarget" => warehouses::redshift_table_target(writer, node, input),
        "AmazonRedshiftTarget" => warehouses::redshift_target(writer, node, input),
        "SnowflakeTarget" => warehouses::snowflake_target(writer, node, input),
        "JDBCConnectorTarget" | "SparkConnectorTarget" => warehouses::connector_target(writer, node, input),
        "ConnectorDataTarget" => warehouses::data_target(writer, node, input),
        "GovernedCatalogTarget" => Err("AWS has no governed tables any more.".to_owned()),
        _ => lake::target(writer, node, input),
    }
}

/// `.repartition(10)` where the author says how many files there shall be.
pub(super) fn spread(node: &Node) -> Outcome<String> {
    match node.text("NumberTargetPartitions").map(|text| (text, text.trim().parse::<u32>())) {
        None | Some((_, Ok(0))) => Ok(String::new()),
        Some((_, Ok(number))) => Ok(format!(".repartition({number})")),
        Some((text, Err(_))) => Err(format!("NumberTargetPartitions is no number: {text}.")),
    }
}

fn files(writer: &mut Writer, node: &Node, input: &str) -> Outcome {
    quality::of_target(writer, node, input);
    let frame = Py::code(format!("{input}{}", spread(node)?));
    let path = Py::str(node.required("Path")?);
    let keys = columns(&node.paths("PartitionKeys"))?;
    let format = match node.kind.as_str() {
        "S3GlueParquetTarget" => "glueparquet",
        "S3HyperDirectTarget" => "hyper",
        _ => node.required("Format")?,
    };
    let compression = node.text("Compression").map(|text| ("compression", Py::str(text)));
    let context = ("transformation_ctx", Py::str(&node.variable));
    // Parquet is compressed inside, text as a whole.
    let inside = matches!(format, "glueparquet" | "parquet" | "orc" | "avro");
    if node.is("SchemaChangePolicy.EnableUpdateCatalog") {
        let behavior = node.text("SchemaChangePolicy.UpdateBehavior").unwrap_or("UPDATE_IN_DATABASE");
        let outside = compression.clone().filter(|_| !inside);
        let sink = [
            ("path", path),
            ("connection_type", Py::str("s3")),
            ("updateBehavior", Py::str(behavior)),
            ("partitionKeys", keys),
        ];
        let rest = [("enableUpdateCatalog", Py::Bool(true)), context];
        let named = sink.into_iter().chain(outside).chain(rest);
        writer.assign(&node.variable, &Py::call("glueContext.getSink", named));
        let place = [
            ("catalogDatabase", Py::str(node.required("SchemaChangePolicy.Database")?)),
            ("catalogTableName", Py::str(node.required("SchemaChangePolicy.Table")?)),
        ];
        writer.call(&Py::call(format!("{}.setCatalogInfo", node.variable), place));
        let how = compression.filter(|_| inside).into_iter().collect();
        writer.call(&Py::Call(format!("{}.setFormat", node.variable), vec![Py::str(format)], how));
        writer.call(&Py::Call(format!("{}.writeFrame", node.variable), vec![frame], vec![]));
        return Ok(());
    }
    let mut options = vec![("path", path)];
    options.extend(compression.clone().filter(|_| !inside));
    options.push(("partitionKeys", keys));
    let mut named = vec![
        ("frame", frame),
        ("connection_type", Py::str("s3")),
        ("format", Py::str(format)),
        ("connection_options", Py::dict(options)),
    ];
    named.extend(compression.filter(|_| inside).map(|one| ("format_options", Py::dict([one]))));
    named.push(context);
    writer.assign(&node.variable, &Py::call("glueContext.write_dynamic_frame.from_options", named));
    Ok(())
}

fn table(writer: &mut Writer, node: &Node, input: &str) -> Outcome {
    quality::of_target(writer, node, input);
    let mut options = Vec::new();
    let keys = node.paths("PartitionKeys");
    if !keys.is_empty() {
        options.push(("partitionKeys", columns(&keys)?));
    }
    if node.is("SchemaChangePolicy.EnableUpdateCatalog") {
        let behavior = node.text("SchemaChangePolicy.UpdateBehavior").unwrap_or("UPDATE_IN_DATABASE");
        options.push(("enableUpdateCatalog", Py::Bool(true)));
        options.push(("updateBehavior", Py::str(behavior)));
    }
    let mut named = vec![
        ("frame", Py::code(input)),
        ("database", Py::str(node.required("Database")?)),
        ("table_name", Py::str(node.required("Table")?)),
    ];
    if !options.is_empty() {
        named.push(("additional_options", Py::dict(options)));
    }
    named.push(("transformation_ctx", Py::str(&node.variable)));
    writer.assign(&node.variable, &Py::call("glueContext.write_dynamic_frame.from_catalog", named));
    Ok(())
}
