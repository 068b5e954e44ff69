//! Tables of databases: rows go into them within one transaction for each database, which is committed when all targets
//! of the run are written.

mod rows;
mod statements;

use std::sync::Arc;

use async_trait::async_trait;
use datafusion::arrow::datatypes::{Schema, SchemaRef};
use datafusion::common::DataFusionError;
use datafusion::physical_plan::coalesce_partitions::CoalescePartitionsExec;
use datafusion::physical_plan::{ExecutionPlan, ExecutionPlanProperties};
use datafusion::prelude::{DataFrame, SessionContext};
use futures::StreamExt;
use mastic_api_glue::glue::types::Table;
use mastic_jdbc::{Column, Engine, Insert, Row};
use tokio::sync::Mutex;

use super::{Share, Target};
use crate::databases::Writer;
use crate::environment::Environment;
use crate::error::NodeError;
use crate::plan::{Action, CatalogTarget, DatabasePlace, DatabaseTable, DatabaseTarget, Relation};
use crate::sink::{Output, written_type};
use crate::source::database::{of_catalog, relation, told};
use crate::transform::{exact, names};
use crate::types::glue_type;

/// Rows that are sent at a time, about.
const ROWS: usize = 8192;

/// Bytes of values after which rows are sent.
const BYTES: usize = 4 << 20;

/// A table of a database that is written.
pub(crate) struct Database {
    node: String,
    /// The table for people.
    told: String,
    /// The table as SQL names it.
    table: String,
    relation: Relation,
    engine: Engine,
    action: Action,
    before: Option<String>,
    after: Option<String>,
    writer: Arc<Mutex<Option<Writer>>>,
    /// Statements that make what was written part of the table.
    last: Mutex<Vec<String>>,
}

impl Database {
    /// Looks at a target that is a database.
    ///
    /// # Errors
    /// Why the database cannot be reached, and a column that it has no type for.
    pub(crate) async fn open(
        environment: &Environment,
        node: &str,
        target: &DatabaseTarget,
        input: &DataFrame,
    ) -> Result<Self, NodeError> {
        let (place, relation) = match &target.table {
            DatabaseTable::Place(place, relation) => (place.clone(), relation.clone()),
            DatabaseTable::Catalog { database, table, instead } => {
                let wrong =
                    |message: String| NodeError::new(node, format!("table `{database}.{table}`: {message}"));
                let found = environment.catalog.get_table(database, table).await.map_err(wrong)?;
                let found = found.ok_or_else(|| wrong("it was not found".to_owned()))?;
                let none = || Err("it is no table of a database: it has no connectionName".to_owned());
                let (place, relation) = of_catalog(&found).unwrap_or_else(none).map_err(wrong)?;
                (place, instead.clone().map_or(relation, Relation::Table))
            }
        };
        Self::at(environment, node, target, (place, relation), input).await
    }

    /// The same of a target that is a catalog table, if that is one of a database.
    ///
    /// # Errors
    /// The same.
    pub(crate) async fn of_catalog(
        environment: &Environment,
        node: &str,
        target: &CatalogTarget,
        found: &Table,
        input: &DataFrame,
    ) -> Result<Option<Self>, NodeError> {
        let CatalogTarget { database, table, partition_keys, .. } = target;
        let wrong = |message: String| NodeError::new(node, format!("table `{database}.{table}`: {message}"));
        let Some(place) = of_catalog(found) else { return Ok(None) };
        if !partition_keys.is_empty() {
            return Err(wrong("a table of a database has no partition keys".to_owned()));
        }
        let (database, table) = (database.clone(), table.clone());
        let target = DatabaseTarget {
            table: DatabaseTable::Catalog { database, table, instead: None },
            action: Action::Append,
            before: None,
            after: None,
        };
        Self::at(environment, node, &target, place.map_err(wrong)?, input).await.map(Some)
    }

    async fn at(
        environment: &Environment,
        node: &str,
        target: &DatabaseTarget,
        (place, relation_of): (DatabasePlace, Relation),
        input: &DataFrame,
    ) -> Result<Self, NodeError> {
        let wrong = |message: String| NodeError::new(node, message);
        for field in input.schema().fields() {
            rows::writable(field.data_type())
                .map_err(|error| wrong(format!("the column `{}`: {error}", field.name())))?;
        }
        let writer = environment.databases.writer(node, &place).await.map_err(wrong)?;
        let engine = match writer.lock().await.as_ref() {
            Some(writer) => writer.connection.engine(),
            None => return Err(wrong("the database is closed".to_owned())),
        };
        Ok(Self {
            node: node.to_owned(),
            told: told(&place, &relation_of),
            table: relation(engine, &relation_of),
            relation: relation_of,
            engine,
            action: target.action.clone(),
            before: target.before.clone(),
            after: target.after.clone(),
            writer,
            last: Mutex::default(),
        })
    }

    fn failed(&self, error: impl std::fmt::Display) -> DataFusionError {
        NodeError::new(&self.node, format!("{}: {error}", self.told)).into()
    }

    /// Readies the database for rows with these columns: where they go.
    async fn begin(
        &self,
        environment: &Environment,
        writer: &mut Writer,
        schema: &Schema,
    ) -> Result<Insert, String> {
        let found = writer.connection.table_columns(&self.table).await.map_err(|error| error.to_string())?;
        if found.is_some()
            && let Some(engine) = writer
                .connection
                .without_transactions(&self.table)
                .await
                .map_err(|error| error.to_string())?
        {
            return Err(format!(
                "its storage engine {engine} has no transactions: what a failed run wrote could not be taken back"
            ));
        }
        if found.is_none() && self.engine == Engine::MySql {
            self.make(environment, writer, &self.table, schema).await?;
        }
        writer.begin().await?;
        if let Some(before) = &self.before {
            writer.execute(before).await.map_err(|error| format!("PreAction: {error}"))?;
        }
        let replaced = match (&self.action, &self.relation) {
            (Action::Replace, Relation::Named(name)) => {
                Some(statements::beside(name, &environment.entropy.uuid()))
            }
            (Action::Replace, _) => {
                return Err("only a table that is named by its parts is replaced".to_owned());
            }
            _ => None,
        };
        if let Some(name) = replaced {
            let table = relation(self.engine, &Relation::Named(name));
            self.make(environment, writer, &table, schema).await?;
            self.last.lock().await.extend(statements::replace(
                self.engine,
                &self.table,
                &self.relation,
                &table,
            ));
            return self.insert_into(writer, table, schema).await;
        }
        if writer.connection.table_columns(&self.table).await.map_err(|error| error.to_string())?.is_none() {
            self.make(environment, writer, &self.table, schema).await?;
        }
        let insert = self.insert_into(writer, self.table.clone(), schema).await?;
        let id = environment.entropy.uuid();
        let Some(staged) = statements::staged(self.engine, &self.action, &self.relation, &insert, &id)?
        else {
            if self.action == Action::Truncate {
                // Redshift ends the transaction with a TRUNCATE.
                writer.execute(&format!("DELETE FROM {}", self.table)).await?;
            }
            return Ok(insert);
        };
        writer.execute(&staged.made).await?;
        self.last.lock().await.extend(staged.last);
        Ok(Insert { table: staged.table, columns: insert.columns })
    }

    /// Makes a table with the columns of the rows.
    async fn make(
        &self,
        environment: &Environment,
        writer: &mut Writer,
        table: &str,
        schema: &Schema,
    ) -> Result<(), String> {
        let columns = schema.fields().iter().map(|field| {
            let ty = glue_type(field.data_type()).and_then(|of| self.engine.column_type(&of));
            let ty = ty.map_err(|error| format!("the column `{}`: {error}", field.name()))?;
            Ok(format!("{} {ty}", self.engine.quoted(field.name())))
        });
        let columns = columns.collect::<Result<Vec<_>, String>>()?;
        // A server's own character set may be one of few letters.
        let letters = if self.engine == Engine::MySql { " CHARACTER SET utf8mb4" } else { "" };
        let statement = format!("CREATE TABLE {table} ({}){letters}", columns.join(", "));
        environment.databases.make(writer, table, &statement).await
    }

    /// The columns of a table that the rows have.
    async fn insert_into(
        &self,
        writer: &mut Writer,
        table: String,
        schema: &Schema,
    ) -> Result<Insert, String> {
        let found = writer.connection.columns(&table).await.map_err(|error| error.to_string())?;
        let columns = schema.fields().iter().map(|field| {
            let same = found.iter().find(|column| column.name == *field.name());
            let alike = || found.iter().find(|column| column.name.eq_ignore_ascii_case(field.name()));
            same.or_else(alike).cloned().ok_or_else(|| {
                let names: Vec<&str> = found.iter().map(|column| column.name.as_str()).collect();
                format!("the table has no column `{}`: it has `{}`", field.name(), names.join("`, `"))
            })
        });
        let columns = columns.collect::<Result<Vec<Column>, String>>()?;
        Ok(Insert { table, columns })
    }

    /// Sends rows, of which the first has the number `first`.
    async fn send(&self, insert: &Insert, rows: &mut Vec<Row>, first: u64) -> Result<(), DataFusionError> {
        if !rows.is_empty() {
            let mut writer = self.writer.lock().await;
            let writer = writer.as_mut().ok_or_else(|| self.failed("the database is closed"))?;
            writer.connection.insert(insert, rows, first).await.map_err(|error| self.failed(error))?;
            rows.clear();
        }
        Ok(())
    }
}

#[async_trait]
impl Target for Database {
    fn shaped(&self, frame: DataFrame) -> Result<DataFrame, DataFusionError> {
        let columns: Vec<_> = names(&frame).iter().map(|name| exact(name)).collect();
        frame.select(columns)
    }

    async fn write(
        &self,
        environment: &Environment,
        context: &SessionContext,
        plan: Arc<dyn ExecutionPlan>,
        share: Share,
    ) -> Result<Output, DataFusionError> {
        let schema = written(&plan.schema());
        let insert = {
            let mut writer = self.writer.lock().await;
            let writer = writer.as_mut().ok_or_else(|| self.failed("the database is closed"))?;
            self.begin(environment, writer, &schema).await.map_err(|error| self.failed(error))?
        };
        let plan = match plan.output_partitioning().partition_count() {
            0 | 1 => plan,
            _ => Arc::new(CoalescePartitionsExec::new(plan)),
        };
        let mut stream = plan.execute(0, context.task_ctx())?;
        let (mut waiting, mut waiting_bytes, mut count, mut bytes) = (Vec::new(), 0, 0, 0);
        while let Some(batch) = stream.next().await {
            let batch = batch?;
            (share.progress)(batch.num_rows() as u64);
            let found = rows::rows(&batch, &schema)?;
            waiting_bytes += found.iter().flatten().map(mastic_jdbc::Value::size).sum::<usize>();
            waiting.extend(found);
            if waiting.len() >= ROWS || waiting_bytes >= BYTES {
                let sent = waiting.len() as u64;
                self.send(&insert, &mut waiting, count + 1).await?;
                count += sent;
                bytes += std::mem::take(&mut waiting_bytes) as u64;
            }
        }
        let sent = waiting.len() as u64;
        self.send(&insert, &mut waiting, count + 1).await?;
        Ok(Output {
            target: self.node.clone(),
            folder: self.told.clone(),
            files: Vec::new(),
            partitions: Vec::new(),
            rows: count + sent,
            bytes: bytes + waiting_bytes as u64,
            schema,
            partition_schema: Arc::new(Schema::empty()),
        })
    }

    fn ages(&self) -> bool {
        false
    }

    async fn register(&self, _: &Environment, _: &Output) -> Result<(), DataFusionError> {
        Ok(())
    }

    async fn conclude(&self) -> Result<(), DataFusionError> {
        let mut writer = self.writer.lock().await;
        let writer = writer.as_mut().ok_or_else(|| self.failed("the database is closed"))?;
        for statement in self.last.lock().await.iter() {
            writer.execute(statement).await.map_err(|error| self.failed(error))?;
        }
        match &self.after {
            Some(after) => {
                writer.execute(after).await.map_err(|error| self.failed(format!("PostAction: {error}")))
            }
            None => Ok(()),
        }
    }
}

/// The columns in the types in which their values are taken.
fn written(schema: &Schema) -> SchemaRef {
    let fields = schema.fields().iter();
    let fields = fields.map(|field| {
        field.as_ref().clone().with_data_type(written_type(field.data_type())).with_nullable(true)
    });
    Arc::new(Schema::new(fields.collect::<Vec<_>>()))
}
