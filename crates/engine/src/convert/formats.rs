//! Sources of files that are neither CSV nor JSON.

use mastic_api_glue::glue::types::{ParquetCompressionType, S3ExcelSource, S3ParquetSource};

use super::Parts;
use super::sources::{files, schema};
use crate::error::NodeError;
use crate::plan::{Codec, ExcelSource, Kind, ParquetSource};

pub(super) fn parquet(node: &S3ParquetSource) -> Result<Parts, NodeError> {
    // Parquet files say themselves how they are compressed.
    if node.compression_type == Some(ParquetCompressionType::Lzo) {
        return Err(NodeError::new(&node.name, "Parquet files compressed with `lzo` are not supported"));
    }
    let (exclusions, options) = (node.exclusions.as_deref(), node.additional_options.as_ref());
    let band = (node.max_band, node.max_files_in_band);
    let files = files(&node.paths, exclusions, node.recurse, None, options, band);
    Ok((node.name.clone(), Kind::Parquet(ParquetSource { files }), vec![]))
}

pub(super) fn excel(node: &S3ExcelSource) -> Result<Parts, NodeError> {
    let compression = match node.compression_type {
        None | Some(ParquetCompressionType::None | ParquetCompressionType::Uncompressed) => None,
        Some(ParquetCompressionType::Gzip) => Some(Codec::Gzip),
        Some(other) => {
            let text = format!(
                "Excel files compressed with `{}` are not supported: none and gzip are",
                other.as_str()
            );
            return Err(NodeError::new(&node.name, text));
        }
    };
    let (exclusions, options) = (node.exclusions.as_deref(), node.additional_options.as_ref());
    let band = (node.max_band, node.max_files_in_band);
    let mut files = files(&node.paths, exclusions, node.recurse, None, options, band);
    files.compression = compression;
    let kind = ExcelSource {
        files,
        rows: node.number_rows.and_then(|rows| usize::try_from(rows).ok()),
        skip_footer: node.skip_footer.and_then(|rows| usize::try_from(rows).ok()).unwrap_or(0),
        schema: schema(node.output_schemas.as_deref()),
    };
    Ok((node.name.clone(), Kind::Excel(kind), vec![]))
}
