//! The requests that a statement speaks of, as a product of sets, and what others leave of it.

use super::atoms::{Atom, Literal, Party, Who, contradict, nobody, ways};
use super::language::{Clause, Effort, Glob, Reading, is_empty};
use crate::Effect;
use crate::document::{Part, Statement, Version};

/// Regions that one statement may fall apart into.
const MOST_REGIONS: usize = 512;

pub(super) const ACTION: Reading = Reading { wildcards: true, variables: false, fold: true };

pub(super) const RESOURCE: Reading = Reading { wildcards: true, variables: true, fold: false };

pub(super) fn within(one: &str, other: &str, reading: Reading) -> bool {
    Glob::new(one, reading).within(&[Glob::new(other, reading)], &Effort::new())
}

pub(super) fn meets(one: &str, other: &str, reading: Reading) -> bool {
    let clause = |text| Clause::any_of(vec![Glob::new(text, reading).widened()]);
    !is_empty(&[clause(one), clause(other)], &Effort::new())
}

/// Requests by action, resource, principal and condition; each dimension is an intersection.
#[derive(Debug, Clone)]
pub(super) struct Region {
    pub(super) actions: Vec<Clause>,
    pub(super) resources: Vec<Clause>,
    pub(super) parties: Vec<Literal<Party>>,
    pub(super) conditions: Vec<Literal<Atom>>,
    /// The statement has no `Resource`: what that means is for the place where it stands to say.
    bare_resource: bool,
    /// Likewise without `Principal`.
    bare_principal: bool,
}

/// What to do with a statement that falls apart into too many regions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Excess {
    /// Take it for more than it is.
    Widen,
    /// Take it for nothing.
    Drop,
}

/// The regions of a statement; together they are exactly what it speaks of, excess apart.
pub(super) fn regions(statement: &Statement, version: Version, excess: Excess) -> Vec<Region> {
    let variables = version >= Version::V2012;
    let deny = statement.effect == Effect::Deny;
    let Some(action) = &statement.action else { return Vec::new() };
    let mut all = vec![Region {
        actions: vec![clause(action, action.texts().map(|text| Glob::new(text, ACTION)).collect())],
        resources: Vec::new(),
        parties: Vec::new(),
        conditions: Vec::new(),
        bare_resource: statement.resource.is_none(),
        bare_principal: statement.principal.is_none(),
    }];
    if let Some(part) = &statement.resource {
        all = scoped(&all, part, variables);
    }
    if let Some(named) = &statement.principal {
        let whom: Vec<Who> = if named.negated {
            vec![Who::Except { names: named.texts().to_vec(), deny }]
        } else {
            named.texts().iter().map(|(kind, value)| Who::of(kind, value)).collect()
        };
        all = multiplied(&all, whom, |region, who| {
            region.parties.push(Literal::yes(Party { who, deny }));
        });
    }
    for condition in &statement.conditions {
        let more = multiplied(&all, ways(condition, variables), |region, way| {
            region.conditions.extend(way);
        });
        if more.len() > MOST_REGIONS {
            match excess {
                // Without the condition it is wider than it is.
                Excess::Widen => continue,
                Excess::Drop => return Vec::new(),
            }
        }
        all = more;
    }
    all
}

fn multiplied<T: Clone>(regions: &[Region], choices: Vec<T>, add: impl Fn(&mut Region, T)) -> Vec<Region> {
    let mut product = Vec::with_capacity(regions.len() * choices.len());
    for region in regions {
        for choice in &choices {
            let mut region = region.clone();
            add(&mut region, choice.clone());
            product.push(region);
        }
    }
    product
}

fn clause(part: &Part, globs: Vec<Glob>) -> Clause {
    Clause { negated: part.negated, globs: globs.into() }
}

/// Patterns with variables depend on the request: each is a question of its own.
fn scoped(regions: &[Region], part: &Part, variables: bool) -> Vec<Region> {
    let reading = Reading { wildcards: true, variables, fold: false };
    let (open, fixed): (Vec<Glob>, Vec<Glob>) =
        part.texts().map(|text| Glob::new(text, reading)).partition(Glob::has_variables);
    if part.negated {
        return multiplied(regions, vec![()], |region, ()| {
            region.resources.push(Clause::none_of(fixed.clone()));
            for glob in &open {
                region.conditions.push(Literal::no(Atom::Fits(glob.clone())));
            }
        });
    }
    let mut all = Vec::new();
    if !fixed.is_empty() {
        all.extend(multiplied(regions, vec![Clause::any_of(fixed)], |region, clause| {
            region.resources.push(clause);
        }));
    }
    all.extend(multiplied(regions, open, |region, glob| {
        region.resources.push(Clause::any_of(vec![glob.widened()]));
        region.conditions.push(Literal::yes(Atom::Fits(glob)));
    }));
    all
}

impl Region {
    fn is_empty(&self, effort: &Effort) -> bool {
        contradict(&self.conditions, effort)
            || nobody(&self.parties)
            || is_empty(&self.actions, effort)
            || is_empty(&self.resources, effort)
    }

    /// What it costs to copy.
    fn size(&self) -> usize {
        self.actions.len() + self.resources.len() + self.parties.len() + self.conditions.len()
    }

    /// Whether some request may be in both; each of them has some.
    fn meets(&self, other: &Self, effort: &Effort) -> bool {
        let conditions: Vec<_> = self.conditions.iter().chain(&other.conditions).cloned().collect();
        let parties: Vec<_> = self.parties.iter().chain(&other.parties).cloned().collect();
        let join = |own: &[Clause], other: &[Clause]| own.iter().chain(other).cloned().collect::<Vec<_>>();
        !contradict(&conditions, effort)
            && !nobody(&parties)
            && !is_empty(&join(&self.actions, &other.actions), effort)
            && !is_empty(&join(&self.resources, &other.resources), effort)
    }

    /// The requests of both.
    pub(super) fn meet(&self, other: &Self) -> Self {
        let mut both = self.clone();
        both.actions.extend(other.actions.iter().cloned());
        both.resources.extend(other.resources.iter().cloned());
        both.parties.extend(other.parties.iter().cloned());
        both.conditions.extend(other.conditions.iter().cloned());
        both
    }

    /// Whether a statement without `Resource` or `Principal` surely speaks of all that this one does.
    fn can_be_covered_by(&self, other: &Self) -> bool {
        (self.bare_resource || !other.bare_resource) && (self.bare_principal || !other.bare_principal)
    }

    /// Narrowed to some actions and resources, given as patterns; none stands for all.
    pub(super) fn limited(mut self, actions: &[String], resources: &[String]) -> Self {
        if !actions.is_empty() {
            self.actions.push(Clause::any_of(actions.iter().map(|text| Glob::new(text, ACTION)).collect()));
        }
        if !resources.is_empty() {
            let reading = Reading { wildcards: true, variables: false, fold: false };
            let globs = resources.iter().map(|text| Glob::new(text, reading)).collect();
            self.resources.push(Clause::any_of(globs));
        }
        self
    }
}

/// What is left of a region without the requests of the others. It may be more than is really left,
/// never less.
pub(super) fn residue(region: Region, others: &[Region], effort: &Effort) -> Vec<Region> {
    if region.is_empty(effort) {
        return Vec::new();
    }
    let others: Vec<&Region> = others.iter().filter(|other| region.can_be_covered_by(other)).collect();
    let mut left = Vec::new();
    subtract(region, &others, effort, &mut left);
    left
}

/// The region has requests, as far as is known.
fn subtract(mut region: Region, others: &[&Region], effort: &Effort, left: &mut Vec<Region>) {
    let mut rest = others.iter();
    let meets = rest.by_ref().find(|other| region.meets(other, effort));
    let (Some(other), true) = (meets, effort.spend(region.size())) else {
        left.push(region);
        return;
    };
    let rest = rest.as_slice();
    // What is outside in one dimension, then what is inside there and outside in the next ...
    for clause in &other.actions {
        let mut outside = region.clone();
        outside.actions.push(clause.complement());
        if !is_empty(&outside.actions, effort) {
            subtract(outside, rest, effort, left);
        }
        region.actions.push(clause.clone());
    }
    for clause in &other.resources {
        let mut outside = region.clone();
        outside.resources.push(clause.complement());
        if !is_empty(&outside.resources, effort) {
            subtract(outside, rest, effort, left);
        }
        region.resources.push(clause.clone());
    }
    for literal in &other.parties {
        let mut outside = region.clone();
        outside.parties.push(literal.complement());
        if !nobody(&outside.parties) {
            subtract(outside, rest, effort, left);
        }
        region.parties.push(literal.clone());
    }
    for literal in &other.conditions {
        let mut outside = region.clone();
        outside.conditions.push(literal.complement());
        if !contradict(&outside.conditions, effort) {
            subtract(outside, rest, effort, left);
        }
        region.conditions.push(literal.clone());
    }
}
