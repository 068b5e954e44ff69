//! Analyzers: create, get, list, update, delete.

use std::collections::BTreeMap;

use mastic_api_iam::accessanalyzer::types::{
    AnalyzerConfiguration, AnalyzerStatus, AnalyzerSummary, CreateAnalyzerRequest, CreateAnalyzerResponse,
    DeleteAnalyzerRequest, GetAnalyzerRequest, GetAnalyzerResponse, ListAnalyzersRequest,
    ListAnalyzersResponse, Type, UnusedAccessConfiguration, UpdateAnalyzerRequest, UpdateAnalyzerResponse,
};
use mastic_core::{AccountId, Fault, Region};
use mastic_kernel::Ctx;
use mastic_store::ReadTx;

use crate::external::Zone;
use crate::faults::{conflict, not_found, quota, validation};
use crate::page::page;
use crate::records::{ANALYZERS, AnalyzerRecord, FINDINGS, PREVIEWS, RECOMMENDATIONS, RULES, RuleRecord};
use crate::{filter, findings, place, rules, tags};

/// Days without use after which something counts as unused, unless said otherwise.
const AGE: i32 = 90;

/// Where an analyzer lies: account, region, name.
pub(crate) type Key = (AccountId, String, String);

pub(crate) fn key(ctx: &Ctx, name: &str) -> Result<Key, Fault> {
    Ok((ctx.account()?.clone(), ctx.region().to_string(), name.to_owned()))
}

/// The analyzer of this key.
pub(crate) fn load(tx: &ReadTx<'_>, key: &Key) -> Result<AnalyzerRecord, Fault> {
    ANALYZERS.get(tx, key)?.ok_or_else(|| {
        let region = key.1.parse::<Region>().map_err(Fault::internal);
        match region {
            Ok(region) => {
                not_found(format!("Analyzer not found: {}", place::analyzer(&key.0, &region, &key.2)))
            }
            Err(fault) => fault,
        }
    })
}

/// Analyzers of a kind that an account may have in a region ("IAM Access Analyzer quotas").
fn most(kind: Type) -> usize {
    match kind {
        Type::Organization => 5,
        _ => 1,
    }
}

fn configuration(
    kind: Type,
    given: Option<AnalyzerConfiguration>,
) -> Result<Option<AnalyzerConfiguration>, Fault> {
    let unused = match given {
        Some(AnalyzerConfiguration { internal_access: Some(_), .. }) => {
            return Err(validation(
                "The configuration internalAccess is not supported for this analyzer type.",
            ));
        }
        Some(AnalyzerConfiguration { unused_access, .. }) => unused_access,
        None => None,
    };
    if kind != Type::AccountUnusedAccess {
        return match unused {
            None => Ok(None),
            Some(_) => {
                Err(validation("The configuration unusedAccess is not supported for this analyzer type."))
            }
        };
    }
    let unused = unused.unwrap_or_default();
    let age = unused.unused_access_age.unwrap_or(AGE);
    if !(1..=365).contains(&age) {
        return Err(validation("unusedAccessAge must be between 1 and 365 days."));
    }
    let exclusions = unused.analysis_rule.as_ref().and_then(|rule| rule.exclusions.as_ref());
    if exclusions.is_some_and(|criteria| criteria.iter().any(|criterion| criterion.resource_tags.is_some())) {
        return Err(validation(
            "Mastic excludes accounts from analysis, not tags: resourceTags is not supported.",
        ));
    }
    let unused = UnusedAccessConfiguration { unused_access_age: Some(age), ..unused };
    Ok(Some(AnalyzerConfiguration { unused_access: Some(unused), internal_access: None }))
}

pub(crate) async fn create(ctx: Ctx, input: CreateAnalyzerRequest) -> Result<CreateAnalyzerResponse, Fault> {
    let kind = match input.r#type {
        Some(kind @ (Type::Account | Type::Organization | Type::AccountUnusedAccess)) => kind,
        Some(other) => {
            let text = format!("Mastic does not have analyzers of type {} yet.", other.as_str());
            return Err(validation(text));
        }
        None => return Err(validation("The type of the analyzer is missing.")),
    };
    if kind == Type::Organization && Zone::of(&ctx, kind)?.organization().is_none() {
        return Err(validation("The account is not in an organization."));
    }
    let given = input.tags.unwrap_or_default();
    tags::check(&given)?;
    let now = ctx.now();
    let record = AnalyzerRecord {
        kind,
        created: now,
        configuration: configuration(kind, input.configuration)?,
        tags: given,
        client_token: input.client_token,
        last: None,
    };
    let given = input.archive_rules.unwrap_or_default();
    for rule in &given {
        filter::check(&rule.filter)?;
    }
    let key = key(&ctx, &input.analyzer_name)?;
    let arn = place::analyzer(&key.0, ctx.region(), &key.2);
    let text = arn.clone();
    ctx.write(move |tx| {
        if let Some(known) = ANALYZERS.get(tx, &key)? {
            let same = known.client_token.is_some() && known.client_token == record.client_token;
            return if same {
                Ok(())
            } else {
                Err(conflict(format!("An analyzer with the name {} already exists.", key.2)))
            };
        }
        let mut count = 0;
        for row in ANALYZERS.scan_prefix(tx, (&key.0, key.1.as_str())) {
            count += usize::from(row?.1.kind == kind);
        }
        if count >= most(kind) {
            let kind = kind.as_str();
            return Err(quota(format!("The account has as many analyzers of type {kind} as it can have.")));
        }
        ANALYZERS.put(tx, &key, &record)?;
        for rule in given {
            let record = RuleRecord { filter: rule.filter, created: now, updated: now, client_token: None };
            RULES.put(tx, &rules::key(&key, &rule.rule_name), &record)?;
        }
        Ok::<_, Fault>(())
    })
    .await?;
    findings::refresh(&ctx, &input.analyzer_name).await?;
    Ok(CreateAnalyzerResponse { arn: Some(text) })
}

fn summary(account: &AccountId, region: &Region, name: &str, record: AnalyzerRecord) -> AnalyzerSummary {
    let (last, last_at) = record.last.unzip();
    AnalyzerSummary {
        arn: place::analyzer(account, region, name),
        name: name.to_owned(),
        r#type: Some(record.kind),
        created_at: record.created,
        last_resource_analyzed: last,
        last_resource_analyzed_at: last_at,
        tags: Some(record.tags),
        status: Some(AnalyzerStatus::Active),
        configuration: record.configuration,
        ..AnalyzerSummary::default()
    }
}

pub(crate) fn get(ctx: &Ctx, input: &GetAnalyzerRequest) -> Result<GetAnalyzerResponse, Fault> {
    let key = key(ctx, &input.analyzer_name)?;
    let record = ctx.read(|tx| load(tx, &key))?;
    Ok(GetAnalyzerResponse { analyzer: summary(&key.0, ctx.region(), &key.2, record) })
}

pub(crate) fn list(ctx: &Ctx, input: &ListAnalyzersRequest) -> Result<ListAnalyzersResponse, Fault> {
    let account = ctx.account()?;
    let rows = ctx.read(|tx| {
        let mut rows = Vec::new();
        for row in ANALYZERS.scan_prefix(tx, (account, ctx.region().as_str())) {
            let ((_, _, name), record) = row?;
            if input.r#type.is_none_or(|kind| kind == record.kind) {
                let shown = summary(account, ctx.region(), &name, record);
                rows.push((name, shown));
            }
        }
        Ok::<_, Fault>(rows)
    })?;
    let (analyzers, next_token) = page(rows, input.max_results, input.next_token.as_deref())?;
    Ok(ListAnalyzersResponse { analyzers, next_token })
}

pub(crate) async fn update(ctx: Ctx, input: UpdateAnalyzerRequest) -> Result<UpdateAnalyzerResponse, Fault> {
    let key = key(&ctx, &input.analyzer_name)?;
    let changed = ctx
        .write(move |tx| {
            let mut record = load(tx, &key)?;
            if let Some(given) = input.configuration {
                if record.kind != Type::AccountUnusedAccess {
                    return Err(validation("An analyzer of this type has no configuration."));
                }
                record.configuration = configuration(record.kind, Some(given))?;
                ANALYZERS.put(tx, &key, &record)?;
            }
            Ok::<_, Fault>(record.configuration)
        })
        .await?;
    findings::refresh(&ctx, &input.analyzer_name).await?;
    Ok(UpdateAnalyzerResponse { configuration: changed })
}

pub(crate) async fn delete(ctx: Ctx, input: DeleteAnalyzerRequest) -> Result<(), Fault> {
    let key = key(&ctx, &input.analyzer_name)?;
    ctx.write(move |tx| {
        load(tx, &key)?;
        ANALYZERS.delete(tx, &key)?;
        let (account, region, name) = (&key.0, key.1.as_str(), key.2.as_str());
        RULES.clear(tx, RULES.prefix((account, region, name)))?;
        FINDINGS.clear(tx, FINDINGS.prefix((account, region, name)))?;
        RECOMMENDATIONS.clear(tx, RECOMMENDATIONS.prefix((account, region, name)))?;
        PREVIEWS.clear(tx, PREVIEWS.prefix((account, region, name)))?;
        Ok::<_, Fault>(())
    })
    .await
}

/// Changes an analyzer's tags.
pub(crate) async fn change_tags(
    ctx: &Ctx,
    name: String,
    change: impl FnOnce(&mut BTreeMap<String, String>) -> Result<(), Fault> + Send + 'static,
) -> Result<(), Fault> {
    let key = key(ctx, &name)?;
    ctx.write(move |tx| {
        let mut record = load(tx, &key)?;
        change(&mut record.tags)?;
        tags::check(&record.tags)?;
        ANALYZERS.put(tx, &key, &record)?;
        Ok(())
    })
    .await
}
