//! A scan that jumps finds what asking every partition finds.

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::super::{BoundExpression, ExpressionError, Step, ValueOrder};
use super::bind;

/// Partitions as they lie.
struct Shelf {
    orders: Vec<ValueOrder>,
    rows: BTreeSet<Vec<String>>,
}

impl Shelf {
    fn new(types: &[&str], rows: impl IntoIterator<Item = Vec<String>>) -> Self {
        let orders: Vec<_> = types.iter().map(|ty| ValueOrder::of(ty)).collect();
        let encode = |row: Vec<String>| {
            orders.iter().zip(row).map(|(order, value)| order.encode(&value).into_owned()).collect()
        };
        Self { rows: rows.into_iter().map(encode).collect(), orders }
    }

    fn values(&self, row: &[String]) -> Vec<String> {
        self.orders.iter().zip(row).map(|(order, value)| order.decode(value.clone())).collect()
    }

    fn naive(&self, expression: &BoundExpression) -> Vec<Result<Vec<String>, ExpressionError>> {
        let all = self.rows.iter().map(|row| self.values(row));
        all.filter_map(|values| {
            let asked: Vec<&str> = values.iter().map(String::as_str).collect();
            match expression.matches(&asked) {
                Ok(found) => found.then_some(Ok(values)),
                Err(error) => Some(Err(error)),
            }
        })
        .collect()
    }

    /// What a scan finds, and how many partitions it looks at.
    fn scan(&self, expression: &BoundExpression) -> Result<(Vec<Vec<String>>, usize), ExpressionError> {
        let plan = expression.plan(&self.orders);
        let mut scan = plan.scan();
        let (mut found, mut looked) = (Vec::new(), 0);
        let mut next = match scan.start() {
            Step::Jump(first) => self.rows.range(first..).next(),
            _ => None,
        };
        while let Some(row) = next {
            looked += 1;
            let (matches, step) = scan.see(row)?;
            if matches {
                found.push(self.values(row));
            }
            next = match step {
                Step::End => None,
                Step::Jump(to) => {
                    assert!(to > *row, "{to:?} is not behind {row:?}");
                    self.rows.range(to..).next()
                }
                Step::Next => {
                    let behind = (std::ops::Bound::Excluded(row.clone()), std::ops::Bound::Unbounded);
                    self.rows.range(behind).next()
                }
            };
        }
        Ok((found, looked))
    }
}

#[test]
fn scans_look_at_little_more_than_they_find() {
    let numbers = |range: std::ops::Range<u32>| range.map(|n| n.to_string()).collect::<Vec<_>>();
    let keys = [("y", "int"), ("m", "string"), ("d", "date"), ("n", "decimal(9,1)")];
    let mut rows = Vec::new();
    for y in numbers(1990..2030) {
        for m in numbers(1..13) {
            for d in 1..11 {
                for n in ["-1.5", "0.5", "10"] {
                    rows.push(vec![y.clone(), m.clone(), format!("2024-01-{d:02}"), n.to_owned()]);
                }
            }
        }
    }
    let shelf = Shelf::new(&keys.map(|(_, ty)| ty), rows);
    for (text, most) in [
        ("y = 2024", 362),
        ("y > 2024 and y <= 2026", 722),
        ("y <> 2024", 14_042),
        ("y not in (2024, 2025) and m = '7' and d = '2024-01-03' and n = 10", 38 * 5 + 10),
        ("m = '3'", 40 * 32),
        ("y between 2000 and 2004 and m like '1%'", 607),
        ("y = 2000 and m not like '1%'", 275),
        ("y = 2000 and m like '%2'", 90),
        ("d = '2024-01-03' and n < 0", 40 * 12 * 3 + 50),
        ("y = 2001 and m = '1' and d = '2024-01-01' and n = 0.50", 5),
        ("y = 2001 and m = '1' or y = 2005 and m in ('2', '3')", 100),
        ("y is null", 1),
        ("y = 2001 and y = 2002", 1),
        ("not (y < 2024 or y > 2024)", 362),
    ] {
        let expression = bind(text, &keys).unwrap();
        let (found, looked) = shelf.scan(&expression).unwrap();
        let all: Result<Vec<_>, _> = shelf.naive(&expression).into_iter().collect();
        assert_eq!(Ok(found), all, "{text}");
        assert!(looked <= most, "{text} looks at {looked}");
    }
}

#[test]
fn what_does_not_fit_is_met() {
    let shelf = Shelf::new(
        &["int", "date"],
        [vec!["x".to_owned(), "2024-01-01".to_owned()], vec!["5".to_owned(), "y".to_owned()]],
    );
    let keys = [("c", "int"), ("d", "date")];
    for text in
        ["c = 4", "c > 7", "c is null", "c <> 5", "c not in (5)", "d = '2024-01-01'", "not d < '2024-01-01'"]
    {
        assert!(shelf.scan(&bind(text, &keys).unwrap()).is_err(), "{text}");
    }
}

#[test]
fn another_order_than_the_type_s_finds_the_same() {
    let rows = (0..30).map(|n| vec![n.to_string()]);
    let shelf = Shelf::new(&["string"], rows);
    let expression = bind("c > 8 and c < 12", &[("c", "int")]).unwrap();
    let (found, looked) = shelf.scan(&expression).unwrap();
    assert_eq!((found.concat(), looked), (["10", "11", "9"].map(str::to_owned).to_vec(), 30));
}

const KEYS: [(&str, &str); 5] =
    [("s", "string"), ("i", "bigint"), ("d", "date"), ("n", "decimal(9,2)"), ("t", "timestamp")];
const NULL: &str = "__HIVE_DEFAULT_PARTITION__";

fn pool(key: usize) -> Vec<&'static str> {
    match key {
        0 => vec!["", "a", "ab", "abc", "b", "\u{0}", "\u{1}", "\u{10FFFF}", NULL],
        1 => vec!["-10", "-9", "0", "-0", "007", "7", "8", "10", "100", NULL],
        2 => vec!["2023-12-31", "2024-01-01", "2024-01-02", NULL],
        3 => vec!["-1.5", "-1.50", "-1.55", "0", "0.1", "1", "1.0", "10", "1e1", NULL],
        _ => vec![
            "2024-01-01 00:00:00",
            "2024-01-01 00:00:00.0",
            "2024-01-01 00:00:00.10",
            "2024-01-01 10:00:00",
            NULL,
        ],
    }
}

fn values() -> impl Strategy<Value = Vec<String>> {
    let one = |key: usize| prop::sample::select(pool(key)).prop_map(str::to_owned);
    (one(0), one(1), one(2), one(3), one(4)).prop_map(|(s, i, d, n, t)| vec![s, i, d, n, t])
}

fn test() -> impl Strategy<Value = String> {
    let literal = |key: usize| {
        let literals =
            pool(key).into_iter().filter(move |value| *value != NULL || key == 0).collect::<Vec<_>>();
        prop::sample::select(literals).prop_map(|text| format!("'{text}'"))
    };
    let op = || prop::sample::select(vec!["=", "<>", "<", "<=", ">", ">="]);
    let not = || prop::sample::select(vec!["", "not "]);
    (0..KEYS.len()).prop_flat_map(move |key| {
        let name = KEYS.get(key).map_or("", |(name, _)| name);
        prop_oneof![
            (op(), literal(key)).prop_map(move |(op, value)| format!("{name} {op} {value}")),
            (not(), prop::collection::vec(literal(key), 1..4))
                .prop_map(move |(not, list)| format!("{name} {not}in ({})", list.join(","))),
            (not(), literal(key), literal(key))
                .prop_map(move |(not, low, high)| format!("{name} {not}between {low} and {high}")),
            not().prop_map(move |not| format!("{name} is {not}null")),
            (not(), prop::sample::select(vec!["a%", "%b", "a_", "ab", "%", "", "a%%", "\u{10FFFF}%"]))
                .prop_map(|(not, pattern)| format!("s {not}like '{pattern}'")),
        ]
    })
}

fn expression() -> impl Strategy<Value = String> {
    test().prop_recursive(4, 16, 3, |inner| {
        prop_oneof![
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("({a}) and {b}")),
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("({a} or {b})")),
            inner.prop_map(|a| format!("not ({a})")),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1024))]

    #[test]
    fn a_scan_finds_what_asking_every_partition_finds(
        text in expression(),
        rows in prop::collection::vec(values(), 0..60),
        first in 0..KEYS.len(),
    ) {
        // Each key has its turn as the leading one.
        let mut keys = KEYS.to_vec();
        keys.rotate_left(first);
        let rows = rows.into_iter().map(|mut row| { row.rotate_left(first); row });
        let shelf = Shelf::new(&keys.iter().map(|(_, ty)| *ty).collect::<Vec<_>>(), rows);
        let expression = bind(&text, &keys).unwrap();
        let all: Result<Vec<_>, _> = shelf.naive(&expression).into_iter().collect();
        prop_assert_eq!(shelf.scan(&expression).map(|(found, _)| found), all, "{}", text);
    }
}
