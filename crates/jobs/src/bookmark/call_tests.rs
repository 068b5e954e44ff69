//! Bookmarks through calls, of people and of runs.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use mastic_api_glue::glue;
use mastic_api_glue::glue::types::*;
use mastic_api_mastic::mastic;
use mastic_api_mastic::mastic::types::*;
use mastic_core::{Arn, Fault, ManualClock, SeededEntropy, Timestamp};
use mastic_kernel::{
    Authorizer, Call, Caller, Explanation, Identity, Kernel, Need, Registry, RunBinding, Seams,
    SessionIdentity, Verdict,
};
use mastic_shape::{Op, Shape};
use mastic_store::{Store, StoreError, WriteTx, overlay};

use super::records::*;
use crate::records::{JOBS, JobRecord, NameKey};
use crate::{Jobs, RunnerConfig};

const ACCOUNT: &str = "111122223333";

/// Allows everything.
struct Open;

impl Authorizer for Open {
    fn decide(&self, _: &Call, _: &Need) -> Result<Verdict, Fault> {
        Ok(Verdict { allowed: true, text: String::new(), explanation: None })
    }

    fn explain(&self, _: &Call, _: &Need) -> Result<Explanation, Fault> {
        Err(Fault::internal("nobody asks for reasons here"))
    }
}

struct World {
    store: Store,
    kernel: Kernel,
    registry: Registry,
}

fn job() -> NameKey {
    (ACCOUNT.to_owned(), "us-east-1".to_owned(), "j".to_owned())
}

impl World {
    fn new() -> Self {
        let store = Store::memory().unwrap();
        let clock = Arc::new(ManualClock::at(Timestamp::from_secs(1_770_000_000)));
        let kernel = Kernel::new(store.clone(), Seams { clock, entropy: Arc::new(SeededEntropy::new(1)) });
        kernel.connect_authorizer(Arc::new(Open));
        let config = RunnerConfig {
            binary: PathBuf::new(),
            scratch: std::env::temp_dir(),
            ca_file: None,
            memory_limit: 1 << 40,
            runs_at_once: 1,
            runtime: mastic_runtime::Place::new(std::env::temp_dir(), None),
            python_environment: std::collections::BTreeMap::new(),
            spark_remote: None,
            session: Duration::from_secs(3600),
        };
        let mut registry = Registry::new();
        Jobs::new(kernel.background("jobs"), config).register(&mut registry);
        let world = Self { store, kernel, registry };
        let role = Arn::new("iam", "", ACCOUNT, "role/r");
        world.write(move |tx| JOBS.put(tx, &job(), &JobRecord { job: Job::default(), role }));
        world
    }

    fn write(&self, work: impl FnOnce(&mut WriteTx<'_>) -> Result<(), StoreError> + Send + 'static) {
        self.store.write_blocking(work).unwrap();
    }

    /// A ledger of so many files.
    fn ledger(&self, files: usize) {
        self.write(move |tx| {
            let (account, region, name) = job();
            for number in 0..files {
                let path = format!("b/in/{number:06}");
                let place = (account.as_str(), region.as_str(), name.as_str(), "c", path.as_str());
                let (etag, run) = ("1".to_owned(), "jr_0".to_owned());
                FILES.put(tx, &place, &TakenFile { etag, size: 1, modified: Timestamp::default(), run })?;
            }
            BOOKMARKS.put(tx, &job(), &Bookmark { run: 1, ..Bookmark::default() })
        });
    }

    async fn call<O: Op>(&self, run: Option<&str>, input: O::Input) -> O::Output {
        let identity = match run {
            None => Identity::Root,
            Some(run) => Identity::Session(Box::new(SessionIdentity {
                role_arn: Arn::new("iam", "", ACCOUNT, "role/r"),
                session_arn: Arn::new("sts", "", ACCOUNT, "assumed-role/r/run"),
                role_id: "AROAEXAMPLE".to_owned(),
                session_name: "run".to_owned(),
                session_policies: Vec::new(),
                issued: self.kernel.clock().now(),
                expires: self.kernel.clock().now(),
                issued_to_service: Some("glue.amazonaws.com".to_owned()),
                run: Some(RunBinding { id: run.to_owned(), staged: true }),
                source_identity: None,
                federation: None,
            })),
        };
        let account = Some(ACCOUNT.parse().unwrap());
        let call = Call {
            caller: Arc::new(Caller { account, identity, access_key_id: None, token: None }),
            region: "us-east-1".parse().unwrap(),
            request_id: self.kernel.request_id(),
            time: self.kernel.clock().now(),
            source_ip: None,
            user_agent: None,
            secure: true,
        };
        let answer =
            self.registry.serve(&self.kernel, O::service(), O::operation(), call, input.into_value()).await;
        O::Output::from_value(answer.unwrap()).unwrap()
    }
}

#[tokio::test]
async fn a_run_that_deletes_a_job_leaves_nothing_of_its_bookmark() {
    let world = World::new();
    world.ledger(3);
    world.call::<glue::op::DeleteJob>(Some("jr_1"), DeleteJobRequest { job_name: "j".to_owned() }).await;
    let left = world.store.read(|tx| {
        assert_eq!(BOOKMARKS.get(tx, &job())?, None);
        Ok::<_, StoreError>((FILES.count(tx, FILES.all())?, overlay::staged_runs(tx)?))
    });
    assert_eq!(left.unwrap(), (0, vec![]));
}

#[tokio::test]
async fn a_large_ledger_is_told_in_pages_from_anywhere() {
    let world = World::new();
    world.ledger(100_000);
    let ask = |start: &str, token: Option<String>| ListJobBookmarkFilesRequest {
        job_name: "j".to_owned(),
        transformation_context: Some("c".to_owned()),
        start_at: Some(start.to_owned()),
        next_token: token,
        max_results: Some(5000),
    };
    let list = async |start: &str, token| {
        let found = world.call::<mastic::op::ListJobBookmarkFiles>(None, ask(start, token)).await;
        let first = found.files.first().map(|file| file.key.clone()).unwrap_or_default();
        (found.files.len(), first, found.next_token)
    };
    let (count, first, token) = list("b/in/094999\0", None).await;
    assert_eq!((count, first.as_str(), token), (5000, "in/095000", None));
    let (count, first, token) = list("b/in/09", None).await;
    assert_eq!((count, first.as_str()), (5000, "in/090000"));
    assert_eq!(list("b/in/09", token).await, (5000, "in/095000".to_owned(), None));
    assert_eq!(list("b/j", None).await, (0, String::new(), None));
}
