//! Schedules as crawlers, triggers and other parts of Glue have them: `cron(15 12 * * ? *)`, in UTC.
//!
//! Source: "Time-based schedules for jobs and crawlers" (AWS Glue Developer Guide). Where that is silent, the
//! meaning is Quartz's, whose grammar it is: ranges may run over the end (`FRI-MON`), day of week `6L` is
//! the last Friday of the month and `6#3` the third, `LW` the last working day.

mod days;
mod field;

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use mastic_core::Timestamp;
use time::{Date, Month, Time};

use days::Day;
use field::Field;

/// What is due may not be due again within this many minutes.
const SHORTEST: u16 = 5;

/// Why a text is no schedule.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("The schedule expression {text} is not valid: {reason}")]
pub struct CronError {
    text: String,
    reason: String,
}

/// A schedule, parsed and checked: it is due at most every five minutes.
///
/// ```
/// use mastic_core::Timestamp;
/// use mastic_schedule::Cron;
///
/// let daily: Cron = "cron(15 12 * * ? *)".parse()?;
/// let now = Timestamp::parse("2026-11-22T12:15:00Z").unwrap_or_default();
/// assert_eq!(daily.next_after(now).map(Timestamp::iso8601), Some("2026-11-23T12:15:00Z".to_owned()));
/// # Ok::<_, mastic_schedule::CronError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cron {
    text: String,
    minutes: BTreeSet<u16>,
    hours: BTreeSet<u16>,
    days: BTreeSet<Day>,
    months: BTreeSet<u16>,
    years: BTreeSet<u16>,
}

impl FromStr for Cron {
    type Err = CronError;

    /// # Errors
    /// What is wrong with the text.
    fn from_str(text: &str) -> Result<Self, CronError> {
        let cron = parse(text).and_then(|cron| {
            if cron.is_too_fast() {
                return Err(format!("it must not be due more often than every {SHORTEST} minutes"));
            }
            Ok(cron)
        });
        cron.map_err(|reason| CronError { text: text.to_owned(), reason })
    }
}

impl fmt::Display for Cron {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

fn parse(text: &str) -> Result<Cron, String> {
    let inner = text.trim().strip_prefix("cron(").and_then(|rest| rest.strip_suffix(')'));
    let fields: Vec<&str> = inner.ok_or("it must be cron(...)")?.split_whitespace().collect();
    let [minutes, hours, day_of_month, months, day_of_week, years] = fields.as_slice() else {
        return Err(format!("it must have six fields and has {}", fields.len()));
    };
    let days = match (*day_of_month, *day_of_week) {
        ("?", "?") => return Err("only one of Day-of-month and Day-of-week can be ?".to_owned()),
        (days, "?") => days::of_month(days)?,
        ("?", days) => days::of_week(days)?,
        _ => return Err("one of Day-of-month and Day-of-week must be ?".to_owned()),
    };
    Ok(Cron {
        text: text.to_owned(),
        minutes: Field::MINUTES.parse(minutes)?,
        hours: Field::HOURS.parse(hours)?,
        days,
        months: Field::MONTHS.parse(months)?,
        years: Field::YEARS.parse(years)?,
    })
}

impl Cron {
    /// The first moment later than `after` at which it is due; `None` if it never is again.
    #[must_use]
    pub fn next_after(&self, after: Timestamp) -> Option<Timestamp> {
        let first = after.civil().replace_time(Time::MIDNIGHT).date();
        for &year in self.years.range(u16::try_from(first.year()).ok()?..) {
            for &month in &self.months {
                let month = Month::try_from(u8::try_from(month).ok()?).ok()?;
                for day in 1..=month.length(i32::from(year)) {
                    let date = Date::from_calendar_date(i32::from(year), month, day).ok()?;
                    if date < first || !self.is_on(date) {
                        continue;
                    }
                    let moments = self.times().map(|(hour, minute)| moment(date, hour, minute));
                    if let Some(due) = moments.flatten().find(|due| *due > after) {
                        return Some(due);
                    }
                }
            }
        }
        None
    }

    fn is_on(&self, date: Date) -> bool {
        self.days.iter().any(|day| day.is(date))
    }

    /// The times of a day, in order.
    fn times(&self) -> impl Iterator<Item = (u16, u16)> {
        self.hours.iter().flat_map(|hour| self.minutes.iter().map(|minute| (*hour, *minute)))
    }

    fn is_too_fast(&self) -> bool {
        const DAY: u16 = 24 * 60;
        let times: Vec<u16> = self.times().map(|(hour, minute)| 60 * hour + minute).collect();
        let close = |pair: &[u16]| matches!(pair, [a, b] if b - a < SHORTEST);
        if times.windows(2).any(close) {
            return true;
        }
        let (Some(first), Some(last)) = (times.first(), times.last()) else { return false };
        // Around midnight it matters whether two days follow each other.
        first + DAY - last < SHORTEST && self.has_neighbours()
    }

    /// Whether it is ever due on two days in a row.
    fn has_neighbours(&self) -> bool {
        let mut before: Option<Date> = None;
        for &year in &self.years {
            let mut day = Date::from_calendar_date(i32::from(year), Month::January, 1).ok();
            while let Some(date) = day.filter(|date| date.year() == i32::from(year)) {
                if self.months.contains(&u16::from(u8::from(date.month()))) && self.is_on(date) {
                    if before.is_some() && before == date.previous_day() {
                        return true;
                    }
                    before = Some(date);
                }
                day = date.next_day();
            }
        }
        false
    }
}

fn moment(date: Date, hour: u16, minute: u16) -> Option<Timestamp> {
    let time = Time::from_hms(u8::try_from(hour).ok()?, u8::try_from(minute).ok()?, 0).ok()?;
    Some(Timestamp::from_secs(date.with_time(time).assume_utc().unix_timestamp()))
}

#[cfg(test)]
mod tests;
