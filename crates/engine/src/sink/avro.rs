//! Encodes Avro object container files.

use std::io::{self, Write};
use std::sync::{Arc, Mutex, PoisonError};

use arrow_avro::compression::CompressionCodec;
use arrow_avro::writer::format::AvroOcfFormat;
use arrow_avro::writer::{Writer, WriterBuilder};
use datafusion::arrow::array::RecordBatch;
use datafusion::arrow::datatypes::{DataType, FieldRef, SchemaRef};

use super::encode::{Encoder, Ended};
use crate::plan::Compression;

/// Rows of a block.
const BLOCK: usize = 4096;

/// Encodes Avro.
pub(super) struct AvroEncoder {
    writer: Writer<Out, AvroOcfFormat>,
    out: Out,
}

/// Bytes that the writer wrote, where the encoder can take them.
#[derive(Debug, Clone, Default)]
struct Out(Arc<Mutex<Vec<u8>>>);

impl Out {
    fn bytes(&self) -> std::sync::MutexGuard<'_, Vec<u8>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Write for Out {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.bytes().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl AvroEncoder {
    /// An encoder of one file.
    ///
    /// # Errors
    /// A column has a name or type that Avro does not have.
    pub(super) fn new(schema: &SchemaRef, compression: Compression) -> Result<Self, String> {
        schema.fields().iter().try_for_each(checked)?;
        let codec = match compression {
            Compression::None => None,
            Compression::Snappy => Some(CompressionCodec::Snappy),
            Compression::Deflate => Some(CompressionCodec::Deflate),
            Compression::Bzip2 => Some(CompressionCodec::Bzip2),
            Compression::Xz => Some(CompressionCodec::Xz),
            Compression::Zstd => Some(CompressionCodec::ZStandard),
            other => return Err(format!("Avro has no compression {other:?}")),
        };
        let out = Out::default();
        let builder = WriterBuilder::new(schema.as_ref().clone()).with_compression(codec);
        let writer = builder.build::<_, AvroOcfFormat>(out.clone()).map_err(|error| error.to_string())?;
        Ok(Self { writer, out })
    }
}

/// A field's name has letters of ASCII, digits and underscores only (Apache Avro Specification, Names).
fn checked(field: &FieldRef) -> Result<(), String> {
    let name = field.name();
    let first = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    if !first || !name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') {
        return Err(format!("no field of Avro can be called `{name}`"));
    }
    match field.data_type() {
        DataType::Struct(fields) => fields.iter().try_for_each(checked),
        DataType::List(field) => match field.data_type() {
            DataType::Struct(fields) => fields.iter().try_for_each(checked),
            _ => Ok(()),
        },
        _ => Ok(()),
    }
}

impl Encoder for AvroEncoder {
    fn write(&mut self, batch: &RecordBatch) -> Result<(), String> {
        for start in (0..batch.num_rows()).step_by(BLOCK) {
            let block = batch.slice(start, BLOCK.min(batch.num_rows() - start));
            self.writer.write(&block).map_err(|error| error.to_string())?;
        }
        Ok(())
    }

    fn memory(&self) -> usize {
        self.out.bytes().len()
    }

    fn flush(&mut self) -> Result<(), String> {
        Ok(())
    }

    fn ready(&mut self) -> Vec<u8> {
        std::mem::take(&mut *self.out.bytes())
    }

    fn finish(mut self: Box<Self>) -> Result<Ended, String> {
        self.writer.finish().map_err(|error| error.to_string())?;
        Ok(self.ready().into())
    }
}
