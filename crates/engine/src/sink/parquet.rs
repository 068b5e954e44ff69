use std::collections::HashSet;
use std::sync::Arc;

use ::parquet::arrow::ArrowWriter;
use ::parquet::arrow::arrow_writer::ArrowWriterOptions;
use ::parquet::basic::{BrotliLevel, Compression as Codec, ZstdLevel};
use ::parquet::file::properties::{EnabledStatistics, WriterProperties};
use ::parquet::schema::types::ColumnPath;
use datafusion::arrow::array::RecordBatch;
use datafusion::arrow::datatypes::SchemaRef;
use datafusion::arrow::error::ArrowError;
use datafusion::arrow::row::{RowConverter, SortField};

use super::encode::{Encoder, Ended};
use crate::plan::Compression;

/// Rows of a row group.
const ROW_GROUP: usize = 262_144;
/// Rows looked at to decide which columns get a dictionary.
pub(super) const SAMPLE: usize = 4096;

/// The columns whose values are too different for a dictionary to pay.
pub(super) type Dictionaries = Arc<[String]>;

/// Looks at a sample of the rows, taken from all over them: a column of which most values occur once
/// is better off without a dictionary.
pub(super) fn without_dictionary(sample: &RecordBatch) -> Result<Dictionaries, ArrowError> {
    let mut columns = Vec::new();
    for (field, column) in sample.schema_ref().fields().iter().zip(sample.columns()) {
        if field.data_type().is_nested() {
            continue;
        }
        let converter = RowConverter::new(vec![SortField::new(field.data_type().clone())])?;
        let rows = converter.convert_columns(std::slice::from_ref(column))?;
        let distinct: HashSet<&[u8]> = (0..rows.num_rows()).map(|at| rows.row(at).data()).collect();
        if distinct.len() * 5 > rows.num_rows() * 3 {
            columns.push(field.name().clone());
        }
    }
    Ok(columns.into())
}

/// Encodes Parquet.
pub(super) struct ParquetEncoder(ArrowWriter<Vec<u8>>);

impl ParquetEncoder {
    /// An encoder of one file.
    pub(super) fn new(
        schema: &SchemaRef,
        compression: Compression,
        dictionaries: &Dictionaries,
    ) -> Result<Self, String> {
        let codec = match compression {
            Compression::None => Codec::UNCOMPRESSED,
            Compression::Snappy => Codec::SNAPPY,
            Compression::Gzip => Codec::GZIP(Default::default()),
            Compression::Lz4 => Codec::LZ4_RAW,
            Compression::Zstd => Codec::ZSTD(ZstdLevel::default()),
            Compression::Brotli => Codec::BROTLI(BrotliLevel::default()),
            other => return Err(format!("Parquet has no compression {other:?}")),
        };
        let mut properties = WriterProperties::builder()
            .set_compression(codec)
            .set_created_by(concat!("mastic version ", env!("CARGO_PKG_VERSION")).to_owned())
            .set_max_row_group_row_count(Some(ROW_GROUP))
            .set_statistics_enabled(EnabledStatistics::Chunk)
            .set_offset_index_disabled(true);
        for name in dictionaries.iter() {
            let column = ColumnPath::new(vec![name.clone()]);
            properties = properties.set_column_dictionary_enabled(column, false);
        }
        // The Arrow schema would only tell Arrow readers how the engine holds text in memory.
        let options =
            ArrowWriterOptions::new().with_properties(properties.build()).with_skip_arrow_metadata(true);
        ArrowWriter::try_new_with_options(Vec::new(), Arc::clone(schema), options)
            .map(Self)
            .map_err(|error| error.to_string())
    }
}

impl Encoder for ParquetEncoder {
    fn write(&mut self, batch: &RecordBatch) -> Result<(), String> {
        self.0.write(batch).map_err(|error| error.to_string())
    }

    fn memory(&self) -> usize {
        self.0.memory_size() + self.0.inner().len()
    }

    fn flush(&mut self) -> Result<(), String> {
        self.0.flush().map_err(|error| error.to_string())
    }

    fn ready(&mut self) -> Vec<u8> {
        // Taking the bytes out leaves the writer's own count of them as it is.
        std::mem::take(self.0.inner_mut())
    }

    fn finish(mut self: Box<Self>) -> Result<Ended, String> {
        let footer = self.0.finish().map_err(|error| error.to_string())?;
        Ok(Ended { bytes: std::mem::take(self.0.inner_mut()), footer: Some(Box::new(footer)) })
    }
}
