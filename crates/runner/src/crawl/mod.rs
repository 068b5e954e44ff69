//! A crawl: lists the targets, looks at files, groups them into tables, and brings the catalog up to date.

mod apply;
mod checkpoint;
mod database;
mod delta;
mod gather;
mod lake;
mod listing;
mod named;
mod sampling;

use mastic_api_glue::glue::types::Crawler;
use mastic_api_mastic::mastic::types::PlanCrawlResponse;
use mastic_classify::Classifiers;
use mastic_crawl::{Catalog, Crawl, Draft, Rules, log, update};
use mastic_handoff::{CrawlWork, Finish, Plan, Tally};

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
    let begun = Begun::new(session, work)?;
    begun.carry_out(|database| database).await.map(|(tally, _)| tally)
}

/// Tells what a crawl would write.
pub(crate) async fn plan(session: &Session, work: CrawlWork) -> Result<Finish, Failure> {
    let keep_comments = work.plan.is_some_and(|plan| plan.keep_comments);
    let mut begun = Begun::new(session, work)?;
    begun.rules.configuration.keep_comments |= keep_comments;
    let crawler = begun.crawler.clone();
    let (_, drafts) = begun.carry_out(Draft::new).await?;
    let database = crawler.database_name.as_deref().unwrap_or_default();
    let mut plan = PlanCrawlResponse {
        crawler_name: crawler.name.clone().unwrap_or_default(),
        database_name: database.to_owned(),
        log: session.events.kept(),
        ..PlanCrawlResponse::default()
    };
    for draft in drafts {
        let part = draft.into_plan("", "");
        plan.tables.extend(part.tables);
        plan.log.extend(part.log);
    }
    Ok(Finish::Planned(Box::new(Plan::Crawl(plan))))
}

/// A crawl that has begun.
struct Begun<'a> {
    session: &'a Session,
    crawler: Crawler,
    rules: Rules,
    classifiers: Classifiers,
    /// Whether nothing at all is written.
    planned: bool,
}

impl<'a> Begun<'a> {
    fn new(session: &'a Session, work: CrawlWork) -> Result<Self, Failure> {
        let CrawlWork { crawl_id, crawler, classifiers, plan } = work;
        let name = crawler.name.clone().unwrap_or_default();
        session.events.output(log::started(&name));
        let crawl = Crawl { crawler: name, id: crawl_id, at: session.clock.now() };
        let rules = Rules::new(&crawler, crawl).map_err(failed)?;
        let classifiers = mastic_crawl::classifiers(&classifiers).map_err(failed)?;
        Ok(Self { session, crawler, rules, classifiers, planned: plan.is_some() })
    }

    /// Looks at all targets and brings the catalog up to date, through what `over` makes of each database.
    async fn carry_out<C: Catalog<Error = Failure>>(
        self,
        over: impl Fn(Database<'a>) -> C,
    ) -> Result<(Tally, Vec<C>), Failure> {
        let targets = self.crawler.targets.clone().unwrap_or_default();
        let named = targets.catalog_targets.unwrap_or_default();
        if !named.is_empty() {
            return named::refresh_all(&self, &named, over).await;
        }
        let name = self.crawler.database_name.clone().unwrap_or_default();
        let (gathered, manifests) = gather::gather(&self, &self.database(&name)).await?;
        let mut catalog = over(self.database(&name));
        let tally = update(&mut catalog, &self.crawler, &self.rules, gathered).await.map_err(failed)?;
        if !self.planned {
            delta::write(&self, &manifests).await?;
        }
        Ok((tally, vec![catalog]))
    }

    fn database(&self, name: &str) -> Database<'a> {
        Database { client: &self.session.client, name: name.to_owned(), events: &self.session.events }
    }
}

fn failed(error: impl std::fmt::Display) -> Failure {
    Failure::new(error.to_string())
}
