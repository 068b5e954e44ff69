//! The targets of crawlers: how they are kept, and what none can be.

use mastic_api_glue::glue::types::*;
use mastic_core::{Arn, Fault};
use mastic_hive::Exclusions;
use mastic_kernel::{Ctx, Need};

use super::check::invalid;
use crate::connection_test;

/// Files of each leaf folder that a crawl may be told to look at ("S3Target", AWS Glue Web API Reference).
const SAMPLES: std::ops::RangeInclusive<i32> = 1..=249;

/// How deep a crawl may be told to look for tables of open formats.
const DEPTHS: std::ops::RangeInclusive<i32> = 1..=20;

/// The targets as they are kept and shown: every kind is there, and text that is blank is not.
pub(super) fn kept(targets: CrawlerTargets) -> CrawlerTargets {
    let mut kept = targets;
    for target in kept.s3_targets.get_or_insert_default() {
        target.exclusions.get_or_insert_default();
        blank(&mut target.connection_name);
        blank(&mut target.event_queue_arn);
        blank(&mut target.dlq_event_queue_arn);
    }
    for target in kept.jdbc_targets.get_or_insert_default() {
        target.exclusions.get_or_insert_default();
    }
    for target in kept.catalog_targets.get_or_insert_default() {
        blank(&mut target.connection_name);
        blank(&mut target.event_queue_arn);
        blank(&mut target.dlq_event_queue_arn);
    }
    for target in kept.delta_targets.get_or_insert_default() {
        blank(&mut target.connection_name);
    }
    for target in kept.iceberg_targets.get_or_insert_default() {
        target.exclusions.get_or_insert_default();
        blank(&mut target.connection_name);
    }
    kept.mongo_db_targets.get_or_insert_default();
    kept.dynamo_db_targets.get_or_insert_default();
    kept.hudi_targets.get_or_insert_default();
    kept
}

fn blank(text: &mut Option<String>) {
    if text.as_deref() == Some("") {
        *text = None;
    }
}

/// Refuses by name the kinds of targets that nothing here can crawl.
pub(super) fn refuse_kinds(targets: &CrawlerTargets) -> Result<(), Fault> {
    let absent = [
        ("DynamoDBTargets", targets.dynamo_db_targets.as_ref().is_some_and(|list| !list.is_empty())),
        ("MongoDBTargets", targets.mongo_db_targets.as_ref().is_some_and(|list| !list.is_empty())),
        ("HudiTargets", targets.hudi_targets.as_ref().is_some_and(|list| !list.is_empty())),
    ];
    match absent.into_iter().find(|(_, given)| *given) {
        Some((kind, _)) => Err(invalid(format!("Mastic's crawlers do not have {kind}."))),
        None => Ok(()),
    }
}

/// Whether each target can be crawled, as far as it can be told beforehand.
pub(super) fn check(ctx: &Ctx, targets: &CrawlerTargets) -> Result<(), Fault> {
    for target in targets.s3_targets.iter().flatten() {
        check_folder(ctx, target.path.as_deref().unwrap_or_default())?;
        check_exclusions(target.exclusions.as_deref())?;
        check_number("SampleSize", target.sample_size, &SAMPLES)?;
        check_queues([&target.event_queue_arn, &target.dlq_event_queue_arn])?;
        check_connection(ctx, target.connection_name.as_deref())?;
    }
    for target in targets.jdbc_targets.iter().flatten() {
        let connection = target.connection_name.as_deref().filter(|name| !name.is_empty());
        if connection.is_none() {
            return Err(invalid("A JDBC target needs a ConnectionName."));
        }
        if target.path.as_deref().unwrap_or_default().is_empty() {
            return Err(invalid(
                "A JDBC target needs a Path: database/schema/table, where % stands for any text.",
            ));
        }
        check_exclusions(target.exclusions.as_deref())?;
        check_connection(ctx, connection)?;
    }
    for target in targets.catalog_targets.iter().flatten() {
        check_queues([&target.event_queue_arn, &target.dlq_event_queue_arn])?;
        check_connection(ctx, target.connection_name.as_deref())?;
        for table in &target.tables {
            check_table(ctx, &target.database_name, table)?;
        }
    }
    for target in targets.delta_targets.iter().flatten() {
        check_folders(ctx, "DeltaTables", target.delta_tables.as_deref())?;
        check_connection(ctx, target.connection_name.as_deref())?;
    }
    for target in targets.iceberg_targets.iter().flatten() {
        check_folders(ctx, "Paths", target.paths.as_deref())?;
        check_exclusions(target.exclusions.as_deref())?;
        check_number("MaximumTraversalDepth", target.maximum_traversal_depth, &DEPTHS)?;
        check_connection(ctx, target.connection_name.as_deref())?;
    }
    Ok(())
}

fn check_folders(ctx: &Ctx, member: &str, paths: Option<&[String]>) -> Result<(), Fault> {
    let paths = paths.unwrap_or_default();
    if paths.is_empty() {
        return Err(invalid(format!("{member} needs at least one path.")));
    }
    paths.iter().try_for_each(|path| check_folder(ctx, path))
}

fn check_folder(ctx: &Ctx, path: &str) -> Result<(), Fault> {
    let bucket = path.strip_prefix("s3://").and_then(|rest| rest.split('/').next()).unwrap_or_default();
    if bucket.is_empty() {
        let text = format!("{path} is not a valid S3 path: it begins with s3:// and names a bucket.");
        return Err(invalid(text));
    }
    let arn = Arn::new("s3", "", "", bucket);
    if let Some(policies) = ctx.kernel().policies("s3")
        && policies.policy(arn.as_str())?.is_none()
    {
        return Err(invalid(format!("S3 bucket {bucket} does not exist.")));
    }
    Ok(())
}

fn check_exclusions(patterns: Option<&[String]>) -> Result<(), Fault> {
    let parsed = Exclusions::parse(patterns.unwrap_or_default());
    parsed.map(drop).map_err(|wrong| invalid(wrong.to_string()))
}

fn check_number(
    member: &str,
    given: Option<i32>,
    allowed: &std::ops::RangeInclusive<i32>,
) -> Result<(), Fault> {
    match given.filter(|number| !allowed.contains(number)) {
        Some(number) => Err(invalid(format!(
            "{member} must be between {} and {}, and is {number}.",
            allowed.start(),
            allowed.end()
        ))),
        None => Ok(()),
    }
}

fn check_queues(queues: [&Option<String>; 2]) -> Result<(), Fault> {
    match queues.into_iter().flatten().next() {
        Some(queue) => Err(invalid(format!("Mastic has no event queues: {queue} cannot be used."))),
        None => Ok(()),
    }
}

/// A connection is got as the caller, who must be allowed to.
fn check_connection(ctx: &Ctx, name: Option<&str>) -> Result<(), Fault> {
    let Some(name) = name else { return Ok(()) };
    let needs = connection_test::arns(ctx, name)?.map(|arn| Need::new("glue:GetConnection", arn.as_str()));
    if let Err(denied) = ctx.authorize(&needs) {
        return Err(invalid(format!(
            "Unable to retrieve connection {name}: {} (Service: AmazonDataCatalog; Status Code: 400; Error Code: \
             AccessDeniedException; Request ID: {})",
            denied.message(),
            ctx.call().request_id
        )));
    }
    match ctx.kernel().tables()?.connection(ctx, name)? {
        true => Ok(()),
        false => Err(invalid(format!("Unable to retrieve connection {name}: Connection {name} not found."))),
    }
}

fn check_table(ctx: &Ctx, database: &str, table: &str) -> Result<(), Fault> {
    match ctx.kernel().tables()?.table(ctx, database, table)? {
        Some(_) => Ok(()),
        None => Err(invalid(format!("Table {table} of database {database} does not exist."))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_is_shown_and_blank_text_is_not() {
        let given = CrawlerTargets {
            s3_targets: Some(vec![S3Target {
                path: Some("s3://b".to_owned()),
                connection_name: Some(String::new()),
                sample_size: Some(3),
                ..S3Target::default()
            }]),
            ..CrawlerTargets::default()
        };
        let shown = kept(given);
        let [s3] = <[S3Target; 1]>::try_from(shown.s3_targets.unwrap()).unwrap();
        assert_eq!((s3.connection_name, s3.exclusions, s3.sample_size), (None, Some(vec![]), Some(3)));
        assert_eq!(shown.hudi_targets, Some(vec![]));
    }

    #[test]
    fn kinds_without_a_crawl_are_named() {
        let dynamo = CrawlerTargets {
            dynamo_db_targets: Some(vec![DynamoDBTarget::default()]),
            ..CrawlerTargets::default()
        };
        let refusal = refuse_kinds(&dynamo).unwrap_err();
        assert_eq!(refusal.message(), "Mastic's crawlers do not have DynamoDBTargets.");
        assert_eq!(refuse_kinds(&kept(CrawlerTargets::default())), Ok(()));
    }

    #[test]
    fn numbers_have_bounds() {
        for (number, good) in [(0, false), (1, true), (249, true), (250, false)] {
            assert_eq!(check_number("SampleSize", Some(number), &SAMPLES).is_ok(), good, "{number}");
        }
        assert_eq!(check_number("SampleSize", None, &SAMPLES), Ok(()));
    }
}
