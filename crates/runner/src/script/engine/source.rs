//! Sources in GlueContext's words ("Connection types and options for ETL" and "Data format options for inputs and outputs"
//! in the AWS Glue Developer Guide).

use std::collections::BTreeMap;

use mastic_api_glue::glue::types as api;
use mastic_engine::CatalogClient;
use mastic_engine::plan::{
    AvroSource, BookmarkKeys, CatalogSource, Codec, CsvFormat, CsvSource, ExcelSource, JsonSource, Kind,
    OrcSource, ParquetSource, Parts, S3Files, Sampling, XmlSource,
};

use super::connections::ScriptConnections;
use super::requests::{ReadRequest, Sample};
use super::words::{Words, kind_of, unsupported, wrong};
use crate::failure::Failure;

/// Options of files that tell AWS how to spread or list its work, or serve the studio's preview.
const TUNING: [&str; 9] = [
    "enablesamplepath",
    "groupfiles",
    "groupsize",
    "optimizeperformance",
    "samplepath",
    "transformationctx",
    "typeofdata",
    "usegrouping",
    "uses3listimplementation",
];

/// Options of database connections that are about a Java driver, or a road through S3.
const DRIVERS: [&str; 6] = [
    "customjdbcdriverclassname",
    "customjdbcdriverdependencies3paths",
    "customjdbcdrivers3path",
    "driver",
    "redshifttmpdir",
    "usesparkdatasource",
];

/// What is read.
pub(super) struct Read {
    /// What messages call it.
    pub(super) name: String,
    pub(super) kind: Kind,
    /// Whether the first record that cannot be read ends it; else such records are put aside.
    pub(super) fail_fast: bool,
}

/// What a request is about.
///
/// # Errors
/// Names what is missing, wrong or not supported.
pub(super) async fn of(
    request: &ReadRequest,
    connections: &ScriptConnections,
    catalog: &dyn CatalogClient,
) -> Result<Read, Failure> {
    if let Some(database) = &request.database {
        let table = request.table_name.as_ref().ok_or_else(|| wrong("`table_name` is missing"))?;
        return of_table(request, database, table, catalog).await;
    }
    let Some(connection_type) = &request.connection_type else {
        return Err(wrong("`database` or `connection_type` is missing"));
    };
    let sampling = request.sample.as_ref().map(sampling).transpose()?.flatten();
    let options = Words::new("connection_options", &request.connection_options);
    match connection_type.to_ascii_lowercase().as_str() {
        "s3" => {
            let format = request.format.as_deref().filter(|format| !format.is_empty());
            let format = format.ok_or_else(|| wrong("`format` is missing: a source in S3 needs one"))?;
            of_files(request, options, format, sampling)
        }
        format @ ("parquet" | "orc") => of_files(request, options, format, sampling),
        "delta" => delta(options),
        kind if is_database(kind) => of_database(options, connection_type, connections),
        _ => Err(unsupported(format!("the connection type `{connection_type}` is not supported"))),
    }
}

/// Whether a connection type is one of databases.
pub(super) fn is_database(kind: &str) -> bool {
    ["mysql", "postgresql", "oracle", "sqlserver", "redshift", "jdbc", "custom.jdbc", "marketplace.jdbc"]
        .contains(&kind)
}

fn sampling(sample: &Sample) -> Result<Option<Sampling>, Failure> {
    let mut options = Words::new("sample_options", &sample.options);
    let most = |number: Option<u64>| {
        number.map_or(usize::MAX, |number| usize::try_from(number).unwrap_or(usize::MAX))
    };
    let (partitions, files) =
        (options.positive("maxSamplePartitions")?, options.positive("maxSampleFilesPerPartition")?);
    options.end(&[])?;
    let bounded = partitions.is_some() || files.is_some();
    Ok(bounded.then(|| Sampling { partitions: most(partitions), files: most(files) }))
}

/// Where files are. Text is read from sub-folders only where the script says so; of formats for tables, whose sub-folders are
/// partitions, all are.
fn files(options: &mut Words, recurse: bool, sample: Option<Sampling>) -> Result<S3Files, Failure> {
    let paths = match options.list("paths")? {
        Some(paths) => paths,
        None => options.list("path")?.ok_or_else(|| wrong("`paths` of connection_options is missing"))?,
    };
    exclude_classes(options)?;
    let compression = match options.text("compressionType")?.map(|text| text.to_ascii_lowercase()).as_deref()
    {
        None | Some("none" | "uncompressed") => None,
        Some("gzip" | "gz") => Some(Codec::Gzip),
        Some("bzip2" | "bzip") => Some(Codec::Bzip2),
        Some(other) => {
            return Err(unsupported(format!("`compressionType` is `{other}`: gzip and bzip2 are supported")));
        }
    };
    Ok(S3Files {
        paths,
        exclusions: options.list("exclusions")?.unwrap_or_default(),
        recurse: options.flag("recurse")?.unwrap_or(recurse),
        compression,
        bounded_files: options.positive("boundedFiles")?,
        bounded_size: options.positive("boundedSize")?,
        max_band: options.positive("maxBand")?,
        max_files_in_band: options.positive("maxFilesInBand")?,
        sample,
    })
}

/// Storage classes that no object of this server can have are excluded anyway.
fn exclude_classes(options: &mut Words) -> Result<(), Failure> {
    let excluded = options.list("excludeStorageClasses")?.unwrap_or_default();
    match excluded.iter().find(|class| !["GLACIER", "DEEP_ARCHIVE"].contains(&class.as_str())) {
        None => Ok(()),
        Some(class) => Err(unsupported(format!("`excludeStorageClasses` with `{class}` is not supported"))),
    }
}

fn of_files(
    request: &ReadRequest,
    mut options: Words,
    format: &str,
    sample: Option<Sampling>,
) -> Result<Read, Failure> {
    let format = format.to_ascii_lowercase();
    let tables = ["parquet", "glueparquet", "orc", "avro"].contains(&format.as_str());
    let files = files(&mut options, tables, sample)?;
    let fail_fast = options.flag("isFailFast")?.unwrap_or(false);
    options.end(&TUNING)?;
    let mut how = Words::new("format_options", &request.format_options);
    let name = name_of(request, files.paths.first().map_or("", String::as_str));
    let kind = match format.as_str() {
        "csv" => csv(&mut how, files)?,
        "json" => {
            let multiline = how.flag("multiline")?.unwrap_or(false);
            let path = how.text("jsonPath")?;
            let schema = schema(&mut how)?;
            Kind::Json(JsonSource { files, path, multiline, schema })
        }
        "parquet" | "glueparquet" => Kind::Parquet(ParquetSource { files }),
        "avro" => {
            how.text("version")?;
            Kind::Avro(AvroSource { files })
        }
        "orc" => Kind::Orc(OrcSource { files }),
        "excel" => Kind::Excel(ExcelSource {
            files,
            rows: how.positive("numberRows")?.and_then(|rows| usize::try_from(rows).ok()),
            skip_footer: how.whole("skipFooter")?.and_then(|rows| usize::try_from(rows).ok()).unwrap_or(0),
            schema: schema(&mut how)?,
        }),
        "xml" => return xml(how, files, name, fail_fast),
        other => return Err(unsupported(format!("the format `{other}` of a source is not supported"))),
    };
    how.end(&[
        "optimizeperformance",
        "useglueparquetwriter",
        "writeheader",
        "compression",
        "blocksize",
        "pagesize",
    ])?;
    Ok(Read { name, kind, fail_fast })
}

/// What messages call a source: its context, or else where it is.
fn name_of(request: &ReadRequest, place: &str) -> String {
    let context = &request.transformation_ctx;
    if context.is_empty() { place.to_owned() } else { context.clone() }
}

/// `withSchema`: the columns as the JSON text of a `StructType`.
fn schema(how: &mut Words) -> Result<Option<Vec<(String, String)>>, Failure> {
    let Some(text) = how.text("withSchema")? else { return Ok(None) };
    let columns = mastic_engine::declared_columns(&text);
    columns.map(Some).map_err(|error| wrong(format!("`withSchema` of format_options: {error}")))
}

fn csv(how: &mut Words, files: S3Files) -> Result<Kind, Failure> {
    let quote = match how.text("quoteChar")?.as_deref() {
        None | Some("\"") => Some(b'"'),
        Some("-1") => None,
        Some("«") => return Ok(Kind::Csv(quillemet(how, files)?)),
        Some(text) => match text.as_bytes() {
            [byte] => Some(*byte),
            _ => {
                let text =
                    format!("`quoteChar` of format_options is `{text}`: one ASCII character is supported");
                return Err(unsupported(text));
            }
        },
    };
    let source = csv_source(how, files, CsvFormat { quote, ..CsvFormat::default() })?;
    Ok(Kind::Csv(source))
}

fn quillemet(how: &mut Words, files: S3Files) -> Result<CsvSource, Failure> {
    csv_source(how, files, CsvFormat::quillemet())
}

fn csv_source(how: &mut Words, files: S3Files, format: CsvFormat) -> Result<CsvSource, Failure> {
    let format = CsvFormat {
        separator: how.byte("separator")?.unwrap_or(b','),
        escape: how.byte("escaper")?,
        letters: true,
        header: how.flag("withHeader")?.unwrap_or(false),
        skip: usize::from(how.flag("skipFirst")?.unwrap_or(false)),
        multiline: how.flag("multiLine")?.unwrap_or(false),
        ..format
    };
    if how.flag("strictCheckForQuoting")? == Some(true) {
        return Err(unsupported("`strictCheckForQuoting` of format_options is not supported"));
    }
    Ok(CsvSource { files, format, schema: schema(how)? })
}

fn xml(mut how: Words, files: S3Files, name: String, fail_fast: bool) -> Result<Read, Failure> {
    let mut options = BTreeMap::new();
    for option in [
        "rowTag",
        "encoding",
        "attributePrefix",
        "valueTag",
        "excludeAttribute",
        "treatEmptyValuesAsNulls",
        "ignoreSurroundingSpaces",
    ] {
        options.extend(how.text(option)?.map(|text| (option.to_owned(), text)));
    }
    if !options.contains_key("rowTag") {
        return Err(wrong("`rowTag` of format_options is missing: XML needs one"));
    }
    let schema = how.text("withSchema")?;
    how.end(&[])?;
    Ok(Read { name, kind: Kind::Xml(XmlSource { files, options, schema }), fail_fast })
}

fn delta(mut options: Words) -> Result<Read, Failure> {
    let paths = match options.list("paths")? {
        Some(paths) => paths,
        None => options.list("path")?.ok_or_else(|| wrong("`path` of connection_options is missing"))?,
    };
    let name = paths.first().cloned().unwrap_or_default();
    let source = api::S3DeltaSource {
        name: name.clone(),
        paths,
        additional_delta_options: Some(options.rest()?),
        ..Default::default()
    };
    let node = api::CodeGenConfigurationNode { s3_delta_source: Some(source), ..Default::default() };
    Ok(Read { name, kind: kind_of(&node)?, fail_fast: true })
}

/// The options of a database with its connection named, and the other texts that are given.
pub(super) fn database_options(
    mut options: Words,
    connections: &ScriptConnections,
) -> Result<BTreeMap<String, String>, Failure> {
    for name in DRIVERS {
        options.text(name)?;
    }
    let url = options.text("url")?;
    let (user, password) = (options.text("user")?, options.text("password")?);
    if options.has("secretId") && !options.has("connectionName") {
        return Err(unsupported(
            "`secretId` is not supported: give `user` and `password`, or `connectionName`",
        ));
    }
    let mut rest = options.rest()?;
    if let Some(url) = url {
        rest.retain(|name, _| !name.eq_ignore_ascii_case("connectionName"));
        rest.insert("connectionName".to_owned(), connections.named(&url, user, password));
    }
    Ok(rest)
}

fn of_database(
    options: Words,
    connection_type: &str,
    connections: &ScriptConnections,
) -> Result<Read, Failure> {
    let data = database_options(options, connections)?;
    let told = ["dbtable", "dbTable", "tableName"].iter().find_map(|key| data.get(*key));
    let name = told.cloned().unwrap_or_else(|| connection_type.to_owned());
    let source = api::ConnectorDataSource {
        name: name.clone(),
        connection_type: connection_type.to_ascii_lowercase(),
        data,
        ..Default::default()
    };
    let node = api::CodeGenConfigurationNode { connector_data_source: Some(source), ..Default::default() };
    Ok(Read { name, kind: kind_of(&node)?, fail_fast: true })
}

/// The table format that a table of the catalog says it has.
pub(super) fn lake_of(table: &api::Table) -> Option<&'static str> {
    let parameter = |key: &str| table.parameters.as_ref()?.get(key).map(|text| text.to_ascii_lowercase());
    ["table_type", "spark.sql.sources.provider", "classification"].iter().find_map(|key| {
        match parameter(key)?.as_str() {
            "iceberg" => Some("iceberg"),
            "delta" => Some("delta"),
            _ => None,
        }
    })
}

async fn of_table(
    request: &ReadRequest,
    database: &str,
    table: &str,
    catalog: &dyn CatalogClient,
) -> Result<Read, Failure> {
    let name = format!("{database}.{table}");
    let mut options = Words::new("additional_options", &request.additional_options);
    let fail_fast = options.flag("isFailFast")?.unwrap_or(request.hive);
    exclude_classes(&mut options)?;
    let predicate = request.push_down_predicate.clone().filter(|text| !text.trim().is_empty());
    let sample = request.sample.as_ref().map(sampling).transpose()?.flatten();
    let keys = BookmarkKeys {
        columns: names(options.list("jobBookmarkKeys")?),
        descending: match options.text("jobBookmarkKeysSortOrder")?.as_deref() {
            None | Some("asc") => false,
            Some("desc") => true,
            Some(other) => {
                return Err(wrong(format!("`jobBookmarkKeysSortOrder` is asc or desc, not `{other}`")));
            }
        },
    };
    let count = options.positive("hashpartitions")?.unwrap_or(7);
    let parts = match (options.text("hashexpression")?, options.text("hashfield")?) {
        (Some(_), Some(_)) => return Err(wrong("`hashexpression` and `hashfield` exclude each other")),
        (Some(expression), None) => Some(Parts::Number { expression, count }),
        (None, column) => column.map(|column| Parts::Hash { column, count }),
    };
    let source = CatalogSource {
        database: database.to_owned(),
        table: table.to_owned(),
        predicate,
        expression: options.text("catalogPartitionPredicate")?,
        bounded_files: options.positive("boundedFiles")?,
        bounded_size: options.positive("boundedSize")?,
        sample,
        parts,
        keys,
        hive: request.hive,
    };
    // Options of a table's own format: which of its versions, for example.
    for known in TUNING.iter().chain(&["aws_iam_role", "redshifttmpdir", "usesparkdatasource", "recurse"]) {
        options.text(known)?;
    }
    let own = options.rest()?;
    if own.is_empty() {
        return Ok(Read { name, kind: Kind::Catalog(source), fail_fast });
    }
    let found = catalog.get_table(database, table).await.map_err(|error| told(&name, &error))?;
    let lake = found.as_ref().and_then(lake_of);
    let (database, table, options) = (database.to_owned(), table.to_owned(), Some(own.clone()));
    let node = match lake {
        Some("iceberg") => api::CodeGenConfigurationNode {
            catalog_iceberg_source: Some(api::CatalogIcebergSource {
                name: name.clone(),
                database,
                table,
                additional_iceberg_options: options,
                ..Default::default()
            }),
            ..Default::default()
        },
        Some(_) => api::CodeGenConfigurationNode {
            catalog_delta_source: Some(api::CatalogDeltaSource {
                name: name.clone(),
                database,
                table,
                additional_delta_options: options,
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
    Ok(Read { name, kind: kind_of(&node)?, fail_fast })
}

/// Names, of which one text may hold several with commas between them.
fn names(list: Option<Vec<String>>) -> Vec<String> {
    let list = list.unwrap_or_default();
    list.iter().flat_map(|text| text.split(',')).map(|name| name.trim().to_owned()).collect()
}

/// What the catalog answered about a table.
pub(super) fn told(table: &str, error: &str) -> Failure {
    Failure::of_engine(mastic_engine::ErrorKind::Other, &format!("table `{table}`: {error}"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn request(given: serde_json::Value) -> ReadRequest {
        serde_json::from_value(given).unwrap()
    }

    fn read(given: serde_json::Value) -> Result<Read, String> {
        let request = request(given);
        let options = Words::new("connection_options", &request.connection_options);
        let format = request.format.clone().unwrap_or_default();
        of_files(&request, options, &format, None).map_err(|failure| failure.to_string())
    }

    #[test]
    fn what_a_generated_script_says() {
        let found = read(json!({
            "connection_type": "s3",
            "format": "csv",
            "format_options": {"quoteChar": -1, "withHeader": true, "separator": "\t", "optimizePerformance": false},
            "connection_options": {
                "paths": ["s3://b/in/"], "recurse": true, "exclusions": "[\"**.pdf\"]", "groupFiles": "none",
                "maxBand": 9, "boundedFiles": "3", "boundedSize": "0",
            },
            "transformation_ctx": "in_node1",
        }));
        let Ok(Read { name, kind: Kind::Csv(csv), fail_fast: false }) = found else { panic!("no CSV") };
        assert_eq!((name.as_str(), csv.format.quote, csv.format.separator), ("in_node1", None, b'\t'));
        assert!(csv.format.header && csv.files.recurse);
        assert_eq!(
            (csv.files.exclusions.as_slice(), csv.files.max_band),
            (&["**.pdf".to_owned()][..], Some(9))
        );
        assert_eq!((csv.files.bounded_files, csv.files.bounded_size), (Some(3), None));
    }

    #[test]
    fn schemas_are_read() {
        let schema =
            r#"{"type":"struct","fields":[{"name":"id","type":"integer"},{"name":"at","type":"timestamp"}]}"#;
        let found = read(json!({
            "format": "json", "format_options": {"withSchema": schema}, "connection_options": {"path": "s3://b/"},
        }));
        let Ok(Read { kind: Kind::Json(json), .. }) = found else { panic!("no JSON") };
        let columns = [("id".to_owned(), "int".to_owned()), ("at".to_owned(), "timestamp".to_owned())];
        assert_eq!(json.schema.as_deref(), Some(&columns[..]));
        assert!(!json.files.recurse);
    }

    #[test]
    fn what_is_not_there_is_named() {
        let told = |given| read(given).err().unwrap_or_default();
        assert!(
            told(json!({"format": "ion", "connection_options": {"paths": ["s3://b/"]}})).contains("`ion`")
        );
        assert!(told(json!({"format": "csv"})).contains("`paths`"));
        let classes = |class: &str| {
            let options = json!({"path": "s3://b/", "excludeStorageClasses": ["GLACIER", class]});
            told(json!({"format": "csv", "connection_options": options}))
        };
        assert_eq!(classes("DEEP_ARCHIVE"), "");
        assert!(classes("STANDARD_IA").contains("`STANDARD_IA`"));
        let odd = json!({"format": "csv", "format_options": {"attachFilename": "f"},
                         "connection_options": {"paths": ["s3://b/"]}});
        assert_eq!(told(odd), "the option `attachFilename` of format_options is not supported");
        assert!(
            told(json!({"format": "xml", "connection_options": {"paths": ["s3://b/"]}})).contains("rowTag")
        );
    }
}
