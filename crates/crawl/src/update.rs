//! Brings a catalog up to date with what was found.

use std::sync::Arc;

use mastic_api_glue::glue::types::{
    Crawler, Partition, PartitionIndex, PartitionInput, Table, UpdateBehavior,
};
use mastic_handoff::Tally;

use crate::database::DatabaseInclude;
use crate::describe::{Found, Lake, input_of};
use crate::incremental::Added;
use crate::log;
use crate::partitions::{Comparison, Fate, Subject, is_partitioned};
use crate::plan::{Change, Names, Partitions, Rules, TablePlan, is_gone};
use crate::target::Include;

/// Partitions that are written at a time.
const AT_A_TIME: usize = 400;

/// One thing that is done to a table.
#[derive(Debug, Clone, PartialEq)]
pub enum Step {
    /// Something becomes of the table itself; one that is made may get an index with it.
    Table(Change, Option<PartitionIndex>),
    /// A table that is there gets an index.
    Index(PartitionIndex),
    /// Partitions are made.
    CreatePartitions(Vec<PartitionInput>),
    /// Partitions become these.
    UpdatePartitions(Vec<PartitionInput>),
    /// Partitions are marked deprecated.
    DeprecatePartitions(Vec<PartitionInput>),
    /// Partitions of these values go.
    DeletePartitions(Vec<Vec<String>>),
}

/// Why a crawl ends without having brought its database up to date.
#[derive(Debug, thiserror::Error)]
pub enum CrawlError<E> {
    /// What was found may not be written; the text says why.
    #[error("{0}")]
    Refused(String),
    /// The catalog refused something.
    #[error(transparent)]
    Catalog(#[from] E),
}

/// The database that a crawl brings up to date.
pub trait Catalog {
    /// Why something of it fails.
    type Error;

    /// Makes the database if it is not there.
    fn ensure(&mut self) -> impl Future<Output = Result<(), Self::Error>> + Send;

    /// All its tables.
    fn tables(&mut self) -> impl Future<Output = Result<Vec<Table>, Self::Error>> + Send;

    /// A page of a table's partitions in order, and the token of the next.
    fn partitions(
        &mut self,
        table: &str,
        token: Option<String>,
    ) -> impl Future<Output = Result<(Vec<Partition>, Option<String>), Self::Error>> + Send;

    /// Hears of a table that the targets gave.
    fn found(&mut self, _table: &str, _reasons: &[String]) {}

    /// Does something to a table.
    fn take(&mut self, table: &str, step: Step) -> impl Future<Output = Result<(), Self::Error>> + Send;

    /// A line for the crawl's log.
    fn tell(&mut self, line: String);
}

/// What a crawl's targets gave for one database.
#[derive(Debug, Default)]
pub struct Gathered {
    /// Tables of files.
    pub found: Vec<Found>,
    /// Tables that their own formats, or their databases, describe.
    pub lakes: Vec<Lake>,
    /// New partitions of tables that are not looked at otherwise.
    pub added: Vec<Added>,
    /// Where all was looked at: the crawler's tables there that were not found are gone.
    pub includes: Vec<Arc<Include>>,
    /// The same for databases.
    pub databases: Vec<DatabaseInclude>,
}

/// Brings the crawler's database up to date with all that its targets gave, and tells of it; what they should give
/// and do not is treated as the rules say.
///
/// # Errors
/// `Refused` where more tables were found than the `TableThreshold` allows: nothing is written then.
pub async fn update<C: Catalog>(
    catalog: &mut C,
    crawler: &Crawler,
    rules: &Rules,
    gathered: Gathered,
) -> Result<Tally, CrawlError<C::Error>> {
    let Gathered { mut found, mut lakes, added, includes, databases } = gathered;
    let database = crawler.database_name.as_deref().unwrap_or_default();
    rules.check_threshold(found.len() + lakes.len()).map_err(CrawlError::Refused)?;
    begin(catalog, crawler, database, rules);
    catalog.ensure().await?;
    let existing = catalog.tables().await?;
    let mut names = Names::new(&existing);
    let mut tally = Tally::default();
    for found in &mut found {
        let known = names.find(&mut found.table.name, &found.table.location);
        catalog.found(&found.table.name, &found.table.reasons);
        let plan = rules.plan(found, known);
        one(catalog, database, rules, (Subject::found(found), known), plan, &mut tally).await?;
    }
    for lake in &mut lakes {
        let place = lake.location().to_owned();
        let known = names.find(&mut lake.table.name, &place);
        catalog.found(&lake.table.name, &lake.reasons);
        let plan = rules.plan_lake(lake, known);
        one(catalog, database, rules, (Subject::lake(lake), known), plan, &mut tally).await?;
    }
    for added in &added {
        catalog.found(&added.table.name, &added.reasons);
        let partitions = added.inputs(rules);
        tally.partitions_created += partitions.len() as u64;
        catalog.take(&added.table.name, Step::CreatePartitions(partitions)).await?;
    }
    let mut places: Vec<&str> = found.iter().map(|found| found.table.location.as_str()).collect();
    places.extend(lakes.iter().map(Lake::location));
    let looked_at = (includes.as_slice(), databases.as_slice());
    for table in existing.iter().filter(|table| is_gone(table, &rules.crawl.crawler, looked_at, &places)) {
        let plan = rules.plan_gone(table);
        change(catalog, database, plan, &mut tally).await?;
    }
    end(catalog, &tally);
    Ok(tally)
}

/// Brings the tables that a catalog target names up to date with what lies at their locations: none is made, and
/// none goes (Crawler properties: catalog targets).
///
/// # Errors
/// The catalog's.
pub async fn refresh<C: Catalog>(
    catalog: &mut C,
    crawler: &Crawler,
    database: &str,
    rules: &Rules,
    named: Vec<(Table, Option<Found>)>,
) -> Result<Tally, C::Error> {
    let mut tally = Tally::default();
    begin(catalog, crawler, database, rules);
    for (table, found) in &named {
        let Some(found) = found else {
            catalog.tell(log::left(&table.name));
            continue;
        };
        catalog.found(&table.name, &found.table.reasons);
        let plan = rules.plan(found, Some(table));
        one(catalog, database, rules, (Subject::found(found), Some(table)), plan, &mut tally).await?;
    }
    end(catalog, &tally);
    Ok(tally)
}

/// Tells that all is found and how it is written.
pub(crate) fn begin<C: Catalog>(catalog: &mut C, crawler: &Crawler, database: &str, rules: &Rules) {
    catalog.tell(log::classified(database));
    let update = if rules.update { UpdateBehavior::UpdateInDatabase } else { UpdateBehavior::Log };
    catalog.tell(log::configured(crawler, update.as_str(), rules.delete.as_str()));
}

pub(crate) fn end<C: Catalog>(catalog: &mut C, tally: &Tally) {
    for line in log::summary(tally) {
        catalog.tell(line);
    }
}

/// Brings one table up to date.
pub(crate) async fn one<C: Catalog>(
    catalog: &mut C,
    database: &str,
    rules: &Rules,
    (subject, known): (Subject<'_>, Option<&Table>),
    plan: TablePlan,
    tally: &mut Tally,
) -> Result<(), C::Error> {
    let mut comparison = Comparison::new(rules, subject, &plan);
    let pages = known.is_some_and(|table| is_partitioned(&input_of(table)));
    // Partitions of keys that the table will no longer have go before it changes.
    if plan.partitions == Partitions::Replace && pages {
        compare(catalog, &plan.name, &mut comparison, tally).await?;
    }
    change(catalog, database, plan.clone(), tally).await?;
    if matches!(plan.partitions, Partitions::Compare { .. }) && pages {
        compare(catalog, &plan.name, &mut comparison, tally).await?;
    }
    let mut rest = comparison.rest().peekable();
    while rest.peek().is_some() {
        let some: Vec<PartitionInput> = rest.by_ref().take(AT_A_TIME).collect();
        tally.partitions_created += some.len() as u64;
        catalog.take(&plan.name, Step::CreatePartitions(some)).await?;
    }
    Ok(())
}

/// Does to the table itself what its plan says, and tells of it.
async fn change<C: Catalog>(
    catalog: &mut C,
    database: &str,
    plan: TablePlan,
    tally: &mut Tally,
) -> Result<(), C::Error> {
    let TablePlan { name, change, index, lines, .. } = plan;
    for line in lines {
        catalog.tell(line);
    }
    let line = match &change {
        Change::None => None,
        Change::Create(_) => {
            tally.tables_created += 1;
            tally.names.created.push(name.clone());
            Some(log::created(&name, database))
        }
        Change::Update(_) => {
            tally.tables_updated += 1;
            tally.names.updated.push(name.clone());
            Some(log::updated(&name, database))
        }
        Change::Deprecate(_) => {
            tally.tables_deleted += 1;
            tally.names.deleted.push(name.clone());
            Some(log::deprecated(&name))
        }
        Change::Delete => {
            tally.tables_deleted += 1;
            tally.names.deleted.push(name.clone());
            Some(log::deleted(&name, database))
        }
    };
    let created = matches!(change, Change::Create(_));
    if change != Change::None {
        let with = index.clone().filter(|_| created);
        catalog.take(&name, Step::Table(change, with)).await?;
    }
    if let Some(index) = index.filter(|_| !created) {
        catalog.take(&name, Step::Index(index)).await?;
    }
    if let Some(line) = line {
        catalog.tell(line);
    }
    Ok(())
}

/// Meets all known partitions, page by page.
async fn compare<C: Catalog>(
    catalog: &mut C,
    table: &str,
    comparison: &mut Comparison<'_>,
    tally: &mut Tally,
) -> Result<(), C::Error> {
    let mut token = None;
    loop {
        let (page, next) = catalog.partitions(table, token).await?;
        let (mut update, mut deprecate, mut delete) = (Vec::new(), Vec::new(), Vec::new());
        for known in &page {
            let (fate, line) = comparison.meet(known);
            match fate {
                Fate::Stay => {}
                Fate::Update(input) => update.push(*input),
                Fate::Deprecate(input) => deprecate.push(*input),
                Fate::Delete(values) => delete.push(values),
            }
            if let Some(line) = line {
                catalog.tell(line);
            }
        }
        tally.partitions_updated += update.len() as u64;
        tally.partitions_deleted += (deprecate.len() + delete.len()) as u64;
        if !update.is_empty() {
            catalog.take(table, Step::UpdatePartitions(update)).await?;
        }
        if !deprecate.is_empty() {
            catalog.take(table, Step::DeprecatePartitions(deprecate)).await?;
        }
        if !delete.is_empty() {
            catalog.take(table, Step::DeletePartitions(delete)).await?;
        }
        token = next;
        if token.is_none() {
            return Ok(());
        }
    }
}
