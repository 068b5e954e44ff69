use std::collections::HashSet;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use datafusion::arrow::temporal_conversions::timestamp_us_to_datetime;
use object_store::memory::InMemory;
use object_store::path::Path;
use object_store::{ObjectMeta, ObjectStore};

use super::*;
use crate::environment::LedgerPage;

const NOW: Timestamp = Timestamp::from_secs(10_000);

/// A file `s3://b/KEY` of ten bytes that was written so many seconds ago.
fn file(key: &str, etag: &str, ago: u64) -> SourceFile {
    let written = NOW.minus(Duration::from_secs(ago)).micros();
    let store: Arc<dyn ObjectStore> = Arc::new(InMemory::new());
    let meta = ObjectMeta {
        location: Path::from(key),
        last_modified: timestamp_us_to_datetime(written).unwrap().and_utc(),
        size: 10,
        e_tag: Some(format!("\"{etag}\"")),
        version: None,
    };
    SourceFile { store, bucket: "b".to_owned(), meta, codec: None, partition: vec![] }
}

/// A ledger in pages.
struct Paged {
    files: Vec<KnownFile>,
    page: usize,
    replays: bool,
    calls: AtomicUsize,
}

impl Paged {
    /// Of keys and tags, in the order of the keys.
    fn new(files: &[(&str, &str)], page: usize, replays: bool) -> Self {
        let known = |(key, etag): &(&str, &str)| KnownFile {
            path: format!("b/{key}"),
            mark: FileMark { etag: (*etag).to_owned(), size: 10 },
            run: "jr_1".to_owned(),
        };
        Self { files: files.iter().map(known).collect(), page, replays, calls: AtomicUsize::new(0) }
    }

    async fn sorted(&self, files: Vec<SourceFile>, places: &[&str]) -> Sorted {
        let places = places.iter().map(|place| (*place).to_owned()).collect();
        let others = HashSet::from(["b/hidden".to_owned()]);
        Sorted::of(Files { found: files, places, others }, self, "c").await.unwrap()
    }
}

#[async_trait]
impl Bookmarks for Paged {
    fn context(&self, _: &str) -> Option<String> {
        None
    }

    fn replays(&self) -> bool {
        self.replays
    }

    async fn ledger(&self, _: &str, from: &str) -> Result<LedgerPage, String> {
        self.calls.fetch_add(1, Ordering::Relaxed);
        let mut files = self.files.iter().filter(|file| file.path.as_str() >= from);
        let page = files.by_ref().take(self.page).cloned().collect();
        Ok(LedgerPage { files: page, next: files.next().map(|file| file.path.clone()) })
    }

    async fn take(&self, _: &str, _: Taken) -> Result<(), String> {
        Ok(())
    }

    fn columns(&self, _: &str) -> Option<&[(String, String)]> {
        None
    }

    async fn keep_columns(&self, _: &str, _: Vec<(String, String)>) -> Result<(), String> {
        Ok(())
    }

    fn documents(&self, _: &str) -> Documents {
        Documents::default()
    }

    async fn keep(&self, _: &str, _: String) -> Result<(), String> {
        Ok(())
    }
}

fn keys(sorted: &Sorted) -> Vec<&str> {
    sorted.read.iter().map(|unread| unread.file.meta.location.as_ref()).collect()
}

fn gone(sorted: &Sorted) -> Vec<&str> {
    sorted.gone.iter().map(|entry| entry.path.as_str()).collect()
}

#[tokio::test]
async fn new_rewritten_and_late_files_are_read() {
    // A path that a source names twice lists its files twice; their order is the listing's.
    let names = [("d", "4"), ("a", "1"), ("b", "2"), ("c", "3"), ("a", "1"), ("b", "2")];
    let files = || names.iter().map(|(key, etag)| file(key, etag, 100)).collect();
    for page in [1, 2, 9] {
        let ledger = Paged::new(&[("a", "1"), ("b", "0"), ("gone", "9"), ("hidden", "7")], page, false);
        let sorted = ledger.sorted(files(), &["b/", "b/"]).await;
        assert_eq!(keys(&sorted), ["d", "b", "c", "b"]);
        let before: Vec<_> = sorted.read.iter().map(|unread| unread.before.as_deref()).collect();
        assert_eq!(before, [None, Some("jr_1"), None, Some("jr_1")]);
        assert_eq!((sorted.known, gone(&sorted)), (2, vec!["b/gone"]));
        let window = Paged::new(&[("a", "1"), ("b", "0")], page, true);
        let sorted = window.sorted(files(), &["b/"]).await;
        assert_eq!((keys(&sorted), sorted.known), (vec!["a", "a"], 4));
    }
}

#[tokio::test]
async fn only_what_was_listed_is_gone() {
    let known = [
        ("in-2/x", "1"),
        ("in.csv", "1"),
        ("in/a", "1"),
        ("in/b", "1"),
        ("in/sub/c", "1"),
        ("one", "1"),
        ("other/x", "1"),
    ];
    for page in [1, 3, 100] {
        let ledger = Paged::new(&known, page, false);
        let sorted = ledger
            .sorted(vec![file("in/b", "1", 9), file("one", "2", 9)], &["b/one", "b/in/sub/", "b/in/"])
            .await;
        assert_eq!((gone(&sorted), keys(&sorted)), (vec!["b/in/a", "b/in/sub/c"], vec!["one"]));
        // An empty folder says as much as a full one; a folder that was not listed says nothing.
        assert_eq!(gone(&ledger.sorted(vec![], &["b/other/"]).await), ["b/other/x"]);
        assert!(gone(&ledger.sorted(vec![], &[]).await).is_empty());
    }
}

#[tokio::test]
async fn a_large_ledger_is_read_in_pages_and_only_where_it_was_listed() {
    let names: Vec<String> = (0..100_000).map(|n| format!("in/day={:03}/{n:06}", n / 500)).collect();
    let known: Vec<(&str, &str)> = names.iter().map(|name| (name.as_str(), "1")).collect();
    let ledger = Paged::new(&known, 5_000, false);
    let files = names.iter().skip(1).map(|name| file(name, "1", 9)).collect();
    let sorted = ledger.sorted(files, &["b/in/"]).await;
    assert_eq!((sorted.read.len(), sorted.known, gone(&sorted)), (0, 99_999, vec!["b/in/day=000/000000"]));
    assert_eq!(ledger.calls.swap(0, Ordering::Relaxed), 20);
    let day = |day: usize| names.iter().skip(day * 500).take(500).map(|name| file(name, "1", 9));
    let sorted = ledger.sorted(day(30).chain(day(150)).collect(), &["b/in/day=030/", "b/in/day=150/"]).await;
    assert_eq!((sorted.read.len(), sorted.known, sorted.gone.len()), (0, 1_000, 0));
    assert_eq!(ledger.calls.load(Ordering::Relaxed), 2);
}

#[tokio::test]
async fn limits_leave_the_newest_files_for_the_next_run() {
    let files = [("a", 5), ("b", 3), ("c", 2_000), ("d", 4)];
    let read = async |limits: S3Files| {
        let files = files.iter().map(|(key, ago)| file(key, "1", *ago)).collect();
        let mut sorted = Paged::new(&[], 1, false).sorted(files, &["b/"]).await;
        sorted.limit(&limits, NOW);
        (keys(&sorted).join(" "), sorted.waiting)
    };
    let band = S3Files { max_files_in_band: Some(2), ..S3Files::default() };
    assert_eq!(read(band.clone()).await, ("a c d".to_owned(), 1));
    assert_eq!(read(S3Files { max_band: Some(4_500), ..band.clone() }).await, ("a b c d".to_owned(), 0));
    assert_eq!(read(S3Files { max_band: Some(3_000_000), ..band }).await, ("a c".to_owned(), 2));
    let files = |count| S3Files { bounded_files: Some(count), ..S3Files::default() };
    assert_eq!(read(files(1)).await, ("c".to_owned(), 3));
    let size = |bytes| S3Files { bounded_size: Some(bytes), ..S3Files::default() };
    assert_eq!(read(size(25)).await, ("a c".to_owned(), 2));
    assert_eq!(read(size(5)).await, ("c".to_owned(), 3));
}
