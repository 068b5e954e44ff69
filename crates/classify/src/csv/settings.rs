//! CSV by a custom classifier's settings (Writing CSV custom classifiers in the AWS Glue Developer Guide).

#[cfg(test)]
mod tests;

use mastic_hive::{CsvSerde, CsvSettings, Format};

use super::{Dialect, Rows, describe, find_delimiter, is_header, read, usual_width};
use crate::classified::{Classified, Details};
use crate::content::{Content, MAX_RECORDS};
use crate::found::Found;

/// Classifies as the settings say; what they do not say is found out.
pub(crate) fn classify_with(content: &Content<'_>, settings: &CsvSettings) -> Found {
    if !content.is_text() {
        return Found::No;
    }
    let Some((dialect, width)) = dialect_of(content, settings) else { return Found::No };
    let rows = read(content, dialect, MAX_RECORDS + 1);
    let header = has_header(&rows, width, dialect, settings);
    if rows.records.len() <= usize::from(header) {
        return Found::No;
    }
    let width = width.max(settings.header.len());
    let mut found = describe(content, dialect, width, &rows, header);
    for (column, name) in found.columns.iter_mut().zip(&settings.header) {
        column.name = mastic_hive::stored_name(name.trim());
    }
    rename_doubles(&mut found, settings.header.len());
    for (column, ty) in found.columns.iter_mut().zip(settings.types()) {
        column.ty = ty;
    }
    found.format = Some(format_of(&found, settings));
    Found::Yes(found)
}

/// The delimiter and the usual number of cells; nothing when this is no such file.
fn dialect_of(content: &Content<'_>, settings: &CsvSettings) -> Option<(Dialect, usize)> {
    let ascii = |symbol: char| u8::try_from(symbol).ok();
    let quote = settings.quote.map_or(Some(b'"'), ascii)?;
    let narrowest = if settings.allow_single_column { 1 } else { 2 };
    let Some(delimiter) = settings.delimiter else {
        let found = find_delimiter(content, quote, settings.trim, 2);
        // A file of one column has no delimiter to find.
        let single = || Some((Dialect { delimiter: b',', quote, trim: settings.trim }, 1));
        return found.or_else(|| if narrowest == 1 { single() } else { None });
    };
    let dialect = Dialect { delimiter: ascii(delimiter)?, quote, trim: settings.trim };
    let rows = read(content, dialect, super::TRIAL_RECORDS);
    let (width, _) = usual_width(&rows.records)?;
    (narrowest..=super::MAX_COLUMNS).contains(&width).then_some((dialect, width))
}

/// Whether the first record names the columns: as the settings say; else when it has just the names that they give; else
/// by the rules of the built-in classifier.
fn has_header(rows: &Rows, width: usize, dialect: Dialect, settings: &CsvSettings) -> bool {
    let Some(first) = rows.records.first() else { return false };
    if let Some(contains) = settings.contains_header {
        return contains;
    }
    if settings.header.is_empty() {
        return is_header(first, rows, width, dialect);
    }
    let same = |(cell, name): (&[u8], &String)| {
        String::from_utf8_lossy(cell).trim().eq_ignore_ascii_case(name.trim())
    };
    first.len() == settings.header.len() && first.iter().zip(&settings.header).all(same)
}

/// Names that were found may be among those that the settings give.
fn rename_doubles(found: &mut Classified, given: usize) {
    let given = given.min(found.columns.len());
    let (known, rest) = found.columns.split_at_mut(given);
    for (place, column) in rest.iter_mut().enumerate() {
        if known.iter().any(|other| other.name == column.name) {
            column.name = format!("col{}", given + place);
        }
    }
}

/// The SerDe that is asked for. When none is, quotes that the settings name and the file has take OpenCSVSerDe.
fn format_of(found: &Classified, settings: &CsvSettings) -> Format {
    let quoted = matches!(&found.details, Details::Csv(csv) if csv.quoted);
    match settings.serde {
        Some(CsvSerde::OpenCsv) => Format::OpenCsv,
        Some(CsvSerde::LazySimple) => Format::Csv,
        None if quoted && settings.quote.is_some() => Format::OpenCsv,
        None => Format::Csv,
    }
}
