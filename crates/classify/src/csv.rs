//! CSV: delimiter, header, types, by what the text has (Built-in CSV classifier in the AWS Glue Developer Guide) or by
//! what a custom classifier says.

mod settings;
#[cfg(test)]
mod tests;

use std::collections::HashSet;

use csv::{ByteRecord, ReaderBuilder};
use mastic_hive::{Format, HiveType, is_column_name, merge, stored_name};

use crate::classified::{Classified, Column, CsvDetails, Details};
use crate::content::{Content, MAX_RECORDS};
use crate::found::Found;
use crate::numbers::cell_type;

pub(crate) use settings::classify_with;

/// In the order in which they are preferred.
const DELIMITERS: [u8; 5] = [b',', b'|', b'\t', b';', 1];
/// How many records decide on the delimiter.
const TRIAL_RECORDS: usize = 100;
/// A header's cells, but for the last, are shorter than this, in characters.
const MAX_HEADER_CELL: usize = 150;
/// How many of ten records must have the usual number of cells.
const REGULAR: usize = 9;
/// How many columns a file may have.
const MAX_COLUMNS: usize = 100_000;

/// How a text is taken apart.
#[derive(Debug, Clone, Copy)]
struct Dialect {
    delimiter: u8,
    quote: u8,
    trim: bool,
}

/// The records of a text, as far as they are looked at.
struct Rows {
    records: Vec<ByteRecord>,
    /// Where each record ends in the text.
    ends: Vec<usize>,
}

pub(crate) fn classify(content: &Content<'_>) -> Found {
    if !content.is_text() {
        return Found::No;
    }
    let Some((dialect, width)) = find_delimiter(content, b'"', false, 2) else { return Found::No };
    let rows = read(content, dialect, MAX_RECORDS + 1);
    let header = rows.records.first().filter(|first| is_header(first, &rows, width, dialect)).is_some();
    Found::Yes(describe(content, dialect, width, &rows, header))
}

/// What records make of a file. A header is their first.
fn describe(content: &Content<'_>, dialect: Dialect, width: usize, rows: &Rows, header: bool) -> Classified {
    let first = rows.records.first().filter(|_| header);
    let names = column_names(first, width);
    let data_from = usize::from(header);
    let mut types = vec![HiveType::Void; width];
    for record in rows.records.iter().skip(data_from) {
        for (ty, cell) in types.iter_mut().zip(record) {
            widen(ty, trimmed(cell, dialect));
        }
    }
    let columns =
        names.into_iter().zip(types).map(|(name, ty)| Column { name, ty: ty.without_void() }).collect();
    let start = if header { rows.ends.first().copied().unwrap_or_default() } else { 0 };
    let end = rows.ends.last().copied().unwrap_or_default();
    let seen = rows.records.len() - data_from.min(rows.records.len());
    Classified {
        columns,
        details: Details::Csv(CsvDetails {
            delimiter: char::from(dialect.delimiter),
            quote: char::from(dialect.quote),
            header,
            quoted: has_quotes(content.text(), dialect),
        }),
        counts: content.counts(seen as u64, end.saturating_sub(start)),
        ..Classified::new(Format::Csv, content.compression)
    }
}

/// Makes a column's type hold one more cell.
fn widen(ty: &mut HiveType, cell: &[u8]) {
    if *ty != HiveType::String {
        let new = cell_type(cell);
        if *ty != new {
            *ty = merge(ty, &new);
        }
    }
}

fn trimmed(cell: &[u8], dialect: Dialect) -> &[u8] {
    if dialect.trim { cell.trim_ascii() } else { cell }
}

/// The delimiter that gives the most regular records of at least `narrowest` cells, and how many cells.
fn find_delimiter(
    content: &Content<'_>,
    quote: u8,
    trim: bool,
    narrowest: usize,
) -> Option<(Dialect, usize)> {
    let mut best: Option<(usize, Dialect, usize)> = None;
    for delimiter in
        DELIMITERS.into_iter().filter(|delimiter| *delimiter != quote && content.bytes.contains(delimiter))
    {
        let dialect = Dialect { delimiter, quote, trim };
        let rows = read(content, dialect, TRIAL_RECORDS);
        let Some((width, regular)) = usual_width(&rows.records) else { continue };
        let total = rows.records.len();
        if total < 2 || !(narrowest..=MAX_COLUMNS).contains(&width) || regular * 10 < total * REGULAR {
            continue;
        }
        // Of a thousand, so that trials of different lengths compare.
        let score = regular * 1000 / total;
        if best.is_none_or(|(known, _, _)| score > known) {
            best = Some((score, dialect, width));
        }
    }
    best.map(|(_, dialect, width)| (dialect, width))
}

/// The number of cells that most records have, and how many records have it.
fn usual_width(records: &[ByteRecord]) -> Option<(usize, usize)> {
    let mut widths: Vec<usize> = records.iter().map(ByteRecord::len).collect();
    widths.sort_unstable();
    widths.chunk_by(|a, b| a == b).filter_map(|run| Some((*run.first()?, run.len()))).max_by_key(|run| run.1)
}

fn read(content: &Content<'_>, dialect: Dialect, limit: usize) -> Rows {
    let text = content.text();
    let mut reader = ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .delimiter(dialect.delimiter)
        .quote(dialect.quote)
        .from_reader(text);
    let mut rows = Rows { records: Vec::new(), ends: Vec::new() };
    let mut record = ByteRecord::new();
    // Reading from memory fails only at the end.
    while rows.records.len() < limit && matches!(reader.read_byte_record(&mut record), Ok(true)) {
        rows.records.push(std::mem::take(&mut record));
        rows.ends.push(usize::try_from(reader.position().byte()).unwrap_or(text.len()));
    }
    let cut = !content.complete && reader.position().byte() >= text.len() as u64;
    if cut {
        rows.records.pop();
        rows.ends.pop();
    }
    rows
}

/// AWS's rules for a header: every cell is text, short and a legal column name, the last may be
/// missing throughout, and some cell below is something other than text.
fn is_header(first: &ByteRecord, rows: &Rows, width: usize, dialect: Dialect) -> bool {
    let trailing = rows.records.iter().all(|record| record.get(width - 1).is_none_or(<[u8]>::is_empty));
    let named = |(place, cell): (usize, &[u8])| {
        let last = place + 1 == width;
        let text = String::from_utf8_lossy(cell);
        (last && trailing)
            || (cell_type(trimmed(cell, dialect)) == HiveType::String
                && (last || text.chars().count() < MAX_HEADER_CELL)
                && is_column_name(text.trim()))
    };
    let differs = |record: &ByteRecord| {
        record
            .iter()
            .any(|cell| !matches!(cell_type(trimmed(cell, dialect)), HiveType::String | HiveType::Void))
    };
    rows.records.len() > 1
        && first.len() == width
        && first.iter().enumerate().all(named)
        && rows.records.iter().skip(1).any(differs)
}

/// The header's names, or `col0`, `col1`, ...; a name that is missing or taken is `colN` too.
fn column_names(header: Option<&ByteRecord>, width: usize) -> Vec<String> {
    let mut taken = HashSet::new();
    let mut names = Vec::with_capacity(width);
    for place in 0..width {
        let cell = header.and_then(|header| header.get(place)).unwrap_or_default();
        let written = stored_name(String::from_utf8_lossy(cell).trim());
        let name =
            if written.is_empty() || taken.contains(&written) { format!("col{place}") } else { written };
        taken.insert(name.clone());
        names.push(name);
    }
    names
}

/// Whether some cell begins with a quote.
fn has_quotes(text: &[u8], dialect: Dialect) -> bool {
    let Dialect { delimiter, quote, .. } = dialect;
    text.first() == Some(&quote)
        || text.windows(2).any(|pair| {
            matches!(pair, [before, now] if *now == quote && (*before == delimiter || *before == b'\n'))
        })
}
