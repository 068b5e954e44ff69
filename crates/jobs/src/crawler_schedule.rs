//! Schedules of crawlers: `UpdateCrawlerSchedule`, `StartCrawlerSchedule`, `StopCrawlerSchedule`, and the crawls that the
//! kernel's timetable starts. A schedule is switched within one transaction, so that nobody ever sees one that is
//! `TRANSITIONING`.

use std::sync::Arc;

use mastic_api_glue::glue::{op, types::*};
use mastic_core::{Fault, Timestamp};
use mastic_kernel::timetable::{self, After, Scheduled, Starter};
use mastic_kernel::{Ctx, Registry};
use mastic_schedule::Cron;
use mastic_store::WriteTx;

use crate::crawl::{classifiers, close, not_there, note};
use crate::definition::key;
use crate::execution::Ending;
use crate::records::{CRAWLERS, CrawlerRecord, NameKey};
use crate::{Jobs, access};

impl Jobs {
    pub(crate) fn register_crawler_schedules(self: &Arc<Self>, registry: &mut Registry) {
        registry.on::<op::UpdateCrawlerSchedule, _, _>(
            |_, _| Ok(access::any("UpdateCrawlerSchedule")),
            |ctx, input| async move {
                let given = input.schedule.unwrap_or_default();
                change(&ctx, &input.crawler_name, move |record, now| {
                    record.crawler.schedule = changed(record.crawler.schedule.as_ref(), Some(&given))?;
                    record.crawler.last_updated = Some(now);
                    record.crawler.version = record.crawler.version.map(|version| version + 1);
                    Ok(())
                })
                .await?;
                Ok(UpdateCrawlerScheduleResponse {})
            },
        );
        registry.on::<op::StartCrawlerSchedule, _, _>(
            |_, _| Ok(access::any("StartCrawlerSchedule")),
            |ctx, input| async move {
                change(&ctx, &input.crawler_name, |record, _| start(&mut record.crawler)).await?;
                Ok(StartCrawlerScheduleResponse {})
            },
        );
        registry.on::<op::StopCrawlerSchedule, _, _>(
            |_, _| Ok(access::any("StopCrawlerSchedule")),
            |ctx, input| async move {
                change(&ctx, &input.crawler_name, |record, _| stop(&mut record.crawler)).await?;
                Ok(StopCrawlerScheduleResponse {})
            },
        );
    }
}

/// A crawler's schedule once an expression is given: a blank one takes it away, and one that is stopped stays so.
pub(crate) fn changed(old: Option<&Schedule>, given: Option<&str>) -> Result<Option<Schedule>, Fault> {
    let Some(text) = given.filter(|text| !text.trim().is_empty()) else { return Ok(None) };
    let wrong = |error: mastic_schedule::CronError| Fault::sender("InvalidInputException", error.to_string());
    let cron: Cron = text.parse().map_err(wrong)?;
    let state = old.and_then(|old| old.state).unwrap_or(ScheduleState::Scheduled);
    Ok(Some(Schedule { schedule_expression: Some(cron.to_string()), state: Some(state) }))
}

/// Brings the timetable in line with a crawler's schedule.
pub(crate) fn enter(
    tx: &mut WriteTx<'_>,
    at: &NameKey,
    schedule: Option<&Schedule>,
    now: Timestamp,
) -> Result<(), Fault> {
    let scheduled = Scheduled::new(CrawlStarter::KIND, &at.0, &at.1, &at.2);
    let running = schedule.filter(|schedule| schedule.state == Some(ScheduleState::Scheduled));
    match running.and_then(|schedule| schedule.schedule_expression.as_deref()) {
        Some(text) => Ok(timetable::set(tx, &scheduled, &text.parse().map_err(Fault::internal)?, now)?),
        None => Ok(timetable::clear(tx, &scheduled)?),
    }
}

/// Changes a crawler, and with it the timetable.
async fn change(
    ctx: &Ctx,
    name: &str,
    change: impl FnOnce(&mut CrawlerRecord, Timestamp) -> Result<(), Fault> + Send + 'static,
) -> Result<(), Fault> {
    let (at, now) = (key(ctx, name)?, ctx.now());
    ctx.write(move |tx| {
        let mut record = CRAWLERS.get(tx, &at)?.ok_or_else(|| not_there(&at.2))?;
        change(&mut record, now)?;
        enter(tx, &at, record.crawler.schedule.as_ref(), now)?;
        Ok(CRAWLERS.put(tx, &at, &record)?)
    })
    .await
}

fn start(crawler: &mut Crawler) -> Result<(), Fault> {
    let name = crawler.name.as_deref().unwrap_or_default();
    let Some(schedule) = &mut crawler.schedule else {
        return Err(Fault::sender(
            "NoScheduleException",
            format!("Crawler with name {name} has no schedule"),
        ));
    };
    if schedule.state == Some(ScheduleState::Scheduled) {
        let text = format!("The schedule of crawler with name {name} is already running");
        return Err(Fault::sender("SchedulerRunningException", text));
    }
    schedule.state = Some(ScheduleState::Scheduled);
    Ok(())
}

fn stop(crawler: &mut Crawler) -> Result<(), Fault> {
    let name = crawler.name.as_deref().unwrap_or_default();
    match &mut crawler.schedule {
        Some(schedule) if schedule.state == Some(ScheduleState::Scheduled) => {
            schedule.state = Some(ScheduleState::NotScheduled);
            Ok(())
        }
        _ => {
            let text = format!("The schedule of crawler with name {name} is not running");
            Err(Fault::sender("SchedulerNotRunningException", text))
        }
    }
}

/// Starts crawls that are due.
pub struct CrawlStarter(Arc<Jobs>);

impl CrawlStarter {
    /// What crawlers are called in the timetable.
    pub const KIND: &'static str = "crawler";

    /// Starts crawls of this service.
    #[must_use]
    pub fn new(jobs: Arc<Jobs>) -> Arc<Self> {
        Arc::new(Self(jobs))
    }
}

impl Starter for CrawlStarter {
    fn start(
        &self,
        tx: &mut WriteTx<'_>,
        scheduled: &Scheduled,
        due: Timestamp,
    ) -> Result<Option<After>, Fault> {
        let Scheduled { account, region, name, .. } = scheduled.clone();
        let at = (account, region, name);
        let Some(record) = CRAWLERS.get(tx, &at)? else { return Ok(None) };
        if record.crawler.state != Some(CrawlerState::Ready) {
            tracing::info!(crawler = at.2, %due, "a crawl was due while the crawler was running");
            return Ok(None);
        }
        let now = self.0.background.now();
        let switch = self.0.switch(self.0.background.entropy().uuid())?;
        let id = switch.id.clone();
        match classifiers(tx, &at, &record) {
            Ok(found) => {
                let crawl = note(tx, at, record, found, id, now)?;
                let jobs = Arc::clone(&self.0);
                Ok(Some(Box::new(move || drop(tokio::spawn(jobs.drive_crawl(crawl, switch))))))
            }
            // Nobody hears of a refusal here but through the history.
            Err(fault) if fault.status() < 500 => {
                note(tx, at.clone(), record, Vec::new(), id.clone(), now)?;
                close(tx, &at, &id, now, now, &Ending::not_begun(&fault))?;
                Ok(None)
            }
            Err(fault) => Err(fault),
        }
    }
}

#[cfg(test)]
mod tests;
