//! What no crawler can be. Sources: "CreateCrawler" (AWS Glue Web API Reference), "Setting crawler configuration options",
//! "Incremental crawls for adding new partitions" and "Defining crawlers" (AWS Glue Developer Guide).

use mastic_api_glue::glue::types::*;
use mastic_core::Fault;
use mastic_hive::Configuration;
use mastic_kernel::Ctx;

use super::targets;
use crate::classifier;
use crate::definition::key;

pub(super) fn invalid(text: impl Into<String>) -> Fault {
    Fault::sender("InvalidInputException", text)
}

const MIXED: &str = "The crawler cannot have catalog targets mixed with other target types. Specify crawler targets that include \
    only catalog, or only non-catalog targets";
const ONLY_S3: &str = "RecrawlBehavior \"Crawl new folders only\" can only apply to Amazon S3 target.";
const ONLY_LOG: &str = "The SchemaChangePolicy for \"Crawl new folders only\" Amazon S3 target can have only LOG DeleteBehavior \
    value and LOG UpdateBehavior value.";
const CATALOG_LOG: &str =
    "The SchemaChangePolicy for catalog targets can have only LOG DeleteBehavior value.";
const FROZEN: &str =
    "The Amazon S3 targets cannot be changed while RecrawlBehavior is \"Crawl new folders only\".";
const NO_EVENTS: &str =
    "Mastic's crawlers do not have the recrawl behavior CRAWL_EVENT_MODE: there are no event queues.";
const NO_LAKE: &str = "Mastic's crawlers do not have Lake Formation credentials.";

/// Whether a crawler can be; `before` is what an update makes it of.
pub(super) fn check(ctx: &Ctx, crawler: &Crawler, before: Option<&Crawler>) -> Result<(), Fault> {
    let targets = crawler.targets.clone().unwrap_or_default();
    let catalog = count(&targets.catalog_targets);
    let others =
        count(&targets.jdbc_targets) + count(&targets.delta_targets) + count(&targets.iceberg_targets);
    let s3 = count(&targets.s3_targets);
    targets::refuse_kinds(&targets)?;
    if catalog + others + s3 == 0 {
        return Err(invalid("At least one target is required."));
    }
    if catalog > 0 && others + s3 > 0 {
        return Err(invalid(MIXED));
    }
    if catalog == 0 && crawler.database_name.as_deref().unwrap_or_default().is_empty() {
        return Err(invalid("DatabaseName is required for targets other than catalog targets."));
    }
    check_policies(crawler, s3 > 0 && others == 0, catalog > 0, before)?;
    let configuration = crawler.configuration.as_deref().unwrap_or_default();
    Configuration::parse(configuration).map_err(|wrong| invalid(wrong.to_string()))?;
    let lake = crawler.lake_formation_configuration.as_ref();
    if lake.and_then(|lake| lake.use_lake_formation_credentials) == Some(true) {
        return Err(invalid(NO_LAKE));
    }
    let at = key(ctx, "")?;
    let classifiers = crawler.classifiers.as_deref().unwrap_or_default();
    ctx.read(|tx| classifier::resolve(tx, &at, classifiers))?;
    if let Some(name) = &crawler.crawler_security_configuration
        && !ctx.kernel().tables()?.security_configuration(ctx, name)?
    {
        return Err(invalid(format!("Security configuration with name {name} does not exist.")));
    }
    targets::check(ctx, &targets)
}

fn count<T>(targets: &Option<Vec<T>>) -> usize {
    targets.as_ref().map_or(0, Vec::len)
}

/// The policies, where all targets are `only_s3`, or all are of the catalog.
fn check_policies(
    crawler: &Crawler,
    only_s3: bool,
    catalog: bool,
    before: Option<&Crawler>,
) -> Result<(), Fault> {
    let policy = crawler.schema_change_policy.clone().unwrap_or_default();
    if catalog && policy.delete_behavior != Some(DeleteBehavior::Log) {
        return Err(invalid(CATALOG_LOG));
    }
    match behavior(crawler) {
        Some(RecrawlBehavior::CrawlEventMode) => Err(invalid(NO_EVENTS)),
        Some(RecrawlBehavior::CrawlNewFoldersOnly) => {
            let logs = (Some(DeleteBehavior::Log), Some(UpdateBehavior::Log));
            if !only_s3 {
                return Err(invalid(ONLY_S3));
            }
            if (policy.delete_behavior, policy.update_behavior) != logs {
                return Err(invalid(ONLY_LOG));
            }
            let frozen = before.filter(|before| behavior(before) == behavior(crawler));
            if frozen.is_some_and(|before| before.targets != crawler.targets) {
                return Err(invalid(FROZEN));
            }
            Ok(())
        }
        Some(RecrawlBehavior::CrawlEverything) | None => Ok(()),
    }
}

fn behavior(crawler: &Crawler) -> Option<RecrawlBehavior> {
    crawler.recrawl_policy.as_ref()?.recrawl_behavior
}

#[cfg(test)]
mod tests {
    use super::*;

    fn crawler(update: UpdateBehavior, delete: DeleteBehavior, recrawl: RecrawlBehavior) -> Crawler {
        Crawler {
            schema_change_policy: Some(SchemaChangePolicy {
                update_behavior: Some(update),
                delete_behavior: Some(delete),
            }),
            recrawl_policy: Some(RecrawlPolicy { recrawl_behavior: Some(recrawl) }),
            ..Crawler::default()
        }
    }

    #[test]
    fn policies() {
        let everything = RecrawlBehavior::CrawlEverything;
        let folders = RecrawlBehavior::CrawlNewFoldersOnly;
        let wholly =
            crawler(UpdateBehavior::UpdateInDatabase, DeleteBehavior::DeprecateInDatabase, everything);
        assert_eq!(check_policies(&wholly, true, false, None), Ok(()));
        assert_eq!(check_policies(&wholly, false, true, None), Err(invalid(CATALOG_LOG)));
        let logged = crawler(UpdateBehavior::UpdateInDatabase, DeleteBehavior::Log, everything);
        assert_eq!(check_policies(&logged, false, true, None), Ok(()));

        let half = crawler(UpdateBehavior::UpdateInDatabase, DeleteBehavior::Log, folders);
        assert_eq!(check_policies(&half, true, false, None), Err(invalid(ONLY_LOG)));
        let new = crawler(UpdateBehavior::Log, DeleteBehavior::Log, folders);
        assert_eq!(check_policies(&new, true, false, None), Ok(()));
        assert_eq!(check_policies(&new, false, false, None), Err(invalid(ONLY_S3)));

        let moved = Crawler { targets: Some(CrawlerTargets::default()), ..new.clone() };
        assert_eq!(check_policies(&moved, true, false, Some(&new)), Err(invalid(FROZEN)));
        assert_eq!(check_policies(&moved, true, false, Some(&wholly)), Ok(()));
        assert_eq!(check_policies(&new, true, false, Some(&new)), Ok(()));

        let events = crawler(UpdateBehavior::Log, DeleteBehavior::Log, RecrawlBehavior::CrawlEventMode);
        assert_eq!(check_policies(&events, true, false, None), Err(invalid(NO_EVENTS)));
    }
}
