//! Sessions in the store, with a small program in the runner's place.

use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;

use async_trait::async_trait;
use mastic_core::{AccountId, ManualClock, Secret, SeededEntropy};
use mastic_kernel::ports::{Credentials, RoleSessions, ServiceSession};
use mastic_kernel::{Caller, Kernel, Seams};
use mastic_store::Store;

use super::*;
use crate::RunnerConfig;

/// Says that it is ready; then answers each statement with its number. `wait` is answered when it is cancelled, `die`
/// never.
const RUNNER: &str = r#"#!/bin/sh
read -r assignment
case "$assignment" in *never-ready*) ;; *) echo '{"Session":"Ready"}';; esac
done_() { echo '{"Session":{"Done":{"statement":'$1',"outcome":{"text":"'$2'","error":'$3',"cancelled":'$4'}}}}'; }
while read -r line; do
  id=${line#*\"statement\":}; id=${id%%[,\}]*}
  case "$line" in
    *Cancel*) done_ $id "" '{"name":"KeyboardInterrupt","value":"","traceback":[]}' true;;
    *wait*) ;;
    *raise*) done_ $id "so far" '{"name":"ValueError","value":"bad","traceback":["Traceback"]}' false;;
    *die*) echo "it hurts" >&2; exit 3;;
    *) done_ $id "out of $id" null false;;
  esac
done
"#;

/// Says which version it is, and has all modules; as long as there is a file `slow` beside it, it does not answer.
const PYTHON: &str = "#!/bin/sh\nwhile [ -e \"${0%/*}/slow\" ]; do sleep 0.01; done\necho 3.11\n";

struct Roles;

#[async_trait]
impl RoleSessions for Roles {
    fn find(&self, _: &AccountId, _: &str) -> Result<Option<Arn>, Fault> {
        Ok(None)
    }

    fn can_assume(&self, _: &'static str, _: &Arn, _: &Arn) -> Result<bool, Fault> {
        Ok(true)
    }

    async fn assume(&self, session: ServiceSession) -> Result<Credentials, Fault> {
        Ok(Credentials {
            access_key_id: "ASIA".to_owned(),
            secret_access_key: Secret::new(String::new()),
            session_token: Secret::new(String::new()),
            expires: Timestamp::from_secs(session.duration.as_secs() as i64),
            caller: Caller::anonymous(),
        })
    }

    async fn revoke(&self, _: &str) -> Result<(), Fault> {
        Ok(())
    }
}

struct World {
    store: Store,
    jobs: Arc<Jobs>,
    folder: PathBuf,
}

impl Drop for World {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

fn at(id: &str) -> NameKey {
    ("111122223333".to_owned(), "us-east-1".to_owned(), id.to_owned())
}

impl World {
    fn new(name: &str) -> Self {
        let folder = std::env::temp_dir().join(format!("mastic-session-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let program = |name: &str, text: &str| {
            let path = folder.join(name);
            std::fs::write(&path, text).unwrap();
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
            path
        };
        let binary = program("runner", RUNNER);
        program("python", PYTHON);
        let store = Store::memory().unwrap();
        let clock = Arc::new(ManualClock::at(Timestamp::default()));
        let kernel = Kernel::new(store.clone(), Seams { clock, entropy: Arc::new(SeededEntropy::new(1)) });
        kernel.connect_sessions(Arc::new(Roles));
        let config = RunnerConfig {
            binary,
            scratch: folder.join("scratch"),
            ca_file: None,
            memory_limit: 1 << 40,
            runs_at_once: 2,
            session: std::time::Duration::from_secs(3600),
            runtime: mastic_runtime::Place::new(folder.join("runtime"), Some(folder.join("python"))),
            python_environment: std::collections::BTreeMap::new(),
            spark_remote: None,
        };
        let jobs = Jobs::new(kernel.background("jobs"), config);
        jobs.endpoint.get_or_init(|| "http://127.0.0.1:1".to_owned());
        Self { store, jobs, folder }
    }

    fn record(id: &str, timeout: i32, idle: i32) -> SessionRecord {
        SessionRecord {
            session: Session {
                id: Some(id.to_owned()),
                status: Some(SessionStatus::Provisioning),
                idle_timeout: Some(idle),
                max_capacity: Some(2.0),
                ..Session::default()
            },
            role: Arn::new("iam", "", "111122223333", "role/r"),
            run: format!("run-of-{id}"),
            timeout,
            memory: (1 << 40, "a test".to_owned()),
            began: None,
            statements: 0,
        }
    }

    async fn put(&self, record: &SessionRecord) {
        let (place, kept) = (at(record.session.id.as_deref().unwrap()), record.clone());
        self.store.write(move |tx| SESSIONS.put(tx, &place, &kept)).await.unwrap();
    }

    /// A session that lasts for so many minutes, and may be idle for so many.
    async fn begin(&self, id: &str, timeout: i32, idle: i32) {
        let record = Self::record(id, timeout, idle);
        self.put(&record).await;
        let switch = self.jobs.switch(record.run.clone()).unwrap();
        let wake = self.jobs.sessions.enter(&record.run);
        tokio::spawn(Arc::clone(&self.jobs).drive_session(at(id), record, switch, wake));
    }

    fn session(&self, id: &str) -> Session {
        self.store.read(|tx| SESSIONS.get(tx, &at(id))).unwrap().unwrap().session
    }

    fn statement(&self, session: &str, id: i32) -> Statement {
        let found = self.store.read(|tx| STATEMENTS.get(tx, &statement_key(&at(session), id)));
        found.unwrap().unwrap().statement
    }

    /// Queues statements behind each other.
    async fn queue(&self, session: &str, codes: &[&str]) {
        let (place, codes): (_, Vec<_>) =
            (at(session), codes.iter().map(|code| (*code).to_owned()).collect());
        let written = self.store.write(move |tx| {
            let mut record = SESSIONS.get(tx, &place)?.unwrap();
            for code in codes {
                record.statements += 1;
                let statement = Statement {
                    id: Some(record.statements),
                    code: Some(code),
                    state: Some(StatementState::Waiting),
                    ..Statement::default()
                };
                STATEMENTS.put(
                    tx,
                    &statement_key(&place, record.statements),
                    &StatementRecord { statement, cancels: 0 },
                )?;
            }
            SESSIONS.put(tx, &place, &record)
        });
        written.await.unwrap();
        self.jobs.sessions.wake(&format!("run-of-{session}"));
    }

    async fn until_status(&self, session: &str, status: SessionStatus) -> Session {
        while self.session(session).status != Some(status) {
            tokio::task::yield_now().await;
        }
        self.session(session)
    }

    async fn until_state(&self, session: &str, id: i32, state: StatementState) -> StatementOutput {
        while self.statement(session, id).state != Some(state) {
            tokio::task::yield_now().await;
        }
        self.statement(session, id).output.unwrap_or_default()
    }

    async fn mark(&self, session: &str, id: i32, state: StatementState) {
        let key = statement_key(&at(session), id);
        let written = self.store.write(move |tx| {
            let mut record = STATEMENTS.get(tx, &key)?.unwrap();
            record.statement.state = Some(state);
            record.cancels += u32::from(state == StatementState::Cancelling);
            STATEMENTS.put(tx, &key, &record)
        });
        written.await.unwrap();
        self.jobs.sessions.wake(&format!("run-of-{session}"));
    }
}

fn text(output: StatementOutput) -> Option<String> {
    output.data?.text_plain
}

#[tokio::test]
async fn statements_run_one_after_another() {
    let world = World::new("order");
    world.begin("s", 60, 60).await;
    world.until_status("s", SessionStatus::Ready).await;
    world.queue("s", &["1", "raise", "wait", "4", "5"]).await;
    let first = world.until_state("s", 1, StatementState::Available).await;
    assert_eq!((first.status.as_deref(), first.execution_count), (Some("ok"), Some(1)));
    assert_eq!(text(first).as_deref(), Some("out of 1"));
    let second = world.until_state("s", 2, StatementState::Available).await;
    assert_eq!((second.status.as_deref(), second.error_name.as_deref()), (Some("error"), Some("ValueError")));
    assert_eq!(
        (second.error_value.as_deref(), second.traceback.as_deref()),
        (Some("bad"), Some(&["Traceback".to_owned()][..]))
    );
    assert_eq!(text(second).as_deref(), Some("so far"));

    // One that waits is cancelled before it begins, one that runs is interrupted; the others go on.
    world.until_state("s", 3, StatementState::Running).await;
    assert_eq!(world.statement("s", 4).state, Some(StatementState::Waiting));
    world.mark("s", 4, StatementState::Cancelled).await;
    world.mark("s", 3, StatementState::Cancelling).await;
    let third = world.until_state("s", 3, StatementState::Cancelled).await;
    assert_eq!(third.error_name.as_deref(), Some("KeyboardInterrupt"));
    let fifth = world.until_state("s", 5, StatementState::Available).await;
    assert_eq!(text(fifth).as_deref(), Some("out of 5"));
    assert_eq!(world.statement("s", 5).progress, Some(1.0));
    assert_eq!(world.session("s").status, Some(SessionStatus::Ready));

    world.queue("s", &["wait", "7"]).await;
    world.until_state("s", 6, StatementState::Running).await;
    world.jobs.stop("run-of-s");
    let ended = world.until_status("s", SessionStatus::Stopped).await;
    assert_eq!((ended.error_message, ended.completed_on), (None, Some(Timestamp::default())));
    let lost = world.until_state("s", 6, StatementState::Error).await;
    assert_eq!(lost.error_value.as_deref(), Some("The session was stopped."));
    world.until_state("s", 7, StatementState::Cancelled).await;
}

#[tokio::test]
async fn a_process_that_dies_fails_its_session() {
    let world = World::new("dies");
    world.begin("s", 60, 60).await;
    world.until_status("s", SessionStatus::Ready).await;
    world.queue("s", &["1", "die", "3"]).await;
    let ended = world.until_status("s", SessionStatus::Failed).await;
    let message = "The runner ended with exit code 3. Its last words: it hurts";
    assert_eq!(ended.error_message.as_deref(), Some(message));
    world.until_state("s", 1, StatementState::Available).await;
    let second = world.until_state("s", 2, StatementState::Error).await;
    assert_eq!(second.error_value.as_deref(), Some(message));
    world.until_state("s", 3, StatementState::Cancelled).await;
}

#[tokio::test]
async fn sessions_end_when_they_are_idle_or_have_lasted_long_enough() {
    let world = World::new("timeouts");
    // A timeout of no minutes is over at once: nobody can ask for one.
    world.begin("idle", 60, 0).await;
    let idle = world.until_status("idle", SessionStatus::Timeout).await;
    assert_eq!(idle.error_message.as_deref(), Some("The session was idle for 0 minutes."));
    world.begin("never-ready", 0, 60).await;
    let long = world.until_status("never-ready", SessionStatus::Timeout).await;
    assert_eq!(long.error_message.as_deref(), Some("The session's timeout of 0 minutes was reached."));
    assert_eq!((long.execution_time, long.dpu_seconds), (Some(0.0), Some(0.0)));
}

#[tokio::test]
async fn a_session_is_stopped_before_its_python_is_there() {
    let world = World::new("early");
    let slow = world.folder.join("slow");
    std::fs::write(&slow, "").unwrap();
    world.begin("s", 60, 60).await;
    world.jobs.stop("run-of-s");
    world.until_status("s", SessionStatus::Stopped).await;
    std::fs::remove_file(slow).unwrap();
}

#[tokio::test]
async fn a_session_that_is_deleted_or_replaced_is_not_written_again() {
    let world = World::new("replaced");
    world.begin("s", 60, 60).await;
    world.until_status("s", SessionStatus::Ready).await;
    let other = SessionRecord { run: "another".to_owned(), ..World::record("s", 60, 60) };
    world.put(&other).await;
    world.jobs.stop("run-of-s");
    while world.jobs.under_way.lock().contains_key("run-of-s") {
        tokio::task::yield_now().await;
    }
    assert_eq!(world.session("s").status, Some(SessionStatus::Provisioning));
}

#[tokio::test]
async fn a_server_that_begins_ends_what_an_earlier_one_left() {
    let world = World::new("restart");
    for (id, status) in [("ready", SessionStatus::Ready), ("stopping", SessionStatus::Stopping)] {
        let mut record = World::record(id, 60, 60);
        record.session.status = Some(status);
        world.put(&record).await;
    }
    world.queue("ready", &["1", "2"]).await;
    world.mark("ready", 1, StatementState::Running).await;
    let mut old = World::record("old", 60, 60);
    old.session.completed_on =
        Some(Timestamp::default().minus(crate::run::KEPT).minus(std::time::Duration::from_secs(1)));
    world.put(&old).await;
    world.jobs.recover_sessions().await.unwrap();
    let failed = world.session("ready");
    assert_eq!(failed.status, Some(SessionStatus::Failed));
    assert!(failed.error_message.unwrap().starts_with("The server stopped"));
    assert_eq!(world.statement("ready", 1).state, Some(StatementState::Error));
    assert_eq!(world.statement("ready", 2).state, Some(StatementState::Cancelled));
    assert_eq!(world.session("stopping").status, Some(SessionStatus::Stopped));
    assert_eq!(world.store.read(|tx| SESSIONS.get(tx, &at("old"))).unwrap().map(|record| record.run), None);
}
