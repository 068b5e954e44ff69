//! Column statistics that are computed: task runs, the settings of tables, and their schedules ("Column statistics
//! API" in the AWS Glue Web API Reference).

mod run;
mod schedule;
mod settings;

use mastic_api_glue::glue::types::{ColumnStatisticsTaskRun, ColumnStatisticsTaskSettings};
use mastic_core::{Arn, Fault};
use mastic_kernel::ports::Plan;
use mastic_kernel::{Access, Call, Ctx, Kernel, Need};
use mastic_store::{Keyspace, ReadTx, Record};
use serde::{Deserialize, Serialize};

pub use schedule::StatisticsStarter;

use crate::access;
use crate::draft::{Draft, OfCatalog};

/// Where the lines of task runs go.
pub(crate) const LOG_GROUP: &str = "/aws-glue/column-statistics";

/// What the sessions of task runs are called.
pub(crate) const SESSION_NAME: &str = "GlueColumnStatisticsSession";

/// Account, region, database, table; the names in lower case.
pub(crate) type TableKey = (String, String, String, String);

/// A task run.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct RunRecord {
    at: TableKey,
    run: ColumnStatisticsTaskRun,
    role: Arn,
    /// Whether somebody has asked for its end.
    stopping: bool,
}

impl Record for RunRecord {
    const VERSION: u16 = 1;
}

/// Account, region, id.
const RUNS: Keyspace<(String, String, String), RunRecord> = Keyspace::new("glue.column-statistics-run");

/// That a run is one of its table's.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Of {}

impl Record for Of {
    const VERSION: u16 = 1;
}

/// Account, region, database, table, start in microseconds, id.
const RUNS_OF: Keyspace<(String, String, String, String, i64, String), Of> =
    Keyspace::new("glue.column-statistics-run-of");

/// The run of a table that has not ended.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Open {
    id: String,
}

impl Record for Open {
    const VERSION: u16 = 1;
}

const OPEN: Keyspace<TableKey, Open> = Keyspace::new("glue.column-statistics-run-open");

/// The settings of a table.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct SettingsRecord {
    settings: ColumnStatisticsTaskSettings,
    role: Arn,
    /// The table's id: of another table of its name these are not the settings.
    #[serde(default)]
    table: String,
}

impl Record for SettingsRecord {
    const VERSION: u16 = 1;
}

const SETTINGS: Keyspace<TableKey, SettingsRecord> = Keyspace::new("glue.column-statistics-settings");

/// The settings of a table, which go with it.
fn settings(tx: &ReadTx<'_>, kernel: &Kernel, at: &TableKey) -> Result<Option<SettingsRecord>, Fault> {
    let Some(record) = SETTINGS.get(tx, at)? else { return Ok(None) };
    Ok((table_id(tx, kernel, at)?.as_ref() == Some(&record.table)).then_some(record))
}

fn table_id(tx: &ReadTx<'_>, kernel: &Kernel, at: &TableKey) -> Result<Option<String>, Fault> {
    kernel.tables()?.table_id(tx, [&at.0, &at.1, &at.2, &at.3])
}

fn key(ctx: &Ctx, database: &str, table: &str) -> Result<TableKey, Fault> {
    Ok((
        ctx.account()?.to_string(),
        ctx.region().to_string(),
        mastic_hive::stored_name(database),
        mastic_hive::stored_name(table),
    ))
}

fn invalid(text: impl Into<String>) -> Fault {
    Fault::sender("InvalidInputException", text)
}

/// A table's task needs the table, its database and the catalog; what is done to the table itself, the run asks for.
fn on_table(call: &Call, action: &str, database: &str, table: &str) -> Result<Vec<Need>, Fault> {
    let account = access::account_of(call)?;
    let (database, table) = (mastic_hive::stored_name(database), mastic_hive::stored_name(table));
    let of = |resource: &str| {
        Need::new(
            format!("glue:{action}"),
            Arn::new("glue", call.region.as_str(), account, resource).as_str(),
        )
    };
    Ok(vec![of("catalog"), of(&format!("database/{database}")), of(&format!("table/{database}/{table}"))])
}

/// What a run will need, as this role or that of the table's settings.
pub(crate) fn plan(ctx: &Ctx, database: &str, table: &str, role: Option<Arn>) -> Result<Plan, Fault> {
    let at = key(ctx, database, table)?;
    let set = ctx.read(|tx| settings(tx, ctx.kernel(), &at))?;
    let role = role.or(set.map(|record| record.role)).ok_or_else(|| {
        invalid(format!("Table {}.{} has no column statistics task settings: name a role.", at.2, at.3))
    })?;
    let mut draft = Draft::new(ctx)?;
    let (of, purpose) = (OfCatalog::Table(database, table), "table");
    draft.catalog("GetTable", of, purpose);
    let facts = draft.facts(database, table)?.ok_or_else(|| no_table(&at.3))?;
    if facts.partitioned {
        draft.catalog("GetPartitions", of, purpose);
    }
    for location in &facts.locations {
        draft.read_folder(location, purpose);
    }
    if let Some(connection) = &facts.connection {
        draft.connection(connection, purpose);
    }
    draft.catalog("UpdateColumnStatisticsForTable", of, "statistics");
    draft.logs(LOG_GROUP, &format!("{}.{}", at.2, at.3));
    Ok(Plan { role, source: source(&at), session_name: SESSION_NAME.to_owned(), needs: draft.needs() })
}

fn of_table(call: &Call, action: &str, database: &str, table: &str) -> Result<Access, Fault> {
    Ok(Access::All(on_table(call, action, database, table)?))
}

/// The table, as conditions of a role's trust see whom Glue works for.
fn source(at: &TableKey) -> Arn {
    let (account, region, database, table) = at;
    Arn::new("glue", region, account, &format!("table/{database}/{table}"))
}

/// Finds the role of a task, which the caller may pass to Glue.
fn role(ctx: &Ctx, at: &TableKey, name: &str) -> Result<Arn, Fault> {
    access::pass_role(ctx, name, &source(at), |role| {
        invalid(format!("Service is unable to assume the role {role}. Please verify the role's TrustPolicy."))
    })
}

/// What of a task is the same for runs and settings.
fn check(
    ctx: &Ctx,
    at: &TableKey,
    catalog: Option<&str>,
    sample: Option<f64>,
    security: Option<&str>,
) -> Result<(), Fault> {
    if catalog.is_some_and(|catalog| catalog != at.0) {
        return Err(invalid("Mastic computes column statistics in the account's default catalog only."));
    }
    if security.is_some() {
        return Err(invalid("Mastic's column statistics do not have security configurations yet."));
    }
    if sample.is_some_and(|sample| sample <= 0.0) {
        return Err(invalid("SampleSize must be greater than 0."));
    }
    let (_, _, database, table) = at;
    match ctx.kernel().tables()?.table(ctx, database, table)? {
        Some(_) => Ok(()),
        None => Err(no_table(table)),
    }
}

fn no_table(name: &str) -> Fault {
    Fault::sender("EntityNotFoundException", format!("Table {name} not found."))
}

#[cfg(test)]
mod tests;
