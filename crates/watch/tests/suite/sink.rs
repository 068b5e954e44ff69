use std::time::Duration;

use mastic_core::Timestamp;
use mastic_kernel::Outcome;
use mastic_kernel::ports::LogSink;

use crate::house::{House, START};

fn line(time: i64, text: &str) -> (Timestamp, String) {
    (Timestamp::from_millis(time), text.to_owned())
}

const GROUP: &str = "/aws-glue/jobs/output";

#[tokio::test]
async fn lines_make_what_is_missing() {
    let house = House::new();
    let arn = format!("arn:aws:logs:eu-west-1:111122223333:log-group:{GROUP}:log-stream:");
    house.watch.append(&house.run(), GROUP, "jr_1", vec![line(START, "one")]).await.unwrap();
    assert_eq!(
        house.asked(),
        [
            format!("logs:CreateLogGroup {arn}"),
            format!("logs:CreateLogStream {arn}jr_1"),
            format!("logs:PutLogEvents {arn}jr_1"),
        ]
    );
    house.watch.append(&house.run(), GROUP, "jr_1", vec![line(START + 1, "two")]).await.unwrap();
    assert_eq!(house.asked(), [format!("logs:PutLogEvents {arn}jr_1")]);
    house.watch.append(&house.run(), GROUP, "jr_2", vec![line(START + 1, "other")]).await.unwrap();
    assert_eq!(
        house.asked(),
        [format!("logs:CreateLogStream {arn}jr_2"), format!("logs:PutLogEvents {arn}jr_2")]
    );
    // Others see the lines of a run while it goes on.
    assert_eq!(house.messages(GROUP, "jr_1").await, ["one", "two"]);
    house.watch.append(&house.run(), GROUP, "jr_3", Vec::new()).await.unwrap();
    assert!(house.log_stream(GROUP, "jr_3").await.is_none());
}

#[tokio::test]
async fn lines_take_the_form_of_events() {
    let house = House::new();
    let long = "é".repeat(200_000);
    let lines = vec![line(START + 2, &long), line(START, ""), line(START, "first")];
    house.watch.append(&house.run(), GROUP, "s", lines).await.unwrap();
    let found = house.messages(GROUP, "s").await;
    assert_eq!(found[..2], [" ", "first"]);
    assert_eq!(found[2].len(), 256 * 1024);

    let many = (0..25_000).map(|n| line(START + n, "x")).collect();
    house.watch.append(&house.run(), GROUP, "many", many).await.unwrap();
    let stream = house.log_stream(GROUP, "many").await.unwrap();
    assert_eq!(stream.last_event_timestamp, Some(START + 24_999));
    house.clock.advance(Duration::from_secs(15 * 86_400));
    house.watch.append(&house.run(), GROUP, "many", vec![line(START, "too old")]).await.unwrap();
    let after = house.log_stream(GROUP, "many").await.unwrap();
    assert_eq!(after.last_ingestion_time, stream.last_ingestion_time);
}

#[tokio::test]
async fn a_role_that_may_not_write_is_denied_and_it_is_on_record() {
    for action in ["logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"] {
        let house = House::new();
        house.deny(action);
        let call = house.run();
        let fault = house.watch.append(&call, GROUP, "s", vec![line(START, "x")]).await.unwrap_err();
        assert_eq!(fault.code(), "AccessDeniedException");
        assert_ne!(fault.decision(), Some(call.request_id.as_str()));
        let record = house.audit(fault.decision().unwrap()).await.unwrap();
        assert_eq!(format!("{}:{}", record.service, record.operation), action);
        assert!(record.input.unwrap().contains(GROUP));
        assert!(matches!(record.outcome, Outcome::Failed { .. }));
        assert!(record.decisions.iter().all(|decision| !decision.allowed));
    }
}
