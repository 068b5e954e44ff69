use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use mastic_api_glue::glue::op;
use mastic_api_glue::glue::types::*;
use mastic_core::{Arn, Fault, ManualClock, SeededEntropy, Timestamp};
use mastic_kernel::{
    Authorizer, Call, Caller, Explanation, Identity, Kernel, Need, Registry, RunBinding, Seams,
    SessionIdentity, Verdict,
};
use mastic_shape::{Op, Shape};
use mastic_store::Store;
use parking_lot::Mutex;

use crate::Catalog;

pub const ACCOUNT: &str = "111122223333";

/// Allows all but the resources told, and remembers what it was asked.
#[derive(Default)]
pub struct Recorder {
    pub asked: Mutex<Vec<(String, String)>>,
    pub contexts: Mutex<Vec<(String, Vec<String>)>>,
    pub denied: Mutex<Vec<String>>,
}

impl Authorizer for Recorder {
    fn decide(&self, _: &Call, need: &Need) -> Result<Verdict, Fault> {
        self.asked.lock().push((need.action.clone(), need.resource.clone()));
        self.contexts.lock().extend(need.context.clone());
        let allowed = !self.denied.lock().contains(&need.resource);
        Ok(Verdict { allowed, text: "denied".to_owned(), explanation: None })
    }

    fn explain(&self, _: &Call, _: &Need) -> Result<Explanation, Fault> {
        Err(Fault::internal("nobody asks for reasons here"))
    }
}

pub struct World {
    pub store: Store,
    pub kernel: Kernel,
    pub clock: Arc<ManualClock>,
    pub recorder: Arc<Recorder>,
    pub catalog: Arc<Catalog>,
    registry: Registry,
    run: Option<String>,
}

impl World {
    pub fn new() -> Self {
        let store = Store::memory().unwrap();
        let clock = Arc::new(ManualClock::at(Timestamp::from_secs(1_770_000_000)));
        let seams = Seams { clock: clock.clone(), entropy: Arc::new(SeededEntropy::new(1)) };
        let kernel = Kernel::new(store.clone(), seams);
        let recorder = Arc::new(Recorder::default());
        kernel.connect_authorizer(recorder.clone());
        let catalog = Catalog::new();
        let mut registry = Registry::new();
        catalog.register(&mut registry);
        Self { store, kernel, clock, recorder, catalog, registry, run: None }
    }

    /// A world with a database `sales`.
    pub async fn with_database() -> Self {
        let world = Self::new();
        world.call::<op::CreateDatabase>(database("sales")).await.unwrap();
        world
    }

    /// The same catalog as a job run sees it.
    pub fn as_run(&self, run: &str) -> Self {
        let mut registry = Registry::new();
        self.catalog.register(&mut registry);
        Self {
            store: self.store.clone(),
            kernel: self.kernel.clone(),
            clock: self.clock.clone(),
            recorder: self.recorder.clone(),
            catalog: self.catalog.clone(),
            registry,
            run: Some(run.to_owned()),
        }
    }

    pub async fn call<O: Op>(&self, input: O::Input) -> Result<O::Output, Fault> {
        let answer = self
            .registry
            .serve(&self.kernel, O::service(), O::operation(), self.incoming(), input.into_value())
            .await?;
        Ok(O::Output::from_value(answer).unwrap())
    }

    /// The code and text of the fault that a call ends in.
    pub async fn fault<O: Op>(&self, input: O::Input) -> (String, String) {
        let fault = self.call::<O>(input).await.err().unwrap();
        (fault.code().to_owned(), fault.message().to_owned())
    }

    /// Waits for what calls have left to be done.
    pub async fn settle(&self) {
        let background = self.kernel.background("test");
        crate::backfill::settle(&background).await.unwrap();
        crate::events::deliver(&background).await.unwrap();
    }

    pub fn tick(&self) {
        self.clock.advance(Duration::from_secs(1));
    }

    /// What the authorizer was asked since the last time.
    pub fn asked(&self) -> Vec<(String, String)> {
        std::mem::take(&mut self.recorder.asked.lock())
    }

    fn incoming(&self) -> Call {
        let identity = match &self.run {
            None => Identity::Root,
            Some(run) => Identity::Session(Box::new(SessionIdentity {
                role_arn: Arn::new("iam", "", ACCOUNT, "role/etl"),
                session_arn: Arn::new("sts", "", ACCOUNT, "assumed-role/etl/run"),
                role_id: "AROAEXAMPLE".to_owned(),
                session_name: "run".to_owned(),
                session_policies: Vec::new(),
                issued: self.kernel.clock().now(),
                expires: self.kernel.clock().now(),
                issued_to_service: Some("glue.amazonaws.com".to_owned()),
                run: Some(RunBinding { id: run.clone(), staged: true }),
                source_identity: None,
                federation: None,
            })),
        };
        Call {
            caller: Arc::new(Caller {
                account: Some(ACCOUNT.parse().unwrap()),
                identity,
                access_key_id: None,
                token: None,
            }),
            region: "eu-west-1".parse().unwrap(),
            request_id: self.kernel.request_id(),
            time: self.kernel.clock().now(),
            source_ip: None,
            user_agent: None,
            secure: true,
        }
    }
}

pub fn code(code: &str, text: &str) -> (String, String) {
    (code.to_owned(), text.to_owned())
}

pub fn texts(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|text| (*text).to_owned()).collect()
}

pub fn map(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
}

pub fn column(name: &str, r#type: &str) -> Column {
    Column { name: name.to_owned(), r#type: Some(r#type.to_owned()), ..Column::default() }
}

pub fn database(name: &str) -> CreateDatabaseRequest {
    let database_input = DatabaseInput { name: name.to_owned(), ..DatabaseInput::default() };
    CreateDatabaseRequest { database_input, ..CreateDatabaseRequest::default() }
}

/// A table of `sales` with string partition keys.
pub fn table(name: &str, keys: &[&str]) -> TableInput {
    TableInput {
        name: name.to_owned(),
        partition_keys: Some(keys.iter().map(|key| column(key, "string")).collect()),
        storage_descriptor: Some(descriptor()),
        ..TableInput::default()
    }
}

pub fn descriptor() -> StorageDescriptor {
    StorageDescriptor {
        columns: Some(vec![column("carrier", "string"), column("delay", "int")]),
        location: Some("s3://bucket/flights/".to_owned()),
        ..StorageDescriptor::default()
    }
}

pub fn create(table_input: TableInput) -> CreateTableRequest {
    CreateTableRequest {
        database_name: "sales".to_owned(),
        table_input: Some(table_input),
        ..CreateTableRequest::default()
    }
}

pub fn update(table_input: TableInput) -> UpdateTableRequest {
    UpdateTableRequest {
        database_name: "sales".to_owned(),
        table_input: Some(table_input),
        ..UpdateTableRequest::default()
    }
}

pub fn get(name: &str) -> GetTableRequest {
    GetTableRequest { database_name: "sales".to_owned(), name: name.to_owned(), ..GetTableRequest::default() }
}

pub fn partition(values: &[&str]) -> PartitionInput {
    PartitionInput {
        values: Some(texts(values)),
        storage_descriptor: Some(descriptor()),
        ..PartitionInput::default()
    }
}

/// The input of an operation on table `flights` of `sales`.
#[macro_export]
macro_rules! on_flights {
    ($type:ident { $($field:ident: $value:expr),* $(,)? }) => {
        $type {
            database_name: "sales".to_owned(),
            table_name: "flights".to_owned(),
            $($field: $value,)*
            ..$type::default()
        }
    };
}
