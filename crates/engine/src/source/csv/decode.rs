use std::borrow::Cow;
use std::sync::Arc;

use datafusion::arrow::array::{Array, ArrayRef, RecordBatch, RecordBatchOptions};
use datafusion::arrow::compute::filter_record_batch;
use datafusion::arrow::datatypes::{DataType, FieldRef, SchemaRef};
use futures::{StreamExt, stream};

use super::split::{
    Fields, LONGEST, QUILLEMET_TEXT, QUOTE_STAND_IN, Record, Span, Splitter, original, unescape,
};
use crate::cast::cast_text;
use crate::error_rows::{Rejects, misfit};
use crate::plan::CsvFormat;
use crate::source::scan::{Batches, Work};
use crate::source::slices::Piece;

/// Decodes pieces into batches. `places` says for each field of a record to which column of the schema it goes; the
/// file's first `skip` lines are left out.
pub(super) fn batches(
    work: Work,
    format: CsvFormat,
    lenient: bool,
    skip: usize,
    places: Vec<Option<usize>>,
) -> Batches {
    let Work { pieces, schema, rows, rejects, .. } = work;
    let plan = Arc::new(Plan { format, lenient, skip, places, schema, rows, rejects });
    pieces
        .flat_map(move |piece| {
            let plan = Arc::clone(&plan);
            let text = piece.and_then(|piece| Text::new(piece, &plan));
            stream::iter(match text {
                Ok(text) => Decoder::new(plan, text).into_results(),
                Err(error) => Box::new(std::iter::once(Err(error))),
            })
        })
        .boxed()
}

struct Plan {
    format: CsvFormat,
    lenient: bool,
    skip: usize,
    places: Vec<Option<usize>>,
    schema: SchemaRef,
    rows: usize,
    rejects: Option<Rejects>,
}

struct Text {
    text: String,
    at: usize,
    end: usize,
    places: Places,
}

impl Text {
    fn new(piece: Piece, plan: &Plan) -> Result<Self, String> {
        if piece.bytes.len() > LONGEST {
            return Err(format!("a record is longer than {LONGEST} bytes"));
        }
        let Piece { mut bytes, range, first, offset } = piece;
        bytes.truncate(range.end);
        let whole = if plan.format.quillemet { Err(bytes) } else { utf8(bytes) };
        let (text, mut at, places) = match whole {
            Ok(text) => (text, range.start, Places::new(offset)),
            // The piece may begin within a character of the record before it, which is not ours.
            Err(bytes) => {
                let own = bytes.get(range.start..).unwrap_or_default();
                let (text, places) = replaced(own, offset + range.start as u64, plan.format.quillemet);
                (text, 0, places)
            }
        };
        if first {
            if text.get(at..).is_some_and(|text| text.starts_with('\u{feff}')) {
                at += '\u{feff}'.len_utf8();
            }
            for _ in 0..plan.skip {
                let rest = text.get(at..).unwrap_or_default();
                at += rest.find('\n').map_or(rest.len(), |found| found + 1);
            }
        }
        Ok(Self { end: text.len(), text, at, places })
    }
}

fn utf8(bytes: Vec<u8>) -> Result<String, Vec<u8>> {
    String::from_utf8(bytes).map_err(std::string::FromUtf8Error::into_bytes)
}

/// Text of bytes that begin at `offset` of a file, and where its lines are there: what is no UTF-8 is replaced, and so is
/// the quote that has more than one byte.
fn replaced(bytes: &[u8], offset: u64, quillemet: bool) -> (String, Places) {
    let (mut text, mut places) = (String::with_capacity(bytes.len()), Places::new(offset));
    let mut read = 0;
    for chunk in bytes.utf8_chunks() {
        let mut rest = chunk.valid();
        while let Some((before, after)) = rest.split_once(QUILLEMET_TEXT).filter(|_| quillemet) {
            text.push_str(before);
            text.push(QUOTE_STAND_IN);
            read += before.len() + QUILLEMET_TEXT.len_utf8();
            places.mark(&text, offset + read as u64);
            rest = after;
        }
        text.push_str(rest);
        read += rest.len();
        if !chunk.invalid().is_empty() {
            text.push(char::REPLACEMENT_CHARACTER);
            read += chunk.invalid().len();
            places.mark(&text, offset + read as u64);
        }
    }
    (text, places)
}

/// Where lines of a text are in the file from which it was made.
struct Places {
    /// Positions in the text with those in the file, up to the next: both go on alike.
    marks: Vec<(usize, u64)>,
}

impl Places {
    /// The text begins at `offset`, and nothing of it was replaced yet.
    fn new(offset: u64) -> Self {
        Self { marks: vec![(0, offset)] }
    }

    /// What follows the text so far is at `offset` of the file. One mark a line is enough.
    fn mark(&mut self, text: &str, offset: u64) {
        let (last, many) = (self.marks.last().map_or(0, |(at, _)| *at), self.marks.len() > 1);
        let same_line = !text.as_bytes().get(last..).unwrap_or_default().contains(&b'\n');
        if many && same_line {
            self.marks.pop();
        }
        self.marks.push((text.len(), offset));
    }

    /// Where in the file the line is that begins at `at` of the text.
    fn of(&self, at: usize) -> u64 {
        let after = self.marks.partition_point(|(marked, _)| *marked <= at);
        let mark = after.checked_sub(1).and_then(|last| self.marks.get(last));
        mark.map_or(0, |(marked, offset)| offset + (at - marked) as u64)
    }
}

/// Cells between two columns: at a distance of a power of two the cells of a record would all want the same place in the
/// processor's cache.
const APART: usize = 8;

/// The fields of a batch, column by column.
struct Grid {
    /// Where each field of a record has its column, if it is wanted.
    columns: Vec<Option<usize>>,
    /// How far a column is from the next.
    stride: usize,
    cells: Vec<Span>,
    rows: usize,
}

impl Grid {
    /// An empty one with room for `rows` records.
    fn new(places: &[Option<usize>], width: usize, rows: usize) -> Self {
        let stride = rows + APART;
        let wanted = places.iter().rposition(Option::is_some).map_or(0, |last| last + 1);
        let columns = places.iter().take(wanted).map(|place| place.map(|column| column * stride)).collect();
        Self { columns, stride, cells: vec![Span::MISSING; width * stride], rows: 0 }
    }

    fn columns(&self) -> impl Iterator<Item = &[Span]> {
        self.cells.chunks(self.stride).map(|column| column.get(..self.rows).unwrap_or_default())
    }
}

impl Fields for Grid {
    #[inline]
    fn field(&mut self, number: usize, span: Span) {
        let column = self.columns.get(number).copied().flatten();
        if let Some(cell) = column.and_then(|column| self.cells.get_mut(column + self.rows)) {
            *cell = span;
        }
    }

    #[inline]
    fn end(&mut self, fields: usize) {
        // The cells are those of an earlier batch.
        for number in fields..self.columns.len() {
            self.field(number, Span::MISSING);
        }
        self.rows += 1;
    }
}

struct Decoder {
    plan: Arc<Plan>,
    text: Text,
    /// Kept for the next batch.
    grid: Grid,
}

type Results = Box<dyn Iterator<Item = Result<RecordBatch, String>> + Send>;

impl Decoder {
    fn new(plan: Arc<Plan>, text: Text) -> Self {
        let grid = Grid::new(&plan.places, plan.schema.fields().len(), plan.rows);
        Self { plan, text, grid }
    }

    fn into_results(mut self) -> Results {
        Box::new(std::iter::from_fn(move || self.next().transpose()))
    }

    fn next(&mut self) -> Result<Option<RecordBatch>, String> {
        if let Some(rejects) = self.plan.rejects.clone() {
            return self.next_sound(&rejects);
        }
        let Self { plan, text, grid } = self;
        if text.at >= text.end {
            return Ok(None);
        }
        grid.rows = 0;
        let mut splitter = Splitter::new(&plan.format, grid.columns.len());
        text.at = splitter.split(&text.text, text.at, text.end, plan.rows, grid);
        if grid.rows == 0 {
            return Ok(None);
        }
        let columns = columns(grid, &text.text, plan)?;
        batch(plan, columns, grid.rows).map(Some)
    }

    /// The next batch of records that are whole and, unless that does not matter, fit their columns' types; others are put
    /// aside.
    fn next_sound(&mut self, rejects: &Rejects) -> Result<Option<RecordBatch>, String> {
        let plan = Arc::clone(&self.plan);
        let width = plan.places.len();
        let mut records: Vec<(usize, usize)> = Vec::with_capacity(plan.rows);
        self.grid.rows = 0;
        let mut record = Record::default();
        while records.len() < plan.rows && self.text.at < self.text.end {
            let start = self.text.at;
            record.fields.clear();
            record.found = false;
            let mut splitter = Splitter::new(&plan.format, usize::MAX);
            self.text.at = splitter.split(&self.text.text, start, self.text.end, 1, &mut record);
            if !record.found {
                continue;
            }
            let reason = if splitter.is_broken() {
                "a quote is not closed".to_owned()
            } else if record.fields.len() != width {
                format!("it has {} fields instead of {width}", record.fields.len())
            } else {
                String::new()
            };
            if !reason.is_empty() {
                self.reject(rejects, (start, self.text.at), &reason)?;
                continue;
            }
            records.push((start, self.text.at));
            for (number, span) in record.fields.iter().enumerate() {
                self.grid.field(number, *span);
            }
            self.grid.end(width);
        }
        let rows = records.len();
        if rows == 0 {
            return Ok(None);
        }
        let columns = columns(&self.grid, &self.text.text, &plan)?;
        if plan.lenient {
            return batch(&plan, columns, rows).map(Some);
        }
        let mut sound = vec![true; rows];
        for ((column, spans), field) in columns.iter().zip(self.grid.columns()).zip(plan.schema.fields()) {
            for (row, span) in spans.iter().enumerate().filter(|(row, _)| column.is_null(*row)) {
                let text = span.of(&self.text.text).unwrap_or_default();
                let empty = text.trim().is_empty() || plan.format.nulls.iter().any(|null| null == text);
                if let Some(sound) = sound.get_mut(row).filter(|sound| **sound && !empty) {
                    *sound = false;
                    let reason = misfit(field.name(), text, field.data_type());
                    let record = records.get(row).copied().unwrap_or_default();
                    self.reject(rejects, record, &reason)?;
                }
            }
        }
        let whole = batch(&plan, columns, rows)?;
        let kept = filter_record_batch(&whole, &sound.into()).map_err(|error| error.to_string())?;
        Ok(Some(kept))
    }

    fn reject(&self, rejects: &Rejects, record: (usize, usize), reason: &str) -> Result<(), String> {
        let text = self.text.text.get(record.0..record.1).unwrap_or_default();
        let text: Cow<'_, str> = if self.plan.format.quillemet { original(text).into() } else { text.into() };
        rejects.add(self.text.places.of(record.0), text.as_bytes(), reason)
    }
}

fn batch(plan: &Plan, columns: Vec<ArrayRef>, rows: usize) -> Result<RecordBatch, String> {
    let options = RecordBatchOptions::new().with_row_count(Some(rows));
    RecordBatch::try_new_with_options(Arc::clone(&plan.schema), columns, &options)
        .map_err(|error| error.to_string())
}

fn columns(grid: &Grid, text: &str, plan: &Plan) -> Result<Vec<ArrayRef>, String> {
    let one = |(spans, field): (&[Span], &FieldRef)| {
        column(spans, text, field.data_type(), &plan.format)
            .map_err(|error| format!("column `{}`: {error}", field.name()))
    };
    grid.columns().zip(plan.schema.fields()).map(one).collect()
}

fn column(spans: &[Span], text: &str, to: &DataType, format: &CsvFormat) -> Result<ArrayRef, String> {
    let plain = format.nulls.is_empty() && !spans.iter().any(|span| span.is_raw());
    let array = if plain {
        cast_text(spans.iter().map(|span| span.of(text)), to)
    } else {
        let values: Vec<Option<Cow<'_, str>>> = spans
            .iter()
            .map(|span| {
                let raw = span.of(text).filter(|raw| format.nulls.iter().all(|null| null != raw))?;
                Some(if span.is_raw() { unescape(raw, format).into() } else { raw.into() })
            })
            .collect();
        cast_text(values.iter().map(|value| value.as_deref()), to)
    };
    array.map_err(|error| error.to_string())
}
