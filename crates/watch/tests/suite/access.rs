use std::collections::BTreeMap;
use std::sync::Arc;

use mastic_api_watch::logs::{op, types};

use crate::house::{House, START, failure, from_head};

const GROUP: &str = "arn:aws:logs:eu-west-1:111122223333:log-group:g";

#[tokio::test]
async fn what_each_operation_asks_for() {
    let house = House::new();
    let on_group = |action: &str| vec![format!("logs:{action} {GROUP}:log-stream:")];
    let on_stream = |action: &str| vec![format!("logs:{action} {GROUP}:log-stream:s")];
    house.group("g").await;
    assert_eq!(house.asked(), on_group("CreateLogGroup"));
    house.stream("g", "s").await;
    assert_eq!(house.asked(), on_stream("CreateLogStream"));
    house.put("g", "s", &[(START, "x")]).await.unwrap();
    assert_eq!(house.asked(), on_stream("PutLogEvents"));
    house.messages("g", "s").await;
    assert_eq!(house.asked(), on_stream("GetLogEvents"));
    house.log_stream("g", "s").await;
    assert_eq!(house.asked(), on_group("DescribeLogStreams"));
    house.log_group("g").await;
    assert_eq!(
        house.asked(),
        ["logs:DescribeLogGroups arn:aws:logs:eu-west-1:111122223333:log-group::log-stream:"]
    );
    let name = || "g".to_owned();
    let filter = types::FilterLogEventsRequest { log_group_name: Some(name()), ..Default::default() };
    house.call::<op::FilterLogEvents>(filter).await.unwrap();
    assert_eq!(house.asked(), on_group("FilterLogEvents"));
    let unmasked = types::GetLogEventsRequest { unmask: Some(true), ..from_head("g", "s") };
    house.call::<op::GetLogEvents>(unmasked).await.unwrap();
    assert_eq!(house.asked(), [on_stream("GetLogEvents"), on_group("Unmask")].concat());
    let put = types::PutRetentionPolicyRequest { log_group_name: name(), retention_in_days: 1 };
    house.call::<op::PutRetentionPolicy>(put).await.unwrap();
    assert_eq!(house.asked(), on_group("PutRetentionPolicy"));
    let delete = types::DeleteRetentionPolicyRequest { log_group_name: name() };
    house.call::<op::DeleteRetentionPolicy>(delete).await.unwrap();
    assert_eq!(house.asked(), on_group("DeleteRetentionPolicy"));
    let list = types::ListTagsForResourceRequest { resource_arn: GROUP.to_owned() };
    house.call::<op::ListTagsForResource>(list).await.unwrap();
    assert_eq!(house.asked(), [format!("logs:ListTagsForResource {GROUP}")]);
    let delete = types::DeleteLogStreamRequest { log_group_name: name(), log_stream_name: "s".to_owned() };
    house.call::<op::DeleteLogStream>(delete).await.unwrap();
    assert_eq!(house.asked(), on_stream("DeleteLogStream"));
    house.call::<op::DeleteLogGroup>(types::DeleteLogGroupRequest { log_group_name: name() }).await.unwrap();
    assert_eq!(house.asked(), on_group("DeleteLogGroup"));
}

#[tokio::test]
async fn tags_are_conditions() {
    let house = House::new();
    let tags = BTreeMap::from([("team".to_owned(), "a".to_owned())]);
    let create = types::CreateLogGroupRequest {
        log_group_name: "g".to_owned(),
        tags: Some(tags.clone()),
        ..Default::default()
    };
    house.call::<op::CreateLogGroup>(create).await.unwrap();
    let tag = types::TagResourceRequest { resource_arn: GROUP.to_owned(), tags };
    house.call::<op::TagResource>(tag).await.unwrap();
    let needs = std::mem::take(&mut *house.guard.asked.lock().unwrap());
    let actions: Vec<_> = needs.iter().map(|need| need.action.as_str()).collect();
    assert_eq!(actions, ["logs:CreateLogGroup", "logs:TagResource", "logs:TagResource"]);
    for need in &needs {
        let condition = |key: &str, value: &str| (key.to_owned(), vec![value.to_owned()]);
        assert_eq!(need.context, [condition("aws:TagKeys", "team"), condition("aws:RequestTag/team", "a")]);
    }
    assert!(needs.iter().skip(1).all(|need| need.resource == GROUP));
    let untag =
        types::UntagResourceRequest { resource_arn: GROUP.to_owned(), tag_keys: vec!["team".to_owned()] };
    house.call::<op::UntagResource>(untag).await.unwrap();
    let asked = std::mem::take(&mut *house.guard.asked.lock().unwrap());
    assert_eq!(asked[0].context, [("aws:TagKeys".to_owned(), vec!["team".to_owned()])]);
}

#[tokio::test]
async fn a_denial_changes_nothing() {
    let house = House::new();
    house.deny("logs:CreateLogGroup");
    let create = types::CreateLogGroupRequest { log_group_name: "g".to_owned(), ..Default::default() };
    assert_eq!(failure(house.call::<op::CreateLogGroup>(create).await).0, "AccessDeniedException");
    assert!(house.log_group("g").await.is_none());
}

#[tokio::test]
async fn accounts_and_regions_are_apart() {
    let house = House::new();
    house.group("g").await;
    let mut elsewhere = house.root();
    elsewhere.region = "us-east-1".parse().unwrap();
    let mut another = house.root();
    Arc::make_mut(&mut another.caller).account = Some("444455556666".parse().unwrap());
    for call in [elsewhere, another] {
        let all = types::DescribeLogGroupsRequest::default();
        let page = house.call_as::<op::DescribeLogGroups>(call, all).await.unwrap();
        assert_eq!(page.log_groups, Some(Vec::new()));
    }
}
