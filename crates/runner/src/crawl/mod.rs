//! A crawl: lists the targets, looks at files, groups them into tables, and brings the catalog up to date.

mod adapt;
mod apply;
mod describe;
mod listing;
mod log;
mod plan;
#[cfg(test)]
mod plan_tests;
mod sampling;

use std::sync::Arc;

use mastic_api_glue::glue::types::{Crawler, DeleteBehavior, Table, UpdateBehavior};
use mastic_classify::{Configuration, Grouping, TableFound, group};
use mastic_handoff::{CrawlWork, Tally};

use apply::Database;
use describe::Crawl;
use listing::Include;
use plan::{Known, Rules};

use crate::failure::Failure;
use crate::session::Session;

/// Crawls.
pub(crate) async fn run(session: &Session, work: CrawlWork) -> Result<Tally, Failure> {
    let done = crawl(session, work).await;
    if let Err(failure) = &done {
        session.events.output(log::failed(&failure.to_string()));
    }
    done
}

async fn crawl(session: &Session, work: CrawlWork) -> Result<Tally, Failure> {
    let events = &session.events;
    let CrawlWork { crawl_id, crawler, .. } = work;
    let name = crawler.name.clone().unwrap_or_default();
    events.output(log::started(&name));
    let configuration = Configuration::parse(crawler.configuration.as_deref().unwrap_or_default())
        .map_err(|error| Failure::new(error.to_string()))?;
    let policy = crawler.schema_change_policy.clone().unwrap_or_default();
    let update = policy.update_behavior.unwrap_or(UpdateBehavior::UpdateInDatabase);
    let delete = policy.delete_behavior.unwrap_or(DeleteBehavior::DeprecateInDatabase);
    let database_name = crawler.database_name.clone().unwrap_or_default();
    let includes = includes(&crawler)?;

    let mut found = find(session, &crawler, configuration, &includes).await?;
    if let Some(most) = configuration.table_threshold
        && found.len() > usize::try_from(most).unwrap_or(usize::MAX)
    {
        let text = format!(
            "The crawl found {} tables, more than the TableThreshold of {most}. Nothing was written.",
            found.len()
        );
        return Err(Failure::new(text));
    }
    events.output(log::classified(&database_name));
    events.output(log::configured(crawler.configuration.as_deref(), update.as_str(), delete.as_str()));

    let database = Database { client: &session.client, name: &database_name };
    database.ensure().await?;
    let existing = database.tables().await?;
    let pairs = plan::pair(&mut found, &existing);
    let rules = Rules {
        crawl: Crawl { crawler: name.clone(), id: crawl_id, at: session.clock.now() },
        update: update == UpdateBehavior::UpdateInDatabase,
        delete,
        configuration,
    };
    let mut tally = Tally::default();
    for (table, pair) in found.iter().zip(pairs) {
        let known = match pair.and_then(|place| existing.get(place)) {
            Some(table) => Some(known(&database, table).await?),
            None => None,
        };
        database.apply(rules.plan(table, known.as_ref()), events, &mut tally).await?;
    }
    for table in existing.iter().filter(|table| plan::is_gone(table, &name, &includes, &found)) {
        database.apply(rules.plan_gone(table), events, &mut tally).await?;
    }
    for line in log::summary(&tally) {
        events.output(line);
    }
    Ok(tally)
}

fn includes(crawler: &Crawler) -> Result<Vec<Arc<Include>>, Failure> {
    let targets = crawler.targets.as_ref().and_then(|targets| targets.s3_targets.as_deref());
    targets.unwrap_or_default().iter().map(|target| Include::new(target).map(Arc::new)).collect()
}

/// The tables that all targets make; what two targets share counts once.
async fn find(
    session: &Session,
    crawler: &Crawler,
    configuration: Configuration,
    includes: &[Arc<Include>],
) -> Result<Vec<TableFound>, Failure> {
    let mut found: Vec<TableFound> = Vec::new();
    for include in includes {
        let objects = listing::list(&session.client.s3(), include).await?;
        let files = sampling::look_at(session, include, objects).await?;
        let grouping = Grouping {
            bucket: &include.bucket,
            prefix: &include.prefix,
            table_prefix: crawler.table_prefix.as_deref().unwrap_or_default(),
            exclusions: &include.patterns,
            configuration,
        };
        for table in group(&grouping, &files) {
            if found.iter().all(|known| known.location != table.location) {
                found.push(table);
            }
        }
    }
    Ok(found)
}

async fn known(database: &Database<'_>, table: &Table) -> Result<Known, Failure> {
    let partitioned = table.partition_keys.as_ref().is_some_and(|keys| !keys.is_empty());
    let partitions = if partitioned { database.partitions(&table.name).await? } else { Vec::new() };
    Ok(Known { table: table.clone(), partitions })
}
