//! The resources that an analyzer has looked at.

use mastic_api_iam::accessanalyzer::types::{
    AnalyzedResource, AnalyzedResourceSummary, FindingStatus, GetAnalyzedResourceRequest,
    GetAnalyzedResourceResponse, ListAnalyzedResourcesRequest, ListAnalyzedResourcesResponse, ResourceType,
};
use mastic_core::{AccountId, Fault};
use mastic_kernel::Ctx;
use mastic_kernel::ports::HeldPolicy;

use crate::external::{self, Zone};
use crate::faults::not_found;
use crate::findings;
use crate::page::page;
use crate::records::{AnalyzerRecord, FindingRecord};

fn held(ctx: &Ctx, analyzer: &AnalyzerRecord) -> Result<Vec<(AccountId, HeldPolicy)>, Fault> {
    external::held(ctx, &Zone::of(ctx, analyzer.kind)?)
}

pub(crate) async fn list(
    ctx: Ctx,
    input: ListAnalyzedResourcesRequest,
) -> Result<ListAnalyzedResourcesResponse, Fault> {
    let (analyzer, _) = findings::all(&ctx, &input.analyzer_arn).await?;
    let rows = held(&ctx, &analyzer)?
        .into_iter()
        .map(|(owner, held)| AnalyzedResourceSummary {
            resource_arn: held.arn,
            resource_owner_account: owner.to_string(),
            resource_type: ResourceType::parse(held.resource_type),
        })
        .filter(|row| input.resource_type.is_none_or(|kind| row.resource_type == Some(kind)))
        .map(|row| (row.resource_arn.clone(), row));
    let (analyzed_resources, next_token) = page(rows, input.max_results, input.next_token.as_deref())?;
    Ok(ListAnalyzedResourcesResponse { analyzed_resources, next_token })
}

pub(crate) async fn get(
    ctx: Ctx,
    input: GetAnalyzedResourceRequest,
) -> Result<GetAnalyzedResourceResponse, Fault> {
    let (analyzer, rows) = findings::all(&ctx, &input.analyzer_arn).await?;
    let known = held(&ctx, &analyzer)?;
    let Some((owner, held)) = known.into_iter().find(|(_, held)| held.arn == input.resource_arn) else {
        return Err(not_found(format!("Resource not found: {}", input.resource_arn)));
    };
    let of_it: Vec<&FindingRecord> =
        rows.iter().map(|(_, record)| record).filter(|record| record.resource == held.arn).collect();
    let open = of_it.iter().filter(|record| record.status != FindingStatus::Resolved);
    let details =
        open.clone().flat_map(|record| &record.details).filter_map(|d| d.external_access_details.as_ref());
    let mut actions: Vec<String> =
        details.clone().flat_map(|details| details.action.clone()).flatten().collect();
    actions.sort();
    actions.dedup();
    let status = |wanted: FindingStatus| of_it.iter().any(|record| record.status == wanted).then_some(wanted);
    let resource = AnalyzedResource {
        resource_type: ResourceType::parse(held.resource_type),
        created_at: of_it.iter().map(|record| record.created).min().unwrap_or(analyzer.created),
        analyzed_at: ctx.now(),
        updated_at: of_it.iter().map(|record| record.updated).max().unwrap_or(analyzer.created),
        is_public: details.clone().any(|details| details.is_public == Some(true)),
        shared_via: (!actions.is_empty()).then(|| vec!["POLICY".to_owned()]),
        actions: (!actions.is_empty()).then_some(actions),
        status: status(FindingStatus::Active)
            .or_else(|| status(FindingStatus::Archived))
            .or_else(|| status(FindingStatus::Resolved)),
        resource_owner_account: owner.to_string(),
        resource_arn: held.arn,
        error: None,
    };
    Ok(GetAnalyzedResourceResponse { resource: Some(resource) })
}
