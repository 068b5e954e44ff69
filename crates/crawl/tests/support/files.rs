//! Files of a tree.

use std::io::Write;

use mastic_classify::{
    Classified, ClassifyError, Column, Compression, CsvDetails, Details, Outcome, RecordCounts, Sample,
    classify,
};
use mastic_hive::Format;
use serde::Deserialize;
use serde_json::Value;

/// A file: its text, its text compressed, or what it is said to hold.
#[derive(Deserialize, Clone)]
#[serde(untagged)]
pub enum File {
    Text(String),
    Gzip {
        gzip: String,
    },
    /// Documents in JSON, one a line; a `schemaString` is the text of what it is given as.
    Lines {
        lines: Vec<Value>,
    },
    Said {
        /// `csv`, `json`, `parquet`, `orc`, `avro`.
        format: String,
        /// `name:type name:type`.
        columns: String,
    },
}

/// The bytes and records of a file that is not real.
const SAID_SIZE: u64 = 1000;
const SAID_RECORDS: u64 = 100;

impl File {
    pub fn size(&self) -> u64 {
        match self {
            Self::Text(text) => text.len() as u64,
            Self::Said { .. } => SAID_SIZE,
            _ => self.bytes().len() as u64,
        }
    }

    pub fn bytes(&self) -> Vec<u8> {
        match self {
            Self::Text(text) => text.clone().into_bytes(),
            Self::Gzip { gzip } => zipped(gzip),
            Self::Lines { lines } => {
                lines.iter().flat_map(|line| format!("{}\n", plain(line)).into_bytes()).collect()
            }
            Self::Said { .. } => panic!("its bytes are not there"),
        }
    }

    pub fn classify(&self, key: &str) -> Result<Classified, ClassifyError> {
        let bytes = match self {
            Self::Text(text) if text.is_empty() => return Ok(unknown()),
            Self::Said { format, columns } => return Ok(said(format, columns)),
            _ => self.bytes(),
        };
        let sample = Sample { size: bytes.len() as u64, head: &bytes, tail: None };
        match classify(&sample)? {
            Outcome::Done(found) => Ok(*found),
            more => panic!("{key}: {more:?}"),
        }
    }
}

fn plain(line: &Value) -> Value {
    let mut line = line.clone();
    if let Some(schema) = line.pointer_mut("/metaData/schemaString") {
        *schema = Value::String(schema.to_string());
    }
    line
}

fn zipped(text: &str) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(text.as_bytes()).unwrap();
    encoder.finish().unwrap()
}

pub fn unknown() -> Classified {
    Classified::unknown(Compression::None)
}

fn said(format: &str, columns: &str) -> Classified {
    let format = Format::from_classification(format).unwrap();
    let column = |text: &str| {
        let (name, ty) = text.split_once(':').unwrap();
        Column { name: name.to_lowercase(), ty: ty.parse().unwrap() }
    };
    let names = columns.split_whitespace().map(|text| text.split(':').next().unwrap().to_owned());
    Classified {
        classification: format.classification().into(),
        format: Some(format),
        columns: columns.split_whitespace().map(column).collect(),
        details: match format {
            Format::Csv => {
                Details::Csv(CsvDetails { delimiter: ',', quote: '"', header: true, quoted: false })
            }
            Format::Json => Details::Json { fields: names.collect(), path: None },
            _ => Details::None,
        },
        counts: RecordCounts { records: SAID_RECORDS, average_size: SAID_SIZE / SAID_RECORDS },
        ..unknown()
    }
}
