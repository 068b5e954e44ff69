//! Sets of strings as sorted, disjoint intervals.

use std::borrow::Cow;
use std::ops::Bound::{self, Excluded, Included, Unbounded};

/// One interval; never empty by its bounds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Interval {
    pub(super) lower: Bound<String>,
    pub(super) upper: Bound<String>,
}

impl Interval {
    fn new(lower: Bound<String>, upper: Bound<String>) -> Option<Self> {
        let empty = match (&lower, &upper) {
            (Included(low), Included(high)) => low > high,
            (Included(low) | Excluded(low), Included(high) | Excluded(high)) => low >= high,
            _ => false,
        };
        (!empty).then_some(Self { lower, upper })
    }

    /// Whether the interval after this one, in order of lower bounds, leaves no gap to it.
    fn reaches(&self, next: &Self) -> bool {
        match (&self.upper, &next.lower) {
            (Unbounded, _) | (_, Unbounded) => true,
            (Excluded(high), Excluded(low)) => low < high,
            (Included(high) | Excluded(high), Included(low) | Excluded(low)) => low <= high,
        }
    }
}

/// Orders lower bounds by the first string they admit.
fn lower_rank(bound: &Bound<String>) -> (Option<&str>, bool) {
    match bound {
        Unbounded => (None, false),
        Included(text) => (Some(text), false),
        Excluded(text) => (Some(text), true),
    }
}

/// Orders upper bounds by the last string they admit.
fn upper_rank(bound: &Bound<String>) -> (bool, &str, bool) {
    match bound {
        Unbounded => (true, "", false),
        Included(text) => (false, text, true),
        Excluded(text) => (false, text, false),
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Ranges(Vec<Interval>);

impl Ranges {
    pub(super) fn all() -> Self {
        Self::between(Unbounded, Unbounded)
    }

    pub(super) fn none() -> Self {
        Self(Vec::new())
    }

    pub(super) fn point(text: &str) -> Self {
        Self::between(Included(text.to_owned()), Included(text.to_owned()))
    }

    pub(super) fn between(lower: Bound<String>, upper: Bound<String>) -> Self {
        Self(Interval::new(lower, upper).into_iter().collect())
    }

    /// Every string that begins with `prefix`.
    pub(super) fn starting_with(prefix: &str) -> Self {
        Self::between(Included(prefix.to_owned()), successor(prefix).map_or(Unbounded, Excluded))
    }

    pub(super) fn is_none(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn is_all(&self) -> bool {
        matches!(self.0.as_slice(), [Interval { lower: Unbounded, upper: Unbounded }])
    }

    /// The least string in the set that is `text` or greater.
    pub(super) fn first_from<'a>(&'a self, text: &'a str) -> Option<Cow<'a, str>> {
        let behind = |interval: &Interval| match &interval.upper {
            Included(high) => high.as_str() < text,
            Excluded(high) => high.as_str() <= text,
            Unbounded => false,
        };
        let mut from = self.0.iter().skip(self.0.partition_point(behind));
        // Nothing lies between a string and itself with a zero character: the second interval may have to serve.
        from.find_map(|interval| {
            let first = match &interval.lower {
                Included(low) if low.as_str() > text => Cow::Borrowed(low.as_str()),
                Excluded(low) if low.as_str() >= text => Cow::Owned(format!("{low}\0")),
                _ => Cow::Borrowed(text),
            };
            let within = match &interval.upper {
                Included(high) => *first <= **high,
                Excluded(high) => *first < **high,
                Unbounded => true,
            };
            within.then_some(first)
        })
    }

    /// All strings that are not in the set.
    pub(super) fn complement(&self) -> Self {
        let mut gaps = Vec::with_capacity(self.0.len() + 1);
        let mut lower = Some(Unbounded);
        for interval in &self.0 {
            let upper = match &interval.lower {
                Included(low) => Some(Excluded(low.clone())),
                Excluded(low) => Some(Included(low.clone())),
                Unbounded => None,
            };
            gaps.extend(lower.zip(upper).and_then(|(lower, upper)| Interval::new(lower, upper)));
            lower = match &interval.upper {
                Included(high) => Some(Excluded(high.clone())),
                Excluded(high) => Some(Included(high.clone())),
                Unbounded => None,
            };
        }
        gaps.extend(lower.and_then(|lower| Interval::new(lower, Unbounded)));
        Self(gaps)
    }

    pub(super) fn union(sets: impl IntoIterator<Item = Self>) -> Self {
        let mut intervals: Vec<Interval> = sets.into_iter().flat_map(|set| set.0).collect();
        intervals.sort_by(|a, b| lower_rank(&a.lower).cmp(&lower_rank(&b.lower)));
        let mut joined: Vec<Interval> = Vec::with_capacity(intervals.len());
        for interval in intervals {
            match joined.last_mut() {
                Some(last) if last.reaches(&interval) => {
                    if upper_rank(&interval.upper) > upper_rank(&last.upper) {
                        last.upper = interval.upper;
                    }
                }
                _ => joined.push(interval),
            }
        }
        Self(joined)
    }

    pub(super) fn intersect(&self, other: &Self) -> Self {
        let mut common = Vec::new();
        let (mut left, mut right) = (self.0.iter().peekable(), other.0.iter().peekable());
        while let (Some(a), Some(b)) = (left.peek(), right.peek()) {
            let lower = if lower_rank(&a.lower) > lower_rank(&b.lower) { &a.lower } else { &b.lower };
            let a_ends_first = upper_rank(&a.upper) < upper_rank(&b.upper);
            let upper = if a_ends_first { &a.upper } else { &b.upper };
            common.extend(Interval::new(lower.clone(), upper.clone()));
            if a_ends_first {
                left.next();
            } else {
                right.next();
            }
        }
        Self(common)
    }
}

/// The least string above every string that begins with `prefix`; none above the very last ones.
fn successor(prefix: &str) -> Option<String> {
    let mut text = prefix.to_owned();
    while let Some(last) = text.pop() {
        let next = match last {
            '\u{D7FF}' => Some('\u{E000}'),
            c => char::from_u32(u32::from(c) + 1),
        };
        if let Some(next) = next {
            text.push(next);
            return Some(text);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::{Ranges, successor};

    #[test]
    fn successors() {
        assert_eq!(successor("ab").as_deref(), Some("ac"));
        assert_eq!(successor("a\u{D7FF}").as_deref(), Some("a\u{E000}"));
        assert_eq!(successor("a\u{10FFFF}").as_deref(), Some("b"));
        assert_eq!(successor("\u{10FFFF}"), None);
        assert_eq!(successor(""), None);
    }

    #[test]
    fn unions_join_and_intersections_cut() {
        let set = |texts: &[&str]| Ranges::union(texts.iter().map(|t| Ranges::point(t)));
        assert_eq!(set(&["b", "a", "b"]), set(&["a", "b"]));
        assert_eq!(set(&["a", "b", "c"]).intersect(&set(&["b", "c", "d"])), set(&["b", "c"]));
        assert_eq!(set(&["a"]).intersect(&set(&["b"])), Ranges::none());
        assert_eq!(Ranges::union([Ranges::starting_with("a"), set(&["ab", "b"])]).0.len(), 1);
        assert_eq!(Ranges::all().intersect(&Ranges::starting_with("x")), Ranges::starting_with("x"));
    }

    #[test]
    fn complements_and_the_next_string() {
        let set = Ranges::union([Ranges::point("b"), Ranges::starting_with("d")]);
        let others = set.complement();
        assert_eq!(others.complement(), set);
        assert_eq!(Ranges::all().complement(), Ranges::none());
        assert_eq!(Ranges::none().complement(), Ranges::all());
        for (from, first) in
            [("", Some("b")), ("b", Some("b")), ("b\0", Some("d")), ("dz", Some("dz")), ("e", None)]
        {
            assert_eq!(set.first_from(from).as_deref(), first, "{from}");
        }
        for (from, first) in [("", ""), ("b", "b\0"), ("b\0", "b\0"), ("d", "e"), ("f", "f")] {
            assert_eq!(others.first_from(from).as_deref(), Some(first), "{from}");
        }
    }
}
