//! A kernel with the service, a clock that stands, and an authorizer that writes down what it is asked.

use std::sync::{Arc, Mutex};

use mastic_api_watch::logs::{op, types};
use mastic_core::{Clock, Fault, ManualClock, SeededEntropy, Timestamp};
use mastic_kernel::{
    AuditRecord, Authorizer, Call, Caller, Explanation, Identity, Kernel, Need, Registry, RunBinding, Seams,
    SessionIdentity, Verdict,
};
use mastic_shape::{Op, Shape};
use mastic_store::Store;
use mastic_watch::Watch;

/// The moment at which every test begins, in milliseconds.
pub const START: i64 = 1_770_000_000_000;

#[derive(Default)]
pub struct Guard {
    /// All that was asked for, as `action resource`.
    pub asked: Mutex<Vec<Need>>,
    /// Actions that are denied.
    pub denied: Mutex<Vec<&'static str>>,
}

impl Authorizer for Guard {
    fn decide(&self, _: &Call, need: &Need) -> Result<Verdict, Fault> {
        self.asked.lock().unwrap().push(need.clone());
        let allowed = !self.denied.lock().unwrap().contains(&need.action.as_str());
        let text = if allowed { String::new() } else { format!("not authorized: {}", need.action) };
        Ok(Verdict { allowed, text, explanation: None })
    }

    fn explain(&self, _: &Call, _: &Need) -> Result<Explanation, Fault> {
        Err(Fault::internal("nobody asks for reasons here"))
    }
}

pub struct House {
    pub kernel: Kernel,
    pub watch: Arc<Watch>,
    pub clock: Arc<ManualClock>,
    pub guard: Arc<Guard>,
    registry: Registry,
}

impl House {
    pub fn new() -> Self {
        let clock = Arc::new(ManualClock::at(Timestamp::from_millis(START)));
        let seams = Seams { clock: clock.clone(), entropy: Arc::new(SeededEntropy::new(1)) };
        let kernel = Kernel::new(Store::memory().unwrap(), seams);
        let guard = Arc::new(Guard::default());
        kernel.connect_authorizer(guard.clone());
        let watch = Watch::new(kernel.background("watch"));
        let mut registry = Registry::new();
        watch.register(&mut registry);
        Self { kernel, watch, clock, guard, registry }
    }

    pub fn root(&self) -> Call {
        Call {
            caller: Arc::new(Caller {
                account: Some("111122223333".parse().unwrap()),
                identity: Identity::Root,
                access_key_id: None,
                token: None,
            }),
            region: "eu-west-1".parse().unwrap(),
            request_id: self.kernel.request_id(),
            time: self.clock.now(),
            source_ip: None,
            user_agent: None,
            secure: true,
        }
    }

    /// A call of a job run whose writes are staged.
    pub fn run(&self) -> Call {
        let session = SessionIdentity {
            role_arn: "arn:aws:iam::111122223333:role/etl".parse().unwrap(),
            session_arn: "arn:aws:sts::111122223333:assumed-role/etl/run".parse().unwrap(),
            role_id: "AROAETL".to_owned(),
            session_name: "run".to_owned(),
            session_policies: Vec::new(),
            issued: self.clock.now(),
            expires: self.clock.now(),
            issued_to_service: Some("glue.amazonaws.com".to_owned()),
            run: Some(RunBinding { id: "jr_1".to_owned(), staged: true }),
            source_identity: None,
            federation: None,
        };
        let mut call = self.root();
        Arc::make_mut(&mut call.caller).identity = Identity::Session(Box::new(session));
        call
    }

    pub async fn call<O: Op>(&self, input: O::Input) -> Result<O::Output, Fault> {
        self.call_as::<O>(self.root(), input).await
    }

    pub async fn call_as<O: Op>(&self, call: Call, input: O::Input) -> Result<O::Output, Fault> {
        let input = input.into_value();
        let output = self.registry.serve(&self.kernel, O::service(), O::operation(), call, input).await?;
        O::Output::from_value(output).map_err(Fault::internal)
    }

    pub async fn group(&self, name: &str) {
        let input = types::CreateLogGroupRequest { log_group_name: name.to_owned(), ..Default::default() };
        self.call::<op::CreateLogGroup>(input).await.unwrap();
    }

    pub async fn stream(&self, group: &str, name: &str) {
        let input = types::CreateLogStreamRequest {
            log_group_name: group.to_owned(),
            log_stream_name: name.to_owned(),
        };
        self.call::<op::CreateLogStream>(input).await.unwrap();
    }

    pub async fn put(
        &self,
        group: &str,
        stream: &str,
        events: &[(i64, &str)],
    ) -> Result<types::PutLogEventsResponse, Fault> {
        let event = |(time, message): &(i64, &str)| types::InputLogEvent {
            timestamp: *time,
            message: (*message).into(),
        };
        self.call::<op::PutLogEvents>(types::PutLogEventsRequest {
            log_group_name: group.to_owned(),
            log_stream_name: stream.to_owned(),
            log_events: events.iter().map(event).collect(),
            ..Default::default()
        })
        .await
    }

    /// The messages of a stream from its head.
    pub async fn messages(&self, group: &str, stream: &str) -> Vec<String> {
        let page = self.call::<op::GetLogEvents>(from_head(group, stream)).await.unwrap();
        messages(&page)
    }

    pub async fn log_group(&self, name: &str) -> Option<types::LogGroup> {
        let input = types::DescribeLogGroupsRequest {
            log_group_name_prefix: Some(name.to_owned()),
            ..Default::default()
        };
        let groups = self.call::<op::DescribeLogGroups>(input).await.unwrap().log_groups.unwrap();
        groups.into_iter().find(|group| group.log_group_name.as_deref() == Some(name))
    }

    pub async fn log_stream(&self, group: &str, name: &str) -> Option<types::LogStream> {
        let input = types::DescribeLogStreamsRequest {
            log_group_name: Some(group.to_owned()),
            log_stream_name_prefix: Some(name.to_owned()),
            ..Default::default()
        };
        let streams = self.call::<op::DescribeLogStreams>(input).await.unwrap().log_streams.unwrap();
        streams.into_iter().find(|stream| stream.log_stream_name.as_deref() == Some(name))
    }

    /// The audit record of a request of the account's.
    pub async fn audit(&self, id: &str) -> Option<AuditRecord> {
        self.kernel.audit_record(Some(&"111122223333".parse().unwrap()), id).await.unwrap()
    }

    /// What was asked for since the last time, as `action resource`.
    pub fn asked(&self) -> Vec<String> {
        let needs = std::mem::take(&mut *self.guard.asked.lock().unwrap());
        needs.into_iter().map(|need| format!("{} {}", need.action, need.resource)).collect()
    }

    pub fn deny(&self, action: &'static str) {
        self.guard.denied.lock().unwrap().push(action);
    }
}

pub fn from_head(group: &str, stream: &str) -> types::GetLogEventsRequest {
    types::GetLogEventsRequest {
        log_group_name: Some(group.to_owned()),
        log_stream_name: stream.to_owned(),
        start_from_head: Some(true),
        ..Default::default()
    }
}

pub fn messages(page: &types::GetLogEventsResponse) -> Vec<String> {
    page.events.iter().flatten().filter_map(|event| event.message.clone()).collect()
}

/// The code and text of a failure.
pub fn failure<T>(result: Result<T, Fault>) -> (String, String) {
    let fault = result.err().unwrap();
    (fault.code().to_owned(), fault.message().to_owned())
}
