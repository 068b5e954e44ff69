//! The policy simulator: what the evaluator would say, for policies and requests that are only thought of
//! ("IAM policy testing with the IAM policy simulator").

use std::sync::Arc;

use mastic_api_iam::iam::{op, types as t};
use mastic_core::{AccountId, Arn, Fault};
use mastic_kernel::{Ctx, Registry};
use mastic_policy::{Attached, Context, Document, Label, PolicyKind, PolicySet, Principal};

use crate::faults::{invalid_input, no_such};
use crate::names::{self, split};
use crate::page::Page;
use crate::principals::Known;
use crate::simulate_answer::Scenario;
use crate::{Iam, access, simulate_context};

/// The name that AWS gives the documents of a request, and the number after it.
const INPUT: &str = "PolicyInputList";
const BOUNDARY: &str = "PermissionsBoundaryPolicyInputList";
pub(crate) const RESOURCE: &str = "ResourcePolicy";

/// Serves the operations.
pub(crate) fn register(iam: &Arc<Iam>, registry: &mut Registry) {
    registry.on::<op::SimulateCustomPolicy, _, _>(|_, _| access::everywhere::<op::SimulateCustomPolicy>(), {
        let iam = Arc::clone(iam);
        move |ctx, i| std::future::ready(custom(&iam, &ctx, i))
    });
    registry.on::<op::SimulatePrincipalPolicy, _, _>(
        |call, i| access::on_policy::<op::SimulatePrincipalPolicy>(call, &i.policy_source_arn),
        {
            let iam = Arc::clone(iam);
            move |ctx, i| std::future::ready(principal(&iam, &ctx, i))
        },
    );
    registry.on::<op::GetContextKeysForCustomPolicy, _, _>(
        |_, _| access::everywhere::<op::GetContextKeysForCustomPolicy>(),
        |_, i: t::GetContextKeysForCustomPolicyRequest| {
            std::future::ready(inputs(INPUT, Some(i.policy_input_list)).map(|policies| keys_of(&policies)))
        },
    );
    registry.on::<op::GetContextKeysForPrincipalPolicy, _, _>(
        |call, i| access::on_policy::<op::GetContextKeysForPrincipalPolicy>(call, &i.policy_source_arn),
        {
            let iam = Arc::clone(iam);
            move |ctx, i| std::future::ready(principal_keys(&iam, &ctx, i))
        },
    );
}

/// The members that both simulations have.
struct Question {
    actions: Vec<String>,
    resources: Option<Vec<String>>,
    policies: Option<Vec<String>>,
    boundaries: Option<Vec<String>>,
    resource_policy: Option<String>,
    resource_owner: Option<String>,
    caller: Option<String>,
    entries: Option<Vec<t::ContextEntry>>,
    handling: Option<String>,
    page: Page,
}

/// Whose policies are simulated.
struct Source {
    arn: Arn,
    known: Arc<Known>,
}

fn custom(
    iam: &Iam,
    ctx: &Ctx,
    input: t::SimulateCustomPolicyRequest,
) -> Result<t::SimulatePolicyResponse, Fault> {
    let question = Question {
        page: Page::new(input.marker.as_deref(), input.max_items)?,
        actions: input.action_names,
        resources: input.resource_arns,
        policies: Some(input.policy_input_list),
        boundaries: input.permissions_boundary_policy_input_list,
        resource_policy: input.resource_policy,
        resource_owner: input.resource_owner,
        caller: input.caller_arn,
        entries: input.context_entries,
        handling: input.resource_handling_option,
    };
    simulate(iam, ctx, None, question)
}

fn principal(
    iam: &Iam,
    ctx: &Ctx,
    input: t::SimulatePrincipalPolicyRequest,
) -> Result<t::SimulatePolicyResponse, Fault> {
    let source = source(iam, ctx, &input.policy_source_arn)?;
    let question = Question {
        page: Page::new(input.marker.as_deref(), input.max_items)?,
        actions: input.action_names,
        resources: input.resource_arns,
        policies: input.policy_input_list,
        boundaries: input.permissions_boundary_policy_input_list,
        resource_policy: input.resource_policy,
        resource_owner: input.resource_owner,
        caller: input.caller_arn,
        entries: input.context_entries,
        handling: input.resource_handling_option,
    };
    simulate(iam, ctx, Some(source), question)
}

/// The user, group or role of an ARN.
fn source(iam: &Iam, ctx: &Ctx, text: &str) -> Result<Source, Fault> {
    let unclear =
        || invalid_input(format!("Invalid Entity Arn: {text} does not clearly define entity type and name."));
    let arn = text.parse::<Arn>().map_err(|_| unclear())?;
    let (kind, name) = match split(arn.resource()) {
        Some((kind @ ("user" | "group" | "role"), _, name)) if arn.service() == "iam" => (kind, name),
        _ => return Err(unclear()),
    };
    let own = arn.account() == ctx.account()?.as_str();
    let known = if own { iam.known(&arn)? } else { None };
    match known {
        Some(known) => Ok(Source { arn, known }),
        None => Err(no_such(format!("The {kind} with name {name} cannot be found."))),
    }
}

fn simulate(
    iam: &Iam,
    ctx: &Ctx,
    source: Option<Source>,
    question: Question,
) -> Result<t::SimulatePolicyResponse, Fault> {
    if question.handling.is_some() {
        return Err(invalid_input(
            "ResourceHandlingOption tells what an Amazon EC2 instance is launched with, and this server has no EC2.",
        ));
    }
    for action in &question.actions {
        must_be_action(action)?;
    }
    let account = ctx.account()?;
    let caller = caller(question.caller.as_deref(), source.as_ref())?;
    if question.resource_policy.is_some() && caller.is_none() {
        return Err(invalid_input(
            "CallerArn is required where a ResourcePolicy is given and no user's policies are simulated.",
        ));
    }
    let principal = caller.clone().unwrap_or_else(|| stand_in(account, source.as_ref()));
    let mut set = PolicySet::default();
    if let Some(source) = &source {
        set.identity.clone_from(&source.known.identity);
        set.boundary.clone_from(&source.known.boundary);
    }
    let place = match &source {
        Some(_) => iam.place(account)?,
        None => None,
    };
    if let Some(place) = &place {
        set.service_control.clone_from(&place.service_control);
    }
    set.identity.extend(inputs(INPUT, question.policies)?);
    let mut boundaries = inputs(BOUNDARY, question.boundaries)?;
    if boundaries.len() > 1 {
        return Err(invalid_input("PermissionsBoundaryPolicyInputList can have one policy only."));
    }
    set.boundary = boundaries.pop().or(set.boundary);
    set.resource = match question.resource_policy {
        Some(json) => Some(labelled(RESOURCE.to_owned(), PolicyKind::Resource, &json)?),
        None => None,
    };
    let owner = question.resource_owner.as_deref().map(owner).transpose()?;
    let mut context = facts(iam, &principal, caller.is_some() || source.is_some())?;
    if let Some(place) = &place {
        place.describe("Principal", &mut context);
    }
    simulate_context::add(&mut context, question.entries.unwrap_or_default())?;
    let scenario = Scenario { principal, set, context, owner, named: caller.is_some() || source.is_some() };

    let everything = || vec!["*".to_owned()];
    let resources = question.resources.filter(|list| !list.is_empty()).unwrap_or_else(everything);
    for resource in &resources {
        must_be_resource(resource)?;
    }
    let pairs = question.actions.iter().flat_map(|action| resources.iter().map(move |on| (action, on)));
    let rows = pairs.enumerate().map(|(place, pair)| Ok((format!("{place:08}"), pair)));
    let listed = question.page.take(rows)?;
    let results = listed.items.into_iter().map(|(action, resource)| scenario.evaluate(action, resource));
    Ok(t::SimulatePolicyResponse {
        evaluation_results: Some(results.collect()),
        is_truncated: listed.truncated,
        marker: listed.marker,
    })
}

/// The user whose call is simulated: the one named or, when a user's policies are, that user.
fn caller(named: Option<&str>, source: Option<&Source>) -> Result<Option<Principal>, Fault> {
    let user = |arn: &Arn| matches!(split(arn.resource()), Some(("user", ..))) && arn.service() == "iam";
    match (named, source) {
        (Some(text), _) => match text.parse::<Arn>() {
            Ok(arn) if user(&arn) => Ok(Some(Principal::User { arn })),
            _ => Err(invalid_input(format!("CallerArn {text} is not the ARN of an IAM user."))),
        },
        (None, Some(source)) if user(&source.arn) => Ok(Some(Principal::User { arn: source.arn.clone() })),
        (None, _) => Ok(None),
    }
}

/// Who calls where nobody is named: a session of the role, or somebody of the account.
fn stand_in(account: &AccountId, source: Option<&Source>) -> Principal {
    match source.map(|source| (&source.arn, split(source.arn.resource()))) {
        Some((arn, Some(("role", _, name)))) => {
            Principal::Session { role: arn.clone(), session: names::session_arn(account, name, "simulation") }
        }
        _ => Principal::User { arn: names::arn(account, "user", "/", "simulation") },
    }
}

/// What is known of the caller, as conditions see it.
fn facts(iam: &Iam, principal: &Principal, named: bool) -> Result<Context, Fault> {
    let arn = match principal {
        Principal::User { arn } if named => arn,
        Principal::Session { role, .. } => role,
        _ => return Ok(Context::new()),
    };
    let mut context = Context::of(principal);
    if let Some(known) = iam.known(arn)? {
        for (key, value) in &known.tags {
            context.set(&format!("aws:PrincipalTag/{key}"), value.as_str());
        }
        if matches!(principal, Principal::User { .. }) {
            context.set("aws:userid", known.id.as_str());
        }
    }
    Ok(context)
}

fn must_be_action(action: &str) -> Result<(), Fault> {
    let letters = |text: &str| {
        !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'))
    };
    match action.split_once(':') {
        Some((service, name)) if letters(service) && letters(name) => Ok(()),
        _ => Err(invalid_input(format!(
            "Invalid Action Name: {action}. Each action must be service:action, without wildcards."
        ))),
    }
}

fn must_be_resource(resource: &str) -> Result<(), Fault> {
    if resource == "*" || (resource.starts_with("arn:") && resource.splitn(6, ':').count() == 6) {
        return Ok(());
    }
    Err(invalid_input(format!("Invalid Resource Arn: {resource} must be an ARN or *.")))
}

/// The account of `arn:aws:iam::123456789012:root`.
fn owner(text: &str) -> Result<AccountId, Fault> {
    let arn = text.parse::<Arn>().ok().filter(|arn| arn.service() == "iam");
    arn.and_then(|arn| arn.account_id())
        .ok_or_else(|| invalid_input(format!("ResourceOwner {text} is not the ARN of an account.")))
}

/// The documents of a request, numbered from 1 as AWS numbers them.
fn inputs(name: &str, documents: Option<Vec<String>>) -> Result<Vec<Attached>, Fault> {
    let numbered = documents.into_iter().flatten().enumerate();
    numbered
        .map(|(place, json)| labelled(format!("{name}.{}", place + 1), PolicyKind::Inline, &json))
        .collect()
}

fn labelled(name: String, kind: PolicyKind, json: &str) -> Result<Attached, Fault> {
    let document = Document::parse(json).map_err(|error| invalid_input(format!("{name}: {error}")))?;
    Ok(Attached::new(Label { account: None, kind, name, arn: None, attached_to: String::new() }, document))
}

fn keys_of(policies: &[Attached]) -> t::GetContextKeysForPolicyResponse {
    let mut keys: Vec<String> = Vec::new();
    for key in policies.iter().flat_map(|policy| policy.document.context_keys()) {
        if !keys.iter().any(|known| known.eq_ignore_ascii_case(&key)) {
            keys.push(key);
        }
    }
    t::GetContextKeysForPolicyResponse { context_key_names: Some(keys) }
}

fn principal_keys(
    iam: &Iam,
    ctx: &Ctx,
    input: t::GetContextKeysForPrincipalPolicyRequest,
) -> Result<t::GetContextKeysForPolicyResponse, Fault> {
    let source = source(iam, ctx, &input.policy_source_arn)?;
    let mut policies = source.known.identity.clone();
    policies.extend(source.known.boundary.clone());
    policies.extend(inputs(INPUT, input.policy_input_list)?);
    Ok(keys_of(&policies))
}
