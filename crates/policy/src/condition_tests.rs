use super::*;

fn holds(operator: &str, wanted: &[&str], actual: &[&str]) -> bool {
    let mut context = Context::from_iter([("aws:username", "alice")]);
    context.set_all("test:Key", actual.iter().copied());
    let wanted = wanted.iter().map(|w| (*w).to_owned()).collect();
    Condition::new(operator, "TEST:key", wanted, true).unwrap().holds(&context)
}

fn table(operator: &str, rows: &[(&[&str], &[&str], bool)]) {
    for (wanted, actual, want) in rows {
        assert_eq!(holds(operator, wanted, actual), *want, "{operator} {wanted:?} {actual:?}");
    }
}

#[test]
fn strings() {
    table(
        "StringEquals",
        &[
            (&["a"], &["a"], true),
            (&["a"], &["A"], false),
            (&["b", "a"], &["a"], true),
            (&["a*"], &["ab"], false),
            (&["${aws:username}"], &["alice"], true),
            (&["${aws:userid}"], &["alice"], false),
            (&["a"], &[], false),
            (&[""], &[""], true),
        ],
    );
    table(
        "StringNotEquals",
        &[
            (&["a"], &["a"], false),
            (&["a", "b"], &["b"], false),
            (&["a", "b"], &["c"], true),
            (&["a"], &[], true),
        ],
    );
    table(
        "StringEqualsIgnoreCase",
        &[
            (&["Straße"], &["STRAßE"], true),
            (&["X-${aws:username}"], &["x-ALICE"], true),
            (&["a"], &["b"], false),
        ],
    );
    table("StringNotEqualsIgnoreCase", &[(&["A"], &["a"], false), (&["A"], &["b"], true)]);
    table(
        "StringLike",
        &[
            (&["", "home/", "home/${aws:username}/*"], &["home/alice/x"], true),
            (&["", "home/", "home/${aws:username}/*"], &["home/bob/x"], false),
            (&["", "home/", "home/${aws:username}/*"], &[""], true),
            (&["t1.*", "t2.*", "m3.*"], &["t2.large"], true),
            (&["a?c"], &["abc"], true),
        ],
    );
    table("StringNotLike", &[(&["a*"], &["ab"], false), (&["a*"], &["ba"], true), (&["a*"], &[], true)]);
}

#[test]
fn numbers() {
    table(
        "NumericEquals",
        &[(&["10"], &["10.0"], true), (&["10"], &["11"], false), (&["1"], &["one"], false)],
    );
    table("NumericNotEquals", &[(&["10"], &["10"], false), (&["1", "2"], &["3"], true), (&["1"], &[], true)]);
    table("NumericLessThan", &[(&["10"], &["9.5"], true), (&["10"], &["10"], false), (&["10"], &[], false)]);
    table("NumericLessThanEquals", &[(&["10"], &["10"], true), (&["10"], &["10.1"], false)]);
    table("NumericGreaterThan", &[(&["-1"], &["0"], true), (&["-1"], &["-1"], false)]);
    table("NumericGreaterThanEquals", &[(&["5"], &["5"], true), (&["5"], &["4"], false)]);
}

#[test]
fn dates() {
    let noon = "2026-11-21T12:00:00Z";
    table(
        "DateEquals",
        &[(&[noon], &["2026-11-21T13:00:00+01:00"], true), (&["2026-11-21"], &[noon], false)],
    );
    table("DateNotEquals", &[(&[noon], &[noon], false), (&["2026"], &[noon], true)]);
    table("DateLessThan", &[(&["2027"], &[noon], true), (&[noon], &[noon], false), (&[noon], &["x"], false)]);
    table("DateLessThanEquals", &[(&[noon], &[noon], true)]);
    table(
        "DateGreaterThan",
        &[(&["2020-01-01T00:00:01Z"], &[noon], true), (&["1800000000"], &[noon], false)],
    );
    table("DateGreaterThanEquals", &[(&[noon], &[noon], true), (&[noon], &["2026-11-21"], false)]);
}

#[test]
fn other_types() {
    table("Bool", &[(&["true"], &["True"], true), (&["false"], &["true"], false), (&["true"], &[], false)]);
    table(
        "BinaryEquals",
        &[
            (&["QmluYXJ5"], &["QmluYXJ5"], true),
            (&["QmluYXJ5"], &["Qm"], false),
            (&["QmluYXJ5"], &["AAAA"], false),
        ],
    );
    table(
        "IpAddress",
        &[
            (&["203.0.113.0/24", "2001:DB8:1234:5678::/64"], &["203.0.113.9"], true),
            (&["203.0.113.0/24", "2001:DB8:1234:5678::/64"], &["2001:db8:1234:5678::9"], true),
            (&["203.0.113.0/24"], &["198.51.100.1"], false),
            (&["203.0.113.0/24"], &["glue.amazonaws.com"], false),
            (&["203.0.113.0/24"], &[], false),
        ],
    );
    table(
        "NotIpAddress",
        &[
            (&["203.0.113.0/24"], &["203.0.113.9"], false),
            (&["203.0.113.0/24"], &["198.51.100.1"], true),
            (&["203.0.113.0/24"], &[], true),
        ],
    );
    for operator in ["ArnEquals", "ArnLike"] {
        table(
            operator,
            &[
                (&["arn:aws:sns:*:1:topic"], &["arn:aws:sns:eu-west-1:1:topic"], true),
                (&["arn:aws:sns:*:1:topic"], &["arn:aws:sns:eu-west-1:2:x:1:topic"], false),
                (&["arn:aws:iam::1:user/${aws:username}"], &["arn:aws:iam::1:user/alice"], true),
                (&["arn:aws:sns:*:1:topic"], &[], false),
            ],
        );
    }
    for operator in ["ArnNotEquals", "ArnNotLike"] {
        table(
            operator,
            &[
                (&["arn:aws:sns:*:1:*"], &["arn:aws:sns:eu-west-1:1:topic"], false),
                (&["arn:aws:sns:*:1:*"], &["arn:aws:sns:eu-west-1:2:topic"], true),
                (&["arn:aws:sns:*:1:*"], &[], true),
            ],
        );
    }
    table(
        "Null",
        &[
            (&["true"], &[], true),
            (&["true"], &["x"], false),
            (&["false"], &["x"], true),
            (&["false"], &[], false),
            (&["True", "false"], &[], true),
        ],
    );
}

#[test]
fn if_exists() {
    table("StringLikeIfExists", &[(&["t*"], &[], true), (&["t*"], &["m3"], false), (&["t*"], &["t1"], true)]);
    table("StringNotEqualsIfExists", &[(&["t"], &[], true), (&["t"], &["t"], false)]);
    table("BoolIfExists", &[(&["true"], &[], true), (&["true"], &["false"], false)]);
    table("ForAnyValue:StringEqualsIfExists", &[(&["t"], &[], true), (&["t"], &["x"], false)]);
}

#[test]
fn several_values() {
    let tags: &[&str] = &["PostDateTime", "Message", "Tags"];
    table(
        "ForAllValues:StringLike",
        &[
            (tags, &["PostDateTime", "Message"], true),
            (tags, &["PostDateTime", "UserName"], false),
            (tags, &[], true),
            (tags, &[""], true),
        ],
    );
    table(
        "ForAnyValue:StringLike",
        &[
            (&["ID", "PostDateTime"], &["UserName", "Message", "PostDateTime"], true),
            (&["ID", "PostDateTime"], &["UserName"], false),
            (&["ID"], &[], false),
            (&["*"], &[""], false),
        ],
    );
    table(
        "ForAllValues:StringNotEquals",
        &[(&["a", "b"], &["c", "d"], true), (&["a", "b"], &["a", "d"], false), (&["a"], &[], true)],
    );
    table(
        "ForAnyValue:StringNotEquals",
        &[(&["a", "b"], &["a", "d"], true), (&["a", "b"], &["a", "b"], false), (&["a"], &[], false)],
    );
    table("StringEquals", &[(&["a"], &["b", "a"], true)]);
    table("StringNotEquals", &[(&["a"], &["b", "a"], false)]);
    table(
        "ForAllValues:ArnLike",
        &[(&["arn:aws:s3:::b/*"], &["arn:aws:s3:::b/1", "arn:aws:s3:::b/2"], true)],
    );
}

/// "Policy variables with no value".
#[test]
fn a_variable_without_value_is_like_nothing() {
    let none = "${aws:PrincipalTag/team}";
    for (operator, want) in
        [("StringEquals", false), ("StringLike", false), ("StringNotEquals", true), ("StringNotLike", true)]
    {
        table(
            operator,
            &[(&[none], &["x"], want), (&[none, "x"], &["x"], !want), (&["x${none}*"], &["xx"], want)],
        );
    }
    table("ArnNotLike", &[(&["arn:aws:s3:::${aws:PrincipalTag/team}"], &["arn:aws:s3:::b"], true)]);
}

#[test]
fn what_cannot_be_compared_is_refused() {
    for (operator, value, want) in [
        ("StringEqual", "x", PolicyError::Syntax),
        ("NumericEquals", "x", PolicyError::LegacyParsing),
        ("NumericEquals", "NaN", PolicyError::LegacyParsing),
        ("DateEquals", "tomorrow", PolicyError::LegacyParsing),
        ("IpAddress", "1.2.3", PolicyError::LegacyParsing),
        ("BinaryEquals", "?", PolicyError::LegacyParsing),
        ("Null", "maybe", PolicyError::LegacyParsing),
    ] {
        assert_eq!(Condition::new(operator, "k", vec![value.into()], true).unwrap_err(), want, "{operator}");
    }
}
