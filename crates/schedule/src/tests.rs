use proptest::prelude::*;

use super::*;

fn cron(fields: &str) -> Cron {
    format!("cron({fields})").parse().unwrap()
}

fn at(text: &str) -> Timestamp {
    Timestamp::parse(text).unwrap()
}

fn next(fields: &str, after: &str) -> String {
    cron(fields).next_after(at(after)).map_or_else(|| "never".to_owned(), Timestamp::iso8601)
}

fn reason(text: &str) -> String {
    text.parse::<Cron>().unwrap_err().reason
}

#[test]
fn examples_of_the_guide() {
    // 2026-11-22 is a Sunday.
    let now = "2026-11-22T09:07:30Z";
    for (fields, due) in [
        ("0 10 * * ? *", "2026-11-22T10:00:00Z"),
        ("15 12 * * ? *", "2026-11-22T12:15:00Z"),
        ("0 18 ? * MON-FRI *", "2026-11-23T18:00:00Z"),
        ("0 8 1 * ? *", "2026-12-01T08:00:00Z"),
        ("0/15 * * * ? *", "2026-11-22T09:15:00Z"),
        ("0/10 * ? * MON-FRI *", "2026-11-23T00:00:00Z"),
        ("0/5 8-17 ? * MON-FRI *", "2026-11-23T08:00:00Z"),
        ("1/10 * * * ? *", "2026-11-22T09:11:00Z"),
    ] {
        assert_eq!(next(fields, now), due, "{fields}");
    }
}

#[test]
fn special_days() {
    let now = "2026-11-22T00:00:00Z";
    for (fields, due) in [
        ("0 0 L * ? *", "2026-11-30T00:00:00Z"),
        ("0 0 L FEB ? 2028", "2028-02-29T00:00:00Z"),
        ("0 0 29 2 ? *", "2028-02-29T00:00:00Z"),
        // The last of January 2027 is a Sunday.
        ("0 0 LW 1 ? *", "2027-01-29T00:00:00Z"),
        // The third of January 2027 is a Sunday, the second a Saturday, the first of May a Saturday.
        ("0 0 3W 1 ? 2027", "2027-01-04T00:00:00Z"),
        ("0 0 2W 1 ? 2027", "2027-01-01T00:00:00Z"),
        ("0 0 1W 5 ? 2027", "2027-05-03T00:00:00Z"),
        ("0 0 31W 2,3 ? 2027", "2027-03-31T00:00:00Z"),
        ("0 0 ? * L *", "2026-11-28T00:00:00Z"),
        ("0 0 ? * 6L *", "2026-11-27T00:00:00Z"),
        ("0 0 ? * FRIL *", "2026-11-27T00:00:00Z"),
        ("0 0 ? * 3#2 *", "2026-12-08T00:00:00Z"),
        ("0 0 ? * mon#5 *", "2026-11-30T00:00:00Z"),
        ("0 0 1,L * ? *", "2026-11-30T00:00:00Z"),
        ("0 0 ? * SAT-MON *", "2026-11-23T00:00:00Z"),
        ("0 22-2/2 * * ? *", "2026-11-22T02:00:00Z"),
        ("0 0 1 NOV-FEB/3 ? *", "2027-02-01T00:00:00Z"),
        ("0 0 ? * 1 2030-2032/2", "2030-01-06T00:00:00Z"),
        ("0 0 31 4 ? *", "never"),
        ("0 0 * * ? 2025", "never"),
    ] {
        assert_eq!(next(fields, now), due, "{fields}");
    }
}

#[test]
fn what_is_due_now_is_not_due_again() {
    assert_eq!(next("0 0 * * ? *", "2026-11-22T00:00:00Z"), "2026-11-23T00:00:00Z");
    let before = Timestamp::from_micros(at("2026-11-22T00:00:00Z").micros() - 1);
    assert_eq!(cron("0 0 * * ? *").next_after(before), Some(at("2026-11-22T00:00:00Z")));
    assert_eq!(next("59 23 31 12 ? 2199", "2199-12-31T23:59:00Z"), "never");
}

#[test]
fn what_is_wrong_is_told() {
    for (text, said) in [
        ("", "cron(...)"),
        ("rate(5 minutes)", "cron(...)"),
        ("0 0 * * ? *", "cron(...)"),
        ("cron(0 0 * * ?)", "six fields and has 5"),
        ("cron(0 0 * * * *)", "must be ?"),
        ("cron(0 0 1 * MON *)", "must be ?"),
        ("cron(0 0 ? * ? *)", "only one"),
        ("cron(60 0 * * ? *)", "60 is not a value of Minutes, which has 0 to 59"),
        ("cron(0 24 * * ? *)", "Hours"),
        ("cron(0 0 0 * ? *)", "Day-of-month"),
        ("cron(0 0 32W * ? *)", "Day-of-month"),
        ("cron(0 0 * 13 ? *)", "Month"),
        ("cron(0 0 * JANUARY ? *)", "JANUARY"),
        ("cron(0 0 ? * 0 *)", "Day-of-week"),
        ("cron(0 0 ? * MON#6 *)", "week of the month"),
        ("cron(0 0 * * ? 1969)", "Year"),
        ("cron(0 0 * * ? 2030-2029)", "ends before it begins"),
        ("cron(0/0 0 * * ? *)", "step"),
        ("cron(0/60 * * * ? *)", "step"),
        ("cron(? 0 * * ? *)", "Minutes"),
        ("cron(+1 0 * * ? *)", "Minutes"),
        ("cron(1, 0 * * ? *)", "Minutes"),
        ("cron(* * * * ? *)", "every 5 minutes"),
        ("cron(0/4 * * * ? *)", "every 5 minutes"),
        ("cron(0,59 * * * ? *)", "every 5 minutes"),
        ("cron(0,59 0,23 * * ? *)", "every 5 minutes"),
    ] {
        let reason = reason(text);
        assert!(reason.contains(said), "{text}: {reason}");
    }
    // Midnight is near, and the days are not.
    cron("0,59 0,23 1,15 * ? *");
    cron("0,58 0,23 ? * MON#1 *");
    assert_eq!(reason("cron(0,58 0,23 ? * SUN,MON *)"), "it must not be due more often than every 5 minutes");
    assert!(reason("cron(0,58 0,23 1,L * ? *)").contains("5 minutes"));
}

#[test]
fn a_long_text_is_no_hard_one() {
    // Close to each other around midnight: every day of every year is looked at, once for each different term.
    let days = ["31"; 100_000].join(",");
    assert_eq!(next(&format!("0,58 0,23 {days} 1,3,5 ? *"), "2026-11-22T00:00:00Z"), "2027-01-31T00:00:00Z");
}

/// Whether a term of a simple field admits a value, told without the parser.
fn admits(term: &str, value: u16, most: u16) -> bool {
    let (range, step) = term.split_once('/').map_or((term, 1), |(r, s)| (r, s.parse().unwrap()));
    let (from, to) = match range.split_once('-') {
        Some((from, to)) => (from.parse().unwrap(), to.parse().unwrap()),
        None if range == "*" => (0, most),
        None => (range.parse().unwrap(), if term.contains('/') { most } else { range.parse().unwrap() }),
    };
    (from..=to).contains(&value) && (value - from).is_multiple_of(step)
}

fn term(most: u16) -> impl Strategy<Value = String> {
    prop_oneof![
        Just("*".to_owned()),
        (0..=most).prop_map(|v| v.to_string()),
        (0..=most, 0..=most).prop_map(|(a, b)| format!("{}-{}", a.min(b), a.max(b))),
        (0..=most, 1..=most).prop_map(|(a, step)| format!("{a}/{step}")),
        (1..=most).prop_map(|step| format!("*/{step}")),
    ]
}

proptest! {
    /// The next moment is the first minute that both fields admit: an oracle that walks minute by minute.
    #[test]
    fn the_next_moment_is_the_first_that_fits(minute in 0u16..60, hours in term(23), start in 0i64..4_000_000_000) {
        let found = cron(&format!("{minute} {hours} * * ? *"));
        let start = Timestamp::from_secs(start);
        let mut walk = start.secs().div_euclid(60) * 60 + 60;
        loop {
            let civil = Timestamp::from_secs(walk).civil();
            if u16::from(civil.minute()) == minute && admits(&hours, u16::from(civil.hour()), 23) {
                break;
            }
            walk += 60;
        }
        prop_assert_eq!(found.next_after(start), Some(Timestamp::from_secs(walk)));
    }

    /// Whatever is accepted leaves five minutes between two firings.
    #[test]
    fn five_minutes_lie_between(minutes in term(59), more in term(59), hours in term(23), day in 1u16..32) {
        let text = format!("cron({minutes},{more} {hours} {day},* * ? *)");
        if let Ok(found) = text.parse::<Cron>() {
            let mut due = Timestamp::from_secs(1_790_000_000);
            for _ in 0..50 {
                let next = found.next_after(due).unwrap();
                prop_assert!(next > due && next.secs() % 60 == 0);
                due = next;
                let after = found.next_after(due).unwrap();
                prop_assert!(after.since(due).as_secs() >= 300, "{} {} {}", text, due, after);
            }
        }
    }

    #[test]
    fn any_text_is_judged(text in "cron\\([0-9A-Z*?/,# L-]{0,24}\\)") {
        if let Ok(found) = text.parse::<Cron>() {
            let _ = found.next_after(Timestamp::from_secs(1_790_000_000));
            prop_assert_eq!(found.to_string(), text);
        }
    }
}
