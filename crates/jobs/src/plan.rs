//! What runs and crawls will need, told from their definitions: the calls that the runner makes for them.

mod database;
mod lakes;

use mastic_api_glue::glue::types::*;
use mastic_core::{Arn, Fault};
use mastic_hive::Configuration;
use mastic_kernel::Ctx;
use mastic_kernel::ports::{Plan, Plans};

use crate::definition::{key, missing};
use crate::draft::{Draft, OfCatalog};
use crate::records::{CRAWLERS, JOBS};
use crate::start::{effective_arguments, log_group};
use crate::{Jobs, access, column_statistics, crawl, crawler, schedule};

impl Plans for Jobs {
    fn job(&self, ctx: &Ctx, name: &str) -> Result<Plan, Fault> {
        let found = ctx.read(|tx| Ok::<_, Fault>(JOBS.get(tx, &key(ctx, name)?)?))?;
        let record = found.ok_or_else(|| missing(name))?;
        let mut draft = Draft::new(ctx)?;
        let job = &record.job;
        let script = job.command.as_ref().and_then(|command| command.script_location.as_deref());
        if let Some(script) = script.filter(|script| !script.is_empty()) {
            draft.file(script, "script");
        }
        let arguments = effective_arguments(job, Default::default());
        for name in ["--extra-py-files", "--extra-files", "--additional-python-modules"] {
            let items = arguments.get(name).map(String::as_str).unwrap_or_default().split(',').map(str::trim);
            for file in items.filter(|item| item.starts_with("s3")) {
                draft.file(file, name);
            }
        }
        if let Some(folder) = arguments.get("--TempDir") {
            draft.own(folder, "temporary directory");
        }
        if let Some(folder) = arguments.get("--error-rows").filter(|folder| !folder.is_empty()) {
            draft.write(folder, "error rows");
        }
        for node in job.code_gen_configuration_nodes.iter().flatten().map(|(_, node)| node) {
            source(&mut draft, node)?;
            lakes::source(&mut draft, node)?;
            target(&mut draft, node)?;
            lakes::target(&mut draft, node)?;
        }
        let group = log_group(job, job.security_configuration.as_deref());
        let logs = schedule::log_places(Some(&group), &arguments, "*");
        for group in [&logs.output_group, &logs.error_group] {
            draft.logs(group, "*");
        }
        if let Some((group, _)) = &logs.continuous {
            draft.logs(group, "*");
        }
        Ok(Plan {
            role: record.role,
            source: access::job_arn(ctx.call(), name)?,
            session_name: schedule::SESSION_NAME.to_owned(),
            needs: draft.needs(),
        })
    }

    fn crawler(&self, ctx: &Ctx, name: &str) -> Result<Plan, Fault> {
        let found = ctx.read(|tx| Ok::<_, Fault>(CRAWLERS.get(tx, &key(ctx, name)?)?))?;
        let record = found.ok_or_else(|| crawler::missing(name))?;
        let mut draft = Draft::new(ctx)?;
        crawling(&mut draft, &record.crawler)?;
        draft.logs(crawl::LOG_GROUP, name);
        Ok(Plan {
            role: record.role,
            source: access::crawler_arn(ctx.call(), name)?,
            session_name: crawl::SESSION_NAME.to_owned(),
            needs: draft.needs(),
        })
    }

    fn column_statistics(
        &self,
        ctx: &Ctx,
        database: &str,
        table: &str,
        role: Option<Arn>,
    ) -> Result<Plan, Fault> {
        column_statistics::plan(ctx, database, table, role)
    }
}

/// What a Delta target writes besides tables: the manifests of its own.
fn manifests(draft: &mut Draft<'_>, target: &DeltaTarget) {
    if target.write_manifest == Some(true) {
        for path in target.delta_tables.iter().flatten() {
            let folder = format!("{}/_symlink_format_manifest/", path.trim_end_matches('/'));
            draft.own(&folder, "manifests");
        }
    }
}

/// What a source reads; nothing for other nodes.
fn source(draft: &mut Draft<'_>, node: &CodeGenConfigurationNode) -> Result<(), Fault> {
    let files = [
        node.s3_csv_source.as_ref().map(|found| (&found.name, &found.paths)),
        node.s3_json_source.as_ref().map(|found| (&found.name, &found.paths)),
        node.s3_parquet_source.as_ref().map(|found| (&found.name, &found.paths)),
        node.s3_excel_source.as_ref().map(|found| (&found.name, &found.paths)),
    ];
    for (name, paths) in files.into_iter().flatten() {
        for path in paths {
            draft.read(path, &format!("source `{name}`"))?;
        }
    }
    let tables = [
        node.s3_catalog_source.as_ref().map(|found| (&found.name, &found.database, &found.table)),
        node.catalog_source.as_ref().map(|found| (&found.name, &found.database, &found.table)),
        node.postgre_sql_catalog_source.as_ref().map(|found| (&found.name, &found.database, &found.table)),
        node.my_sql_catalog_source.as_ref().map(|found| (&found.name, &found.database, &found.table)),
        node.relational_catalog_source.as_ref().map(|found| (&found.name, &found.database, &found.table)),
        node.redshift_source.as_ref().map(|found| (&found.name, &found.database, &found.table)),
    ];
    for (name, database, table) in tables.into_iter().flatten() {
        let purpose = format!("source `{name}`");
        let of = OfCatalog::Table(database, table);
        draft.catalog("GetTable", of, &purpose);
        let facts = draft.facts(database, table)?.unwrap_or_default();
        if facts.partitioned {
            draft.catalog("GetPartitions", of, &purpose);
        }
        lakes::read(draft, &facts, &purpose);
        if let Some(connection) = &facts.connection {
            draft.connection(connection, &purpose);
        }
    }
    database::source(draft, node)
}

/// A target's table, and what becomes of it.
struct Kept<'a> {
    database: &'a str,
    table: &'a str,
    /// Whether its columns follow the data.
    follows: bool,
    /// Whether the data has partitions.
    partitioned: bool,
}

/// What a target writes; nothing for other nodes.
fn target(draft: &mut Draft<'_>, node: &CodeGenConfigurationNode) -> Result<(), Fault> {
    let folders = [
        node.s3_direct_target
            .as_ref()
            .map(|t| (&t.name, &t.path, t.schema_change_policy.as_ref(), t.partition_keys.as_ref())),
        node.s3_glue_parquet_target
            .as_ref()
            .map(|t| (&t.name, &t.path, t.schema_change_policy.as_ref(), t.partition_keys.as_ref())),
    ];
    for (name, path, policy, keys) in folders.into_iter().flatten() {
        let purpose = format!("target `{name}`");
        draft.write(path, &purpose);
        let policy = policy.filter(|policy| policy.enable_update_catalog == Some(true));
        if let Some(policy) = policy
            && let (Some(database), Some(table)) = (&policy.database, &policy.table)
        {
            let kept = Kept {
                database,
                table,
                follows: policy.update_behavior != Some(UpdateCatalogBehavior::Log),
                partitioned: keys.is_some_and(|keys| !keys.is_empty()),
            };
            let found = draft.facts(database, table)?.is_some();
            keep(draft, &kept, found, &purpose)?;
        }
    }
    if let Some(found) = &node.spigot {
        draft.write(&found.path, &format!("spigot `{}`", found.name));
    }
    if let Some(found) = &node.s3_catalog_target {
        let policy = found.schema_change_policy.clone().unwrap_or_default();
        let follows = policy
            .enable_update_catalog
            .unwrap_or(false)
            .then(|| policy.update_behavior != Some(UpdateCatalogBehavior::Log));
        table_target(draft, &found.name, &found.database, &found.table, follows)?;
    }
    if let Some(found) = &node.catalog_target {
        table_target(draft, &found.name, &found.database, &found.table, None)?;
    }
    database::target(draft, node)
}

/// A target that is a table; `follows` tells whether the catalog is kept up to date at all, and columns too.
fn table_target(
    draft: &mut Draft<'_>,
    name: &str,
    database: &str,
    table: &str,
    follows: Option<bool>,
) -> Result<(), Fault> {
    let purpose = format!("target `{name}`");
    draft.catalog("GetTable", OfCatalog::Table(database, table), &purpose);
    let Some(facts) = draft.facts(database, table)? else { return Ok(()) };
    if facts.lake.is_some() {
        lakes::write(draft, OfCatalog::Table(database, table), &facts, &purpose);
        return Ok(());
    }
    if let Some(location) = facts.locations.first() {
        draft.write(location, &purpose);
    }
    if let Some(connection) = &facts.connection {
        draft.connection(connection, &purpose);
    }
    match follows {
        Some(follows) => {
            let kept = Kept { database, table, follows, partitioned: facts.partitioned };
            keep(draft, &kept, true, &purpose)
        }
        None => Ok(()),
    }
}

/// Keeping a target's table up to date.
fn keep(draft: &mut Draft<'_>, kept: &Kept<'_>, found: bool, purpose: &str) -> Result<(), Fault> {
    let of = OfCatalog::Table(kept.database, kept.table);
    draft.catalog("GetTable", of, purpose);
    if !found {
        draft.catalog("GetDatabase", OfCatalog::Database(kept.database), purpose);
        draft.catalog("CreateTable", of, purpose);
    }
    if kept.follows {
        draft.catalog("UpdateTable", of, purpose);
    }
    if kept.partitioned {
        draft.catalog("BatchCreatePartition", of, purpose);
    }
    Ok(())
}

/// What a crawl reads and brings up to date. The names of new tables are not known before.
fn crawling(draft: &mut Draft<'_>, crawler: &Crawler) -> Result<(), Fault> {
    let targets = crawler.targets.clone().unwrap_or_default();
    for target in targets.s3_targets.iter().flatten() {
        draft.read(target.path.as_deref().unwrap_or_default(), "target")?;
    }
    let delta =
        targets.delta_targets.iter().flatten().flat_map(|target| target.delta_tables.iter().flatten());
    let iceberg = targets.iceberg_targets.iter().flatten().flat_map(|target| target.paths.iter().flatten());
    for path in delta.chain(iceberg) {
        draft.read_folder(path, "target");
    }
    targets.delta_targets.iter().flatten().for_each(|target| manifests(draft, target));
    for target in targets.jdbc_targets.iter().flatten() {
        draft.connection(target.connection_name.as_deref().unwrap_or_default(), "target");
    }
    let mut actions = vec![
        "UpdateTable",
        "GetPartitions",
        "BatchCreatePartition",
        "BatchUpdatePartition",
        "BatchDeletePartition",
    ];
    for target in targets.catalog_targets.iter().flatten() {
        for table in &target.tables {
            let of = OfCatalog::Table(&target.database_name, table);
            for location in &draft.facts(&target.database_name, table)?.unwrap_or_default().locations {
                draft.read_folder(location, "target");
            }
            draft.catalog("GetTable", of, "target");
            for action in &actions {
                draft.catalog(action, of, "target");
            }
        }
    }
    if targets.catalog_targets.iter().flatten().next().is_some() {
        return Ok(());
    }
    let database = crawler.database_name.as_deref().unwrap_or_default();
    draft.catalog("GetDatabase", OfCatalog::Database(database), "database");
    if !draft.database(database)? {
        draft.catalog("CreateDatabase", OfCatalog::Database(database), "database");
    }
    draft.catalog("GetTables", OfCatalog::Tables(database, ""), "database");
    let of = OfCatalog::Tables(database, crawler.table_prefix.as_deref().unwrap_or_default());
    actions.insert(0, "CreateTable");
    let deletes = crawler.schema_change_policy.as_ref().and_then(|policy| policy.delete_behavior);
    if deletes == Some(DeleteBehavior::DeleteFromDatabase) {
        actions.push("DeleteTable");
    }
    let configuration = Configuration::parse(crawler.configuration.as_deref().unwrap_or_default());
    if configuration.is_ok_and(|configuration| configuration.create_partition_index) {
        actions.push("CreatePartitionIndex");
    }
    for action in actions {
        draft.catalog(action, of, "tables");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::node::SUPPORTED;

    /// Kinds that neither read nor write anything.
    const TRANSFORMS: [&str; 20] = [
        "Aggregate",
        "ApplyMapping",
        "CustomCode",
        "DropDuplicates",
        "DropFields",
        "DropNullFields",
        "DynamicTransform",
        "FillMissingValues",
        "Filter",
        "Join",
        "Merge",
        "PIIDetection",
        "Recipe",
        "RenameField",
        "Route",
        "SelectFields",
        "SelectFromCollection",
        "SparkSQL",
        "SplitFields",
        "Union",
    ];

    /// Kinds whose needs are planned here.
    const PLANNED: [&str; 34] = [
        "AmazonRedshiftSource",
        "AmazonRedshiftTarget",
        "CatalogDeltaSource",
        "CatalogIcebergSource",
        "CatalogSource",
        "CatalogTarget",
        "ConnectorDataSource",
        "ConnectorDataTarget",
        "DirectJDBCSource",
        "JDBCConnectorSource",
        "JDBCConnectorTarget",
        "MySQLCatalogSource",
        "MySQLCatalogTarget",
        "PostgreSQLCatalogSource",
        "PostgreSQLCatalogTarget",
        "RedshiftSource",
        "RedshiftTarget",
        "RelationalCatalogSource",
        "S3CatalogDeltaSource",
        "S3CatalogIcebergSource",
        "S3CatalogSource",
        "S3CatalogTarget",
        "S3CsvSource",
        "S3DeltaCatalogTarget",
        "S3DeltaDirectTarget",
        "S3DeltaSource",
        "S3DirectTarget",
        "S3ExcelSource",
        "S3GlueParquetTarget",
        "S3IcebergCatalogTarget",
        "S3IcebergDirectTarget",
        "S3JsonSource",
        "S3ParquetSource",
        "Spigot",
    ];

    #[test]
    fn every_kind_of_node_is_thought_of() {
        let mut known: Vec<&str> = TRANSFORMS.into_iter().chain(PLANNED).collect();
        known.sort_unstable();
        assert_eq!(known, SUPPORTED);
    }
}
