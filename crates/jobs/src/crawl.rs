//! Crawls: `StartCrawler`, `StopCrawler`, and how a crawl is driven to its end.

use std::sync::Arc;
use std::time::Duration;

use mastic_api_glue::glue::{op, types::*};
use mastic_core::{Arn, Fault, Timestamp};
use mastic_handoff::{CrawlWork, Tally, Work};
use mastic_kernel::{Ctx, Registry};
use mastic_store::{ReadTx, WriteTx};
use tokio::sync::watch;

use crate::crawler::running;
use crate::definition::key;
use crate::execution::{Ending, Execution, LogPlaces, ONLY_PLANNED};
use crate::records::{CRAWLERS, CRAWLS, CrawlRecord, CrawlerRecord, NameKey};
use crate::schedule::END_AGAIN;
use crate::{Jobs, access, classifier};

/// Where the lines of crawls go.
pub(crate) const LOG_GROUP: &str = "/aws-glue/crawlers";

/// What the sessions of crawls are called.
pub(crate) const SESSION_NAME: &str = "AWS-Crawler";

/// A crawl may take this long at most ("Service quotas", AWS General Reference).
const LONGEST: Duration = Duration::from_secs(24 * 60 * 60);

/// Characters of an error message ("LastCrawlInfo", AWS Glue Web API Reference).
const LONGEST_MESSAGE: usize = 2048;

/// How long the history of a crawler is kept ("ListCrawls", AWS Glue Web API Reference).
const HISTORY: Duration = Duration::from_secs(365 * 24 * 60 * 60);

/// The data processing units that a crawl counts as, as in the example of AWS's price list.
const UNITS: f64 = 2.0;

/// Tables of each sort that a crawl's summary names; it counts them all.
const NAMED: usize = 1000;

/// What people read of a crawl that the server's own end cut short.
const LOST: &str = "The server stopped while the crawl was under way. Nothing of the crawl was kept.";

/// The switch that stops a crawl, or another run that nobody queues, for as long as it is under way in this process.
pub(crate) struct Switch {
    jobs: Arc<Jobs>,
    pub(crate) id: String,
    pub(crate) stop: watch::Receiver<bool>,
}

impl Drop for Switch {
    fn drop(&mut self) {
        self.jobs.end(&self.id);
    }
}

/// A crawl that is noted as under way, and what it takes to run it.
pub(crate) struct Crawl {
    at: NameKey,
    role: Arn,
    work: CrawlWork,
    started: Timestamp,
}

impl Jobs {
    pub(crate) fn register_crawls(self: &Arc<Self>, registry: &mut Registry) {
        let jobs = Arc::clone(self);
        registry.on::<op::StartCrawler, _, _>(
            |call, input| access::crawler(call, "StartCrawler", &input.name),
            move |ctx, input| {
                let jobs = Arc::clone(&jobs);
                async move { jobs.start_crawler(&ctx, &input.name).await }
            },
        );
        let jobs = Arc::clone(self);
        registry.on::<op::StopCrawler, _, _>(
            |call, input| access::crawler(call, "StopCrawler", &input.name),
            move |ctx, input| {
                let jobs = Arc::clone(&jobs);
                async move { jobs.stop_crawler(&ctx, &input.name).await }
            },
        );
    }

    async fn start_crawler(self: &Arc<Self>, ctx: &Ctx, name: &str) -> Result<StartCrawlerResponse, Fault> {
        let at = key(ctx, name)?;
        let switch = self.switch(ctx.entropy().uuid())?;
        let (id, now) = (switch.id.clone(), ctx.now());
        let crawl = ctx
            .write(move |tx| {
                let record = CRAWLERS.get(tx, &at)?.ok_or_else(|| not_there(&at.2))?;
                if record.crawler.state != Some(CrawlerState::Ready) {
                    return Err(running(&at.2));
                }
                let classifiers = classifiers(tx, &at, &record)?;
                note(tx, at, record, classifiers, id, now)
            })
            .await?;
        tokio::spawn(Arc::clone(self).drive_crawl(crawl, switch));
        Ok(StartCrawlerResponse {})
    }

    /// Makes the switch that stops a crawl, before anybody can see the crawl: so no stop misses it.
    pub(crate) fn switch(self: &Arc<Self>, id: String) -> Result<Switch, Fault> {
        let stop = self.begin(&id).ok_or_else(|| Fault::internal("a crawl's id was given twice"))?;
        Ok(Switch { jobs: Arc::clone(self), id, stop })
    }

    async fn stop_crawler(&self, ctx: &Ctx, name: &str) -> Result<StopCrawlerResponse, Fault> {
        let at = key(ctx, name)?;
        let crawl = ctx
            .write(move |tx| {
                let mut record = CRAWLERS.get(tx, &at)?.ok_or_else(|| not_there(&at.2))?;
                match record.crawler.state {
                    Some(CrawlerState::Running) => {}
                    Some(CrawlerState::Stopping) => {
                        let text = format!("Crawler with name {} is stopping", at.2);
                        return Err(Fault::sender("CrawlerStoppingException", text));
                    }
                    _ => {
                        let text = format!("Crawler with name {} isn't running", at.2);
                        return Err(Fault::sender("CrawlerNotRunningException", text));
                    }
                }
                record.crawler.state = Some(CrawlerState::Stopping);
                CRAWLERS.put(tx, &at, &record)?;
                Ok(record.crawl_id)
            })
            .await?;
        if let Some(crawl) = crawl {
            self.stop(&crawl);
        }
        Ok(StopCrawlerResponse {})
    }

    /// Drives a crawl that was noted to its end.
    pub(crate) async fn drive_crawl(self: Arc<Self>, crawl: Crawl, switch: Switch) {
        let Crawl { at, role, work, started } = crawl;
        let id = work.crawl_id.clone();
        let ending = match execution(&at, role, work) {
            Ok(execution) => self.execute(execution, switch.stop.clone(), std::future::ready(())).await,
            Err(fault) => Ending::not_begun(&fault),
        };
        while let Err(fault) = self.conclude_crawl(&at, &id, started, ending.clone()).await {
            tracing::error!(crawl = id, cause = fault.cause(), "the end of a crawl could not be written yet");
            tokio::time::sleep(END_AGAIN).await;
        }
    }

    /// Crawls that were under way when the server ended.
    pub(crate) async fn recover_crawls(&self) -> Result<(), Fault> {
        let open: Vec<(NameKey, CrawlerRecord)> = self.background.read(|tx| {
            let rows = CRAWLERS.scan(tx, CRAWLERS.all()).collect::<Result<Vec<_>, _>>()?;
            Ok::<_, Fault>(rows.into_iter().filter(|(_, record)| record.crawl_id.is_some()).collect())
        })?;
        for (at, record) in open {
            let Some(id) = record.crawl_id else { continue };
            let started = self.background.read(|tx| {
                let of_crawler = CRAWLS.prefix((at.0.as_str(), at.1.as_str(), at.2.as_str()));
                for row in CRAWLS.scan_reverse(tx, of_crawler) {
                    let ((.., started, crawl), _) = row?;
                    if crawl == id {
                        return Ok::<_, Fault>(Some(started));
                    }
                }
                Ok(None)
            })?;
            let started = Timestamp::from_micros(started.unwrap_or_default());
            self.conclude_crawl(&at, &id, started, Ending::Failed(LOST.to_owned().into())).await?;
        }
        Ok(())
    }

    /// A crawl that has done its work is `STOPPING` until what it wrote is true.
    async fn mark_stopping(&self, at: &NameKey, id: &str) -> Result<(), Fault> {
        let (at, id) = (at.clone(), id.to_owned());
        self.background
            .write(move |tx| {
                if let Some(mut record) = CRAWLERS.get(tx, &at)?
                    && record.crawl_id.as_ref() == Some(&id)
                {
                    record.crawler.state = Some(CrawlerState::Stopping);
                    CRAWLERS.put(tx, &at, &record)?;
                }
                Ok(())
            })
            .await
    }

    /// Ends a crawl. On success what it wrote and its end become true in one transaction.
    async fn conclude_crawl(
        &self,
        at: &NameKey,
        id: &str,
        started: Timestamp,
        ending: Ending,
    ) -> Result<(), Fault> {
        if matches!(ending, Ending::Succeeded(_)) {
            self.mark_stopping(at, id).await?;
        }
        let (place, crawl) = (at.clone(), id.to_owned());
        let end =
            move |tx: &mut WriteTx<'_>, now, ending: &Ending| close(tx, &place, &crawl, started, now, ending);
        self.conclude_staged(id, ending, "what this crawl wrote", end).await
    }
}

/// The classifiers of a crawler that begins to crawl.
pub(crate) fn classifiers(
    tx: &ReadTx<'_>,
    at: &NameKey,
    record: &CrawlerRecord,
) -> Result<Vec<Classifier>, Fault> {
    let names = record.crawler.classifiers.as_deref().unwrap_or_default();
    let found = classifier::resolve(tx, at, names);
    found.map_err(|fault| Fault::sender("EntityNotFoundException", fault.message().to_owned()))
}

/// Notes that a crawl of a crawler that is ready begins.
pub(crate) fn note(
    tx: &mut WriteTx<'_>,
    at: NameKey,
    mut record: CrawlerRecord,
    classifiers: Vec<Classifier>,
    id: String,
    now: Timestamp,
) -> Result<Crawl, Fault> {
    record.crawler.state = Some(CrawlerState::Running);
    record.crawl_id = Some(id.clone());
    CRAWLERS.put(tx, &at, &record)?;
    let crawl = CrawlerHistory {
        crawl_id: Some(id.clone()),
        state: Some(CrawlerHistoryState::Running),
        start_time: Some(now),
        log_group: Some(LOG_GROUP.to_owned()),
        log_stream: Some(at.2.clone()),
        message_prefix: Some(id.clone()),
        dpu_hour: Some(0.0),
        ..CrawlerHistory::default()
    };
    let crawl = CrawlRecord { crawl, tables_created: 0, tables_updated: 0, tables_deleted: 0 };
    let place = (at.0.as_str(), at.1.as_str(), at.2.as_str(), now.micros(), id.as_str());
    CRAWLS.put(tx, &place, &crawl)?;
    let work = CrawlWork { crawl_id: id, crawler: record.crawler, classifiers, plan: None };
    Ok(Crawl { at, role: record.role, work, started: now })
}

pub(crate) fn not_there(name: &str) -> Fault {
    Fault::sender("EntityNotFoundException", format!("Crawler with name {name} may not exist."))
}

pub(crate) fn execution(at: &NameKey, role: Arn, work: CrawlWork) -> Result<Execution, Fault> {
    let (account, region, name) = at.clone();
    let id = work.crawl_id.clone();
    let source = Arn::new("glue", &region, &account, &format!("crawler/{name}"));
    Ok(Execution {
        source,
        account,
        region: region.parse().map_err(Fault::internal)?,
        role,
        session_name: SESSION_NAME,
        session_policy: None,
        staged: true,
        timeout: Some(LONGEST),
        memory: None,
        work: Work::Crawl(Box::new(work)),
        logs: LogPlaces {
            output_group: LOG_GROUP.to_owned(),
            error_group: LOG_GROUP.to_owned(),
            stream: name,
            prefix: format!("[{id}] "),
            continuous: None,
        },
        id,
    })
}

/// Writes the end of a crawl into its history and its crawler.
pub(crate) fn close(
    tx: &mut WriteTx<'_>,
    at: &NameKey,
    id: &str,
    started: Timestamp,
    now: Timestamp,
    ending: &Ending,
) -> Result<(), Fault> {
    let (last, history, message, tally) = match ending {
        Ending::Succeeded(tally) => {
            (LastCrawlStatus::Succeeded, CrawlerHistoryState::Completed, None, tally.clone())
        }
        Ending::Planned(_) => (
            LastCrawlStatus::Failed,
            CrawlerHistoryState::Failed,
            Some(ONLY_PLANNED.to_owned()),
            Tally::default(),
        ),
        Ending::Stopped => (LastCrawlStatus::Cancelled, CrawlerHistoryState::Stopped, None, Tally::default()),
        Ending::TimedOut => {
            let text = "The crawl was ended after 24 hours.".to_owned();
            (LastCrawlStatus::Failed, CrawlerHistoryState::Failed, Some(text), Tally::default())
        }
        Ending::Failed(reason) => {
            let text = reason.text.chars().take(LONGEST_MESSAGE).collect();
            (LastCrawlStatus::Failed, CrawlerHistoryState::Failed, Some(text), Tally::default())
        }
    };
    if let Some(mut record) = CRAWLERS.get(tx, at)?
        && record.crawl_id.as_deref() == Some(id)
    {
        record.crawl_id = None;
        record.crawler.state = Some(CrawlerState::Ready);
        record.crawler.last_crawl = Some(LastCrawlInfo {
            status: Some(last),
            error_message: message.clone(),
            log_group: Some(LOG_GROUP.to_owned()),
            log_stream: Some(at.2.clone()),
            message_prefix: Some(id.to_owned()),
            start_time: Some(started),
        });
        CRAWLERS.put(tx, at, &record)?;
    }
    let place = (at.0.as_str(), at.1.as_str(), at.2.as_str(), started.micros(), id);
    if let Some(mut record) = CRAWLS.get(tx, &place)? {
        record.crawl.state = Some(history);
        record.crawl.end_time = Some(now);
        record.crawl.dpu_hour = Some(unit_hours(now.since(started)));
        record.crawl.error_message = message;
        record.crawl.summary = summary(&tally);
        record.tables_created = count(tally.tables_created);
        record.tables_updated = count(tally.tables_updated);
        record.tables_deleted = count(tally.tables_deleted);
        CRAWLS.put(tx, &place, &record)?;
    }
    let old = CRAWLS.prefix((at.0.as_str(), at.1.as_str(), at.2.as_str()));
    let until = now.minus(HISTORY).micros();
    CRAWLS.clear(tx, old.before(&(at.0.as_str(), at.1.as_str(), at.2.as_str(), until, "")))?;
    Ok(())
}

/// Hours of data processing units, in thousandths.
fn unit_hours(span: Duration) -> f64 {
    (span.as_secs_f64() / 3600.0 * UNITS * 1000.0).round() / 1000.0
}

fn count(number: u64) -> i32 {
    i32::try_from(number).unwrap_or(i32::MAX)
}

/// The summary is JSON text ("CrawlerHistory", AWS Glue API reference).
fn summary(tally: &Tally) -> Option<String> {
    let names = &tally.names;
    let kinds = [
        (
            "TABLE",
            [
                ("ADD", tally.tables_created, names.created.as_slice()),
                ("UPDATE", tally.tables_updated, &names.updated),
                ("DELETE", tally.tables_deleted, &names.deleted),
            ],
        ),
        (
            "PARTITION",
            [
                ("ADD", tally.partitions_created, &[]),
                ("UPDATE", tally.partitions_updated, &[]),
                ("DELETE", tally.partitions_deleted, &[]),
            ],
        ),
    ];
    let mut summary = serde_json::Map::new();
    for (kind, changes) in kinds {
        let mut told = serde_json::Map::new();
        for (change, count, names) in changes.into_iter().filter(|(_, count, _)| *count > 0) {
            let mut part = serde_json::json!({ "Count": count });
            if let Some(part) = part.as_object_mut().filter(|_| !names.is_empty()) {
                let some = names.iter().take(NAMED).collect::<Vec<_>>();
                part.insert("Details".to_owned(), serde_json::json!({ "names": some }));
            }
            told.insert(change.to_owned(), part);
        }
        if !told.is_empty() {
            summary.insert(kind.to_owned(), serde_json::Value::Object(told).to_string().into());
        }
    }
    (!summary.is_empty()).then(|| serde_json::Value::Object(summary).to_string())
}
