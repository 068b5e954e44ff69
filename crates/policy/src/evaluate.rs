use crate::control;
use crate::document::{Document, Effect, Part, Statement};
use crate::gate::{Gate, Screen};
use crate::named::Reach;
use crate::pattern::{Pattern, fold};
use crate::{Attached, Layer, PolicySet, Request};

/// The first part of a statement that does not fit the request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Misfit {
    Action,
    Resource,
    Principal,
    /// The condition's place in the statement.
    Condition(usize),
}

/// What one statement has to say of the request.
pub(crate) type Verdict = Result<Reach, Misfit>;

/// Sees every verdict as it falls. The fast road has a witness that looks away.
pub(crate) trait Witness {
    /// Whether statements that cannot change the outcome any more must be judged, too.
    const THOROUGH: bool;

    fn policy(&mut self, layer: Layer, level: usize, policy: &Attached);

    fn statement(&mut self, statement: &Statement, screen: &Screen, verdict: Verdict);
}

/// For those who want the outcome only.
pub(crate) struct Nobody;

impl Witness for Nobody {
    const THOROUGH: bool = false;

    fn policy(&mut self, _layer: Layer, _level: usize, _policy: &Attached) {}

    fn statement(&mut self, _statement: &Statement, _screen: &Screen, _verdict: Verdict) {}
}

/// Sees whether the context had any part in the outcome.
#[derive(Default)]
pub(crate) struct ContextWatch {
    pub(crate) heeded: bool,
}

impl Witness for ContextWatch {
    const THOROUGH: bool = false;

    fn policy(&mut self, _layer: Layer, _level: usize, _policy: &Attached) {}

    fn statement(&mut self, _statement: &Statement, screen: &Screen, verdict: Verdict) {
        self.heeded |= screen.contextual && verdict != Err(Misfit::Action);
    }
}

/// What the layers say, before it is decided what that means.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Survey {
    pub(crate) denied: bool,
    pub(crate) service_control: bool,
    pub(crate) resource_control: bool,
    pub(crate) identity: bool,
    pub(crate) boundary: bool,
    pub(crate) session: bool,
    pub(crate) resource: Reach,
    pub(crate) trust: Reach,
}

/// Asks every policy of the set. Without a thorough witness it ends at the first deny.
pub(crate) fn survey<W: Witness>(request: &Request<'_>, set: &PolicySet, witness: &mut W) -> Survey {
    let action = fold(request.action);
    let mut poll = Poll { request, action: &action, gate: Gate::of(&action), denied: false, witness };
    let own = request.principal.has_identity();
    let root = request.principal.is_root();

    let mut service_control = true;
    for (level, policies) in set.service_control.iter().enumerate().filter(|_| own) {
        service_control &= poll.any(Layer::ServiceControl, level, policies) > Reach::No;
    }
    let mut resource_control = true;
    let guarded = control::has_resource_control(request.action);
    for (level, policies) in set.resource_control.iter().enumerate().filter(|_| guarded) {
        resource_control &= poll.any(Layer::ResourceControl, level, policies) > Reach::No;
    }
    let resource = poll.any(Layer::Resource, 0, &set.resource);
    let trust = poll.any(Layer::Trust, 0, &set.trust);
    // Policies attached to the root user do not exist; it is its account.
    let identity = root || (own && poll.any(Layer::Identity, 0, &set.identity) > Reach::No);
    let bounded = own && !root && set.boundary.is_some();
    let boundary = !bounded || poll.any(Layer::Boundary, 0, &set.boundary) > Reach::No;
    let limited = own && !set.session.is_empty();
    let session = !limited || poll.any(Layer::Session, 0, &set.session) > Reach::No;
    let denied = poll.denied;
    Survey { denied, service_control, resource_control, identity, boundary, session, resource, trust }
}

struct Poll<'a, W> {
    request: &'a Request<'a>,
    action: &'a str,
    gate: Gate,
    denied: bool,
    witness: &'a mut W,
}

impl<W: Witness> Poll<'_, W> {
    /// How directly any of the policies allows; notes whether any denies.
    fn any<'p>(
        &mut self,
        layer: Layer,
        level: usize,
        policies: impl IntoIterator<Item = &'p Attached>,
    ) -> Reach {
        let mut best = Reach::No;
        for policy in policies {
            let Document { statements, screens, allows, denies, .. } = &*policy.document;
            if !W::THOROUGH {
                let undecided = best < Reach::Direct && allows.meets(self.gate);
                if self.denied {
                    break;
                } else if !undecided && !denies.meets(self.gate) {
                    continue;
                }
            }
            self.witness.policy(layer, level, policy);
            for (statement, screen) in statements.iter().zip(screens) {
                if !W::THOROUGH {
                    let decided = screen.effect == Effect::Allow && best == Reach::Direct;
                    if decided || !screen.passes(self.gate, self.request.resource) {
                        continue;
                    }
                }
                let verdict = judge(statement, layer, self.request, self.action);
                self.witness.statement(statement, screen, verdict);
                match (statement.effect, verdict) {
                    (Effect::Allow, Ok(reach)) => best = best.max(reach),
                    (Effect::Deny, Ok(_)) => self.denied = true,
                    (_, Err(_)) => {}
                }
            }
        }
        best
    }
}

/// Whether the statement applies to the request, and how directly it speaks to the caller.
/// `action` is the request's in lower case.
fn judge(statement: &Statement, layer: Layer, request: &Request<'_>, action: &str) -> Verdict {
    let context = request.context;
    let actions = statement.action.as_ref().ok_or(Misfit::Action)?;
    if !covers(actions, |pattern| pattern.fits_folded(action, context)) {
        return Err(Misfit::Action);
    }
    let resource_fits = match &statement.resource {
        Some(part) => covers(part, |pattern| pattern.fits(request.resource, context)),
        // The role is the resource of its trust policy.
        None => layer == Layer::Trust,
    };
    if !resource_fits {
        return Err(Misfit::Resource);
    }
    let reach = reach(statement, layer, request);
    if reach == Reach::No {
        return Err(Misfit::Principal);
    }
    match statement.conditions.iter().position(|condition| !condition.holds(context)) {
        Some(failed) => Err(Misfit::Condition(failed)),
        None => Ok(reach),
    }
}

/// Whether the statement is about the request's action, resource and principal, policy variables
/// without a value taken to fit.
pub(crate) fn may_apply(statement: &Statement, layer: Layer, request: &Request<'_>) -> bool {
    let fits = |part: &Part, text: &str| {
        let may = |pattern: &Pattern| !part.negated && pattern.may_fit(text, request.context);
        covers(part, |pattern| pattern.fits(text, request.context)) || part.patterns.iter().any(may)
    };
    statement.action.as_ref().is_some_and(|part| fits(part, request.action))
        && statement.resource.as_ref().map_or(layer == Layer::Trust, |part| fits(part, request.resource))
        && reach(statement, layer, request) > Reach::No
}

/// How directly the statement speaks to the caller.
fn reach(statement: &Statement, layer: Layer, request: &Request<'_>) -> Reach {
    match (&statement.principal, layer) {
        (Some(named), _) => named.reach(request, statement.effect),
        (None, Layer::Resource | Layer::Trust | Layer::ResourceControl) => Reach::No,
        (None, _) => Reach::Direct,
    }
}

fn covers(part: &Part, fits: impl Fn(&Pattern) -> bool) -> bool {
    part.patterns.iter().any(fits) != part.negated
}
