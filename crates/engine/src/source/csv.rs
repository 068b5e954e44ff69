use std::sync::Arc;

use datafusion::arrow::datatypes::{DataType, Field, Schema};
use futures::stream::{self, StreamExt, TryStreamExt};

mod decode;
mod finds;
mod split;

use super::SourceFile;
use super::scan::{Batches, FileFormat, FileTable, Work, with_partitions};
use super::slices::{self, Framing};
use crate::error::FileError;
use crate::plan::CsvFormat;

/// Files whose first lines are read side by side.
const HEADS: usize = 16;

/// What is known about a CSV table before its files are looked at.
pub(crate) struct CsvShape<'a> {
    /// How text is cut.
    pub(crate) format: &'a CsvFormat,
    /// The columns in the order of the files, or by the names in their headers; found out if missing.
    pub(crate) columns: Option<Vec<(String, DataType)>>,
    /// The partition columns.
    pub(crate) partitions: Vec<(String, DataType)>,
    /// The type in which a column found out is wanted; text if nothing is answered.
    pub(crate) wanted: &'a (dyn Fn(&str) -> Option<DataType> + Sync),
    /// Whether a value that does not fit its column's type is null even where records that cannot be read are put aside.
    pub(crate) lenient: bool,
}

/// A table over CSV files. Values that do not fit their column's type are null.
///
/// # Errors
/// Names the file whose first line cannot be read.
pub(crate) async fn csv_table(
    node: &str,
    files: Vec<SourceFile>,
    shape: CsvShape<'_>,
) -> Result<FileTable, FileError> {
    let format = shape.format;
    let heads: Vec<Vec<String>> = if format.header || shape.columns.is_none() {
        stream::iter(&files)
            .map(|file| async move {
                let head = slices::head(file, first_line(format) + 1).await;
                let head = head.map_err(|cause| FileError::new(node, file.url(), cause))?;
                Ok::<_, FileError>(first_record(&head, format))
            })
            .buffered(HEADS)
            .try_collect()
            .await?
    } else {
        vec![]
    };
    let columns = match shape.columns {
        Some(columns) => columns,
        None => found_columns(&heads, format.header)
            .into_iter()
            .map(|name| {
                let of = (shape.wanted)(&name).unwrap_or(DataType::Utf8View);
                (name, of)
            })
            .collect(),
    };
    let data =
        Schema::new(columns.iter().map(|(name, of)| Field::new(name, of.clone(), true)).collect::<Vec<_>>());
    let (schema, kept) = with_partitions(&data, &shape.partitions);
    // Where each column of each file goes in the table.
    let place = |column: usize| kept.iter().position(|found| *found == column);
    let by_position: Arc<[Option<usize>]> = (0..columns.len()).map(place).collect();
    let places = if format.header {
        heads
            .into_iter()
            .map(|names| {
                names
                    .iter()
                    .map(|name| {
                        let same = columns.iter().position(|(column, _)| column == name);
                        let alike =
                            || columns.iter().position(|(column, _)| column.eq_ignore_ascii_case(name));
                        same.or_else(alike).and_then(place)
                    })
                    .collect()
            })
            .collect()
    } else {
        vec![by_position; files.len()]
    };
    let reader = CsvReader { format: format.clone(), lenient: shape.lenient, places };
    Ok(FileTable::new(node, schema, kept.len(), files, Arc::new(reader)))
}

/// The number of the line that names the columns, or that shows how many there are.
fn first_line(format: &CsvFormat) -> usize {
    if format.header { 0 } else { format.skip }
}

fn first_record(head: &[u8], format: &CsvFormat) -> Vec<String> {
    let text = String::from_utf8_lossy(head);
    let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
    let line = text.split_inclusive('\n').nth(first_line(format)).unwrap_or_default();
    let line = &split::stood_in(line.to_owned(), format);
    let mut names: Vec<String> = Vec::new();
    for cell in split::cells(line, format) {
        let name = cell.trim().to_owned();
        let mut unique = name.clone();
        let mut n = 2;
        while names.contains(&unique) {
            unique = format!("{name}_{n}");
            n += 1;
        }
        names.push(unique);
    }
    names
}

fn found_columns(heads: &[Vec<String>], header: bool) -> Vec<String> {
    if !header {
        let width = heads.iter().map(Vec::len).max().unwrap_or_default();
        return (0..width).map(|n| format!("col{n}")).collect();
    }
    let mut columns: Vec<String> = Vec::new();
    for name in heads.iter().flatten() {
        if !columns.contains(name) {
            columns.push(name.clone());
        }
    }
    columns
}

#[derive(Debug)]
struct CsvReader {
    format: CsvFormat,
    lenient: bool,
    places: Vec<Arc<[Option<usize>]>>,
}

impl FileFormat for CsvReader {
    fn framing(&self, _: usize) -> Framing {
        match (self.format.multiline, self.format.quote) {
            (true, Some(quote)) => Framing::Quoted { quote, escape: self.format.escape },
            _ => Framing::Lines,
        }
    }

    fn decode(&self, work: Work) -> Batches {
        let places = self.places.get(work.slice.file).map(AsRef::as_ref).unwrap_or_default();
        let places: Vec<Option<usize>> = places
            .iter()
            .map(|place| place.and_then(|place| work.columns.iter().position(|column| *column == place)))
            .collect();
        let skip = self.format.skip + usize::from(self.format.header);
        decode::batches(work, self.format.clone(), self.lenient, skip, places)
    }
}

#[cfg(test)]
mod tests;
