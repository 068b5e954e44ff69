//! The databases that a run reads and writes: one transaction for all that it writes into one of them.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex as StdMutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use mastic_jdbc::{Connection, Engine};
use tokio::sync::Mutex;

use crate::error::NodeError;
use crate::plan::DatabasePlace;

/// How long a database is given to take back what was written.
const PATIENCE: Duration = Duration::from_secs(10);

/// Connections to databases, by the names that the catalog has for them.
#[async_trait]
pub trait Connector: Send + Sync {
    /// Connects to the connection's database, or to another one of the same server.
    ///
    /// # Errors
    /// A text that says why that is not possible, without secrets.
    async fn connect(&self, connection: &str, database: Option<&str>) -> Result<Connection, String>;
}

/// The databases of a run.
#[derive(Clone)]
pub struct Databases {
    connector: Arc<dyn Connector>,
    writers: Arc<StdMutex<BTreeMap<Key, Shared>>>,
}

/// Connection and database.
type Key = (String, Option<String>);
type Shared = Arc<Mutex<Option<Writer>>>;

/// A connection with the transaction of all that the run writes through it.
pub(crate) struct Writer {
    pub(crate) connection: Connection,
    place: DatabasePlace,
    /// The node that was the first to write.
    node: String,
    begun: bool,
    /// Tables that were made outside of the transaction.
    made: Vec<String>,
}

impl Databases {
    /// The databases that a connector leads to.
    #[must_use]
    pub fn new(connector: Arc<dyn Connector>) -> Self {
        Self { connector, writers: Arc::default() }
    }

    /// A connection of its own, for reading.
    pub(crate) async fn open(&self, place: &DatabasePlace) -> Result<Connection, String> {
        let DatabasePlace { connection: name, database, engine } = place;
        let failed = |error: String| format!("the connection `{name}` failed: {error}");
        let mut connection = self.connector.connect(name, database.as_deref()).await.map_err(failed)?;
        if let Some(wanted) = engine
            && connection.engine() != *wanted
        {
            let found = connection.engine();
            return Err(format!("the connection `{name}` leads to {found}, and the node is for {wanted}"));
        }
        connection.set_up().await.map_err(|error| failed(error.to_string()))?;
        Ok(connection)
    }

    /// The connection through which all targets in the database are written.
    pub(crate) async fn writer(&self, node: &str, place: &DatabasePlace) -> Result<Shared, String> {
        let key = (place.connection.clone(), place.database.clone());
        let shared = {
            let mut writers = self.writers.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(writers.entry(key).or_default())
        };
        let mut writer = shared.lock().await;
        match writer.as_ref() {
            None => {
                let connection = self.open(place).await?;
                let (place, node) = (place.clone(), node.to_owned());
                *writer = Some(Writer { connection, place, node, begun: false, made: Vec::new() });
            }
            Some(found) if place.engine.is_some_and(|wanted| wanted != found.connection.engine()) => {
                let (name, found) = (&place.connection, found.connection.engine());
                return Err(format!("the connection `{name}` leads to {found}, for which the node is not"));
            }
            Some(_) => {}
        }
        drop(writer);
        Ok(shared)
    }

    /// Makes what was written true, database by database; answers the connections through which something was written.
    ///
    /// # Errors
    /// The first that fails, by the node that wrote there. It tells what is committed nevertheless.
    pub(crate) async fn commit(&self) -> Result<Vec<String>, NodeError> {
        let mut committed: Vec<String> = Vec::new();
        for shared in self.all() {
            let mut writer = shared.lock().await;
            let Some(writer) = writer.as_mut().filter(|writer| writer.begun) else { continue };
            if let Err(error) = writer.execute("COMMIT").await {
                return Err(writer.not_committed(&error, &committed).await);
            }
            writer.begun = false;
            writer.made.clear();
            committed.push(writer.place.connection.clone());
        }
        Ok(committed)
    }

    /// Takes back what was written and is not committed. `warn` is told what could not be taken back, and why.
    pub(crate) async fn abandon(&self, warn: impl Fn(String)) {
        for shared in self.all() {
            let Some(mut writer) = shared.lock().await.take() else { continue };
            let cause = match tokio::time::timeout(PATIENCE, self.take_back(&mut writer)).await {
                Ok(Ok(())) => continue,
                Ok(Err(cause)) => cause,
                Err(_) => format!("the database did not answer within {} seconds", PATIENCE.as_secs()),
            };
            warn(writer.left(&cause));
        }
    }

    async fn take_back(&self, writer: &mut Writer) -> Result<(), String> {
        let mut done = Ok(());
        if writer.begun {
            done = writer.execute("ROLLBACK").await;
            writer.begun = done.is_err();
        }
        if done.is_err() && !writer.made.is_empty() {
            writer.connection = self.open(&writer.place).await?;
        }
        for table in writer.made.clone() {
            let dropped = writer.execute(&format!("DROP TABLE {table}")).await;
            if dropped.is_ok() {
                writer.made.retain(|made| *made != table);
            }
            done = done.and(dropped);
        }
        done
    }

    fn all(&self) -> Vec<Shared> {
        self.writers.lock().unwrap_or_else(PoisonError::into_inner).values().cloned().collect()
    }

    /// Makes a table where that ends a transaction: through a connection of its own. A run that fails drops it.
    pub(crate) async fn make(&self, writer: &mut Writer, table: &str, statement: &str) -> Result<(), String> {
        if writer.connection.engine() != Engine::MySql {
            return writer.execute(statement).await;
        }
        let mut connection = self.open(&writer.place).await?;
        writer.made.push(table.to_owned());
        let made = connection.execute(statement).await;
        if made.is_err() {
            writer.made.retain(|made| made != table);
        }
        made.map_err(|error| error.to_string())
    }
}

impl Writer {
    /// Begins the transaction, unless it has begun.
    pub(crate) async fn begin(&mut self) -> Result<(), String> {
        if !self.begun {
            self.execute("BEGIN").await?;
            self.begun = true;
        }
        Ok(())
    }

    pub(crate) async fn execute(&mut self, statement: &str) -> Result<(), String> {
        self.connection.execute(statement).await.map_err(|error| error.to_string())
    }

    /// What there is to say of a transaction that could not be committed.
    async fn not_committed(&mut self, error: &str, committed: &[String]) -> NodeError {
        // A server that still answers has said itself that it did not commit.
        let known = self.execute("ROLLBACK").await.is_ok();
        self.begun = !known;
        let what = if known { "is not committed" } else { "may be committed or not" };
        let name = &self.place.connection;
        let mut text = format!("the connection `{name}` failed: what was written {what}: {error}");
        if !committed.is_empty() {
            let others = committed.join("`, `");
            text.push_str(&format!(". What the run wrote through `{others}` is committed"));
        }
        NodeError::new(&self.node, text)
    }

    /// What may be left in a database from which not all could be taken back.
    fn left(&self, cause: &str) -> String {
        let name = &self.place.connection;
        let mut text = format!(
            "The connection `{name}` failed while what the run wrote through it was taken back: {cause}."
        );
        if self.begun {
            text.push_str(
                " The database drops the open transaction once it notices that the connection is gone.",
            );
        }
        if !self.made.is_empty() {
            let made = self.made.join(", ");
            text.push_str(&format!(" Tables that were made for this run may be left: {made}."));
        }
        text
    }
}

impl Default for Databases {
    /// No databases at all.
    fn default() -> Self {
        Self::new(Arc::new(Nowhere))
    }
}

impl fmt::Debug for Databases {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Databases").finish_non_exhaustive()
    }
}

struct Nowhere;

#[async_trait]
impl Connector for Nowhere {
    async fn connect(&self, _: &str, _: Option<&str>) -> Result<Connection, String> {
        Err("there are no databases here".to_owned())
    }
}
