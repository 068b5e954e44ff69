//! ORC files.

use std::sync::Arc;

use datafusion::arrow::array::RecordBatch;
use datafusion::arrow::datatypes::{DataType, Schema, SchemaRef};
use futures::stream::{self, StreamExt, TryStreamExt};
use orc_rust::projection::ProjectionMask;
use orc_rust::reader::metadata::read_metadata;
use orc_rust::{ArrowReaderBuilder, TimestampPrecision};

mod input;

use input::{Input, Tail};

use super::SourceFile;
use super::own::{adapted, apart, own_table, streamed};
use super::scan::{Batches, FileFormat, FileTable, Work};
use super::slices::{Framing, Slice};
use crate::error::FileError;

/// Files whose ends are read side by side.
const TAILS: usize = 16;
/// Bytes of a part of a file that is fetched at once whatever is wanted of it.
const SMALL: u64 = 4 << 20;

/// A table over ORC files.
///
/// # Errors
/// Names the file that is none.
pub(crate) async fn orc_table(
    node: &str,
    files: Vec<SourceFile>,
    columns: &[(String, DataType)],
    partitions: &[(String, DataType)],
) -> Result<FileTable, FileError> {
    let tails: Vec<Found> = stream::iter(&files)
        .map(|file| async move { found(file).await.map_err(|cause| FileError::new(node, file.url(), cause)) })
        .buffered(TAILS)
        .try_collect()
        .await?;
    let names = columns.iter().map(|(name, _)| name.clone()).collect();
    Ok(own_table(node, files, columns, partitions, Arc::new(Orc { tails, names })))
}

/// What is known of a file.
#[derive(Debug)]
struct Found {
    tail: Tail,
    /// Where its stripes begin and end.
    stripes: Vec<(u64, u64)>,
}

async fn found(file: &SourceFile) -> Result<Found, String> {
    let tail = Tail::read(file).await?;
    let mut input = Input::new(file, &tail, None);
    let stripes = apart(move || {
        let found = read_metadata(&mut input).map_err(|error| error.to_string())?;
        let stripes = found.stripe_metadatas().iter().map(|stripe| {
            let end = stripe.footer_offset().checked_add(stripe.footer_length());
            end.filter(|end| *end <= input.size())
                .map(|end| (stripe.offset(), end))
                .ok_or("a stripe lies outside of the file")
        });
        Ok(stripes.collect::<Result<Vec<_>, _>>()?)
    });
    Ok(Found { stripes: stripes.await?, tail })
}

#[derive(Debug)]
struct Orc {
    tails: Vec<Found>,
    /// The table's columns, for files that do not name theirs.
    names: Vec<String>,
}

impl FileFormat for Orc {
    fn framing(&self, _: usize) -> Framing {
        Framing::Own
    }

    fn slices(&self, index: usize, _: &SourceFile) -> Vec<Slice> {
        let stripes = self.tails.get(index).map(|found| found.stripes.as_slice()).unwrap_or_default();
        stripes.iter().map(|(start, end)| Slice { file: index, range: Some(*start..*end) }).collect()
    }

    fn decode(&self, work: Work) -> Batches {
        let (Some(found), Some(range)) = (self.tails.get(work.slice.file), work.slice.range.clone()) else {
            return stream::empty().boxed();
        };
        let whole = work.columns.len() * 2 >= self.names.len() || range.end - range.start <= SMALL;
        let (tail, file, names) = (found.tail.clone(), Arc::clone(&work.file), self.names.clone());
        let fetch = async move {
            let window =
                if whole { Some((range.start, tail.fetch(&file, range.clone()).await?)) } else { None };
            Ok::<(Input, std::ops::Range<u64>), String>((Input::new(&file, &tail, window), range))
        };
        let (schema, rows) = (work.schema, work.rows);
        stream::once(fetch)
            .map_ok(move |(input, range)| stripe(input, range, Arc::clone(&schema), rows, names.clone()))
            .try_flatten()
            .boxed()
    }
}

/// The rows of the stripe that begins at the start of the range.
fn stripe(
    input: Input,
    range: std::ops::Range<u64>,
    schema: SchemaRef,
    rows: usize,
    names: Vec<String>,
) -> Batches {
    streamed(move |put| {
        let text = |error: orc_rust::error::OrcError| error.to_string();
        let builder = ArrowReaderBuilder::try_new(input).map_err(text)?;
        let builder = builder.with_batch_size(rows).with_timestamp_precision(TimestampPrecision::Microsecond);
        let own = builder.schema();
        let wanted = wanted(&own, &schema, &names);
        let mask = ProjectionMask::named_roots(builder.file_metadata().root_data_type(), &wanted);
        let start = usize::try_from(range.start).map_err(|error| error.to_string())?;
        for batch in builder.with_projection(mask).with_file_byte_range(start..start + 1).build() {
            let batch = batch.map_err(|error| error.to_string())?;
            if !put(adapted(&renamed(&batch, &own, &names)?, &schema)?) {
                break;
            }
        }
        Ok(())
    })
}

/// The names of the file's columns that are needed; its first, to count rows, if none is.
fn wanted(own: &Schema, schema: &SchemaRef, names: &[String]) -> Vec<String> {
    let needed = |name: &str| schema.fields().iter().any(|field| field.name().eq_ignore_ascii_case(name));
    let fields = own.fields().iter().map(|field| field.name());
    let found: Vec<String> =
        fields.clone().filter(|name| needed(of_table(name, names).unwrap_or(name))).cloned().collect();
    if found.is_empty() { fields.take(1).cloned().collect() } else { found }
}

/// What the table calls a column that Hive wrote without a name: `_col0`, `_col1`.
fn of_table<'a>(name: &str, names: &'a [String]) -> Option<&'a str> {
    let number: usize = name.strip_prefix("_col")?.parse().ok()?;
    names.get(number).map(String::as_str)
}

fn renamed(batch: &RecordBatch, own: &Schema, names: &[String]) -> Result<RecordBatch, String> {
    if !own.fields().iter().all(|field| field.name().starts_with("_col")) {
        return Ok(batch.clone());
    }
    let found = batch.schema();
    let fields = found.fields().iter().map(|field| {
        let name = of_table(field.name(), names).unwrap_or(field.name()).to_owned();
        field.as_ref().clone().with_name(name)
    });
    let schema = Arc::new(Schema::new(fields.collect::<Vec<_>>()));
    RecordBatch::try_new(schema, batch.columns().to_vec()).map_err(|error| error.to_string())
}
