use super::*;

fn codes(text: &str, kind: Kind) -> Vec<String> {
    validate(text, kind).into_iter().map(|finding| finding.issue_code).collect()
}

fn identity(statement: &str) -> Vec<String> {
    codes(&format!(r#"{{"Version":"2012-10-17","Statement":[{{{statement}}}]}}"#), Kind::Identity)
}

fn on(kind: Kind, statement: &str) -> Vec<String> {
    codes(&format!(r#"{{"Version":"2012-10-17","Statement":[{{{statement}}}]}}"#), kind)
}

#[test]
fn a_sound_policy_has_no_findings() {
    let text = r#""Sid":"Read","Effect":"Allow","Action":["s3:GetObject","s3:List*"],
        "Resource":["arn:aws:s3:::bucket","arn:aws:s3:::bucket/*"],
        "Condition":{"IpAddress":{"aws:SourceIp":"203.0.113.0/24"}}"#;
    assert_eq!(identity(text), [""; 0]);
    let glue = r#""Effect":"Allow","Action":"glue:GetTable","Resource":[
        "arn:aws:glue:eu-west-1:111122223333:catalog","arn:aws:glue:*:*:database/d","arn:aws:glue:*:*:table/d/*"]"#;
    assert_eq!(identity(glue), [""; 0]);
}

#[test]
fn the_example_of_the_reference() {
    // "To request the validation of a policy", AWS CLI Command Reference, validate-policy.
    let text = r#"{
    "Version": "2012-10-17",
    "Statement": [
        {
            "Sid": "",
            "Effect": "Allow",
            "Principal": {
                "Federated": "cognito-identity.amazonaws.com"
            },
            "Action": [
                "sts:AssumeRole",
                "sts:TagSession"
            ],
            "Condition": {
                "StringEquals": {
                    "cognito-identity.amazonaws.com:aud": "us-west-2_EXAMPLE"
                }
            }
        }
    ]
}"#;
    let found = validate(text, Kind::Trust);
    let sid = found.iter().find(|finding| finding.issue_code == "EMPTY_SID_VALUE").unwrap();
    assert_eq!(sid.finding_details, "Add a value to the empty string in the Sid element.");
    assert!(sid.learn_more_link.ends_with("-checks-suggestion-empty-sid-value"));
    let location = &sid.locations[0];
    assert_eq!(location.path.len(), 3);
    assert_eq!(location.path[1].index, Some(0));
    let at = |p: &mastic_api_iam::accessanalyzer::types::Position| (p.line, p.column, p.offset);
    assert_eq!((at(&location.span.start), at(&location.span.end)), ((5, 19, 79), (5, 21, 81)));
    let action = found.iter().find(|f| f.issue_code == "MISMATCHED_ACTION_FOR_PRINCIPAL").unwrap();
    assert_eq!(at(&action.locations[0].span.start), (11, 16, 258));
    assert_eq!(at(&action.locations[1].span.end), (8, 61, 202));
}

#[test]
fn grammar() {
    assert_eq!(codes("{", Kind::Identity), ["JSON_SYNTAX_ERROR"]);
    assert_eq!(codes("{}", Kind::Identity), ["MISSING_VERSION", "MISSING_STATEMENT"]);
    let found = codes(r#"{"Version":"2020-01-01","Statement":[],"X":1}"#, Kind::Identity);
    assert_eq!(found, ["INVALID_VERSION", "MISSING_STATEMENT", "INVALID_POLICY_ELEMENT"]);
    let mut found = identity(r#""Effect":"allow","Actions":"s3:*""#);
    found.sort();
    assert_eq!(found, ["INVALID_EFFECT", "INVALID_POLICY_ELEMENT", "MISSING_ACTION", "MISSING_RESOURCE"]);
    let found =
        identity(r#""Effect":"Allow","Action":"s3:ListAllMyBuckets","NotAction":"s3:*","Resource":"*""#);
    assert_eq!(found, ["UNSUPPORTED_ELEMENT_COMBINATION"]);
    assert_eq!(
        identity(r#""Sid":"a b","Effect":"Allow","Action":[],"Resource":[1]"#),
        ["UNSUPPORTED_SID", "EMPTY_ARRAY_ACTION", "DATA_TYPE_MISMATCH"]
    );
    let twice = r#"{"Version":"2012-10-17","Statement":[
        {"Sid":"A","Effect":"Allow","Action":"s3:GetObject","Resource":"*"},
        {"Sid":"A","Effect":"Allow","Action":"s3:GetObject","Resource":"*"}]}"#;
    assert_eq!(codes(twice, Kind::Identity), ["REDUNDANT_STATEMENT", "UNIQUE_SIDS_REQUIRED"]);
}

#[test]
fn actions() {
    let with = |action: &str| identity(&format!(r#""Effect":"Allow","Action":{action},"Resource":"*""#));
    let found = validate(
        r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":["s3:ListBuckets","s3:GetObjct"],"Resource":"*"}}"#,
        Kind::Identity,
    );
    let texts: Vec<&str> = found.iter().map(|f| f.finding_details.as_str()).collect();
    assert_eq!(
        texts,
        [
            "The action s3:ListBuckets does not exist. Did you mean s3:ListAllMyBuckets? The API called ListBuckets \
             authorizes against the IAM action s3:ListAllMyBuckets.",
            "The action s3:GetObjct does not exist. Did you mean s3:GetObject?"
        ]
    );
    assert_eq!(with(r#""s3:Nothing*""#), ["INVALID_ACTION"]);
    assert_eq!(with(r#""unheard:Of""#), [""; 0]);
    assert_eq!(with(r#""s*:GetObject""#), ["WILDCARD_IN_SERVICE_NAME"]);
    assert_eq!(with(r#"["s3:Get*","s3:GetObject"]"#), ["REDUNDANT_ACTION"]);
    assert_eq!(with(r#""iam:PassRole""#), ["PASS_ROLE_WITH_STAR_IN_RESOURCE"]);
    let mut both = with(r#""iam:*""#);
    both.sort();
    assert_eq!(
        both,
        ["CREATE_SLR_WITH_STAR_IN_ACTION_AND_RESOURCE", "PASS_ROLE_WITH_STAR_IN_ACTION_AND_RESOURCE"]
    );
    let bounded = r#""Effect":"Allow","Action":"iam:PassRole","Resource":"*",
        "Condition":{"StringEquals":{"iam:PassedToService":"glue.amazonaws.com"}}"#;
    assert_eq!(identity(bounded), [""; 0]);
    let not = r#""Effect":"Allow","NotAction":"s3:*","NotResource":"arn:aws:s3:::b""#;
    let mut not = identity(not);
    not.sort();
    assert_eq!(
        not,
        ["CREATE_SLR_WITH_NOT_ACTION_AND_NOT_RESOURCE", "PASS_ROLE_WITH_NOT_ACTION_AND_NOT_RESOURCE"]
    );
    assert_eq!(
        identity(
            r#""Effect":"Allow","Action":"iam:PassRole","Resource":"arn:aws:iam::111122223333:role/job*""#
        ),
        [""; 0]
    );
}

#[test]
fn resources() {
    for (arn, want) in [
        ("s3:::bucket", "INVALID_ARN_PREFIX"),
        ("arn:aws:s3", "MISSING_ARN_FIELD"),
        ("arn:amazon:s3:::b", "INVALID_PARTITION"),
        ("arn:aws:S3:::b", "INVALID_ARN_SERVICE_CASE"),
        ("arn:aws:s3:eu-west-1::b", "ARN_REGION_NOT_ALLOWED"),
        ("arn:aws:s3::111122223333:b", "ARN_ACCOUNT_NOT_ALLOWED"),
        ("arn:aws:glue::111122223333:job/j", "MISSING_ARN_REGION"),
        ("arn:aws:glue:eu-west-1::job/j", "MISSING_ARN_ACCOUNT"),
        ("arn:aws:glue:eu-west-9:111122223333:job/j", "INVALID_ARN_REGION"),
        ("arn:aws:glue:eu-west-1:1111:job/j", "INVALID_ARN_ACCOUNT"),
        ("arn:aws:glue:eu-west-1:111122223333:thing/j", "INVALID_ARN_RESOURCE"),
        ("arn:aws:s*:::b", "WILDCARD_IN_SERVICE_NAME"),
        ("arn:aws:s3:::${aws:username", "MISSING_BRACE_IN_VARIABLE"),
        ("arn:aws:s3:::${}", "EMPTY_VARIABLE"),
        ("arn:aws:s3:::${aws:username, x}", "MISSING_QUOTE_IN_VARIABLE"),
    ] {
        let found = identity(&format!(r#""Effect":"Deny","Action":"s3:GetObject","Resource":"{arn}""#));
        assert_eq!(found, [want], "{arn}");
    }
    let twice =
        r#""Effect":"Allow","Action":"s3:GetObject","Resource":["arn:aws:s3:::a*","arn:aws:s3:::ab"]"#;
    assert_eq!(identity(twice), ["REDUNDANT_RESOURCE"]);
}

#[test]
fn conditions() {
    for (condition, want) in [
        ("", &["EMPTY_OBJECT_CONDITION"][..]),
        (r#""StringIs":{"aws:userid":"a"}"#, &["INVALID_CONDITION_OPERATOR"]),
        (r#""NullIfExists":{"aws:userid":"true"}"#, &["NULL_WITH_IF_EXISTS"]),
        (r#""StringEquals":{"userid":"a"}"#, &["INVALID_CONDITION_KEY_FORMAT"]),
        (r#""StringEquals":{"aws:nothing":"a"}"#, &["INVALID_GLOBAL_CONDITION_KEY"]),
        (r#""StringEquals":{"s3:nothing":"a"}"#, &["INVALID_SERVICE_CONDITION_KEY"]),
        (r#""StringEquals":{"s3:prefix":"a"}"#, &["UNSUPPORTED_ACTION_FOR_CONDITION_KEY"]),
        (r#""StringEquals":{"aws:ARN":"a"}"#, &["UNSUPPORTED_GLOBAL_CONDITION_KEY"]),
        (r#""StringEquals":{"aws:SecureTransport":"true"}"#, &["TYPE_MISMATCH"]),
        (r#""Bool":{"aws:SecureTransport":"yes"}"#, &["TYPE_MISMATCH_BOOLEAN"]),
        (r#""StringEquals":{"aws:TagKeys":"a"}"#, &["MISSING_QUALIFIER"]),
        (r#""ForAllValues:StringEquals":{"aws:userid":"a"}"#, &["FORALLVALUES_WITH_SINGLE_VALUED_KEY"]),
        (
            r#""StringLike":{"aws:PrincipalArn":"arn:aws:iam::1*:role/r"}"#,
            &["STRING_LIKE_OPERATOR_WITH_ARN_CONDITION_KEYS"],
        ),
        (r#""StringEquals":{"aws:userid":"a*"}"#, &["WILDCARD_WITHOUT_LIKE_OPERATOR"]),
        (r#""IpAddress":{"aws:SourceIp":"203.0.113.9/24"}"#, &["IMPROVE_IP_RANGE"]),
        (r#""IpAddress":{"aws:SourceIp":"10.0.0.0/8"}"#, &["PRIVATE_IP_ADDRESS"]),
        (
            r#""NotIpAddress":{"aws:SourceIp":["10.0.0.0/8","203.0.113.0/24"]}"#,
            &["PRIVATE_NOT_IP_ADDRESS_SUBSET"],
        ),
        (r#""IpAddress":{"aws:SourceIp":"here"}"#, &["TYPE_MISMATCH_IP_RANGE"]),
        (r#""DateLessThan":{"aws:CurrentTime":"1700000000"}"#, &["INVALID_DATE_VALUE"]),
        (r#""NumericLessThan":{"aws:MultiFactorAuthAge":["1","2"]}"#, &["REDUNDANT_CONDITION_VALUE_NUM"]),
        (r#""StringEquals":{"aws:RequestedRegion":"mars-1"}"#, &["INVALID_REGION"]),
        (r#""StringEquals":{"aws:userid":[]}"#, &["EMPTY_ARRAY_CONDITION"]),
        (r#""StringEquals":{"aws:userid":["a",1]}"#, &["INVALID_CONDITION_DATA_TYPE"]),
        (r#""StringLike":{"aws:userid":"*"}"#, &["EQUIVALENT_TO_NULL_FALSE"]),
        (r#""StringEquals":{"aws:Referer":"x"}"#, &["UNTRUSTWORTHY_CONDITION_KEY"]),
        (r#""Bool":{"aws:SecureTransport":"${aws:userid}"}"#, &["INVALID_VARIABLE_FOR_OPERATOR"]),
        (r#""IpAddress":{"aws:VpcSourceIp":"10.0.0.0/8"}"#, &["MISSING_PAIRED_CONDITION_KEYS"]),
    ] {
        let text = format!(
            r#""Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::b/*","Condition":{{{condition}}}"#
        );
        assert_eq!(identity(&text), want, "{condition}");
    }
}

#[test]
fn policies_on_resources() {
    let bucket = |rest: &str| on(Kind::Bucket, &format!(r#""Effect":"Allow",{rest}"#));
    let read = r#""Action":"s3:GetObject","Resource":"arn:aws:s3:::b/*""#;
    assert_eq!(bucket(read), ["MISSING_PRINCIPAL"]);
    assert_eq!(bucket(&format!(r#""Principal":{{"AWS":"111122223333"}},{read}"#)), [""; 0]);
    assert_eq!(
        bucket(&format!(r#""Principal":{{"Service":"logging.s3.amazonaws.com"}},{read}"#)),
        ["RESTRICT_ACCESS_TO_SERVICE_PRINCIPAL"]
    );
    assert_eq!(
        bucket(&format!(r#""Principal":{{"AWS":"arn:aws:iam::111122223333:user/*"}},{read}"#)),
        ["UNSUPPORTED_WILDCARD_IN_PRINCIPAL"]
    );
    assert_eq!(
        bucket(&format!(r#""NotPrincipal":{{"AWS":"111122223333"}},{read}"#)),
        ["ALLOW_WITH_NOT_PRINCIPAL"]
    );
    assert_eq!(
        bucket(r#""Principal":"*","Action":"kms:Decrypt","Resource":"*""#),
        ["UNSUPPORTED_ACTION_IN_POLICY", "UNSUPPORTED_RESOURCE_ARN_IN_POLICY"]
    );
    let trust = |rest: &str| on(Kind::Trust, &format!(r#""Effect":"Allow",{rest}"#));
    assert_eq!(trust(r#""Principal":{"Service":"glue.amazonaws.com"},"Action":"sts:AssumeRole""#), [""; 0]);
    assert_eq!(
        trust(r#""Principal":"*","Action":"sts:AssumeRole","Resource":"*""#),
        ["ROLE_TRUST_POLICY_UNSUPPORTED_WILDCARD_IN_PRINCIPAL", "ROLE_TRUST_POLICY_SYNTAX_ERROR_RESOURCE"]
    );
    assert_eq!(identity(&format!(r#""Effect":"Allow","Principal":"*",{read}"#)), ["UNSUPPORTED_PRINCIPAL"]);
    let control = r#""Effect":"Deny","Principal":"*","Action":"s3:GetObject","Resource":"*""#;
    assert_eq!(on(Kind::ServiceControl, control), ["SCP_SYNTAX_ERROR_PRINCIPAL"]);
    assert_eq!(on(Kind::ResourceControl, control), [""; 0]);
    let named = r#""Effect":"Deny","Principal":{"AWS":"111122223333"},"NotAction":"glue:*","Resource":"*""#;
    let mut found = on(Kind::ResourceControl, named);
    found.sort();
    assert_eq!(
        found,
        ["RCP_SYNTAX_ERROR_ACTION", "RCP_SYNTAX_ERROR_NOTACTION", "RCP_SYNTAX_ERROR_PRINCIPAL"]
    );
}
