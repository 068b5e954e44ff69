//! Sets of texts, as patterns describe them, and whether such a set is empty.

use std::cell::Cell;
use std::collections::{BTreeSet, HashSet, VecDeque};
use std::sync::Arc;

use crate::variables::{Placeholder, placeholder};

/// States that one search visits before it gives up; a set whose search is given up counts as not empty.
const MOST_STATES: usize = 5_000;

/// Steps that one comparison may take altogether: what policies say must not keep the machine busy.
const MOST_STEPS: usize = 200_000;

/// What asking once whether a set is empty costs at least, in steps.
const QUESTION: usize = 5;

/// The steps that a comparison has left.
#[derive(Debug)]
pub(super) struct Effort(Cell<usize>);

impl Effort {
    pub(super) fn new() -> Self {
        Self(Cell::new(MOST_STEPS))
    }

    /// Whether there is enough left, which is then spent.
    pub(super) fn spend(&self, steps: usize) -> bool {
        let left = self.0.get().checked_sub(steps);
        self.0.set(left.unwrap_or(0));
        left.is_some()
    }
}

/// One place of a pattern.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Symbol {
    Char(char),
    One,
    Many,
    /// A policy variable. No wildcard `?` stands for it: its value has any length.
    Variable(String),
}

impl Symbol {
    /// Whether one character, or one variable, can stand for both.
    fn may_be(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::One, Self::One | Self::Char(_)) | (Self::Char(_), Self::One) => true,
            (own, other) => own == other,
        }
    }
}

fn set(row: &mut [bool], at: usize) {
    if let Some(place) = row.get_mut(at) {
        *place = true;
    }
}

/// A pattern as a list of places.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Glob(Vec<Symbol>);

/// How a pattern's text is read.
#[derive(Debug, Clone, Copy)]
pub(super) struct Reading {
    pub(super) wildcards: bool,
    pub(super) variables: bool,
    pub(super) fold: bool,
}

impl Glob {
    pub(super) fn new(text: &str, reading: Reading) -> Self {
        let mut symbols = Vec::with_capacity(text.len());
        let mut rest = text;
        while let Some(c) = rest.chars().next() {
            if c == '$'
                && reading.variables
                && let Some((found, after)) = placeholder(rest)
            {
                match found {
                    Placeholder::Char(c) => symbols.push(Symbol::Char(c)),
                    Placeholder::Variable(_) => {
                        symbols.push(Symbol::Variable(same(rest.strip_suffix(after).unwrap_or(rest))));
                    }
                }
                rest = after;
                continue;
            }
            match c {
                '*' if reading.wildcards => {
                    if symbols.last() != Some(&Symbol::Many) {
                        symbols.push(Symbol::Many);
                    }
                }
                '?' if reading.wildcards => symbols.push(Symbol::One),
                c if reading.fold => symbols.extend(c.to_lowercase().map(Symbol::Char)),
                c => symbols.push(Symbol::Char(c)),
            }
            rest = rest.strip_prefix(c).unwrap_or_default();
        }
        Self(symbols).ordered()
    }

    /// The parts between the first five colons, as the ARN operators compare them.
    pub(super) fn arn_parts(&self) -> Vec<Self> {
        let mut parts: Vec<Self> =
            self.0.splitn(6, |s| *s == Symbol::Char(':')).map(|part| Self(part.to_vec())).collect();
        if self.0.last() == Some(&Symbol::Many) {
            parts.resize(6, Self(vec![Symbol::Many]));
        }
        parts
    }

    pub(super) fn has_variables(&self) -> bool {
        self.0.iter().any(|symbol| matches!(symbol, Symbol::Variable(_)))
    }

    /// Whether it stands for one text only.
    pub(super) fn is_fixed(&self) -> bool {
        self.0.iter().all(|symbol| matches!(symbol, Symbol::Char(_)))
    }

    /// The text that it stands for, or begins with.
    pub(super) fn head(&self) -> String {
        let literal = |symbol: &Symbol| if let Symbol::Char(c) = symbol { Some(*c) } else { None };
        self.0.iter().map_while(literal).collect()
    }

    /// The same with every variable free to have any value.
    pub(super) fn widened(&self) -> Self {
        let wide = |symbol: &Symbol| match symbol {
            Symbol::Variable(_) => Symbol::Many,
            other => other.clone(),
        };
        Self(self.0.iter().map(wide).collect()).ordered()
    }

    pub(super) fn folded(&self) -> Self {
        let mut folded = Vec::with_capacity(self.0.len());
        for symbol in &self.0 {
            match symbol {
                Symbol::Char(c) => folded.extend(c.to_lowercase().map(Symbol::Char)),
                other => folded.push(other.clone()),
            }
        }
        Self(folded)
    }

    /// Whether every text of this one is a text of one of the others.
    pub(super) fn within(&self, others: &[Self], effort: &Effort) -> bool {
        is_empty(&[Clause::one(self.clone()), Clause::none_of(others.to_vec())], effort)
    }

    /// Wildcards in a row in one order: first those for one character, then the star.
    fn ordered(mut self) -> Self {
        let wild = |symbol: &Symbol| matches!(symbol, Symbol::One | Symbol::Many);
        for run in self.0.chunk_by_mut(|one, next| wild(one) && wild(next)) {
            run.sort_by_key(|symbol| *symbol == Symbol::Many);
        }
        self.0.dedup_by(|one, next| *one == Symbol::Many && *next == Symbol::Many);
        self
    }

    /// Whether every text of this one is a text of the other, as far as their places show: only a star takes a
    /// star. Yes is certain, no is not.
    fn is_within(&self, other: &Self) -> bool {
        let mut open = vec![true];
        open.resize(other.0.len() + 1, false);
        for (at, symbol) in other.0.iter().enumerate() {
            if *symbol != Symbol::Many {
                break;
            }
            set(&mut open, at + 1);
        }
        for symbol in &self.0 {
            let mut next = vec![false; open.len()];
            for (at, wanted) in other.0.iter().enumerate() {
                if !open.get(at).copied().unwrap_or_default() {
                    continue;
                }
                match (wanted, symbol) {
                    (Symbol::Many, _) => set(&mut next, at),
                    (Symbol::One, Symbol::One | Symbol::Char(_)) => set(&mut next, at + 1),
                    (wanted, symbol) if wanted == symbol => set(&mut next, at + 1),
                    _ => {}
                }
            }
            for (at, wanted) in other.0.iter().enumerate() {
                if *wanted == Symbol::Many && next.get(at).copied().unwrap_or_default() {
                    set(&mut next, at + 1);
                }
            }
            open = next;
        }
        open.last().copied().unwrap_or_default()
    }

    /// Whether some text fits both.
    fn meets(&self, other: &Self) -> bool {
        // Row by row: whether the rest of the one from here and the rest of the other from there share a text.
        let mut below = vec![false; other.0.len() + 1];
        for own in self.0.iter().map(Some).chain([None]).rev() {
            let mut row = vec![false; below.len()];
            for at in (0..row.len()).rev() {
                let get = |row: &[bool], at: usize| row.get(at).copied().unwrap_or_default();
                let shares = match (own, other.0.get(at)) {
                    (None, None) => true,
                    (Some(Symbol::Many), None) => get(&below, at),
                    (None, Some(Symbol::Many)) => get(&row, at + 1),
                    (Some(Symbol::Many), Some(Symbol::Many)) => get(&below, at) || get(&row, at + 1),
                    (Some(Symbol::Many), Some(_)) => get(&below, at) || get(&row, at + 1),
                    (Some(_), Some(Symbol::Many)) => get(&row, at + 1) || get(&below, at),
                    (Some(own), Some(other)) => own.may_be(other) && get(&below, at + 1),
                    _ => false,
                };
                if shares {
                    set(&mut row, at);
                }
            }
            below = row;
        }
        below.first().copied().unwrap_or_default()
    }

    fn start(&self) -> Places {
        let mut places = Places::none(self.0.len());
        self.enter(&mut places, 0);
        places
    }

    /// Reaches a place, and those behind it that a star lets through.
    fn enter(&self, places: &mut Places, at: usize) {
        let mut at = at;
        places.add(at);
        while self.0.get(at) == Some(&Symbol::Many) {
            at += 1;
            places.add(at);
        }
    }

    fn step(&self, places: &Places, letter: &Letter<'_>) -> Places {
        let mut next = Places::none(self.0.len());
        for at in places.iter() {
            match (self.0.get(at), letter) {
                (Some(Symbol::Many), _) => self.enter(&mut next, at),
                (Some(Symbol::One), Letter::Char(_) | Letter::Other) => self.enter(&mut next, at + 1),
                (Some(Symbol::Char(own)), Letter::Char(other)) if own == other => {
                    self.enter(&mut next, at + 1);
                }
                (Some(Symbol::Variable(own)), Letter::Variable(other)) if own == other => {
                    self.enter(&mut next, at + 1);
                }
                _ => {}
            }
        }
        next
    }

    fn accepts(&self, places: &Places) -> bool {
        places.has(self.0.len())
    }

    /// Whether it accepts whatever follows.
    fn accepts_all(&self, places: &Places) -> bool {
        self.0.last() == Some(&Symbol::Many) && places.has(self.0.len() - 1)
    }
}

/// Which places of a pattern a text can have led to, one bit each.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Places(Vec<u64>);

impl Places {
    fn none(length: usize) -> Self {
        Self(vec![0; length / 64 + 1])
    }

    fn add(&mut self, at: usize) {
        if let Some(word) = self.0.get_mut(at / 64) {
            *word |= 1 << (at % 64);
        }
    }

    fn has(&self, at: usize) -> bool {
        self.0.get(at / 64).is_some_and(|word| word >> (at % 64) & 1 == 1)
    }

    fn is_empty(&self) -> bool {
        self.0.iter().all(|word| *word == 0)
    }

    fn iter(&self) -> impl Iterator<Item = usize> {
        self.0.iter().zip((0..).step_by(64)).flat_map(|(word, base)| {
            let mut left = *word;
            std::iter::from_fn(move || {
                let bit = (left != 0).then(|| left.trailing_zeros())?;
                left &= left - 1;
                Some(base + bit as usize)
            })
        })
    }
}

/// A variable as written, told apart from others as requests do: the case of its key does not count, that of its
/// default does.
fn same(written: &str) -> String {
    match written.split_once(',') {
        Some((key, default)) => format!("{},{}", key.trim().to_lowercase(), default.trim()),
        None => written.to_lowercase(),
    }
}

/// The texts that fit any of some patterns, or none of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Clause {
    pub(super) negated: bool,
    pub(super) globs: Arc<[Glob]>,
}

impl Clause {
    pub(super) fn any_of(globs: Vec<Glob>) -> Self {
        Self { negated: false, globs: globs.into() }
    }

    pub(super) fn none_of(globs: Vec<Glob>) -> Self {
        Self { negated: true, globs: globs.into() }
    }

    fn one(glob: Glob) -> Self {
        Self::any_of(vec![glob])
    }

    /// The texts that are not of it.
    pub(super) fn complement(&self) -> Self {
        Self { negated: !self.negated, globs: self.globs.clone() }
    }
}

enum Letter<'a> {
    Char(char),
    Variable(&'a str),
    /// Any character that no pattern names.
    Other,
}

type State = Vec<Places>;

/// Whether no text is in all of the sets. Where that is not found out with reasonable effort the
/// answer is no.
pub(super) fn is_empty(clauses: &[Clause], effort: &Effort) -> bool {
    // A union is empty where each of its patterns adds nothing: one pattern at a time keeps the search small.
    let choice = clauses.iter().position(|clause| !clause.negated);
    let Some(chosen) = choice.and_then(|choice| clauses.get(choice)) else { return search(clauses, effort) };
    let rest =
        || clauses.iter().enumerate().filter(move |(at, _)| Some(*at) != choice).map(|(_, clause)| clause);
    chosen.globs.iter().all(|glob| adds_nothing(glob, rest(), effort))
}

/// Whether no text of the pattern is in all of the sets.
fn adds_nothing<'c>(glob: &Glob, clauses: impl Iterator<Item = &'c Clause>, effort: &Effort) -> bool {
    if !effort.spend(QUESTION) {
        return false;
    }
    let mut narrowed = vec![Clause::one(glob.clone())];
    for clause in clauses {
        let mut near = clause.globs.iter().filter(|other| glob.meets(other)).peekable();
        match (near.peek().is_some(), clause.negated) {
            (false, false) => return true,
            // What it is not to be it is not anyway.
            (false, true) => {}
            (true, negated) => {
                let near: Vec<Glob> = near.cloned().collect();
                let all = near.iter().any(|other| glob.is_within(other));
                match (all, negated) {
                    (true, true) => return true,
                    (true, false) => {}
                    (false, _) => narrowed.push(Clause { negated, globs: near.into() }),
                }
            }
        }
    }
    match narrowed.as_slice() {
        // Alone, or with one other pattern that it meets, it has texts.
        [_] => false,
        [_, other] if !other.negated => false,
        clauses => search(clauses, effort),
    }
}

fn search(clauses: &[Clause], effort: &Effort) -> bool {
    let globs: Vec<&Glob> = clauses.iter().flat_map(|clause| clause.globs.iter()).collect();
    let mut chars = BTreeSet::new();
    let mut variables = BTreeSet::new();
    for symbol in globs.iter().flat_map(|glob| &glob.0) {
        match symbol {
            Symbol::Char(c) => {
                chars.insert(*c);
            }
            Symbol::Variable(name) => {
                variables.insert(name.as_str());
            }
            Symbol::One | Symbol::Many => {}
        }
    }
    let mut letters: Vec<Letter<'_>> = chars.into_iter().map(Letter::Char).collect();
    letters.extend(variables.into_iter().map(Letter::Variable));
    letters.push(Letter::Other);

    let required = clauses.first().is_some_and(|clause| !clause.negated && clause.globs.len() == 1);
    let start: State = globs.iter().map(|glob| glob.start()).collect();
    let mut seen = HashSet::from([start.clone()]);
    let mut open = VecDeque::from([start]);
    while let Some(state) = open.pop_front() {
        match judge(clauses, &state) {
            Verdict::Member => return false,
            Verdict::Dead => continue,
            Verdict::Open => {}
        }
        for letter in &letters {
            let mut steps = globs.iter().zip(&state).map(|(glob, places)| glob.step(places, letter));
            // Most letters end the first pattern, which must go on where its set is not negated.
            let Some(first) = steps.next() else { continue };
            if required && first.is_empty() {
                continue;
            }
            let next: State = std::iter::once(first).chain(steps).collect();
            if seen.len() >= MOST_STATES || !effort.spend(1) {
                return false;
            }
            if seen.insert(next.clone()) {
                open.push_back(next);
            }
        }
    }
    true
}

enum Verdict {
    /// The text so far is in all sets.
    Member,
    /// No longer text can be.
    Dead,
    Open,
}

fn judge(clauses: &[Clause], state: &State) -> Verdict {
    let mut places = state.iter();
    let mut member = true;
    for clause in clauses {
        let (mut accepts, mut all, mut alive) = (false, false, false);
        for (glob, places) in clause.globs.iter().zip(places.by_ref()) {
            accepts |= glob.accepts(places);
            all |= glob.accepts_all(places);
            alive |= !places.is_empty();
        }
        if (clause.negated && all) || (!clause.negated && !alive) {
            return Verdict::Dead;
        }
        member &= accepts != clause.negated;
    }
    if member { Verdict::Member } else { Verdict::Open }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::Context;
    use crate::pattern::{Pattern, Syntax};

    const GLOB: Reading = Reading { wildcards: true, variables: true, fold: false };

    fn globs(texts: &[&str]) -> Vec<Glob> {
        texts.iter().map(|text| Glob::new(text, GLOB)).collect()
    }

    fn within(one: &str, others: &[&str]) -> bool {
        Glob::new(one, GLOB).within(&globs(others), &Effort::new())
    }

    #[test]
    fn containment() {
        assert!(within("s3:Get*", &["s3:*"]));
        assert!(!within("s3:*", &["s3:Get*", "s3:Put*"]));
        assert!(within("a?", &["a*"]));
        assert!(!within("a*", &["a?", "a??*"]));
        assert!(within("a*", &["a", "a?", "a??*"]));
        assert!(within("home/${aws:username}/docs/*", &["home/${AWS:UserName}/*"]));
        assert!(within("home/${aws:username}/*", &["home/*"]));
        assert!(!within("home/${aws:username}", &["home/?"]));
        assert!(!within("home/*", &["home/${aws:username}"]));
    }

    #[test]
    fn intersections() {
        let meets = |a: &[&str], b: &[&str]| {
            !is_empty(&[Clause::any_of(globs(a)), Clause::any_of(globs(b))], &Effort::new())
        };
        assert!(meets(&["arn:aws:s3:::a*"], &["*z"]));
        assert!(!meets(&["arn:aws:s3:::a/*"], &["arn:aws:s3:::b/*"]));
        assert!(!is_empty(&[Clause::none_of(globs(&["a*"]))], &Effort::new()));
        assert!(is_empty(&[Clause::none_of(globs(&["*"]))], &Effort::new()));
        assert!(is_empty(&[Clause::any_of(Vec::new())], &Effort::new()));
    }

    proptest! {
        #[test]
        fn short_cuts_agree_with_the_search(
            one in "[ab*?]{0,6}",
            other in "[ab*?]{0,6}",
        ) {
            let (one, other) = (Glob::new(&one, GLOB), Glob::new(&other, GLOB));
            let effort = Effort::new();
            let (own, theirs) = (Clause::one(one.clone()), Clause::one(other.clone()));
            prop_assert!(!one.is_within(&other) || search(&[own.clone(), theirs.complement()], &effort));
            prop_assert_eq!(one.meets(&other), !search(&[own, theirs], &effort));
        }

        #[test]
        fn what_is_within_matches_too(
            one in "[ab*?]{0,5}",
            others in proptest::collection::vec("[ab*?]{0,5}", 1..3),
            text in "[abc]{0,6}",
        ) {
            let others: Vec<&str> = others.iter().map(String::as_str).collect();
            let syntax = Syntax { wildcards: true, variables: true, fold: false };
            let fits = |pattern: &str| Pattern::new(pattern, syntax).fits(&text, &Context::new());
            if within(&one, &others) && fits(&one) {
                prop_assert!(others.iter().any(|other| fits(other)));
            }
        }
    }
}
