//! The lines of a crawl's log, in AWS's words where these are known. The server puts the crawl's id before each.

use std::fmt::Display;

use mastic_api_glue::glue::types::Crawler;
use mastic_handoff::Tally;

/// The first line.
#[must_use]
pub fn started(crawler: &str) -> String {
    format!("BENCHMARK : Running Start Crawl for Crawler {crawler}")
}

/// All files are looked at, and their tables known.
pub(crate) fn classified(database: &str) -> String {
    format!("BENCHMARK : Classification complete, writing results to database {database}")
}

/// What the crawler is told to do with changes.
pub(crate) fn configured(crawler: &Crawler, update: &str, delete: &str) -> String {
    let policy =
        format!("SchemaChangePolicy {{\"UpdateBehavior\":\"{update}\",\"DeleteBehavior\":\"{delete}\"}}.");
    match crawler.configuration.as_deref() {
        None => format!("INFO : Crawler configured with {policy}"),
        Some(text) => format!(
            "INFO : Crawler configured with Configuration {text} and {policy} Note that values in the Configuration \
             override values in the SchemaChangePolicy for S3 Targets."
        ),
    }
}

pub(crate) fn created(table: &str, database: &str) -> String {
    format!("INFO : Created table {table} in database {database}")
}

pub(crate) fn updated(table: &str, database: &str) -> String {
    format!("INFO : Updated table {table} in database {database}")
}

pub(crate) fn deleted(table: &str, database: &str) -> String {
    format!(
        "INFO : Deleted table {table} in database {database} because a matching schema was not found at the table's \
         location."
    )
}

pub(crate) fn deprecated(table: &str) -> String {
    format!(
        "INFO : Table {table} is marked deprecated because a matching schema was not found at the table's location."
    )
}

pub(crate) fn left(table: &str) -> String {
    format!(
        "INFO : Table {table} is left as it is although a matching schema was not found at the table's location: the \
         DeleteBehavior is LOG."
    )
}

pub(crate) fn differs(table: &str) -> String {
    format!("INFO : The schema of table {table} has changed. It is left as it is: the UpdateBehavior is LOG.")
}

pub(crate) fn partition_gone(table: &str, values: &[String]) -> String {
    format!(
        "INFO : Found partition of table {table} with partition values [{}] with no matching schema at the partition's \
         S3 location",
        values.join(", ")
    )
}

pub(crate) fn cannot_merge(
    table: &str,
    parameter: &str,
    existing: Option<&str>,
    crawled: Option<&str>,
) -> String {
    let (existing, crawled) = (existing.unwrap_or("null"), crawled.unwrap_or("null"));
    format!(
        "WARN: Cannot merge new columns into the table {table} as defined in the Data Catalog because the parameter \
         '{parameter}' has changed. The existing value is '{existing}', and the crawled value is '{crawled}'. Either \
         remove the table or resolve the inconsistent parameter value."
    )
}

/// A file that claims a format which its bytes contradict, or anything else that is left out.
#[must_use]
pub fn warned(what: impl Display, why: impl Display) -> String {
    format!("WARN: {what}: {why}")
}

/// A new folder that an incremental crawl leaves out.
pub(crate) fn ignored(folder: &str, table: &str, why: &str) -> String {
    format!("WARN: The new folder {folder} is ignored: it does not match the table {table}: {why}")
}

/// Why a crawl fails.
#[must_use]
pub fn failed(reason: &str) -> String {
    format!("ERROR : {reason}")
}

/// The end of a crawl that went well.
#[must_use]
pub fn summary(tally: &Tally) -> Vec<String> {
    let mut lines = vec!["BENCHMARK : Finished writing to Catalog".to_owned()];
    let kinds = [
        ("PARTITION", tally.partitions_created, tally.partitions_updated, tally.partitions_deleted),
        ("TABLE", tally.tables_created, tally.tables_updated, tally.tables_deleted),
    ];
    for (kind, added, updated, deleted) in kinds {
        let counts = [("ADD", added), ("UPDATE", updated), ("DELETE", deleted)];
        let counts: Vec<_> = counts.into_iter().filter(|(_, count)| *count > 0).collect();
        if !counts.is_empty() {
            lines.push(format!("INFO : Run Summary For {kind}:"));
            lines.extend(counts.into_iter().map(|(name, count)| format!("INFO : {name}: {count}")));
        }
    }
    lines.push("BENCHMARK : Crawler has finished running and is in state READY".to_owned());
    lines
}
