use crate::document::{Effect, Statement};
use crate::evaluate::{ContextWatch, Misfit, Nobody, Survey, Verdict, Witness, survey};
use crate::gate::Screen;
use crate::missing;
use crate::named::Reach;
use crate::reasons::{Decision, Miss, Outcome, PolicyReport, StatementReport};
use crate::{Attached, Layer, PolicySet, Principal, Request};

/// The outcome alone, as fast as it can be had. It is that of [`decide`].
#[must_use]
pub fn allows(request: &Request<'_>, set: &PolicySet) -> Outcome {
    let survey = survey(request, set, &mut Nobody);
    outcome(&survey, lacks(request, set, &survey).is_empty())
}

/// The outcome, if it is the same whatever the context of the request: most statements with conditions
/// are about other actions, and a context takes longer to make than the decision.
#[must_use]
pub fn allows_in_any_context(request: &Request<'_>, set: &PolicySet) -> Option<Outcome> {
    let mut watch = ContextWatch::default();
    let survey = survey(request, set, &mut watch);
    (!watch.heeded).then(|| outcome(&survey, lacks(request, set, &survey).is_empty()))
}

/// The decision with every reason ("Policy evaluation logic", "Cross-account policy evaluation
/// logic").
#[must_use]
pub fn decide(request: &Request<'_>, set: &PolicySet) -> Decision {
    let mut scribe = Scribe { request, reports: Vec::new() };
    let survey = survey(request, set, &mut scribe);
    let lacks = lacks(request, set, &survey);
    let policies = scribe.reports;
    Decision {
        outcome: outcome(&survey, lacks.is_empty()),
        principal: request.principal.name().into_owned(),
        action: request.action.to_owned(),
        resource: request.resource.to_owned(),
        cross_account: has_two_sides(request),
        missing: missing::missing(request, set, &survey, &lacks, &policies),
        lacking: lacks,
        policies,
        unlisted: 0,
    }
}

fn outcome(survey: &Survey, complete: bool) -> Outcome {
    match (survey.denied, complete) {
        (true, _) => Outcome::ExplicitDeny,
        (false, true) => Outcome::Allow,
        (false, false) => Outcome::ImplicitDeny,
    }
}

/// Whether the caller's account and the resource's must both agree.
fn has_two_sides(request: &Request<'_>) -> bool {
    request.principal.has_identity() && request.cross_account()
}

/// The layers whose consent is needed and not given, the one that AWS's message names first.
fn lacks(request: &Request<'_>, set: &PolicySet, survey: &Survey) -> Vec<Layer> {
    let mut lacks = Vec::new();
    let mut need = |layer, given: bool| {
        if !given {
            lacks.push(layer);
        }
    };
    need(Layer::ServiceControl, survey.service_control);
    need(Layer::ResourceControl, survey.resource_control);

    let (resource_layer, reach) = match &set.trust {
        Some(_) => (Layer::Trust, survey.trust),
        None => (Layer::Resource, survey.resource),
    };
    if !request.principal.has_identity() {
        need(resource_layer, reach > Reach::No);
        return lacks;
    }
    // Who must agree besides the resource's policy depends, within an account, on how directly
    // that speaks to the caller; a trust policy must speak.
    let two_sides = has_two_sides(request);
    let reach = if !two_sides && reach == Reach::No && resource_layer == Layer::Trust {
        need(Layer::Trust, false);
        trusted(request.principal)
    } else {
        reach
    };
    let (identity, limits) = match (two_sides, reach) {
        (false, Reach::Direct) => (false, false),
        (false, Reach::Role) => (false, true),
        _ => (true, true),
    };
    need(Layer::Identity, !identity || survey.identity);
    need(Layer::Boundary, !limits || survey.boundary);
    need(Layer::Session, !limits || survey.session);
    need(resource_layer, !two_sides || reach > Reach::No);
    lacks
}

/// How directly a trust policy speaks to the caller once it names what [`missing`] proposes.
fn trusted(principal: &Principal) -> Reach {
    match principal {
        Principal::Session { .. } => Reach::Role,
        _ => Reach::Direct,
    }
}

/// Writes down every verdict.
struct Scribe<'a> {
    request: &'a Request<'a>,
    reports: Vec<PolicyReport>,
}

impl Witness for Scribe<'_> {
    const THOROUGH: bool = true;

    fn policy(&mut self, layer: Layer, level: usize, policy: &Attached) {
        let label = (*policy.label).clone();
        self.reports.push(PolicyReport {
            layer,
            level,
            label,
            statements: Vec::new(),
            unlisted: 0,
            withheld: false,
        });
    }

    fn statement(&mut self, statement: &Statement, _: &Screen, verdict: Verdict) {
        let Some(report) = self.reports.last_mut() else { return };
        report.statements.push(StatementReport {
            index: report.statements.len(),
            sid: statement.sid.clone(),
            effect: statement.effect,
            miss: verdict.err().map(|misfit| describe(misfit, statement, self.request)),
            delegates: statement.effect == Effect::Allow && verdict == Ok(Reach::Account),
        });
    }
}

fn describe(misfit: Misfit, statement: &Statement, request: &Request<'_>) -> Miss {
    match misfit {
        Misfit::Action => Miss::Action,
        Misfit::Resource => Miss::Resource {
            wanted: statement.resources().map(str::to_owned).collect(),
            except: statement.resource.as_ref().is_some_and(|part| part.negated),
        },
        Misfit::Principal => Miss::Principal {
            wanted: statement.principals().map(|(kind, value)| format!("{kind}: {value}")).collect(),
            except: statement.principal.as_ref().is_some_and(|named| named.negated),
        },
        Misfit::Condition(place) => match statement.conditions.get(place) {
            Some(condition) => Miss::Condition {
                operator: condition.operator_name().to_owned(),
                key: condition.key_name().to_owned(),
                wanted: condition.wanted().to_vec(),
                actual: condition.actual(request.context).to_vec(),
            },
            None => Miss::Action,
        },
    }
}
