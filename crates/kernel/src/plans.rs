//! The ports through which it is told what a run will need, before it runs.

use std::sync::{Arc, OnceLock};

use mastic_core::{Arn, Fault};
use mastic_store::ReadTx;

use crate::{Ctx, Kernel, Need};

/// A permission that a run will need.
#[derive(Debug, Clone, PartialEq)]
pub struct Planned {
    /// The permission.
    pub need: Need,
    /// What it is for, in words: "source `Orders`".
    pub purpose: String,
}

/// What a run of a job or crawler will do, as far as its definition tells.
#[derive(Debug, Clone, PartialEq)]
pub struct Plan {
    /// The role that it runs as.
    pub role: Arn,
    /// The job or crawler.
    pub source: Arn,
    /// What the role's session will be called.
    pub session_name: String,
    /// What the session will ask for.
    pub needs: Vec<Planned>,
}

/// Tells what runs will need. Implemented by `jobs`; the caller must be allowed to see the definition.
pub trait Plans: Send + Sync {
    /// The plan of a run of the job.
    fn job(&self, ctx: &Ctx, name: &str) -> Result<Plan, Fault>;

    /// The plan of a crawl.
    fn crawler(&self, ctx: &Ctx, name: &str) -> Result<Plan, Fault>;

    /// The plan of a column statistics task run, as this role or, without one, that of the table's settings.
    fn column_statistics(
        &self,
        ctx: &Ctx,
        database: &str,
        table: &str,
        role: Option<Arn>,
    ) -> Result<Plan, Fault>;
}

/// What is to be known of a table before it is read or written.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TableFacts {
    /// Where its files are, and those of partitions elsewhere.
    pub locations: Vec<String>,
    /// Whether it has partition keys.
    pub partitioned: bool,
    /// The connection through which its rows are reached, if it is a table of a database.
    pub connection: Option<String>,
    /// The format that says by itself which files it has, if it is of one: `iceberg`, `delta`, `hudi`.
    pub lake: Option<String>,
    /// Its columns and then its partition keys, with their types.
    pub columns: Vec<(String, String)>,
}

/// The caller's own catalog as plans see it. Implemented by `catalog`; nobody is asked whether the caller may look.
pub trait Tables: Send + Sync {
    /// Whether there is a database of the name.
    fn database(&self, ctx: &Ctx, name: &str) -> Result<bool, Fault>;

    /// The table, if there is one.
    fn table(&self, ctx: &Ctx, database: &str, name: &str) -> Result<Option<TableFacts>, Fault>;

    /// What tells the table of an account, region, database and name in the default catalog from others that had or get
    /// its name.
    fn table_id(&self, tx: &ReadTx<'_>, of: [&str; 4]) -> Result<Option<String>, Fault>;

    /// Whether there is a connection of the name.
    fn connection(&self, ctx: &Ctx, name: &str) -> Result<bool, Fault>;

    /// Whether there is a security configuration of the name.
    fn security_configuration(&self, ctx: &Ctx, name: &str) -> Result<bool, Fault>;
}

/// Buckets as plans see them. Implemented by `objects`; nobody is asked whether the caller may look.
pub trait Files: Send + Sync {
    /// Whether any object's key begins so.
    fn any(&self, ctx: &Ctx, bucket: &str, prefix: &str) -> Result<bool, Fault>;
}

/// The ports, once the root has connected them.
#[derive(Default)]
pub(crate) struct Foresight {
    plans: OnceLock<Arc<dyn Plans>>,
    tables: OnceLock<Arc<dyn Tables>>,
    files: OnceLock<Arc<dyn Files>>,
}

impl Kernel {
    /// Connects the ports by which plans are made; the first connection stays.
    pub fn connect_plans(&self, plans: Arc<dyn Plans>, tables: Arc<dyn Tables>, files: Arc<dyn Files>) {
        let foresight = self.foresight();
        foresight.plans.get_or_init(|| plans);
        foresight.tables.get_or_init(|| tables);
        foresight.files.get_or_init(|| files);
    }

    /// The plans of runs.
    ///
    /// # Errors
    /// When the root has not connected them.
    pub fn plans(&self) -> Result<&Arc<dyn Plans>, Fault> {
        self.foresight().plans.get().ok_or_else(|| Fault::internal("no plans are connected"))
    }

    /// The catalog, for plans.
    ///
    /// # Errors
    /// When the root has not connected it.
    pub fn tables(&self) -> Result<&Arc<dyn Tables>, Fault> {
        self.foresight().tables.get().ok_or_else(|| Fault::internal("no catalog is connected"))
    }

    /// The buckets, for plans.
    ///
    /// # Errors
    /// When the root has not connected them.
    pub fn files(&self) -> Result<&Arc<dyn Files>, Fault> {
        self.foresight().files.get().ok_or_else(|| Fault::internal("no buckets are connected"))
    }
}
