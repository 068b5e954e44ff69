//! The fields of numbers: lists of values, ranges and steps.

use std::collections::BTreeSet;

/// What a field may hold.
pub(crate) struct Field {
    name: &'static str,
    least: u16,
    most: u16,
    /// Names of the values, from the least on.
    names: &'static [&'static str],
    /// Whether a range may run over the end.
    circular: bool,
}

impl Field {
    pub(crate) const MINUTES: Self = Self { name: "Minutes", least: 0, most: 59, names: &[], circular: true };
    pub(crate) const HOURS: Self = Self { name: "Hours", least: 0, most: 23, names: &[], circular: true };
    pub(crate) const DAY_OF_MONTH: Self =
        Self { name: "Day-of-month", least: 1, most: 31, names: &[], circular: true };
    pub(crate) const MONTHS: Self = Self {
        name: "Month",
        least: 1,
        most: 12,
        names: &["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"],
        circular: true,
    };
    pub(crate) const DAY_OF_WEEK: Self = Self {
        name: "Day-of-week",
        least: 1,
        most: 7,
        names: &["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"],
        circular: true,
    };
    pub(crate) const YEARS: Self =
        Self { name: "Year", least: 1970, most: 2199, names: &[], circular: false };

    /// All values of a list.
    pub(crate) fn parse(&self, text: &str) -> Result<BTreeSet<u16>, String> {
        let mut values = BTreeSet::new();
        for term in text.split(',') {
            values.extend(self.term(term)?);
        }
        Ok(values)
    }

    /// The values of `*`, `a`, `a-b`, or of one of them with `/step`.
    pub(crate) fn term(&self, term: &str) -> Result<Vec<u16>, String> {
        let (range, step) = match term.split_once('/') {
            Some((range, step)) => (range, Some(self.step(step)?)),
            None => (term, None),
        };
        let (first, last) = match range.split_once('-') {
            Some((first, last)) => (self.value(first)?, self.value(last)?),
            None if range == "*" => (self.least, self.most),
            // A value with a step begins a range.
            None => {
                let value = self.value(range)?;
                (value, if step.is_some() { self.most } else { value })
            }
        };
        let width = self.most - self.least + 1;
        let last = match first <= last {
            true => last,
            false if self.circular => last + width,
            false => return Err(format!("the range {range} of {} ends before it begins", self.name)),
        };
        let wrapped = |value: u16| if value > self.most { value - width } else { value };
        Ok((first..=last).step_by(usize::from(step.unwrap_or(1))).map(wrapped).collect())
    }

    fn step(&self, text: &str) -> Result<u16, String> {
        let step = number(text).filter(|step| (1..=self.most).contains(step));
        step.ok_or_else(|| format!("{text} is not a step of {}", self.name))
    }

    /// A number or name within the bounds.
    pub(crate) fn value(&self, text: &str) -> Result<u16, String> {
        let named = self.names.iter().zip(self.least..).find(|(name, _)| name.eq_ignore_ascii_case(text));
        let value = named.map(|(_, value)| value).or_else(|| number(text));
        value.filter(|value| (self.least..=self.most).contains(value)).ok_or_else(|| {
            format!("{text} is not a value of {}, which has {} to {}", self.name, self.least, self.most)
        })
    }
}

/// A number of digits alone: no sign.
pub(crate) fn number(text: &str) -> Option<u16> {
    text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok()).flatten()
}
