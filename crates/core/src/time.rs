use std::fmt;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use time::format_description::well_known::Rfc3339;
use time::{Date, Month, OffsetDateTime, PrimitiveDateTime, Time};

/// A moment: microseconds since the Unix epoch, UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Timestamp(i64);

impl Timestamp {
    /// From microseconds since the epoch.
    #[must_use]
    pub const fn from_micros(micros: i64) -> Self {
        Self(micros)
    }

    /// From milliseconds since the epoch.
    #[must_use]
    pub const fn from_millis(millis: i64) -> Self {
        Self(millis.saturating_mul(1000))
    }

    /// From whole seconds since the epoch.
    #[must_use]
    pub const fn from_secs(seconds: i64) -> Self {
        Self(seconds.saturating_mul(1_000_000))
    }

    /// From seconds with a fraction, as awsJson sends them; a value out of range saturates.
    #[must_use]
    pub fn from_secs_f64(seconds: f64) -> Self {
        Self((seconds * 1e6).round() as i64)
    }

    /// Microseconds since the epoch.
    #[must_use]
    pub const fn micros(self) -> i64 {
        self.0
    }

    /// Whole milliseconds since the epoch.
    #[must_use]
    pub const fn millis(self) -> i64 {
        self.0.div_euclid(1000)
    }

    /// Whole seconds since the epoch.
    #[must_use]
    pub const fn secs(self) -> i64 {
        self.0.div_euclid(1_000_000)
    }

    /// Seconds with a fraction of milliseconds, as awsJson answers carry them.
    #[must_use]
    pub fn secs_f64(self) -> f64 {
        self.millis() as f64 / 1000.0
    }

    /// `2026-11-21T19:45:00Z`; awsQuery answers and policy conditions use it.
    #[must_use]
    pub fn iso8601(self) -> String {
        self.written("-", ":")
    }

    /// `20261121T194500Z`, the form of SigV4's `X-Amz-Date`.
    #[must_use]
    pub fn basic(self) -> String {
        self.written("", "")
    }

    /// Every signature and many decisions need it, so it is put together by hand.
    fn written(self, dash: &str, colon: &str) -> String {
        let t = self.civil();
        let mut out = String::with_capacity(20);
        if t.year() < 0 {
            out.push('-');
        }
        let year = t.year().unsigned_abs();
        two_digits(&mut out, year / 100);
        two_digits(&mut out, year % 100);
        let parts = [u8::from(t.month()), t.day(), t.hour(), t.minute(), t.second()];
        for (part, before) in parts.into_iter().zip([dash, dash, "T", colon, colon]) {
            out.push_str(before);
            two_digits(&mut out, u32::from(part));
        }
        out.push('Z');
        out
    }

    /// Parses RFC 3339 text, SigV4's basic form, or a bare date.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let t = match text.len() {
            16 => from_basic(text)?,
            10 => OffsetDateTime::parse(&format!("{text}T00:00:00Z"), &Rfc3339).ok()?,
            _ => OffsetDateTime::parse(text, &Rfc3339).ok()?,
        };
        i64::try_from(t.unix_timestamp_nanos() / 1000).ok().map(Self)
    }

    /// This moment as a civil date and time in UTC; out-of-range moments become the epoch.
    #[must_use]
    pub fn civil(self) -> OffsetDateTime {
        OffsetDateTime::from_unix_timestamp_nanos(i128::from(self.0) * 1000)
            .unwrap_or(OffsetDateTime::UNIX_EPOCH)
    }

    /// The moment `span` later, saturating.
    #[must_use]
    pub fn plus(self, span: Duration) -> Self {
        Self(self.0.saturating_add(i64::try_from(span.as_micros()).unwrap_or(i64::MAX)))
    }

    /// The moment `span` earlier, saturating.
    #[must_use]
    pub fn minus(self, span: Duration) -> Self {
        Self(self.0.saturating_sub(i64::try_from(span.as_micros()).unwrap_or(i64::MAX)))
    }

    /// How long it is since `earlier`; zero where that is not earlier.
    #[must_use]
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_micros(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0))
    }
}

fn two_digits(out: &mut String, number: u32) {
    for digit in [number / 10, number % 10] {
        out.extend(char::from_digit(digit % 10, 10));
    }
}

/// The moment of `YYYYMMDDTHHMMSSZ`.
fn from_basic(text: &str) -> Option<OffsetDateTime> {
    let number = |from: usize, to: usize| {
        let digits = text.get(from..to)?;
        digits.bytes().all(|byte| byte.is_ascii_digit()).then(|| digits.parse::<u16>().ok())?
    };
    let small = |from: usize| number(from, from + 2).and_then(|number| u8::try_from(number).ok());
    if text.get(8..9) != Some("T") || text.get(15..) != Some("Z") {
        return None;
    }
    let month = Month::try_from(small(4)?).ok()?;
    let date = Date::from_calendar_date(i32::from(number(0, 4)?), month, small(6)?).ok()?;
    let time = Time::from_hms(small(9)?, small(11)?, small(13)?).ok()?;
    Some(PrimitiveDateTime::new(date, time).assume_utc())
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.iso8601())
    }
}

/// The seam for time: nothing else asks what time it is.
pub trait Clock: Send + Sync {
    /// The present moment.
    fn now(&self) -> Timestamp;
}

/// The machine's clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "this is the seam")]
    fn now(&self) -> Timestamp {
        let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
        Timestamp(i64::try_from(since.as_micros()).unwrap_or(i64::MAX))
    }
}

/// A clock that stands until it is moved.
#[derive(Debug)]
pub struct ManualClock(AtomicI64);

impl ManualClock {
    /// Starts at `at`.
    #[must_use]
    pub fn at(at: Timestamp) -> Self {
        Self(AtomicI64::new(at.0))
    }

    /// Moves the clock forward.
    pub fn advance(&self, span: Duration) {
        self.0.fetch_add(i64::try_from(span.as_micros()).unwrap_or(i64::MAX), Ordering::SeqCst);
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        Timestamp(self.0.load(Ordering::SeqCst))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_of_one_moment() {
        let t = Timestamp::from_secs(1_770_000_000);
        assert_eq!(t.iso8601(), "2026-02-02T02:40:00Z");
        assert_eq!(t.basic(), "20260202T024000Z");
        for text in ["2026-02-02T02:40:00Z", "2026-02-02T03:40:00+01:00", "20260202T024000Z"] {
            assert_eq!(Timestamp::parse(text), Some(t), "{text}");
        }
        assert_eq!(Timestamp::parse("2026-02-02"), Some(Timestamp::from_secs(1_769_990_400)));
        assert_eq!(Timestamp::parse("soon"), None);
    }

    #[test]
    fn spans() {
        let clock = ManualClock::at(Timestamp::from_secs(10));
        clock.advance(Duration::from_secs(5));
        assert_eq!(clock.now().since(Timestamp::from_secs(10)), Duration::from_secs(5));
        assert_eq!(Timestamp::from_secs(1).since(clock.now()), Duration::ZERO);
    }
}
