//! Patterns of dates and times as Java's `DateTimeFormatter` reads them (Spark: "Datetime Patterns for Formatting and
//! Parsing").

/// A moment's parts, in UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Moment {
    pub(crate) year: i64,
    pub(crate) month: i64,
    pub(crate) day: i64,
    pub(crate) hour: i64,
    pub(crate) minute: i64,
    pub(crate) second: i64,
    pub(crate) micro: i64,
}

const DAY: i64 = 86_400_000_000;
const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];
const WEEK: [&str; 7] = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];

impl Moment {
    /// The parts of a moment, given in microseconds since the epoch.
    pub(crate) fn of(micros: i64) -> Self {
        let (days, rest) = (micros.div_euclid(DAY), micros.rem_euclid(DAY));
        // Counted from the first of March of the year 0, so that the leap day ends a year.
        let shifted = days + 719_468;
        let (era, of_era) = (shifted.div_euclid(146_097), shifted.rem_euclid(146_097));
        let year = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
        let of_year = of_era - (365 * year + year / 4 - year / 100);
        let month = (5 * of_year + 2) / 153;
        let day = of_year - (153 * month + 2) / 5 + 1;
        let month = if month < 10 { month + 3 } else { month - 9 };
        Self {
            year: year + era * 400 + i64::from(month <= 2),
            month,
            day,
            hour: rest / 3_600_000_000,
            minute: rest / 60_000_000 % 60,
            second: rest / 1_000_000 % 60,
            micro: rest % 1_000_000,
        }
    }

    /// Days since the epoch; nothing if there is no such day.
    pub(crate) fn days(self) -> Option<i64> {
        if !(1..=12).contains(&self.month) || self.day < 1 || self.day > last_day(self.year, self.month) {
            return None;
        }
        let (year, month) =
            if self.month > 2 { (self.year, self.month - 3) } else { (self.year - 1, self.month + 9) };
        let (era, of_era) = (year.div_euclid(400), year.rem_euclid(400));
        let of_year = (153 * month + 2) / 5 + self.day - 1;
        Some(era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468)
    }

    /// Microseconds since the epoch; nothing if there is no such moment.
    pub(crate) fn micros(self) -> Option<i64> {
        let fits = self.hour < 24 && self.minute < 60 && self.second < 60;
        let time = ((self.hour * 60 + self.minute) * 60 + self.second) * 1_000_000 + self.micro;
        fits.then_some(())?;
        self.days()?.checked_mul(DAY)?.checked_add(time)
    }

    /// The day of the week, Monday as 0.
    pub(crate) fn weekday(self) -> i64 {
        (self.days().unwrap_or(0) + 3).rem_euclid(7)
    }

    fn of_year(self) -> i64 {
        let first = Self { month: 1, day: 1, ..self };
        self.days().unwrap_or(0) - first.days().unwrap_or(0) + 1
    }
}

/// The last day of a month.
pub(crate) fn last_day(year: i64, month: i64) -> i64 {
    match month {
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

#[derive(Debug, PartialEq, Eq)]
enum Piece {
    Letters(char, usize),
    Literal(String),
}

/// A pattern, taken apart.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Pattern(Vec<Piece>);

impl Pattern {
    /// Reads a pattern.
    ///
    /// # Errors
    /// Names the letter that means nothing here.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let mut pieces: Vec<Piece> = Vec::new();
        let mut letters = text.chars().peekable();
        while let Some(letter) = letters.next() {
            if letter.is_ascii_alphabetic() {
                let mut count = 1;
                while letters.next_if_eq(&letter).is_some() {
                    count += 1;
                }
                if !"yuMLdDEeHhkKmsSaQqzZXxVGO".contains(letter) || "eqGOV".contains(letter) {
                    return Err(format!("the letter `{letter}` of the pattern `{text}` is not supported"));
                }
                pieces.push(Piece::Letters(letter, count));
                continue;
            }
            let literal = if letter != '\'' {
                letter.to_string()
            } else if letters.next_if_eq(&'\'').is_some() {
                "'".to_owned()
            } else {
                let mut quoted = String::new();
                loop {
                    match letters.next() {
                        Some('\'') if letters.next_if_eq(&'\'').is_none() => break,
                        Some(letter) => quoted.push(letter),
                        None => return Err(format!("a quote of the pattern `{text}` is not closed")),
                    }
                }
                quoted
            };
            match pieces.last_mut() {
                Some(Piece::Literal(last)) => last.push_str(&literal),
                _ => pieces.push(Piece::Literal(literal)),
            }
        }
        Ok(Self(pieces))
    }

    /// A moment as text.
    pub(crate) fn format(&self, micros: i64) -> String {
        let moment = Moment::of(micros);
        let mut out = String::new();
        for piece in &self.0 {
            match piece {
                Piece::Literal(text) => out.push_str(text),
                Piece::Letters(letter, count) => part(&mut out, moment, *letter, *count),
            }
        }
        out
    }

    /// The moment that a text tells, in microseconds since the epoch; nothing if it does not fit.
    pub(crate) fn read(&self, text: &str) -> Option<i64> {
        let mut moment = Moment { year: 1970, month: 1, day: 1, hour: 0, minute: 0, second: 0, micro: 0 };
        let (mut rest, mut afternoon, mut offset, mut half) = (text, None, 0i64, None);
        for (at, piece) in self.0.iter().enumerate() {
            match piece {
                Piece::Literal(literal) => rest = rest.strip_prefix(literal.as_str())?,
                Piece::Letters(letter, count) => {
                    let glued = matches!(self.0.get(at + 1), Some(Piece::Letters(next, _)) if "yuMdHhmsS".contains(*next));
                    match letter {
                        'M' | 'L' if *count > 2 => (moment.month, rest) = named(rest, &MONTHS)?,
                        'E' => (_, rest) = named(rest, &WEEK)?,
                        'a' => {
                            let (word, after) = rest.split_at_checked(2)?;
                            afternoon = Some(match word.to_ascii_lowercase().as_str() {
                                "am" => false,
                                "pm" => true,
                                _ => return None,
                            });
                            rest = after;
                        }
                        'z' | 'Z' | 'X' | 'x' => (offset, rest) = zone(rest)?,
                        'S' => {
                            let (digits, after) = digits(rest, 1, if glued { *count } else { 9 })?;
                            let text: String = format!("{digits:0<6}").chars().take(6).collect();
                            (moment.micro, rest) = (text.parse().ok()?, after);
                        }
                        _ => {
                            let (low, high) = match (letter, *count, glued) {
                                ('y' | 'u', 2, _) => (2, 2),
                                (_, count, true) => (count, count),
                                ('y' | 'u', 1, _) => (1, 9),
                                ('y' | 'u', count, _) => (count, 9),
                                (_, 1, _) => (1, 2),
                                (_, count, _) => (count, count.max(2)),
                            };
                            let (found, after) = digits(rest, low, high)?;
                            let value: i64 = found.parse().ok()?;
                            rest = after;
                            match letter {
                                'y' | 'u' if *count == 2 => moment.year = 2000 + value,
                                'y' | 'u' => moment.year = value,
                                'M' | 'L' => moment.month = value,
                                'd' => moment.day = value,
                                'H' => moment.hour = value,
                                'k' => moment.hour = value % 24,
                                'h' => half = Some(value % 12),
                                'K' => half = Some(value),
                                'm' => moment.minute = value,
                                's' => moment.second = value,
                                _ => return None,
                            }
                        }
                    }
                }
            }
        }
        if let Some(half) = half {
            moment.hour = half + if afternoon == Some(true) { 12 } else { 0 };
        }
        rest.is_empty().then_some(())?;
        moment.micros()?.checked_sub(offset)
    }
}

fn part(out: &mut String, moment: Moment, letter: char, count: usize) {
    let name = |names: &[&str], at: i64, long: bool| {
        let name = usize::try_from(at).ok().and_then(|at| names.get(at)).copied().unwrap_or_default();
        if long { name.to_owned() } else { name.chars().take(3).collect() }
    };
    let number = match letter {
        'M' | 'L' if count > 2 => return out.push_str(&name(&MONTHS, moment.month - 1, count > 3)),
        'E' => return out.push_str(&name(&WEEK, moment.weekday(), count > 3)),
        'a' => return out.push_str(if moment.hour < 12 { "AM" } else { "PM" }),
        'S' => {
            let digits = format!("{:06}000", moment.micro);
            return out.extend(digits.chars().take(count));
        }
        'z' => return out.push_str("UTC"),
        'X' => return out.push('Z'),
        'Z' if count < 4 => return out.push_str("+0000"),
        'x' if count < 3 => return out.push_str("+0000"),
        'Z' | 'x' => return out.push_str("+00:00"),
        'y' | 'u' if count == 2 => moment.year.rem_euclid(100),
        'y' | 'u' => moment.year,
        'M' | 'L' => moment.month,
        'd' => moment.day,
        'D' => moment.of_year(),
        'Q' => (moment.month - 1) / 3 + 1,
        'H' => moment.hour,
        'k' => (moment.hour + 23) % 24 + 1,
        'K' => moment.hour % 12,
        'h' => (moment.hour + 11) % 12 + 1,
        'm' => moment.minute,
        _ => moment.second,
    };
    out.push_str(&format!("{number:0count$}"));
}

fn named<'a>(text: &'a str, names: &[&str]) -> Option<(i64, &'a str)> {
    // The long name first: May is both.
    for length in [usize::MAX, 3] {
        for (at, name) in names.iter().enumerate() {
            let name = name.get(..length.min(name.len()))?;
            if let Some((head, rest)) = text.split_at_checked(name.len())
                && head.eq_ignore_ascii_case(name)
            {
                return Some((i64::try_from(at).ok()? + 1, rest));
            }
        }
    }
    None
}

fn digits(text: &str, low: usize, high: usize) -> Option<(&str, &str)> {
    let count = text.bytes().take(high).take_while(u8::is_ascii_digit).count();
    (count >= low).then(|| text.split_at_checked(count))?
}

fn zone(text: &str) -> Option<(i64, &str)> {
    for name in ["Z", "UTC", "GMT"] {
        if let Some(rest) = text.strip_prefix(name) {
            return Some((0, rest));
        }
    }
    let sign = match text.chars().next()? {
        '+' => 1,
        '-' => -1,
        _ => return None,
    };
    let (hours, rest) = digits(text.get(1..)?, 2, 2)?;
    let rest = rest.strip_prefix(':').unwrap_or(rest);
    let (minutes, rest) = digits(rest, 2, 2).unwrap_or(("0", rest));
    Some((sign * (hours.parse::<i64>().ok()? * 60 + minutes.parse::<i64>().ok()?) * 60_000_000, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn format(pattern: &str, micros: i64) -> String {
        Pattern::parse(pattern).unwrap().format(micros)
    }

    fn read(pattern: &str, text: &str) -> Option<String> {
        let micros = Pattern::parse(pattern).unwrap().read(text)?;
        Some(format("yyyy-MM-dd HH:mm:ss.SSSSSS", micros))
    }

    #[test]
    fn there_and_back() {
        for micros in [0, -1, 1_362_460_496_789_012, -62_135_596_800_000_000, 253_402_300_799_999_999] {
            assert_eq!(Moment::of(micros).micros(), Some(micros));
        }
    }

    #[test]
    fn moments_as_text() {
        let at = 1_362_460_496_789_012;
        assert_eq!(format("yyyy-MM-dd HH:mm:ss.SSS", at), "2013-03-05 05:14:56.789");
        assert_eq!(format("EEE, d MMM yy h:mm a", at), "Tue, 5 Mar 13 5:14 AM");
        assert_eq!(format("EEEE MMMM D 'of' Q''X", at), "Tuesday March 64 of 1'Z");
        assert!(Pattern::parse("yyyy-ww").unwrap_err().contains("`w`"));
    }

    #[test]
    fn text_as_moments() {
        let day = |text: &str| Some(format!("{text} 00:00:00.000000"));
        assert_eq!(read("dd/MM/yyyy", "05/03/2013"), day("2013-03-05"));
        assert_eq!(read("d MMM yyyy", "5 Mar 2013"), day("2013-03-05"));
        assert_eq!(read("yyyyMMdd", "20130305"), day("2013-03-05"));
        assert_eq!(
            read("yyyy-MM-dd'T'HH:mm:ss.SSSX", "2013-03-05T05:14:56.789+01:00"),
            Some("2013-03-05 04:14:56.789000".to_owned())
        );
        assert_eq!(read("h:mm a", "12:05 PM"), Some("1970-01-01 12:05:00.000000".to_owned()));
        for (pattern, text) in [("yyyy-MM-dd", "2013-02-30"), ("yyyy-MM-dd", "2013-03-05x"), ("MM", "13")] {
            assert_eq!(read(pattern, text), None);
        }
    }
}
