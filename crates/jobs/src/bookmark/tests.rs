//! How bookmarks move and are set back, in the store.

use std::collections::BTreeMap;

use mastic_api_glue::glue::types::*;
use mastic_core::{Arn, Timestamp};
use mastic_store::overlay::{PublishError, publish};
use mastic_store::{Scope, Store, StoreError};

use super::commit::{explain, note, staged};
use super::records::{BOOKMARKS, Bookmark, DOCUMENTS, Document, FILES, RUN_MARKS, TakenFile, of};
use super::rewind::{delete, mark_of, set_back};
use crate::records::{JOBS, JobRecord, NameKey, RUN_PLACES, RUNS, RunKey, RunPlace, RunRecord};

const DAY: i64 = 24 * 60 * 60;

struct World(Store);

fn job() -> NameKey {
    ("111122223333".to_owned(), "us-east-1".to_owned(), "j".to_owned())
}

fn key(id: &str, started: i64) -> RunKey {
    let (account, region, name) = job();
    (account, region, name, Timestamp::from_secs(started).micros(), id.to_owned())
}

fn record(id: &str, option: &str) -> RunRecord {
    let source = S3CsvSource { name: "in".to_owned(), max_band: Some(7), ..S3CsvSource::default() };
    let node = CodeGenConfigurationNode { s3_csv_source: Some(source), ..Default::default() };
    RunRecord {
        run: JobRun {
            id: Some(id.to_owned()),
            job_run_state: Some(JobRunState::Running),
            arguments: Some(BTreeMap::from([("--job-bookmark-option".to_owned(), option.to_owned())])),
            ..JobRun::default()
        },
        role: Arn::new("iam", "", "111122223333", "role/r"),
        nodes: BTreeMap::from([("node-1".to_owned(), node)]),
        max_retries: 0,
        max_concurrent_runs: 2,
        session_policy: None,
        atomic: true,
        retried: 0,
        began: None,
        memory: None,
    }
}

impl World {
    fn new() -> Self {
        let world = Self(Store::memory().unwrap());
        world.make_job(0);
        world
    }

    fn make_job(&self, created: i64) {
        let made = Job { created_on: Some(Timestamp::from_secs(created)), ..Job::default() };
        let record = JobRecord { job: made, role: Arn::new("iam", "", "111122223333", "role/r") };
        self.0.write_blocking(move |tx| JOBS.put(tx, &job(), &record)).unwrap();
    }

    /// A run that reads files, by key and tag, and notes a document.
    fn begin(&self, id: &str, started: i64, files: &[(&str, &str)], document: Option<&str>) {
        let (at, run) = (key(id, started), record(id, "job-bookmark-enable"));
        let place = RunPlace { started: at.3 };
        self.0
            .write_blocking(move |tx| {
                RUNS.put(tx, &at, &run)?;
                let (account, region, name, _, id) = &at;
                RUN_PLACES.put(tx, &(account.as_str(), region.as_str(), name.as_str(), id.as_str()), &place)
            })
            .unwrap();
        let own = |text: &str| text.to_owned();
        let taken: Vec<_> = files.iter().map(|(path, etag)| (own(path), own(etag))).collect();
        let (id, document) = (own(id), document.map(own));
        self.0
            .scoped(Scope::staged(&id))
            .write_blocking(move |tx| {
                let (account, region, name) = job();
                for (path, etag) in taken {
                    let file = TakenFile { etag, size: 10, modified: Timestamp::default(), run: id.clone() };
                    let path = format!("b/{path}");
                    FILES.put(
                        tx,
                        &(account.as_str(), region.as_str(), name.as_str(), "c", path.as_str()),
                        &file,
                    )?;
                }
                let place = (account.as_str(), region.as_str(), name.as_str(), "c");
                document.map_or(Ok(()), |text| DOCUMENTS.put(tx, &place, &Document { text }))
            })
            .unwrap();
    }

    /// The end of a run as the scheduler has it.
    fn publish(&self, id: &str, started: i64) -> Result<(), String> {
        let at = key(id, started);
        let ended = self.0.write_blocking(move |tx| {
            let record = RUNS.get(tx, &at)?.unwrap();
            let taken = match staged(tx, &at, &record).unwrap() {
                Ok(taken) => taken,
                Err(reason) => return Ok(Err(reason)),
            };
            match publish(tx, &at.4) {
                Ok(_) => {}
                Err(PublishError::Conflict(conflict)) => return Ok(Err(explain(&conflict).unwrap())),
                Err(PublishError::Store(error)) => return Err(error),
            }
            if let Some(taken) = taken {
                note(tx, &at, &record, &taken, Timestamp::from_secs(started + 1)).unwrap();
            }
            Ok::<_, StoreError>(Ok(()))
        });
        ended.unwrap()
    }

    fn run(&self, id: &str, started: i64, files: &[(&str, &str)], document: Option<&str>) {
        self.begin(id, started, files, document);
        self.publish(id, started).unwrap();
    }

    fn fail(&self, id: &str, started: i64) {
        self.begin(id, started, &[], None);
        let at = key(id, started);
        self.0
            .write_blocking(move |tx| {
                let mut record = RUNS.get(tx, &at)?.unwrap();
                record.run.job_run_state = Some(JobRunState::Failed);
                RUNS.put(tx, &at, &record)
            })
            .unwrap();
    }

    fn bookmark(&self) -> Bookmark {
        self.0.read(|tx| BOOKMARKS.get(tx, &job())).unwrap().unwrap_or_default()
    }

    /// Paths with the run that read them.
    fn ledger(&self) -> Vec<String> {
        let rows = self.0.read(|tx| {
            let told = |row: Result<_, StoreError>| {
                let ((.., path), file): (super::records::FileKey, TakenFile) = row?;
                Ok(format!("{path} {}", file.run))
            };
            FILES.scan_prefix(tx, of(&job())).map(told).collect::<Result<Vec<_>, StoreError>>()
        });
        rows.unwrap()
    }

    fn rewind(&self, to: Option<&str>, now: i64) {
        let to = to.map(str::to_owned);
        self.0
            .write_blocking(move |tx| {
                let mark = to.and_then(|to| mark_of(tx, &job(), &to).unwrap());
                let (bookmark, documents) =
                    mark.map(|mark| (mark.bookmark, mark.documents)).unwrap_or_default();
                let bookmark = Bookmark { reset: Some(Timestamp::from_secs(now)), ..bookmark };
                set_back(tx, &job(), &bookmark, &documents).unwrap();
                Ok::<_, StoreError>(())
            })
            .unwrap();
    }

    fn document(&self) -> Option<String> {
        let (account, region, name) = job();
        let place = (account.as_str(), region.as_str(), name.as_str(), "c");
        self.0.read(|tx| DOCUMENTS.get(tx, &place)).unwrap().map(|document| document.text)
    }

    /// The number of the run that a run stands for.
    fn stands_for(&self, run: &str) -> Result<Option<i64>, String> {
        let found = self.0.read(|tx| mark_of(tx, &job(), run));
        found.map(|mark| mark.map(|mark| mark.bookmark.run)).map_err(|fault| fault.message().to_owned())
    }
}

#[test]
fn a_run_that_succeeds_moves_the_bookmark() {
    let world = World::new();
    world.run("jr_1", 10, &[("x", "1"), ("y", "1")], Some("one"));
    world.fail("jr_2", 20);
    world.fail("jr_3", 30);
    assert_eq!(world.bookmark().run_id.as_deref(), Some("jr_1"));
    world.run("jr_4", 40, &[("x", "2")], None);
    let bookmark = world.bookmark();
    assert_eq!((bookmark.version, bookmark.run, bookmark.attempt), (2, 2, 2));
    assert_eq!(
        (bookmark.run_id.as_deref(), bookmark.previous_run_id.as_deref()),
        (Some("jr_4"), Some("jr_1"))
    );
    assert_eq!(bookmark.contexts.get("in_node1").map(|read| (read.run, read.band)), Some((2, 7)));
    assert_eq!(world.ledger(), ["b/x jr_4", "b/y jr_1"]);
    assert_eq!(world.document().as_deref(), Some("one"));
}

#[test]
fn a_bookmark_is_set_back() {
    let world = World::new();
    world.run("jr_1", 10, &[("x", "1")], Some("one"));
    world.run("jr_2", 20, &[("y", "1")], Some("two"));
    world.fail("jr_3", 30);
    world.run("jr_4", 40, &[("z", "1"), ("x", "2")], Some("four"));
    // What has failed stands for the last success before it.
    assert_eq!(world.stands_for("jr_3"), Ok(Some(2)));
    assert_eq!(world.stands_for("jr_9"), Err("JobRun jr_9 not found.".to_owned()));
    world.rewind(Some("jr_3"), 50);
    assert_eq!((world.bookmark().run, world.bookmark().run_id.as_deref()), (2, Some("jr_2")));
    assert_eq!(
        world.ledger(),
        ["b/y jr_2"],
        "what a later run has read is forgotten, whoever read it before"
    );
    assert_eq!(world.document().as_deref(), Some("two"));
    world.run("jr_5", 60, &[("z", "1")], None);
    assert_eq!(world.bookmark().run, 3);
    world.rewind(None, 70);
    assert_eq!((world.bookmark().run, world.ledger(), world.document()), (0, vec![], None));
    assert_eq!(world.0.read(|tx| RUN_MARKS.count(tx, RUN_MARKS.all())).unwrap(), 0);
}

#[test]
fn of_two_runs_over_the_same_file_the_second_fails() {
    let world = World::new();
    world.begin("jr_1", 10, &[("x", "1")], None);
    world.begin("jr_2", 11, &[("x", "1"), ("y", "1")], None);
    world.begin("jr_3", 12, &[("z", "1")], None);
    world.publish("jr_2", 11).unwrap();
    let reason = world.publish("jr_1", 10).unwrap_err();
    assert!(reason.contains("read the same new files meanwhile") && reason.contains("b/x"), "{reason}");
    world.publish("jr_3", 12).unwrap();
    assert_eq!(world.ledger(), ["b/x jr_2", "b/y jr_2", "b/z jr_3"]);
}

#[test]
fn what_happens_to_the_job_meanwhile_counts() {
    let world = World::new();
    world.run("jr_0", 5, &[("x", "1")], Some("one"));
    world.begin("jr_1", 10, &[("y", "1")], None);
    world.rewind(None, 12);
    assert!(world.publish("jr_1", 10).unwrap_err().contains("was reset while the run was under way"));
    world.begin("jr_2", 20, &[("x", "2")], Some("two"));
    let gone = |tx: &mut mastic_store::WriteTx<'_>| {
        JOBS.delete(tx, &job())?;
        delete(tx, &job())
    };
    world.0.write_blocking(gone).unwrap();
    world.publish("jr_2", 20).unwrap();
    world.begin("jr_3", 30, &[("x", "2")], None);
    world.make_job(31);
    world.publish("jr_3", 30).unwrap();
    assert_eq!((world.ledger(), world.document(), world.bookmark()), (vec![], None, Bookmark::default()));
}

#[test]
fn marks_are_kept_for_ninety_days() {
    let world = World::new();
    for day in 0..200 {
        world.run(&format!("jr_{day}"), (day + 1) * DAY, &[], None);
    }
    let kept = world.0.read(|tx| RUN_MARKS.count(tx, RUN_MARKS.all())).unwrap();
    assert!((90..=92).contains(&kept), "{kept}");
    assert_eq!(world.stands_for("jr_199"), Ok(Some(200)));
    assert!(world.stands_for("jr_50").unwrap_err().contains("is no longer kept"));
}

#[test]
fn ten_thousand_files() {
    let world = World::new();
    let names: Vec<String> = (0..10_000).map(|n| format!("in/{n:05}")).collect();
    let files: Vec<(&str, &str)> = names.iter().map(|name| (name.as_str(), "1")).collect();
    world.run("jr_1", 10, &files, None);
    world.run("jr_2", 20, &[("in/00007", "2")], None);
    world.rewind(Some("jr_1"), 30);
    assert_eq!(world.ledger().len(), 9_999);
}
