use super::*;

fn document(statements: &str) -> Document {
    Document::parse(&format!(r#"{{"Version":"2012-10-17","Statement":[{statements}]}}"#)).unwrap()
}

fn widens(old: &str, new: &str) -> bool {
    !new_access(&document(new), &document(old)).is_empty()
}

fn allow(rest: &str) -> String {
    format!(r#"{{"Effect":"Allow",{rest}}}"#)
}

fn deny(rest: &str) -> String {
    format!(r#"{{"Effect":"Deny",{rest}}}"#)
}

#[test]
fn the_same_grants_nothing_new() {
    for statement in [
        allow(r#""Action":"*","Resource":"*""#),
        allow(r#""NotAction":"iam:*","NotResource":["arn:aws:s3:::a","arn:aws:s3:::${aws:username}"]"#),
        allow(
            r#""Action":"s3:GetObject","Resource":"arn:aws:s3:::home/${aws:username}/*","Condition":{
                "StringEqualsIfExists":{"aws:PrincipalTag/a":["x","y"]},
                "StringNotLike":{"aws:PrincipalTag/b":"${aws:username}*"},
                "ForAllValues:StringNotEquals":{"aws:TagKeys":["a"]},
                "Null":{"aws:TokenIssueTime":"true"},
                "NotIpAddress":{"aws:SourceIp":"10.0.0.0/8"},
                "NumericLessThan":{"aws:MultiFactorAuthAge":"10"}}"#,
        ),
        allow(
            r#""Principal":{"AWS":["111122223333","*"],"Service":"glue.amazonaws.com"},"Action":"sts:AssumeRole""#,
        ),
        format!(
            "{},{}",
            allow(r#""Action":"*","Resource":"*""#),
            deny(r#""NotPrincipal":{"AWS":"111122223333"},"Action":"iam:*","Resource":"*""#)
        ),
    ] {
        assert!(!widens(&statement, &statement), "{statement}");
    }
}

#[test]
fn narrower_is_not_new() {
    let s3 = |actions: &str, resource: &str, condition: &str| {
        allow(&format!(r#""Action":{actions},"Resource":"{resource}","Condition":{{{condition}}}"#))
    };
    let wide = s3(r#""s3:*""#, "arn:aws:s3:::b/*", "");
    for narrow in [
        s3(r#"["s3:Get*","S3:putobject"]"#, "arn:aws:s3:::b/x/*", ""),
        s3(r#""s3:Get?bject""#, "arn:aws:s3:::b/${aws:username}", ""),
        s3(r#""s3:*""#, "arn:aws:s3:::b/*", r#""Bool":{"aws:SecureTransport":"true"}"#),
    ] {
        assert!(!widens(&wide, &narrow), "{narrow}");
        assert!(widens(&narrow, &wide), "{narrow}");
    }
    let one = |condition: &str| s3(r#""s3:*""#, "*", condition);
    for (narrow, wide) in [
        (r#""StringEquals":{"aws:PrincipalOrgID":"o-a"}"#, r#""StringLike":{"aws:principalorgid":["o-*"]}"#),
        (r#""IpAddress":{"aws:SourceIp":"10.1.1.1"}"#, r#""IpAddress":{"aws:SourceIp":["10.0.0.0/8"]}"#),
        (r#""StringEquals":{"aws:a":"b"}"#, r#""StringEqualsIfExists":{"aws:a":"b"}"#),
        (r#""StringEquals":{"aws:a":"b"}"#, r#""Null":{"aws:a":"false"}"#),
        (r#""StringNotLike":{"aws:a":"b*"}"#, r#""StringNotEquals":{"aws:a":"b"}"#),
        (r#""ForAllValues:StringEquals":{"aws:a":"b"}"#, r#""ForAllValues:StringLike":{"aws:a":["b*","c"]}"#),
        (
            r#""ArnEquals":{"aws:SourceArn":"arn:aws:sns:r:1:t"}"#,
            r#""ArnLike":{"aws:SourceArn":"arn:aws:sns:*:1:*"}"#,
        ),
        (
            r#""StringEquals":{"aws:a":"b"},"Bool":{"aws:SecureTransport":"true"}"#,
            r#""StringEquals":{"aws:a":["b","c"]}"#,
        ),
    ] {
        assert!(!widens(&one(wide), &one(narrow)), "{narrow} against {wide}");
        assert!(widens(&one(narrow), &one(wide)), "{wide} against {narrow}");
    }
}

#[test]
fn together_statements_cover_what_none_covers_alone() {
    let star = allow(r#""Action":["s3:GetObject","s3:PutObject"],"Resource":"arn:aws:s3:::b/*""#);
    let parts = format!(
        "{},{}",
        allow(r#""Action":"s3:GetObject","Resource":"*""#),
        allow(r#""Action":"s3:Put*","Resource":["arn:aws:s3:::b*"]"#)
    );
    assert!(!widens(&parts, &star));
    let by_key = |value: &str| {
        allow(&format!(
            r#""Action":"s3:*","Resource":"*","Condition":{{"StringEquals":{{"aws:a":{value}}}}}"#
        ))
    };
    assert!(!widens(&format!("{},{}", by_key(r#""x""#), by_key(r#""y""#)), &by_key(r#"["x","y"]"#)));
    let split = format!(
        "{},{}",
        allow(r#""Action":"*","Resource":"*","Condition":{"Null":{"aws:a":"true"}}"#),
        allow(r#""Action":"*","Resource":"*","Condition":{"Null":{"aws:a":"false"}}"#)
    );
    assert!(!widens(&split, &allow(r#""Action":"*","Resource":"*""#)));
}

#[test]
fn denies_count_on_both_sides() {
    let all = allow(r#""Action":"*","Resource":"*""#);
    let guarded = format!("{all},{}", deny(r#""Action":"iam:*","Resource":"*""#));
    let not_iam = allow(r#""NotAction":"iam:*","Resource":"*""#);
    assert!(!widens(&all, &guarded));
    assert!(widens(&guarded, &all));
    assert!(!widens(&not_iam, &guarded));
    assert!(!widens(&guarded, &not_iam));
    let softer = format!(
        "{all},{}",
        deny(
            r#""Action":"iam:*","Resource":"*","Condition":{"Bool":{"aws:MultiFactorAuthPresent":"false"}}"#
        )
    );
    assert!(widens(&guarded, &softer));
    assert!(!widens(&softer, &guarded));
}

#[test]
fn principals() {
    let to = |principal: &str| allow(&format!(r#""Principal":{principal},"Action":"sts:AssumeRole""#));
    let user = r#"{"AWS":"arn:aws:iam::111122223333:user/u"}"#;
    assert!(!widens(&to(r#""*""#), &to(user)));
    assert!(!widens(&to(r#"{"AWS":"arn:aws:iam::111122223333:root"}"#), &to(r#"{"AWS":"111122223333"}"#)));
    assert!(widens(&to(user), &to(r#"{"AWS":"111122223333"}"#)));
    // A user that is named needs no policy of its own in its account; one whose account is named does.
    assert!(widens(&to(r#"{"AWS":"111122223333"}"#), &to(user)));
    let without = format!("{},{}", to(user), deny(r#""Principal":{"AWS":"111122223333"},"Action":"sts:*""#));
    assert!(!widens(&to(r#"{"Service":"glue.amazonaws.com"}"#), &without));
    assert!(widens(&to(r#"{"Service":"glue.amazonaws.com"}"#), &to(r#"{"Service":"lambda.amazonaws.com"}"#)));
}

#[test]
fn access_that_is_asked_for() {
    let granted = |statements: &str, actions: &[&str], resources: &[&str]| {
        let owned = |texts: &[&str]| texts.iter().map(|t| (*t).to_owned()).collect::<Vec<_>>();
        !grants(&document(statements), &owned(actions), &owned(resources)).is_empty()
    };
    let read = allow(r#""Action":["s3:Get*","s3:ListBucket"],"Resource":"arn:aws:s3:::b*""#);
    assert!(granted(&read, &["s3:GetObject"], &[]));
    assert!(!granted(&read, &["s3:PutObject", "iam:CreateUser"], &[]));
    assert!(!granted(&read, &[], &["arn:aws:s3:::secret/*"]));
    assert!(granted(&read, &[], &["arn:aws:s3:::bucket/key"]));
    assert!(!granted(&read, &["s3:GetObject"], &["arn:aws:s3:::a"]));
    let denied = format!("{read},{}", deny(r#""Action":"s3:GetObject","Resource":"*""#));
    assert!(!granted(&denied, &["s3:getobject"], &[]));
    assert!(granted(&denied, &["s3:GetObjectAcl"], &[]));
}

#[test]
fn what_is_public() {
    let to_all = |condition: &str| {
        allow(&format!(
            r#""Principal":"*","Action":"s3:GetObject","Resource":"arn:aws:s3:::b/*","Condition":{{{condition}}}"#
        ))
    };
    let is_public = |statements: &str| !public(&document(statements)).is_empty();
    for open in [
        "",
        r#""Bool":{"aws:SecureTransport":"true"}"#,
        r#""StringLike":{"aws:PrincipalOrgID":"o-*"}"#,
        r#""StringNotEquals":{"aws:PrincipalOrgID":"o-abc"}"#,
        r#""StringEqualsIfExists":{"aws:PrincipalOrgID":"o-abc"}"#,
        r#""IpAddress":{"aws:SourceIp":"0.0.0.0/1"}"#,
        r#""StringEquals":{"aws:SourceVpc":"${aws:PrincipalTag/vpc}"}"#,
        r#""ArnLike":{"aws:SourceArn":"arn:aws:sns:*:*:topic"}"#,
    ] {
        assert!(is_public(&to_all(open)), "{open}");
    }
    for bounded in [
        r#""StringEquals":{"aws:PrincipalOrgID":"o-abc"}"#,
        r#""ForAnyValue:StringLike":{"aws:PrincipalOrgPaths":"o-abc/r-1/*"}"#,
        r#""ArnLike":{"aws:SourceArn":"arn:aws:sns:*:111122223333:*"}"#,
        r#""IpAddress":{"aws:SourceIp":"203.0.113.0/24"}"#,
        r#""StringEquals":{"aws:SourceVpce":"vpce-12345678"}"#,
        r#""StringLike":{"aws:userid":"AROAEXAMPLE:*"}"#,
    ] {
        assert!(!is_public(&to_all(bounded)), "{bounded}");
    }
    let unless = |condition: &str| {
        let deny =
            deny(&format!(r#""Principal":"*","Action":"*","Resource":"*","Condition":{{{condition}}}"#));
        format!("{},{deny}", to_all(""))
    };
    assert!(!is_public(&unless(r#""StringNotEquals":{"aws:PrincipalOrgID":"o-abc"}"#)));
    assert!(is_public(&unless(r#""StringEquals":{"aws:PrincipalOrgID":"o-abc"}"#)));
    let named = allow(r#""Principal":{"AWS":"111122223333"},"Action":"s3:*","Resource":"*""#);
    assert!(!is_public(&named));
}

#[test]
fn grants_with_their_bounds() {
    let found = granted_to(&document(&allow(
        r#""Principal":{"AWS":["*","444455556666"]},"Action":"s3:*","Resource":"*",
           "Condition":{"StringEquals":{"aws:PrincipalOrgID":"o-abc"}}"#,
    )));
    let bounds = vec![Bound::Organizations(vec!["o-abc".into()])];
    let grant =
        |value: &str| Grant { statement: 0, principal: ("AWS".into(), value.into()), bounds: bounds.clone() };
    assert_eq!(found, [grant("*"), grant("444455556666")]);
}
