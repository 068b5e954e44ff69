use std::collections::VecDeque;
use std::io::Cursor;

use calamine::{Cell as Found, Data, DataRef, ExcelDateTime, Reader, Xls, Xlsb, Xlsx};

use super::archive::check;

/// The most columns of a sheet.
const COLUMNS: usize = 16_384;

/// Which rows are read.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    /// At most so many.
    pub(super) rows: Option<usize>,
    /// All but so many at the end.
    pub(super) skip_footer: usize,
}

/// A value of a sheet.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) enum Cell {
    #[default]
    Empty,
    Bool(bool),
    Number(f64),
    Time(String),
    Text(String),
}

impl Cell {
    /// The value as text.
    pub(super) fn text(&self) -> Option<String> {
        match self {
            Self::Empty => None,
            Self::Bool(value) => Some(value.to_string()),
            Self::Number(number) => Some(number.to_string()),
            Self::Time(text) | Self::Text(text) => Some(text.clone()),
        }
    }

    fn of(data: &DataRef<'_>) -> Self {
        match data {
            DataRef::Int(number) => Self::Number(*number as f64),
            DataRef::Float(number) => Self::Number(*number),
            DataRef::String(text) => Self::Text(text.clone()),
            DataRef::SharedString(text) => Self::Text((*text).to_owned()),
            DataRef::Bool(value) => Self::Bool(*value),
            DataRef::DateTime(time) => Self::time(time),
            DataRef::DateTimeIso(text) => Self::Time(text.clone()),
            DataRef::DurationIso(text) => Self::Text(text.clone()),
            // What a formula could not work out is no value.
            DataRef::Error(_) | DataRef::Empty => Self::Empty,
        }
    }

    fn of_data(data: &Data) -> Self {
        match data {
            Data::Int(number) => Self::Number(*number as f64),
            Data::Float(number) => Self::Number(*number),
            Data::String(text) | Data::DurationIso(text) => Self::Text(text.clone()),
            Data::Bool(value) => Self::Bool(*value),
            Data::DateTime(time) => Self::time(time),
            Data::DateTimeIso(text) => Self::Time(text.clone()),
            _ => Self::Empty,
        }
    }

    fn time(time: &ExcelDateTime) -> Self {
        let (year, month, day, hour, minute, second, milli) = time.to_ymd_hms_milli();
        if time.is_duration() {
            let hours = (time.as_f64() * 24.0).trunc();
            return Self::Text(format!("{hours:02}:{minute:02}:{second:02}"));
        }
        let fraction = if milli == 0 { String::new() } else { format!(".{milli:03}") };
        Self::Time(format!("{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02}{fraction}"))
    }
}

/// Told the names of the columns with each row, and once without; answers whether it wants more.
pub(super) type Take<'a> = &'a mut dyn FnMut(&[String], Option<&[Cell]>) -> bool;

/// The rows of the first sheet of a workbook, under the names in its first row.
///
/// # Errors
/// It is no workbook, or one that would take too much memory.
pub(super) fn rows_of(bytes: Vec<u8>, limits: Limits, take: Take<'_>) -> Result<(), String> {
    let mut rows = Rows { limits, names: None, held: VecDeque::new(), given: 0, take };
    if bytes.starts_with(b"PK") {
        let binary = check(&bytes)?;
        let input = Cursor::new(bytes);
        if binary {
            let mut book = Xlsb::new(input).map_err(|error| error.to_string())?;
            let name = first(&book.sheet_names())?;
            let mut cells = book.worksheet_cells_reader(&name).map_err(|error| error.to_string())?;
            rows.all(|| placed(cells.next_cell()))
        } else {
            let mut book = Xlsx::new(input).map_err(|error| error.to_string())?;
            let name = first(&book.sheet_names())?;
            let mut cells = book.worksheet_cells_reader(&name).map_err(|error| error.to_string())?;
            rows.all(|| placed(cells.next_cell()))
        }
    } else if bytes.starts_with(&[0xd0, 0xcf, 0x11, 0xe0]) {
        let mut book = Xls::new(Cursor::new(bytes)).map_err(|error| error.to_string())?;
        let name = first(&book.sheet_names())?;
        let range = book.worksheet_range(&name).map_err(|error| error.to_string())?;
        let (top, left) = range.start().unwrap_or_default();
        let mut cells = range.used_cells();
        rows.all(|| {
            let place = |at: usize, first: u32| u32::try_from(at).unwrap_or(u32::MAX).saturating_add(first);
            let cell = |(row, column, data): (usize, usize, &Data)| {
                ((place(row, top), place(column, left)), Cell::of_data(data))
            };
            Ok(cells.next().map(cell))
        })
    } else {
        Err("it is no Excel workbook".to_owned())
    }
}

/// A cell by its row and column.
type Placed = ((u32, u32), Cell);

fn placed<E: ToString>(found: Result<Option<Found<DataRef<'_>>>, E>) -> Result<Option<Placed>, String> {
    let found = found.map_err(|error| error.to_string())?;
    Ok(found.map(|found| (found.get_position(), Cell::of(found.get_value()))))
}

fn first(sheets: &[String]) -> Result<String, String> {
    sheets.first().cloned().ok_or_else(|| "the workbook has no sheet".to_owned())
}

struct Rows<'a> {
    limits: Limits,
    names: Option<Vec<String>>,
    /// Rows that may turn out to be the last.
    held: VecDeque<Vec<Cell>>,
    given: usize,
    take: Take<'a>,
}

impl Rows<'_> {
    fn all(&mut self, mut next: impl FnMut() -> Result<Option<Placed>, String>) -> Result<(), String> {
        let (mut row, mut at): (Vec<Cell>, Option<u32>) = (Vec::new(), None);
        while let Some(((number, column), cell)) = next()? {
            let column = usize::try_from(column).unwrap_or(usize::MAX);
            if column >= COLUMNS {
                return Err(format!("a row has more than {COLUMNS} columns"));
            }
            while at.is_some_and(|at| at < number) {
                if !self.end(std::mem::take(&mut row)) {
                    return Ok(());
                }
                at = at.map(|at| at + 1);
            }
            at = Some(at.unwrap_or(number));
            if row.len() <= column {
                row.resize(column + 1, Cell::Empty);
            }
            if let Some(place) = row.get_mut(column) {
                *place = cell;
            }
        }
        if at.is_some() {
            self.end(row);
        }
        Ok(())
    }

    /// Takes up a row; whether more are wanted.
    fn end(&mut self, row: Vec<Cell>) -> bool {
        let Some(names) = &self.names else {
            let names = named(&row);
            let more = (self.take)(&names, None);
            self.names = Some(names);
            return more;
        };
        self.held.push_back(row);
        if self.held.len() <= self.limits.skip_footer {
            return true;
        }
        let Some(row) = self.held.pop_front() else { return true };
        if self.limits.rows.is_some_and(|rows| self.given >= rows) {
            return false;
        }
        self.given += 1;
        (self.take)(names, Some(&row))
    }
}

/// The names in the first row: each once, and `col` with its number where there is none.
fn named(row: &[Cell]) -> Vec<String> {
    let mut names: Vec<String> = Vec::with_capacity(row.len());
    for (number, cell) in row.iter().enumerate() {
        let name = cell.text().map(|text| text.trim().to_owned()).filter(|text| !text.is_empty());
        let name = name.unwrap_or_else(|| format!("col{number}"));
        let (mut unique, mut n) = (name.clone(), 2);
        while names.contains(&unique) {
            unique = format!("{name}_{n}");
            n += 1;
        }
        names.push(unique);
    }
    names
}
