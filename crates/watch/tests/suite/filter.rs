use std::time::Duration;

use mastic_api_watch::logs::{op, types};

use crate::house::{House, START, failure};

async fn house() -> House {
    let house = House::new();
    house.group("g").await;
    for stream in ["a/1", "a/2", "b", "empty"] {
        house.stream("g", stream).await;
    }
    house.put("g", "a/1", &[(START, "ERROR 1"), (START + 20, "INFO 4")]).await.unwrap();
    house.clock.advance(Duration::from_millis(1));
    house.put("g", "a/2", &[(START, "INFO 2"), (START + 30, "ERROR 5")]).await.unwrap();
    house.clock.advance(Duration::from_millis(1));
    house.put("g", "b", &[(START + 10, "ERROR 3"), (START + 40, "WARN 6")]).await.unwrap();
    house
}

fn all() -> types::FilterLogEventsRequest {
    types::FilterLogEventsRequest { log_group_name: Some("g".to_owned()), ..Default::default() }
}

async fn pages(house: &House, input: types::FilterLogEventsRequest) -> Vec<Vec<String>> {
    let (mut pages, mut next_token) = (Vec::new(), None);
    loop {
        let input = types::FilterLogEventsRequest { next_token, ..input.clone() };
        let page = house.call::<op::FilterLogEvents>(input).await.unwrap();
        pages.push(page.events.unwrap().into_iter().map(|event| event.message.unwrap()).collect());
        next_token = page.next_token;
        if next_token.is_none() {
            return pages;
        }
    }
}

#[tokio::test]
async fn streams_are_merged_by_time() {
    let house = house().await;
    let sorted = ["ERROR 1", "INFO 2", "ERROR 3", "INFO 4", "ERROR 5", "WARN 6"];
    assert_eq!(pages(&house, all()).await, [sorted]);
    for limit in 1..=6 {
        let paged = pages(&house, types::FilterLogEventsRequest { limit: Some(limit), ..all() }).await;
        assert!(paged.iter().all(|page| page.len() <= limit as usize && !page.is_empty()), "{paged:?}");
        assert_eq!(paged.concat(), sorted, "by {limit}");
    }
    let page = house.call::<op::FilterLogEvents>(all()).await.unwrap();
    let first = page.events.unwrap().into_iter().next().unwrap();
    assert_eq!(first.log_stream_name.as_deref(), Some("a/1"));
    assert_eq!((first.timestamp, first.ingestion_time), (Some(START), Some(START)));
    assert_eq!(first.event_id.unwrap().len(), 56);
}

#[tokio::test]
async fn only_what_is_asked_for() {
    let house = house().await;
    let names = |names: &[&str]| Some(names.iter().map(|name| (*name).to_owned()).collect());
    for (input, wanted) in [
        (
            types::FilterLogEventsRequest { filter_pattern: Some("ERROR".to_owned()), ..all() },
            vec!["ERROR 1", "ERROR 3", "ERROR 5"],
        ),
        (
            types::FilterLogEventsRequest { filter_pattern: Some("-ERROR".to_owned()), ..all() },
            vec!["INFO 2", "INFO 4", "WARN 6"],
        ),
        (
            types::FilterLogEventsRequest { log_stream_name_prefix: Some("a/".to_owned()), ..all() },
            vec!["ERROR 1", "INFO 2", "INFO 4", "ERROR 5"],
        ),
        (
            types::FilterLogEventsRequest { log_stream_names: names(&["b", "a/1", "b"]), ..all() },
            vec!["ERROR 1", "ERROR 3", "INFO 4", "WARN 6"],
        ),
        (
            types::FilterLogEventsRequest {
                start_time: Some(START + 10),
                end_time: Some(START + 30),
                ..all()
            },
            vec!["ERROR 3", "INFO 4", "ERROR 5"],
        ),
        (types::FilterLogEventsRequest { start_time: Some(START + 50), ..all() }, vec![]),
    ] {
        assert_eq!(pages(&house, input).await, [wanted]);
    }
    let paged =
        types::FilterLogEventsRequest { filter_pattern: Some("ERROR".to_owned()), limit: Some(2), ..all() };
    assert_eq!(pages(&house, paged).await, [vec!["ERROR 1", "ERROR 3"], vec!["ERROR 5"]]);
}

#[tokio::test]
async fn json_events() {
    let house = house().await;
    house
        .put("g", "b", &[(START + 50, r#"{"level": "ERROR", "ms": 12}"#), (START + 51, r#"{"ms": 3}"#)])
        .await
        .unwrap();
    let input = types::FilterLogEventsRequest { filter_pattern: Some("{ $.ms > 10 }".to_owned()), ..all() };
    assert_eq!(pages(&house, input).await, [[r#"{"level": "ERROR", "ms": 12}"#]]);
}

#[tokio::test]
async fn a_page_looks_at_so_many_events() {
    let house = house().await;
    for _ in 0..3 {
        let events: Vec<_> = (0..9000).map(|_| (START + 60, "noise")).collect();
        house.put("g", "b", &events).await.unwrap();
    }
    house.put("g", "b", &[(START + 61, "needle")]).await.unwrap();
    let input = types::FilterLogEventsRequest { filter_pattern: Some("needle".to_owned()), ..all() };
    assert_eq!(pages(&house, input).await, [vec![], vec!["needle".to_owned()]]);
    let pages = pages(&house, all()).await;
    assert_eq!(pages.iter().map(Vec::len).collect::<Vec<_>>(), [10_000, 10_000, 7007]);
}

#[tokio::test]
async fn what_cannot_be_filtered() {
    let house = house().await;
    let name = || Some(vec!["no".to_owned()]);
    for (input, code) in [
        (
            types::FilterLogEventsRequest { log_group_name: Some("no".to_owned()), ..all() },
            "ResourceNotFoundException",
        ),
        (types::FilterLogEventsRequest { log_stream_names: name(), ..all() }, "ResourceNotFoundException"),
        (
            types::FilterLogEventsRequest {
                log_stream_names: name(),
                log_stream_name_prefix: Some("a".to_owned()),
                ..all()
            },
            "InvalidParameterException",
        ),
        (
            types::FilterLogEventsRequest { filter_pattern: Some("[ip]".to_owned()), ..all() },
            "InvalidParameterException",
        ),
        (
            types::FilterLogEventsRequest { next_token: Some("zz".to_owned()), ..all() },
            "InvalidParameterException",
        ),
    ] {
        assert_eq!(failure(house.call::<op::FilterLogEvents>(input).await).0, code);
    }
}
