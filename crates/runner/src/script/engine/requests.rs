//! What a script's Python asks, and what it is answered: JSON.

use mastic_api_glue::glue::types::RecipeStep;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::plans::Plan;

/// `POST /read`
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct ReadRequest {
    /// The kind of a source that is no table of the catalog: `s3`, `mysql`.
    pub(crate) connection_type: Option<String>,
    pub(crate) connection_options: Map<String, Value>,
    pub(crate) format: Option<String>,
    pub(crate) format_options: Map<String, Value>,
    /// The database of a table of the catalog.
    pub(crate) database: Option<String>,
    pub(crate) table_name: Option<String>,
    pub(crate) catalog_id: Option<String>,
    pub(crate) push_down_predicate: Option<String>,
    pub(crate) additional_options: Map<String, Value>,
    pub(crate) transformation_ctx: String,
    /// Whether a table's text is read as Hive's SerDes do, and not as AWS Glue's own readers.
    pub(crate) hive: bool,
    /// The number of a source that was opened by the same request: it is the answer if its files are still the same.
    pub(crate) known: Option<u64>,
    /// What a sample is.
    pub(crate) sample: Option<Sample>,
    /// Whether files may be answered for rows.
    pub(crate) direct: bool,
    /// Whether a folder of files may be, whose partitions Spark takes for text.
    pub(crate) folders: bool,
    /// Whether rows may be put into the folder only when they are asked for.
    pub(crate) later: bool,
    /// The folder where rows go, in files of Parquet, for a Spark other than the run's own: in S3 or, as a `file://` URL, in
    /// the scratch.
    pub(crate) exchange: Option<String>,
}

/// What a sample is.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Sample {
    /// Rows at most.
    pub(crate) num: Option<usize>,
    pub(crate) options: Map<String, Value>,
}

/// The road by which Spark gets a source.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Road {
    /// It reads the files itself.
    Spark,
    /// The engine has put the rows into a folder.
    #[default]
    Engine,
    /// The engine puts them there when it is asked to.
    Later,
}

/// A column's name and its type in Glue's grammar.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Column {
    pub(crate) name: String,
    #[serde(rename = "type")]
    pub(crate) of: String,
}

impl Column {
    pub(crate) fn all(columns: Vec<(String, String)>) -> Vec<Self> {
        columns.into_iter().map(|(name, of)| Self { name, of }).collect()
    }
}

/// Files that are read with these values of the partition keys.
#[derive(Debug, Clone, Default, Serialize)]
pub(crate) struct FileGroup {
    pub(crate) values: Vec<Option<String>>,
    pub(crate) files: Vec<String>,
}

#[derive(Debug, Clone, Default, Serialize)]
pub(crate) struct ReadAnswer {
    pub(crate) road: Road,
    /// The number under which the source is kept open, for plans.
    pub(crate) source: Option<u64>,
    /// The format of the rows in `folder`; none where that holds the source's own files, of Parquet.
    pub(crate) format: Option<&'static str>,
    pub(crate) folder: Option<String>,
    /// Files of Parquet, where Spark reads itself.
    pub(crate) groups: Vec<FileGroup>,
    /// The partition keys.
    pub(crate) keys: Vec<Column>,
    /// All columns in their order; none where the files of `folder` tell them.
    pub(crate) columns: Vec<Column>,
    /// Where the columns have choices: names of columns and fields, `[]` for the elements of an array.
    pub(crate) choices: Vec<Vec<String>>,
    pub(crate) rows: u64,
    pub(crate) error_rows: usize,
    /// The folder with the records that could not be read, as JSON lines: `file`, `line`, `reason`, `record`.
    pub(crate) errors: Option<String>,
}

/// `POST /fill`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct FillRequest {
    /// The number of the source.
    pub(crate) source: u64,
}

/// `POST /write`
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct WriteRequest {
    /// The folder with the rows: in the scratch, as a `file://` URL, or in S3.
    pub(crate) data: String,
    /// The format of the files there: `arrow` or `parquet`.
    pub(crate) data_format: String,
    /// The columns, which an empty folder does not tell.
    pub(crate) columns: Vec<Column>,
    /// What makes the rows, instead of a folder that holds them.
    pub(crate) plan: Plan,
    pub(crate) connection_type: Option<String>,
    pub(crate) connection_options: Map<String, Value>,
    pub(crate) format: Option<String>,
    pub(crate) format_options: Map<String, Value>,
    /// The table of the catalog that is written or, of a folder, kept up to date.
    pub(crate) database: Option<String>,
    pub(crate) table_name: Option<String>,
    pub(crate) catalog_id: Option<String>,
    pub(crate) additional_options: Map<String, Value>,
    /// A connection of the catalog that is written through.
    pub(crate) catalog_connection: Option<String>,
    pub(crate) transformation_ctx: String,
    /// How many files there shall be, if the script says.
    pub(crate) files: Option<usize>,
}

#[derive(Debug, Clone, Default, Serialize)]
pub(crate) struct WriteAnswer {
    /// Why the plan was not begun; nothing is written then.
    pub(crate) declined: Option<String>,
    pub(crate) rows: u64,
    pub(crate) files: u64,
    pub(crate) bytes: u64,
    pub(crate) partitions: u64,
    pub(crate) folder: String,
}

/// `POST /prepare`
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct PrepareRequest {
    /// What comes in, as for a target.
    pub(crate) rows: WriteRequest,
    pub(crate) steps: Vec<RecipeStep>,
    /// The folder where a folder with the outcome is made, in files of Parquet: a `file://` URL in the scratch, or one in S3.
    pub(crate) exchange: String,
}

/// `POST /bookmark/init`
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct InitRequest {
    pub(crate) job_name: Option<String>,
}

/// `POST /bookmark/commit`
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct CommitRequest {}

/// An answer that says nothing more.
#[derive(Debug, Clone, Default, Serialize)]
pub(crate) struct Done {}
