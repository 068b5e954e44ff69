//! Tables of Apache Iceberg, Delta Lake and Apache Hudi ("Using data lake frameworks with AWS Glue ETL jobs" in the
//! Developer Guide).

use super::frame::{columns, from_df};
use super::node::Node;
use super::warehouses::spark_table;
use super::writer::{Import, Writer};
use super::{Outcome, quality};
use crate::python::{Py, quoted};

/// The table format of a node, by its kind.
fn format(node: &Node) -> Outcome<&'static str> {
    [("Iceberg", "iceberg"), ("Delta", "delta"), ("Hudi", "hudi")]
        .into_iter()
        .find(|(word, _)| node.kind.contains(word))
        .map(|(_, format)| format)
        .ok_or_else(|| format!("Nodes of the kind {} have no script.", node.kind))
}

fn given(node: &Node, name: &str) -> Vec<(String, Py)> {
    node.map(name).into_iter().map(|(key, text)| (key, Py::Str(text))).collect()
}

pub(super) fn source(writer: &mut Writer, node: &Node) -> Outcome {
    let format = format(node)?;
    writer.import(Import::DynamicFrame);
    let options = match format {
        "iceberg" => "AdditionalIcebergOptions",
        "delta" => "AdditionalDeltaOptions",
        _ => "AdditionalHudiOptions",
    };
    let options = given(node, options);
    let frame = format!("{}_df", node.variable);
    if node.text("Table").is_some() {
        let named = [
            ("database", Py::str(node.required("Database")?)),
            ("table_name", Py::str(node.required("Table")?)),
            ("additional_options", Py::dict(options)),
        ];
        writer.assign(&frame, &Py::call("glueContext.create_data_frame.from_catalog", named));
    } else {
        let reads: Vec<String> = node
            .texts("Paths")
            .iter()
            .map(|path| {
                let options = if options.is_empty() {
                    String::new()
                } else {
                    format!(".options(**{})", Py::dict(options.clone()).flat())
                };
                format!("spark.read.format({}){options}.load({})", quoted(format), quoted(path))
            })
            .collect();
        let Some((first, others)) = reads.split_first() else { return Err("Paths are missing.".to_owned()) };
        writer.code(format!("{frame} = {first}"));
        for read in others {
            writer.code(format!("{frame} = {frame}.unionByName({read})"));
        }
    }
    writer.assign(&node.variable, &from_df(frame, &node.variable));
    Ok(())
}

pub(super) fn target(writer: &mut Writer, node: &Node, input: &str) -> Outcome {
    quality::of_target(writer, node, input);
    let format = format(node)?;
    let keys = node.paths("PartitionKeys");
    let frame = format!("{}_df", node.variable);
    let spread = super::targets::spread(node)?;
    writer.code(format!("{frame} = {input}.toDF(){spread}"));
    let mut options = given(node, "AdditionalOptions");
    let named = columns(&keys)?;
    if node.kind.ends_with("CatalogTarget") {
        if !keys.is_empty() {
            options.push(("partitionKeys".to_owned(), named));
        }
        if node.is("SchemaChangePolicy.EnableUpdateCatalog") {
            options.push(("enableUpdateCatalog".to_owned(), Py::Bool(true)));
            let behavior = node.text("SchemaChangePolicy.UpdateBehavior").unwrap_or("UPDATE_IN_DATABASE");
            options.push(("updateBehavior".to_owned(), Py::str(behavior)));
        }
        let call = Py::call(
            "glueContext.write_data_frame.from_catalog",
            [
                ("frame", Py::code(frame)),
                ("database", Py::str(node.required("Database")?)),
                ("table_name", Py::str(node.required("Table")?)),
                ("additional_options", Py::dict(options)),
            ],
        );
        writer.assign(&node.variable, &call);
        return Ok(());
    }
    match format {
        "iceberg" => iceberg(writer, node, &frame, &keys, &options),
        "delta" => delta(writer, node, &frame, &keys, options),
        _ => hudi(writer, node, &frame, &keys, options),
    }
}

fn listed(keys: &Py) -> String {
    let flat = keys.flat();
    flat.strip_prefix('[').and_then(|flat| flat.strip_suffix(']')).unwrap_or_default().to_owned()
}

/// The table that a target with a path keeps up to date.
fn table(node: &Node) -> Outcome<Option<(&str, &str)>> {
    if !node.is("SchemaChangePolicy.EnableUpdateCatalog") {
        return Ok(None);
    }
    let (database, table) = ("SchemaChangePolicy.Database", "SchemaChangePolicy.Table");
    Ok(Some((node.required(database)?, node.required(table)?)))
}

fn iceberg(
    writer: &mut Writer,
    node: &Node,
    frame: &str,
    keys: &[Vec<String>],
    options: &[(String, Py)],
) -> Outcome {
    let path = node.required("Path")?;
    let codec = node.text("Compression").unwrap_or("uncompressed");
    let mut properties = vec![("format-version".to_owned(), Py::str("2"))];
    properties.push(("location".to_owned(), Py::str(path)));
    properties.push(("write.parquet.compression-codec".to_owned(), Py::str(codec)));
    properties.extend(options.iter().cloned());
    let Some((database, table)) = table(node)? else {
        writer.code(format!("{frame}.write.format(\"iceberg\").mode(\"append\").save({})", quoted(path)));
        return Ok(());
    };
    let name = spark_table(database, table);
    let tail: String = properties
        .iter()
        .map(|(key, value)| format!(".tableProperty({}, {})", quoted(key), value.flat()))
        .collect();
    let parts = if keys.is_empty() {
        String::new()
    } else {
        writer.import(Import::Functions);
        let named: Vec<String> = keys
            .iter()
            .flatten()
            .map(|key| format!("SqlFuncs.col({})", quoted(&super::warehouses::ticked(key))))
            .collect();
        format!(".partitionedBy({})", named.join(", "))
    };
    writer.code(format!("if spark.catalog.tableExists({name}):"));
    writer.code(format!("    {frame}.writeTo({name}).append()"));
    writer.code("else:");
    writer.code(format!("    {frame}.writeTo({name}).using(\"iceberg\"){tail}{parts}.create()"));
    Ok(())
}

fn delta(
    writer: &mut Writer,
    node: &Node,
    frame: &str,
    keys: &[Vec<String>],
    given: Vec<(String, Py)>,
) -> Outcome {
    let path = node.required("Path")?;
    let codec = node.text("Compression").unwrap_or("uncompressed");
    let mut options = vec![("path".to_owned(), Py::str(path))];
    options.push(("compression".to_owned(), Py::str(codec)));
    options.extend(given);
    let save = save(writer, node, frame, "delta", keys, options)?;
    match table(node)? {
        Some((database, table)) => {
            let name =
                format!("{}.{}", super::warehouses::ticked(database), super::warehouses::ticked(table));
            let statement = format!(
                "CREATE TABLE IF NOT EXISTS {name} USING DELTA LOCATION '{}'",
                path.replace('\\', "\\\\").replace('\'', "\\'")
            );
            writer.code(format!("{save}.save()"));
            writer.code(format!("spark.sql({})", quoted(&statement)));
        }
        None => writer.code(format!("{save}.save()")),
    }
    Ok(())
}

fn hudi(
    writer: &mut Writer,
    node: &Node,
    frame: &str,
    keys: &[Vec<String>],
    given: Vec<(String, Py)>,
) -> Outcome {
    let mut options = vec![("path".to_owned(), Py::str(node.required("Path")?))];
    let codec = node.text("Compression").unwrap_or("uncompressed");
    options.push(("hoodie.parquet.compression.codec".to_owned(), Py::str(codec)));
    if let Some((database, table)) = table(node)? {
        let more = [
            ("hoodie.datasource.hive_sync.enable", "true"),
            ("hoodie.datasource.hive_sync.mode", "hms"),
            ("hoodie.datasource.hive_sync.database", database),
            ("hoodie.datasource.hive_sync.table", table),
        ];
        options.extend(more.map(|(key, text)| (key.to_owned(), Py::str(text))));
    }
    options.extend(given);
    let save = save(writer, node, frame, "hudi", keys, options)?;
    writer.code(format!("{save}.save()"));
    Ok(())
}

/// Names the options, and begins the statement that writes with them.
fn save(
    writer: &mut Writer,
    node: &Node,
    frame: &str,
    format: &str,
    keys: &[Vec<String>],
    options: Vec<(String, Py)>,
) -> Outcome<String> {
    let named = format!("{}_options", node.variable);
    writer.assign(&named, &Py::dict(options));
    let parts = match keys.is_empty() {
        true => String::new(),
        false => format!(".partitionBy({})", listed(&columns(keys)?)),
    };
    Ok(format!("{frame}.write.format({}).options(**{named}){parts}.mode(\"append\")", quoted(format)))
}
