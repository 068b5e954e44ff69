//! Decisions told to people.

use std::collections::BTreeSet;

use mastic_core::AccountId;

use crate::document::Effect;
use crate::missing::Missing;
use crate::names::{self, thing};
use crate::reasons::{Decision, Miss, Outcome, PolicyReport, StatementReport};
use crate::{Layer, PolicyKind, Principal};

/// What is told of one decision besides its resource; decisions that tell the same are told together.
#[derive(PartialEq)]
struct Told<'a> {
    outcome: Outcome,
    action: &'a str,
    why: Vec<String>,
    close: Vec<String>,
}

impl Decision {
    /// The reasons, the one that decides first: why it was refused, or what allowed it.
    #[must_use]
    pub fn reasons(&self) -> Vec<String> {
        let mut reasons: Vec<String> = match self.outcome {
            Outcome::Allow => self
                .permissions()
                .map(|(policy, found)| format!("{} allows it.", capital(&said_by(policy, found))))
                .collect(),
            _ => self.missing().iter().map(reason).collect(),
        };
        match self.outcome {
            Outcome::Allow if reasons.is_empty() => {
                reasons.push("The root user may do everything in its own account.".to_owned());
            }
            Outcome::ImplicitDeny if self.cross_account => {
                reasons.push("The resource is another account's: both accounts have to allow it.".to_owned());
            }
            _ => {}
        }
        reasons
    }

    /// The statements that would have allowed it, had one thing been different.
    #[must_use]
    pub fn near_misses(&self) -> Vec<String> {
        let mut near = Vec::new();
        // What was satisfied anyway is no help.
        let lacking = |policy: &&PolicyReport| {
            self.outcome == Outcome::ImplicitDeny && self.lacking.contains(&policy.layer)
        };
        for policy in self.policies.iter().filter(lacking) {
            for found in policy.statements.iter().filter(|found| found.effect == Effect::Allow) {
                let missed = match &found.miss {
                    None if found.delegates => "leaves it to the caller's account".to_owned(),
                    None | Some(Miss::Action) => continue,
                    Some(miss) => missed(miss),
                };
                near.push(format!("{} {missed}", said_by(policy, found)));
            }
        }
        near
    }

    fn told(&self) -> Told<'_> {
        Told { outcome: self.outcome, action: &self.action, why: self.reasons(), close: self.near_misses() }
    }
}

/// Tells why each was refused or allowed; what differs in the resource only is told once.
#[must_use]
pub fn explain(decisions: &[&Decision]) -> String {
    let mut groups: Vec<(Told<'_>, Vec<&str>)> = Vec::new();
    for decision in decisions {
        let told = decision.told();
        match groups.iter_mut().find(|(known, _)| *known == told) {
            Some((_, resources)) if resources.contains(&decision.resource.as_str()) => {}
            Some((_, resources)) => resources.push(&decision.resource),
            None => groups.push((told, vec![&decision.resource])),
        }
    }
    let parts: Vec<String> = groups.iter().map(|(told, resources)| section(told, resources)).collect();
    parts.join("\n")
}

fn section(told: &Told<'_>, resources: &[&str]) -> String {
    let verdict = if told.outcome == Outcome::Allow { "ALLOWED" } else { "DENIED" };
    let mut out = match resources {
        ["*"] => format!("{verdict}  {}\n", told.action),
        [resource] => format!("{verdict}  {} on {resource}\n", told.action),
        resources => {
            let list: String = resources.iter().map(|resource| format!("          {resource}\n")).collect();
            format!("{verdict}  {} on\n{list}", told.action)
        }
    };
    for (title, lines) in [("why", &told.why), ("close", &told.close)] {
        for (place, line) in lines.iter().enumerate() {
            out.push_str(&format!("  {:6}{line}\n", if place == 0 { title } else { "" }));
        }
    }
    out
}

/// Lists every policy that was asked, with what it said.
#[must_use]
pub fn considered(decisions: &[&Decision]) -> String {
    let mut seen: Vec<(&PolicyReport, Vec<&PolicyReport>)> = Vec::new();
    for report in decisions.iter().flat_map(|decision| &decision.policies) {
        let same = |known: &PolicyReport| {
            (known.layer, known.level, &known.label) == (report.layer, report.level, &report.label)
        };
        match seen.iter_mut().find(|(known, _)| same(known)) {
            Some((_, reports)) => reports.push(report),
            None => seen.push((report, vec![report])),
        }
    }
    let mut out = String::new();
    if seen.is_empty() {
        out.push_str("  none: there is no policy that bears on it\n");
    }
    for (first, reports) in seen {
        let label = &first.label;
        let account =
            label.account.as_ref().map(|account| format!(", account {account}")).unwrap_or_default();
        let arn = match &label.arn {
            Some(arn) if label.kind == PolicyKind::Managed => format!(" ({arn})"),
            _ => String::new(),
        };
        let name = names::policy(first.layer, label);
        out.push_str(&format!("  {name}{arn}{account}: {}\n", summary(&reports)));
    }
    let unlisted = decisions.iter().map(|decision| decision.unlisted).max().unwrap_or_default();
    if unlisted > 0 {
        out.push_str(&format!("  and {unlisted} more\n"));
    }
    out
}

fn summary(reports: &[&PolicyReport]) -> String {
    let all = || reports.iter().flat_map(|report| &report.statements);
    let listed = |of: &mut dyn Iterator<Item = &StatementReport>| {
        let places: BTreeSet<(usize, Option<&str>)> =
            of.map(|found| (found.index, found.sid.as_deref())).collect();
        places.into_iter().map(|(index, sid)| names::statement(index, sid)).collect::<Vec<_>>().join(", ")
    };
    let applies = |effect: Effect| listed(&mut all().filter(move |s| s.effect == effect && s.matched()));
    let (denies, allows) = (applies(Effect::Deny), applies(Effect::Allow));
    let near = listed(&mut all().filter(|s| s.miss.as_ref().is_some_and(|miss| *miss != Miss::Action)));
    let mut said = Vec::new();
    for (what, places) in [("denies", denies), ("allows", allows)] {
        if !places.is_empty() {
            said.push(format!("{places} {what}"));
        }
    }
    if reports.iter().any(|report| report.withheld) {
        said.push("what it says is that account's to see".to_owned());
    } else if said.is_empty() && !near.is_empty() {
        said.push(format!("{near} about the action, but not this request"));
    } else if said.is_empty() {
        said.push("nothing about the action".to_owned());
    }
    said.join("; ")
}

fn said_by(policy: &PolicyReport, found: &StatementReport) -> String {
    let name = names::policy(policy.layer, &policy.label);
    match policy.withheld {
        true => format!("a statement of the {name}"),
        false => format!("{} of {name}", names::statement(found.index, found.sid.as_deref())),
    }
}

fn in_account(account: Option<&AccountId>) -> String {
    account.map(|account| format!(" (account {account})")).unwrap_or_default()
}

fn reason(missing: &Missing) -> String {
    match missing {
        Missing::Deny { layer, policy, index, sid } => {
            let statement = capital(&names::statement(*index, sid.as_deref()));
            format!("{statement} of {} forbids it.", names::policy(*layer, policy))
        }
        Missing::Allow { layer, account, attached_to, policy, .. } => {
            let account = in_account(account.as_ref());
            match (layer, policy) {
                (Layer::Identity, _) => format!("No policy of {}{account} allows it.", thing(attached_to)),
                (Layer::Resource, None) => {
                    format!(
                        "{}{account} has no policy of its own that allows it.",
                        capital(&thing(attached_to))
                    )
                }
                (Layer::ServiceControl | Layer::ResourceControl, _) => {
                    format!("No {layer} on {}{account} allows it.", thing(attached_to))
                }
                (layer, Some(label)) => {
                    format!("The {}{account} does not allow it.", names::policy(*layer, label))
                }
                (layer, None) => format!("No {layer} of {}{account} allows it.", thing(attached_to)),
            }
        }
    }
}

fn missed(miss: &Miss) -> String {
    match miss {
        Miss::Action => "is about other actions".to_owned(),
        Miss::Resource { wanted, except: false } => format!("is about {}", list(wanted)),
        Miss::Principal { wanted, except: false } => format!("is for {}", list(wanted)),
        Miss::Resource { wanted, .. } | Miss::Principal { wanted, .. } => format!("excepts {}", list(wanted)),
        Miss::Condition { operator, key, wanted, actual } => {
            let have = match actual.is_empty() {
                true => "there is none".to_owned(),
                false => format!("it is {}", list(actual)),
            };
            format!("has a condition: {operator} {key} wanted {}, {have}", list(wanted))
        }
    }
}

fn list(texts: &[String]) -> String {
    if texts.is_empty() { "nothing".to_owned() } else { texts.join(" or ") }
}

pub(crate) fn capital(text: &str) -> String {
    let mut characters = text.chars();
    characters.next().map(|first| first.to_uppercase().chain(characters).collect()).unwrap_or_default()
}

/// How messages begin: who was denied.
pub(crate) fn who(principal: &Principal) -> String {
    let kind = match principal {
        Principal::Service { .. } => "Service Principal",
        _ => "User",
    };
    format!("{kind}: {}", principal.name())
}
