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
    let mode = if format == "hudi" { Mode::Append } else { Mode::take(&mut options)? };
    let named = columns(&keys)?;
    if node.kind.ends_with("CatalogTarget") {
        if mode != Mode::Append {
            let (database, table) = (node.required("Database")?, node.required("Table")?);
            return changed(writer, node, &frame, (database, table), &mode, &options);
        }
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
        "iceberg" => iceberg(writer, node, &frame, &keys, &options, &mode),
        "delta" => delta(writer, node, &frame, &keys, options, &mode),
        _ => hudi(writer, node, &frame, &keys, options),
    }
}

/// What a target does with the rows that are there: options of Mastic's own.
#[derive(Debug, PartialEq, Eq)]
enum Mode {
    Append,
    Overwrite,
    Partitions,
    Upsert(Vec<String>),
}

impl Mode {
    /// The mode that the options say, which are taken out of them unless Spark knows them too.
    fn take(options: &mut Vec<(String, Py)>) -> Outcome<Self> {
        let mut taken = |name: &str| {
            let at = options.iter().position(|(key, _)| key.eq_ignore_ascii_case(name))?;
            match options.remove(at) {
                (_, Py::Str(text)) => Some(text),
                _ => None,
            }
        };
        let (mode, keys, dynamic) = (taken("mode"), taken("mergeKeys"), taken("overwrite-mode"));
        let spark = options.iter().any(|(key, text)| {
            key == "partitionOverwriteMode"
                && matches!(text, Py::Str(text) if text.eq_ignore_ascii_case("dynamic"))
        });
        let dynamic = spark || dynamic.is_some_and(|text| text.eq_ignore_ascii_case("dynamic"));
        match mode.unwrap_or_default().trim().to_ascii_lowercase().as_str() {
            "" | "append" => Ok(Self::Append),
            "overwrite" if dynamic => Ok(Self::Partitions),
            "overwrite" => Ok(Self::Overwrite),
            "upsert" => {
                let keys = keys.ok_or_else(|| "The mode upsert needs mergeKeys.".to_owned())?;
                Ok(Self::Upsert(keys.split(',').map(|key| key.trim().to_owned()).collect()))
            }
            other => Err(format!("The mode {other} of a target is not known.")),
        }
    }
}

fn merges_schema(key: &str) -> bool {
    ["mergeSchema", "merge-schema"].contains(&key)
}

/// The statement that merges a view into a table by keys.
fn merge(table: &str, view: &str, keys: &[String]) -> String {
    let same = keys.iter().map(|key| {
        let key = super::warehouses::ticked(key);
        format!("target.{key} = source.{key}")
    });
    let same: Vec<String> = same.collect();
    format!(
        "MERGE INTO {table} AS target USING {view} AS source ON {} WHEN MATCHED THEN UPDATE SET * \
         WHEN NOT MATCHED THEN INSERT *",
        same.join(" AND ")
    )
}

/// The lines that write into an Iceberg table that is there.
fn into_iceberg(
    writer: &mut Writer,
    node: &Node,
    frame: &str,
    (database, table): (&str, &str),
    mode: &Mode,
    options: &[(String, Py)],
) -> Vec<String> {
    let name = spark_table(database, table);
    let options: String =
        options.iter().map(|(key, text)| format!(".option({}, {})", quoted(key), text.flat())).collect();
    let how = match mode {
        Mode::Append => "append()",
        Mode::Partitions => "overwritePartitions()",
        Mode::Overwrite => {
            writer.import(Import::Functions);
            "overwrite(SqlFuncs.lit(True))"
        }
        Mode::Upsert(keys) => {
            let view = format!("{}_updates", node.variable);
            let ticked = super::warehouses::ticked;
            let place = format!("glue_catalog.{}.{}", ticked(database), ticked(table));
            return vec![
                format!("{frame}.createOrReplaceTempView({})", quoted(&view)),
                format!("spark.sql({})", quoted(&merge(&place, &view, keys))),
            ];
        }
    };
    vec![format!("{frame}.writeTo({name}){options}.{how}")]
}

/// Overwrites a table of the catalog, or merges into it.
fn changed(
    writer: &mut Writer,
    node: &Node,
    frame: &str,
    (database, table): (&str, &str),
    mode: &Mode,
    options: &[(String, Py)],
) -> Outcome {
    let lines = match (format(node)?, mode) {
        ("iceberg", _) => into_iceberg(writer, node, frame, (database, table), mode, options),
        (_, Mode::Upsert(keys)) => {
            let view = format!("{}_updates", node.variable);
            let place =
                format!("{}.{}", super::warehouses::ticked(database), super::warehouses::ticked(table));
            vec![
                format!("{frame}.createOrReplaceTempView({})", quoted(&view)),
                format!("spark.sql({})", quoted(&merge(&place, &view, keys))),
            ]
        }
        _ => {
            let name =
                format!("{}.{}", super::warehouses::ticked(database), super::warehouses::ticked(table));
            let given = Py::dict(options.to_vec()).flat();
            vec![format!(
                "{frame}.write.format(\"delta\").options(**{given}).mode(\"overwrite\").saveAsTable({})",
                quoted(&name)
            )]
        }
    };
    for line in lines {
        writer.code(line);
    }
    Ok(())
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
    mode: &Mode,
) -> Outcome {
    let path = node.required("Path")?;
    let codec = node.text("Compression").unwrap_or("uncompressed");
    let mut properties = vec![("format-version".to_owned(), Py::str("2"))];
    properties.push(("location".to_owned(), Py::str(path)));
    properties.push(("write.parquet.compression-codec".to_owned(), Py::str(codec)));
    let (merges, others): (Vec<_>, Vec<_>) = options.iter().cloned().partition(|(key, _)| merges_schema(key));
    properties.extend(others);
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
    for line in into_iceberg(writer, node, frame, (database, table), mode, &merges) {
        writer.code(format!("    {line}"));
    }
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
    mode: &Mode,
) -> Outcome {
    let path = node.required("Path")?;
    let codec = node.text("Compression").unwrap_or("uncompressed");
    let mut options = vec![("path".to_owned(), Py::str(path))];
    options.push(("compression".to_owned(), Py::str(codec)));
    options.extend(given);
    let mut save = save(writer, node, frame, "delta", keys, options)?;
    if matches!(mode, Mode::Overwrite | Mode::Partitions) {
        save = save.replace(".mode(\"append\")", ".mode(\"overwrite\")");
    }
    if let Mode::Upsert(keys) = mode {
        writer.import(Import::DeltaTable);
        let view = format!("{}_updates", node.variable);
        writer.code(format!("{frame}.createOrReplaceTempView({})", quoted(&view)));
        writer.code(format!("if DeltaTable.isDeltaTable(spark, {}):", quoted(path)));
        let place = format!("delta.{}", super::warehouses::ticked(path));
        writer.code(format!("    spark.sql({})", quoted(&merge(&place, &view, keys))));
        writer.code("else:".to_owned());
        save = format!("    {save}");
    }
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
