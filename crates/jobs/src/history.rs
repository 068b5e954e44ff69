//! What was crawled: `ListCrawls` and `GetCrawlerMetrics`.

use std::sync::Arc;

use mastic_api_glue::glue::{op, types::*};
use mastic_core::{Fault, Timestamp};
use mastic_kernel::{Ctx, Registry};

use crate::definition::key;
use crate::records::{CRAWLERS, CRAWLS, CrawlRecord};
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

fn list_crawls(ctx: &Ctx, input: ListCrawlsRequest) -> Result<ListCrawlsResponse, Fault> {
    let (account, region, name) = key(ctx, &input.crawler_name)?;
    let filters = input.filters.unwrap_or_default();
    for filter in &filters {
        check(filter)?;
    }
    let (crawls, next_token) = ctx.read(|tx| {
        if !CRAWLERS.contains(tx, &(account.as_str(), region.as_str(), name.as_str()))? {
            return Err(crawler::missing(&name));
        }
        let prefix = CRAWLS.prefix((account.as_str(), region.as_str(), name.as_str()));
        let range = page::before(prefix, input.next_token.as_deref())?;
        let limit = page::limit(input.max_results, 1000);
        page::take(&CRAWLS, CRAWLS.scan_reverse(tx, range), limit, |_, record| {
            Ok(filters.iter().all(|filter| admits(filter, &record.crawl)).then_some(record.crawl))
        })
    })?;
    Ok(ListCrawlsResponse { crawls: Some(crawls), next_token })
}

fn check(filter: &CrawlsFilter) -> Result<(), Fault> {
    let invalid = |text: String| Err(Fault::sender("InvalidInputException", text));
    let equality = matches!(filter.filter_operator, None | Some(FilterOperator::Eq | FilterOperator::Ne));
    match filter.field_name {
        Some(field @ (FieldName::State | FieldName::CrawlId)) if !equality => {
            invalid(format!("Only EQ or NE operator is allowed for field : {}", field.as_str()))
        }
        Some(FieldName::StartTime | FieldName::EndTime | FieldName::DpuHour) if number(filter).is_none() => {
            let field = filter.field_name.map_or("", FieldName::as_str);
            invalid(format!("The value of the field {field} is not a number."))
        }
        _ => Ok(()),
    }
}

fn number(filter: &CrawlsFilter) -> Option<f64> {
    filter.field_value.as_deref().and_then(|text| text.parse().ok())
}

/// Times are compared in milliseconds since the epoch, as the API's filters give them.
fn admits(filter: &CrawlsFilter, crawl: &CrawlerHistory) -> bool {
    let operator = filter.filter_operator.unwrap_or(FilterOperator::Eq);
    let wanted = filter.field_value.as_deref().unwrap_or_default();
    let equal = |found: &str| (found == wanted) == (operator == FilterOperator::Eq);
    let millis = |time: Option<Timestamp>| time.map(|t| t.millis() as f64);
    match filter.field_name {
        Some(FieldName::CrawlId) => equal(crawl.crawl_id.as_deref().unwrap_or_default()),
        Some(FieldName::State) => equal(crawl.state.map_or("", CrawlerHistoryState::as_str)),
        Some(FieldName::StartTime) => compare(millis(crawl.start_time), operator, number(filter)),
        Some(FieldName::EndTime) => compare(millis(crawl.end_time), operator, number(filter)),
        Some(FieldName::DpuHour) => compare(crawl.dpu_hour, operator, number(filter)),
        None => true,
    }
}

fn compare(found: Option<f64>, operator: FilterOperator, wanted: Option<f64>) -> bool {
    let (Some(found), Some(wanted)) = (found, wanted) else { return false };
    match operator {
        FilterOperator::Gt => found > wanted,
        FilterOperator::Ge => found >= wanted,
        FilterOperator::Lt => found < wanted,
        FilterOperator::Le => found <= wanted,
        FilterOperator::Eq => (found - wanted).abs() < f64::EPSILON,
        FilterOperator::Ne => (found - wanted).abs() >= f64::EPSILON,
    }
}

fn metrics(ctx: &Ctx, input: GetCrawlerMetricsRequest) -> Result<GetCrawlerMetricsResponse, Fault> {
    let wanted = input.crawler_name_list.unwrap_or_default();
    let limit = page::limit(input.max_results, 1000);
    let (account, region, _) = key(ctx, "")?;
    let (list, next_token) = crawler::list(ctx, input.next_token.as_deref(), limit, |tx, record| {
        let name = record.crawler.name.unwrap_or_default();
        if !wanted.is_empty() && !wanted.contains(&name) {
            return Ok(None);
        }
        let prefix = CRAWLS.prefix((account.as_str(), region.as_str(), name.as_str()));
        let crawls =
            CRAWLS.scan_reverse(tx, prefix).map(|row| Ok(row?.1)).collect::<Result<Vec<_>, Fault>>()?;
        Ok(Some(metrics_of(name, &crawls)))
    })?;
    Ok(GetCrawlerMetricsResponse { crawler_metrics_list: Some(list), next_token })
}

/// Metrics over a crawler's history, newest first.
fn metrics_of(name: String, crawls: &[CrawlRecord]) -> CrawlerMetrics {
    let seconds = |record: &CrawlRecord| {
        Some(record.crawl.end_time?.since(record.crawl.start_time?).as_millis() as f64 / 1000.0)
    };
    let mut ended: Vec<f64> = crawls.iter().filter_map(seconds).collect();
    let last = ended.first().copied().unwrap_or(0.0);
    ended.sort_by(f64::total_cmp);
    let newest = crawls.iter().find(|record| record.crawl.end_time.is_some());
    CrawlerMetrics {
        crawler_name: Some(name),
        time_left_seconds: Some(0.0),
        still_estimating: Some(crawls.first().is_some_and(|record| record.crawl.end_time.is_none())),
        last_runtime_seconds: Some(last),
        median_runtime_seconds: Some(ended.get(ended.len() / 2).copied().unwrap_or(0.0)),
        tables_created: Some(newest.map_or(0, |record| record.tables_created)),
        tables_updated: Some(newest.map_or(0, |record| record.tables_updated)),
        tables_deleted: Some(newest.map_or(0, |record| record.tables_deleted)),
    }
}
