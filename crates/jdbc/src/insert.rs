//! Rows on their way into a table.

use crate::rows::Column;
use crate::url::Engine;
use crate::value::{Row, Value};

/// Rows of a statement at most.
const ROWS: usize = 512;

/// Bytes of the values of a statement, about.
const BYTES: usize = 1 << 20;

/// Where rows go.
#[derive(Debug, Clone)]
pub struct Insert {
    /// The table, as SQL names it.
    pub table: String,
    /// Those of its columns that the rows have, in the rows' order.
    pub columns: Vec<Column>,
}

impl Insert {
    /// `INSERT` for so many rows; `place` writes the placeholder with a number, from 1, of a column.
    pub(crate) fn statement(
        &self,
        engine: Engine,
        rows: usize,
        place: impl Fn(usize, &Column) -> String,
    ) -> String {
        let names = engine.list(self.columns.iter().map(|column| column.name.as_str()));
        let mut text = format!("INSERT INTO {} ({names}) VALUES ", self.table);
        let mut number = 0;
        for row in 0..rows {
            let mut places = Vec::with_capacity(self.columns.len());
            for column in &self.columns {
                number += 1;
                places.push(place(number, column));
            }
            text.push_str(if row > 0 { ", (" } else { "(" });
            text.push_str(&places.join(", "));
            text.push(')');
        }
        text
    }
}

/// The rows in pieces, of which each goes with one statement: at most `most` rows each. The pieces have few lengths, so that
/// few statements are prepared.
pub(crate) fn pieces(rows: &[Row], most: usize) -> Vec<&[Row]> {
    let mut pieces = Vec::new();
    let mut rest = rows;
    while !rest.is_empty() {
        let mut bytes = 0;
        let fitting = rest.iter().take_while(|row| {
            let before = bytes;
            bytes += row.iter().map(Value::size).sum::<usize>();
            before < BYTES
        });
        let wanted = fitting.take(ROWS.min(most.max(1))).count().max(1);
        // The largest power of two.
        let length = 1 << wanted.ilog2();
        let (piece, after) = rest.split_at_checked(length).unwrap_or((rest, &[]));
        pieces.push(piece);
        rest = after;
    }
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_have_few_lengths() {
        let lengths =
            |rows: &[Row], most| pieces(rows, most).iter().map(|piece| piece.len()).collect::<Vec<_>>();
        assert_eq!(lengths(&vec![vec![Value::Null]; 1300], 10_000), [512, 512, 256, 16, 4]);
        assert_eq!(lengths(&vec![vec![Value::Null]; 7], 3), [2, 2, 2, 1]);
        let large = vec![vec![Value::Text("x".repeat(BYTES))]; 3];
        assert_eq!(lengths(&large, 100), [1, 1, 1]);
        assert_eq!(lengths(&[], 100), Vec::<usize>::new());
    }
}
