//! A kernel with this service alone, and shorthand for calling it.

use std::collections::HashMap;
use std::sync::Arc;

use mastic_api_iam::iam::{op, types as t};
use mastic_api_iam::sts::{op as sts_op, types as sts};
use mastic_core::{AccountId, Clock, Fault, ManualClock, SeededEntropy, Timestamp};
use mastic_iam::{GivenRoot, Iam, bootstrap};
use mastic_kernel::ports::{Keys, ResourcePolicies, ResourcePolicy};
use mastic_kernel::{Authorizer, Call, Caller, Kernel, Need, Registry, Seams, Verdict};
use mastic_shape::{Op, Shape, validate, violations_text};
use mastic_store::Store;
use parking_lot::Mutex;

pub const ACCOUNT: &str = "111122223333";
pub const OTHER: &str = "444455556666";

/// Bucket policies by bucket.
#[derive(Default)]
pub struct Buckets(Mutex<HashMap<String, ResourcePolicy>>);

impl ResourcePolicies for Buckets {
    fn policy(&self, arn: &str) -> Result<Option<ResourcePolicy>, Fault> {
        let bucket = arn.trim_start_matches("arn:aws:s3:::").split('/').next().unwrap();
        Ok(self.0.lock().get(bucket).cloned())
    }
}

pub struct House {
    pub kernel: Kernel,
    pub iam: Arc<Iam>,
    pub clock: Arc<ManualClock>,
    pub store: Store,
    pub root: Caller,
    buckets: Arc<Buckets>,
    pub registry: Registry,
}

impl House {
    pub async fn new() -> Self {
        Self::over(Store::memory().unwrap()).await
    }

    /// A server started over a store, which may have been used before.
    pub async fn over(store: Store) -> Self {
        let clock = Arc::new(ManualClock::at(Timestamp::from_secs(1_790_000_000)));
        let seams = Seams { clock: clock.clone(), entropy: Arc::new(SeededEntropy::new(7)) };
        let kernel = Kernel::new(store.clone(), seams);
        let iam = Iam::new(kernel.background("iam"));
        iam.connect(&kernel);
        let buckets = Arc::new(Buckets::default());
        kernel.connect_policies("s3", buckets.clone());
        let given = GivenRoot { account: Some(ACCOUNT.parse().unwrap()), ..GivenRoot::default() };
        let root = bootstrap(&kernel.background("start"), given).await.unwrap();
        let root = iam.key(&root.access_key_id).unwrap().unwrap().caller.as_ref().clone();
        let mut registry = Registry::new();
        iam.register(&mut registry);
        Self { kernel, iam, clock, store, root, buckets, registry }
    }

    pub fn call_of(&self, caller: &Caller) -> Call {
        Call {
            caller: Arc::new(caller.clone()),
            region: "eu-central-1".parse().unwrap(),
            request_id: self.kernel.request_id(),
            time: self.clock.now(),
            source_ip: Some("203.0.113.7".parse().unwrap()),
            user_agent: Some("test/1".to_owned()),
            secure: true,
        }
    }

    /// Serves an operation as the gateway would: constraints first.
    pub async fn call<O: Op>(&self, caller: &Caller, input: O::Input) -> Result<O::Output, Fault> {
        self.call_with_id::<O>(caller, input).await.1
    }

    pub async fn call_with_id<O: Op>(
        &self,
        caller: &Caller,
        input: O::Input,
    ) -> (String, Result<O::Output, Fault>) {
        let call = self.call_of(caller);
        let id = call.request_id.to_string();
        let input = input.into_value();
        let violations = validate(&input, O::operation().shapes.unwrap().0);
        if !violations.is_empty() {
            return (id, Err(Fault::sender("ValidationError", violations_text(&violations))));
        }
        let answer = self.registry.serve(&self.kernel, O::service(), O::operation(), call, input).await;
        (id, answer.map(|value| O::Output::from_value(value).unwrap()))
    }

    /// As the root user of the first account.
    pub async fn root<O: Op>(&self, input: O::Input) -> Result<O::Output, Fault> {
        self.call::<O>(&self.root, input).await
    }

    pub fn caller(&self, access_key_id: &str) -> Caller {
        self.iam.key(access_key_id).unwrap().unwrap().caller.as_ref().clone()
    }

    pub async fn user(&self, name: &str) -> Caller {
        self.user_by(&self.root, name).await
    }

    pub async fn user_by(&self, root: &Caller, name: &str) -> Caller {
        self.call::<op::CreateUser>(
            root,
            t::CreateUserRequest { user_name: name.into(), ..Default::default() },
        )
        .await
        .unwrap();
        let input = t::CreateAccessKeyRequest { user_name: Some(name.into()) };
        let key = self.call::<op::CreateAccessKey>(root, input).await.unwrap().access_key;
        self.caller(&key.access_key_id)
    }

    /// Gives a user an inline policy.
    pub async fn allow(&self, root: &Caller, user: &str, policy: &str) {
        let input = t::PutUserPolicyRequest {
            user_name: user.into(),
            policy_name: "p".into(),
            policy_document: policy.into(),
        };
        self.call::<op::PutUserPolicy>(root, input).await.unwrap();
    }

    pub async fn role(&self, name: &str, trust: &str) -> t::Role {
        let input = t::CreateRoleRequest {
            role_name: name.into(),
            assume_role_policy_document: trust.into(),
            ..Default::default()
        };
        self.root::<op::CreateRole>(input).await.unwrap().role
    }

    pub async fn role_policy(&self, role: &str, policy: &str) {
        let input = t::PutRolePolicyRequest {
            role_name: role.into(),
            policy_name: "p".into(),
            policy_document: policy.into(),
        };
        self.root::<op::PutRolePolicy>(input).await.unwrap();
    }

    pub async fn assume(&self, caller: &Caller, role: &str) -> Result<Caller, Fault> {
        self.assume_with(caller, role, |_| {}).await
    }

    pub async fn assume_with(
        &self,
        caller: &Caller,
        role: &str,
        change: impl FnOnce(&mut sts::AssumeRoleRequest),
    ) -> Result<Caller, Fault> {
        let mut input = sts::AssumeRoleRequest {
            role_arn: role.into(),
            role_session_name: "s1".into(),
            ..Default::default()
        };
        change(&mut input);
        let answer = self.call::<sts_op::AssumeRole>(caller, input).await?;
        Ok(self.caller(&answer.credentials.unwrap().access_key_id))
    }

    /// A second account and its root user.
    pub async fn other(&self) -> Caller {
        use mastic_api_mastic::mastic::{op, types as t};
        let input = t::CreateAccountRequest { name: "storage".into(), account_id: Some(OTHER.into()) };
        let made = self.root::<op::CreateAccount>(input).await.unwrap();
        self.caller(&made.root_credentials.access_key_id)
    }

    pub fn bucket(&self, bucket: &str, owner: &str, policy: Option<&str>) {
        let owner: AccountId = owner.parse().unwrap();
        let policy = ResourcePolicy { owner, document: policy.map(str::to_owned) };
        self.buckets.0.lock().insert(bucket.to_owned(), policy);
    }

    pub fn decide(&self, caller: &Caller, action: &str, resource: &str) -> Verdict {
        self.iam.decide(&self.call_of(caller), &Need::new(action, resource)).unwrap()
    }

    pub fn allows(&self, caller: &Caller, action: &str, resource: &str) -> bool {
        self.decide(caller, action, resource).allowed
    }
}

/// A policy that allows one thing.
pub fn allow(action: &str, resource: &str) -> String {
    format!(
        r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Action":"{action}","Resource":"{resource}"}}]}}"#
    )
}

/// A trust policy for one principal.
pub fn trust(kind: &str, principal: &str) -> String {
    format!(
        r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Principal":{{"{kind}":"{principal}"}},"Action":"sts:AssumeRole"}}]}}"#
    )
}

/// The code and text of a failure.
pub fn failure<T: std::fmt::Debug>(answer: Result<T, Fault>) -> (String, u16, String) {
    let fault = answer.unwrap_err();
    (fault.code().to_owned(), fault.status(), fault.message().to_owned())
}

pub fn is<T: std::fmt::Debug>(answer: Result<T, Fault>, code: &str, status: u16, message: &str) {
    assert_eq!(failure(answer), (code.to_owned(), status, message.to_owned()));
}
