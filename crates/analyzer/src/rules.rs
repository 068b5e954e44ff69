//! Archive rules.

use mastic_api_iam::accessanalyzer::types::{
    ApplyArchiveRuleRequest, ArchiveRuleSummary, CreateArchiveRuleRequest, DeleteArchiveRuleRequest,
    FindingStatus, GetArchiveRuleRequest, GetArchiveRuleResponse, ListArchiveRulesRequest,
    ListArchiveRulesResponse, UpdateArchiveRuleRequest,
};
use mastic_core::{AccountId, Fault};
use mastic_kernel::Ctx;
use mastic_store::ReadTx;

use crate::analyzers::{self, Key};
use crate::faults::{conflict, not_found, quota};
use crate::page::page;
use crate::records::{FINDINGS, RULES, RuleRecord};
use crate::{filter, findings, place};

/// Rules of one analyzer at most ("IAM Access Analyzer quotas").
const MOST: usize = 100;

pub(crate) fn key(analyzer: &Key, rule: &str) -> (AccountId, String, String, String) {
    (analyzer.0.clone(), analyzer.1.clone(), analyzer.2.clone(), rule.to_owned())
}

fn load(tx: &ReadTx<'_>, analyzer: &Key, name: &str) -> Result<RuleRecord, Fault> {
    analyzers::load(tx, analyzer)?;
    RULES
        .get(tx, &key(analyzer, name))?
        .ok_or_else(|| not_found(format!("Archive rule not found: {name} of analyzer {}", analyzer.2)))
}

/// All rules of an analyzer, by name.
pub(crate) fn of(tx: &ReadTx<'_>, analyzer: &Key) -> Result<Vec<(String, RuleRecord)>, Fault> {
    let rows = RULES.scan_prefix(tx, (&analyzer.0, analyzer.1.as_str(), analyzer.2.as_str()));
    rows.map(|row| Ok(row.map(|((.., name), record)| (name, record))?)).collect()
}

fn summary(name: String, record: RuleRecord) -> ArchiveRuleSummary {
    ArchiveRuleSummary {
        rule_name: name,
        filter: record.filter,
        created_at: record.created,
        updated_at: record.updated,
    }
}

pub(crate) async fn create(ctx: Ctx, input: CreateArchiveRuleRequest) -> Result<(), Fault> {
    filter::check(&input.filter)?;
    let (analyzer, now) = (analyzers::key(&ctx, &input.analyzer_name)?, ctx.now());
    ctx.write(move |tx| {
        analyzers::load(tx, &analyzer)?;
        let place = key(&analyzer, &input.rule_name);
        if let Some(known) = RULES.get(tx, &place)? {
            if known.client_token.is_some() && known.client_token == input.client_token {
                return Ok(());
            }
            let text = format!("An archive rule with the name {} already exists.", input.rule_name);
            return Err(conflict(text));
        }
        if of(tx, &analyzer)?.len() >= MOST {
            return Err(quota(format!("An analyzer can have at most {MOST} archive rules.")));
        }
        let record =
            RuleRecord { filter: input.filter, created: now, updated: now, client_token: input.client_token };
        RULES.put(tx, &place, &record)?;
        Ok(())
    })
    .await
}

pub(crate) fn get(ctx: &Ctx, input: &GetArchiveRuleRequest) -> Result<GetArchiveRuleResponse, Fault> {
    let analyzer = analyzers::key(ctx, &input.analyzer_name)?;
    let record = ctx.read(|tx| load(tx, &analyzer, &input.rule_name))?;
    Ok(GetArchiveRuleResponse { archive_rule: summary(input.rule_name.clone(), record) })
}

pub(crate) fn list(ctx: &Ctx, input: &ListArchiveRulesRequest) -> Result<ListArchiveRulesResponse, Fault> {
    let analyzer = analyzers::key(ctx, &input.analyzer_name)?;
    let rows = ctx.read(|tx| {
        analyzers::load(tx, &analyzer)?;
        of(tx, &analyzer)
    })?;
    let rows = rows.into_iter().map(|(name, record)| (name.clone(), summary(name, record)));
    let (archive_rules, next_token) = page(rows, input.max_results, input.next_token.as_deref())?;
    Ok(ListArchiveRulesResponse { archive_rules, next_token })
}

pub(crate) async fn update(ctx: Ctx, input: UpdateArchiveRuleRequest) -> Result<(), Fault> {
    filter::check(&input.filter)?;
    let (analyzer, now) = (analyzers::key(&ctx, &input.analyzer_name)?, ctx.now());
    ctx.write(move |tx| {
        let old = load(tx, &analyzer, &input.rule_name)?;
        let record = RuleRecord { filter: input.filter, updated: now, ..old };
        RULES.put(tx, &key(&analyzer, &input.rule_name), &record)?;
        Ok(())
    })
    .await
}

pub(crate) async fn delete(ctx: Ctx, input: DeleteArchiveRuleRequest) -> Result<(), Fault> {
    let analyzer = analyzers::key(&ctx, &input.analyzer_name)?;
    ctx.write(move |tx| {
        load(tx, &analyzer, &input.rule_name)?;
        RULES.delete(tx, &key(&analyzer, &input.rule_name))?;
        Ok(())
    })
    .await
}

/// Archives the findings that a rule meets, those from before the rule as well.
pub(crate) async fn apply(ctx: Ctx, input: ApplyArchiveRuleRequest) -> Result<(), Fault> {
    let name = place::name_of(&ctx, &input.analyzer_arn)?;
    let (analyzer, now) = (analyzers::key(&ctx, &name)?, ctx.now());
    ctx.read(|tx| load(tx, &analyzer, &input.rule_name))?;
    findings::refresh(&ctx, &name).await?;
    ctx.write(move |tx| {
        let rule = load(tx, &analyzer, &input.rule_name)?;
        for (id, mut record) in findings::of(tx, &analyzer)? {
            if record.status == FindingStatus::Active && filter::meets(&rule.filter, &id, &record) {
                record.status = FindingStatus::Archived;
                record.updated = now;
                FINDINGS.put(tx, &key(&analyzer, &id), &record)?;
            }
        }
        Ok(())
    })
    .await
}
