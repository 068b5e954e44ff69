use std::io::Write;

use bzip2::write::BzEncoder;
use datafusion::arrow::array::RecordBatch;
use datafusion::arrow::csv::WriterBuilder as CsvWriter;
use datafusion::arrow::json::writer::{LineDelimited, WriterBuilder as JsonWriter};
use flate2::write::GzEncoder;

use super::SinkSpec;
use super::encode::Encoder;
use super::xml;
use crate::plan::{Compression, Format};

const TIMES: &str = "%Y-%m-%d %H:%M:%S%.f";

/// Bytes of memory that a compression holds, whatever it is given.
const GZIP: usize = 272 << 10;
const BZIP2: usize = 5500 << 10;

/// Encodes CSV, JSON lines and XML.
pub(super) struct TextEncoder {
    format: Format,
    separator: u8,
    header: bool,
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
            Format::Xml => {
                if std::mem::take(&mut self.header) {
                    text.extend_from_slice(xml::BEGIN);
                }
                xml::rows(&json(batch)?, batch.schema_ref(), &mut text)?;
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

    fn finish(mut self: Box<Self>) -> Result<Vec<u8>, String> {
        if self.format == Format::Xml {
            self.out.put(xml::END.to_vec())?;
        }
        match self.out {
            Bytes::Plain(out) => Ok(out),
            Bytes::Gzip(out) => out.finish().map_err(|error| error.to_string()),
            Bytes::Bzip2(out) => out.finish().map_err(|error| error.to_string()),
        }
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
        .build::<_, LineDelimited>(&mut text);
    writer.write(batch).map_err(|error| error.to_string())?;
    writer.finish().map_err(|error| error.to_string())?;
    drop(writer);
    Ok(text)
}
