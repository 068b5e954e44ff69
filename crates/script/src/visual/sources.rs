//! Nodes that read ("Connection types and options for ETL" and "Data format options" in the Developer Guide).

use super::helpers::Helper;
use super::node::Node;
use super::transforms::casts;
use super::writer::{Import, Writer};
use super::{Outcome, lake, schema, streams, warehouses};
use crate::python::Py;

pub(super) fn write(writer: &mut Writer, node: &Node) -> Outcome {
    match node.kind.as_str() {
        "S3CsvSource" => csv(writer, node),
        "S3JsonSource" => json(writer, node),
        "S3ParquetSource" => {
            files(writer, node, "parquet", vec![]);
            Ok(())
        }
        "S3ExcelSource" => {
            let number = |key, name| node.whole(name).map(|number| (key, Py::Int(number)));
            let options = number("numberRows", "NumberRows").into_iter();
            files(writer, node, "excel", options.chain(number("skipFooter", "SkipFooter")).collect());
            casts(writer, &node.variable, &node.schema());
            Ok(())
        }
        "CatalogSource" | "S3CatalogSource" => catalog(writer, node, bounds(node)),
        "RelationalCatalogSource"
        | "MicrosoftSQLServerCatalogSource"
        | "MySQLCatalogSource"
        | "OracleSQLCatalogSource"
        | "PostgreSQLCatalogSource" => catalog(writer, node, vec![]),
        "DynamoDBCatalogSource" => dynamo_table(writer, node),
        "DynamoDBELTConnectorSource" => dynamo(writer, node),
        "RedshiftSource" => warehouses::redshift_table(writer, node),
        "AmazonRedshiftSource" => warehouses::redshift_source(writer, node),
        "SnowflakeSource" => warehouses::snowflake_source(writer, node),
        "DirectJDBCSource" => warehouses::jdbc(writer, node),
        "JDBCConnectorSource" | "SparkConnectorSource" | "AthenaConnectorSource" => {
            warehouses::connector_source(writer, node)
        }
        "ConnectorDataSource" => warehouses::data_source(writer, node),
        "DirectKinesisSource" | "CatalogKinesisSource" | "DirectKafkaSource" | "CatalogKafkaSource" => {
            streams::write(writer, node)
        }
        "GovernedCatalogSource" => Err("AWS has no governed tables any more.".to_owned()),
        _ => lake::source(writer, node),
    }
}

/// A node that reads without further options, or with them in one dictionary.
pub(super) fn reader(writer: &mut Writer, node: &Node, connection_type: &str, options: Py) {
    let call = Py::call(
        "glueContext.create_dynamic_frame.from_options",
        [
            ("connection_type", Py::str(connection_type)),
            ("connection_options", options),
            ("transformation_ctx", Py::str(&node.variable)),
        ],
    );
    writer.assign(&node.variable, &call);
}

/// A table of the catalog, with further arguments.
pub(super) fn table(
    writer: &mut Writer,
    node: &Node,
    further: impl IntoIterator<Item = (&'static str, Py)>,
) -> Outcome {
    let named =
        [("database", Py::str(node.required("Database")?)), ("table_name", Py::str(node.required("Table")?))];
    let context = [("transformation_ctx", Py::str(&node.variable))];
    let named = named.into_iter().chain(further).chain(context);
    writer.assign(&node.variable, &Py::call("glueContext.create_dynamic_frame.from_catalog", named));
    Ok(())
}

fn catalog(writer: &mut Writer, node: &Node, options: Vec<(&'static str, Py)>) -> Outcome {
    let predicate = node.text("PartitionPredicate").map(|text| ("push_down_predicate", Py::str(text)));
    let options = Some(options).filter(|options| !options.is_empty());
    let options = options.map(|options| ("additional_options", Py::dict(options)));
    table(writer, node, predicate.into_iter().chain(options))
}

/// Bounds of what is read in one run.
fn bounds(node: &Node) -> Vec<(&'static str, Py)> {
    [("boundedSize", "BoundedSize"), ("boundedFiles", "BoundedFiles")]
        .into_iter()
        .filter_map(|(key, name)| {
            let bound = node.whole(&format!("AdditionalOptions.{name}")).filter(|bound| *bound > 0)?;
            Some((key, Py::str(bound.to_string())))
        })
        .collect()
}

/// Where files are, and which of them are read.
pub(super) fn places(node: &Node) -> Py {
    let mut options = vec![("paths", Py::strings(node.texts("Paths")))];
    options.push(("recurse", Py::Bool(node.flag("Recurse").unwrap_or(true))));
    let excluded = patterns(&node.texts("Exclusions"));
    if !excluded.is_empty() {
        let list = serde_json::Value::from(excluded).to_string();
        options.push(("exclusions", Py::str(list)));
    }
    let texts =
        [("compressionType", "CompressionType"), ("groupFiles", "GroupFiles"), ("groupSize", "GroupSize")];
    options.extend(texts.into_iter().filter_map(|(key, name)| Some((key, Py::str(node.text(name)?)))));
    let numbers = [("maxBand", "MaxBand"), ("maxFilesInBand", "MaxFilesInBand")];
    options.extend(numbers.into_iter().filter_map(|(key, name)| Some((key, Py::Int(node.whole(name)?)))));
    options.extend(bounds(node));
    if node.is("AdditionalOptions.EnableSamplePath") {
        let sample = node.text("AdditionalOptions.SamplePath");
        options.extend(sample.map(|path| ("samplePath", Py::str(path))));
    }
    Py::dict(options)
}

/// An exclusion is a pattern, or a JSON list of patterns.
fn patterns(texts: &[String]) -> Vec<String> {
    texts.iter().flat_map(|text| serde_json::from_str(text).unwrap_or_else(|_| vec![text.clone()])).collect()
}

fn files(writer: &mut Writer, node: &Node, format: &str, options: Vec<(&'static str, Py)>) {
    let call = Py::call(
        "glueContext.create_dynamic_frame.from_options",
        [
            ("format_options", Py::dict(options)),
            ("connection_type", Py::str("s3")),
            ("format", Py::str(format)),
            ("connection_options", places(node)),
            ("transformation_ctx", Py::str(&node.variable)),
        ],
    );
    writer.assign(&node.variable, &call);
}

fn csv(writer: &mut Writer, node: &Node) -> Outcome {
    let quote = match node.text("QuoteChar") {
        None | Some("quote") => Py::str("\""),
        Some("single_quote") => Py::str("'"),
        Some("quillemet") => Py::str("«"),
        Some(_) => Py::Int(-1),
    };
    let separator = match node.text("Separator") {
        None | Some("comma") => ",",
        Some("ctrla") => "\u{1}",
        Some("pipe") => "|",
        Some("semicolon") => ";",
        Some(_) => "\t",
    };
    let header = node.is("WithHeader");
    let mut options =
        vec![("quoteChar", quote), ("withHeader", Py::Bool(header)), ("separator", Py::str(separator))];
    options.extend(node.text("Escaper").map(|escaper| ("escaper", Py::str(escaper))));
    let flags = [
        ("multiLine", "Multiline"),
        ("skipFirst", "SkipFirst"),
        ("writeHeader", "WriteHeader"),
        ("optimizePerformance", "OptimizePerformance"),
    ];
    options.extend(flags.into_iter().filter_map(|(key, name)| Some((key, Py::Bool(node.flag(name)?)))));
    files(writer, node, "csv", options);
    let schema = node.schema();
    if header || schema.is_empty() {
        casts(writer, &node.variable, &schema);
        return Ok(());
    }
    // Without names the columns go by their places.
    let mappings = schema.iter().enumerate().map(|(place, (name, of))| {
        let from = format!("col{place}");
        Py::Tuple([from.as_str(), "string", name, of].into_iter().map(Py::str).collect())
    });
    writer.helper(Helper::PartitionKeys);
    let keys = format!("partitionKeys({})", node.variable);
    let mappings = Py::Sum(Box::new(Py::List(mappings.collect())), keys);
    let named = [
        ("frame", Py::code(&node.variable)),
        ("mappings", mappings),
        ("transformation_ctx", Py::str(format!("{}_schema", node.variable))),
    ];
    writer.assign(&node.variable, &Py::call("ApplyMapping.apply", named));
    Ok(())
}

fn json(writer: &mut Writer, node: &Node) -> Outcome {
    let schema = node.schema();
    let mut options = vec![];
    options.extend(node.text("JsonPath").map(|path| ("jsonPath", Py::str(path))));
    options.push(("multiline", Py::Bool(node.is("Multiline"))));
    if !schema.is_empty() {
        // Fields that are not declared are left out, keys of partitions are not.
        writer.import(Import::Json);
        options.push((
            "withSchema",
            Py::Call("json.dumps".to_owned(), vec![schema::struct_type(&schema)], vec![]),
        ));
    }
    files(writer, node, "json", options);
    casts(writer, &node.variable, &schema);
    Ok(())
}

fn dynamo_table(writer: &mut Writer, node: &Node) -> Outcome {
    let export = node.text("AdditionalOptions.DynamodbExport");
    let export = export.or(node.is("PitrEnabled").then_some("ddb"));
    let mut options = vec![];
    options.extend(export.map(|export| ("dynamodb.export", Py::str(export))));
    let unnest = node.flag("AdditionalOptions.DynamodbUnnestDDBJson");
    options.extend(unnest.map(|unnest| ("dynamodb.unnestDDBJson", Py::Bool(unnest))));
    catalog(writer, node, options)
}

fn dynamo(writer: &mut Writer, node: &Node) -> Outcome {
    let texts = [
        ("dynamodb.export", "DynamodbExport"),
        ("dynamodb.tableArn", "DynamodbTableArn"),
        ("dynamodb.s3.bucket", "DynamodbS3Bucket"),
        ("dynamodb.s3.prefix", "DynamodbS3Prefix"),
        ("dynamodb.s3.bucketOwner", "DynamodbS3BucketOwner"),
        ("dynamodb.sts.roleArn", "DynamodbStsRoleArn"),
    ];
    let given = |(key, name): (&'static str, &str)| {
        Some((key, Py::str(node.text(&format!("ConnectionOptions.{name}"))?)))
    };
    let mut options: Vec<_> = texts.into_iter().filter_map(given).collect();
    let unnest = node.flag("ConnectionOptions.DynamodbUnnestDDBJson");
    options.extend(unnest.map(|unnest| ("dynamodb.unnestDDBJson", Py::Bool(unnest))));
    reader(writer, node, "dynamodb", Py::dict(options));
    Ok(())
}
