//! Policy generation: the least policy for what a user or role really did ("IAM Access Analyzer policy generation").

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use mastic_api_iam::accessanalyzer::types::{
    CancelPolicyGenerationRequest, CancelPolicyGenerationResponse, CloudTrailDetails, CloudTrailProperties,
    GeneratedPolicy, GeneratedPolicyProperties, GeneratedPolicyResult, GetGeneratedPolicyRequest,
    GetGeneratedPolicyResponse, JobDetails, JobStatus, ListPolicyGenerationsRequest,
    ListPolicyGenerationsResponse, PolicyGeneration, StartPolicyGenerationRequest,
    StartPolicyGenerationResponse, TrailProperties,
};
use mastic_api_iam::authorization;
use mastic_core::{AccountId, Arn, Fault, Timestamp};
use mastic_kernel::{Access, Call, Ctx, Need};
use mastic_policy::compare::resource_within;
use mastic_store::{Keyspace, Record};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::faults::validation;
use crate::page::page;
use crate::usage;

/// How far back it is looked at most, as AWS does.
const LONGEST: Duration = Duration::from_secs(90 * 24 * 60 * 60);

/// How long AWS keeps a generated policy.
const KEPT: Duration = Duration::from_secs(7 * 24 * 60 * 60);

/// The longest managed policy, without white space.
const POLICY: usize = 6_144;

/// A generation with what it saw.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct GenerationRecord {
    principal: String,
    started: Timestamp,
    completed: Timestamp,
    from: Timestamp,
    to: Timestamp,
    trail: Option<CloudTrailDetails>,
    /// Actions with their resources.
    used: BTreeMap<String, BTreeSet<String>>,
}

impl Record for GenerationRecord {
    const VERSION: u16 = 1;
}

/// Account, region, job.
const GENERATIONS: Keyspace<(AccountId, String, String), GenerationRecord> =
    Keyspace::new("analyzer.generation");

/// Who names a role to read trails with must be allowed to pass it.
pub(crate) fn access(_: &Call, input: &StartPolicyGenerationRequest) -> Result<Access, Fault> {
    let mut needs = vec![Need::new("access-analyzer:StartPolicyGeneration", "*")];
    if let Some(trail) = &input.cloud_trail_details {
        let pass = Need::new("iam:PassRole", &trail.access_role);
        needs.push(pass.with("iam:PassedToService", ["access-analyzer.amazonaws.com"]));
    }
    Ok(Access::All(needs))
}

pub(crate) async fn start(
    ctx: Ctx,
    input: StartPolicyGenerationRequest,
) -> Result<StartPolicyGenerationResponse, Fault> {
    let account = ctx.account()?.clone();
    let text = input.policy_generation_details.principal_arn;
    let principal: Arn = text.parse().map_err(|_| validation(format!("Invalid principal ARN: {text}")))?;
    if principal.account() != account.as_str() {
        return Err(validation(format!("The principal {text} is not of this account.")));
    }
    let (now, oldest) = (ctx.now(), ctx.now().minus(LONGEST));
    let trail = input.cloud_trail_details;
    let from = trail.as_ref().map_or(oldest, |trail| trail.start_time);
    let to = trail.as_ref().and_then(|trail| trail.end_time).unwrap_or(now).min(now);
    if from >= to || to.since(from) > LONGEST {
        return Err(validation("The time range must be positive and at most 90 days long."));
    }
    // What came in within this very moment counts, too.
    let behind = if to == now { now.plus(Duration::from_millis(1)) } else { to };
    let used = usage::of_one(&ctx, &account, principal.as_str(), from.max(oldest), behind).await?;
    let job = ctx.entropy().uuid();
    let record = GenerationRecord {
        principal: principal.to_string(),
        started: now,
        completed: ctx.kernel().clock().now(),
        from,
        to,
        trail,
        used,
    };
    let key = (account, ctx.region().to_string(), job.clone());
    ctx.write(move |tx| {
        GENERATIONS.clear_where(tx, GENERATIONS.prefix((&key.0,)), |record| !is_kept(record, now))?;
        Ok::<_, Fault>(GENERATIONS.put(tx, &key, &record)?)
    })
    .await?;
    Ok(StartPolicyGenerationResponse { job_id: job })
}

fn is_kept(record: &GenerationRecord, now: Timestamp) -> bool {
    record.started >= now.minus(KEPT)
}

fn load(ctx: &Ctx, job: &str) -> Result<GenerationRecord, Fault> {
    let key = (ctx.account()?.clone(), ctx.region().to_string(), job.to_owned());
    let record = ctx.read(|tx| GENERATIONS.get(tx, &key).map_err(Fault::from))?;
    let record = record.filter(|record| is_kept(record, ctx.now()));
    record.ok_or_else(|| validation(format!("There is no policy generation {job}.")))
}

/// Generations end as they begin: there is nothing left to cancel, and that is no error.
pub(crate) fn cancel(
    ctx: &Ctx,
    input: &CancelPolicyGenerationRequest,
) -> Result<CancelPolicyGenerationResponse, Fault> {
    load(ctx, &input.job_id)?;
    Ok(CancelPolicyGenerationResponse {})
}

pub(crate) fn list(
    ctx: &Ctx,
    input: &ListPolicyGenerationsRequest,
) -> Result<ListPolicyGenerationsResponse, Fault> {
    let account = ctx.account()?;
    let rows = ctx.read(|tx| {
        let mut rows = BTreeMap::new();
        for row in GENERATIONS.scan_prefix(tx, (account, ctx.region().as_str())) {
            let ((_, _, job_id), record) = row?;
            let wanted = input.principal_arn.as_ref().is_none_or(|arn| *arn == record.principal);
            if wanted && is_kept(&record, ctx.now()) {
                let generation = PolicyGeneration {
                    job_id: job_id.clone(),
                    principal_arn: record.principal,
                    status: Some(JobStatus::Succeeded),
                    started_on: record.started,
                    completed_on: Some(record.completed),
                };
                rows.insert((Reverse(record.started), job_id), generation);
            }
        }
        Ok::<_, Fault>(rows)
    })?;
    let (policy_generations, next_token) = page(rows, input.max_results, input.next_token.as_deref())?;
    Ok(ListPolicyGenerationsResponse { policy_generations, next_token })
}

pub(crate) fn get(ctx: &Ctx, input: &GetGeneratedPolicyRequest) -> Result<GetGeneratedPolicyResponse, Fault> {
    let record = load(ctx, &input.job_id)?;
    let placeholders = input.include_resource_placeholders == Some(true);
    let mut policies = documents(&record.used, placeholders);
    if input.include_service_level_template == Some(true) && !record.used.is_empty() {
        policies.push(services(&record.used));
    }
    let trail = record.trail.map(|trail| CloudTrailProperties {
        trail_properties: trail
            .trails
            .into_iter()
            .map(|trail| TrailProperties {
                cloud_trail_arn: trail.cloud_trail_arn,
                regions: trail.regions,
                all_regions: trail.all_regions,
            })
            .collect(),
        start_time: record.from,
        end_time: record.to,
    });
    Ok(GetGeneratedPolicyResponse {
        job_details: JobDetails {
            job_id: input.job_id.clone(),
            status: Some(JobStatus::Succeeded),
            started_on: record.started,
            completed_on: Some(record.completed),
            job_error: None,
        },
        generated_policy_result: GeneratedPolicyResult {
            properties: GeneratedPolicyProperties {
                is_complete: Some(true),
                principal_arn: record.principal,
                cloud_trail_properties: trail,
            },
            generated_policies: Some(policies.into_iter().map(|policy| GeneratedPolicy { policy }).collect()),
        },
    })
}

/// The services that were used, each with all of its actions.
fn services(used: &BTreeMap<String, BTreeSet<String>>) -> String {
    let prefixes: BTreeSet<&str> = used.keys().filter_map(|action| action.split(':').next()).collect();
    let actions: Vec<String> = prefixes.into_iter().map(|prefix| format!("{prefix}:*")).collect();
    document(&[json!({"Effect": "Allow", "Action": actions, "Resource": "*"})])
}

fn document(statements: &[Value]) -> String {
    json!({"Version": "2012-10-17", "Statement": statements}).to_string()
}

/// What was used as policies, as many as their size asks for.
fn documents(used: &BTreeMap<String, BTreeSet<String>>, placeholders: bool) -> Vec<String> {
    // Actions with the same resources share a statement.
    let mut shared: BTreeMap<Vec<String>, Vec<&str>> = BTreeMap::new();
    for (action, resources) in used {
        let service = action.split(':').next().unwrap_or_default();
        let resources = if placeholders { forms(action) } else { narrowed(service, resources) };
        shared.entry(resources).or_default().push(action);
    }
    let mut documents = Vec::new();
    let mut statements: Vec<Value> = Vec::new();
    for (resources, actions) in shared {
        let statement = json!({"Effect": "Allow", "Action": actions, "Resource": resources});
        let size: usize = statements.iter().chain([&statement]).map(|s| s.to_string().len() + 1).sum();
        if size + 64 > POLICY && !statements.is_empty() {
            documents.push(document(&statements));
            statements.clear();
        }
        statements.push(statement);
    }
    if !statements.is_empty() {
        documents.push(document(&statements));
    }
    documents
}

/// The forms of the resources that the action knows, for somebody to fill in.
fn forms(action: &str) -> Vec<String> {
    let prefix = action.split(':').next().unwrap_or_default().to_lowercase();
    let (Some(service), Some(known)) = (authorization::service(&prefix), authorization::action(action))
    else {
        return vec!["*".to_owned()];
    };
    let types = known.resources.iter().filter_map(|(name, _)| service.resources.get(name));
    let mut forms: Vec<String> = types.map(|kind| kind.arn.replace("${Partition}", "aws")).collect();
    if forms.is_empty() {
        forms.push("*".to_owned());
    }
    forms.sort();
    forms
}

/// The resources as patterns. Objects and log streams have names that are new with each run; their siblings are
/// granted with them.
fn narrowed(service: &str, resources: &BTreeSet<String>) -> Vec<String> {
    let patterns: BTreeSet<String> = resources.iter().map(|resource| pattern(service, resource)).collect();
    let within = |one: &String| patterns.iter().any(|other| other != one && resource_within(one, other));
    patterns.iter().filter(|one| !within(one)).cloned().collect()
}

fn pattern(service: &str, resource: &str) -> String {
    if resource == "*" {
        return resource.to_owned();
    }
    // What the name itself has of these is no pattern.
    let literal = resource.replace("${", "${$}{").replace('*', "${*}").replace('?', "${?}");
    match service {
        "s3" => match literal.rsplit_once('/') {
            Some((folder, _)) => format!("{folder}/*"),
            None => literal,
        },
        "logs" => match literal.split_once(":log-stream:") {
            Some((group, _)) => format!("{group}:log-stream:*"),
            None => literal,
        },
        _ => literal,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn actions_with_the_same_resources_share_a_statement() {
        let set = |resources: &[&str]| resources.iter().map(|r| (*r).to_owned()).collect::<BTreeSet<_>>();
        let used = BTreeMap::from([
            ("s3:GetObject".to_owned(), set(&["arn:aws:s3:::b/in/a.csv", "arn:aws:s3:::b/in/b*.csv"])),
            ("s3:PutObject".to_owned(), set(&["arn:aws:s3:::b/in/c"])),
            ("glue:GetTable".to_owned(), set(&["arn:aws:glue:r:1:table/d/t"])),
        ]);
        let [document] = documents(&used, false).try_into().unwrap();
        let document: Value = serde_json::from_str(&document).unwrap();
        assert_eq!(
            document["Statement"],
            json!([
                {"Effect": "Allow", "Action": ["glue:GetTable"], "Resource": ["arn:aws:glue:r:1:table/d/t"]},
                {"Effect": "Allow", "Action": ["s3:GetObject", "s3:PutObject"], "Resource": ["arn:aws:s3:::b/in/*"]},
            ])
        );
        let [document] = documents(&used, true).try_into().unwrap();
        assert!(document.contains("arn:aws:s3:::${BucketName}/${ObjectName}"), "{document}");
        assert_eq!(pattern("glue", "arn:${x}*?"), "arn:${$}{x}${*}${?}");
    }

    #[test]
    fn long_policies_are_split() {
        let many = (0..200).map(|n| {
            (
                format!("glue:Action{n}"),
                BTreeSet::from([format!("arn:aws:glue:eu-west-1:111122223333:table/d/t{n}")]),
            )
        });
        let all = documents(&many.collect(), false);
        assert!(all.len() > 1 && all.iter().all(|text| text.len() <= POLICY));
    }
}
