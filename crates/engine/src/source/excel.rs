//! Excel workbooks: the first sheet, whose first row names the columns.

use std::sync::Arc;

use datafusion::arrow::array::{ArrayRef, RecordBatch, RecordBatchOptions};
use datafusion::arrow::datatypes::{DataType, Field, Schema, SchemaRef, TimeUnit};
use futures::stream::{self, StreamExt, TryStreamExt};

mod archive;
mod sheet;

use sheet::{Cell, Limits, rows_of};

use super::SourceFile;
use super::own::{apart, streamed};
use super::scan::{Batches, FileFormat, FileTable, Work, with_partitions};
use super::slices::{Framing, Slice, all};
use crate::cast::cast_text;
use crate::error::FileError;

/// The most bytes of a workbook: it is held in memory as a whole.
const MOST: usize = 128 << 20;

/// What is known about an Excel table before its files are looked at.
pub(crate) struct ExcelShape {
    /// Read at most so many rows of each file.
    pub(crate) rows: Option<usize>,
    /// Leave out so many rows at the end of each file.
    pub(crate) skip_footer: usize,
    /// Types of columns by name; others are found out.
    pub(crate) declared: Option<Vec<(String, DataType)>>,
    /// The partition columns.
    pub(crate) partitions: Vec<(String, DataType)>,
}

/// A table over Excel workbooks.
///
/// # Errors
/// Names the file that is none.
pub(crate) async fn excel_table(
    node: &str,
    files: Vec<SourceFile>,
    shape: ExcelShape,
) -> Result<FileTable, FileError> {
    let limits = Limits { rows: shape.rows, skip_footer: shape.skip_footer };
    let mut columns: Vec<(String, Kind)> = Vec::new();
    // One after the other: each is held in memory as a whole.
    for file in &files {
        let fail = |cause: String| FileError::new(node, file.url(), cause);
        let bytes = all(file, MOST).await.map_err(fail)?;
        for (name, kind) in apart(move || kinds(bytes, limits)).await.map_err(fail)? {
            match columns.iter_mut().find(|(known, _)| *known == name) {
                Some((_, known)) => *known = known.and(kind),
                None => columns.push((name, kind)),
            }
        }
    }
    let declared = shape.declared.unwrap_or_default();
    let of = |name: &str| declared.iter().find(|(known, _)| known == name).map(|(_, of)| of.clone());
    let fields = columns.into_iter().map(|(name, kind)| {
        let of = of(&name).unwrap_or_else(|| kind.data_type());
        Field::new(name, of, true)
    });
    let data = Schema::new(fields.collect::<Vec<_>>());
    let (schema, kept) = with_partitions(&data, &shape.partitions);
    Ok(FileTable::new(node, schema, kept.len(), files, Arc::new(Excel { limits })))
}

/// What the values of a column have in common.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Nothing,
    Bool,
    Whole,
    Number,
    Time,
    Text,
}

impl Kind {
    fn of(cell: &Cell) -> Self {
        match cell {
            Cell::Empty => Self::Nothing,
            Cell::Bool(_) => Self::Bool,
            // Excel's numbers are exact up to 2^53 only.
            Cell::Number(number) if number.fract() == 0.0 && number.abs() < 9e15 => Self::Whole,
            Cell::Number(_) => Self::Number,
            Cell::Time(_) => Self::Time,
            Cell::Text(_) => Self::Text,
        }
    }

    fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::Nothing, kind) | (kind, Self::Nothing) => kind,
            (Self::Whole, Self::Number) | (Self::Number, Self::Whole) => Self::Number,
            (one, other) if one == other => one,
            _ => Self::Text,
        }
    }

    fn data_type(self) -> DataType {
        match self {
            Self::Bool => DataType::Boolean,
            Self::Whole => DataType::Int64,
            Self::Number => DataType::Float64,
            Self::Time => DataType::Timestamp(TimeUnit::Microsecond, None),
            Self::Nothing | Self::Text => DataType::Utf8View,
        }
    }
}

fn kinds(bytes: Vec<u8>, limits: Limits) -> Result<Vec<(String, Kind)>, String> {
    let mut columns: Vec<(String, Kind)> = Vec::new();
    rows_of(bytes, limits, &mut |names, row| {
        if columns.is_empty() {
            columns = names.iter().map(|name| (name.clone(), Kind::Nothing)).collect();
        }
        for ((_, kind), cell) in columns.iter_mut().zip(row.unwrap_or_default()) {
            *kind = kind.and(Kind::of(cell));
        }
        true
    })?;
    Ok(columns)
}

#[derive(Debug)]
struct Excel {
    limits: Limits,
}

impl FileFormat for Excel {
    fn framing(&self, _: usize) -> Framing {
        Framing::Own
    }

    fn slices(&self, index: usize, _: &SourceFile) -> Vec<Slice> {
        vec![Slice { file: index, range: None }]
    }

    fn decode(&self, work: Work) -> Batches {
        let (limits, file, schema, rows) = (self.limits, work.file, work.schema, work.rows);
        stream::once(async move { all(&file, MOST).await })
            .map_ok(move |bytes| {
                let schema = Arc::clone(&schema);
                streamed(move |put| {
                    let (mut held, mut open, mut failed) = (Held::new(&schema), true, None);
                    rows_of(bytes, limits, &mut |names, row| {
                        held.take(names, row);
                        if held.rows >= rows {
                            match held.batch(&schema) {
                                Ok(batch) => open = put(batch),
                                Err(error) => failed = Some(error),
                            }
                        }
                        open && failed.is_none()
                    })?;
                    if let Some(error) = failed {
                        return Err(error);
                    }
                    if open && held.rows > 0 {
                        put(held.batch(&schema)?);
                    }
                    Ok(())
                })
            })
            .try_flatten()
            .boxed()
    }
}

/// The texts of a batch, column by column.
struct Held {
    /// For each column of the schema, which of the sheet's it is; not known before the first row.
    places: Option<Vec<Option<usize>>>,
    texts: Vec<Vec<Option<String>>>,
    schema: SchemaRef,
    rows: usize,
}

impl Held {
    fn new(schema: &SchemaRef) -> Self {
        let texts = schema.fields().iter().map(|_| Vec::new()).collect();
        Self { places: None, texts, schema: Arc::clone(schema), rows: 0 }
    }

    fn take(&mut self, names: &[String], row: Option<&[Cell]>) {
        let fields = self.schema.fields();
        let places = self.places.get_or_insert_with(|| {
            fields.iter().map(|field| names.iter().position(|name| name == field.name())).collect()
        });
        let Some(row) = row else { return };
        for (texts, place) in self.texts.iter_mut().zip(places.iter()) {
            texts.push(place.and_then(|place| row.get(place)).and_then(Cell::text));
        }
        self.rows += 1;
    }

    fn batch(&mut self, schema: &SchemaRef) -> Result<RecordBatch, String> {
        let columns =
            self.texts.iter_mut().zip(schema.fields()).map(|(texts, field)| -> Result<ArrayRef, String> {
                let texts = std::mem::take(texts);
                cast_text(texts.iter().map(Option::as_deref), field.data_type())
                    .map_err(|error| format!("column `{}`: {error}", field.name()))
            });
        let columns = columns.collect::<Result<Vec<_>, _>>()?;
        let options = RecordBatchOptions::new().with_row_count(Some(std::mem::take(&mut self.rows)));
        RecordBatch::try_new_with_options(Arc::clone(schema), columns, &options)
            .map_err(|error| error.to_string())
    }
}
