//! A second evaluator, as plain as AWS's pages read and as slow: it walks the JSON for each
//! request. It shares nothing with the crate but the words of questions and answers. The fuzz
//! targets use it, too.

pub mod cases;
mod compare;

use std::collections::BTreeSet;

use mastic_policy::{Layer, Outcome, Principal, Request};
use serde_json::Value;

use compare::{expand, glob, lower};

/// The documents that bear on a request, as JSON.
#[derive(Debug, Clone, Default)]
pub struct Documents {
    pub identity: Vec<Value>,
    pub boundary: Option<Value>,
    pub session: Vec<Value>,
    pub resource: Option<Value>,
    pub trust: Option<Value>,
    pub service_control: Vec<Vec<Value>>,
    pub resource_control: Vec<Vec<Value>>,
}

/// A statement: its layer, level, policy within the level, place in the policy.
pub type Place = (Layer, usize, usize, usize);

/// What becomes of a request, and which statements applied to it.
#[derive(Debug, PartialEq, Eq)]
pub struct Answer {
    pub outcome: Outcome,
    pub matched: BTreeSet<Place>,
}

/// To what an `Allow` speaks: the caller's account, the role behind it, the caller itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Speaks {
    Account,
    Role,
    Caller,
}

/// "Policy evaluation logic" and "Cross-account policy evaluation logic".
pub fn answer(documents: &Documents, request: &Request<'_>) -> Answer {
    let mut poll = Poll { request, denied: false, matched: BTreeSet::new() };
    let caller_has_account = account(request.principal).is_some();
    let is_root = matches!(request.principal, Principal::Root { .. });

    // Organizations: every level must allow.
    let mut organization = true;
    if caller_has_account {
        for (level, policies) in documents.service_control.iter().enumerate() {
            organization &= poll.allow(Layer::ServiceControl, level, policies).is_some();
        }
    }
    let services = "s3 sts kms sqs secretsmanager ecr aoss cognito-idp cognito-identity dynamodb logs";
    let service = lower(request.action).split(':').next().unwrap().to_owned();
    if services.split(' ').any(|own| own == service) {
        for (level, policies) in documents.resource_control.iter().enumerate() {
            organization &= poll.allow(Layer::ResourceControl, level, policies).is_some();
        }
    }
    let resource = poll.allow(Layer::Resource, 0, &documents.resource);
    let trust = poll.allow(Layer::Trust, 0, &documents.trust);
    let (mut identity, mut boundary, mut session) = (true, true, true);
    if caller_has_account {
        if !is_root {
            identity = poll.allow(Layer::Identity, 0, &documents.identity).is_some();
            if documents.boundary.is_some() {
                boundary = poll.allow(Layer::Boundary, 0, &documents.boundary).is_some();
            }
        }
        if !documents.session.is_empty() {
            session = poll.allow(Layer::Session, 0, &documents.session).is_some();
        }
    }

    let owner = request
        .resource_account
        .map(|account| account.as_str().to_owned())
        .or_else(|| {
            let part = request.resource.split(':').nth(4)?;
            (part.len() == 12 && part.chars().all(|c| c.is_ascii_digit())).then(|| part.to_owned())
        })
        .or_else(|| account(request.principal).map(str::to_owned));
    let theirs = if documents.trust.is_some() { trust } else { resource };
    let allowed = if !caller_has_account {
        theirs.is_some()
    } else if owner.as_deref() != account(request.principal) {
        theirs.is_some() && identity && boundary && session
    } else if documents.trust.is_some() && theirs.is_none() {
        false
    } else {
        match theirs {
            Some(Speaks::Caller) => true,
            Some(Speaks::Role) => boundary && session,
            Some(Speaks::Account) | None => identity && boundary && session,
        }
    };
    let outcome = match (poll.denied, organization && allowed) {
        (true, _) => Outcome::ExplicitDeny,
        (false, true) => Outcome::Allow,
        (false, false) => Outcome::ImplicitDeny,
    };
    Answer { outcome, matched: poll.matched }
}

struct Poll<'a> {
    request: &'a Request<'a>,
    denied: bool,
    matched: BTreeSet<Place>,
}

impl Poll<'_> {
    /// The most direct permission that the policies give.
    fn allow<'v>(
        &mut self,
        layer: Layer,
        level: usize,
        policies: impl IntoIterator<Item = &'v Value>,
    ) -> Option<Speaks> {
        let mut best = None;
        for (policy, document) in policies.into_iter().enumerate() {
            let variables = document["Version"] == "2012-10-17";
            for (index, statement) in list(&document["Statement"]).into_iter().enumerate() {
                let Some(speaks) = self.applies(statement, layer, variables) else { continue };
                self.matched.insert((layer, level, policy, index));
                if statement["Effect"] == "Deny" {
                    self.denied = true;
                } else {
                    best = best.max(Some(speaks));
                }
            }
        }
        best
    }

    fn applies(&self, statement: &Value, layer: Layer, variables: bool) -> Option<Speaks> {
        let request = self.request;
        let action =
            |wanted: &str| glob(&expand(&lower(wanted), true, None).unwrap(), &lower(request.action));
        if !element(statement, "Action", action)? {
            return None;
        }
        let context = variables.then_some(request.context);
        let resource = |wanted: &str| {
            expand(wanted, true, context).is_some_and(|wanted| glob(&wanted, request.resource))
        };
        match element(statement, "Resource", resource) {
            Some(fits) if !fits => return None,
            None if layer != Layer::Trust => return None,
            _ => {}
        }
        let speaks = match layer {
            Layer::Resource | Layer::Trust | Layer::ResourceControl => speaks(statement, request)?,
            _ => Speaks::Caller,
        };
        compare::conditions(&statement["Condition"], request.context, variables).then_some(speaks)
    }
}

/// Whether an element such as `Action`, or its `Not` form, covers the request; nothing where the
/// statement has neither.
fn element(statement: &Value, name: &str, fits: impl Fn(&str) -> bool) -> Option<bool> {
    if let Some(wanted) = statement.get(name) {
        return Some(list(wanted).into_iter().any(|text| fits(text.as_str().unwrap())));
    }
    let excepted = statement.get(format!("Not{name}"))?;
    Some(!list(excepted).into_iter().any(|text| fits(text.as_str().unwrap())))
}

/// "AWS JSON policy elements: Principal" and "NotPrincipal".
fn speaks(statement: &Value, request: &Request<'_>) -> Option<Speaks> {
    if let Some(principal) = statement.get("Principal") {
        return entries(principal).iter().filter_map(|(kind, value)| names(kind, value, request)).max();
    }
    let excepted: Vec<Speaks> = entries(statement.get("NotPrincipal")?)
        .iter()
        .filter_map(|(kind, value)| names(kind, value, request))
        .collect();
    let everyone =
        entries(&statement["NotPrincipal"]).iter().any(|(kind, value)| kind == "AWS" && value == "*");
    let exempt = if statement["Effect"] == "Allow" {
        !excepted.is_empty()
    } else {
        // Whoever is to be spared must be listed with all that it is.
        let needed: &[Speaks] = match request.principal {
            Principal::User { .. } => &[Speaks::Account, Speaks::Caller],
            Principal::Session { .. } | Principal::FederatedUser { .. } => {
                &[Speaks::Account, Speaks::Role, Speaks::Caller]
            }
            _ => &[Speaks::Caller],
        };
        everyone || needed.iter().all(|needed| excepted.contains(needed))
    };
    (!exempt).then_some(Speaks::Caller)
}

fn entries(principal: &Value) -> Vec<(String, String)> {
    match principal {
        Value::Object(kinds) => kinds
            .iter()
            .flat_map(|(kind, values)| {
                list(values).into_iter().map(|value| (kind.clone(), value.as_str().unwrap().to_owned()))
            })
            .collect(),
        _ => vec![("AWS".to_owned(), "*".to_owned())],
    }
}

fn names(kind: &str, value: &str, request: &Request<'_>) -> Option<Speaks> {
    if (kind, value) == ("AWS", "*") {
        return Some(Speaks::Caller);
    }
    let when = |is: bool, speaks| is.then_some(speaks);
    let own_account = account(request.principal);
    let names_account = kind == "AWS"
        && own_account.is_some_and(|own| value == own || value == format!("arn:aws:iam::{own}:root"));
    let id = request.context.get("aws:userid").first().map(String::as_str).unwrap_or_default();
    let (id, name) = id.split_once(':').unwrap_or((id, ""));
    let is_id = kind == "AWS" && value == id && value.starts_with('A');
    match request.principal {
        Principal::Root { .. } if names_account => Some(Speaks::Caller),
        _ if names_account => Some(Speaks::Account),
        _ if kind == "CanonicalUser" => {
            when(own_account.is_some() && request.canonical_user == Some(value), Speaks::Account)
        }
        Principal::User { arn } => when(kind == "AWS" && value == arn.as_str() || is_id, Speaks::Caller),
        Principal::Session { role: base, session } | Principal::FederatedUser { user: base, session } => {
            if kind == "AWS" && value == session.as_str() {
                Some(Speaks::Caller)
            } else if kind == "AWS" && value == base.as_str() {
                Some(Speaks::Role)
            } else {
                let role = matches!(request.principal, Principal::Session { .. });
                when(role && is_id && !name.is_empty(), Speaks::Role)
            }
        }
        Principal::Service { name } => when(kind == "Service" && value == name, Speaks::Caller),
        Principal::Federated { provider } => when(kind == "Federated" && value == provider, Speaks::Caller),
        Principal::Root { .. } | Principal::Anonymous => None,
    }
}

fn account(principal: &Principal) -> Option<&str> {
    match principal {
        Principal::Root { account } => Some(account.as_str()),
        Principal::User { arn: own }
        | Principal::Session { role: own, .. }
        | Principal::FederatedUser { user: own, .. } => own.as_str().split(':').nth(4),
        _ => None,
    }
}

/// A value that may stand for a list of one.
fn list(value: &Value) -> Vec<&Value> {
    match value {
        Value::Array(values) => values.iter().collect(),
        one => vec![one],
    }
}

/// The text of a condition's value, which may be a bare number or truth value.
fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}
