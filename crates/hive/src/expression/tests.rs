mod scans;

use proptest::prelude::*;

use super::{BoundExpression, Expression, ExpressionError};

fn bind(text: &str, keys: &[(&str, &str)]) -> Result<BoundExpression, ExpressionError> {
    Expression::parse(text)?.bind(keys)
}

/// The values, of one key `c` of this type, that match.
fn matching<'a>(ty: &str, text: &str, values: &[&'a str]) -> Vec<&'a str> {
    let bound = bind(text, &[("c", ty)]).unwrap_or_else(|e| panic!("{text}: {e}"));
    values.iter().copied().filter(|value| bound.matches(&[value]).unwrap()).collect()
}

fn refusal(ty: &str, text: &str) -> String {
    let error = bind(text, &[("c", ty)]).unwrap_err();
    assert_eq!(error.code(), "InvalidInputException");
    error.to_string()
}

#[test]
fn integers() {
    for text in [
        "c = 2",
        "c = '2'",
        "c = 2L",
        "c IN (2)",
        "c in (6, '4', 2)",
        "c between 2 AND 2",
        "c > 1 AND c < 3",
        "c >= 2 and c <> 3",
        "c != 1 and c != 3",
        "(c) = ((2)) (OR) (((c))) = (2)",
        "c IS NOT NULL and c = 2",
        "c not IN (1, 3)",
        "c NOT BETWEEN 1 AND 1 and c NOT BETWEEN 3 AND 3",
        "(not (c) IN (1,3))",
        "not (c = 1 or c = 3)",
        "(((c = 2)))",
        "((c) = 2)",
        "`c` = +2",
        "C=2",
        "\"c\"=2",
        "c between 1 (and) 2 and c<>1",
        "c BETWEEN 3 AND 1",
        "c=2 and c=1 or c=2",
    ] {
        assert_eq!(matching("int", text, &["1", "2", "3"]), ["2"], "{text}");
    }
    assert_eq!(matching("bigint", "c = 2 OR c = 1 AND c = 3", &["1", "2", "3"]), ["2"]);
    assert_eq!(matching("tinyint", "c < -1", &["-2", "-1"]), ["-2"]);
    assert_eq!(matching("smallint", "c = 2", &["02"]), ["02"]);
    assert_eq!(
        matching("long", "c IS NULL", &["1", "__HIVE_DEFAULT_PARTITION__"]),
        ["__HIVE_DEFAULT_PARTITION__"]
    );
    assert_eq!(matching("int", "c <> 1 or c not in (1)", &["1", "__HIVE_DEFAULT_PARTITION__"]), [""; 0]);
    assert_eq!(refusal("int", "c = 'test'"), "\"test\" is not an integer.");
    assert_eq!(refusal("int", "c in (2.5)"), "\"2.5\" is not an integer.");
    assert_eq!(refusal("int", "c LIKE '2'"), "Integral data type doesn't support operation 'LIKE'");
}

#[test]
fn decimals() {
    for text in [
        "c = 2.6",
        "c = '2.6'",
        "c IN (2.60)",
        "c in (6, '4', 2.6)",
        "c between 2 AND 3e10",
        "c > 1.5 AND c < 3",
        "c >= 2 and c <> '3e14'",
        "c = 2.6BD",
        "c = 2.6D",
    ] {
        assert_eq!(matching("decimal(10,2)", text, &["1.2", "2.6", "3e14"]), ["2.6"], "{text}");
    }
    assert_eq!(refusal("decimal", "c = 'test'"), "test is not a decimal.");
    assert_eq!(refusal("decimal", "c LIKE '2'"), "Decimal data type doesn't support operation 'LIKE'");
}

#[test]
fn strings() {
    let values = ["one", "two", "2", "three"];
    for text in [
        "c = 'two'",
        "c IN ('test', 'two', '3')",
        "c between 'twn' AND 'twp'",
        "c LIKE 'two'",
        "c LIKE 't_o'",
        "c LIKE 't__'",
        "c LIKE '%wo'",
        "c LIKE ('%%w%')",
        "c NOT LIKE '%e' AND c not like '_'",
    ] {
        assert_eq!(matching("string", text, &values), ["two"], "{text}");
    }
    for text in ["c = 2", "c IN (1, 2, 3)", "c IN ('1', '2', '3')", "c > '1' AND c < '3'"] {
        assert_eq!(matching("varchar(5)", text, &values), ["2"], "{text}");
    }
    let quotes = ["it's", "C:\\", "%", "a.c", "abc"];
    assert_eq!(matching("string", "c = 'it''s'", &quotes), ["it's"]);
    assert_eq!(matching("string", "(c='it\\'s')", &quotes), ["it's"]);
    assert_eq!(matching("string", "c = 'C:\\'", &quotes), ["C:\\"]);
    assert_eq!(matching("string", "c like 'a.c'", &quotes), ["a.c"]);
    assert_eq!(matching("string", "c like '%'", &quotes), quotes);
    assert_eq!(matching("string", "c = ''", &["", "x"]), [""]);
}

#[test]
fn dates_and_timestamps() {
    let days = ["2024-01-31", "2024-02-01"];
    assert_eq!(matching("date", "c >= '2024-02-01'", &days), ["2024-02-01"]);
    assert_eq!(refusal("date", "c = '2024-02-30'"), "2024-02-30 is not a date.");
    assert_eq!(refusal("date", "c like '2%'"), "Date data type doesn't support operation 'LIKE'");
    let times = ["2024-01-01 00:00:00", "2024-01-01 00:00:00.000000001"];
    assert_eq!(
        matching("timestamp", "c > '2024-01-01 00:00:00.0'", &times),
        ["2024-01-01 00:00:00.000000001"]
    );
    assert_eq!(
        refusal("timestamp", "c = '2024-01-01'"),
        "Timestamp format must be yyyy-mm-dd hh:mm:ss[.fffffffff] 2024-01-01 is not a timestamp."
    );
    assert_eq!(refusal("timestamp", "c like '2'"), "Timestamp data type doesn't support operation 'LIKE'");
}

#[test]
fn what_cannot_be_bound_or_read() {
    assert_eq!(refusal("string", "d = 1"), "Invalid partition expression!");
    assert_eq!(bind("c = 1", &[]).unwrap_err().to_string(), "Invalid partition expression!");
    assert_eq!(refusal("float", "c = 3.14"), "Unknown type : 'float'");
    for text in [
        "c IS test' AND not parsable",
        "c",
        "c =",
        "= 1",
        "c = d",
        "c = 1 AND",
        "(c = 1",
        "c = 1)",
        "c in ()",
        "c in (1,)",
        "c like 2",
        "c is",
        "c ! 1",
        "c = 1 c = 2",
        "c between 1 or 2",
        "c = (1",
        "c = \"v\"",
        "\u{1F600}",
        "((c = 1)",
        "(c)) = 1",
        "not",
        "c not = 1",
        "c = 1.2.3",
    ] {
        assert_eq!(refusal("string", text), format!("Unsupported expression '{text}'"));
    }
    let deep = |n: usize| format!("{}c = 1{}", "(".repeat(n), ")".repeat(n));
    assert!(Expression::parse(&deep(200)).is_ok());
    assert!(Expression::parse(&deep(300)).is_err());
    assert!(Expression::parse(&"not ".repeat(100_000)).is_err());
    assert!(Expression::parse(&"(".repeat(100_000)).is_err());
}

#[test]
fn stored_values_of_the_wrong_form_are_an_invalid_state() {
    let bound = bind("c = 2", &[("c", "int"), ("d", "float")]).unwrap();
    let error = bound.matches(&["int", "3.14"]).unwrap_err();
    assert_eq!(
        (error.code(), error.to_string().as_str()),
        ("InvalidStateException", "\"int\" is not an integer.")
    );
    assert!(matches!(bound.matches(&["2"]), Err(ExpressionError::InvalidState(_))));
    let or = bind("d = 'x' or c = 2", &[("c", "int"), ("d", "string")]).unwrap();
    assert_eq!(or.matches(&["int", "x"]), Ok(true));
}

#[test]
fn a_blank_expression_matches_all() {
    for text in ["", "  \t"] {
        let bound = bind(text, &[("c", "float")]).unwrap();
        assert_eq!(bound.matches(&["x"]), Ok(true));
    }
}

const KEYS: [(&str, &str); 3] = [("a", "string"), ("b", "string"), ("n", "int")];
const TEXTS: [&str; 8] = ["", "a", "ab", "abc", "b", "ba", "\u{10FFFF}", "__HIVE_DEFAULT_PARTITION__"];

fn condition() -> impl Strategy<Value = String> {
    let text = || prop::sample::select(TEXTS.to_vec()).prop_map(|t| format!("'{t}'"));
    let number = || (0u8..4).prop_map(|n| n.to_string());
    let pattern = prop::sample::select(vec!["'a%'", "'%b'", "'a_'", "'ab'", "'%'", "''", "'\u{10FFFF}%'"]);
    let op = || prop::sample::select(vec!["=", "<>", "<", "<=", ">", ">="]);
    let not = || prop::sample::select(vec!["", "not "]);
    let key = || prop::sample::select(vec!["a", "b"]);
    prop_oneof![
        (key(), op(), text()).prop_map(|(k, o, t)| format!("{k} {o} {t}")),
        (op(), number()).prop_map(|(o, t)| format!("n {o} {t}")),
        (key(), not(), prop::collection::vec(text(), 1..4))
            .prop_map(|(k, n, l)| format!("{k} {n}in ({})", l.join(","))),
        (key(), not(), text(), text()).prop_map(|(k, n, l, h)| format!("{k} {n}between {l} and {h}")),
        (key(), not(), pattern).prop_map(|(k, n, p)| format!("{k} {n}like {p}")),
        (key(), not()).prop_map(|(k, n)| format!("{k} is {n}null")),
        (not(), number(), number()).prop_map(|(n, l, h)| format!("n {n}between {l} and {h}")),
    ]
}

fn expression() -> impl Strategy<Value = String> {
    condition().prop_recursive(4, 16, 3, |inner| {
        prop_oneof![
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("({a}) and {b}")),
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("({a} or {b})")),
            inner.prop_map(|a| format!("not ({a})")),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn not_is_the_opposite_where_nothing_is_null(text in expression(), a in "[ab]{0,3}", b in "[ab]{0,3}") {
        let values = [a.as_str(), b.as_str(), "1"];
        let straight = bind(&text, &KEYS).unwrap().matches(&values).unwrap();
        let opposite = bind(&format!("not ({text})"), &KEYS).unwrap().matches(&values).unwrap();
        prop_assert_ne!(straight, opposite);
    }

    #[test]
    fn no_text_panics(text in "[abn0-9 ()',.<>=!andornotibewlks%\\\\-]*|.*") {
        if let Ok(bound) = bind(&text, &KEYS) {
            let _ = bound.matches(&["a", "b", "1"]);
            let orders = KEYS.map(|(_, ty)| super::ValueOrder::of(ty));
            let plan = bound.plan(&orders);
            let _ = plan.scan().see(&["a", "b", "B1"].map(str::to_owned));
        }
    }
}
