//! Access previews: what would be found if a resource had another policy ("Access previews").

use std::collections::BTreeMap;
use std::time::Duration;

use mastic_api_iam::accessanalyzer::types::{
    AccessPreview, AccessPreviewFinding, AccessPreviewStatus, AccessPreviewStatusReason,
    AccessPreviewStatusReasonCode, AccessPreviewSummary, Configuration, CreateAccessPreviewRequest,
    CreateAccessPreviewResponse, FindingChangeType, FindingStatus, GetAccessPreviewRequest,
    GetAccessPreviewResponse, ListAccessPreviewFindingsRequest, ListAccessPreviewFindingsResponse,
    ListAccessPreviewsRequest, ListAccessPreviewsResponse, ResourceType, Type,
};
use mastic_core::Fault;
use mastic_kernel::Ctx;
use mastic_kernel::ports::HeldPolicy;
use mastic_policy::{Document, DocumentKind};
use mastic_store::ReadTx;

use crate::analyzers::{self, Key};
use crate::external::{self, Found, Zone};
use crate::faults::{conflict, not_found, validation};
use crate::page::page;
use crate::records::{FindingRecord, PREVIEWS, PreviewRecord};
use crate::{filter, findings, place};

/// How long access previews are kept.
const KEPT: Duration = Duration::from_secs(90 * 24 * 60 * 60);

/// A configuration as a policy to look at.
struct Proposed {
    held: HeldPolicy,
    kind: DocumentKind,
    /// Whether the bucket would let strangers in by no policy.
    restricted: bool,
}

fn proposed(arn: &str, given: &Configuration, today: Option<&HeldPolicy>) -> Result<Proposed, Fault> {
    let now = || today.and_then(|held| held.document.clone());
    let held = |resource_type, document: Option<String>| HeldPolicy {
        arn: arn.to_owned(),
        resource_type,
        region: None,
        document: document.filter(|text| !text.is_empty()),
    };
    match given {
        Configuration { s3_bucket: Some(bucket), .. } => {
            if bucket.bucket_acl_grants.is_some() || bucket.access_points.is_some() {
                let text = "Mastic's buckets have no access control lists and no access points: bucketAclGrants and \
                    accessPoints are not supported.";
                return Err(validation(text));
            }
            let block = bucket.bucket_public_access_block.as_ref();
            Ok(Proposed {
                held: held("AWS::S3::Bucket", bucket.bucket_policy.clone().or_else(now)),
                kind: DocumentKind::Resource,
                restricted: block.is_some_and(|block| block.restrict_public_buckets),
            })
        }
        Configuration { iam_role: Some(role), .. } => Ok(Proposed {
            held: held("AWS::IAM::Role", role.trust_policy.clone().or_else(now)),
            kind: DocumentKind::Trust,
            restricted: false,
        }),
        _ => Err(validation("Mastic has access previews of S3 buckets and IAM roles only.")),
    }
}

pub(crate) async fn create(
    ctx: Ctx,
    input: CreateAccessPreviewRequest,
) -> Result<CreateAccessPreviewResponse, Fault> {
    let (arn, given) = match (input.configurations.first_key_value(), input.configurations.len()) {
        (Some((arn, given)), 1) => (arn.clone(), given.clone()),
        _ => {
            return Err(validation(
                "An access preview is of one resource: configurations must have one entry.",
            ));
        }
    };
    let (analyzer, known) = findings::all(&ctx, &input.analyzer_arn).await?;
    if !matches!(analyzer.kind, Type::Account | Type::Organization) {
        return Err(validation("Access previews need an analyzer of external access."));
    }
    let zone = Zone::of(&ctx, analyzer.kind)?;
    let today = external::held(&ctx, &zone)?;
    let today = today.iter().find(|(_, held)| held.arn == arn);
    let proposed = proposed(&arn, &given, today.map(|(_, held)| held))?;
    let text = proposed.held.document.as_deref();
    let invalid = text.is_some_and(|text| Document::parse_as(text, proposed.kind).is_err());
    let owner = ctx.account()?.clone();
    let preview = if invalid {
        let code = Some(AccessPreviewStatusReasonCode::InvalidConfiguration);
        (Some(AccessPreviewStatusReason { code }), Vec::new())
    } else {
        let mut found = external::of(&zone, &owner, &proposed.held)?;
        let public = |found: &Found| found.external().is_some_and(|details| details.is_public == Some(true));
        found.retain(|found| !(proposed.restricted && public(found)));
        let before: Vec<&(String, FindingRecord)> = known.iter().filter(|(_, r)| r.resource == arn).collect();
        (None, compared(&ctx, found, &before))
    };
    let id = ctx.entropy().uuid();
    let key = analyzers::key(&ctx, &place::name_of(&ctx, &input.analyzer_arn)?)?;
    let record = PreviewRecord {
        created: ctx.now(),
        configurations: BTreeMap::from([(arn, given)]),
        failed: preview.0,
        findings: preview.1,
    };
    let place = (key.0, key.1, key.2, id.clone());
    ctx.write(move |tx| {
        let own = PREVIEWS.prefix((&place.0, place.1.as_str(), place.2.as_str()));
        PREVIEWS.clear_where(tx, own, |old| old.created < record.created.minus(KEPT))?;
        Ok::<_, Fault>(PREVIEWS.put(tx, &place, &record)?)
    })
    .await?;
    Ok(CreateAccessPreviewResponse { id })
}

/// What would be found against what is found today.
fn compared(ctx: &Ctx, found: Vec<Found>, before: &[&(String, FindingRecord)]) -> Vec<AccessPreviewFinding> {
    let open = || before.iter().filter(|(_, record)| record.status != FindingStatus::Resolved);
    let same = |found: &Found, record: &FindingRecord| {
        let old = record.details.iter().find_map(|details| details.external_access_details.as_ref());
        found.external().zip(old).is_some_and(|(new, old)| {
            (&new.principal, &new.condition, new.is_public) == (&old.principal, &old.condition, old.is_public)
        })
    };
    let mut all = Vec::new();
    for found in &found {
        let Some(details) = found.external().cloned() else { continue };
        let old = open().find(|(_, record)| same(found, record));
        let change = match old {
            None => FindingChangeType::New,
            Some((_, record)) if record.details == found.details => FindingChangeType::Unchanged,
            Some(_) => FindingChangeType::Changed,
        };
        all.push(AccessPreviewFinding {
            id: ctx.entropy().uuid(),
            existing_finding_id: old.map(|(id, _)| id.clone()),
            existing_finding_status: old.map(|(_, record)| record.status),
            principal: details.principal,
            action: details.action,
            condition: Some(details.condition),
            resource: Some(found.resource.clone()),
            is_public: details.is_public,
            resource_type: Some(found.resource_type),
            created_at: ctx.now(),
            change_type: Some(change),
            status: Some(old.map_or(FindingStatus::Active, |(_, record)| record.status)),
            resource_owner_account: found.owner.clone(),
            error: None,
            sources: details.sources,
            resource_control_policy_restriction: None,
        });
    }
    for (id, record) in open().filter(|(_, record)| !found.iter().any(|found| same(found, record))) {
        let details =
            record.details.iter().find_map(|d| d.external_access_details.clone()).unwrap_or_default();
        all.push(AccessPreviewFinding {
            id: ctx.entropy().uuid(),
            existing_finding_id: Some(id.clone()),
            existing_finding_status: Some(record.status),
            principal: details.principal,
            action: details.action,
            condition: Some(details.condition),
            resource: Some(record.resource.clone()),
            is_public: details.is_public,
            resource_type: Some(record.resource_type),
            created_at: ctx.now(),
            change_type: Some(FindingChangeType::Changed),
            status: Some(FindingStatus::Resolved),
            resource_owner_account: record.owner.clone(),
            error: None,
            sources: details.sources,
            resource_control_policy_restriction: None,
        });
    }
    all
}

fn status(record: &PreviewRecord) -> Option<AccessPreviewStatus> {
    Some(if record.failed.is_some() { AccessPreviewStatus::Failed } else { AccessPreviewStatus::Completed })
}

fn load(tx: &ReadTx<'_>, key: &Key, id: &str) -> Result<PreviewRecord, Fault> {
    analyzers::load(tx, key)?;
    let record = PREVIEWS.get(tx, &(key.0.clone(), key.1.clone(), key.2.clone(), id.to_owned()))?;
    record.ok_or_else(|| not_found(format!("Access preview not found: {id}")))
}

pub(crate) fn get(ctx: &Ctx, input: &GetAccessPreviewRequest) -> Result<GetAccessPreviewResponse, Fault> {
    let key = analyzers::key(ctx, &place::name_of(ctx, &input.analyzer_arn)?)?;
    let record = ctx.read(|tx| load(tx, &key, &input.access_preview_id))?;
    let access_preview = AccessPreview {
        id: input.access_preview_id.clone(),
        analyzer_arn: input.analyzer_arn.clone(),
        status: status(&record),
        configurations: record.configurations,
        created_at: record.created,
        status_reason: record.failed,
    };
    Ok(GetAccessPreviewResponse { access_preview })
}

pub(crate) fn list(
    ctx: &Ctx,
    input: &ListAccessPreviewsRequest,
) -> Result<ListAccessPreviewsResponse, Fault> {
    let key = analyzers::key(ctx, &place::name_of(ctx, &input.analyzer_arn)?)?;
    let rows = ctx.read(|tx| {
        analyzers::load(tx, &key)?;
        let mut rows = Vec::new();
        for row in PREVIEWS.scan_prefix(tx, (&key.0, key.1.as_str(), key.2.as_str())) {
            let ((.., id), record) = row?;
            let summary = AccessPreviewSummary {
                id: id.clone(),
                analyzer_arn: input.analyzer_arn.clone(),
                created_at: record.created,
                status: status(&record),
                status_reason: record.failed,
            };
            rows.push((id, summary));
        }
        Ok::<_, Fault>(rows)
    })?;
    let (access_previews, next_token) = page(rows, input.max_results, input.next_token.as_deref())?;
    Ok(ListAccessPreviewsResponse { access_previews, next_token })
}

pub(crate) fn findings(
    ctx: &Ctx,
    input: &ListAccessPreviewFindingsRequest,
) -> Result<ListAccessPreviewFindingsResponse, Fault> {
    let wanted = input.filter.clone().unwrap_or_default();
    filter::check(&wanted)?;
    let key = analyzers::key(ctx, &place::name_of(ctx, &input.analyzer_arn)?)?;
    let record = ctx.read(|tx| load(tx, &key, &input.access_preview_id))?;
    if record.failed.is_some() {
        return Err(conflict("The access preview has failed: its configuration is not valid."));
    }
    let rows = record.findings.into_iter().enumerate();
    let rows = rows.filter(|(_, row)| filter::meets(&wanted, &row.id, &as_record(row)));
    let (findings, next_token) = page(rows, input.max_results, input.next_token.as_deref())?;
    Ok(ListAccessPreviewFindingsResponse { findings, next_token })
}

/// A preview's finding as filters look at findings.
fn as_record(row: &AccessPreviewFinding) -> FindingRecord {
    use mastic_api_iam::accessanalyzer::types::{ExternalAccessDetails, FindingDetails, FindingType};
    FindingRecord {
        kind: FindingType::ExternalAccess,
        resource: row.resource.clone().unwrap_or_default(),
        resource_type: row.resource_type.unwrap_or(ResourceType::AwsS3Bucket),
        owner: row.resource_owner_account.clone(),
        status: row.status.unwrap_or(FindingStatus::Active),
        created: row.created_at,
        analyzed: row.created_at,
        updated: row.created_at,
        details: vec![FindingDetails {
            external_access_details: Some(ExternalAccessDetails {
                action: row.action.clone(),
                condition: row.condition.clone().unwrap_or_default(),
                is_public: row.is_public,
                principal: row.principal.clone(),
                ..ExternalAccessDetails::default()
            }),
            ..FindingDetails::default()
        }],
    }
}
