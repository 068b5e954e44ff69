//! What needs a clock that can be moved, and the port that the authorizer asks.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use mastic_api_iam::organizations::{op, types as t};
use mastic_core::{AccountId, Clock, Fault, ManualClock, SeededEntropy, Timestamp};
use mastic_kernel::ports::{AccountFacts, Accounts, NewAccount, OrganizationPolicies};
use mastic_kernel::{
    Authorizer, Call, Caller, Explanation, Identity, Kernel, Need, Registry, Seams, Verdict,
};
use mastic_shape::{Op, Shape};
use mastic_store::{Keyspace, ReadTx, Record, Store, WriteTx};
use serde::{Deserialize, Serialize};

use crate::Organizations;

const MANAGEMENT: &str = "111122223333";
const GUEST: &str = "444455556666";

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// When accounts were closed.
#[derive(Serialize, Deserialize)]
struct Closed(Option<Timestamp>);

impl Record for Closed {
    const VERSION: u16 = 1;
}

const CLOSED: Keyspace<AccountId, Closed> = Keyspace::new("test.closed");

/// Every account exists; those made are counted up.
struct Registrar(Arc<ManualClock>);

impl Accounts for Registrar {
    fn find(&self, tx: &ReadTx<'_>, account: &AccountId) -> Result<Option<AccountFacts>, Fault> {
        let closed = CLOSED.get(tx, account)?.and_then(|closed| closed.0);
        Ok(Some(AccountFacts {
            id: account.clone(),
            name: "account".to_owned(),
            email: format!("{account}@example.com"),
            created: self.0.now(),
            closed,
        }))
    }

    fn find_by_email(&self, tx: &ReadTx<'_>, email: &str) -> Result<Option<AccountFacts>, Fault> {
        let account = email.split('@').next().and_then(|id| id.parse().ok());
        account.map(|account| self.find(tx, &account)).transpose().map(Option::flatten)
    }

    fn create(&self, tx: &mut WriteTx<'_>, _: &NewAccount) -> Result<Option<AccountFacts>, Fault> {
        let next = CLOSED.count(tx, CLOSED.all())?;
        let account: AccountId =
            format!("{:012}", 700_000_000_000 + next).parse().map_err(Fault::internal)?;
        CLOSED.put(tx, &account, &Closed(None))?;
        self.find(tx, &account)
    }

    fn close(&self, tx: &mut WriteTx<'_>, account: &AccountId) -> Result<(), Fault> {
        Ok(CLOSED.put(tx, account, &Closed(Some(self.0.now())))?)
    }
}

struct Everything;

impl Authorizer for Everything {
    fn decide(&self, _: &Call, _: &Need) -> Result<Verdict, Fault> {
        Ok(Verdict { allowed: true, text: String::new(), explanation: None })
    }

    fn explain(&self, _: &Call, _: &Need) -> Result<Explanation, Fault> {
        Err(Fault::internal("nothing is explained here"))
    }
}

struct House {
    kernel: Kernel,
    registry: Registry,
    clock: Arc<ManualClock>,
    organizations: Arc<Organizations>,
}

impl House {
    fn new() -> Self {
        let clock = Arc::new(ManualClock::at(Timestamp::from_secs(1_790_000_000)));
        let seams = Seams { clock: clock.clone(), entropy: Arc::new(SeededEntropy::new(7)) };
        let kernel = Kernel::new(Store::memory().unwrap(), seams);
        let organizations = Organizations::new(kernel.background("organizations"));
        kernel.connect_authorizer(Arc::new(Everything));
        kernel.connect_accounts(Arc::new(Registrar(clock.clone())));
        organizations.connect(&kernel);
        let mut registry = Registry::new();
        organizations.register(&mut registry);
        Self { kernel, registry, clock, organizations }
    }

    async fn call<O: Op>(&self, account: &str, input: O::Input) -> Result<O::Output, Fault> {
        let caller = Caller {
            account: Some(account.parse().unwrap()),
            identity: Identity::Root,
            access_key_id: None,
            token: None,
        };
        let call = Call {
            caller: Arc::new(caller),
            region: "us-east-1".parse().unwrap(),
            request_id: self.kernel.request_id(),
            time: self.clock.now(),
            source_ip: None,
            user_agent: None,
            secure: true,
        };
        let served =
            self.registry.serve(&self.kernel, O::service(), O::operation(), call, input.into_value()).await?;
        Ok(O::Output::from_value(served).unwrap())
    }

    async fn root(&self) -> String {
        let roots = self.call::<op::ListRoots>(MANAGEMENT, t::ListRootsRequest::default()).await.unwrap();
        roots.roots.unwrap()[0].id.clone().unwrap()
    }
}

fn invitation() -> t::InviteAccountToOrganizationRequest {
    let target = t::HandshakeParty {
        id: mastic_core::Secret::new(GUEST.to_owned()),
        r#type: Some(t::HandshakePartyType::Account),
    };
    t::InviteAccountToOrganizationRequest { target, ..Default::default() }
}

#[tokio::test]
async fn an_invitation_expires() {
    let house = House::new();
    house.call::<op::CreateOrganization>(MANAGEMENT, Default::default()).await.unwrap();
    let invite = || house.call::<op::InviteAccountToOrganization>(MANAGEMENT, invitation());
    let first = invite().await.unwrap().handshake.unwrap().id.unwrap();
    assert_eq!(invite().await.unwrap_err().code(), "DuplicateHandshakeException");
    house.clock.advance(DAY * 15);
    let accept = t::AcceptHandshakeRequest { handshake_id: first.clone() };
    let late = house.call::<op::AcceptHandshake>(GUEST, accept).await.unwrap_err();
    assert_eq!(late.code(), "InvalidHandshakeTransitionException");
    let input = t::DescribeHandshakeRequest { handshake_id: first.clone() };
    let shown = house.call::<op::DescribeHandshake>(GUEST, input.clone()).await.unwrap().handshake.unwrap();
    assert_eq!(shown.state, Some(t::HandshakeState::Expired));
    invite().await.unwrap();
    // A month later nobody remembers it.
    house.clock.advance(DAY * 31);
    invite().await.unwrap();
    assert_eq!(
        house.call::<op::DescribeHandshake>(GUEST, input).await.unwrap_err().code(),
        "HandshakeNotFoundException"
    );
}

#[tokio::test]
async fn a_closed_account_leaves_after_90_days() {
    let house = House::new();
    house.call::<op::CreateOrganization>(MANAGEMENT, Default::default()).await.unwrap();
    house.call::<op::CreateAccount>(MANAGEMENT, Default::default()).await.unwrap();
    let count = async || {
        let listed = house.call::<op::ListAccounts>(MANAGEMENT, Default::default()).await.unwrap();
        listed.accounts.unwrap().len()
    };
    let account_id = "700000000000".to_owned();
    house.call::<op::CloseAccount>(MANAGEMENT, t::CloseAccountRequest { account_id }).await.unwrap();
    house.clock.advance(DAY * 89);
    house.organizations.sweep().await.unwrap();
    assert_eq!(count().await, 2);
    house.clock.advance(DAY);
    house.organizations.sweep().await.unwrap();
    assert_eq!(count().await, 1);
}

#[tokio::test]
async fn places() {
    let house = House::new();
    let (management, member): (AccountId, AccountId) =
        (MANAGEMENT.parse().unwrap(), "700000000000".parse().unwrap());
    let place = |account: &AccountId| house.organizations.place(account).unwrap();
    assert_eq!(place(&management), None);
    house.call::<op::CreateOrganization>(MANAGEMENT, Default::default()).await.unwrap();
    house.call::<op::CreateAccount>(MANAGEMENT, Default::default()).await.unwrap();
    let root = house.root().await;
    let before = house.organizations.generation();
    let enable = t::EnablePolicyTypeRequest {
        root_id: root.clone(),
        policy_type: Some(t::PolicyType::ServiceControlPolicy),
    };
    house.call::<op::EnablePolicyType>(MANAGEMENT, enable).await.unwrap();
    assert!(house.organizations.generation() > before);
    let input =
        t::CreateOrganizationalUnitRequest { parent_id: root.clone(), name: "unit".into(), tags: None };
    let made = house.call::<op::CreateOrganizationalUnit>(MANAGEMENT, input).await.unwrap();
    let unit = made.organizational_unit.unwrap().id.unwrap();
    let input = t::MoveAccountRequest {
        account_id: member.to_string(),
        source_parent_id: root.clone(),
        destination_parent_id: unit.clone(),
    };
    house.call::<op::MoveAccount>(MANAGEMENT, input).await.unwrap();

    let found = place(&member).unwrap();
    assert_eq!(found.path, format!("{}/{root}/{unit}/", found.organization));
    let levels: BTreeMap<_, _> = found
        .service_control
        .iter()
        .map(|level| {
            (level.target.as_str(), level.policies.iter().map(|p| p.name.as_str()).collect::<Vec<_>>())
        })
        .collect();
    let arn = |kind: &str, id: &str| {
        format!("arn:aws:organizations::{MANAGEMENT}:{kind}/{}/{id}", found.organization)
    };
    let named = [arn("root", &root), arn("ou", &unit), arn("account", member.as_str())];
    assert_eq!(levels, named.iter().map(|arn| (arn.as_str(), vec!["FullAWSAccess"])).collect());
    assert_eq!(found.resource_control, []);
    let found = place(&management).unwrap();
    assert_eq!((found.path, found.service_control), (format!("{}/{root}/", found.organization), vec![]));
}
