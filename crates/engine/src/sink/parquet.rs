mod chunk;
mod hybrid;
mod values;

use std::collections::HashSet;
use std::sync::Arc;

use ::parquet::arrow::ArrowSchemaConverter;
use ::parquet::arrow::arrow_writer::{ArrowColumnWriter, ArrowRowGroupWriterFactory, compute_leaves};
use ::parquet::basic::{BrotliLevel, Compression as Codec, ZstdLevel};
use ::parquet::errors::ParquetError;
use ::parquet::file::properties::{EnabledStatistics, WriterProperties};
use ::parquet::file::writer::SerializedFileWriter;
use ::parquet::schema::types::ColumnPath;
use datafusion::arrow::array::{ArrayRef, RecordBatch};
use datafusion::arrow::datatypes::{Field, SchemaRef};
use datafusion::arrow::error::ArrowError;
use datafusion::arrow::row::{RowConverter, SortField};

use self::chunk::Chunk;
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
pub(super) struct ParquetEncoder {
    file: SerializedFileWriter<Vec<u8>>,
    others: ArrowRowGroupWriterFactory,
    schema: SchemaRef,
    codec: Codec,
    dictionaries: Dictionaries,
    /// The row group that is being filled, its columns in the order of the schema.
    columns: Vec<Column>,
    rows: usize,
    groups: usize,
}

/// One column of a row group.
enum Column {
    Flat(Box<Chunk>),
    /// With a writer for each of its leaves.
    Other(Vec<ArrowColumnWriter>),
}

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
            .set_statistics_enabled(EnabledStatistics::Chunk)
            .set_offset_index_disabled(true);
        for name in dictionaries.iter() {
            let column = ColumnPath::new(vec![name.clone()]);
            properties = properties.set_column_dictionary_enabled(column, false);
        }
        // The Arrow schema is left out: it would only tell Arrow readers how the engine holds text in memory.
        let types = ArrowSchemaConverter::new().convert(schema).map_err(|error| error.to_string())?;
        let file =
            SerializedFileWriter::new(Vec::new(), types.root_schema_ptr(), Arc::new(properties.build()))
                .map_err(|error| error.to_string())?;
        let others = ArrowRowGroupWriterFactory::new(&file, Arc::clone(schema));
        Ok(Self {
            file,
            others,
            schema: Arc::clone(schema),
            codec,
            dictionaries: Arc::clone(dictionaries),
            columns: Vec::new(),
            rows: 0,
            groups: 0,
        })
    }

    /// The columns of the next row group.
    fn open(&self) -> Result<Vec<Column>, ParquetError> {
        let types = self.file.schema_descr();
        let mut columns: Vec<Option<Column>> = Vec::with_capacity(self.schema.fields().len());
        for (at, field) in self.schema.fields().iter().enumerate() {
            let leaf = (0..types.num_columns()).find(|leaf| types.get_column_root_idx(*leaf) == at);
            let dictionary = !self.dictionaries.contains(field.name());
            let chunk = leaf
                .and_then(|leaf| Chunk::new(types.column(leaf), field.data_type(), self.codec, dictionary));
            columns.push(chunk.map(|chunk| Column::Flat(Box::new(chunk))));
        }
        let all_flat = columns.iter().all(Option::is_some);
        let others = if all_flat { vec![] } else { self.others.create_column_writers(self.groups)? };
        for (leaf, writer) in others.into_iter().enumerate() {
            match columns.get_mut(types.get_column_root_idx(leaf)) {
                Some(Some(Column::Other(writers))) => writers.push(writer),
                Some(none @ None) => *none = Some(Column::Other(vec![writer])),
                _ => {}
            }
        }
        Ok(columns.into_iter().flatten().collect())
    }

    fn add(&mut self, batch: &RecordBatch) -> Result<(), ParquetError> {
        let mut start = 0;
        while start < batch.num_rows() {
            if self.columns.is_empty() {
                self.columns = self.open()?;
            }
            let part = batch.slice(start, (batch.num_rows() - start).min(ROW_GROUP - self.rows));
            let fields = self.schema.fields().iter().zip(part.columns());
            for (column, (field, array)) in self.columns.iter_mut().zip(fields) {
                column.write(field, array)?;
            }
            start += part.num_rows();
            self.rows += part.num_rows();
            if self.rows == ROW_GROUP {
                self.end_group()?;
            }
        }
        Ok(())
    }

    fn end_group(&mut self) -> Result<(), ParquetError> {
        if self.rows == 0 {
            return Ok(());
        }
        // A buffer that grows is copied each time.
        let size = self.columns.iter().map(Column::memory).sum();
        self.file.inner_mut().reserve(size);
        let mut group = self.file.next_row_group()?;
        for column in std::mem::take(&mut self.columns) {
            match column {
                Column::Flat(chunk) => {
                    let (bytes, told) = chunk.close()?;
                    group.append_column(&bytes, told)?;
                }
                Column::Other(writers) => {
                    for writer in writers {
                        writer.close()?.append_to_row_group(&mut group)?;
                    }
                }
            }
        }
        group.close()?;
        self.rows = 0;
        self.groups += 1;
        Ok(())
    }
}

impl Column {
    fn write(&mut self, field: &Field, array: &ArrayRef) -> Result<(), ParquetError> {
        match self {
            Self::Flat(chunk) => chunk.write(array.as_ref()),
            Self::Other(writers) => {
                let leaves = compute_leaves(field, array)?;
                writers.iter_mut().zip(&leaves).try_for_each(|(writer, leaf)| writer.write(leaf))
            }
        }
    }

    fn memory(&self) -> usize {
        match self {
            Self::Flat(chunk) => chunk.memory(),
            Self::Other(writers) => writers.iter().map(ArrowColumnWriter::memory_size).sum(),
        }
    }
}

impl Encoder for ParquetEncoder {
    fn write(&mut self, batch: &RecordBatch) -> Result<(), String> {
        self.add(batch).map_err(|error| error.to_string())
    }

    fn memory(&self) -> usize {
        self.columns.iter().map(Column::memory).sum::<usize>() + self.file.inner().len()
    }

    fn flush(&mut self) -> Result<(), String> {
        self.end_group().map_err(|error| error.to_string())
    }

    fn ready(&mut self) -> Vec<u8> {
        // Taking the bytes out leaves the writer's own count of them as it is.
        std::mem::take(self.file.inner_mut())
    }

    fn finish(mut self: Box<Self>) -> Result<Ended, String> {
        self.flush()?;
        let footer = self.file.finish().map_err(|error| error.to_string())?;
        Ok(Ended { bytes: self.ready(), footer: Some(Box::new(footer)) })
    }
}

#[cfg(test)]
mod tests;
