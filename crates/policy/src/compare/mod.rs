//! Whether one document grants what another does not, and to whom a document grants anything: the questions
//! of IAM Access Analyzer ("Previewing access and checking policies").
//!
//! A statement is a region in the space of requests: actions × resources × principals × conditions. What
//! one document grants beyond another is what is left of its regions after the other's are taken away.
//! Patterns are compared as automata, conditions as questions of which some imply others. Where that does not
//! decide, access counts as granted: an empty answer is a proof, one that is not empty is a warning.

mod atoms;
mod bound;
mod language;
mod region;
mod test;

use crate::Context;
use crate::document::{Document, Effect, Statement};
use crate::pattern::{Pattern, Syntax};

use atoms::Who;
use language::Effort;
use region::{Excess, Region, regions, residue};

pub use bound::Bound;

/// The statements of `new`, by their places, that may grant something that `old` does not grant.
#[must_use]
pub fn new_access(new: &Document, old: &Document) -> Vec<usize> {
    let denied = all(new, Effect::Deny, Excess::Drop);
    let mut covered = all(old, Effect::Allow, Excess::Drop);
    covered.extend(denied.iter().cloned());
    let old_denied = all(old, Effect::Deny, Excess::Widen);
    let effort = Effort::new();
    granting(new, |region| {
        let no_longer_denied = |deny: &Region| !residue(region.meet(deny), &denied, &effort).is_empty();
        !residue(region.clone(), &covered, &effort).is_empty() || old_denied.iter().any(no_longer_denied)
    })
}

/// The statements, by their places, that may grant one of these actions on one of these resources. Both are
/// patterns as policies have them; an empty list stands for all.
#[must_use]
pub fn grants(document: &Document, actions: &[String], resources: &[String]) -> Vec<usize> {
    let denied = all(document, Effect::Deny, Excess::Drop);
    let effort = Effort::new();
    granting(document, |region| {
        let asked = region.clone().limited(actions, resources);
        !residue(asked, &denied, &effort).is_empty()
    })
}

/// The statements, by their places, that may grant something to anybody in the world ("The meaning of
/// public", Amazon S3 User Guide).
#[must_use]
pub fn public(document: &Document) -> Vec<usize> {
    let denied = all(document, Effect::Deny, Excess::Drop);
    let effort = Effort::new();
    granting(document, |region| is_public(region, &denied, &effort))
}

fn is_public(region: &Region, denied: &[Region], effort: &Effort) -> bool {
    let anyone = region.parties.iter().any(|party| party.atom.who.is_open());
    anyone && residue(region.clone(), denied, effort).iter().any(|left| bound::bounds(left).is_empty())
}

/// What one statement grants to one entry of its `Principal`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grant {
    /// The statement's place.
    pub statement: usize,
    /// The entry as kind and value; anyone is `("AWS", "*")`.
    pub principal: (String, String),
    /// What limits anyone who uses it; each of them does. Empty for what is open to the whole world, if the
    /// entry is for anyone.
    pub bounds: Vec<Bound>,
}

/// Every grant of a resource-based policy that no deny takes away.
#[must_use]
pub fn granted_to(document: &Document) -> Vec<Grant> {
    let denied = all(document, Effect::Deny, Excess::Drop);
    let effort = Effort::new();
    let mut grants: Vec<Grant> = Vec::new();
    for (statement, index) in document.statements().iter().zip(0..) {
        if statement.effect() != Effect::Allow {
            continue;
        }
        for region in regions(statement, document.version(), Excess::Widen) {
            let Some(principal) = region.parties.first().map(|party| party.atom.who.text()) else { continue };
            for left in residue(region, &denied, &effort) {
                let grant =
                    Grant { statement: index, principal: principal.clone(), bounds: bound::bounds(&left) };
                if !grants.contains(&grant) {
                    grants.push(grant);
                }
            }
        }
    }
    grants
}

/// Whether every action of the first pattern is one of the second; for findings on redundancy.
#[must_use]
pub fn action_within(action: &str, other: &str) -> bool {
    if action.contains(['*', '?']) {
        return region::within(action, other, region::ACTION);
    }
    let syntax = Syntax { wildcards: true, variables: false, fold: true };
    Pattern::new(other, syntax).fits(action, &Context::new())
}

/// Whether every resource of the first pattern is one of the second, policy variables taken as themselves.
#[must_use]
pub fn resource_within(resource: &str, other: &str) -> bool {
    region::within(resource, other, region::RESOURCE)
}

/// Whether some action fits both patterns.
#[must_use]
pub fn actions_meet(action: &str, other: &str) -> bool {
    region::meets(action, other, region::ACTION)
}

/// Whether some resource fits both patterns, whatever the values of policy variables.
#[must_use]
pub fn resources_meet(resource: &str, other: &str) -> bool {
    region::meets(resource, other, region::RESOURCE)
}

fn all(document: &Document, effect: Effect, excess: Excess) -> Vec<Region> {
    let version = document.version();
    let wanted = document.statements().iter().filter(|statement| statement.effect() == effect);
    wanted.flat_map(|statement| regions(statement, version, excess)).collect()
}

fn granting(document: &Document, grants: impl Fn(&Region) -> bool) -> Vec<usize> {
    let does = |statement: &Statement| {
        statement.effect() == Effect::Allow
            && regions(statement, document.version(), Excess::Widen).iter().any(&grants)
    };
    let places = document.statements().iter().zip(0..);
    places.filter(|(statement, _)| does(statement)).map(|(_, index)| index).collect()
}

impl Who {
    /// Whether it leaves open who it is.
    fn is_open(&self) -> bool {
        matches!(self, Self::Anyone | Self::Except { .. })
    }

    fn text(&self) -> (String, String) {
        match self {
            Self::Anyone | Self::Except { .. } => ("AWS".to_owned(), "*".to_owned()),
            Self::Account(account) => ("AWS".to_owned(), account.clone()),
            Self::Named(kind, value) => (kind.clone(), value.clone()),
        }
    }
}

#[cfg(test)]
mod tests;
