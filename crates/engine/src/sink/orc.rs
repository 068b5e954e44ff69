//! Encodes ORC files ("ORC Specification v1"): stripes whose columns are in the direct encodings of version 1.

mod codec;
mod column;
mod runs;

use datafusion::arrow::array::RecordBatch;
use datafusion::arrow::datatypes::{DataType, SchemaRef};
use orc_rust::proto::{
    ColumnEncoding, ColumnStatistics, CompressionKind, Footer, PostScript, Stream, StripeFooter,
    StripeInformation, Type, column_encoding, r#type,
};
use prost::Message;

use super::encode::{Encoder, Ended};
use crate::plan::Compression;
use codec::{BLOCK, chunks};
use column::Column;

/// Bytes of a stripe before its compression, about.
const STRIPE: usize = 32 << 20;
const MAGIC: &[u8] = b"ORC";

/// Encodes ORC.
pub(super) struct OrcEncoder {
    kind: CompressionKind,
    types: Vec<Type>,
    columns: Vec<Column>,
    /// Bytes that are ready, and all bytes that were.
    out: Vec<u8>,
    written: u64,
    stripes: Vec<StripeInformation>,
    /// Rows of the open stripe, and of the file.
    open: u64,
    rows: u64,
}

impl OrcEncoder {
    /// An encoder of one file.
    pub(super) fn new(schema: &SchemaRef, compression: Compression) -> Result<Self, String> {
        let kind = match compression {
            Compression::None => CompressionKind::None,
            Compression::Snappy => CompressionKind::Snappy,
            Compression::Deflate => CompressionKind::Zlib,
            Compression::Lz4 => CompressionKind::Lz4,
            Compression::Zstd => CompressionKind::Zstd,
            other => return Err(format!("ORC has no compression {other:?}")),
        };
        let mut types = vec![Type { kind: Some(r#type::Kind::Struct.into()), ..Type::default() }];
        let mut columns = Vec::with_capacity(schema.fields().len());
        let mut root = Type { kind: Some(r#type::Kind::Struct.into()), ..Type::default() };
        for field in schema.fields() {
            root.subtypes.push(number(types.len()));
            root.field_names.push(field.name().clone());
            columns.push(described(field.data_type(), &mut types)?);
        }
        if let Some(first) = types.first_mut() {
            *first = root;
        }
        let (out, written) = (MAGIC.to_vec(), MAGIC.len() as u64);
        Ok(Self { kind, types, columns, out, written, stripes: vec![], open: 0, rows: 0 })
    }

    fn put(&mut self, bytes: &[u8]) {
        self.out.extend_from_slice(bytes);
        self.written += bytes.len() as u64;
    }

    fn end_stripe(&mut self) -> Result<(), String> {
        if self.open == 0 {
            return Ok(());
        }
        let offset = self.written;
        let mut streams = Vec::new();
        let mut columns = std::mem::take(&mut self.columns);
        for column in &mut columns {
            column.take(&mut |id, kind, bytes| {
                let chunks = chunks(self.kind, &bytes)?;
                streams.push(Stream {
                    kind: Some(kind.into()),
                    column: Some(id),
                    length: Some(chunks.len() as u64),
                });
                self.put(&chunks);
                Ok(())
            })?;
        }
        self.columns = columns;
        let data = self.written - offset;
        let direct =
            ColumnEncoding { kind: Some(column_encoding::Kind::Direct.into()), ..ColumnEncoding::default() };
        let footer = StripeFooter {
            streams,
            columns: vec![direct; self.types.len()],
            writer_timezone: Some("UTC".to_owned()),
            ..StripeFooter::default()
        };
        let footer = chunks(self.kind, &footer.encode_to_vec())?;
        self.put(&footer);
        self.stripes.push(StripeInformation {
            offset: Some(offset),
            index_length: Some(0),
            data_length: Some(data),
            footer_length: Some(footer.len() as u64),
            number_of_rows: Some(self.open),
            ..StripeInformation::default()
        });
        self.open = 0;
        Ok(())
    }
}

impl Encoder for OrcEncoder {
    fn write(&mut self, batch: &RecordBatch) -> Result<(), String> {
        for (column, array) in self.columns.iter_mut().zip(batch.columns()) {
            column.add(array)?;
        }
        let rows = batch.num_rows() as u64;
        self.open += rows;
        self.rows += rows;
        if self.columns.iter().map(Column::memory).sum::<usize>() >= STRIPE {
            self.end_stripe()
        } else {
            Ok(())
        }
    }

    fn memory(&self) -> usize {
        self.out.len() + self.columns.iter().map(Column::memory).sum::<usize>()
    }

    fn flush(&mut self) -> Result<(), String> {
        self.end_stripe()
    }

    fn ready(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.out)
    }

    fn finish(mut self: Box<Self>) -> Result<Ended, String> {
        self.end_stripe()?;
        let mut statistics = vec![ColumnStatistics {
            number_of_values: Some(self.rows),
            has_null: Some(false),
            ..ColumnStatistics::default()
        }];
        for column in &self.columns {
            column.counts(&mut |values, nulls| {
                statistics.push(ColumnStatistics {
                    number_of_values: Some(values),
                    has_null: Some(nulls),
                    ..ColumnStatistics::default()
                });
            });
        }
        let footer = Footer {
            header_length: Some(MAGIC.len() as u64),
            content_length: Some(self.written),
            stripes: std::mem::take(&mut self.stripes),
            types: std::mem::take(&mut self.types),
            number_of_rows: Some(self.rows),
            statistics,
            row_index_stride: Some(0),
            ..Footer::default()
        };
        let footer = chunks(self.kind, &footer.encode_to_vec())?;
        self.put(&footer);
        let script = PostScript {
            footer_length: Some(footer.len() as u64),
            compression: Some(self.kind.into()),
            compression_block_size: (self.kind != CompressionKind::None).then_some(BLOCK as u64),
            version: vec![0, 12],
            metadata_length: Some(0),
            writer_version: Some(6),
            magic: Some("ORC".to_owned()),
            ..PostScript::default()
        };
        let script = script.encode_to_vec();
        let length = u8::try_from(script.len()).map_err(|error| error.to_string())?;
        self.put(&script);
        self.put(&[length]);
        Ok(std::mem::take(&mut self.out).into())
    }
}

fn number(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(u32::MAX)
}

/// Describes a type and all in it, in the order of ORC's column ids, and makes its column.
fn described(of: &DataType, types: &mut Vec<Type>) -> Result<Column, String> {
    use r#type::Kind;
    let id = types.len();
    let (kind, children): (Kind, Vec<(String, DataType)>) = match of {
        DataType::Boolean => (Kind::Boolean, vec![]),
        DataType::Int8 => (Kind::Byte, vec![]),
        DataType::Int16 => (Kind::Short, vec![]),
        DataType::Int32 => (Kind::Int, vec![]),
        DataType::Int64 => (Kind::Long, vec![]),
        DataType::Float32 => (Kind::Float, vec![]),
        DataType::Float64 => (Kind::Double, vec![]),
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => (Kind::String, vec![]),
        DataType::Binary | DataType::LargeBinary | DataType::BinaryView => (Kind::Binary, vec![]),
        DataType::Date32 => (Kind::Date, vec![]),
        DataType::Timestamp(..) => (Kind::Timestamp, vec![]),
        DataType::Decimal128(..) => (Kind::Decimal, vec![]),
        DataType::List(field) => (Kind::List, vec![(String::new(), field.data_type().clone())]),
        DataType::Map(entries, _) => match entries.data_type() {
            DataType::Struct(pair) => {
                (Kind::Map, pair.iter().map(|field| (String::new(), field.data_type().clone())).collect())
            }
            _ => return Err(format!("ORC has no type for `{of}`")),
        },
        DataType::Struct(fields) => (
            Kind::Struct,
            fields.iter().map(|field| (field.name().clone(), field.data_type().clone())).collect(),
        ),
        other => return Err(format!("ORC has no type for `{other}`")),
    };
    let mut found = Type { kind: Some(kind.into()), ..Type::default() };
    if let DataType::Decimal128(precision, scale) = of {
        found.precision = Some(u32::from(*precision));
        found.scale = Some(u32::try_from(*scale).map_err(|_| format!("ORC has no type for `{of}`"))?);
    }
    types.push(Type::default());
    let mut columns = Vec::with_capacity(children.len());
    for (name, of) in children {
        found.subtypes.push(number(types.len()));
        if kind == Kind::Struct {
            found.field_names.push(name);
        }
        columns.push(described(&of, types)?);
    }
    if let Some(place) = types.get_mut(id) {
        *place = found;
    }
    Ok(Column::new(number(id), columns))
}

#[cfg(test)]
mod tests;
