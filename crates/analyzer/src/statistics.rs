//! How many findings of which kind.

use std::collections::BTreeMap;

use mastic_api_iam::accessanalyzer::types::{
    ExternalAccessFindingsStatistics, FindingAggregationAccountDetails, FindingStatus, FindingsStatistics,
    GetFindingsStatisticsRequest, GetFindingsStatisticsResponse, ResourceTypeDetails, Type,
    UnusedAccessFindingsStatistics, UnusedAccessTypeStatistics,
};
use mastic_core::Fault;
use mastic_kernel::Ctx;

use crate::findings;
use crate::records::FindingRecord;

fn number(count: usize) -> Option<i32> {
    i32::try_from(count).ok()
}

pub(crate) async fn get(
    ctx: Ctx,
    input: GetFindingsStatisticsRequest,
) -> Result<GetFindingsStatisticsResponse, Fault> {
    let (analyzer, rows) = findings::all(&ctx, &input.analyzer_arn).await?;
    let records: Vec<&FindingRecord> = rows.iter().map(|(_, record)| record).collect();
    let statistics = if analyzer.kind == Type::AccountUnusedAccess {
        FindingsStatistics {
            unused_access_findings_statistics: Some(unused(&records)),
            ..FindingsStatistics::default()
        }
    } else {
        FindingsStatistics {
            external_access_findings_statistics: Some(external(&records)),
            ..FindingsStatistics::default()
        }
    };
    Ok(GetFindingsStatisticsResponse {
        findings_statistics: Some(vec![statistics]),
        last_updated_at: Some(ctx.now()),
    })
}

fn of_status(records: &[&FindingRecord], status: FindingStatus) -> Option<i32> {
    number(records.iter().filter(|record| record.status == status).count())
}

fn external(records: &[&FindingRecord]) -> ExternalAccessFindingsStatistics {
    let mut types: BTreeMap<String, (usize, usize)> = BTreeMap::new();
    for record in records.iter().filter(|record| record.status == FindingStatus::Active) {
        let (public, cross) = types.entry(record.resource_type.as_str().to_owned()).or_default();
        let details = record.details.iter().filter_map(|details| details.external_access_details.as_ref());
        for details in details {
            if details.is_public == Some(true) { *public += 1 } else { *cross += 1 }
        }
    }
    let details = |(public, cross): (usize, usize)| ResourceTypeDetails {
        total_active_public: number(public),
        total_active_cross_account: number(cross),
        total_active_errors: Some(0),
    };
    ExternalAccessFindingsStatistics {
        resource_type_statistics: Some(
            types.into_iter().map(|(name, counts)| (name, details(counts))).collect(),
        ),
        total_active_findings: of_status(records, FindingStatus::Active),
        total_archived_findings: of_status(records, FindingStatus::Archived),
        total_resolved_findings: of_status(records, FindingStatus::Resolved),
    }
}

fn unused(records: &[&FindingRecord]) -> UnusedAccessFindingsStatistics {
    let active = || records.iter().filter(|record| record.status == FindingStatus::Active);
    let mut kinds: BTreeMap<&str, usize> = BTreeMap::new();
    let mut accounts: BTreeMap<&str, BTreeMap<String, i32>> = BTreeMap::new();
    for record in active() {
        *kinds.entry(record.kind.as_str()).or_default() += 1;
        *accounts.entry(&record.owner).or_default().entry(record.kind.as_str().to_owned()).or_default() += 1;
    }
    UnusedAccessFindingsStatistics {
        unused_access_type_statistics: Some(
            kinds
                .into_iter()
                .map(|(kind, count)| UnusedAccessTypeStatistics {
                    unused_access_type: Some(kind.to_owned()),
                    total: number(count),
                })
                .collect(),
        ),
        top_accounts: Some(
            accounts
                .into_iter()
                .map(|(account, details)| FindingAggregationAccountDetails {
                    account: Some(account.to_owned()),
                    number_of_active_findings: Some(details.values().sum()),
                    details: Some(details),
                })
                .collect(),
        ),
        total_active_findings: of_status(records, FindingStatus::Active),
        total_archived_findings: of_status(records, FindingStatus::Archived),
        total_resolved_findings: of_status(records, FindingStatus::Resolved),
    }
}
