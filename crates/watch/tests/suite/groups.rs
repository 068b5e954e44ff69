use std::collections::BTreeMap;

use mastic_api_watch::logs::{op, types};

use crate::house::{House, START, failure};

fn tags(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
}

fn named(name: &str) -> types::CreateLogGroupRequest {
    types::CreateLogGroupRequest { log_group_name: name.to_owned(), ..Default::default() }
}

#[tokio::test]
async fn a_group_shows_what_it_was_made_with() {
    let house = House::new();
    let input = types::CreateLogGroupRequest { tags: Some(tags(&[("team", "a")])), ..named("/app/web") };
    house.call::<op::CreateLogGroup>(input.clone()).await.unwrap();
    let group = house.log_group("/app/web").await.unwrap();
    assert_eq!(group.creation_time, Some(START));
    let arn = "arn:aws:logs:eu-west-1:111122223333:log-group:/app/web";
    assert_eq!(group.arn, Some(format!("{arn}:*")));
    assert_eq!(group.log_group_arn.as_deref(), Some(arn));
    assert_eq!(group.log_group_class, Some(types::LogGroupClass::Standard));
    assert_eq!((group.retention_in_days, group.stored_bytes), (None, Some(0)));
    assert_eq!(
        failure(house.call::<op::CreateLogGroup>(input).await),
        ("ResourceAlreadyExistsException".to_owned(), "The specified log group already exists".to_owned())
    );
}

#[tokio::test]
async fn what_a_group_cannot_be_made_with() {
    let house = House::new();
    let many = (0..51).map(|n| (format!("k{n}"), String::new())).collect();
    for (input, code) in [
        (named("aws/x"), "InvalidParameterException"),
        (named("AWS/x"), "InvalidParameterException"),
        (
            types::CreateLogGroupRequest { kms_key_id: Some("k".to_owned()), ..named("a") },
            "InvalidParameterException",
        ),
        (
            types::CreateLogGroupRequest { deletion_protection_enabled: Some(true), ..named("a") },
            "InvalidParameterException",
        ),
        (
            types::CreateLogGroupRequest {
                log_group_class: Some(types::LogGroupClass::Delivery),
                ..named("a")
            },
            "InvalidParameterException",
        ),
        (
            types::CreateLogGroupRequest { tags: Some(tags(&[("aws:x", "1")])), ..named("a") },
            "InvalidParameterException",
        ),
        (types::CreateLogGroupRequest { tags: Some(many), ..named("a") }, "TooManyTagsException"),
    ] {
        assert_eq!(failure(house.call::<op::CreateLogGroup>(input).await).0, code);
    }
    assert!(house.log_group("a").await.is_none());
}

async fn listed(house: &House, input: types::DescribeLogGroupsRequest) -> (Vec<String>, Option<String>) {
    let page = house.call::<op::DescribeLogGroups>(input).await.unwrap();
    (page.log_groups.unwrap().into_iter().map(|g| g.log_group_name.unwrap()).collect(), page.next_token)
}

#[tokio::test]
async fn listing_goes_page_by_page() {
    let house = House::new();
    for n in 0..7 {
        house.group(&format!("/app/{n}")).await;
    }
    house.group("other").await;
    let input = types::DescribeLogGroupsRequest {
        log_group_name_prefix: Some("/app/".to_owned()),
        limit: Some(3),
        ..Default::default()
    };
    let (mut all, mut token, mut pages) = (Vec::new(), None, 0);
    loop {
        let (names, next) =
            listed(&house, types::DescribeLogGroupsRequest { next_token: token, ..input.clone() }).await;
        assert!(!names.is_empty());
        all.extend(names);
        pages += 1;
        token = next;
        if token.is_none() {
            break;
        }
    }
    assert_eq!(pages, 3);
    assert_eq!(all, (0..7).map(|n| format!("/app/{n}")).collect::<Vec<_>>());

    let bad = types::DescribeLogGroupsRequest { next_token: Some("x".to_owned()), ..Default::default() };
    assert_eq!(
        failure(house.call::<op::DescribeLogGroups>(bad).await).1,
        "The specified nextToken is invalid."
    );
}

#[tokio::test]
async fn listing_by_other_marks() {
    let house = House::new();
    house.group("/app/DataLogs").await;
    house.group("datalogs").await;
    let infrequent = types::CreateLogGroupRequest {
        log_group_class: Some(types::LogGroupClass::InfrequentAccess),
        ..named("rare")
    };
    house.call::<op::CreateLogGroup>(infrequent).await.unwrap();
    let all = types::DescribeLogGroupsRequest::default();
    let by_pattern = types::DescribeLogGroupsRequest {
        log_group_name_pattern: Some("DataLogs".to_owned()),
        ..all.clone()
    };
    let page = house.call::<op::DescribeLogGroups>(by_pattern.clone()).await.unwrap();
    let [group] = &page.log_groups.unwrap()[..] else { panic!("one group") };
    assert_eq!(group.log_group_name.as_deref(), Some("/app/DataLogs"));
    assert_eq!(group.stored_bytes, None);

    let by_class = types::DescribeLogGroupsRequest {
        log_group_class: Some(types::LogGroupClass::InfrequentAccess),
        ..all.clone()
    };
    assert_eq!(listed(&house, by_class).await.0, ["rare"]);
    let identifiers = vec![
        "rare".to_owned(),
        "arn:aws:logs:eu-west-1:111122223333:log-group:datalogs".to_owned(),
        "arn:aws:logs:eu-west-1:444455556666:log-group:/app/DataLogs".to_owned(),
    ];
    let by_name = types::DescribeLogGroupsRequest { log_group_identifiers: Some(identifiers), ..all.clone() };
    assert_eq!(listed(&house, by_name.clone()).await.0, ["datalogs", "rare"]);
    let elsewhere = types::DescribeLogGroupsRequest {
        account_identifiers: Some(vec!["444455556666".to_owned()]),
        include_linked_accounts: Some(true),
        ..all.clone()
    };
    assert!(listed(&house, elsewhere).await.0.is_empty());

    for wrong in [
        types::DescribeLogGroupsRequest { log_group_name_prefix: Some("a".to_owned()), ..by_pattern },
        types::DescribeLogGroupsRequest { log_group_name_prefix: Some("a".to_owned()), ..by_name },
    ] {
        let result = house.call::<op::DescribeLogGroups>(wrong).await;
        assert_eq!(failure(result).0, "InvalidParameterException");
    }
}

#[tokio::test]
async fn retention_policies() {
    let house = House::new();
    house.group("g").await;
    let put = |name: &str, days| types::PutRetentionPolicyRequest {
        log_group_name: name.to_owned(),
        retention_in_days: days,
    };
    house.call::<op::PutRetentionPolicy>(put("g", 14)).await.unwrap();
    assert_eq!(house.log_group("g").await.unwrap().retention_in_days, Some(14));
    let (code, text) = failure(house.call::<op::PutRetentionPolicy>(put("g", 2)).await);
    assert_eq!(code, "InvalidParameterException");
    assert!(text.contains("Value '2' at 'retentionInDays' failed to satisfy constraint"), "{text}");
    let delete = |name: &str| types::DeleteRetentionPolicyRequest { log_group_name: name.to_owned() };
    house.call::<op::DeleteRetentionPolicy>(delete("g")).await.unwrap();
    assert_eq!(house.log_group("g").await.unwrap().retention_in_days, None);
    let missing = "The specified log group does not exist.";
    assert_eq!(failure(house.call::<op::PutRetentionPolicy>(put("no", 1)).await).1, missing);
    assert_eq!(failure(house.call::<op::DeleteRetentionPolicy>(delete("no")).await).1, missing);
}

#[tokio::test]
async fn tagging() {
    let house = House::new();
    house.group("g").await;
    let arn = house.log_group("g").await.unwrap().log_group_arn.unwrap();
    let tag =
        |arn: &str, pairs| types::TagResourceRequest { resource_arn: arn.to_owned(), tags: tags(pairs) };
    let list = |arn: &str| types::ListTagsForResourceRequest { resource_arn: arn.to_owned() };
    house.call::<op::TagResource>(tag(&arn, &[("a", "1"), ("b", "2")])).await.unwrap();
    house.call::<op::TagResource>(tag(&arn, &[("b", "3")])).await.unwrap();
    let untag = types::UntagResourceRequest { resource_arn: arn.clone(), tag_keys: vec!["a".to_owned()] };
    house.call::<op::UntagResource>(untag).await.unwrap();
    let listed = house.call::<op::ListTagsForResource>(list(&arn)).await.unwrap();
    assert_eq!(listed.tags, Some(tags(&[("b", "3")])));

    let many: BTreeMap<_, _> = (0..50).map(|n| (format!("k{n}"), String::new())).collect();
    let too_many = types::TagResourceRequest { resource_arn: arn.clone(), tags: many };
    assert_eq!(failure(house.call::<op::TagResource>(too_many).await).0, "TooManyTagsException");
    for (arn, code) in [
        ("arn:aws:logs:eu-west-1:111122223333:log-group:no", "ResourceNotFoundException"),
        ("arn:aws:logs:eu-west-1:111122223333:destination:d", "InvalidParameterException"),
    ] {
        assert_eq!(failure(house.call::<op::ListTagsForResource>(list(arn)).await).0, code);
        assert_eq!(failure(house.call::<op::TagResource>(tag(arn, &[("a", "1")])).await).0, code);
        let untag = types::UntagResourceRequest { resource_arn: arn.to_owned(), tag_keys: Vec::new() };
        assert_eq!(failure(house.call::<op::UntagResource>(untag).await).0, code);
    }
}

#[tokio::test]
async fn a_deleted_group_takes_all_with_it() {
    let house = House::new();
    house.group("g").await;
    house.group("kept").await;
    for stream in ["s", "t"] {
        house.stream("g", stream).await;
        house.stream("kept", stream).await;
        let events: Vec<_> = (0..1200).map(|n| (START + n, "line")).collect();
        house.put("g", stream, &events).await.unwrap();
        house.put("kept", stream, &events).await.unwrap();
    }
    let delete = || types::DeleteLogGroupRequest { log_group_name: "g".to_owned() };
    house.call::<op::DeleteLogGroup>(delete()).await.unwrap();
    assert!(house.log_group("g").await.is_none());
    assert_eq!(
        failure(house.call::<op::DeleteLogGroup>(delete()).await),
        ("ResourceNotFoundException".to_owned(), "The specified log group does not exist.".to_owned())
    );
    house.group("g").await;
    assert!(house.log_stream("g", "s").await.is_none());
    house.stream("g", "s").await;
    assert!(house.messages("g", "s").await.is_empty());
    assert_eq!(house.messages("kept", "t").await.len(), 1200);
}
