//! Findings: kept up to date whenever they are looked at.

use std::collections::BTreeMap;
use std::time::Duration;

use mastic_api_iam::accessanalyzer::types::{
    ExternalAccessDetails, Finding, FindingStatus, FindingStatusUpdate, FindingSummary, FindingSummaryV2,
    GetFindingRequest, GetFindingResponse, GetFindingV2Request, GetFindingV2Response, ListFindingsRequest,
    ListFindingsResponse, ListFindingsV2Request, ListFindingsV2Response, StartResourceScanRequest, Type,
    UpdateFindingsRequest,
};
use mastic_core::Fault;
use mastic_kernel::Ctx;
use mastic_store::ReadTx;

use crate::analyzers::{self, Key};
use crate::external::{self, Found, Zone};
use crate::faults::{not_found, validation};
use crate::page::page;
use crate::records::{ANALYZERS, AnalyzerRecord, FINDINGS, FindingRecord, RECOMMENDATIONS};
use crate::{filter, place, rules, unused};

/// Findings that one call can change at most.
const MOST_IDS: usize = 50;

/// How long findings are kept once they are resolved ("Review IAM Access Analyzer findings").
const RESOLVED: Duration = Duration::from_secs(90 * 24 * 60 * 60);

/// All stored findings of an analyzer, by id.
pub(crate) fn of(tx: &ReadTx<'_>, analyzer: &Key) -> Result<Vec<(String, FindingRecord)>, Fault> {
    let rows = FINDINGS.scan_prefix(tx, (&analyzer.0, analyzer.1.as_str(), analyzer.2.as_str()));
    rows.map(|row| Ok(row.map(|((.., id), record)| (id, record))?)).collect()
}

/// What there is to find now. The more principals and policies, the longer it takes.
async fn current(ctx: &Ctx, analyzer: &AnalyzerRecord) -> Result<Vec<Found>, Fault> {
    let (ctx, analyzer) = (ctx.clone(), analyzer.clone());
    let work = move || match analyzer.kind {
        Type::Account | Type::Organization => {
            let zone = Zone::of(&ctx, analyzer.kind)?;
            let mut all = Vec::new();
            for (owner, held) in external::held(&ctx, &zone)? {
                all.extend(external::of(&zone, &owner, &held)?);
            }
            Ok(all)
        }
        _ => unused::current(&ctx, &analyzer),
    };
    tokio::task::spawn_blocking(work).await.map_err(Fault::internal)?
}

/// Brings the findings of an analyzer up to date: new ones appear, those whose cause is gone are resolved.
pub(crate) async fn refresh(ctx: &Ctx, name: &str) -> Result<(), Fault> {
    let key = analyzers::key(ctx, name)?;
    let analyzer = ctx.read(|tx| analyzers::load(tx, &key))?;
    let region = ctx.region();
    let arn = format!("{} {}", place::analyzer(&key.0, region, name), analyzer.created.micros());
    let found = current(ctx, &analyzer).await?;
    let last = found.last().map(|found| found.resource.clone());
    let fresh: BTreeMap<String, Found> = found.into_iter().map(|found| (found.id(&arn), found)).collect();
    let known = ctx.read(|tx| of(tx, &key))?;
    let now = ctx.now();
    let old = move |record: &FindingRecord| {
        record.status == FindingStatus::Resolved && record.updated < now.minus(RESOLVED)
    };
    if !differs(&known, &fresh) && !known.iter().any(|(_, record)| old(record)) {
        return Ok(());
    }
    ctx.write(move |tx| {
        let mut analyzer = analyzers::load(tx, &key)?;
        let rules = rules::of(tx, &key)?;
        let place = |id: &str| (key.0.clone(), key.1.clone(), key.2.clone(), id.to_owned());
        for (id, mut record) in of(tx, &key)? {
            if old(&record) {
                FINDINGS.delete(tx, &place(&id))?;
                RECOMMENDATIONS.delete(tx, &place(&id))?;
            } else if record.status != FindingStatus::Resolved && !fresh.contains_key(&id) {
                record.status = FindingStatus::Resolved;
                (record.updated, record.analyzed) = (now, now);
                FINDINGS.put(tx, &place(&id), &record)?;
            }
        }
        for (id, found) in fresh {
            let old = FINDINGS.get(tx, &place(&id))?;
            let back = old.as_ref().is_none_or(|old| old.status == FindingStatus::Resolved);
            if old.as_ref().is_some_and(|old| !back && old.details == found.details) {
                continue;
            }
            let mut record = FindingRecord {
                kind: found.kind,
                resource: found.resource,
                resource_type: found.resource_type,
                owner: found.owner,
                status: old.as_ref().filter(|_| !back).map_or(FindingStatus::Active, |old| old.status),
                created: old.map_or(now, |old| old.created),
                analyzed: now,
                updated: now,
                details: found.details,
            };
            if back && rules.iter().any(|(_, rule)| filter::meets(&rule.filter, &id, &record)) {
                record.status = FindingStatus::Archived;
            }
            FINDINGS.put(tx, &place(&id), &record)?;
        }
        if let Some(resource) = last {
            analyzer.last = Some((resource, now));
            ANALYZERS.put(tx, &key, &analyzer)?;
        }
        Ok(())
    })
    .await
}

fn differs(known: &[(String, FindingRecord)], fresh: &BTreeMap<String, Found>) -> bool {
    let mut open = known.iter().filter(|(_, record)| record.status != FindingStatus::Resolved);
    let count = open.clone().count();
    let same = |(id, record): &(String, FindingRecord)| {
        fresh.get(id).is_some_and(|found| found.details == record.details)
    };
    count != fresh.len() || !open.all(same)
}

/// The up-to-date findings of the analyzer with this ARN.
pub(crate) async fn all(
    ctx: &Ctx,
    arn: &str,
) -> Result<(AnalyzerRecord, Vec<(String, FindingRecord)>), Fault> {
    let name = place::name_of(ctx, arn)?;
    let key = analyzers::key(ctx, &name)?;
    ctx.read(|tx| analyzers::load(tx, &key))?;
    refresh(ctx, &name).await?;
    ctx.read(|tx| Ok((analyzers::load(tx, &key)?, of(tx, &key)?)))
}

fn is_unused(analyzer: &AnalyzerRecord) -> bool {
    analyzer.kind == Type::AccountUnusedAccess
}

fn external_of(record: &FindingRecord) -> ExternalAccessDetails {
    let mut details = record.details.iter().filter_map(|details| details.external_access_details.clone());
    details.next().unwrap_or_default()
}

pub(crate) async fn list(ctx: Ctx, input: ListFindingsRequest) -> Result<ListFindingsResponse, Fault> {
    let wanted = input.filter.unwrap_or_default();
    filter::check(&wanted)?;
    let (analyzer, mut rows) = all(&ctx, &input.analyzer_arn).await?;
    if is_unused(&analyzer) {
        return Err(validation(
            "ListFindings is not supported for unused access analyzers; use ListFindingsV2.",
        ));
    }
    rows.retain(|(id, record)| filter::meets(&wanted, id, record));
    let rows = filter::sorted(rows, input.sort.as_ref())?;
    let (rows, next_token) = page(rows, input.max_results, input.next_token.as_deref())?;
    let findings = rows.into_iter().map(|(id, record)| summary(id, record)).collect();
    Ok(ListFindingsResponse { findings, next_token })
}

fn summary(id: String, record: FindingRecord) -> FindingSummary {
    let details = external_of(&record);
    FindingSummary {
        id,
        principal: details.principal,
        action: details.action,
        resource: Some(record.resource),
        is_public: details.is_public,
        resource_type: Some(record.resource_type),
        condition: details.condition,
        created_at: record.created,
        analyzed_at: record.analyzed,
        updated_at: record.updated,
        status: Some(record.status),
        resource_owner_account: record.owner,
        error: None,
        sources: details.sources,
        resource_control_policy_restriction: details.resource_control_policy_restriction,
    }
}

pub(crate) async fn list_v2(ctx: Ctx, input: ListFindingsV2Request) -> Result<ListFindingsV2Response, Fault> {
    let wanted = input.filter.unwrap_or_default();
    filter::check(&wanted)?;
    let (_, mut rows) = all(&ctx, &input.analyzer_arn).await?;
    rows.retain(|(id, record)| filter::meets(&wanted, id, record));
    let rows = filter::sorted(rows, input.sort.as_ref())?;
    let (rows, next_token) = page(rows, input.max_results, input.next_token.as_deref())?;
    let findings = rows
        .into_iter()
        .map(|(id, record)| FindingSummaryV2 {
            analyzed_at: record.analyzed,
            created_at: record.created,
            error: None,
            id,
            resource: Some(record.resource),
            resource_type: Some(record.resource_type),
            resource_owner_account: record.owner,
            status: Some(record.status),
            updated_at: record.updated,
            finding_type: Some(record.kind),
        })
        .collect();
    Ok(ListFindingsV2Response { findings, next_token })
}

/// The up-to-date finding of this id.
pub(crate) async fn one(ctx: &Ctx, arn: &str, id: &str) -> Result<(AnalyzerRecord, FindingRecord), Fault> {
    let (analyzer, rows) = all(ctx, arn).await?;
    let record = rows.into_iter().find(|(own, _)| own == id).map(|(_, record)| record);
    Ok((analyzer, record.ok_or_else(|| not_found(format!("Finding not found: {id}")))?))
}

pub(crate) async fn get(ctx: Ctx, input: GetFindingRequest) -> Result<GetFindingResponse, Fault> {
    let (analyzer, record) = one(&ctx, &input.analyzer_arn, &input.id).await?;
    if is_unused(&analyzer) {
        return Err(validation("GetFinding is not supported for unused access analyzers; use GetFindingV2."));
    }
    let details = external_of(&record);
    let finding = Finding {
        id: input.id,
        principal: details.principal,
        action: details.action,
        resource: Some(record.resource),
        is_public: details.is_public,
        resource_type: Some(record.resource_type),
        condition: details.condition,
        created_at: record.created,
        analyzed_at: record.analyzed,
        updated_at: record.updated,
        status: Some(record.status),
        resource_owner_account: record.owner,
        error: None,
        sources: details.sources,
        resource_control_policy_restriction: details.resource_control_policy_restriction,
    };
    Ok(GetFindingResponse { finding: Some(finding) })
}

pub(crate) async fn get_v2(ctx: Ctx, input: GetFindingV2Request) -> Result<GetFindingV2Response, Fault> {
    let (_, record) = one(&ctx, &input.analyzer_arn, &input.id).await?;
    let details = record.details.into_iter().enumerate();
    let (finding_details, next_token) = page(details, input.max_results, input.next_token.as_deref())?;
    Ok(GetFindingV2Response {
        analyzed_at: record.analyzed,
        created_at: record.created,
        error: None,
        id: input.id,
        next_token,
        resource: Some(record.resource),
        resource_type: Some(record.resource_type),
        resource_owner_account: record.owner,
        status: Some(record.status),
        updated_at: record.updated,
        finding_details,
        finding_type: Some(record.kind),
    })
}

pub(crate) async fn update(ctx: Ctx, input: UpdateFindingsRequest) -> Result<(), Fault> {
    let status = match input.status {
        Some(FindingStatusUpdate::Active) => FindingStatus::Active,
        Some(FindingStatusUpdate::Archived) => FindingStatus::Archived,
        None => return Err(validation("The status is missing.")),
    };
    let ids = input.ids.unwrap_or_default();
    if ids.is_empty() && input.resource_arn.is_none() {
        return Err(validation("Either ids or resourceArn must be given."));
    }
    if ids.len() > MOST_IDS {
        return Err(validation(format!("At most {MOST_IDS} findings can be updated at once.")));
    }
    all(&ctx, &input.analyzer_arn).await?;
    let key = analyzers::key(&ctx, &place::name_of(&ctx, &input.analyzer_arn)?)?;
    let now = ctx.now();
    ctx.write(move |tx| {
        let rows = of(tx, &key)?;
        if let Some(unknown) = ids.iter().find(|id| !rows.iter().any(|(own, _)| own == *id)) {
            return Err(not_found(format!("Finding not found: {unknown}")));
        }
        for (id, mut record) in rows {
            let meant = ids.contains(&id) || input.resource_arn.as_ref() == Some(&record.resource);
            // What is resolved stays so: its cause is gone.
            if meant && record.status != FindingStatus::Resolved && record.status != status {
                record.status = status;
                record.updated = now;
                FINDINGS.put(tx, &(key.0.clone(), key.1.clone(), key.2.clone(), id), &record)?;
            }
        }
        Ok(())
    })
    .await
}

/// Looks at a resource at once. Findings are made anew whenever they are listed, too.
pub(crate) async fn scan(ctx: Ctx, input: StartResourceScanRequest) -> Result<(), Fault> {
    let name = place::name_of(&ctx, &input.analyzer_arn)?;
    let key = analyzers::key(&ctx, &name)?;
    let analyzer = ctx.read(|tx| analyzers::load(tx, &key))?;
    let zone = Zone::of(&ctx, analyzer.kind)?;
    let known = external::held(&ctx, &zone)?;
    let mut meant = known.iter().filter(|(owner, _)| {
        input.resource_owner_account.as_ref().is_none_or(|account| account == owner.as_str())
    });
    if !meant.any(|(_, held)| held.arn == input.resource_arn) {
        return Err(not_found(format!("Resource not found: {}", input.resource_arn)));
    }
    refresh(&ctx, &name).await
}
