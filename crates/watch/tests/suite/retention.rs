use std::time::Duration;

use mastic_api_watch::logs::{op, types};

use crate::house::{House, START};

const DAY: Duration = Duration::from_secs(86_400);

#[tokio::test]
async fn expired_events_are_hidden_at_once_and_swept_later() {
    let house = House::new();
    house.group("g").await;
    house.group("kept").await;
    for (group, stream) in [("g", "s"), ("g", "t"), ("kept", "s")] {
        house.stream(group, stream).await;
    }
    let old: Vec<_> = (0..2500).map(|n| (START + n, "old")).collect();
    house.put("g", "s", &old).await.unwrap();
    house.put("g", "t", &old).await.unwrap();
    house.put("kept", "s", &old).await.unwrap();
    let retain = types::PutRetentionPolicyRequest { log_group_name: "g".to_owned(), retention_in_days: 1 };
    house.call::<op::PutRetentionPolicy>(retain).await.unwrap();
    house.clock.advance(2 * DAY);
    let now = START + 2 * 86_400_000;
    house.put("g", "s", &[(now, "new")]).await.unwrap();

    assert_eq!(house.messages("g", "s").await, ["new"]);
    let filter =
        || types::FilterLogEventsRequest { log_group_name: Some("g".to_owned()), ..Default::default() };
    assert_eq!(house.call::<op::FilterLogEvents>(filter()).await.unwrap().events.unwrap().len(), 1);
    let bytes = async |group| house.log_group(group).await.unwrap().stored_bytes;
    assert_eq!(bytes("g").await, Some(5001 * 29));

    house.watch.sweep().await.unwrap();
    assert_eq!(bytes("g").await, Some(29));
    assert_eq!(house.log_stream("g", "s").await.unwrap().first_event_timestamp, Some(now));
    let empty = house.log_stream("g", "t").await.unwrap();
    assert_eq!((empty.first_event_timestamp, empty.last_event_timestamp), (None, None));
    assert_eq!(house.messages("kept", "s").await.len(), 2500);

    // A longer retention does not bring back what was swept.
    let never = types::DeleteRetentionPolicyRequest { log_group_name: "g".to_owned() };
    house.call::<op::DeleteRetentionPolicy>(never).await.unwrap();
    assert_eq!(house.messages("g", "s").await, ["new"]);
    house.watch.sweep().await.unwrap();
    assert_eq!(house.messages("g", "s").await, ["new"]);
}
