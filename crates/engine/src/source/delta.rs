//! Delta Lake tables as sources.

use std::sync::Arc;

use datafusion::arrow::datatypes::DataType;
use datafusion::catalog::TableProvider;
use datafusion::common::DataFusionError;
use datafusion::prelude::{DataFrame, SessionContext};
use mastic_api_glue::glue::types::Table;

use crate::environment::Environment;
use crate::error::NodeError;
use crate::lake::LakeFormat;
use crate::lake::delta::{engine_type, open};
use crate::location::Location;
use crate::plan::{DeltaPlace, DeltaSource, DeltaVersion};

/// A table with the columns that it answers.
pub(crate) type Answered = (Arc<dyn TableProvider>, Vec<(String, DataType)>);

/// Opens the table, or tables, that a source names.
///
/// # Errors
/// There is no such table or version, or it cannot be read.
pub(crate) async fn delta_table(
    context: &SessionContext,
    environment: &Environment,
    node: &str,
    source: &DeltaSource,
) -> Result<Answered, DataFusionError> {
    let paths = match &source.place {
        DeltaPlace::Folders(paths) => paths.clone(),
        DeltaPlace::Table { database, table: name } => {
            let wrong =
                |message: String| NodeError::new(node, format!("table `{database}.{name}`: {message}"));
            let entry = environment.catalog.get_table(database, name).await.map_err(wrong)?;
            let entry = entry.ok_or_else(|| wrong("it was not found".to_owned()))?;
            if LakeFormat::of(&entry) != Some(LakeFormat::Delta) {
                return Err(wrong("it is no Delta Lake table".to_owned()).into());
            }
            return delta_entry(context, environment, node, &entry, &source.at).await;
        }
    };
    let mut all: Option<(DataFrame, Vec<(String, DataType)>)> = None;
    for path in &paths {
        let (table, columns) = folder(context, environment, node, path, &source.at).await?;
        let frame = context.read_table(table)?;
        all = Some(match all {
            None => (frame, columns),
            Some((known, columns)) => (known.union_by_name(frame)?, columns),
        });
    }
    match all {
        Some((frame, columns)) => Ok((frame.into_view(), columns)),
        None => Err(NodeError::new(node, "it names no path").into()),
    }
}

/// Opens a table that the catalog has.
///
/// # Errors
/// There is no log where the catalog says, or it cannot be read.
pub(crate) async fn delta_entry(
    context: &SessionContext,
    environment: &Environment,
    node: &str,
    entry: &Table,
    at: &DeltaVersion,
) -> Result<Answered, DataFusionError> {
    let path = entry.storage_descriptor.as_ref().and_then(|found| found.location.as_deref());
    folder(context, environment, node, path.unwrap_or_default(), at).await
}

async fn folder(
    context: &SessionContext,
    environment: &Environment,
    node: &str,
    path: &str,
    at: &DeltaVersion,
) -> Result<Answered, DataFusionError> {
    let location = Location::parse(path).map_err(|error| NodeError::new(node, error))?.folder();
    let failed = |error: &dyn std::fmt::Display| NodeError::new(node, format!("`{location}`: {error}"));
    let table = open(environment, node, &location, at).await?;
    let table = table.ok_or_else(|| failed(&"there is no Delta Lake table: it has no `_delta_log/`"))?;
    let state = context.state();
    table.update_datafusion_session(&state).map_err(|error| failed(&error))?;
    let provider = table.table_provider().with_session(Arc::new(state)).await?;
    let schema = provider.schema();
    let columns = schema.fields().iter();
    let columns = columns.map(|field| (field.name().clone(), engine_type(field.data_type()))).collect();
    Ok((provider, columns))
}
