//! Rows out of PostgreSQL, and into it: with `COPY`, or, where that is Redshift's, with `INSERT`.

use bytes::Bytes;
use futures::{SinkExt as _, StreamExt as _};
use tokio_postgres::types::{ToSql, Type};
use tokio_postgres::{CopyInSink, Row as Found, Statement};

use crate::error::QueryError;
use crate::insert::{Insert, pieces};
use crate::postgres::{Postgres, cause};
use crate::postgres_values::{Raw, Wire, column};
use crate::rows::{Column, Gather};
use crate::url::Engine;
use crate::value::{Row, Value};

/// Times go and come in UTC, whatever server and user are set to.
const SESSION: &str = "SET TIME ZONE 'UTC'; SET DATESTYLE TO ISO";

/// A backslash in a string stands for itself. Redshift has no such setting: there it always escapes.
const PLAIN_STRINGS: &str = "SET standard_conforming_strings = on";

/// Bytes that are sent at a time.
const CHUNK: usize = 1 << 20;

/// Parameters of a statement at most, as Redshift has it.
const PARAMETERS: usize = 32_767;

/// Types that take `true` for what it says; bits and numbers do not.
const TRUTHS: [&str; 5] = ["bool", "bpchar", "text", "varchar", "json"];

fn failed(error: tokio_postgres::Error) -> QueryError {
    QueryError(cause(&error))
}

impl Postgres {
    pub(crate) async fn set_up(&self) -> Result<(), QueryError> {
        self.execute(SESSION).await?;
        match self.engine {
            Engine::Redshift => Ok(()),
            _ => self.execute(PLAIN_STRINGS).await,
        }
    }

    pub(crate) async fn execute(&self, statements: &str) -> Result<(), QueryError> {
        self.client.batch_execute(statements).await.map_err(failed)
    }

    pub(crate) async fn columns(&self, relation: &str) -> Result<Vec<Column>, QueryError> {
        let statement = self.client.prepare(&format!("SELECT * FROM {relation}")).await;
        Ok(columns(&statement.map_err(failed)?))
    }

    /// The columns of a table; none if it is not there, which ends no transaction.
    pub(crate) async fn table_columns(&self, table: &str) -> Result<Option<Vec<Column>>, QueryError> {
        match self.engine.name_of(table) {
            Some(name) if !self.has_table(&name).await? => Ok(None),
            _ => self.columns(table).await.map(Some),
        }
    }

    /// Whether there is a table, or anything like it.
    async fn has_table(&self, name: &[String]) -> Result<bool, QueryError> {
        Ok(!self.of_table("1", "", name).await?.is_empty())
    }

    /// The columns of a table's primary key, where the server has such.
    pub(crate) async fn primary_key(&self, table: &str) -> Result<Vec<String>, QueryError> {
        let (Engine::PostgreSql, Some(name)) = (self.engine, self.engine.name_of(table)) else {
            return Ok(Vec::new());
        };
        let join = "JOIN pg_catalog.pg_index i ON i.indrelid = c.oid AND i.indisprimary \
                    JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum = ANY (i.indkey)";
        let found = self.of_table("a.attname::text, array_position(i.indkey, a.attnum)", join, &name).await?;
        let mut columns = Vec::new();
        for row in found {
            let column: (Option<i32>, String) =
                (row.try_get(1).map_err(failed)?, row.try_get(0).map_err(failed)?);
            columns.push(column);
        }
        columns.sort();
        Ok(columns.into_iter().map(|(_, name)| name).collect())
    }

    /// What the system's tables have on a table.
    async fn of_table(&self, columns: &str, join: &str, name: &[String]) -> Result<Vec<Found>, QueryError> {
        let (schema, table) = match name {
            [.., schema, table] => (schema.as_str(), table.as_str()),
            [table] => ("", table.as_str()),
            [] => ("", ""),
        };
        let of = if schema.is_empty() { "pg_table_is_visible(c.oid) AND $2 = ''" } else { "n.nspname = $2" };
        let statement = format!(
            "SELECT {columns} FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace {join} \
             WHERE c.relname = $1 AND {of}"
        );
        let parameters: [(&(dyn ToSql + Sync), Type); 2] = [(&table, Type::TEXT), (&schema, Type::TEXT)];
        self.client.query_typed(&statement, &parameters).await.map_err(failed)
    }

    /// Reads the rows of a statement whose columns are known; gives itself back if all came.
    pub(crate) async fn read(self: Box<Self>, statement: String, mut gather: Gather) -> Option<Box<Self>> {
        match self.stream(&statement, &mut gather).await {
            Ok(true) => {
                gather.finish().await;
                return Some(self);
            }
            // The driver would take in the rows that nobody wants any more.
            Ok(false) => self.driver.abort(),
            Err(error) => gather.fail(error).await,
        }
        None
    }

    /// Whether all rows were wanted.
    async fn stream(&self, statement: &str, gather: &mut Gather) -> Result<bool, QueryError> {
        let statement = self.client.prepare(statement).await.map_err(failed)?;
        let selected = statement.columns().iter().take(gather.columns().len());
        let wires: Option<Vec<Wire>> =
            selected.map(|column| Wire::of(column.type_(), column.type_modifier())).collect();
        let wires = wires
            .ok_or_else(|| QueryError("the columns have changed since they were looked at".to_owned()))?;
        let rows = self.client.query_raw::<_, String, _>(&statement, []).await.map_err(failed)?;
        let mut rows = std::pin::pin!(rows);
        while let Some(row) = rows.next().await {
            let row = row.map_err(failed)?;
            if !gather.take(|at| value(&row, at, &wires)).await {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Adds rows. `first` is the number of the first among all, from 1.
    pub(crate) async fn insert(
        &mut self,
        insert: &Insert,
        rows: &[Row],
        first: u64,
    ) -> Result<(), QueryError> {
        match self.engine {
            Engine::Redshift => self.insert_values(insert, rows, first).await,
            _ => self.copy(insert, rows).await.map_err(|error| placed(&error, first)),
        }
    }

    async fn copy(&self, insert: &Insert, rows: &[Row]) -> Result<(), tokio_postgres::Error> {
        let columns = Engine::PostgreSql.list(insert.columns.iter().map(|column| column.name.as_str()));
        let statement = format!("COPY {} ({columns}) FROM STDIN", insert.table);
        let sink: CopyInSink<Bytes> = self.client.copy_in(&statement).await?;
        let mut sink = std::pin::pin!(sink);
        let mut text = String::new();
        for row in rows {
            for (at, (value, column)) in row.iter().zip(&insert.columns).enumerate() {
                if at > 0 {
                    text.push('\t');
                }
                copied(&mut text, value, &column.raw_type);
            }
            text.push('\n');
            if text.len() >= CHUNK {
                sink.send(std::mem::take(&mut text).into()).await?;
            }
        }
        if !text.is_empty() {
            sink.send(text.into()).await?;
        }
        sink.finish().await.map(drop)
    }

    async fn insert_values(&mut self, insert: &Insert, rows: &[Row], first: u64) -> Result<(), QueryError> {
        let width = insert.columns.len().max(1);
        let mut begun = first;
        for piece in pieces(rows, PARAMETERS / width) {
            let statement = self.prepared(insert, piece.len()).await?;
            let texts: Vec<Option<String>> = piece.iter().flatten().map(Value::text).collect();
            let last = begun + piece.len() as u64 - 1;
            self.client
                .execute_raw(&statement, &texts)
                .await
                .map_err(|error| QueryError(format!("rows {begun} to {last}: {}", cause(&error))))?;
            begun = last + 1;
        }
        Ok(())
    }

    async fn prepared(&mut self, insert: &Insert, rows: usize) -> Result<Statement, QueryError> {
        let text = insert.statement(Engine::Redshift, rows, |number, column| match cast(column) {
            Some(ty) => format!("CAST(${number} AS {ty})"),
            None => format!("${number}"),
        });
        if let Some(statement) = self.statements.get(&text) {
            return Ok(statement.clone());
        }
        let types = vec![Type::VARCHAR; rows * insert.columns.len()];
        let statement = self.client.prepare_typed(&text, &types).await.map_err(failed)?;
        self.statements.insert(text, statement.clone());
        Ok(statement)
    }
}

fn columns(statement: &Statement) -> Vec<Column> {
    let found = statement.columns().iter();
    found.map(|found| column(found.name(), found.type_(), found.type_modifier())).collect()
}

fn value(row: &Found, at: usize, wires: &[Wire]) -> Result<Value, String> {
    let raw: Option<Raw<'_>> = row.try_get(at).map_err(|error| error.to_string())?;
    match (raw, wires.get(at)) {
        (Some(raw), Some(wire)) => wire.value(raw.0),
        _ => Ok(Value::Null),
    }
}

/// The type as which a text is taken into a column; none where it stays text, as a cast would cut it.
fn cast(column: &Column) -> Option<&str> {
    let text = ["varchar", "bpchar", "text", "name", "char"];
    (!text.contains(&column.raw_type.as_str())).then_some(&column.raw_type)
}

/// A value in the text form of `COPY`, for a column of the type.
fn copied(text: &mut String, value: &Value, raw_type: &str) {
    if let (Value::Bool(value), false) = (value, TRUTHS.contains(&raw_type)) {
        return text.push(if *value { '1' } else { '0' });
    }
    let Some(value) = value.text() else { return text.push_str("\\N") };
    for letter in value.chars() {
        match letter {
            '\\' => text.push_str("\\\\"),
            '\n' => text.push_str("\\n"),
            '\r' => text.push_str("\\r"),
            '\t' => text.push_str("\\t"),
            letter => text.push(letter),
        }
    }
}

/// What the server said of a `COPY`, with the row's number among all and the column, which it tells apart.
fn placed(error: &tokio_postgres::Error, first: u64) -> QueryError {
    let said = cause(error);
    let Some(place) = error.as_db_error().and_then(|error| error.where_()).and_then(copy_place) else {
        return QueryError(said);
    };
    let (line, column) = place;
    let column = column.map(|column| format!(", column `{column}`")).unwrap_or_default();
    QueryError(format!("row {}{column}: {said}", first + line - 1))
}

/// Line and column of `COPY t, line 3, column c: "x"`.
fn copy_place(context: &str) -> Option<(u64, Option<&str>)> {
    let (_, rest) = context.lines().find_map(|line| line.strip_prefix("COPY ")?.split_once(", line "))?;
    let digits = rest.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(rest.len());
    let (line, rest) = rest.split_at_checked(digits)?;
    let column = rest.strip_prefix(", column ").map(|rest| rest.split(':').next().unwrap_or(rest));
    Some((line.parse().ok()?, column))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn copied_text_is_escaped() {
        let mut text = String::new();
        copied(&mut text, &Value::Text("a\tb\\c\nd".to_owned()), "text");
        copied(&mut text, &Value::Null, "text");
        copied(&mut text, &Value::Binary(vec![1]), "bytea");
        copied(&mut text, &Value::Bool(true), "bit");
        copied(&mut text, &Value::Bool(true), "bool");
        assert_eq!(text, "a\\tb\\\\c\\nd\\N\\\\x011true");
    }

    #[test]
    fn places_of_rows() {
        assert_eq!(copy_place("COPY t, line 3, column c: \"x\""), Some((3, Some("c"))));
        assert_eq!(copy_place("COPY t, line 12"), Some((12, None)));
        assert_eq!(copy_place("COPY t, line 12: \"x\ty\""), Some((12, None)));
        assert_eq!(copy_place("SQL function"), None);
    }
}
