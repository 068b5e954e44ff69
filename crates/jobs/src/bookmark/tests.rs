//! How bookmarks move and are set back, in the store.

use std::collections::BTreeMap;

use mastic_api_glue::glue::types::*;
use mastic_api_mastic::mastic::types::*;
use mastic_core::{Arn, Fault, Timestamp};
use mastic_store::overlay::{PublishError, publish};
use mastic_store::{Scope, Store, StoreError};

use super::commit::{explain, note, staged};
use super::ledger::{newest_runs, runs_like, window};
use super::put::put;
use super::records::*;
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
    RunRecord {
        run: JobRun {
            id: Some(id.to_owned()),
            job_run_state: Some(JobRunState::Running),
            arguments: Some(BTreeMap::from([("--job-bookmark-option".to_owned(), option.to_owned())])),
            ..JobRun::default()
        },
        role: Arn::new("iam", "", "111122223333", "role/r"),
        nodes: BTreeMap::new(),
        max_retries: 0,
        max_concurrent_runs: 2,
        session_policy: None,
        atomic: true,
        retried: 0,
        began: None,
        memory: None,
        script: None,
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

    fn start(&self, id: &str, started: i64) {
        let (at, run) = (key(id, started), record(id, "job-bookmark-enable"));
        let place = RunPlace { started: at.3 };
        self.0
            .write_blocking(move |tx| {
                RUNS.put(tx, &at, &run)?;
                let (account, region, name, _, id) = &at;
                RUN_PLACES.put(tx, &(account.as_str(), region.as_str(), name.as_str(), id.as_str()), &place)
            })
            .unwrap();
    }

    /// What a run will tell that looks now, and reads files, by key and tag, and moves on to a document.
    fn look(&self, files: &[(&str, &str)], document: Option<&str>) -> PutJobBookmarkRequest {
        let ledger: BTreeMap<String, String> = self
            .ledger()
            .iter()
            .filter_map(|line| line.split_once(' ').map(|(a, b)| (a.into(), b.into())))
            .collect();
        let file = |(key, etag): &(&str, &str)| JobBookmarkFile {
            transformation_context: "c".to_owned(),
            bucket: "b".to_owned(),
            key: (*key).to_owned(),
            e_tag: (*etag).to_owned(),
            size: 10,
            last_modified: Timestamp::default(),
            run_id: ledger.get(&format!("b/{key}")).cloned(),
        };
        let source =
            JobBookmarkSource { transformation_context: "c".to_owned(), max_band: Some(7), columns: None };
        let document = document.map(|text| JobBookmarkDocument {
            transformation_context: "d".to_owned(),
            document: text.to_owned(),
            before: self.document(),
        });
        PutJobBookmarkRequest {
            job_name: "j".to_owned(),
            version: self.bookmark().version,
            sources: Some(vec![source]),
            files: Some(files.iter().map(file).collect()),
            gone: None,
            documents: document.map(|document| vec![document]),
        }
    }

    fn tell(&self, id: &str, started: i64, told: PutJobBookmarkRequest) -> Result<(), String> {
        let at = key(id, started);
        let staged = self.0.scoped(Scope::staged(id)).write_blocking(move |tx| {
            let record = RUNS.get(tx, &at)?.unwrap();
            put(tx, &at, &record, told)
        });
        staged.map_err(|fault: Fault| fault.message().to_owned())
    }

    fn begin(&self, id: &str, started: i64, files: &[(&str, &str)], document: Option<&str>) {
        self.start(id, started);
        self.tell(id, started, self.look(files, document)).unwrap();
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
                note(tx, &at, taken, Timestamp::from_secs(started + 1)).unwrap();
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

    fn rewind(&self, to: Option<&str>) {
        let to = to.map(str::to_owned);
        self.0
            .write_blocking(move |tx| {
                let mark = to.and_then(|to| mark_of(tx, &job(), &to).unwrap());
                let (bookmark, documents) =
                    mark.map(|mark| (mark.bookmark, mark.documents)).unwrap_or_default();
                let version = BOOKMARKS.get(tx, &job())?.unwrap().version + 1;
                let bookmark = Bookmark { version, reset_version: version, ..bookmark };
                set_back(tx, &job(), &bookmark, &documents).unwrap();
                Ok::<_, StoreError>(())
            })
            .unwrap();
    }

    fn document(&self) -> Option<String> {
        let (account, region, name) = job();
        let place = (account.as_str(), region.as_str(), name.as_str(), "d");
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
    assert_eq!(bookmark.contexts.get("c").map(|read| (read.run, read.band)), Some((2, 7)));
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
    world.rewind(Some("jr_3"));
    assert_eq!((world.bookmark().run, world.bookmark().run_id.as_deref()), (2, Some("jr_2")));
    assert_eq!(
        world.ledger(),
        ["b/y jr_2"],
        "what a later run has read is forgotten, whoever read it before"
    );
    assert_eq!(world.document().as_deref(), Some("two"));
    world.run("jr_5", 60, &[("z", "1")], None);
    assert_eq!(world.bookmark().run, 3);
    world.rewind(None);
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
fn of_two_runs_that_move_a_source_equally_far_the_second_fails() {
    let world = World::new();
    world.run("jr_0", 5, &[], Some("one"));
    world.begin("jr_1", 10, &[], Some("two"));
    world.begin("jr_2", 11, &[], Some("two"));
    world.begin("jr_3", 12, &[("z", "1")], None);
    world.publish("jr_2", 11).unwrap();
    let reason = world.publish("jr_1", 10).unwrap_err();
    assert!(reason.contains("moved the same bookmark meanwhile"), "{reason}");
    // Files of one source, and what is known of their columns, two runs may move.
    world.publish("jr_3", 12).unwrap();
    assert_eq!((world.bookmark().run, world.document().as_deref()), (3, Some("two")));
}

#[test]
fn what_another_run_has_moved_since_a_run_looked_it_does_not_move() {
    let world = World::new();
    world.run("jr_0", 5, &[("x", "1")], Some("one"));
    for (id, started) in [("jr_1", 10), ("jr_2", 11), ("jr_3", 12), ("jr_4", 13)] {
        world.start(id, started);
    }
    let new = world.look(&[("y", "1")], None);
    let rewritten = world.look(&[("x", "2")], None);
    let behind = world.look(&[], Some("three"));
    world.tell("jr_4", 13, world.look(&[("x", "2"), ("y", "1")], Some("two"))).unwrap();
    world.publish("jr_4", 13).unwrap();
    for (id, started, told, name) in
        [("jr_1", 10, new, "`b/y`"), ("jr_2", 11, rewritten, "`b/x`"), ("jr_3", 12, behind, "`d`")]
    {
        let reason = world.tell(id, started, told).unwrap_err();
        assert!(reason.starts_with("Another run of the job") && reason.contains(name), "{reason}");
    }
    // Telling the same twice, as a client does that got no answer, is no conflict.
    let again = world.look(&[("y", "2")], Some("three"));
    world.tell("jr_3", 12, again.clone()).unwrap();
    world.tell("jr_3", 12, again).unwrap();
    world.publish("jr_3", 12).unwrap();
    assert_eq!(world.ledger(), ["b/x jr_4", "b/y jr_3"]);
}

#[test]
fn columns_are_kept_from_run_to_run() {
    let world = World::new();
    let columns =
        |name: &str| Some(vec![JobBookmarkColumn { name: name.to_owned(), r#type: "int".to_owned() }]);
    let told = |columns| {
        let source = JobBookmarkSource { transformation_context: "c".to_owned(), max_band: None, columns };
        PutJobBookmarkRequest { sources: Some(vec![source]), files: None, ..world.look(&[], None) }
    };
    let known = || world.bookmark().contexts.get("c").map(|read| (read.band, read.columns.clone())).unwrap();
    world.begin("jr_1", 10, &[("x", "1")], None);
    world.begin("jr_2", 11, &[("y", "1")], None);
    world.tell("jr_1", 10, told(columns("a"))).unwrap();
    world.tell("jr_2", 11, told(columns("b"))).unwrap();
    world.publish("jr_1", 10).unwrap();
    assert_eq!(known(), (7, vec![("a".to_owned(), "int".to_owned())]));
    world.publish("jr_2", 11).unwrap();
    world.run("jr_3", 20, &[], None);
    assert_eq!(known(), (7, vec![("b".to_owned(), "int".to_owned())]));
    assert_eq!(world.0.read(|tx| READINGS.count(tx, READINGS.all())).unwrap(), 0);
}

#[test]
fn what_is_gone_is_forgotten_unless_it_was_read_anew() {
    let world = World::new();
    world.run("jr_1", 10, &[("x", "1"), ("y", "1"), ("z", "1")], None);
    let gone = |key: &str| GoneJobBookmarkFile {
        transformation_context: "c".to_owned(),
        bucket: "b".to_owned(),
        key: key.to_owned(),
        run_id: "jr_1".to_owned(),
    };
    let told =
        PutJobBookmarkRequest { gone: Some(vec![gone("x"), gone("y"), gone("w")]), ..world.look(&[], None) };
    for (id, started) in [("jr_2", 20), ("jr_3", 21), ("jr_4", 22)] {
        world.start(id, started);
    }
    world.tell("jr_2", 20, told.clone()).unwrap();
    assert_eq!(world.ledger().len(), 3, "before the run succeeds");
    world.tell("jr_3", 21, told.clone()).unwrap();
    world.publish("jr_2", 20).unwrap();
    world.publish("jr_3", 21).unwrap();
    assert_eq!(world.ledger(), ["b/z jr_1"]);
    world.run("jr_5", 30, &[("x", "1")], None);
    world.tell("jr_4", 22, told).unwrap();
    world.publish("jr_4", 22).unwrap();
    assert_eq!(world.ledger(), ["b/x jr_5", "b/z jr_1"]);
}

#[test]
fn a_reset_is_told_to_runs_that_have_looked_before() {
    let world = World::new();
    world.run("jr_0", 5, &[("x", "1")], Some("one"));
    world.begin("jr_1", 10, &[("y", "1")], None);
    world.start("jr_2", 11);
    world.start("jr_3", 12);
    let looked = world.look(&[("y", "1")], None);
    world.rewind(None);
    assert!(world.publish("jr_1", 10).unwrap_err().contains("was reset while the run was under way"));
    assert!(world.tell("jr_2", 11, looked).unwrap_err().contains("was reset while the run was under way"));
    // One that was started before the reset, and looks behind it, reads everything.
    world.tell("jr_3", 12, world.look(&[("x", "1"), ("y", "1")], Some("one"))).unwrap();
    world.publish("jr_3", 12).unwrap();
    assert_eq!(world.ledger(), ["b/x jr_3", "b/y jr_3"]);
}

#[test]
fn a_bookmark_goes_with_its_job() {
    let world = World::new();
    world.run("jr_1", 10, &[("x", "1")], Some("one"));
    world.begin("jr_2", 20, &[("x", "2")], Some("two"));
    world.start("jr_3", 21);
    let gone = |tx: &mut mastic_store::WriteTx<'_>| {
        JOBS.delete(tx, &job())?;
        delete(tx, &job())
    };
    world.0.write_blocking(gone).unwrap();
    let rows = world.0.read(|tx| {
        let of_runs = RUN_MARKS.count(tx, RUN_MARKS.all())? + RUN_NUMBERS.count(tx, RUN_NUMBERS.all())?;
        Ok::<_, StoreError>(of_runs + DOCUMENTS.count(tx, DOCUMENTS.all())? + FILES.count(tx, FILES.all())?)
    });
    assert_eq!(rows.unwrap(), 0);
    world.publish("jr_2", 20).unwrap();
    world.tell("jr_3", 21, world.look(&[("x", "2")], None)).unwrap();
    world.make_job(31);
    world.publish("jr_3", 21).unwrap();
    assert_eq!((world.ledger(), world.document(), world.bookmark()), (vec![], None, Bookmark::default()));
}

#[test]
fn runs_are_found_by_number_and_by_what_their_ids_begin_with() {
    let world = World::new();
    for (id, started) in [("jr_ab", 10), ("jr_abc", 20), ("jr_d", 30)] {
        world.run(id, started, &[], None);
    }
    let like = |text: &str| -> Vec<i32> {
        let found = world.0.read(|tx| runs_like(tx, &job(), text)).unwrap();
        found.into_iter().map(|run| run.run).collect()
    };
    assert_eq!(
        (like("2"), like("jr_abc"), like("jr_ab"), like("jr_d")),
        (vec![2], vec![2], vec![1], vec![3])
    );
    assert_eq!((like("jr_a"), like("4"), like("0"), like("x")), (vec![1, 2], vec![], vec![], vec![]));
    world.rewind(Some("jr_ab"));
    assert_eq!((like("2"), like("jr_"), like("jr_d")), (vec![], vec![1], vec![]));
    let runs = |from: &str, to: &str| world.0.read(|tx| window(tx, &job(), from, to)).unwrap().runs.len();
    world.run("jr_e", 40, &[], None);
    world.run("jr_f", 50, &[], None);
    assert_eq!(
        (runs("jr_ab", "jr_f"), runs("jr_e", "jr_f"), runs("jr_f", "jr_ab"), runs("jr_d", "jr_f")),
        (2, 1, 0, 2)
    );
}

#[test]
fn marks_are_kept_for_ninety_days() {
    let world = World::new();
    for day in 0..200 {
        world.run(&format!("jr_{day}"), (day + 1) * DAY, &[], None);
    }
    let kept = world.0.read(|tx| RUN_MARKS.count(tx, RUN_MARKS.all())).unwrap();
    assert!((90..=92).contains(&kept), "{kept}");
    assert_eq!(world.0.read(|tx| RUN_NUMBERS.count(tx, RUN_NUMBERS.all())).unwrap(), kept);
    assert_eq!(world.stands_for("jr_199"), Ok(Some(200)));
    assert!(world.stands_for("jr_50").unwrap_err().contains("is no longer kept"));
}

#[test]
fn a_run_is_found_that_is_older_than_those_that_are_told() {
    let world = World::new();
    for number in 0..150 {
        world.run(&format!("jr_{number:03}"), number + 1, &[], None);
    }
    let told = world.0.read(|tx| Ok::<_, Fault>((newest_runs(tx, &job())?, runs_like(tx, &job(), "1")?)));
    let (newest, first) = told.unwrap();
    assert_eq!((newest.len(), newest.last().map(|run| run.run)), (100, Some(51)));
    assert_eq!(first.first().map(|run| run.run_id.as_str()), Some("jr_000"));
}

#[test]
fn ten_thousand_files() {
    let world = World::new();
    let names: Vec<String> = (0..10_000).map(|n| format!("in/{n:05}")).collect();
    let files: Vec<(&str, &str)> = names.iter().map(|name| (name.as_str(), "1")).collect();
    world.run("jr_1", 10, &files, None);
    world.run("jr_2", 20, &[("in/00007", "2")], None);
    world.rewind(Some("jr_1"));
    assert_eq!(world.ledger().len(), 9_999);
}
