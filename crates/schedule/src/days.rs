//! The two fields of days, of which one is always `?`.

use std::collections::BTreeSet;

use time::{Date, Weekday};

use crate::field::{Field, number};

/// Days on which a schedule is due.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Day {
    /// A day of the month.
    OfMonth(u8),
    /// The month's last day.
    Last,
    /// The last working day of the month.
    LastWorking,
    /// The working day nearest to a day of the month, within the month.
    NearestWorking(u8),
    /// A day of the week, Sunday being 1.
    OfWeek(u8),
    /// The last such day of the week in the month.
    LastOfWeek(u8),
    /// A day of the week, and which one in the month.
    NthOfWeek(u8, u8),
}

/// A field `Day-of-month`.
pub(crate) fn of_month(text: &str) -> Result<BTreeSet<Day>, String> {
    let mut days = BTreeSet::new();
    for term in text.split(',') {
        let upper = term.to_ascii_uppercase();
        if upper == "L" {
            days.insert(Day::Last);
        } else if upper == "LW" {
            days.insert(Day::LastWorking);
        } else if let Some(day) = upper.strip_suffix('W') {
            days.insert(Day::NearestWorking(small(Field::DAY_OF_MONTH.value(day)?)?));
        } else {
            for day in Field::DAY_OF_MONTH.term(&upper)? {
                days.insert(Day::OfMonth(small(day)?));
            }
        }
    }
    Ok(days)
}

/// A field `Day-of-week`.
pub(crate) fn of_week(text: &str) -> Result<BTreeSet<Day>, String> {
    let mut days = BTreeSet::new();
    for term in text.split(',') {
        let upper = term.to_ascii_uppercase();
        if upper == "L" {
            days.insert(Day::OfWeek(7));
        } else if let Some((day, nth)) = upper.split_once('#') {
            let nth = number(nth).filter(|nth| (1..=5).contains(nth));
            let nth = nth.ok_or_else(|| format!("{term} names no week of the month: they are 1 to 5"))?;
            days.insert(Day::NthOfWeek(small(Field::DAY_OF_WEEK.value(day)?)?, small(nth)?));
        } else if let Some(day) = upper.strip_suffix('L') {
            days.insert(Day::LastOfWeek(small(Field::DAY_OF_WEEK.value(day)?)?));
        } else {
            for day in Field::DAY_OF_WEEK.term(&upper)? {
                days.insert(Day::OfWeek(small(day)?));
            }
        }
    }
    Ok(days)
}

fn small(value: u16) -> Result<u8, String> {
    u8::try_from(value).map_err(|_| format!("{value} is not a day"))
}

impl Day {
    /// Whether it is this date.
    pub(crate) fn is(self, date: Date) -> bool {
        let length = date.month().length(date.year());
        let of_week = |day: u8| date.weekday().number_from_sunday() == day;
        match self {
            Self::OfMonth(day) => date.day() == day,
            Self::Last => date.day() == length,
            Self::LastWorking => nearest_working(date, length) == Some(date.day()),
            Self::NearestWorking(day) => day <= length && nearest_working(date, day) == Some(date.day()),
            Self::OfWeek(day) => of_week(day),
            Self::LastOfWeek(day) => of_week(day) && date.day() + 7 > length,
            Self::NthOfWeek(day, nth) => of_week(day) && (date.day() - 1) / 7 + 1 == nth,
        }
    }
}

/// The working day nearest to `day` in the month of `date`, and in no other month.
fn nearest_working(date: Date, day: u8) -> Option<u8> {
    let length = date.month().length(date.year());
    Some(match date.replace_day(day).ok()?.weekday() {
        Weekday::Saturday if day == 1 => 3,
        Weekday::Saturday => day - 1,
        Weekday::Sunday if day == length => day - 2,
        Weekday::Sunday => day + 1,
        _ => day,
    })
}
