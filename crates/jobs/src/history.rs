//! What was crawled: `ListCrawls` and `GetCrawlerMetrics`.

use std::sync::Arc;

use mastic_api_glue::glue::{op, types::*};
use mastic_core::{Fault, Timestamp};
use mastic_kernel::{Ctx, Registry};
use mastic_store::ReadTx;

use crate::definition::key;
use crate::records::{CRAWLERS, CRAWLS, CrawlRecord, CrawlerRecord, NameKey};
use crate::{Jobs, access, crawler, page};

impl Jobs {
    pub(crate) fn register_history(self: &Arc<Self>, registry: &mut Registry) {
        registry.on::<op::ListCrawls, _, _>(
            |call, input| access::crawler(call, "ListCrawls", &input.crawler_name),
            |ctx, input| async move { list_crawls(&ctx, input) },
        );
        registry.on::<op::GetCrawlerMetrics, _, _>(
            |_, _| Ok(access::any("GetCrawlerMetrics")),
            |ctx, input| async move { metrics(&ctx, input) },
        );
    }
}

/// Crawls of a page, unless the caller says how many, and at most.
const PAGE: i32 = 20;
const LONGEST_PAGE: usize = 100;

fn list_crawls(ctx: &Ctx, input: ListCrawlsRequest) -> Result<ListCrawlsResponse, Fault> {
    let (account, region, name) = key(ctx, &input.crawler_name)?;
    let filters = input.filters.unwrap_or_default();
    let filters = filters.iter().map(read).collect::<Result<Vec<_>, Fault>>()?;
    let (crawls, next_token) = ctx.read(|tx| {
        if !CRAWLERS.contains(tx, &(account.as_str(), region.as_str(), name.as_str()))? {
            return Err(crawler::missing(&name));
        }
        let prefix = CRAWLS.prefix((account.as_str(), region.as_str(), name.as_str()));
        let range = page::before(prefix, input.next_token.as_deref())?;
        let limit = page::limit(Some(input.max_results.unwrap_or(PAGE)), LONGEST_PAGE);
        page::take(&CRAWLS, CRAWLS.scan_reverse(tx, range), limit, |_, record| {
            Ok(filters.iter().all(|filter| filter.admits(&record.crawl)).then_some(record.crawl))
        })
    })?;
    Ok(ListCrawlsResponse { crawls: Some(crawls), next_token })
}

/// A filter that was read.
struct Filter {
    field: FieldName,
    operator: FilterOperator,
    text: String,
    number: f64,
}

fn read(filter: &CrawlsFilter) -> Result<Filter, Fault> {
    let invalid = |text: String| Err(Fault::sender("InvalidInputException", text));
    let text = filter.field_value.as_deref().filter(|text| !text.is_empty());
    let (Some(field), Some(operator), Some(text)) = (filter.field_name, filter.filter_operator, text) else {
        return invalid(format!(
            "Invalid Filter Provided: FieldName: {}, FilterOperator: {}, FieldValue: {}",
            filter.field_name.map_or("null", FieldName::as_str),
            filter.filter_operator.map_or("null", FilterOperator::as_str),
            text.unwrap_or("null"),
        ));
    };
    let equality = matches!(operator, FilterOperator::Eq | FilterOperator::Ne);
    let number = match field {
        FieldName::State | FieldName::CrawlId if !equality => {
            return invalid(format!("Only EQ or NE operator is allowed for field : {}", field.as_str()));
        }
        FieldName::State if !STATES.contains(&text) => {
            return invalid(format!("{text} is no state of a crawl: {}.", STATES.join(", ")));
        }
        FieldName::State | FieldName::CrawlId => 0.0,
        FieldName::StartTime | FieldName::EndTime | FieldName::DpuHour => match text.parse() {
            Ok(number) => number,
            Err(_) => return invalid(format!("The value of the field {} is not a number.", field.as_str())),
        },
    };
    Ok(Filter { field, operator, text: text.to_owned(), number })
}

const STATES: [&str; 4] = ["RUNNING", "COMPLETED", "FAILED", "STOPPED"];

impl Filter {
    /// Times are compared in milliseconds since the epoch, as the API's filters give them.
    fn admits(&self, crawl: &CrawlerHistory) -> bool {
        let equal = |found: &str| (found == self.text) == (self.operator == FilterOperator::Eq);
        let millis = |time: Option<Timestamp>| time.map(|t| t.millis() as f64);
        match self.field {
            FieldName::CrawlId => equal(crawl.crawl_id.as_deref().unwrap_or_default()),
            FieldName::State => equal(crawl.state.map_or("", CrawlerHistoryState::as_str)),
            FieldName::StartTime => self.compares(millis(crawl.start_time)),
            FieldName::EndTime => self.compares(millis(crawl.end_time)),
            FieldName::DpuHour => self.compares(crawl.dpu_hour),
        }
    }

    fn compares(&self, found: Option<f64>) -> bool {
        let (Some(found), wanted) = (found, self.number) else { return false };
        match self.operator {
            FilterOperator::Gt => found > wanted,
            FilterOperator::Ge => found >= wanted,
            FilterOperator::Lt => found < wanted,
            FilterOperator::Le => found <= wanted,
            FilterOperator::Eq => (found - wanted).abs() < f64::EPSILON,
            FilterOperator::Ne => (found - wanted).abs() >= f64::EPSILON,
        }
    }
}

/// The crawler as it is shown: with the time that the crawl under way has taken.
pub(crate) fn shown(
    tx: &ReadTx<'_>,
    record: CrawlerRecord,
    at: &NameKey,
    now: Timestamp,
) -> Result<Crawler, Fault> {
    let mut crawler = record.crawler;
    if record.crawl_id.is_some() {
        let crawls = CRAWLS.prefix((at.0.as_str(), at.1.as_str(), at.2.as_str()));
        if let Some(newest) = CRAWLS.scan_reverse(tx, crawls).next() {
            let ((.., started, _), _) = newest?;
            let elapsed = now.since(Timestamp::from_micros(started)).as_millis();
            crawler.crawl_elapsed_time = Some(i64::try_from(elapsed).unwrap_or(i64::MAX));
        }
    }
    Ok(crawler)
}

fn metrics(ctx: &Ctx, input: GetCrawlerMetricsRequest) -> Result<GetCrawlerMetricsResponse, Fault> {
    let wanted = input.crawler_name_list.unwrap_or_default();
    let limit = page::limit(input.max_results, 1000);
    let now = ctx.now();
    let (list, next_token) = crawler::list(ctx, input.next_token.as_deref(), limit, |tx, at, _| {
        if !wanted.is_empty() && !wanted.contains(&at.2) {
            return Ok(None);
        }
        let prefix = CRAWLS.prefix((at.0.as_str(), at.1.as_str(), at.2.as_str()));
        let newest = CRAWLS.scan_reverse(tx, prefix).take(MEASURED);
        let crawls = newest.map(|row| Ok(row?.1)).collect::<Result<Vec<_>, Fault>>()?;
        Ok(Some(metrics_of(&at.2, &crawls, now)))
    })?;
    Ok(GetCrawlerMetricsResponse { crawler_metrics_list: Some(list), next_token })
}

/// Crawls of a crawler over which its metrics are taken, the newest: a year of crawls every five minutes has 100,000.
const MEASURED: usize = 100;

/// Metrics over a crawler's history, newest first. A crawl under way is expected to take as long as the others did; the
/// first one is estimated for as long as it takes.
fn metrics_of(name: &str, crawls: &[CrawlRecord], now: Timestamp) -> CrawlerMetrics {
    let took = |record: &CrawlRecord| {
        Some(record.crawl.end_time?.since(record.crawl.start_time?).as_millis() as f64 / 1000.0)
    };
    let mut ended: Vec<f64> = crawls.iter().filter_map(took).collect();
    let last = ended.first().copied().unwrap_or(0.0);
    ended.sort_by(f64::total_cmp);
    let median = median(&ended);
    let newest = crawls.iter().find(|record| record.crawl.end_time.is_some());
    let running = crawls.first().filter(|record| record.crawl.end_time.is_none());
    let elapsed = running.and_then(|record| Some(now.since(record.crawl.start_time?).as_secs_f64()));
    CrawlerMetrics {
        crawler_name: Some(name.to_owned()),
        time_left_seconds: Some(elapsed.map_or(0.0, |elapsed| (median - elapsed).max(0.0))),
        still_estimating: Some(running.is_some() && ended.is_empty()),
        last_runtime_seconds: Some(last),
        median_runtime_seconds: Some(median),
        tables_created: Some(newest.map_or(0, |record| record.tables_created)),
        tables_updated: Some(newest.map_or(0, |record| record.tables_updated)),
        tables_deleted: Some(newest.map_or(0, |record| record.tables_deleted)),
    }
}

/// The middle of numbers in order, or of the two in the middle.
fn median(sorted: &[f64]) -> f64 {
    let upper = sorted.get(sorted.len() / 2).copied().unwrap_or(0.0);
    let lower = sorted.len().checked_sub(1).and_then(|last| sorted.get(last / 2)).copied();
    (lower.unwrap_or(0.0) + upper) / 2.0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn crawl(start: i64, end: Option<i64>) -> CrawlRecord {
        CrawlRecord {
            crawl: CrawlerHistory {
                crawl_id: Some(start.to_string()),
                state: Some(if end.is_some() {
                    CrawlerHistoryState::Completed
                } else {
                    CrawlerHistoryState::Running
                }),
                start_time: Some(Timestamp::from_secs(start)),
                end_time: end.map(Timestamp::from_secs),
                dpu_hour: Some(0.5),
                ..CrawlerHistory::default()
            },
            tables_created: 1,
            tables_updated: 2,
            tables_deleted: 3,
        }
    }

    #[test]
    fn metrics_of_a_history() {
        let now = Timestamp::from_secs(1000);
        let none = metrics_of("c", &[], now);
        assert_eq!((none.median_runtime_seconds, none.still_estimating), (Some(0.0), Some(false)));
        let first = metrics_of("c", &[crawl(990, None)], now);
        assert_eq!((first.still_estimating, first.time_left_seconds), (Some(true), Some(0.0)));
        let running = [crawl(990, None), crawl(500, Some(540)), crawl(400, Some(410)), crawl(300, Some(330))];
        let third = metrics_of("c", &running, now);
        assert_eq!(third.still_estimating, Some(false));
        assert_eq!((third.last_runtime_seconds, third.median_runtime_seconds), (Some(40.0), Some(30.0)));
        assert_eq!((third.time_left_seconds, third.tables_deleted), (Some(20.0), Some(3)));
        assert_eq!(median(&[1.0, 2.0, 4.0, 8.0]), 3.0);
    }

    fn given(field: FieldName, operator: FilterOperator, value: &str) -> CrawlsFilter {
        CrawlsFilter {
            field_name: Some(field),
            filter_operator: Some(operator),
            field_value: Some(value.to_owned()),
        }
    }

    #[test]
    fn filters() {
        use FieldName::{CrawlId, DpuHour, EndTime, StartTime, State};
        use FilterOperator::{Eq, Ge, Gt, Le, Lt, Ne};
        let admits = |filter: CrawlsFilter| read(&filter).unwrap().admits(&crawl(10, Some(20)).crawl);
        for (filter, wanted) in [
            (given(CrawlId, Eq, "10"), true),
            (given(CrawlId, Ne, "10"), false),
            (given(State, Eq, "COMPLETED"), true),
            (given(State, Ne, "FAILED"), true),
            (given(StartTime, Ge, "10000"), true),
            (given(StartTime, Gt, "10000"), false),
            (given(EndTime, Lt, "20001"), true),
            (given(EndTime, Le, "19999"), false),
            (given(DpuHour, Eq, "0.5"), true),
            (given(DpuHour, Ne, "0.5"), false),
        ] {
            assert_eq!(admits(filter.clone()), wanted, "{filter:?}");
        }
        // What has not ended has no time of its end.
        assert!(!read(&given(EndTime, Lt, "99999")).unwrap().admits(&crawl(10, None).crawl));
        let refusal = |filter| read(&filter).map(drop).unwrap_err().message().to_owned();
        assert_eq!(
            refusal(given(State, Gt, "FAILED")),
            "Only EQ or NE operator is allowed for field : STATE"
        );
        assert!(refusal(given(State, Eq, "failed")).contains("no state"));
        assert!(refusal(given(StartTime, Gt, "yesterday")).contains("START_TIME"));
        assert_eq!(
            refusal(CrawlsFilter { filter_operator: None, ..given(State, Eq, "FAILED") }),
            "Invalid Filter Provided: FieldName: STATE, FilterOperator: null, FieldValue: FAILED"
        );
    }
}
