//! Every operation with what it needs.

use mastic_api_iam::accessanalyzer::{SERVICE, op};
use mastic_core::Fault;
use mastic_kernel::Registry;

use crate::{
    access, analyzers, checks, findings, generation, previews, recommendations, resources, rules, statistics,
    tags, validation,
};

pub(crate) fn all(registry: &mut Registry) {
    registry.service(&SERVICE);
    policies(registry);
    of_analyzers(registry);
    of_rules(registry);
    of_findings(registry);
    of_previews(registry);
    of_use(registry);
}

/// Runs on a thread of its own what may take longer than a moment.
async fn aside<R: Send + 'static>(
    work: impl FnOnce() -> Result<R, Fault> + Send + 'static,
) -> Result<R, Fault> {
    tokio::task::spawn_blocking(work).await.map_err(Fault::internal)?
}

fn policies(registry: &mut Registry) {
    registry.on::<op::ValidatePolicy, _, _>(
        |_, _| access::anywhere("ValidatePolicy"),
        |_, input| aside(move || validation::policy(&input)),
    );
    registry.on::<op::CheckNoNewAccess, _, _>(
        |_, _| access::anywhere("CheckNoNewAccess"),
        |_, input| aside(move || checks::no_new_access(&input)),
    );
    registry.on::<op::CheckAccessNotGranted, _, _>(
        |_, _| access::anywhere("CheckAccessNotGranted"),
        |_, input| aside(move || checks::access_not_granted(&input)),
    );
    registry.on::<op::CheckNoPublicAccess, _, _>(
        |_, _| access::anywhere("CheckNoPublicAccess"),
        |_, input| aside(move || checks::no_public_access(&input)),
    );
}

fn of_analyzers(registry: &mut Registry) {
    registry.on::<op::CreateAnalyzer, _, _>(
        |call, input| access::on_tagged(call, "CreateAnalyzer", &input.analyzer_name, input.tags.as_ref()),
        analyzers::create,
    );
    registry.on::<op::GetAnalyzer, _, _>(
        |call, input| access::on_named(call, "GetAnalyzer", &input.analyzer_name),
        |ctx, input| async move { analyzers::get(&ctx, &input) },
    );
    registry.on::<op::ListAnalyzers, _, _>(
        |_, _| access::anywhere("ListAnalyzers"),
        |ctx, input| async move { analyzers::list(&ctx, &input) },
    );
    registry.on::<op::UpdateAnalyzer, _, _>(
        |call, input| access::on_named(call, "UpdateAnalyzer", &input.analyzer_name),
        analyzers::update,
    );
    registry.on::<op::DeleteAnalyzer, _, _>(
        |call, input| access::on_named(call, "DeleteAnalyzer", &input.analyzer_name),
        analyzers::delete,
    );
    registry.on::<op::ListTagsForResource, _, _>(
        |_, input| access::on("ListTagsForResource", &input.resource_arn),
        |ctx, input| async move { tags::list(&ctx, &input) },
    );
    registry.on::<op::TagResource, _, _>(
        |_, input| access::tagging("TagResource", &input.resource_arn, Some(&input.tags), &[]),
        tags::tag,
    );
    registry.on::<op::UntagResource, _, _>(
        |_, input| access::tagging("UntagResource", &input.resource_arn, None, &input.tag_keys),
        tags::untag,
    );
}

fn of_rules(registry: &mut Registry) {
    registry.on::<op::CreateArchiveRule, _, _>(
        |call, input| access::on_rule(call, "CreateArchiveRule", &input.analyzer_name, &input.rule_name),
        rules::create,
    );
    registry.on::<op::GetArchiveRule, _, _>(
        |call, input| access::on_rule(call, "GetArchiveRule", &input.analyzer_name, &input.rule_name),
        |ctx, input| async move { rules::get(&ctx, &input) },
    );
    registry.on::<op::ListArchiveRules, _, _>(
        |call, input| access::on_named(call, "ListArchiveRules", &input.analyzer_name),
        |ctx, input| async move { rules::list(&ctx, &input) },
    );
    registry.on::<op::UpdateArchiveRule, _, _>(
        |call, input| access::on_rule(call, "UpdateArchiveRule", &input.analyzer_name, &input.rule_name),
        rules::update,
    );
    registry.on::<op::DeleteArchiveRule, _, _>(
        |call, input| access::on_rule(call, "DeleteArchiveRule", &input.analyzer_name, &input.rule_name),
        rules::delete,
    );
    registry.on::<op::ApplyArchiveRule, _, _>(
        |_, input| access::on("ApplyArchiveRule", &input.analyzer_arn),
        rules::apply,
    );
}

fn of_findings(registry: &mut Registry) {
    registry.on::<op::ListFindings, _, _>(
        |_, input| access::on("ListFindings", &input.analyzer_arn),
        findings::list,
    );
    registry.on::<op::ListFindingsV2, _, _>(
        |_, input| access::on("ListFindings", &input.analyzer_arn),
        findings::list_v2,
    );
    registry
        .on::<op::GetFinding, _, _>(|_, input| access::on("GetFinding", &input.analyzer_arn), findings::get);
    registry.on::<op::GetFindingV2, _, _>(
        |_, input| access::on("GetFinding", &input.analyzer_arn),
        findings::get_v2,
    );
    registry.on::<op::UpdateFindings, _, _>(
        |_, input| access::on("UpdateFindings", &input.analyzer_arn),
        findings::update,
    );
    registry.on::<op::StartResourceScan, _, _>(
        |_, input| access::on("StartResourceScan", &input.analyzer_arn),
        findings::scan,
    );
    registry.on::<op::GetFindingsStatistics, _, _>(
        |_, input| access::on("GetFindingsStatistics", &input.analyzer_arn),
        statistics::get,
    );
    registry.on::<op::ListAnalyzedResources, _, _>(
        |_, input| access::on("ListAnalyzedResources", &input.analyzer_arn),
        resources::list,
    );
    registry.on::<op::GetAnalyzedResource, _, _>(
        |_, input| access::on("GetAnalyzedResource", &input.analyzer_arn),
        resources::get,
    );
}

fn of_previews(registry: &mut Registry) {
    registry.on::<op::CreateAccessPreview, _, _>(
        |_, input| access::on("CreateAccessPreview", &input.analyzer_arn),
        previews::create,
    );
    registry.on::<op::GetAccessPreview, _, _>(
        |_, input| access::on("GetAccessPreview", &input.analyzer_arn),
        |ctx, input| async move { previews::get(&ctx, &input) },
    );
    registry.on::<op::ListAccessPreviews, _, _>(
        |_, input| access::on("ListAccessPreviews", &input.analyzer_arn),
        |ctx, input| async move { previews::list(&ctx, &input) },
    );
    registry.on::<op::ListAccessPreviewFindings, _, _>(
        |_, input| access::on("ListAccessPreviewFindings", &input.analyzer_arn),
        |ctx, input| async move { previews::findings(&ctx, &input) },
    );
}

fn of_use(registry: &mut Registry) {
    registry.on::<op::GenerateFindingRecommendation, _, _>(
        |_, input| access::on("GenerateFindingRecommendation", &input.analyzer_arn),
        recommendations::generate,
    );
    registry.on::<op::GetFindingRecommendation, _, _>(
        |_, input| access::on("GetFindingRecommendation", &input.analyzer_arn),
        |ctx, input| async move { recommendations::get(&ctx, &input) },
    );
    registry.on::<op::StartPolicyGeneration, _, _>(generation::access, generation::start);
    registry.on::<op::GetGeneratedPolicy, _, _>(
        |_, _| access::anywhere("GetGeneratedPolicy"),
        |ctx, input| async move { generation::get(&ctx, &input) },
    );
    registry.on::<op::ListPolicyGenerations, _, _>(
        |_, _| access::anywhere("ListPolicyGenerations"),
        |ctx, input| async move { generation::list(&ctx, &input) },
    );
    registry.on::<op::CancelPolicyGeneration, _, _>(
        |_, _| access::anywhere("CancelPolicyGeneration"),
        |ctx, input| async move { generation::cancel(&ctx, &input) },
    );
}
