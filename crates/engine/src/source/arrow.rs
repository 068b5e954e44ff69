//! What Spark has handed over: files of Arrow's own format on this machine.

use std::sync::Arc;

use datafusion::arrow::datatypes::{Field, Schema};
use datafusion::catalog::TableProvider;
use datafusion::common::DataFusionError;
use datafusion::datasource::MemTable;
use datafusion::execution::options::ArrowReadOptions;
use datafusion::prelude::SessionContext;

use crate::error::{FileError, NodeError};
use crate::plan::ArrowSource;
use crate::types::arrow_type;

/// A table over all files of the folder. Without a file it has no rows, in the columns that the source tells.
///
/// # Errors
/// Names the folder that cannot be read, or the column whose type is none.
pub(crate) async fn arrow_table(
    context: &SessionContext,
    node: &str,
    source: &ArrowSource,
) -> Result<Arc<dyn TableProvider>, DataFusionError> {
    let folder = source.folder.display().to_string();
    let fail = |cause: std::io::Error| FileError::new(node, &folder, cause);
    let mut files = Vec::new();
    for entry in std::fs::read_dir(&source.folder).map_err(fail)? {
        let path = entry.map_err(fail)?.path();
        if path.extension().is_some_and(|extension| extension == "arrow") {
            files.push(path.display().to_string());
        }
    }
    if !files.is_empty() {
        return Ok(context.read_arrow(files, ArrowReadOptions::default()).await?.into_view());
    }
    let field = |(name, of): &(String, String)| {
        let of = arrow_type(of).map_err(|error| format!("the column `{name}`: {error}"))?;
        Ok(Field::new(name, of, true))
    };
    let fields: Result<Vec<Field>, String> = source.columns.iter().map(field).collect();
    let schema = Arc::new(Schema::new(fields.map_err(|error| NodeError::new(node, error))?));
    Ok(Arc::new(MemTable::try_new(schema, vec![vec![]])?))
}
