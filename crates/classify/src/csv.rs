//! CSV as the built-in classifier sees it: delimiter, header, types (Built-in CSV classifier in the
//! AWS Glue Developer Guide).

#[cfg(test)]
mod tests;

use std::collections::HashSet;

use csv::{ByteRecord, ReaderBuilder};
use mastic_hive::{Format, HiveType, is_column_name, merge, stored_name};

use crate::classified::{Classified, Column, CsvDetails};
use crate::compression::{Compression, Content};
use crate::json::counts;
use crate::sample::without_mark;

/// In the order in which they are preferred.
const DELIMITERS: [u8; 5] = [b',', b'|', b'\t', b';', 1];
/// How many records are looked at, the header not counted.
const MAX_RECORDS: usize = 1000;
/// How many records decide on the delimiter.
const TRIAL_RECORDS: usize = 100;
/// A header's cells, but for the last, are shorter than this, in characters.
const MAX_HEADER_CELL: usize = 150;
/// How many of ten records must have the usual number of cells.
const REGULAR: usize = 9;

/// The records of a text, as far as they are looked at.
struct Rows {
    records: Vec<ByteRecord>,
    /// Where each record ends in the text.
    ends: Vec<usize>,
}

pub(crate) fn classify(content: &Content, compression: Compression, size: u64) -> Option<Classified> {
    let text = without_mark(&content.bytes);
    if !is_text(text) {
        return None;
    }
    let (delimiter, width) = find_delimiter(text, content.complete)?;
    let rows = read(text, delimiter, content.complete, MAX_RECORDS + 1);
    let header = rows.records.first().filter(|first| is_header(first, &rows, width));
    let names = column_names(header, width);
    let data_from = usize::from(header.is_some());
    let mut types = vec![HiveType::Void; width];
    for record in rows.records.iter().skip(data_from) {
        for (ty, cell) in types.iter_mut().zip(record) {
            *ty = merge(ty, &cell_type(cell));
        }
    }
    let columns =
        names.into_iter().zip(types).map(|(name, ty)| Column { name, ty: ty.without_void() }).collect();
    let start = if header.is_some() { rows.ends.first().copied().unwrap_or_default() } else { 0 };
    let end = rows.ends.last().copied().unwrap_or_default();
    let seen = rows.records.len() - data_from;
    Some(Classified {
        format: Some(Format::Csv),
        compression,
        columns,
        csv: Some(CsvDetails {
            delimiter: char::from(delimiter),
            header: header.is_some(),
            quoted: has_quotes(text, delimiter),
        }),
        json_paths: Vec::new(),
        counts: counts(content, size, seen as u64, end - start),
    })
}

/// Whether the bytes look like text at all: no control characters but those of CSV.
fn is_text(text: &[u8]) -> bool {
    text.iter().all(|byte| !byte.is_ascii_control() || matches!(byte, 1 | b'\t' | b'\n' | b'\r' | 0x0c))
}

/// The delimiter that gives the most regular records of at least two cells, and how many cells.
fn find_delimiter(text: &[u8], complete: bool) -> Option<(u8, usize)> {
    let mut best: Option<(usize, u8, usize)> = None;
    for delimiter in DELIMITERS.into_iter().filter(|delimiter| text.contains(delimiter)) {
        let rows = read(text, delimiter, complete, TRIAL_RECORDS);
        let Some((width, regular)) = usual_width(&rows.records) else { continue };
        let total = rows.records.len();
        if total < 2 || width < 2 || regular * 10 < total * REGULAR {
            continue;
        }
        // Of a thousand, so that trials of different lengths compare.
        let score = regular * 1000 / total;
        if best.is_none_or(|(known, _, _)| score > known) {
            best = Some((score, delimiter, width));
        }
    }
    best.map(|(_, delimiter, width)| (delimiter, width))
}

/// The number of cells that most records have, and how many records have it.
fn usual_width(records: &[ByteRecord]) -> Option<(usize, usize)> {
    let mut widths: Vec<usize> = records.iter().map(ByteRecord::len).collect();
    widths.sort_unstable();
    widths.chunk_by(|a, b| a == b).filter_map(|run| Some((*run.first()?, run.len()))).max_by_key(|run| run.1)
}

fn read(text: &[u8], delimiter: u8, complete: bool, limit: usize) -> Rows {
    let mut reader =
        ReaderBuilder::new().has_headers(false).flexible(true).delimiter(delimiter).from_reader(text);
    let mut rows = Rows { records: Vec::new(), ends: Vec::new() };
    let mut record = ByteRecord::new();
    // Reading from memory fails only at the end.
    while rows.records.len() < limit && matches!(reader.read_byte_record(&mut record), Ok(true)) {
        rows.records.push(record.clone());
        rows.ends.push(usize::try_from(reader.position().byte()).unwrap_or(text.len()));
    }
    let cut = !complete && reader.position().byte() >= text.len() as u64;
    if cut {
        rows.records.pop();
        rows.ends.pop();
    }
    rows
}

/// AWS's rules for a header: every cell is text, short and a legal column name, the last may be
/// missing throughout, and some cell below is something other than text.
fn is_header(first: &ByteRecord, rows: &Rows, width: usize) -> bool {
    let trailing = rows.records.iter().all(|record| record.get(width - 1).is_none_or(<[u8]>::is_empty));
    let named = |(place, cell): (usize, &[u8])| {
        let last = place + 1 == width;
        let text = String::from_utf8_lossy(cell);
        (last && trailing)
            || (cell_type(cell) == HiveType::String
                && (last || text.chars().count() < MAX_HEADER_CELL)
                && is_column_name(text.trim()))
    };
    let differs = |record: &ByteRecord| {
        record.iter().any(|cell| !matches!(cell_type(cell), HiveType::String | HiveType::Void))
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

/// `bigint`, `double` or `string`; `void` for an empty cell. Dates and truth values stay text.
fn cell_type(cell: &[u8]) -> HiveType {
    if cell.is_empty() {
        return HiveType::Void;
    }
    let number = |c: &u8| c.is_ascii_digit() || matches!(c, b'+' | b'-' | b'.' | b'e' | b'E');
    if !cell.iter().all(number) {
        return HiveType::String;
    }
    let text = std::str::from_utf8(cell).unwrap_or_default();
    let digits = text.trim_start_matches(['+', '-']);
    if text.parse::<i64>().is_ok() {
        HiveType::BigInt
    } else if !digits.bytes().all(|c| c.is_ascii_digit()) && text.parse::<f64>().is_ok_and(f64::is_finite) {
        HiveType::Double
    } else {
        HiveType::String
    }
}

/// Whether some cell begins with a quote.
fn has_quotes(text: &[u8], delimiter: u8) -> bool {
    text.first() == Some(&b'"')
        || text
            .windows(2)
            .any(|pair| matches!(pair, [before, b'"'] if *before == delimiter || *before == b'\n'))
}
