use std::sync::Arc;

use mastic_api_iam::iam::{op, types as t};
use mastic_api_iam::sts::{op as sts_op, types as sts};
use mastic_api_mastic::mastic::{op as mastic_op, types as m};
use mastic_core::Vault;
use mastic_iam::{GivenRoot, Iam, bootstrap};
use mastic_kernel::Kernel;
use mastic_kernel::ports::Keys;
use mastic_store::engine::{Batch, Engine, Order, Snapshot, Span};
use mastic_store::{MemoryEngine, Store, StoreError};

use crate::house::{ACCOUNT, House, allow, trust};

/// An engine whose rows a test can see.
#[derive(Clone)]
struct Open(Arc<MemoryEngine>);

impl Engine for Open {
    fn snapshot(&self) -> Result<Box<dyn Snapshot + '_>, StoreError> {
        self.0.snapshot()
    }

    fn begin(&self) -> Result<Box<dyn Batch + '_>, StoreError> {
        self.0.begin()
    }
}

#[tokio::test]
async fn no_row_shows_a_secret() {
    let engine = Open(Arc::new(MemoryEngine::new()));
    let house = House::over(Store::new(engine.clone()).unwrap()).await;
    let root = house.iam.key(house.root.access_key_id.as_deref().unwrap()).unwrap().unwrap();
    let input = m::CreateAccountRequest { name: "other".into(), account_id: None };
    let other = house.root::<mastic_op::CreateAccount>(input).await.unwrap().root_credentials;
    let alice = house.user("alice").await;
    let input = t::CreateAccessKeyRequest { user_name: Some("alice".into()) };
    let key = house.root::<op::CreateAccessKey>(input).await.unwrap().access_key;
    house.allow(&house.root, "alice", &allow("sts:*", "*")).await;
    let role = house.role("r", &trust("AWS", ACCOUNT)).await;
    let input =
        sts::AssumeRoleRequest { role_arn: role.arn, role_session_name: "s1".into(), ..Default::default() };
    let session = house.call::<sts_op::AssumeRole>(&alice, input).await.unwrap().credentials.unwrap();
    house.kernel.audit_flush().await;

    let found = house.iam.key(&session.access_key_id).unwrap().unwrap();
    assert_eq!(found.secret, session.secret_access_key);
    assert_eq!(found.session_token.as_ref().unwrap().reveal(), &session.session_token);
    assert_eq!(house.iam.key(&key.access_key_id).unwrap().unwrap().secret, key.secret_access_key);

    let rows = engine.snapshot().unwrap().page(&Span::default(), Order::Ascending, usize::MAX).unwrap();
    let holds = |text: &str| rows.iter().any(|(_, value)| contains(value, text));
    assert!(holds(&key.access_key_id), "the rows are not what they seem");
    for secret in [
        root.secret.reveal(),
        other.secret_access_key.reveal(),
        key.secret_access_key.reveal(),
        session.secret_access_key.reveal(),
        &session.session_token,
    ] {
        assert!(!holds(secret));
    }
}

fn contains(bytes: &[u8], text: &str) -> bool {
    bytes.windows(text.len()).any(|part| part == text.as_bytes())
}

#[tokio::test]
async fn another_master_key_is_said_in_the_log_only() {
    let house = House::new().await;
    let kernel = Kernel::with_vault(
        house.store.clone(),
        house.store.clone(),
        house.kernel.seams(),
        Vault::new([0; 32]),
    );
    let iam = Iam::new(kernel.background("iam"));
    let fault = iam.key(house.root.access_key_id.as_deref().unwrap()).unwrap_err();
    assert_eq!(fault.code(), "InternalFailure");
    assert!(fault.cause().unwrap().contains("the master key does not fit this data directory"), "{fault:?}");
    let fault = bootstrap(&kernel.background("start"), GivenRoot::default()).await.unwrap_err();
    assert!(fault.cause().unwrap().contains("the master key does not fit this data directory"), "{fault:?}");
}
