//! ORC files.

use std::future::ready;
use std::ops::Range;
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
use super::own::{adapted, apart, own_table, streamed, united_columns};
use super::scan::{Batches, FileFormat, FileTable, Work};
use super::slices::{Framing, Slice};
use crate::error::FileError;

/// Files whose ends are read side by side.
const TAILS: usize = 16;
/// Bytes of files' ends that are kept until the files are read; other files' ends are read once more then.
const KEPT: usize = 16 << 20;
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
    // One that is compressed as a whole is in memory as a whole.
    let side_by_side = if files.iter().any(|file| file.codec.is_some()) { 1 } else { TAILS };
    let found: Vec<Found> = stream::iter(&files)
        .map(|file| async move { found(file).await.map_err(|cause| FileError::new(node, file.url(), cause)) })
        .buffered(side_by_side)
        .scan(KEPT, |room, found| ready(Some(found.map(|found: Found| found.within(room)))))
        .try_collect()
        .await?;
    let names = columns.iter().map(|(name, _)| name.clone()).collect();
    Ok(own_table(node, files, columns, partitions, Arc::new(Orc { found, names })))
}

/// The columns that the files themselves tell.
///
/// # Errors
/// Names the file that is none.
pub(crate) async fn orc_columns(
    node: &str,
    files: &[SourceFile],
) -> Result<Vec<(String, DataType)>, FileError> {
    let side_by_side = if files.iter().any(|file| file.codec.is_some()) { 1 } else { TAILS };
    let schemas: Vec<SchemaRef> = stream::iter(files)
        .map(
            |file| async move { schema(file).await.map_err(|cause| FileError::new(node, file.url(), cause)) },
        )
        .buffered(side_by_side)
        .try_collect()
        .await?;
    Ok(united_columns(schemas))
}

async fn schema(file: &SourceFile) -> Result<SchemaRef, String> {
    let tail = Tail::read(file).await?;
    let input = Input::new(file, &tail, None);
    apart(move || {
        let builder = ArrowReaderBuilder::try_new(input).map_err(|error| error.to_string())?;
        Ok(builder.with_timestamp_precision(TimestampPrecision::Microsecond).schema())
    })
    .await
}

/// What is known of a file.
#[derive(Debug)]
struct Found {
    /// Its end, if it is kept.
    tail: Option<Tail>,
    /// Where its stripes begin and end; all of them as one if it is compressed as a whole.
    stripes: Vec<Range<u64>>,
}

impl Found {
    /// Lets go of the file's end if there is no room for it.
    fn within(self, room: &mut usize) -> Self {
        let tail = self.tail.filter(|tail| tail.held() <= *room);
        *room -= tail.as_ref().map_or(0, Tail::held);
        Self { tail, ..self }
    }
}

async fn found(file: &SourceFile) -> Result<Found, String> {
    let tail = Tail::read(file).await?;
    let mut input = Input::new(file, &tail, None);
    let stripes = apart(move || {
        let found = read_metadata(&mut input).map_err(|error| error.to_string())?;
        let stripes = found.stripe_metadatas().iter().map(|stripe| {
            let end = stripe.footer_offset().checked_add(stripe.footer_length());
            end.filter(|end| *end <= input.size() && *end > stripe.offset())
                .map(|end| stripe.offset()..end)
                .ok_or("a stripe lies outside of the file")
        });
        Ok(stripes.collect::<Result<Vec<_>, _>>()?)
    });
    let stripes = stripes.await?;
    if file.codec.is_none() {
        return Ok(Found { tail: Some(tail), stripes });
    }
    // The whole file is in memory while it is read: once, whatever it has of stripes.
    let ends =
        stripes.iter().map(|stripe| stripe.start).min().zip(stripes.iter().map(|stripe| stripe.end).max());
    Ok(Found { tail: None, stripes: ends.map(|(start, end)| start..end).into_iter().collect() })
}

#[derive(Debug)]
struct Orc {
    found: Vec<Found>,
    /// The table's columns, for files that do not name theirs.
    names: Vec<String>,
}

impl FileFormat for Orc {
    fn framing(&self, _: usize) -> Framing {
        Framing::Own
    }

    fn slices(&self, index: usize, _: &SourceFile) -> Vec<Slice> {
        let stripes = self.found.get(index).map(|found| found.stripes.as_slice()).unwrap_or_default();
        stripes.iter().map(|range| Slice { file: index, range: Some(range.clone()) }).collect()
    }

    fn decode(&self, work: Work) -> Batches {
        let (Some(found), Some(range)) = (self.found.get(work.slice.file), work.slice.range.clone()) else {
            return stream::empty().boxed();
        };
        let whole = work.columns.len() * 2 >= self.names.len() || range.end - range.start <= SMALL;
        let (tail, file, names) = (found.tail.clone(), Arc::clone(&work.file), self.names.clone());
        let fetch = async move {
            let tail = match tail {
                Some(tail) => tail,
                None => Tail::read(&file).await?,
            };
            let window =
                if whole { Some((range.start, tail.fetch(&file, range.clone()).await?)) } else { None };
            Ok::<(Input, Range<u64>), String>((Input::new(&file, &tail, window), range))
        };
        let (schema, rows) = (work.schema, work.rows);
        stream::once(fetch)
            .map_ok(move |(input, range)| stripe(input, range, Arc::clone(&schema), rows, names.clone()))
            .try_flatten()
            .boxed()
    }
}

/// The rows of the stripes that begin within the range.
fn stripe(input: Input, range: Range<u64>, schema: SchemaRef, rows: usize, names: Vec<String>) -> Batches {
    streamed(move |put| {
        let text = |error: orc_rust::error::OrcError| error.to_string();
        let builder = ArrowReaderBuilder::try_new(input).map_err(text)?;
        let builder = builder.with_batch_size(rows).with_timestamp_precision(TimestampPrecision::Microsecond);
        let own = builder.schema();
        let wanted = wanted(&own, &schema, &names);
        let mask = ProjectionMask::named_roots(builder.file_metadata().root_data_type(), &wanted);
        let at = |offset: u64| usize::try_from(offset).map_err(|error| error.to_string());
        let range = at(range.start)?..at(range.end)?;
        for batch in builder.with_projection(mask).with_file_byte_range(range).build() {
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

#[cfg(test)]
mod tests {
    use std::io::Write;

    use datafusion::arrow::array::{ArrayRef, Int64Array};
    use datafusion::arrow::util::pretty::pretty_format_batches;
    use datafusion::prelude::SessionContext;
    use object_store::memory::InMemory;
    use object_store::path::Path;
    use object_store::{ObjectStore, ObjectStoreExt};
    use orc_rust::ArrowWriterBuilder;

    use super::*;
    use crate::source::listing::codec_of;

    fn written(numbers: std::ops::Range<i64>) -> Vec<u8> {
        let column: ArrayRef = Arc::new(numbers.map(Some).collect::<Int64Array>());
        let batch = RecordBatch::try_from_iter([("n", column)]).unwrap();
        let mut bytes = Vec::new();
        let mut writer = ArrowWriterBuilder::new(&mut bytes, batch.schema()).try_build().unwrap();
        for row in 0..batch.num_rows() {
            writer.write(&batch.slice(row, 1)).unwrap();
            writer.flush_stripe().unwrap();
        }
        writer.close().unwrap();
        bytes
    }

    async fn file(key: &str, bytes: Vec<u8>) -> SourceFile {
        let store: Arc<dyn ObjectStore> = Arc::new(InMemory::new());
        let path = Path::from(key);
        store.put(&path, bytes.into()).await.unwrap();
        let meta = store.head(&path).await.unwrap();
        SourceFile { store, bucket: "b".into(), meta, codec: codec_of(key), partition: vec![] }
    }

    #[tokio::test]
    async fn ends_of_files_are_kept_as_far_as_there_is_room() {
        let plain = file("a.orc", written(0..3)).await;
        let mut room = 1000;
        let kept = found(&plain).await.unwrap().within(&mut room);
        assert_eq!((kept.stripes.len(), kept.tail.map(|tail| tail.held() + room)), (3, Some(1000)));
        let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        packed.write_all(&written(3..6)).unwrap();
        let packed = file("b.orc.gz", packed.finish().unwrap()).await;
        let (mut found, names) = (Vec::new(), vec!["n".to_owned()]);
        for file in [&plain, &packed] {
            found.push(super::found(file).await.unwrap().within(&mut 0));
        }
        assert!(found.iter().all(|found| found.tail.is_none()));
        assert_eq!(found.iter().map(|found| found.stripes.len()).collect::<Vec<_>>(), [3, 1]);
        let columns = [("n".to_owned(), DataType::Int64)];
        let table = own_table("n", vec![plain, packed], &columns, &[], Arc::new(Orc { found, names }));
        let frame = SessionContext::new().read_table(Arc::new(table)).unwrap();
        let sorted = frame.sort_by(vec![datafusion::prelude::col("n")]).unwrap();
        let text = pretty_format_batches(&sorted.collect().await.unwrap()).unwrap().to_string();
        let rows: Vec<&str> = text.lines().skip(3).map(|line| line.trim_matches(['|', ' '])).collect();
        assert_eq!(rows.get(..6).unwrap(), ["0", "1", "2", "3", "4", "5"]);
    }
}
