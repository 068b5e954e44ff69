//! Scripts, and the Python that they run in.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// A run of a job with a script.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ScriptWork {
    /// The job's name.
    pub job_name: String,
    /// The run's id, `jr_...`.
    pub run_id: String,
    /// The arguments, defaults merged in.
    pub arguments: BTreeMap<String, String>,
    /// What kind of script it is.
    pub kind: ScriptKind,
    /// The script.
    pub source: ScriptSource,
    /// The job's Glue version, such as `5.1`.
    pub glue_version: String,
    /// The Python that runs it.
    pub python: Python,
    /// The Spark Connect endpoint, `sc://...`, that the server's configuration names; otherwise the run has its own Spark.
    pub spark_remote: Option<String>,
}

/// Where a script comes from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum ScriptSource {
    /// An object, `s3://bucket/key`.
    Object(String),
    /// The text: that of a visual job with code of the user's own in it.
    Text(String),
}

/// The kinds of scripts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum ScriptKind {
    /// `glueetl` and `gluestreaming`: PySpark.
    Spark,
    /// `pythonshell`.
    PythonShell,
}

/// An interpreter, with what scripts find installed.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Python {
    /// The interpreter.
    pub interpreter: PathBuf,
    /// The folder with Mastic's own packages.
    pub packages: PathBuf,
    /// The folder for what `--additional-python-modules` asks for, a folder for each list.
    pub modules: PathBuf,
    /// What of the server's environment installers of packages and scripts need: the search path for programs,
    /// settings of pip, proxies.
    pub environment: BTreeMap<String, String>,
}
