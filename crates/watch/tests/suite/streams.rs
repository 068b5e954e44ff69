use mastic_api_watch::logs::{op, types};

use crate::house::{House, START, failure};

fn create(group: &str, stream: &str) -> types::CreateLogStreamRequest {
    types::CreateLogStreamRequest { log_group_name: group.to_owned(), log_stream_name: stream.to_owned() }
}

fn delete(group: &str, stream: &str) -> types::DeleteLogStreamRequest {
    types::DeleteLogStreamRequest { log_group_name: group.to_owned(), log_stream_name: stream.to_owned() }
}

#[tokio::test]
async fn streams_come_and_go() {
    let house = House::new();
    let (code, text) = failure(house.call::<op::CreateLogStream>(create("g", "s")).await);
    assert_eq!(code, "ResourceNotFoundException");
    assert_eq!(text, "The specified log group does not exist.");
    house.group("g").await;
    house.stream("g", "s").await;
    assert_eq!(
        failure(house.call::<op::CreateLogStream>(create("g", "s")).await),
        ("ResourceAlreadyExistsException".to_owned(), "The specified log stream already exists".to_owned())
    );
    let stream = house.log_stream("g", "s").await.unwrap();
    assert_eq!(stream.arn.as_deref(), Some("arn:aws:logs:eu-west-1:111122223333:log-group:g:log-stream:s"));
    assert_eq!(stream.creation_time, Some(START));
    assert_eq!((stream.first_event_timestamp, stream.last_ingestion_time), (None, None));

    house.put("g", "s", &[(START, "hello")]).await.unwrap();
    assert_eq!(house.log_group("g").await.unwrap().stored_bytes, Some(31));
    house.call::<op::DeleteLogStream>(delete("g", "s")).await.unwrap();
    assert_eq!(house.log_group("g").await.unwrap().stored_bytes, Some(0));
    assert_eq!(
        failure(house.call::<op::DeleteLogStream>(delete("g", "s")).await).1,
        "The specified log stream does not exist."
    );
    assert_eq!(
        failure(house.call::<op::DeleteLogStream>(delete("no", "s")).await).1,
        "The specified log group does not exist."
    );
    house.stream("g", "s").await;
    assert!(house.messages("g", "s").await.is_empty());
}

async fn pages(house: &House, input: types::DescribeLogStreamsRequest) -> Vec<Vec<String>> {
    let (mut pages, mut next_token) = (Vec::new(), None);
    loop {
        let input = types::DescribeLogStreamsRequest { next_token, ..input.clone() };
        let page = house.call::<op::DescribeLogStreams>(input).await.unwrap();
        pages.push(page.log_streams.unwrap().into_iter().map(|s| s.log_stream_name.unwrap()).collect());
        next_token = page.next_token;
        if next_token.is_none() {
            return pages;
        }
    }
}

#[tokio::test]
async fn listing_in_every_order() {
    let house = House::new();
    house.group("g").await;
    for (stream, offset) in [("a/1", 30), ("a/2", 10), ("b", 20)] {
        house.stream("g", stream).await;
        house.put("g", stream, &[(START + offset, "x")]).await.unwrap();
    }
    house.stream("g", "empty").await;
    // A later event moves a stream; an earlier one does not.
    house.put("g", "a/2", &[(START + 40, "x")]).await.unwrap();
    house.put("g", "b", &[(START + 5, "x")]).await.unwrap();
    let all = types::DescribeLogStreamsRequest {
        log_group_name: Some("g".to_owned()),
        limit: Some(3),
        ..Default::default()
    };
    let descending = types::DescribeLogStreamsRequest { descending: Some(true), ..all.clone() };
    let by_time = |input: &types::DescribeLogStreamsRequest| types::DescribeLogStreamsRequest {
        order_by: Some(types::OrderBy::LastEventTime),
        ..input.clone()
    };
    assert_eq!(pages(&house, all.clone()).await, [vec!["a/1", "a/2", "b"], vec!["empty"]]);
    assert_eq!(pages(&house, descending.clone()).await, [vec!["empty", "b", "a/2"], vec!["a/1"]]);
    assert_eq!(pages(&house, by_time(&all)).await, [vec!["empty", "b", "a/1"], vec!["a/2"]]);
    assert_eq!(pages(&house, by_time(&descending)).await, [vec!["a/2", "a/1", "b"], vec!["empty"]]);
    let prefixed =
        types::DescribeLogStreamsRequest { log_stream_name_prefix: Some("a/".to_owned()), ..all.clone() };
    assert_eq!(pages(&house, prefixed.clone()).await, [["a/1", "a/2"]]);

    let stream = house.log_stream("g", "b").await.unwrap();
    assert_eq!(
        (stream.first_event_timestamp, stream.last_event_timestamp),
        (Some(START + 5), Some(START + 20))
    );
    let both = house.call::<op::DescribeLogStreams>(by_time(&prefixed)).await;
    assert_eq!(failure(both).0, "InvalidParameterException");
    let bad = types::DescribeLogStreamsRequest { next_token: Some("00".to_owned()), ..all };
    assert_eq!(
        failure(house.call::<op::DescribeLogStreams>(bad).await).1,
        "The specified nextToken is invalid."
    );
}

#[tokio::test]
async fn the_group_by_name_or_arn() {
    let house = House::new();
    house.group("g").await;
    house.stream("g", "s").await;
    let by = |name: Option<&str>, identifier: Option<&str>| types::DescribeLogStreamsRequest {
        log_group_name: name.map(str::to_owned),
        log_group_identifier: identifier.map(str::to_owned),
        ..Default::default()
    };
    let arn = "arn:aws:logs:eu-west-1:111122223333:log-group:g";
    for input in [by(None, Some(arn)), by(None, Some("g"))] {
        assert_eq!(pages(&house, input).await, [["s"]]);
    }
    for (input, code) in [
        (by(None, None), "InvalidParameterException"),
        (by(Some("g"), Some(arn)), "InvalidParameterException"),
        (by(None, Some("arn:aws:s3:::g")), "InvalidParameterException"),
        (by(Some("no"), None), "ResourceNotFoundException"),
    ] {
        assert_eq!(failure(house.call::<op::DescribeLogStreams>(input).await).0, code);
    }
}
