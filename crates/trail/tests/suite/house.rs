//! A kernel with the trail, log groups that are made by saying so, and a clock that is moved.

use std::sync::Arc;
use std::time::Duration;

use mastic_api_watch::{cloudtrail, logs};
use mastic_core::{AccountId, Clock, Fault, ManualClock, SeededEntropy, Timestamp};
use mastic_kernel::{
    Access, Authorizer, Call, Caller, Explanation, Identity, Kernel, Need, Registry, Seams, Verdict,
};
use mastic_shape::{Op, Shape};
use mastic_store::Store;
use mastic_trail::Trail;

struct Guard;

impl Authorizer for Guard {
    fn decide(&self, _: &Call, need: &Need) -> Result<Verdict, Fault> {
        let allowed = !need.resource.ends_with("secret");
        let text = if allowed { String::new() } else { format!("not authorized: {}", need.action) };
        Ok(Verdict { allowed, text, explanation: None })
    }

    fn explain(&self, _: &Call, _: &Need) -> Result<Explanation, Fault> {
        Err(Fault::internal("nobody asks for reasons here"))
    }
}

pub struct House {
    pub kernel: Kernel,
    pub clock: Arc<ManualClock>,
    registry: Registry,
}

/// The moment at which every test begins.
pub const START: &str = "2026-02-02T02:40:00Z";

pub fn account(last: u8) -> AccountId {
    format!("11112222333{last}").parse().unwrap()
}

impl House {
    pub fn new() -> Self {
        let clock = Arc::new(ManualClock::at(Timestamp::parse(START).unwrap()));
        let seams = Seams { clock: clock.clone(), entropy: Arc::new(SeededEntropy::new(1)) };
        let kernel = Kernel::new(Store::memory().unwrap(), seams);
        kernel.connect_authorizer(Arc::new(Guard));
        let mut registry = Registry::new();
        registry.service(&logs::SERVICE);
        registry.on::<logs::op::CreateLogGroup, _, _>(
            |_, input| {
                let (owner, name) = input.log_group_name.split_once('/').unwrap_or(("111122223333", "x"));
                let arn = format!("arn:aws:logs:eu-west-1:{owner}:log-group:{name}");
                Ok(Access::one("logs:CreateLogGroup", arn))
            },
            |_, _| async { Ok(()) },
        );
        registry.on::<logs::op::DescribeLogGroups, _, _>(
            |_, _| Ok(Access::one("logs:DescribeLogGroups", "*")),
            |_, _| async { Ok(logs::types::DescribeLogGroupsResponse::default()) },
        );
        let trail = Trail::new();
        trail.register(&mut registry);
        trail.connect(&kernel, registry.services());
        Self { kernel, clock, registry }
    }

    pub fn call_of(&self, caller: u8, user: &str) -> Call {
        let arn = format!("arn:aws:iam::{}:user/{user}", account(caller));
        let identity =
            Identity::User { arn: arn.parse().unwrap(), id: format!("AIDA{user}"), name: user.to_owned() };
        Call {
            caller: Arc::new(Caller {
                account: Some(account(caller)),
                identity,
                access_key_id: Some(format!("AKIA{user}")),
                token: None,
            }),
            region: "eu-west-1".parse().unwrap(),
            request_id: self.kernel.request_id(),
            time: self.clock.now(),
            source_ip: "10.1.2.3".parse().ok(),
            user_agent: Some("tests".to_owned()),
            secure: true,
        }
    }

    pub fn pass(&self, milliseconds: u64) {
        self.clock.advance(Duration::from_millis(milliseconds));
    }

    pub async fn call<O: Op>(&self, call: Call, input: O::Input) -> Result<O::Output, Fault> {
        let input = input.into_value();
        let output = self.registry.serve(&self.kernel, O::service(), O::operation(), call, input).await?;
        O::Output::from_value(output).map_err(Fault::internal)
    }

    /// Somebody makes a log group, named after its owner's account and itself.
    pub async fn create(&self, caller: u8, user: &str, group: &str) {
        let input = logs::types::CreateLogGroupRequest {
            log_group_name: group.to_owned(),
            tags: Some([("Team".to_owned(), "a".to_owned())].into()),
            ..Default::default()
        };
        let made = self.call::<logs::op::CreateLogGroup>(self.call_of(caller, user), input).await;
        assert_eq!(made.is_err(), group.ends_with("secret"));
        self.pass(1);
    }

    pub async fn list(&self, caller: u8, user: &str) {
        let input = logs::types::DescribeLogGroupsRequest::default();
        self.call::<logs::op::DescribeLogGroups>(self.call_of(caller, user), input).await.unwrap();
        self.pass(1);
    }

    pub async fn ask(&self, viewer: u8, input: Asked) -> Result<Found, Fault> {
        self.call::<cloudtrail::op::LookupEvents>(self.call_of(viewer, "auditor"), input).await
    }
}

pub type Asked = cloudtrail::types::LookupEventsRequest;
pub type Found = cloudtrail::types::LookupEventsResponse;
