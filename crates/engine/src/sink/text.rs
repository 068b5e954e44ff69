use std::io::Write;

use datafusion::arrow::array::RecordBatch;
use datafusion::arrow::csv::WriterBuilder as CsvWriter;
use datafusion::arrow::json::writer::{LineDelimited, WriterBuilder as JsonWriter};
use flate2::write::GzEncoder;

use super::SinkSpec;
use super::encode::Encoder;
use crate::plan::{Compression, Format};

const TIMES: &str = "%Y-%m-%d %H:%M:%S%.f";

/// Encodes CSV and JSON lines.
pub(super) struct TextEncoder {
    format: Format,
    separator: u8,
    header: bool,
    out: Bytes,
}

enum Bytes {
    Plain(Vec<u8>),
    Gzip(Box<GzEncoder<Vec<u8>>>),
}

impl TextEncoder {
    /// An encoder of one file.
    pub(super) fn new(spec: &SinkSpec) -> Self {
        let out = match spec.compression {
            Compression::Gzip => {
                Bytes::Gzip(Box::new(GzEncoder::new(Vec::new(), flate2::Compression::default())))
            }
            _ => Bytes::Plain(Vec::new()),
        };
        Self { format: spec.format, separator: spec.separator, header: spec.header, out }
    }
}

impl Encoder for TextEncoder {
    fn write(&mut self, batch: &RecordBatch) -> Result<(), String> {
        let mut text = Vec::new();
        match self.format {
            Format::Csv => {
                let mut writer = CsvWriter::new()
                    .with_header(std::mem::take(&mut self.header))
                    .with_delimiter(self.separator)
                    .with_timestamp_format(TIMES.to_owned())
                    .with_timestamp_tz_format(TIMES.to_owned())
                    .build(&mut text);
                writer.write(batch).map_err(|error| error.to_string())?;
            }
            Format::Json | Format::Parquet => {
                let mut writer = JsonWriter::new()
                    .with_timestamp_format(TIMES.to_owned())
                    .with_timestamp_tz_format(TIMES.to_owned())
                    .build::<_, LineDelimited>(&mut text);
                writer.write(batch).map_err(|error| error.to_string())?;
                writer.finish().map_err(|error| error.to_string())?;
            }
        }
        match &mut self.out {
            Bytes::Plain(out) => {
                if out.is_empty() {
                    *out = text;
                } else {
                    out.extend(text);
                }
                Ok(())
            }
            Bytes::Gzip(out) => out.write_all(&text).map_err(|error| error.to_string()),
        }
    }

    fn memory(&self) -> usize {
        match &self.out {
            Bytes::Plain(out) => out.len(),
            Bytes::Gzip(out) => out.get_ref().len(),
        }
    }

    fn flush(&mut self) -> Result<(), String> {
        Ok(())
    }

    fn ready(&mut self) -> Vec<u8> {
        match &mut self.out {
            Bytes::Plain(out) => std::mem::take(out),
            Bytes::Gzip(out) => std::mem::take(out.get_mut()),
        }
    }

    fn finish(self: Box<Self>) -> Result<Vec<u8>, String> {
        match self.out {
            Bytes::Plain(out) => Ok(out),
            Bytes::Gzip(out) => out.finish().map_err(|error| error.to_string()),
        }
    }
}
