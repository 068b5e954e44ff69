use mastic_api_watch::cloudtrail::types as t;
use mastic_core::{Fault, Timestamp};
use serde_json::{Value, json};

use crate::house::{Asked, Found, House, START, account};

fn by(key: t::LookupAttributeKey, value: &str) -> Asked {
    let attribute = t::LookupAttribute { attribute_key: Some(key), attribute_value: value.to_owned() };
    Asked { lookup_attributes: Some(vec![attribute]), ..Default::default() }
}

fn names(found: &Found) -> Vec<&str> {
    found.events.iter().flatten().map(|event| event.event_name.as_deref().unwrap()).collect()
}

fn written(event: &t::Event) -> Value {
    serde_json::from_str(event.cloud_trail_event.as_deref().unwrap()).unwrap()
}

#[tokio::test]
async fn an_event_has_aws_s_form() {
    let house = House::new();
    house.create(3, "ann", "111122223333/g").await;
    house.create(3, "ann", "111122223333/secret").await;
    let found = house.ask(3, by(t::LookupAttributeKey::EventName, "CreateLogGroup")).await.unwrap();
    let [denied, made] = &found.events.unwrap()[..] else { panic!("two events") };

    assert_eq!(made.username.as_deref(), Some("ann"));
    assert_eq!(made.event_source.as_deref(), Some("logs.amazonaws.com"));
    assert_eq!(made.resources.as_ref().unwrap()[0].resource_name.as_deref(), Some("g"));
    let event = written(made);
    let request = event["requestID"].as_str().unwrap();
    assert_ne!(Some(request), made.event_id.as_deref());
    assert_eq!(
        event,
        json!({
            "eventVersion": "1.11",
            "userIdentity": {
                "type": "IAMUser", "principalId": "AIDAann", "arn": "arn:aws:iam::111122223333:user/ann",
                "accountId": "111122223333", "accessKeyId": "AKIAann", "userName": "ann",
            },
            "eventTime": START,
            "eventSource": "logs.amazonaws.com",
            "eventName": "CreateLogGroup",
            "awsRegion": "eu-west-1",
            "sourceIPAddress": "10.1.2.3",
            "userAgent": "tests",
            "requestParameters": {"logGroupName": "111122223333/g", "tags": {"Team": "a"}},
            "responseElements": null,
            "requestID": request,
            "eventID": made.event_id,
            "readOnly": false,
            "resources": [{
                "accountId": "111122223333", "type": "AWS::Logs::LogGroup",
                "ARN": "arn:aws:logs:eu-west-1:111122223333:log-group:g",
            }],
            "eventType": "AwsApiCall",
            "apiVersion": "2014-03-28",
            "managementEvent": true,
            "recipientAccountId": "111122223333",
            "eventCategory": "Management",
        })
    );
    let refused = written(denied);
    assert_eq!(refused["errorCode"], "AccessDeniedException");
    assert_eq!(refused["errorMessage"], "not authorized: logs:CreateLogGroup");
}

#[tokio::test]
async fn each_attribute_finds_its_events_only() {
    use t::LookupAttributeKey as K;
    let house = House::new();
    house.create(3, "ann", "111122223333/g").await;
    house.list(3, "bob").await;
    house.list(4, "ann").await;
    for (key, value, wanted) in [
        (K::EventName, "CreateLogGroup", vec!["CreateLogGroup"]),
        (K::EventName, "createloggroup", vec![]),
        (K::ReadOnly, "false", vec!["CreateLogGroup"]),
        (K::Username, "bob", vec!["DescribeLogGroups"]),
        (K::AccessKeyId, "AKIAann", vec!["CreateLogGroup"]),
        (K::ResourceName, "g", vec!["CreateLogGroup"]),
        (K::ResourceName, "arn:aws:logs:eu-west-1:111122223333:log-group:g", vec!["CreateLogGroup"]),
        (K::ResourceType, "AWS::Logs::LogGroup", vec!["CreateLogGroup"]),
        (K::EventSource, "logs.amazonaws.com", vec!["DescribeLogGroups", "CreateLogGroup"]),
    ] {
        assert_eq!(names(&house.ask(3, by(key, value)).await.unwrap()), wanted, "{key:?} {value}");
    }
    let all = house.ask(3, by(K::EventName, "LookupEvents")).await.unwrap();
    let id = all.events.as_ref().unwrap().last().unwrap().event_id.clone().unwrap();
    let one = house.ask(3, by(K::EventId, &id)).await.unwrap();
    assert_eq!(one.events.unwrap()[0].event_id, Some(id.clone()));
    assert!(house.ask(4, by(K::EventId, &id)).await.unwrap().events.unwrap().is_empty());
}

#[tokio::test]
async fn pages_join_without_gap_or_double() {
    let house = House::new();
    for n in 0..130u64 {
        house.list(3, if n % 3 == 0 { "ann" } else { "bob" }).await;
        // Many in one second, some in the same millisecond, some days apart.
        house.pass(if n % 40 == 0 { 86_400_000 } else { n % 7 * 60 });
    }
    let mut ids = Vec::new();
    let mut input = by(t::LookupAttributeKey::Username, "ann");
    input.max_results = Some(7);
    loop {
        let found = house.ask(3, input.clone()).await.unwrap();
        let events = found.events.unwrap();
        assert!(!events.is_empty() && events.len() <= 7);
        ids.extend(events.into_iter().map(|event| (event.event_time.unwrap(), event.event_id.unwrap())));
        input.next_token = found.next_token;
        if input.next_token.is_none() {
            break;
        }
    }
    assert_eq!(ids.len(), 44);
    assert!(ids.is_sorted_by(|a, b| a.0 >= b.0));
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), 44);
}

#[tokio::test]
async fn times_bound_what_is_found() {
    let house = House::new();
    let start = Timestamp::parse(START).unwrap();
    for _ in 0..5 {
        house.list(3, "ann").await;
        house.pass(999);
    }
    let at = |second: i64| Some(Timestamp::from_secs(start.secs() + second));
    let between = |from, to| Asked { start_time: from, end_time: to, ..Default::default() };
    for (from, to, wanted) in
        [(at(1), at(3), 3), (at(4), None, 1), (None, at(0), 1), (at(-10), at(-1), 0), (at(99), at(100), 0)]
    {
        let found = house.ask(3, between(from, to)).await.unwrap();
        let seen = names(&found).into_iter().filter(|name| *name == "DescribeLogGroups").count();
        assert_eq!(seen, wanted, "{from:?} {to:?}");
    }
    house.pass(91 * 86_400_000);
    assert_eq!(names(&house.ask(3, Asked::default()).await.unwrap()), Vec::<&str>::new());
    house.kernel.audit_prune().await.unwrap();
    assert_eq!(names(&house.ask(3, Asked::default()).await.unwrap()), ["LookupEvents"]);
}

#[tokio::test]
async fn the_owner_of_a_resource_sees_less_of_a_foreign_caller() {
    let house = House::new();
    house.create(4, "eve", "111122223333/g").await;
    house.create(4, "eve", "111122223333/secret").await;
    let by_name = by(t::LookupAttributeKey::EventName, "CreateLogGroup");
    let own = house.ask(4, by_name.clone()).await.unwrap().events.unwrap();
    // A denied call is not in the history of whom it was aimed at.
    assert_eq!(own.len(), 2);
    let [seen] = &house.ask(3, by_name).await.unwrap().events.unwrap()[..] else { panic!("one event") };
    let (foreign, own) = (written(seen), written(&own[1]));
    let identity = json!({"type": "AWSAccount", "principalId": "AIDAeve", "accountId": "111122223334"});
    assert_eq!(foreign["userIdentity"], identity);
    assert_eq!((seen.username.clone(), seen.access_key_id.clone()), (None, None));
    assert_eq!(foreign["recipientAccountId"], account(3).as_str());
    assert_ne!(foreign["eventID"], own["eventID"]);
    assert!(own["sharedEventID"].is_string());
    assert_eq!(foreign["sharedEventID"], own["sharedEventID"]);
    let by_user = by(t::LookupAttributeKey::Username, "eve");
    assert!(house.ask(3, by_user).await.unwrap().events.unwrap().is_empty());
}

#[tokio::test]
async fn what_cannot_be_looked_up_is_refused() {
    let house = House::new();
    let code = |found: Result<Found, Fault>| found.unwrap_err().code().to_owned();
    let mut two = by(t::LookupAttributeKey::EventName, "x");
    let first = two.lookup_attributes.clone().unwrap();
    two.lookup_attributes.as_mut().unwrap().extend(first);
    assert_eq!(code(house.ask(3, two).await), "InvalidLookupAttributesException");
    let maybe = by(t::LookupAttributeKey::ReadOnly, "maybe");
    assert_eq!(code(house.ask(3, maybe).await), "InvalidLookupAttributesException");
    let times = Asked {
        start_time: Some(Timestamp::from_secs(2)),
        end_time: Some(Timestamp::from_secs(1)),
        ..Default::default()
    };
    assert_eq!(code(house.ask(3, times).await), "InvalidTimeRangeException");
    let insight = Asked { event_category: Some(t::EventCategory::Insight), ..Default::default() };
    assert_eq!(code(house.ask(3, insight).await), "InvalidEventCategoryException");

    for _ in 0..3 {
        house.list(3, "ann").await;
    }
    let mut page = by(t::LookupAttributeKey::Username, "ann");
    page.max_results = Some(1);
    let token = house.ask(3, page.clone()).await.unwrap().next_token;
    page.next_token = token.clone();
    assert_eq!(code(house.ask(4, page.clone()).await), "InvalidNextTokenException");
    let other = Asked { next_token: token, ..by(t::LookupAttributeKey::Username, "bob") };
    assert_eq!(code(house.ask(3, other).await), "InvalidNextTokenException");
    page.next_token = Some("00".to_owned());
    assert_eq!(code(house.ask(3, page).await), "InvalidNextTokenException");
}
