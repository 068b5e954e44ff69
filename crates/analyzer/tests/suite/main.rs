//! IAM Access Analyzer, served in one process: what needs time to pass.

#![expect(clippy::unwrap_used, reason = "a helper of a test may fail the test")]

use std::sync::{Arc, Mutex};
use std::time::Duration;

use mastic_analyzer::Analyzer;
use mastic_api_iam::accessanalyzer::{op, types};
use mastic_core::{AccountId, Clock, Fault, ManualClock, SeededEntropy, Timestamp};
use mastic_kernel::ports::{CredentialUse, GrantedPolicy, PrincipalUse, PrincipalUses};
use mastic_kernel::{
    Authorizer, Call, Caller, Explanation, Identity, Kernel, Need, Registry, Seams, Verdict,
};
use mastic_shape::{Op, Shape};
use mastic_store::Store;

/// The moment at which every test begins, in seconds.
const START: i64 = 1_770_000_000;
const DAY: u64 = 24 * 60 * 60;

struct Open;

impl Authorizer for Open {
    fn decide(&self, _: &Call, _: &Need) -> Result<Verdict, Fault> {
        Ok(Verdict { allowed: true, text: String::new(), explanation: None })
    }

    fn explain(&self, _: &Call, _: &Need) -> Result<Explanation, Fault> {
        Err(Fault::internal("nobody asks for reasons here"))
    }
}

/// Principals that a test makes up.
#[derive(Default)]
struct Principals(Mutex<Vec<PrincipalUse>>);

impl PrincipalUses for Principals {
    fn uses(&self, _: &AccountId) -> Result<Vec<PrincipalUse>, Fault> {
        Ok(self.0.lock().unwrap().clone())
    }
}

struct House {
    kernel: Kernel,
    clock: Arc<ManualClock>,
    principals: Arc<Principals>,
    registry: Registry,
}

impl House {
    fn new() -> Self {
        let clock = Arc::new(ManualClock::at(Timestamp::from_secs(START)));
        let seams = Seams { clock: clock.clone(), entropy: Arc::new(SeededEntropy::new(1)) };
        let kernel = Kernel::new(Store::memory().unwrap(), seams);
        kernel.connect_authorizer(Arc::new(Open));
        let principals = Arc::new(Principals::default());
        kernel.connect_uses(principals.clone());
        let mut registry = Registry::new();
        Analyzer::new().register(&mut registry);
        Self { kernel, clock, principals, registry }
    }

    async fn call<O: Op>(&self, input: O::Input) -> Result<O::Output, Fault> {
        let caller = Caller {
            account: Some("111122223333".parse().unwrap()),
            identity: Identity::Root,
            access_key_id: None,
            token: None,
        };
        let call = Call {
            caller: Arc::new(caller),
            region: "eu-west-1".parse().unwrap(),
            request_id: self.kernel.request_id(),
            time: self.clock.now(),
            source_ip: None,
            user_agent: None,
            secure: true,
        };
        let input = input.into_value();
        let output = self.registry.serve(&self.kernel, O::service(), O::operation(), call, input).await?;
        O::Output::from_value(output).map_err(Fault::internal)
    }

    async fn analyzer(&self, days: i32) -> String {
        let unused = types::UnusedAccessConfiguration { unused_access_age: Some(days), analysis_rule: None };
        let input = types::CreateAnalyzerRequest {
            analyzer_name: "unused".into(),
            r#type: Some(types::Type::AccountUnusedAccess),
            configuration: Some(types::AnalyzerConfiguration {
                unused_access: Some(unused),
                internal_access: None,
            }),
            ..Default::default()
        };
        self.call::<op::CreateAnalyzer>(input).await.unwrap().arn.unwrap()
    }

    async fn findings(&self, arn: &str) -> Vec<(String, types::FindingType, types::FindingStatus)> {
        let input = types::ListFindingsV2Request {
            analyzer_arn: arn.to_owned(),
            sort: Some(types::SortCriteria { attribute_name: Some("findingType".into()), order_by: None }),
            ..Default::default()
        };
        let found = self.call::<op::ListFindingsV2>(input).await.unwrap().findings;
        found.into_iter().map(|row| (row.id, row.finding_type.unwrap(), row.status.unwrap())).collect()
    }

    async fn details(&self, arn: &str, id: &str) -> Vec<types::FindingDetails> {
        let (analyzer_arn, id) = (arn.to_owned(), id.to_owned());
        let input = types::GetFindingV2Request { analyzer_arn, id, max_results: None, next_token: None };
        self.call::<op::GetFindingV2>(input).await.unwrap().finding_details
    }
}

fn at(day: u64) -> Timestamp {
    Timestamp::from_secs(START).plus(Duration::from_secs(day * DAY))
}

fn principal(arn: &str, document: &str) -> PrincipalUse {
    let policy = GrantedPolicy { id: "data".into(), document: document.to_owned(), updated: None };
    PrincipalUse {
        arn: arn.parse().unwrap(),
        created: at(0),
        last_used: None,
        linked: false,
        keys: Vec::new(),
        password: None,
        policies: vec![policy],
        actions: Vec::new(),
    }
}

const POLICY: &str = r#"{"Version":"2012-10-17","Statement":[
    {"Effect":"Allow","Action":["sts:*","glue:GetTable","glue:GetTables","unheard:Of"],"Resource":"*"}]}"#;

#[tokio::test]
async fn what_nobody_used_is_found_once_it_is_old_enough() {
    let house = House::new();
    let credential = |id: &str, used: Option<u64>| CredentialUse {
        id: id.into(),
        created: at(0),
        last_used: used.map(at),
    };
    let user = PrincipalUse {
        keys: vec![credential("AKIAOLD", None), credential("AKIAUSED", Some(10))],
        password: Some(credential("", Some(1))),
        policies: Vec::new(),
        ..principal("arn:aws:iam::111122223333:user/u", POLICY)
    };
    let linked = PrincipalUse { linked: true, ..principal("arn:aws:iam::111122223333:role/linked", POLICY) };
    *house.principals.0.lock().unwrap() =
        vec![principal("arn:aws:iam::111122223333:role/r", POLICY), linked, user];
    let arn = house.analyzer(5).await;
    assert_eq!(house.findings(&arn).await, []);

    house.clock.advance(Duration::from_secs(11 * DAY));
    let found = house.findings(&arn).await;
    let kinds: Vec<&str> = found.iter().map(|(_, kind, _)| kind.as_str()).collect();
    assert_eq!(kinds, ["UnusedIAMRole", "UnusedIAMUserAccessKey", "UnusedIAMUserPassword"]);
    let key = house.details(&arn, &found[1].0).await;
    let key = key[0].unused_iam_user_access_key_details.clone().unwrap();
    assert_eq!((key.access_key_id.as_str(), key.last_accessed), ("AKIAOLD", None));

    // Use makes an end of it.
    house.principals.0.lock().unwrap()[0].last_used = Some(at(11));
    let role = house.findings(&arn).await.into_iter().find(|(_, kind, _)| kind.as_str() == "UnusedIAMRole");
    assert_eq!(role.unwrap().2, types::FindingStatus::Resolved);

    // What is resolved is kept for 90 days.
    house.principals.0.lock().unwrap().clear();
    assert_eq!(house.findings(&arn).await.len(), 4);
    house.clock.advance(Duration::from_secs(90 * DAY));
    assert_eq!(house.findings(&arn).await.len(), 4);
    house.clock.advance(Duration::from_secs(1));
    assert_eq!(house.findings(&arn).await, []);
}

#[tokio::test]
async fn unused_permissions_and_what_to_do_about_them() {
    let house = House::new();
    let used = PrincipalUse {
        last_used: Some(at(10)),
        actions: vec![("glue:GetTable".into(), at(10))],
        ..principal("arn:aws:iam::111122223333:role/r", POLICY)
    };
    *house.principals.0.lock().unwrap() = vec![used];
    let arn = house.analyzer(5).await;
    house.clock.advance(Duration::from_secs(11 * DAY));
    let [(id, kind, _)] = house.findings(&arn).await.try_into().unwrap();
    assert_eq!(kind, types::FindingType::UnusedPermission);
    let details: Vec<_> = house
        .details(&arn, &id)
        .await
        .into_iter()
        .map(|details| details.unused_permission_details.unwrap())
        .map(|details| {
            let actions =
                details.actions.map(|all| all.into_iter().map(|one| one.action).collect::<Vec<_>>());
            (details.service_namespace, actions)
        })
        .collect();
    // Of STS nothing was used; of Glue one action of two.
    assert_eq!(details, [("glue".into(), Some(vec!["glue:GetTables".into()])), ("sts".into(), None)]);

    let ask = types::GenerateFindingRecommendationRequest { analyzer_arn: arn.clone(), id: id.clone() };
    house.call::<op::GenerateFindingRecommendation>(ask).await.unwrap();
    let get = types::GetFindingRecommendationRequest {
        analyzer_arn: arn.clone(),
        id,
        max_results: None,
        next_token: None,
    };
    let answer = house.call::<op::GetFindingRecommendation>(get).await.unwrap();
    assert_eq!(answer.status, Some(types::Status::Succeeded));
    let [step] = answer.recommended_steps.unwrap().try_into().unwrap();
    let step = step.unused_permissions_recommended_step.unwrap();
    assert_eq!(step.existing_policy_id.as_deref(), Some("data"));
    assert_eq!(step.recommended_action, Some(types::RecommendedRemediationAction::CreatePolicy));
    let policy: serde_json::Value = serde_json::from_str(&step.recommended_policy.unwrap()).unwrap();
    // What no table knows is left alone.
    assert_eq!(policy["Statement"][0]["Action"], serde_json::json!(["glue:GetTable", "unheard:Of"]));

    // Unused in full, a policy is to be detached.
    house.principals.0.lock().unwrap()[0].policies[0].document =
        r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"sts:*","Resource":"*"}}"#
            .to_owned();
    let [(id, ..)] = house.findings(&arn).await.try_into().unwrap();
    let ask = types::GenerateFindingRecommendationRequest { analyzer_arn: arn.clone(), id: id.clone() };
    house.call::<op::GenerateFindingRecommendation>(ask).await.unwrap();
    let get = types::GetFindingRecommendationRequest {
        analyzer_arn: arn.clone(),
        id,
        max_results: None,
        next_token: None,
    };
    let answer = house.call::<op::GetFindingRecommendation>(get.clone()).await.unwrap();
    let step = answer.recommended_steps.unwrap().remove(0).unused_permissions_recommended_step.unwrap();
    assert_eq!(step.recommended_action, Some(types::RecommendedRemediationAction::DetachPolicy));

    // A recommendation goes with its finding.
    house.principals.0.lock().unwrap().clear();
    house.findings(&arn).await;
    house.clock.advance(Duration::from_secs(91 * DAY));
    house.findings(&arn).await;
    let gone = house.call::<op::GetFindingRecommendation>(get).await.unwrap_err();
    assert_eq!(gone.code(), "ResourceNotFoundException");
}

#[tokio::test]
async fn generated_policies_are_kept_for_a_week() {
    let house = House::new();
    let start = || {
        let principal_arn = "arn:aws:iam::111122223333:role/r".into();
        house.call::<op::StartPolicyGeneration>(types::StartPolicyGenerationRequest {
            policy_generation_details: types::PolicyGenerationDetails { principal_arn },
            ..Default::default()
        })
    };
    let get = |job: &str| {
        house.call::<op::GetGeneratedPolicy>(types::GetGeneratedPolicyRequest {
            job_id: job.to_owned(),
            ..Default::default()
        })
    };
    let old = start().await.unwrap().job_id;
    house.clock.advance(Duration::from_secs(7 * DAY));
    get(&old).await.unwrap();
    house.clock.advance(Duration::from_secs(1));
    assert_eq!(get(&old).await.unwrap_err().code(), "ValidationException");
    let new = start().await.unwrap().job_id;
    let all = house.call::<op::ListPolicyGenerations>(Default::default()).await.unwrap().policy_generations;
    assert_eq!(all.into_iter().map(|one| one.job_id).collect::<Vec<_>>(), [new]);
}

#[tokio::test]
async fn pages_of_findings_go_on_while_findings_are_archived() {
    let house = House::new();
    let role = |n: u32| principal(&format!("arn:aws:iam::111122223333:role/r{n}"), POLICY);
    *house.principals.0.lock().unwrap() = (0..5).map(role).collect();
    let arn = house.analyzer(5).await;
    house.clock.advance(Duration::from_secs(11 * DAY));
    let active = types::Criterion { eq: Some(vec!["ACTIVE".into()]), ..Default::default() };
    let (mut seen, mut next_token) = (Vec::new(), None);
    loop {
        let input = types::ListFindingsV2Request {
            analyzer_arn: arn.clone(),
            filter: Some([("status".to_owned(), active.clone())].into()),
            max_results: Some(2),
            next_token,
            ..Default::default()
        };
        let page = house.call::<op::ListFindingsV2>(input).await.unwrap();
        let ids: Vec<String> = page.findings.into_iter().map(|row| row.id).collect();
        seen.extend(ids.clone());
        let archive = types::UpdateFindingsRequest {
            analyzer_arn: arn.clone(),
            ids: Some(ids),
            status: Some(types::FindingStatusUpdate::Archived),
            ..Default::default()
        };
        house.call::<op::UpdateFindings>(archive).await.unwrap();
        next_token = page.next_token;
        if next_token.is_none() {
            break;
        }
    }
    assert_eq!(seen.len(), 5);
}
