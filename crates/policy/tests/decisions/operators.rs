//! "IAM JSON policy elements: Condition operators", example by example.

use mastic_policy::{Context, Outcome, Request};

use crate::support::*;

/// Asks with each value of the key (none is a request without it) whether the condition holds.
fn asks(condition: &str, key: &str, answers: &[(&[&str], bool)]) {
    let statement = format!(r#"{{"Effect":"Allow","Action":"*","Resource":"*","Condition":{condition}}}"#);
    let set = set(&[('i', statement)]);
    let principal = user();
    for (values, want) in answers {
        let mut context = Context::of(&principal);
        context.set_all(key, values.iter().copied());
        let decision = both(&Request::new(&principal, "s3:ListBucket", "*", &context), &set);
        assert_eq!(decision.outcome == Outcome::Allow, *want, "{condition} {key} {values:?}");
    }
}

#[test]
fn strings() {
    asks(
        r#"{"StringEquals":{"aws:PrincipalTag/job-category":"iamuser-admin"}}"#,
        "aws:PrincipalTag/job-category",
        &[
            (&["iamuser-admin"], true),
            (&["IAMuser-admin"], false),
            (&["iamuser-admin2"], false),
            (&[], false),
        ],
    );
    asks(
        r#"{"StringNotEquals":{"aws:PrincipalTag/job-category":"iamuser-admin"}}"#,
        "aws:PrincipalTag/job-category",
        &[(&["iamuser-admin"], false), (&["x"], true), (&[], true)],
    );
    asks(
        r#"{"StringEqualsIgnoreCase":{"aws:username":"ALICE"}}"#,
        "aws:username",
        &[(&["alice"], true), (&["Alice"], true), (&["bob"], false)],
    );
    asks(
        r#"{"StringLike":{"s3:prefix":["","home/","home/${aws:username}/"]}}"#,
        "s3:prefix",
        &[(&[""], true), (&["home/"], true), (&["home/alice/"], true), (&["home/bob/"], false), (&[], false)],
    );
    asks(
        r#"{"StringNotLike":{"s3:prefix":"h?me*"}}"#,
        "s3:prefix",
        &[(&["home/x"], false), (&["hme"], true), (&[], true)],
    );
}

#[test]
fn numbers_and_dates() {
    asks(
        r#"{"NumericLessThanEquals":{"s3:max-keys":"10"}}"#,
        "s3:max-keys",
        &[(&["10"], true), (&["9.99"], true), (&["11"], false), (&["ten"], false), (&[], false)],
    );
    asks(
        r#"{"NumericNotEquals":{"s3:max-keys":10}}"#,
        "s3:max-keys",
        &[(&["10.0"], false), (&["1"], true), (&[], true)],
    );
    asks(
        r#"{"DateGreaterThan":{"aws:TokenIssueTime":"2020-01-01T00:00:01Z"}}"#,
        "aws:TokenIssueTime",
        &[
            (&["2020-01-01T00:00:02Z"], true),
            (&["2020-01-01T00:00:01Z"], false),
            (&["1577836802"], true),
            (&[], false),
        ],
    );
    asks(
        r#"{"DateGreaterThan":{"aws:CurrentTime":"2019-07-16T12:00:00Z"},"DateLessThan":{"aws:CurrentTime":"2019-07-16T15:00:00Z"}}"#,
        "aws:CurrentTime",
        &[
            (&["2019-07-16T14:59:59Z"], true),
            (&["2019-07-16T13:00:00+02:00"], false),
            (&["2019-07-16T16:59:00+02:00"], true),
            (&["2019-07-16T15:00:00Z"], false),
        ],
    );
}

#[test]
fn truth_values_and_bytes() {
    asks(
        r#"{"Bool":{"aws:SecureTransport":"false"}}"#,
        "aws:SecureTransport",
        &[(&["false"], true), (&["False"], true), (&["true"], false), (&[], false)],
    );
    asks(
        r#"{"BoolIfExists":{"aws:MultiFactorAuthPresent":"false"}}"#,
        "aws:MultiFactorAuthPresent",
        &[(&["false"], true), (&["true"], false), (&[], true)],
    );
    asks(
        r#"{"BinaryEquals":{"key":"QmluYXJ5VmFsdWVJbkJhc2U2NA=="}}"#,
        "key",
        &[
            (&["QmluYXJ5VmFsdWVJbkJhc2U2NA=="], true),
            (&["QmluYXJ5VmFsdWVJbkJhc2U2NB=="], false),
            (&["BinaryValueInBase64"], false),
            (&[], false),
        ],
    );
    asks(
        r#"{"Null":{"aws:TokenIssueTime":"true"}}"#,
        "aws:TokenIssueTime",
        &[(&[], true), (&["2026-01-01T00:00:00Z"], false)],
    );
    asks(
        r#"{"Null":{"aws:TokenIssueTime":"false"}}"#,
        "aws:TokenIssueTime",
        &[(&[], false), (&["2026-01-01T00:00:00Z"], true)],
    );
}

#[test]
fn addresses() {
    asks(
        r#"{"IpAddress":{"aws:SourceIp":["203.0.113.0/24","2001:DB8:1234:5678::/64"]}}"#,
        "aws:SourceIp",
        &[
            (&["203.0.113.0"], true),
            (&["203.0.113.255"], true),
            (&["203.0.114.0"], false),
            (&["2001:db8:1234:5678::1"], true),
            (&["2001:db8:1234:5679::1"], false),
            (&[], false),
        ],
    );
    asks(
        r#"{"NotIpAddress":{"aws:SourceIp":"203.0.113.7"}}"#,
        "aws:SourceIp",
        &[(&["203.0.113.7"], false), (&["203.0.113.8"], true), (&["2001:db8::1"], true), (&[], true)],
    );
}

#[test]
fn arns() {
    for operator in ["ArnEquals", "ArnLike"] {
        asks(
            &format!(r#"{{"{operator}":{{"aws:SourceArn":"arn:aws:sns:*:123456789012:TOPIC-?D"}}}}"#),
            "aws:SourceArn",
            &[
                (&["arn:aws:sns:eu-west-1:123456789012:TOPIC-ID"], true),
                (&["arn:aws:sns:eu-west-1:123456789012:topic-ID"], false),
                // A star stays within its part of the ARN.
                (&["arn:aws:sns:eu-west-1:999999999999:x:123456789012:TOPIC-ID"], false),
                (&[], false),
            ],
        );
    }
    for operator in ["ArnNotEquals", "ArnNotLike"] {
        asks(
            &format!(
                r#"{{"{operator}":{{"aws:PrincipalArn":["arn:aws:iam::*:role/admin","arn:aws:iam::*:user/${{aws:username}}"]}}}}"#
            ),
            "aws:PrincipalArn",
            &[
                (&["arn:aws:iam::1:role/admin"], false),
                (&["arn:aws:iam::1:user/alice"], false),
                (&["arn:aws:iam::1:user/bob"], true),
                (&[], true),
            ],
        );
    }
}

#[test]
fn if_exists() {
    asks(
        r#"{"StringLikeIfExists":{"ec2:InstanceType":["t1.*","t2.*","m3.*"]}}"#,
        "ec2:InstanceType",
        &[(&["t2.micro"], true), (&["c5.large"], false), (&[], true)],
    );
}
