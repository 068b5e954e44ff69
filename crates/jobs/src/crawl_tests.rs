//! How crawls begin and end, in the store.

use mastic_api_glue::glue::types::*;
use mastic_core::{Arn, Fault, Timestamp};
use mastic_handoff::{TableNames, Tally};
use mastic_store::{ReadTx, Store, StoreError};

use crate::crawl::{close, note};
use crate::execution::Ending;
use crate::records::{CRAWLERS, CRAWLS, CrawlerRecord, NameKey};

const DAY: i64 = 24 * 60 * 60;

fn at() -> NameKey {
    ("111122223333".to_owned(), "us-east-1".to_owned(), "c".to_owned())
}

struct World(Store);

impl World {
    fn new() -> Self {
        Self(Store::memory().unwrap())
    }

    /// Begins and ends a crawl, at these seconds.
    async fn crawl(&self, id: &'static str, started: i64, ended: i64, ending: Ending) {
        let crawler = Crawler { name: Some("c".to_owned()), ..Crawler::default() };
        let record =
            CrawlerRecord { crawler, role: Arn::new("iam", "", "111122223333", "role/r"), crawl_id: None };
        let (started, ended) = (Timestamp::from_secs(started), Timestamp::from_secs(ended));
        let written = self.0.write(move |tx| {
            note(tx, at(), record, Vec::new(), id.to_owned(), started)?;
            close(tx, &at(), id, started, ended, &ending)
        });
        written.await.unwrap();
    }

    fn crawler(&self) -> Crawler {
        self.0.read(|tx| CRAWLERS.get(tx, &at())).unwrap().unwrap().crawler
    }

    /// Newest first.
    fn history(&self) -> Vec<CrawlerHistory> {
        let all = |tx: &ReadTx<'_>| -> Result<_, StoreError> {
            CRAWLS.scan_reverse(tx, CRAWLS.all()).map(|row| Ok(row?.1.crawl)).collect()
        };
        self.0.read(all).unwrap()
    }
}

#[tokio::test]
async fn an_end_is_told_in_the_crawler_and_its_history() {
    let failed = |text: &str| Some(text.to_owned());
    for (ending, last, history, message) in [
        (
            Ending::Succeeded(Tally::default()),
            LastCrawlStatus::Succeeded,
            CrawlerHistoryState::Completed,
            None,
        ),
        (Ending::Stopped, LastCrawlStatus::Cancelled, CrawlerHistoryState::Stopped, None),
        (
            Ending::TimedOut,
            LastCrawlStatus::Failed,
            CrawlerHistoryState::Failed,
            failed("The crawl was ended after 24 hours."),
        ),
        (
            Ending::Failed("no s3:GetObject".to_owned().into()),
            LastCrawlStatus::Failed,
            CrawlerHistoryState::Failed,
            failed("no s3:GetObject"),
        ),
    ] {
        let world = World::new();
        world.crawl("one", 100, 1900, ending).await;
        let crawler = world.crawler();
        let info = crawler.last_crawl.unwrap();
        assert_eq!((crawler.state, info.status), (Some(CrawlerState::Ready), Some(last)));
        assert_eq!((info.start_time, info.error_message), (Some(Timestamp::from_secs(100)), message.clone()));
        assert_eq!(info.log_group.as_deref(), Some("/aws-glue/crawlers"));
        assert_eq!((info.log_stream.as_deref(), info.message_prefix.as_deref()), (Some("c"), Some("one")));
        let [crawl] = world.history().try_into().unwrap();
        assert_eq!((crawl.state, crawl.error_message), (Some(history), message));
        assert_eq!((crawl.end_time, crawl.dpu_hour), (Some(Timestamp::from_secs(1900)), Some(1.0)));
        assert_eq!(crawl.summary, None);
    }
}

#[tokio::test]
async fn summaries_count_by_kind() {
    let tally = Tally {
        tables_created: 2,
        tables_deleted: 1,
        partitions_created: 30,
        partitions_updated: 4,
        names: TableNames {
            created: vec!["a".to_owned(), "b".to_owned()],
            deleted: vec!["old".to_owned()],
            ..TableNames::default()
        },
        ..Tally::default()
    };
    let world = World::new();
    world.crawl("one", 0, 1, Ending::Succeeded(tally)).await;
    let text = world.history().pop().unwrap().summary.unwrap();
    let kinds: serde_json::Value = serde_json::from_str(&text).unwrap();
    let of =
        |kind: &str| -> serde_json::Value { serde_json::from_str(kinds[kind].as_str().unwrap()).unwrap() };
    let wanted = serde_json::json!({
        "ADD": {"Count": 2, "Details": {"names": ["a", "b"]}},
        "DELETE": {"Count": 1, "Details": {"names": ["old"]}},
    });
    assert_eq!(of("TABLE"), wanted);
    assert_eq!(of("PARTITION"), serde_json::json!({"ADD": {"Count": 30}, "UPDATE": {"Count": 4}}));
}

#[tokio::test]
async fn messages_and_histories_have_their_lengths() {
    let world = World::new();
    world.crawl("old", 0, 60, Ending::Stopped).await;
    world.crawl("young", 10 * DAY, 10 * DAY + 60, Ending::Stopped).await;
    world.crawl("new", 366 * DAY, 366 * DAY + 60, Ending::Failed("ü".repeat(5000).into())).await;
    let history = world.history();
    let ids: Vec<_> = history.iter().filter_map(|crawl| crawl.crawl_id.as_deref()).collect();
    assert_eq!(ids, ["new", "young"]);
    let message = history.first().and_then(|crawl| crawl.error_message.as_deref()).unwrap();
    assert_eq!(message.chars().count(), 2048);
}

#[tokio::test]
async fn the_end_of_another_crawl_does_not_touch_the_crawler() {
    let world = World::new();
    world.crawl("one", 0, 60, Ending::Stopped).await;
    let late = world.0.write(|tx| {
        let (then, now) = (Timestamp::from_secs(0), Timestamp::from_secs(90));
        close(tx, &at(), "another", then, now, &Ending::Failed("late".to_owned().into()))
    });
    let ended: Result<(), Fault> = late.await;
    ended.unwrap();
    assert_eq!(world.crawler().last_crawl.unwrap().status, Some(LastCrawlStatus::Cancelled));
    assert_eq!(world.history().len(), 1);
}
