//! Rows that no earlier run has read: those behind the keys of the last one that was read ("Tracking processed data using job
//! bookmarks", AWS Glue Developer Guide).

use mastic_hive::HiveType;
use mastic_jdbc::{Column, Connection, Engine, Value};

use crate::bookmark::Mark;
use crate::error::NodeError;
use crate::plan::{DatabaseSource, Relation};

/// The rows of a source behind its bookmark.
pub(super) struct Unread<'a> {
    pub(super) source: &'a DatabaseSource,
    pub(super) engine: Engine,
    pub(super) relation: &'a str,
    pub(super) columns: &'a [Column],
}

impl Unread<'_> {
    /// The conditions of rows that are behind the bookmark and there now; the bookmark moves on to the last of them. A source
    /// without keys is read whole.
    ///
    /// # Errors
    /// A key is no column, or what a bookmark or the database answered.
    pub(super) async fn conditions(
        &self,
        mark: &Mark<'_>,
        mut connection: Connection,
    ) -> Result<Vec<String>, NodeError> {
        let keys = self.keys(&mut connection).await.map_err(|error| mark.wrong(error))?;
        if keys.is_empty() {
            return Ok(Vec::new());
        }
        let documents = mark.documents();
        let reached = |document: Option<String>| document.map(|text| self.read(&keys, &text)).transpose();
        let after = reached(documents.after).map_err(|error| mark.wrong(error))?;
        let until = reached(documents.until).map_err(|error| mark.wrong(error))?;
        let mut conditions: Vec<String> = after.iter().map(|values| self.behind(&keys, values)).collect();
        let last = match until {
            Some(until) => Some(until),
            None => {
                match self.last(connection, &keys, &conditions).await.map_err(|error| mark.wrong(error))? {
                    None => None,
                    Some(values) => {
                        let names: Vec<&str> = keys.iter().map(|key| key.name.as_str()).collect();
                        let text = serde_json::json!({ "Keys": names, "Values": values }).to_string();
                        let last = self.read(&keys, &text).map_err(|error| mark.wrong(error))?;
                        mark.keep(text).await?;
                        Some(last)
                    }
                }
            }
        };
        match last {
            // What comes while the run reads is the next run's.
            Some(last) => conditions.push(format!("NOT ({})", self.behind(&keys, &last))),
            None => conditions.push("1 = 0".to_owned()),
        }
        Ok(conditions)
    }

    /// The keys that the author names, or the primary key, if it is one number or moment.
    async fn keys(&self, connection: &mut Connection) -> Result<Vec<Column>, String> {
        let named = &self.source.keys.columns;
        let column = |name: &String| {
            let same = self.columns.iter().find(|column| column.name == *name);
            let found =
                same.or_else(|| self.columns.iter().find(|column| column.name.eq_ignore_ascii_case(name)));
            found.cloned().ok_or_else(|| format!("the bookmark's key `{name}` is no column"))
        };
        if !named.is_empty() || matches!(self.source.relation, Relation::Query(_)) {
            return named.iter().map(column).collect();
        }
        let primary = connection.primary_key(self.relation).await.map_err(|error| error.to_string())?;
        let [name] = primary.as_slice() else { return Ok(Vec::new()) };
        let key = column(name)?;
        let grows = matches!(
            key.ty,
            HiveType::TinyInt
                | HiveType::SmallInt
                | HiveType::Int
                | HiveType::BigInt
                | HiveType::Decimal { .. }
                | HiveType::Date
                | HiveType::Timestamp
        );
        Ok(if grows { vec![key] } else { Vec::new() })
    }

    /// The literals of a document's values.
    fn read(&self, keys: &[Column], document: &str) -> Result<Vec<String>, String> {
        let document: serde_json::Value =
            serde_json::from_str(document).map_err(|error| error.to_string())?;
        let listed = |name: &str| -> Vec<&str> {
            let list = document.get(name).and_then(serde_json::Value::as_array);
            list.into_iter().flatten().filter_map(serde_json::Value::as_str).collect()
        };
        let (of, values) = (listed("Keys"), listed("Values"));
        let names: Vec<&str> = keys.iter().map(|key| key.name.as_str()).collect();
        if of != names || values.len() != names.len() {
            let (of, names) = (of.join("`, `"), names.join("`, `"));
            return Err(format!(
                "it is of the keys `{of}`, and the source has `{names}`: reset the bookmark"
            ));
        }
        keys.iter().zip(values).map(|(key, text)| self.engine.literal(&key.ty, text)).collect()
    }

    /// That the keys of a row come behind these values: by the first key, and where that is the same by the next.
    fn behind(&self, keys: &[Column], values: &[String]) -> String {
        let sign = if self.source.keys.descending { "<" } else { ">" };
        let next = |rest: Option<String>, (key, value): (&Column, &String)| {
            let name = self.engine.quoted(&key.name);
            Some(match rest {
                None => format!("{name} {sign} {value}"),
                Some(rest) => format!("{name} {sign} {value} OR ({name} = {value} AND ({rest}))"),
            })
        };
        keys.iter().zip(values).rev().fold(None, next).unwrap_or_default()
    }

    /// The keys of the last row; none if there are no rows.
    async fn last(
        &self,
        connection: Connection,
        keys: &[Column],
        conditions: &[String],
    ) -> Result<Option<Vec<String>>, String> {
        let order = if self.source.keys.descending { "ASC" } else { "DESC" };
        let names: Vec<String> = keys.iter().map(|key| self.engine.quoted(&key.name)).collect();
        let there = names.iter().map(|name| format!("{name} IS NOT NULL"));
        let filter = self.source.filter.iter().chain(conditions).map(|text| format!("({text}\n)"));
        let wanted: Vec<String> = filter.chain(there).collect();
        let by: Vec<String> = names.iter().map(|name| format!("{name} {order}")).collect();
        let relation = format!(
            "(SELECT {} FROM {} WHERE {} ORDER BY {} LIMIT 1) AS {}",
            names.join(", "),
            self.relation,
            wanted.join(" AND "),
            by.join(", "),
            self.engine.quoted("last_row")
        );
        let mut rows = connection.rows(&relation, keys.to_vec(), &[]);
        let mut last = None;
        while let Some(batch) = rows.next().await {
            let batch = batch.map_err(|error| error.to_string())?;
            last = batch.into_iter().next().or(last);
        }
        let texts = last.map(|row| row.iter().map(Value::text).collect::<Option<Vec<String>>>());
        Ok(texts.flatten())
    }
}
