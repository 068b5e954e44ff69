use mastic_api_glue::glue::types::{
    CodeGenConfigurationNode, CompressionType, GlueSchema, QuoteChar, S3CsvSource,
    S3DirectSourceAdditionalOptions, Separator,
};

use super::{Parts, formats};
use crate::error::NodeError;
use crate::plan::{
    CatalogSource, Codec, ColumnType, CsvFormat, CsvSource, JsonSource, Kind, QUILLEMET, S3Files,
};

/// The source that the node is, if it is one.
pub(super) fn source(node: &CodeGenConfigurationNode) -> Option<Result<Parts, NodeError>> {
    if let Some(csv) = &node.s3_csv_source {
        return Some(csv_source(csv));
    }
    if let Some(json) = &node.s3_json_source {
        let kind = Kind::Json(JsonSource {
            files: files(
                &json.paths,
                json.exclusions.as_deref(),
                json.recurse,
                json.compression_type,
                json.additional_options.as_ref(),
                (json.max_band, json.max_files_in_band),
            ),
            path: json.json_path.clone().filter(|path| !path.is_empty()),
            multiline: json.multiline.unwrap_or(false),
            schema: schema(json.output_schemas.as_deref()),
        });
        return Some(Ok((json.name.clone(), kind, vec![])));
    }
    if let Some(parquet) = &node.s3_parquet_source {
        return Some(formats::parquet(parquet));
    }
    if let Some(excel) = &node.s3_excel_source {
        return Some(formats::excel(excel));
    }
    if let Some(found) = &node.s3_catalog_source {
        let options = found.additional_options.as_ref();
        let kind = CatalogSource {
            database: found.database.clone(),
            table: found.table.clone(),
            predicate: found.partition_predicate.clone(),
            bounded_files: positive(options.and_then(|options| options.bounded_files)),
            bounded_size: positive(options.and_then(|options| options.bounded_size)),
            ..CatalogSource::default()
        };
        return Some(Ok((found.name.clone(), Kind::Catalog(kind), vec![])));
    }
    let found = node.catalog_source.as_ref()?;
    let kind = CatalogSource {
        database: found.database.clone(),
        table: found.table.clone(),
        predicate: found.partition_predicate.clone(),
        ..CatalogSource::default()
    };
    Some(Ok((found.name.clone(), Kind::Catalog(kind), vec![])))
}

fn csv_source(csv: &S3CsvSource) -> Result<Parts, NodeError> {
    let wrong = |message: String| NodeError::new(&csv.name, message);
    let separator = match csv.separator {
        None | Some(Separator::Comma) => b',',
        Some(Separator::Ctrla) => 1,
        Some(Separator::Pipe) => b'|',
        Some(Separator::Semicolon) => b';',
        Some(Separator::Tab) => b'\t',
    };
    let quote = match csv.quote_char {
        None | Some(QuoteChar::Quote) => Some(b'"'),
        Some(QuoteChar::SingleQuote) => Some(b'\''),
        Some(QuoteChar::Disabled) => None,
        Some(QuoteChar::Quillemet) => Some(QUILLEMET),
    };
    let escape = match csv.escaper.as_deref().map(str::as_bytes) {
        None | Some([]) => None,
        Some([byte]) => Some(*byte),
        Some(_) => return Err(wrong("`Escaper` must be one ASCII character".to_owned())),
    };
    let format = CsvFormat {
        separator,
        quote,
        quillemet: csv.quote_char == Some(QuoteChar::Quillemet),
        escape,
        letters: true,
        header: csv.with_header.unwrap_or(false),
        skip: usize::from(csv.skip_first.unwrap_or(false)),
        multiline: csv.multiline.unwrap_or(false),
        nulls: vec![],
    };
    let files = files(
        &csv.paths,
        csv.exclusions.as_deref(),
        csv.recurse,
        csv.compression_type,
        csv.additional_options.as_ref(),
        (csv.max_band, csv.max_files_in_band),
    );
    let kind = Kind::Csv(CsvSource { files, format, schema: schema(csv.output_schemas.as_deref()) });
    Ok((csv.name.clone(), kind, vec![]))
}

/// A bound, which zero means not to be there.
fn positive(bound: Option<i64>) -> Option<u64> {
    bound.and_then(|bound| u64::try_from(bound).ok()).filter(|bound| *bound > 0)
}

pub(super) fn files(
    paths: &[String],
    exclusions: Option<&[String]>,
    recurse: Option<bool>,
    compression: Option<CompressionType>,
    options: Option<&S3DirectSourceAdditionalOptions>,
    (max_band, max_files_in_band): (Option<i32>, Option<i32>),
) -> S3Files {
    S3Files {
        paths: paths.to_vec(),
        exclusions: exclusions.unwrap_or_default().iter().flat_map(|text| patterns(text)).collect(),
        recurse: recurse.unwrap_or(true),
        compression: compression.map(|compression| match compression {
            CompressionType::Gzip => Codec::Gzip,
            CompressionType::Bzip2 => Codec::Bzip2,
        }),
        bounded_files: positive(options.and_then(|options| options.bounded_files)),
        bounded_size: positive(options.and_then(|options| options.bounded_size)),
        max_band: positive(max_band.map(i64::from)),
        max_files_in_band: positive(max_files_in_band.map(i64::from)),
        sample: None,
    }
}

/// An exclusion is a pattern, or, as scripts write it, a JSON list of patterns.
fn patterns(text: &str) -> Vec<String> {
    serde_json::from_str(text).unwrap_or_else(|_| vec![text.to_owned()])
}

/// The columns of the first schema, if it has any.
pub(super) fn schema(schemas: Option<&[GlueSchema]>) -> Option<Vec<ColumnType>> {
    let columns = schemas?.first()?.columns.as_ref()?;
    let typed = columns.iter().map(|column| {
        let of = column.r#type.as_ref().or(column.glue_studio_type.as_ref());
        (column.name.clone(), of.map_or_else(|| "string".to_owned(), Clone::clone))
    });
    Some(typed.collect()).filter(|columns: &Vec<ColumnType>| !columns.is_empty())
}
