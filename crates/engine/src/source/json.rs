use std::sync::Arc;

use datafusion::arrow::array::RecordBatch;
use datafusion::arrow::datatypes::{DataType, Field, Schema};
use datafusion::arrow::json::ReaderBuilder;
use datafusion::arrow::json::reader::Decoder;
use futures::stream::{self, StreamExt, TryStreamExt};

mod array;
mod infer;
mod path;
mod sift;

use array::ArrayScan;
use path::JsonPath;
use sift::Sieve;

use super::SourceFile;
use super::scan::{Batches, FileFormat, FileTable, Work, with_partitions};
use super::slices::{self, Framing, Piece, Pieces};
use crate::choice::has_choice;
use crate::error::FileError;

/// Files that are looked at side by side.
const HEADS: usize = 16;
/// Lines looked at to learn how records write their names.
const SAMPLE: usize = 100;

/// What is known about a JSON table before its files are looked at.
pub(crate) struct JsonShape<'a> {
    /// Where the records are.
    pub(crate) path: Option<&'a str>,
    /// Whether a record may span lines.
    pub(crate) multiline: bool,
    /// The columns; inferred from all data if missing.
    pub(crate) columns: Option<Vec<(String, DataType)>>,
    /// The partition columns.
    pub(crate) partitions: Vec<(String, DataType)>,
    /// Files that are looked through side by side.
    pub(crate) width: usize,
    /// Whether lines that are no records are passed over while columns are inferred.
    pub(crate) tolerant: bool,
}

/// A table over JSON files. Values that do not fit their column's type are null.
///
/// # Errors
/// Names the file that cannot be read or the JsonPath that is not understood.
pub(crate) async fn json_table(
    node: &str,
    files: Vec<SourceFile>,
    shape: JsonShape<'_>,
) -> Result<FileTable, FileError> {
    let path = match shape.path {
        None => None,
        Some(text) => JsonPath::parse(text).map_err(|cause| FileError::new(node, text, cause))?,
    };
    let layouts: Vec<Layout> = stream::iter(&files)
        .map(|file| async move {
            let head =
                slices::head(file, 1).await.map_err(|cause| FileError::new(node, file.url(), cause))?;
            let begins = |byte| head.trim_ascii_start().first() == Some(&byte);
            Ok::<_, FileError>(if begins(b'[') {
                Layout::Array
            } else if shape.multiline {
                Layout::Records
            } else {
                Layout::Lines
            })
        })
        .buffered(HEADS)
        .try_collect()
        .await?;
    let reader = Arc::new(JsonReader { path, layouts });
    let data = match shape.columns {
        Some(columns) => {
            Schema::new(columns.into_iter().map(|(name, of)| Field::new(name, of, true)).collect::<Vec<_>>())
        }
        None => infer(node, &files, &reader, shape.width, shape.tolerant).await?,
    };
    let (schema, kept) = with_partitions(&data, &shape.partitions);
    Ok(FileTable::new(node, schema, kept.len(), files, reader))
}

async fn infer(
    node: &str,
    files: &[SourceFile],
    reader: &Arc<JsonReader>,
    width: usize,
    tolerant: bool,
) -> Result<Schema, FileError> {
    let slices: Vec<_> = files
        .iter()
        .enumerate()
        .flat_map(|(index, file)| slices::slices(index, file, reader.framing(index)))
        .collect();
    let found = stream::iter(slices)
        .map(|slice| {
            let reader = Arc::clone(reader);
            let file = files.get(slice.file).cloned();
            async move {
                let Some(file) = file else { return Ok(infer::Shape::default()) };
                let (url, index) = (file.url(), slice.file);
                let work = async move {
                    let pieces = slices::read(slice, Arc::new(file), reader.framing(index)).await;
                    let sieve = tolerant.then(Sieve::tolerant);
                    infer::shape_of(reader.records(index, pieces, sieve)).await
                };
                // Its own task, so that several slices are looked through at once.
                match datafusion::common::runtime::SpawnedTask::spawn(work).await {
                    Ok(Ok(shape)) => Ok(shape),
                    Ok(Err(cause)) => Err(FileError::new(node, url, cause)),
                    Err(error) => Err(FileError::new(node, url, error)),
                }
            }
        })
        .buffered(width.max(1))
        .try_fold(infer::Shape::default(), |mut all, one| async move {
            all.merge(one);
            Ok(all)
        })
        .await?;
    Ok(found.schema())
}

/// Catalog columns under the names that the records use, as far as the beginning of the first file tells.
///
/// # Errors
/// Names the file that cannot be read.
pub(crate) async fn recased(
    node: &str,
    files: &[SourceFile],
    columns: Vec<(String, DataType)>,
) -> Result<Vec<(String, DataType)>, FileError> {
    let Some(file) = files.first() else { return Ok(columns) };
    let fail = |cause: String| FileError::new(node, file.url(), cause);
    let head = slices::head(file, SAMPLE).await.map_err(fail)?;
    let found = infer::shape_of_start(&head);
    Ok(columns
        .into_iter()
        .map(|(name, of)| match found.field(&name) {
            Some((known, shape)) => (known.to_owned(), shape.recased(of)),
            None => (name, of),
        })
        .collect())
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Layout {
    /// One record a line.
    Lines,
    /// Records after each other.
    Records,
    /// One array of records.
    Array,
}

/// Bytes of records.
type Records = stream::BoxStream<'static, Result<Vec<u8>, String>>;

#[derive(Debug)]
struct JsonReader {
    path: Option<JsonPath>,
    layouts: Vec<Layout>,
}

impl JsonReader {
    /// Bytes of records with nothing but white space between them, in pieces cut anywhere.
    fn records(&self, file: usize, pieces: Pieces, sieve: Option<Sieve>) -> Records {
        let own = |piece: Piece| {
            let Piece { mut bytes, range, .. } = piece;
            bytes.truncate(range.end);
            bytes.drain(..range.start);
            bytes
        };
        if let Some(path) = self.path.clone() {
            return stream::once(async move {
                let all = pieces
                    .try_fold(Vec::new(), |mut all, piece| async move {
                        all.extend(own(piece));
                        Ok(all)
                    })
                    .await?;
                path.records(&all)
            })
            .boxed();
        }
        if let (Some(sieve), Framing::Lines) = (sieve, self.framing(file)) {
            return pieces.map(move |piece| sieve.sound(&piece?)).boxed();
        }
        let mut array = (self.layouts.get(file) == Some(&Layout::Array)).then(ArrayScan::default);
        pieces
            .map(move |piece| {
                let mut bytes = own(piece?);
                if let Some(array) = &mut array {
                    array.open(&mut bytes)?;
                }
                Ok(bytes)
            })
            .boxed()
    }
}

impl FileFormat for JsonReader {
    fn framing(&self, file: usize) -> Framing {
        match (&self.path, self.layouts.get(file)) {
            (None, Some(Layout::Lines)) => Framing::Lines,
            _ => Framing::Any,
        }
    }

    fn decode(&self, work: Work) -> Batches {
        let Work { slice, pieces, schema, rows, rejects, .. } = work;
        let chooses = schema.fields().iter().any(|field| has_choice(field.data_type()));
        let sieve = rejects.map(|rejects| Sieve::of(rejects, &schema));
        let decoder = ReaderBuilder::new(Arc::clone(&schema))
            .with_batch_size(rows)
            .with_coerce_primitive(true)
            .with_ignore_type_conflicts(true)
            .build_decoder();
        let decoder = match decoder {
            Ok(decoder) => decoder,
            Err(error) => return stream::iter([Err(error.to_string())]).boxed(),
        };
        let records = self.records(slice.file, pieces, sieve);
        let records = if chooses { sift::chosen(records, schema) } else { records };
        let state = Reading { records, decoder, held: Vec::new(), at: 0, done: false };
        stream::try_unfold(state, |mut state| async move {
            let batch = state.next().await?;
            Ok(batch.map(|batch| (batch, state)))
        })
        .boxed()
    }
}

struct Reading {
    records: Records,
    decoder: Decoder,
    held: Vec<u8>,
    at: usize,
    done: bool,
}

impl Reading {
    async fn next(&mut self) -> Result<Option<RecordBatch>, String> {
        loop {
            let rest = self.held.get(self.at..).unwrap_or_default();
            if rest.is_empty() && !self.done {
                match self.records.try_next().await? {
                    Some(bytes) => (self.held, self.at) = (bytes, 0),
                    None => self.done = true,
                }
                continue;
            }
            let taken = self.decoder.decode(rest).map_err(|error| error.to_string())?;
            self.at += taken;
            if self.done || self.at < self.held.len() {
                return self.decoder.flush().map_err(|error| error.to_string());
            }
        }
    }
}

#[cfg(test)]
mod tests;
