use std::borrow::Cow;
use std::sync::Arc;

use datafusion::arrow::array::{ArrayRef, RecordBatch, RecordBatchOptions};
use datafusion::arrow::datatypes::{DataType, SchemaRef};
use futures::{StreamExt, stream};

use super::split::{LONGEST, Span, Splitter, unescape};
use crate::cast::cast_text;
use crate::plan::CsvFormat;
use crate::source::scan::Batches;
use crate::source::slices::{Piece, Pieces};

/// Decodes pieces into batches of at most `rows` rows. `places` says for each field of a record to
/// which column of `schema` it goes; the file's first `skip` lines are left out.
pub(super) fn batches(
    pieces: Pieces,
    format: CsvFormat,
    skip: usize,
    places: Vec<Option<usize>>,
    schema: SchemaRef,
    rows: usize,
) -> Batches {
    let plan = Arc::new(Plan { format, skip, places, schema, rows });
    pieces
        .flat_map(move |piece| {
            let plan = Arc::clone(&plan);
            let text = piece.and_then(|piece| Text::new(piece, plan.skip));
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
}

struct Text {
    text: String,
    at: usize,
    end: usize,
}

impl Text {
    fn new(piece: Piece, skip: usize) -> Result<Self, String> {
        if piece.bytes.len() > LONGEST {
            return Err(format!("a record is longer than {LONGEST} bytes"));
        }
        let Piece { mut bytes, range, first } = piece;
        bytes.truncate(range.end);
        let (text, mut at) = match String::from_utf8(bytes) {
            Ok(text) => (text, range.start),
            // The piece may begin within a character of the record before it, which is not ours.
            Err(error) => {
                let own = error.as_bytes().get(range.start..).unwrap_or_default();
                (String::from_utf8_lossy(own).into_owned(), 0)
            }
        };
        if first {
            if text.starts_with('\u{feff}') {
                at = '\u{feff}'.len_utf8();
            }
            for _ in 0..skip {
                let rest = text.get(at..).unwrap_or_default();
                at += rest.find('\n').map_or(rest.len(), |found| found + 1);
            }
        }
        Ok(Self { end: text.len(), text, at })
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
        let columns = spans
            .iter_mut()
            .zip(plan.schema.fields())
            .map(|(spans, field)| {
                spans.resize(rows, Span::MISSING);
                column(spans, &self.text.text, field.data_type(), &plan.format)
                    .map_err(|error| format!("column `{}`: {error}", field.name()))
            })
            .collect::<Result<Vec<_>, _>>()?;
        let options = RecordBatchOptions::new().with_row_count(Some(rows));
        RecordBatch::try_new_with_options(Arc::clone(&plan.schema), columns, &options)
            .map(Some)
            .map_err(|error| error.to_string())
    }
}

fn column(spans: &[Span], text: &str, to: &DataType, format: &CsvFormat) -> Result<ArrayRef, String> {
    let plain = format.null.is_none() && !spans.iter().any(|span| span.is_raw());
    let array = if plain {
        cast_text(spans.iter().map(|span| span.of(text)), to)
    } else {
        let values: Vec<Option<Cow<'_, str>>> = spans
            .iter()
            .map(|span| {
                let raw = span.of(text).filter(|raw| Some(*raw) != format.null.as_deref())?;
                Some(if span.is_raw() { unescape(raw, format).into() } else { raw.into() })
            })
            .collect();
        cast_text(values.iter().map(|value| value.as_deref()), to)
    };
    array.map_err(|error| error.to_string())
}
