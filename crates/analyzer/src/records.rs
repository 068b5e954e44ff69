//! What is stored of analyzers, their rules and what they found.

use std::collections::BTreeMap;

use mastic_api_iam::accessanalyzer::types::{
    AccessPreviewFinding, AccessPreviewStatusReason, AnalyzerConfiguration, Configuration, Criterion,
    FindingDetails, FindingStatus, FindingType, RecommendedStep, ResourceType, Type,
};
use mastic_core::{AccountId, Timestamp};
use mastic_store::{Keyspace, Record};
use serde::{Deserialize, Serialize};

/// An analyzer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct AnalyzerRecord {
    pub(crate) kind: Type,
    pub(crate) created: Timestamp,
    pub(crate) configuration: Option<AnalyzerConfiguration>,
    pub(crate) tags: BTreeMap<String, String>,
    /// The token of the call that made it: the same call again makes no other.
    pub(crate) client_token: Option<String>,
    /// What was analyzed last, and when.
    pub(crate) last: Option<(String, Timestamp)>,
}

/// An archive rule.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct RuleRecord {
    pub(crate) filter: BTreeMap<String, Criterion>,
    pub(crate) created: Timestamp,
    pub(crate) updated: Timestamp,
    pub(crate) client_token: Option<String>,
}

/// A finding.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct FindingRecord {
    pub(crate) kind: FindingType,
    pub(crate) resource: String,
    pub(crate) resource_type: ResourceType,
    pub(crate) owner: String,
    pub(crate) status: FindingStatus,
    pub(crate) created: Timestamp,
    pub(crate) analyzed: Timestamp,
    pub(crate) updated: Timestamp,
    pub(crate) details: Vec<FindingDetails>,
}

/// An access preview.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct PreviewRecord {
    pub(crate) created: Timestamp,
    pub(crate) configurations: BTreeMap<String, Configuration>,
    pub(crate) failed: Option<AccessPreviewStatusReason>,
    pub(crate) findings: Vec<AccessPreviewFinding>,
}

/// What to do about a finding, as it was recommended.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct RecommendationRecord {
    pub(crate) resource: String,
    pub(crate) started: Timestamp,
    pub(crate) completed: Timestamp,
    pub(crate) steps: Vec<RecommendedStep>,
}

macro_rules! records {
    ($($type:ty),*) => { $(impl Record for $type { const VERSION: u16 = 1; })* };
}
records!(AnalyzerRecord, RuleRecord, FindingRecord, PreviewRecord, RecommendationRecord);

/// Account, region, name.
pub(crate) const ANALYZERS: Keyspace<(AccountId, String, String), AnalyzerRecord> =
    Keyspace::new("analyzer.analyzer");
/// Account, region, analyzer, name.
pub(crate) const RULES: Keyspace<(AccountId, String, String, String), RuleRecord> =
    Keyspace::new("analyzer.rule");
/// Account, region, analyzer, id.
pub(crate) const FINDINGS: Keyspace<(AccountId, String, String, String), FindingRecord> =
    Keyspace::new("analyzer.finding");
/// Account, region, analyzer, id.
pub(crate) const PREVIEWS: Keyspace<(AccountId, String, String, String), PreviewRecord> =
    Keyspace::new("analyzer.preview");
/// Account, region, analyzer, id of the finding.
pub(crate) const RECOMMENDATIONS: Keyspace<(AccountId, String, String, String), RecommendationRecord> =
    Keyspace::new("analyzer.recommendation");
