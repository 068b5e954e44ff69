use mastic_api_watch::logs::{op, types};

use crate::house::{House, START, failure, from_head, messages};

const HOUR: i64 = 3_600_000;
const DAY: i64 = 24 * HOUR;

async fn house() -> House {
    let house = House::new();
    house.group("g").await;
    house.stream("g", "s").await;
    house
}

#[tokio::test]
async fn what_is_put_is_read() {
    let house = house().await;
    let put = house.put("g", "s", &[(START, "a"), (START, "b"), (START + 1, "c")]).await.unwrap();
    assert_eq!(put.rejected_log_events_info, None);
    let stream = house.log_stream("g", "s").await.unwrap();
    assert_eq!(put.next_sequence_token.as_deref().map(str::len), Some(56));
    assert_eq!(stream.upload_sequence_token, put.next_sequence_token);
    assert_eq!(stream.last_ingestion_time, Some(START));
    // An earlier event that comes later is read where its time puts it.
    house.put("g", "s", &[(START - 1, "early")]).await.unwrap();
    assert_eq!(house.messages("g", "s").await, ["early", "a", "b", "c"]);
    let page = house.call::<op::GetLogEvents>(from_head("g", "s")).await.unwrap();
    let first = page.events.unwrap().into_iter().next().unwrap();
    assert_eq!((first.timestamp, first.ingestion_time), (Some(START - 1), Some(START)));
}

#[tokio::test]
async fn what_a_batch_must_satisfy() {
    let house = house().await;
    let invalid = async |events: &[(i64, &str)]| {
        let (code, text) = failure(house.put("g", "s", events).await);
        assert_eq!(code, "InvalidParameterException");
        text
    };
    assert_eq!(
        invalid(&[(START, "a"), (START - 1, "b")]).await,
        "Log events in a single PutLogEvents request must be in chronological order."
    );
    assert_eq!(
        invalid(&[(START - DAY - 1, "a"), (START, "b")]).await,
        "The batch of log events in a single PutLogEvents request cannot span more than 24 hours."
    );
    let half = "x".repeat(524_288 - 26);
    house.put("g", "s", &[(START, &half), (START, &half)]).await.unwrap();
    assert_eq!(
        invalid(&[(START, &half), (START, &format!("{half}x"))]).await,
        "Upload too large: 1048577 bytes exceeds limit of 1048576"
    );
    for (group, stream, text) in [
        ("no", "s", "The specified log group does not exist."),
        ("g", "no", "The specified log stream does not exist."),
    ] {
        let missing = failure(house.put(group, stream, &[(START, "a")]).await);
        assert_eq!(missing, ("ResourceNotFoundException".to_owned(), text.to_owned()));
    }
}

#[tokio::test]
async fn events_out_of_time_are_left_out() {
    let house = house().await;
    let events = [
        (START - 14 * DAY - 1, "too old"),
        (START, "now"),
        (START + 2 * HOUR, "soon"),
        (START + 2 * HOUR + 1, "too new"),
    ];
    let rejected = house.put("g", "s", &events).await.unwrap().rejected_log_events_info.unwrap();
    assert_eq!(rejected.too_old_log_event_end_index, Some(1));
    assert_eq!(rejected.too_new_log_event_start_index, Some(3));
    assert_eq!(rejected.expired_log_event_end_index, None);
    assert_eq!(house.messages("g", "s").await, ["now", "soon"]);

    let retain = types::PutRetentionPolicyRequest { log_group_name: "g".to_owned(), retention_in_days: 1 };
    house.call::<op::PutRetentionPolicy>(retain).await.unwrap();
    let put = house.put("g", "s", &[(START - DAY - 1, "expired")]).await.unwrap();
    assert_eq!(put.rejected_log_events_info.unwrap().expired_log_event_end_index, Some(1));
    assert_eq!(house.messages("g", "s").await, ["now", "soon"]);
}

#[tokio::test]
async fn an_entity_is_not_taken() {
    let house = house().await;
    let event = types::InputLogEvent { timestamp: START, message: "a".to_owned() };
    let put = house.call::<op::PutLogEvents>(types::PutLogEventsRequest {
        log_group_name: "g".to_owned(),
        log_stream_name: "s".to_owned(),
        log_events: vec![event],
        entity: Some(types::Entity::default()),
        ..Default::default()
    });
    let rejected = put.await.unwrap().rejected_entity_info.unwrap();
    assert_eq!(rejected.error_type, Some(types::EntityRejectionErrorType::UnsupportedLogGroupType));
}

async fn page(
    house: &House,
    input: &types::GetLogEventsRequest,
    token: Option<&str>,
) -> types::GetLogEventsResponse {
    let input = types::GetLogEventsRequest { next_token: token.map(str::to_owned), ..input.clone() };
    house.call::<op::GetLogEvents>(input).await.unwrap()
}

#[tokio::test]
async fn reading_forward_to_the_end_and_on() {
    let house = house().await;
    house.put("g", "s", &[(START, "1"), (START, "2"), (START, "3"), (START + 1, "4")]).await.unwrap();
    let input = types::GetLogEventsRequest { limit: Some(3), ..from_head("g", "s") };
    let first = page(&house, &input, None).await;
    assert_eq!(messages(&first), ["1", "2", "3"]);
    let second = page(&house, &input, first.next_forward_token.as_deref()).await;
    assert_eq!(messages(&second), ["4"]);
    let end = page(&house, &input, second.next_forward_token.as_deref()).await;
    assert!(messages(&end).is_empty());
    assert_eq!(end.next_forward_token, second.next_forward_token);
    // Back from the end.
    let back = page(&house, &input, end.next_backward_token.as_deref()).await;
    assert_eq!(messages(&back), ["2", "3", "4"]);
    // A reader that waits at the end sees what comes.
    house.put("g", "s", &[(START + 2, "5")]).await.unwrap();
    let more = page(&house, &input, end.next_forward_token.as_deref()).await;
    assert_eq!(messages(&more), ["5"]);
}

#[tokio::test]
async fn reading_backward_to_the_beginning() {
    let house = house().await;
    house.put("g", "s", &[(START, "1"), (START, "2"), (START, "3"), (START + 1, "4")]).await.unwrap();
    let tail = types::GetLogEventsRequest { limit: Some(3), start_from_head: None, ..from_head("g", "s") };
    let last = page(&house, &tail, None).await;
    assert_eq!(messages(&last), ["2", "3", "4"]);
    let first = page(&house, &tail, last.next_backward_token.as_deref()).await;
    assert_eq!(messages(&first), ["1"]);
    let beginning = page(&house, &tail, first.next_backward_token.as_deref()).await;
    assert!(messages(&beginning).is_empty());
    assert_eq!(beginning.next_backward_token, first.next_backward_token);
    let forth = page(&house, &tail, beginning.next_forward_token.as_deref()).await;
    assert_eq!(messages(&forth), ["1", "2", "3"]);
}

#[tokio::test]
async fn reading_between_times() {
    let house = house().await;
    house.put("g", "s", &[(START, "1"), (START + 1, "2"), (START + 2, "3")]).await.unwrap();
    let input = types::GetLogEventsRequest {
        start_time: Some(START + 1),
        end_time: Some(START + 2),
        ..from_head("g", "s")
    };
    assert_eq!(messages(&page(&house, &input, None).await), ["2"]);
}

#[tokio::test]
async fn an_empty_stream_has_tokens_to_wait_with() {
    let house = house().await;
    let empty = page(&house, &from_head("g", "s"), None).await;
    assert!(messages(&empty).is_empty());
    let again = page(&house, &from_head("g", "s"), empty.next_forward_token.as_deref()).await;
    assert_eq!(again.next_forward_token, empty.next_forward_token);
    house.put("g", "s", &[(START, "1")]).await.unwrap();
    let more = page(&house, &from_head("g", "s"), empty.next_forward_token.as_deref()).await;
    assert_eq!(messages(&more), ["1"]);
}

#[tokio::test]
async fn a_page_has_a_megabyte_at_most() {
    let house = house().await;
    let large = "x".repeat(600_000);
    house.put("g", "s", &[(START, &large)]).await.unwrap();
    house.put("g", "s", &[(START + 1, &large)]).await.unwrap();
    let first = page(&house, &from_head("g", "s"), None).await;
    assert_eq!(messages(&first).len(), 1);
    let second = page(&house, &from_head("g", "s"), first.next_forward_token.as_deref()).await;
    assert_eq!(messages(&second).len(), 1);
}

#[tokio::test]
async fn what_cannot_be_read() {
    let house = house().await;
    for (input, code) in [
        (from_head("no", "s"), "ResourceNotFoundException"),
        (from_head("g", "no"), "ResourceNotFoundException"),
        (
            types::GetLogEventsRequest { next_token: Some("f/1".to_owned()), ..from_head("g", "s") },
            "InvalidParameterException",
        ),
        (
            types::GetLogEventsRequest { log_group_name: None, ..from_head("g", "s") },
            "InvalidParameterException",
        ),
    ] {
        assert_eq!(failure(house.call::<op::GetLogEvents>(input).await).0, code);
    }
}
