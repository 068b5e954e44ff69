use ::parquet::file::metadata::ParquetMetaData;
use datafusion::arrow::array::RecordBatch;
use datafusion::arrow::datatypes::SchemaRef;

use super::avro::AvroEncoder;
use super::orc::OrcEncoder;
use super::parquet::{Dictionaries, ParquetEncoder};
use super::text::TextEncoder;
use super::{SinkSpec, Statistics, WrittenFile};
use crate::plan::{Compression, Format};
use crate::sink::upload::Upload;

/// Turns batches into the bytes of one file.
pub(super) trait Encoder: Send {
    /// Encodes a batch.
    fn write(&mut self, batch: &RecordBatch) -> Result<(), String>;

    /// Bytes of memory held, encoded or not.
    fn memory(&self) -> usize;

    /// Makes what was written so far ready to be taken; for Parquet, ends the row group.
    fn flush(&mut self) -> Result<(), String>;

    /// The bytes that are ready.
    fn ready(&mut self) -> Vec<u8>;

    /// The last bytes.
    fn finish(self: Box<Self>) -> Result<Ended, String>;
}

/// The end of a file.
pub(super) struct Ended {
    /// Its last bytes.
    pub(super) bytes: Vec<u8>,
    /// What they tell of the file, of one of Parquet's.
    pub(super) footer: Option<Box<ParquetMetaData>>,
}

impl From<Vec<u8>> for Ended {
    fn from(bytes: Vec<u8>) -> Self {
        Self { bytes, footer: None }
    }
}

/// A file that is being written.
pub(super) struct OpenFile {
    encoder: Box<dyn Encoder>,
    upload: Upload,
    url: String,
    rows: u64,
    schema: SchemaRef,
    statistics: Option<Statistics>,
}

impl OpenFile {
    /// Begins a file at `key`.
    pub(super) fn new(
        spec: &SinkSpec,
        key: &str,
        schema: &SchemaRef,
        dictionaries: &Dictionaries,
    ) -> Result<Self, String> {
        let path = object_store::path::Path::parse(key).map_err(|error| error.to_string())?;
        let encoder: Box<dyn Encoder> = match spec.format {
            Format::Parquet => Box::new(ParquetEncoder::new(schema, spec.compression, dictionaries)?),
            Format::Csv | Format::Json | Format::Xml => Box::new(TextEncoder::new(spec)),
            Format::Avro => Box::new(AvroEncoder::new(schema, spec.compression)?),
            Format::Orc => Box::new(OrcEncoder::new(schema, spec.compression)?),
        };
        let upload = Upload::new(std::sync::Arc::clone(&spec.store), path);
        let (url, schema) = (spec.folder.at(key).to_string(), SchemaRef::clone(schema));
        Ok(Self { encoder, upload, url, rows: 0, schema, statistics: spec.statistics })
    }

    /// The file's URL.
    pub(super) fn url(&self) -> &str {
        &self.url
    }

    /// Bytes of memory held.
    pub(super) fn memory(&self) -> usize {
        self.encoder.memory() + self.upload.held()
    }

    /// Bytes so far, those not yet ready as they are in memory.
    pub(super) fn size(&self) -> u64 {
        self.upload.size() + self.encoder.memory() as u64
    }

    /// Writes a batch.
    pub(super) async fn write(&mut self, batch: &RecordBatch) -> Result<(), String> {
        self.encoder.write(batch)?;
        self.rows += batch.num_rows() as u64;
        self.send().await
    }

    /// Lets go of what can be let go of without ending the file.
    pub(super) async fn flush(&mut self) -> Result<(), String> {
        self.encoder.flush()?;
        self.send().await
    }

    async fn send(&mut self) -> Result<(), String> {
        let ready = self.encoder.ready();
        if ready.is_empty() {
            return Ok(());
        }
        self.upload.put(ready).await.map_err(|error| error.to_string())
    }

    /// Ends the file.
    pub(super) async fn finish(self) -> Result<WrittenFile, String> {
        let Self { encoder, mut upload, url, rows, schema, statistics } = self;
        let Ended { bytes, footer } = encoder.finish()?;
        let statistics = footer.zip(statistics).map(|(footer, told)| told(&schema, &footer));
        upload.put(bytes).await.map_err(|error| error.to_string())?;
        let bytes = upload.finish().await.map_err(|error| error.to_string())?;
        Ok(WrittenFile { url, rows, bytes, statistics })
    }

    /// Takes the file back.
    pub(super) async fn abort(self) {
        self.upload.abort().await;
    }
}

/// The end of a file's name, as Spark's writers have it.
pub(super) fn extension(format: Format, compression: Compression) -> String {
    let codec = match compression {
        Compression::None => "",
        Compression::Snappy => ".snappy",
        Compression::Gzip => ".gz",
        Compression::Bzip2 => ".bz2",
        Compression::Lz4 => ".lz4",
        Compression::Zstd => ".zstd",
        Compression::Brotli => ".brotli",
        Compression::Deflate if format == Format::Orc => ".zlib",
        Compression::Deflate => ".deflate",
        Compression::Xz => ".xz",
    };
    let name = format.classification();
    match format {
        Format::Parquet | Format::Orc => format!("{codec}.{name}"),
        // Avro's files say inside how they are compressed.
        Format::Avro => format!(".{name}"),
        Format::Json | Format::Csv | Format::Xml => format!(".{name}{codec}"),
    }
}
