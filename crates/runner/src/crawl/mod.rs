//! A crawl: lists the targets, looks at files, groups them into tables, and brings the catalog up to date.

mod apply;
mod listing;
mod sampling;

use std::sync::Arc;

use mastic_api_glue::glue::types::{Crawler, CrawlerTargets};
use mastic_classify::{Classifiers, Grouping, group};
use mastic_crawl::{Catalog as _, Crawl, CrawlError, Draft, Found, Include, Rules, log, update};
use mastic_handoff::{CrawlWork, Finish, Tally};

use apply::Database;

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
    let crawler = work.crawler.clone();
    let begun = begin(session, work).await?;
    let name = crawler.database_name.clone().unwrap_or_default();
    let mut database = Database { client: &session.client, name: &name, events: &session.events };
    let Begun { rules, includes, found } = begun;
    update(&mut database, &crawler, &rules, found, &includes).await.map_err(told)
}

/// Tells what a crawl would write.
pub(crate) async fn plan(session: &Session, work: CrawlWork) -> Result<Finish, Failure> {
    let crawler = work.crawler.clone();
    let keep_comments = work.plan.is_some_and(|plan| plan.keep_comments);
    let mut begun = begin(session, work).await?;
    begun.rules.configuration.keep_comments |= keep_comments;
    let name = crawler.database_name.clone().unwrap_or_default();
    let mut draft = Draft::new(Database { client: &session.client, name: &name, events: &session.events });
    for line in session.events.kept() {
        draft.tell(line);
    }
    let Begun { rules, includes, found } = begun;
    update(&mut draft, &crawler, &rules, found, &includes).await.map_err(told)?;
    Ok(Finish::Planned(Box::new(draft.into_plan(crawler.name.as_deref().unwrap_or_default(), &name))))
}

fn told(error: CrawlError<Failure>) -> Failure {
    match error {
        CrawlError::Refused(text) => Failure::new(text),
        CrawlError::Catalog(failure) => failure,
    }
}

/// A crawl whose files are looked at.
struct Begun {
    rules: Rules,
    includes: Vec<Arc<Include>>,
    found: Vec<Found>,
}

async fn begin(session: &Session, work: CrawlWork) -> Result<Begun, Failure> {
    let CrawlWork { crawl_id, crawler, classifiers, .. } = work;
    let name = crawler.name.clone().unwrap_or_default();
    session.events.output(log::started(&name));
    let crawl = Crawl { crawler: name, id: crawl_id, at: session.clock.now() };
    let rules = Rules::new(&crawler, crawl).map_err(|error| Failure::new(error.to_string()))?;
    let classifiers =
        mastic_crawl::classifiers(&classifiers).map_err(|error| Failure::new(error.to_string()))?;
    let includes = includes(&crawler)?;
    let found = find(session, &crawler, &classifiers, &rules, &includes).await?;
    Ok(Begun { rules, includes, found })
}

fn includes(crawler: &Crawler) -> Result<Vec<Arc<Include>>, Failure> {
    refuse_others(&crawler.targets.clone().unwrap_or_default())?;
    let targets = crawler.targets.as_ref().and_then(|targets| targets.s3_targets.as_deref());
    let read = |target| Include::new(target).map(Arc::new).map_err(|error| Failure::new(error.to_string()));
    targets.unwrap_or_default().iter().map(read).collect()
}

/// Targets that a crawler can have and this runner cannot crawl: a crawl of nothing must not look like a success.
fn refuse_others(targets: &CrawlerTargets) -> Result<(), Failure> {
    let others = [
        ("JdbcTargets", targets.jdbc_targets.iter().flatten().count()),
        ("CatalogTargets", targets.catalog_targets.iter().flatten().count()),
        ("DeltaTargets", targets.delta_targets.iter().flatten().count()),
        ("IcebergTargets", targets.iceberg_targets.iter().flatten().count()),
    ];
    match others.into_iter().find(|(_, count)| *count > 0) {
        Some((kind, _)) => Err(Failure::new(format!("Mastic's crawls do not have {kind} yet."))),
        None => Ok(()),
    }
}

/// The tables that all targets make; what two targets share counts once.
async fn find(
    session: &Session,
    crawler: &Crawler,
    classifiers: &Classifiers,
    rules: &Rules,
    includes: &[Arc<Include>],
) -> Result<Vec<Found>, Failure> {
    let mut found: Vec<Found> = Vec::new();
    for include in includes {
        let objects = listing::list(&session.client.s3(), include).await?;
        let files = sampling::look_at(session, include, classifiers, objects).await?;
        let grouping = Grouping {
            bucket: &include.bucket,
            prefix: &include.prefix,
            table_prefix: crawler.table_prefix.as_deref().unwrap_or_default(),
            configuration: rules.configuration,
        };
        for table in group(&grouping, &files) {
            if found.iter().all(|known| known.table.location != table.location) {
                found.push(Found { table, exclusions: include.exclusions() });
            }
        }
    }
    Ok(found)
}
