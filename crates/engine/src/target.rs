//! Targets: what a target node writes where, and its table in the catalog.

mod database;
mod delta;
mod files;
mod iceberg;
mod store;

use std::sync::Arc;

use async_trait::async_trait;
use datafusion::common::DataFusionError;
use datafusion::physical_plan::ExecutionPlan;
use datafusion::prelude::{DataFrame, SessionContext};

use crate::environment::Environment;
use crate::error::NodeError;
use crate::lake::LakeFormat;
use crate::plan::{CatalogTarget, DeltaTarget, IcebergTarget, Kind, Node};
use crate::sink::Output;
use database::Database;
use delta::Delta;
use files::Files;
pub(crate) use files::changed_table;
use iceberg::Iceberg;

/// What a target node writes to, as it was found when the run looked at it.
#[async_trait]
pub(crate) trait Target: Send + Sync {
    /// The frame as it is written.
    fn shaped(&self, frame: DataFrame) -> Result<DataFrame, DataFusionError>;

    /// Writes the rows of a plan of the shaped frame.
    ///
    /// # Errors
    /// The plan's own, or what could not be written and why. What was begun is taken back.
    async fn write(
        &self,
        environment: &Environment,
        context: &SessionContext,
        plan: Arc<dyn ExecutionPlan>,
        share: Share,
    ) -> Result<Output, DataFusionError>;

    /// Whether what was found may be out of date when a target that was written beside it is registered.
    fn ages(&self) -> bool {
        true
    }

    /// Makes what was written part of its table.
    ///
    /// # Errors
    /// What the catalog answered, under the target's name.
    async fn register(&self, environment: &Environment, output: &Output) -> Result<(), DataFusionError>;

    /// Does what has to wait until all targets of the run are registered.
    ///
    /// # Errors
    /// What went wrong, under the target's name.
    async fn conclude(&self) -> Result<(), DataFusionError> {
        Ok(())
    }
}

/// One target's part of the run.
pub(crate) struct Share {
    /// How many targets are written side by side, this one among them.
    pub(crate) targets: usize,
    /// Told how many rows came since it was last told.
    pub(crate) progress: Arc<dyn Fn(u64) + Send + Sync>,
}

/// Looks at a target node, its table and the columns that come in.
///
/// # Errors
/// The node is no target, or what it writes to cannot take the columns.
pub(crate) async fn open(
    environment: &Environment,
    node: &Node,
    input: &DataFrame,
) -> Result<Box<dyn Target>, DataFusionError> {
    match &node.kind {
        Kind::S3Target(target) => Ok(Box::new(Files::folder(environment, &node.name, target, input).await?)),
        Kind::CatalogTarget(target) => {
            let CatalogTarget { database, table: name, .. } = target;
            let wrong =
                |message: String| NodeError::new(&node.name, format!("table `{database}.{name}`: {message}"));
            let found = environment.catalog.get_table(database, name).await.map_err(wrong)?;
            let found = found.ok_or_else(|| wrong("it was not found".to_owned()))?;
            if let Some(database) =
                Database::of_catalog(environment, &node.name, target, &found, input).await?
            {
                return Ok(Box::new(database));
            }
            match LakeFormat::of(&found) {
                None => Ok(Box::new(Files::table(&node.name, target, found, input)?)),
                Some(LakeFormat::Iceberg) => {
                    let target = IcebergTarget::of(target);
                    let name = &node.name;
                    Ok(Box::new(Iceberg::open(environment, name, &target, Some(found), input).await?))
                }
                Some(LakeFormat::Delta) => {
                    let target = DeltaTarget::of(target);
                    Ok(Box::new(Delta::open(environment, &node.name, &target, input).await?))
                }
                Some(LakeFormat::Hudi) => Err(wrong("Hudi tables are not written".to_owned()).into()),
            }
        }
        Kind::DatabaseTarget(target) => {
            Ok(Box::new(Database::open(environment, &node.name, target, input).await?))
        }
        Kind::IcebergTarget(target) => {
            let IcebergTarget { database, table, .. } = target;
            let wrong = |message: String| {
                NodeError::new(&node.name, format!("table `{database}.{table}`: {message}"))
            };
            let found = environment.catalog.get_table(database, table).await.map_err(wrong)?;
            Ok(Box::new(Iceberg::open(environment, &node.name, target, found, input).await?))
        }
        Kind::DeltaTarget(target) => Ok(Box::new(Delta::open(environment, &node.name, target, input).await?)),
        _ => Err(NodeError::new(&node.name, "it is no target").into()),
    }
}
