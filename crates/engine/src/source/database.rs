//! Tables and queries of databases: rows come as they are taken, over several connections where the node says so.

mod arrays;
mod bookmark;
mod parts;

use std::any::Any;
use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use datafusion::arrow::array::RecordBatch;
use datafusion::arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use datafusion::catalog::{Session, TableProvider};
use datafusion::common::{DataFusionError, Result};
use datafusion::datasource::TableType;
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::logical_expr::Expr;
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use futures::stream;
use mastic_api_glue::glue::types::Table;
use mastic_jdbc::{Column, Connection, Engine};

use crate::bookmark::Mark;
use crate::databases::Databases;
use crate::environment::Environment;
use crate::error::NodeError;
use crate::leaf::{Leaf, LeafExec, Queue};
use crate::plan::{DatabasePlace, DatabaseSource, Parts, Relation};
use crate::types::arrow_type;
use bookmark::Unread;

/// Connections that read side by side at most.
const CONNECTIONS: usize = 8;

/// A source that is a database, ready to be read.
pub(crate) struct Found {
    /// The table.
    pub(crate) table: Arc<dyn TableProvider>,
    /// The columns that it should answer, where they differ from those that it has.
    pub(crate) columns: Option<Vec<(String, DataType)>>,
}

/// Looks at a source that is a database: at those of its rows that no earlier run has read, if there is a bookmark.
///
/// # Errors
/// Why the database cannot be reached, that there is no such table, and what of the settings cannot be used.
pub(crate) async fn open(
    environment: &Environment,
    node: &str,
    source: &DatabaseSource,
    mark: Option<&Mark<'_>>,
) -> Result<Found, NodeError> {
    let wrong = |message: String| NodeError::new(node, message);
    let mut connection = environment.databases.open(&source.place).await.map_err(wrong)?;
    let engine = connection.engine();
    let relation = relation(engine, &source.relation);
    let at = |message: String| wrong(format!("{}: {message}", told(&source.place, &source.relation)));
    let columns = connection.columns(&relation).await.map_err(|error| at(error.to_string()))?;
    if columns.is_empty() {
        return Err(at("it has no columns".to_owned()));
    }
    let parts = match &source.parts {
        None => vec![None],
        Some(parts) => parts::conditions(engine, parts, &columns).map_err(at)?,
    };
    let mut conditions: Vec<String> = source.filter.clone().into_iter().collect();
    if let Some(mark) = mark {
        let unread = Unread { source, engine, relation: &relation, columns: &columns };
        conditions.extend(unread.conditions(mark, connection).await?);
    }
    let fields = columns.iter().map(|column| {
        let of = arrow_type(&column.ty.to_string())?;
        Ok(Field::new(&column.name, of, true))
    });
    let schema = Arc::new(Schema::new(fields.collect::<Result<Vec<_>, String>>().map_err(at)?));
    let mapped = mapped(&columns, &schema, &source.types).map_err(at)?;
    let read = Read {
        node: node.to_owned(),
        databases: environment.databases.clone(),
        place: source.place.clone(),
        told: told(&source.place, &source.relation),
        relation,
        conditions,
    };
    let table = Arc::new(Rows { read: Arc::new(read), schema, columns, parts });
    Ok(Found { table, columns: mapped })
}

/// What stands behind `FROM`.
pub(crate) fn relation(engine: Engine, relation: &Relation) -> String {
    match relation {
        Relation::Table(table) => table.clone(),
        Relation::Named(parts) => engine.path(&parts.iter().map(String::as_str).collect::<Vec<_>>()),
        Relation::Query(query) => {
            format!("({}\n) AS {}", query.trim().trim_end_matches(';'), engine.quoted("rows_of_query"))
        }
    }
}

/// The relation for people.
pub(crate) fn told(place: &DatabasePlace, relation: &Relation) -> String {
    let what = match relation {
        Relation::Table(table) => format!("table {table}"),
        Relation::Named(parts) => format!("table {}", parts.join(".")),
        Relation::Query(_) => "the query".to_owned(),
    };
    format!("{what} of the connection `{}`", place.connection)
}

/// The columns with other types for those that have one of the JDBC types; none where none has.
fn mapped(
    columns: &[Column],
    schema: &Schema,
    types: &[(String, String)],
) -> Result<Option<Vec<(String, DataType)>>, String> {
    let mut any = false;
    let mut answer = Vec::with_capacity(columns.len());
    for (column, field) in columns.iter().zip(schema.fields()) {
        let wanted = types.iter().find(|(of, _)| of.eq_ignore_ascii_case(column.jdbc_type));
        any |= wanted.is_some();
        let of = wanted.map_or_else(|| Ok(field.data_type().clone()), |(_, wanted)| arrow_type(wanted))?;
        answer.push((column.name.clone(), of));
    }
    Ok(any.then_some(answer))
}

/// Where a table of the catalog really is, if it is one of a database.
pub(crate) fn of_catalog(table: &Table) -> Option<Result<(DatabasePlace, Relation), String>> {
    let parameter = |name: &str| table.parameters.as_ref()?.get(name).filter(|text| !text.is_empty());
    let connection = parameter("connectionName")?;
    let kind = parameter("classification").map_or("", String::as_str);
    let engine = match Engine::named(kind) {
        Ok(engine) => engine,
        Err(_) => return Some(Err(format!("tables of `{kind}` databases are not supported"))),
    };
    let location = table.storage_descriptor.as_ref().and_then(|found| found.location.as_deref());
    let parts = location.unwrap_or_default().splitn(if engine.has_schemas() { 3 } else { 2 }, '.');
    let mut parts = parts.map(str::to_owned);
    let (Some(database), name) = (parts.next().filter(|text| !text.is_empty()), parts.collect::<Vec<_>>())
    else {
        return Some(Err("its location names no database".to_owned()));
    };
    if name.is_empty() {
        return Some(Err(format!("its location `{database}` names no table")));
    }
    let place =
        DatabasePlace { connection: connection.clone(), database: Some(database), engine: Some(engine) };
    Some(Ok((place, Relation::Named(name))))
}

/// How a table of the catalog says that its rows are told apart ("Reading from JDBC tables in parallel", AWS Glue Developer
/// Guide).
pub(crate) fn parts_of(mut parameters: impl FnMut(&str) -> Option<String>) -> Result<Option<Parts>, String> {
    let count = match parameters("hashpartitions") {
        None => 7,
        Some(text) => {
            let number = text.trim().parse().ok().filter(|number: &u64| *number > 0);
            number.ok_or_else(|| format!("`hashpartitions` is a whole number above zero, not `{text}`"))?
        }
    };
    match (parameters("hashexpression"), parameters("hashfield")) {
        (Some(expression), None) => Ok(Some(Parts::Number { expression, count })),
        (None, Some(column)) => Ok(Some(Parts::Hash { column, count })),
        (None, None) => Ok(None),
        (Some(_), Some(_)) => Err("`hashexpression` and `hashfield` exclude each other".to_owned()),
    }
}

/// What is read from where.
struct Read {
    node: String,
    databases: Databases,
    place: DatabasePlace,
    told: String,
    relation: String,
    /// What rows of any part must meet.
    conditions: Vec<String>,
}

impl fmt::Debug for Read {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.told)
    }
}

impl Read {
    fn failed(&self, error: impl fmt::Display) -> DataFusionError {
        NodeError::new(&self.node, format!("{}: {error}", self.told)).into()
    }

    async fn connect(&self) -> Result<Connection> {
        self.databases.open(&self.place).await.map_err(|error| self.failed(error))
    }
}

/// One stream of a relation's rows: part after part, over one connection.
struct Reading {
    read: Arc<Read>,
    schema: SchemaRef,
    columns: Vec<Column>,
    /// Those that no other stream has taken.
    parts: Box<dyn Iterator<Item = Option<String>> + Send>,
    /// The connection, while nothing is read.
    idle: Option<Connection>,
    rows: Option<mastic_jdbc::Rows>,
}

impl Reading {
    /// The next rows, and what is to be read after them; nothing at the end.
    async fn next(mut self) -> Result<Option<(RecordBatch, Self)>> {
        loop {
            if let Some(mut rows) = self.rows.take() {
                if let Some(batch) = rows.next().await {
                    self.rows = Some(rows);
                    let batch = batch.map_err(|error| self.read.failed(error))?;
                    let batch =
                        arrays::batch(&batch, &self.schema).map_err(|error| self.read.failed(error))?;
                    return Ok(Some((batch, self)));
                }
                self.idle = rows.into_connection().await;
            }
            let Some(part) = self.parts.next() else { return Ok(None) };
            let connection = match self.idle.take() {
                Some(connection) => connection,
                None => self.read.connect().await?,
            };
            let conditions: Vec<String> = self.read.conditions.iter().cloned().chain(part).collect();
            self.rows = Some(connection.rows(&self.read.relation, self.columns.clone(), &conditions));
        }
    }
}

/// A table over the rows of a relation.
#[derive(Debug)]
struct Rows {
    read: Arc<Read>,
    schema: SchemaRef,
    columns: Vec<Column>,
    parts: Vec<Option<String>>,
}

#[async_trait]
impl TableProvider for Rows {
    fn as_any(&self) -> &dyn Any {
        self
    }

    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    fn table_type(&self) -> TableType {
        TableType::Base
    }

    async fn scan(
        &self,
        _: &dyn Session,
        projection: Option<&Vec<usize>>,
        _filters: &[Expr],
        _limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let wanted = projection.cloned().unwrap_or_else(|| (0..self.columns.len()).collect());
        let schema = Arc::new(self.schema.project(&wanted)?);
        let columns = wanted.iter().filter_map(|at| self.columns.get(*at).cloned()).collect();
        let parts = Queue::new(self.parts.clone());
        let streams = parts.streams(CONNECTIONS);
        let scan = DatabaseScan { read: Arc::clone(&self.read), schema, columns, parts };
        Ok(Arc::new(LeafExec::new(scan, streams)))
    }
}

/// Reads the parts of a relation.
struct DatabaseScan {
    read: Arc<Read>,
    schema: SchemaRef,
    columns: Vec<Column>,
    parts: Queue<Option<String>>,
}

impl Leaf for DatabaseScan {
    const NAME: &'static str = "DatabaseScan";

    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    fn told(&self) -> String {
        let names: Vec<&str> = self.columns.iter().map(|column| column.name.as_str()).collect();
        let (told, parts) = (&self.read.told, self.parts.all().len());
        format!("{told}, parts={parts}, columns=[{}]", names.join(", "))
    }

    fn again(&self) -> Option<Self> {
        let (read, schema) = (Arc::clone(&self.read), self.schema());
        Some(Self { read, schema, columns: self.columns.clone(), parts: self.parts.again() })
    }

    fn rows(&self, _: usize, _: Arc<TaskContext>) -> Result<SendableRecordBatchStream> {
        let reading = Reading {
            read: Arc::clone(&self.read),
            schema: self.schema(),
            columns: self.columns.clone(),
            parts: Box::new(self.parts.taken()),
            idle: None,
            rows: None,
        };
        let batches = stream::try_unfold(reading, Reading::next);
        Ok(Box::pin(RecordBatchStreamAdapter::new(self.schema(), batches)))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use mastic_api_glue::glue::types::StorageDescriptor;

    use super::*;

    fn table(parameters: &[(&str, &str)], location: &str) -> Table {
        let parameters = parameters.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned()));
        let descriptor =
            StorageDescriptor { location: Some(location.to_owned()), ..StorageDescriptor::default() };
        Table {
            parameters: Some(parameters.collect::<BTreeMap<_, _>>()),
            storage_descriptor: Some(descriptor),
            ..Table::default()
        }
    }

    #[test]
    fn tables_of_the_catalog() {
        let of = |kind: &str, location: &str| {
            of_catalog(&table(&[("connectionName", "c"), ("classification", kind)], location)).unwrap()
        };
        let (place, named) = of("postgresql", "nyc.public.a.b").unwrap();
        assert_eq!((place.connection.as_str(), place.database.as_deref()), ("c", Some("nyc")));
        assert_eq!(named, Relation::Named(vec!["public".to_owned(), "a.b".to_owned()]));
        assert_eq!(of("mysql", "nyc.a").unwrap().1, Relation::Named(vec!["a".to_owned()]));
        assert!(of("mysql", "nyc").unwrap_err().contains("no table"));
        assert_eq!(
            of("sqlserver", "a.b.c").unwrap_err(),
            "tables of `sqlserver` databases are not supported"
        );
        assert!(of_catalog(&table(&[("classification", "csv")], "s3://b/k/")).is_none());
    }

    #[test]
    fn parts_of_tables() {
        let of = |given: &[(&str, &str)]| {
            parts_of(|name| given.iter().find(|(key, _)| *key == name).map(|(_, text)| (*text).to_owned()))
        };
        assert_eq!(of(&[]), Ok(None));
        let hash = Parts::Hash { column: "c".to_owned(), count: 7 };
        assert_eq!(of(&[("hashfield", "c")]), Ok(Some(hash)));
        let number = Parts::Number { expression: "id".to_owned(), count: 3 };
        assert_eq!(of(&[("hashexpression", "id"), ("hashpartitions", "3")]), Ok(Some(number)));
        assert!(of(&[("hashfield", "c"), ("hashpartitions", "0")]).is_err());
    }

    #[test]
    fn relations() {
        assert_eq!(
            relation(Engine::PostgreSql, &Relation::Query("SELECT 1 -- one;\n;".to_owned())),
            "(SELECT 1 -- one;\n\n) AS \"rows_of_query\""
        );
        assert_eq!(
            relation(Engine::MySql, &Relation::Named(vec!["a".to_owned(), "b".to_owned()])),
            "`a`.`b`"
        );
    }
}
