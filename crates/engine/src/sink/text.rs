use std::io::Write;
use std::sync::Arc;

use bzip2::write::BzEncoder;
use datafusion::arrow::array::types::{Float32Type, Float64Type};
use datafusion::arrow::array::{Array, AsArray, RecordBatch, StringArray, make_array};
use datafusion::arrow::csv::{QuoteStyle, WriterBuilder as CsvWriter};
use datafusion::arrow::datatypes::{DataType, FieldRef};
use datafusion::arrow::error::ArrowError;
use datafusion::arrow::json::writer::NullableEncoder;
use datafusion::arrow::json::writer::{LineDelimited, WriterBuilder as JsonWriter};
use datafusion::arrow::json::{Encoder as JsonEncoder, EncoderFactory, EncoderOptions};
use flate2::write::GzEncoder;

use super::SinkSpec;
use super::encode::{Encoder, Ended};
use super::xml;
use crate::cast::cast_array;
use crate::plan::{Compression, CsvWriting, Format};

const TIMES: &str = "%Y-%m-%d %H:%M:%S%.f";

/// Bytes of memory that a compression holds, whatever it is given.
const GZIP: usize = 272 << 10;
const BZIP2: usize = 5500 << 10;

/// Encodes CSV, JSON lines and XML.
pub(super) struct TextEncoder {
    format: Format,
    csv: CsvWriting,
    /// Whether nothing is written yet.
    first: bool,
    out: Bytes,
}

enum Bytes {
    Plain(Vec<u8>),
    Gzip(Box<GzEncoder<Vec<u8>>>),
    Bzip2(Box<BzEncoder<Vec<u8>>>),
}

impl TextEncoder {
    /// An encoder of one file.
    pub(super) fn new(spec: &SinkSpec) -> Self {
        let out = match spec.compression {
            Compression::Gzip => {
                Bytes::Gzip(Box::new(GzEncoder::new(Vec::new(), flate2::Compression::default())))
            }
            Compression::Bzip2 => {
                Bytes::Bzip2(Box::new(BzEncoder::new(Vec::new(), bzip2::Compression::default())))
            }
            _ => Bytes::Plain(Vec::new()),
        };
        Self { format: spec.format, csv: spec.csv, first: true, out }
    }
}

impl Encoder for TextEncoder {
    fn write(&mut self, batch: &RecordBatch) -> Result<(), String> {
        let mut text = Vec::new();
        match self.format {
            Format::Csv => {
                let style = if self.csv.quote.is_some() { QuoteStyle::Necessary } else { QuoteStyle::Never };
                let mut writer = CsvWriter::new()
                    .with_header(std::mem::take(&mut self.first) && self.csv.header)
                    .with_delimiter(self.csv.separator)
                    .with_quote(self.csv.quote.unwrap_or(b'"'))
                    .with_quote_style(style)
                    .with_double_quote(self.csv.escape.is_none())
                    .with_escape(self.csv.escape.unwrap_or(b'\\'))
                    .with_timestamp_format(TIMES.to_owned())
                    .with_timestamp_tz_format(TIMES.to_owned())
                    .build(&mut text);
                writer.write(batch).map_err(|error| error.to_string())?;
            }
            Format::Xml => {
                if std::mem::take(&mut self.first) {
                    text.extend_from_slice(xml::BEGIN);
                }
                let batch = xml::with_text(batch)?;
                xml::rows(&json(&batch)?, batch.schema_ref(), &mut text)?;
            }
            _ => text = json(batch)?,
        }
        self.out.put(text)
    }

    fn memory(&self) -> usize {
        match &self.out {
            Bytes::Plain(out) => out.len(),
            Bytes::Gzip(out) => out.get_ref().len() + GZIP,
            Bytes::Bzip2(out) => out.get_ref().len() + BZIP2,
        }
    }

    fn flush(&mut self) -> Result<(), String> {
        Ok(())
    }

    fn ready(&mut self) -> Vec<u8> {
        match &mut self.out {
            Bytes::Plain(out) => std::mem::take(out),
            Bytes::Gzip(out) => std::mem::take(out.get_mut()),
            Bytes::Bzip2(out) => std::mem::take(out.get_mut()),
        }
    }

    fn finish(mut self: Box<Self>) -> Result<Ended, String> {
        if self.format == Format::Xml {
            self.out.put(xml::END.to_vec())?;
        }
        let bytes = match self.out {
            Bytes::Plain(out) => Ok(out),
            Bytes::Gzip(out) => out.finish(),
            Bytes::Bzip2(out) => out.finish(),
        };
        bytes.map(Ended::from).map_err(|error| error.to_string())
    }
}

impl Bytes {
    fn put(&mut self, text: Vec<u8>) -> Result<(), String> {
        match self {
            Self::Plain(out) if out.is_empty() => *out = text,
            Self::Plain(out) => out.extend(text),
            Self::Gzip(out) => out.write_all(&text).map_err(|error| error.to_string())?,
            Self::Bzip2(out) => out.write_all(&text).map_err(|error| error.to_string())?,
        }
        Ok(())
    }
}

fn json(batch: &RecordBatch) -> Result<Vec<u8>, String> {
    let mut text = Vec::new();
    let mut writer = JsonWriter::new()
        .with_timestamp_format(TIMES.to_owned())
        .with_timestamp_tz_format(TIMES.to_owned())
        .with_encoder_factory(Arc::new(Spark))
        .build::<_, LineDelimited>(&mut text);
    writer.write(batch).map_err(|error| error.to_string())?;
    writer.finish().map_err(|error| error.to_string())?;
    drop(writer);
    Ok(text)
}

/// What Spark writes otherwise than Arrow: numbers that JSON does not have are texts, and not nulls.
#[derive(Debug)]
struct Spark;

impl EncoderFactory for Spark {
    fn make_default_encoder<'a>(
        &self,
        _: &'a FieldRef,
        array: &'a dyn Array,
        _: &'a EncoderOptions,
    ) -> Result<Option<NullableEncoder<'a>>, ArrowError> {
        let special = match array.data_type() {
            DataType::Float64 => array.as_primitive::<Float64Type>().values().iter().any(|n| !n.is_finite()),
            DataType::Float32 => array.as_primitive::<Float32Type>().values().iter().any(|n| !n.is_finite()),
            _ => false,
        };
        if !special {
            return Ok(None);
        }
        let texts = cast_array(&make_array(array.to_data()), &DataType::Utf8)?;
        let encoder = Floats(texts.as_string::<i32>().clone());
        Ok(Some(NullableEncoder::new(Box::new(encoder), array.nulls().cloned())))
    }
}

/// Numbers by their texts.
struct Floats(StringArray);

impl JsonEncoder for Floats {
    fn encode(&mut self, at: usize, out: &mut Vec<u8>) {
        let text = self.0.value(at);
        let quote: &[u8] = if text.ends_with(|last: char| last.is_ascii_digit()) { b"" } else { b"\"" };
        for part in [quote, text.as_bytes(), quote] {
            out.extend_from_slice(part);
        }
    }
}
