use std::borrow::Cow;
use std::sync::Arc;

use datafusion::arrow::array::{Array, ArrayRef, RecordBatch, RecordBatchOptions};
use datafusion::arrow::compute::filter_record_batch;
use datafusion::arrow::datatypes::{DataType, FieldRef, SchemaRef};
use futures::{StreamExt, stream};

use super::split::{LONGEST, Span, Splitter, stood_in, unescape};
use crate::cast::cast_text;
use crate::error_rows::Rejects;
use crate::plan::CsvFormat;
use crate::source::scan::{Batches, Work};
use crate::source::slices::Piece;
use crate::types::glue_type;

/// Decodes pieces into batches. `places` says for each field of a record to which column of the schema it goes; the
/// file's first `skip` lines are left out.
pub(super) fn batches(work: Work, format: CsvFormat, skip: usize, places: Vec<Option<usize>>) -> Batches {
    let Work { pieces, schema, rows, rejects, .. } = work;
    let plan = Arc::new(Plan { format, skip, places, schema, rows, rejects });
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
    /// Where in the file the text begins.
    offset: u64,
}

impl Text {
    fn new(piece: Piece, plan: &Plan) -> Result<Self, String> {
        if piece.bytes.len() > LONGEST {
            return Err(format!("a record is longer than {LONGEST} bytes"));
        }
        let Piece { mut bytes, range, first, mut offset } = piece;
        bytes.truncate(range.end);
        let (text, mut at) = match String::from_utf8(bytes) {
            Ok(text) => (text, range.start),
            // The piece may begin within a character of the record before it, which is not ours.
            Err(error) => {
                let own = error.as_bytes().get(range.start..).unwrap_or_default();
                offset += range.start as u64;
                (String::from_utf8_lossy(own).into_owned(), 0)
            }
        };
        if first {
            if text.starts_with('\u{feff}') {
                at = '\u{feff}'.len_utf8();
            }
            for _ in 0..plan.skip {
                let rest = text.get(at..).unwrap_or_default();
                at += rest.find('\n').map_or(rest.len(), |found| found + 1);
            }
        }
        if plan.format.quillemet {
            let own = text.get(at..).unwrap_or_default().to_owned();
            offset += at as u64;
            let text = stood_in(own, &plan.format);
            return Ok(Self { end: text.len(), text, at: 0, offset });
        }
        Ok(Self { end: text.len(), text, at, offset })
    }
}

struct Decoder {
    plan: Arc<Plan>,
    text: Text,
    /// The fields of a batch, column by column; kept for the next batch's.
    spans: Vec<Vec<Span>>,
}

type Results = Box<dyn Iterator<Item = Result<RecordBatch, String>> + Send>;

impl Decoder {
    fn new(plan: Arc<Plan>, text: Text) -> Self {
        let spans = plan.schema.fields().iter().map(|_| Vec::with_capacity(plan.rows)).collect();
        Self { plan, text, spans }
    }

    fn into_results(mut self) -> Results {
        Box::new(std::iter::from_fn(move || self.next().transpose()))
    }

    fn next(&mut self) -> Result<Option<RecordBatch>, String> {
        if let Some(rejects) = self.plan.rejects.clone() {
            return self.next_sound(&rejects);
        }
        if self.text.at >= self.text.end {
            return Ok(None);
        }
        let plan = &self.plan;
        let spans = &mut self.spans;
        spans.iter_mut().for_each(Vec::clear);
        let width = plan.places.iter().rposition(Option::is_some).map_or(0, |last| last + 1);
        let count = std::cell::Cell::new(0usize);
        let mut splitter = Splitter::new(&plan.format, width);
        self.text.at = splitter.split(
            &self.text.text,
            self.text.at,
            self.text.end,
            plan.rows,
            &mut |number, span| {
                let column = plan.places.get(number).copied().flatten();
                if let Some(column) = column.and_then(|column| spans.get_mut(column)) {
                    // A record that was too short left a gap.
                    if column.len() < count.get() {
                        column.resize(count.get(), Span::MISSING);
                    }
                    column.push(span);
                }
            },
            &mut || count.set(count.get() + 1),
        );
        let rows = count.get();
        if rows == 0 {
            return Ok(None);
        }
        let columns = columns(spans, &self.text.text, rows, plan)?;
        batch(plan, columns, rows).map(Some)
    }

    /// The next batch of records that are whole and fit their columns' types; others are put aside.
    fn next_sound(&mut self, rejects: &Rejects) -> Result<Option<RecordBatch>, String> {
        let plan = Arc::clone(&self.plan);
        let width = plan.places.len();
        let mut records: Vec<(usize, usize)> = Vec::with_capacity(plan.rows);
        self.spans.iter_mut().for_each(Vec::clear);
        let mut fields: Vec<Span> = Vec::with_capacity(width);
        while records.len() < plan.rows && self.text.at < self.text.end {
            let start = self.text.at;
            fields.clear();
            let found = std::cell::Cell::new(false);
            let mut splitter = Splitter::new(&plan.format, usize::MAX);
            self.text.at = splitter.split(
                &self.text.text,
                start,
                self.text.end,
                1,
                &mut |_, span| fields.push(span),
                &mut || found.set(true),
            );
            if !found.get() {
                continue;
            }
            let reason = if splitter.is_broken() {
                "a quote is not closed".to_owned()
            } else if fields.len() != width {
                format!("it has {} fields instead of {width}", fields.len())
            } else {
                String::new()
            };
            if !reason.is_empty() {
                self.reject(rejects, (start, self.text.at), &reason)?;
                continue;
            }
            records.push((start, self.text.at));
            for (place, span) in plan.places.iter().zip(&fields) {
                if let Some(column) = place.and_then(|place| self.spans.get_mut(place)) {
                    column.push(*span);
                }
            }
        }
        let rows = records.len();
        if rows == 0 {
            return Ok(None);
        }
        let columns = columns(&mut self.spans, &self.text.text, rows, &plan)?;
        let mut sound = vec![true; rows];
        for ((column, spans), field) in columns.iter().zip(&self.spans).zip(plan.schema.fields()) {
            for (row, span) in spans.iter().enumerate().filter(|(row, _)| column.is_null(*row)) {
                let text = span.of(&self.text.text).unwrap_or_default();
                let empty = text.trim().is_empty() || plan.format.nulls.iter().any(|null| null == text);
                if let Some(sound) = sound.get_mut(row).filter(|sound| **sound && !empty) {
                    *sound = false;
                    let reason =
                        format!("column `{}`: `{text}` is no {}", field.name(), named(field.data_type()));
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
        let text = self.text.text.as_bytes().get(record.0..record.1).unwrap_or_default();
        rejects.add(self.text.offset + record.0 as u64, text, reason)
    }
}

/// What people call a type, in Glue's grammar.
fn named(of: &DataType) -> String {
    glue_type(of).map_or_else(|_| of.to_string(), |of| of.to_string())
}

fn batch(plan: &Plan, columns: Vec<ArrayRef>, rows: usize) -> Result<RecordBatch, String> {
    let options = RecordBatchOptions::new().with_row_count(Some(rows));
    RecordBatch::try_new_with_options(Arc::clone(&plan.schema), columns, &options)
        .map_err(|error| error.to_string())
}

fn columns(spans: &mut [Vec<Span>], text: &str, rows: usize, plan: &Plan) -> Result<Vec<ArrayRef>, String> {
    let one = |(spans, field): (&mut Vec<Span>, &FieldRef)| {
        spans.resize(rows, Span::MISSING);
        column(spans, text, field.data_type(), &plan.format)
            .map_err(|error| format!("column `{}`: {error}", field.name()))
    };
    spans.iter_mut().zip(plan.schema.fields()).map(one).collect()
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
