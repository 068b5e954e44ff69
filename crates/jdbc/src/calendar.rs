//! Dates of the Gregorian calendar, before its beginning too, as days since 1970.

/// Microseconds of a day.
const DAY: i64 = 86_400_000_000;

/// Days from the first of March of the year 0 to 1970.
const EPOCH: i64 = 719_468;

/// Days of 400 years.
const ERA: i64 = 146_097;

/// The day of a moment, and the microseconds since its beginning.
pub(crate) fn days(micros: i64) -> (i32, i64) {
    (i32::try_from(micros.div_euclid(DAY)).unwrap_or_default(), micros.rem_euclid(DAY))
}

/// The moment of a day's so many microseconds.
pub(crate) fn moment(days: i32, micros: i64) -> i64 {
    i64::from(days) * DAY + micros
}

/// Year, month and day. Years begin in March here, so that a leap day is the last of its year.
pub(crate) fn date(days: i32) -> (i64, u8, u8) {
    let days = i64::from(days) + EPOCH;
    let (era, of_era) = (days.div_euclid(ERA), days.rem_euclid(ERA));
    let year = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month + 2) / 5 + 1;
    let (month, later) = if month < 10 { (month + 3, 0) } else { (month - 9, 1) };
    let small = |number: i64| u8::try_from(number).unwrap_or_default();
    (year + era * 400 + later, small(month), small(day))
}

/// The days since 1970 of a date.
pub(crate) fn day_number(year: i64, month: u8, day: u8) -> i32 {
    let (month, day) = (i64::from(month), i64::from(day));
    let year = if month <= 2 { year - 1 } else { year };
    let (era, of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let days = era * ERA + of_era * 365 + of_era / 4 - of_era / 100 + of_year - EPOCH;
    i32::try_from(days).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn known_days() {
        for (days, year, month, day) in [
            (0, 1970, 1, 1),
            (11_016, 2000, 2, 29),
            (-719_528, 0, 1, 1),
            (-719_529, -1, 12, 31),
            (19_782, 2024, 2, 29),
        ] {
            assert_eq!(date(days), (year, month, day));
            assert_eq!(day_number(year, month, day), days);
        }
        assert_eq!(super::days(-1), (-1, DAY - 1));
    }

    proptest! {
        #[test]
        fn there_and_back(days in -100_000_000..100_000_000i32) {
            let (year, month, day) = date(days);
            prop_assert_eq!(day_number(year, month, day), days);
        }
    }
}
