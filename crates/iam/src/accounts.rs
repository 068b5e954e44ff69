//! The accounts of this server.

use mastic_api_mastic::mastic::types as t;
use mastic_core::{AccountId, Entropy, Fault, Secret, Timestamp};
use mastic_kernel::{Background, Ctx};
use mastic_store::{ReadTx, StoreError, WriteTx};

use crate::keys::NewKey;
use crate::records::{ACCOUNTS, AccessKey, Account, KEYS};
use crate::sealed::key_secret;

/// What the first account is called.
const MANAGEMENT: &str = "management";

/// What the root was told about the management account; what it was not told is made up.
#[derive(Debug, Clone, Default)]
pub struct GivenRoot {
    /// The account's id.
    pub account: Option<AccountId>,
    /// The root user's access key id; needs the secret too.
    pub access_key_id: Option<String>,
    /// The root user's secret access key; needs the id too.
    pub secret_access_key: Option<Secret<String>>,
}

/// The root user of the management account.
#[derive(Debug, Clone)]
pub struct RootCredentials {
    /// The account.
    pub account: AccountId,
    /// The access key id.
    pub access_key_id: String,
    /// The secret access key.
    pub secret_access_key: Secret<String>,
    /// Whether the account was made by this very call.
    pub created: bool,
}

/// Makes sure that there is a management account and that its root user has an access key: the one
/// given, the one it has, or a fresh one. Asked again it changes nothing.
///
/// # Errors
/// `InvalidParameter` when a given id contradicts the store or half a key is given, and when the store cannot be
/// written.
pub async fn bootstrap(background: &Background, given: GivenRoot) -> Result<RootCredentials, Fault> {
    let wrong = |text: String| Fault::sender("InvalidParameter", text);
    let (account, fresh) = (random_account(background.entropy()), background.now());
    let kernel = background.kernel().clone();
    let given_key = match (given.access_key_id, given.secret_access_key) {
        (Some(id), Some(secret)) => Some(NewKey::given(&kernel, &account, None, fresh, (id, secret))),
        (None, None) => None,
        _ => return Err(wrong("a root access key id and its secret must be given together".to_owned())),
    };
    let made = NewKey::fresh(&kernel, &account, None, fresh);
    background
        .write(move |tx| {
            let (id, mut record, created) = match management(tx)? {
                Some((id, record)) => (id, record, false),
                None => {
                    let record = Account {
                        name: MANAGEMENT.to_owned(),
                        email: None,
                        management: true,
                        created: fresh,
                        closed: None,
                        keys: Vec::new(),
                    };
                    (given.account.clone().unwrap_or(account), record, true)
                }
            };
            if let Some(other) = given.account.filter(|other| *other != id) {
                return Err(wrong(format!("the management account of this store is {id}, not {other}")));
            }
            let (key_id, secret) = match (given_key, usable(tx, &record)?) {
                (None, Some((key_id, key))) => {
                    let secret = key.secret.open(&kernel, &key_secret(&key_id))?;
                    (key_id, secret)
                }
                (given_key, _) => {
                    let NewKey { id: key_id, secret, record: stored } = given_key.unwrap_or(made);
                    match KEYS.get(tx, &key_id)? {
                        Some(old) if old.account != id || old.user.is_some() => {
                            return Err(wrong(format!("the access key {key_id} belongs to somebody else")));
                        }
                        Some(old)
                            if old.active && old.secret.open(&kernel, &key_secret(&key_id))? == secret => {}
                        _ => KEYS.put(tx, &key_id, &AccessKey { account: id.clone(), ..stored })?,
                    }
                    (key_id, secret)
                }
            };
            if !record.keys.contains(&key_id) {
                record.keys.push(key_id.clone());
                ACCOUNTS.put(tx, &id, &record)?;
            }
            Ok(RootCredentials { account: id, access_key_id: key_id, secret_access_key: secret, created })
        })
        .await
}

fn management(tx: &ReadTx<'_>) -> Result<Option<(AccountId, Account)>, StoreError> {
    ACCOUNTS
        .scan(tx, ACCOUNTS.all())
        .find(|row| row.as_ref().map_or(true, |(_, record)| record.management))
        .transpose()
}

/// The first active key of the root user.
fn usable(tx: &ReadTx<'_>, record: &Account) -> Result<Option<(String, AccessKey)>, StoreError> {
    for id in &record.keys {
        if let Some(key) = KEYS.get(tx, id)?.filter(|key| key.active) {
            return Ok(Some((id.clone(), key)));
        }
    }
    Ok(None)
}

/// Twelve digits, the first of them no zero, which spreadsheets and YAML would lose.
pub(crate) fn random_account(entropy: &dyn Entropy) -> AccountId {
    loop {
        let digits = format!("{}{}", entropy.text(1, "123456789"), entropy.text(11, "0123456789"));
        if let Ok(account) = digits.parse() {
            return account;
        }
    }
}

/// Whether the account is the one that manages the others.
pub(crate) fn manages(tx: &ReadTx<'_>, account: &AccountId) -> Result<bool, StoreError> {
    Ok(ACCOUNTS.get(tx, account)?.is_some_and(|record| record.management))
}

/// Whether the account was closed.
pub(crate) fn is_closed(tx: &ReadTx<'_>, account: &AccountId) -> Result<bool, StoreError> {
    Ok(ACCOUNTS.get(tx, account)?.is_some_and(|record| record.closed.is_some()))
}

/// The address of the account's root user: one that reaches nobody where none was given (RFC 2606).
pub(crate) fn email(account: &AccountId, record: &Account) -> String {
    record.email.clone().unwrap_or_else(|| format!("root@{account}.invalid"))
}

/// Every account.
pub(crate) fn all(tx: &ReadTx<'_>) -> Result<Vec<(AccountId, Account)>, StoreError> {
    ACCOUNTS.scan(tx, ACCOUNTS.all()).collect()
}

fn must_manage(ctx: &Ctx) -> Result<(), Fault> {
    let account = ctx.account()?;
    if ctx.read(|tx| manages(tx, account))? {
        return Ok(());
    }
    let text =
        format!("Only principals of the management account may do this; {account} is another account.");
    Err(Fault::sender("AccessDeniedException", text))
}

fn shown(id: &AccountId, record: &Account) -> t::Account {
    let status = if record.closed.is_some() { t::AccountStatus::Suspended } else { t::AccountStatus::Active };
    t::Account {
        account_id: id.to_string(),
        name: record.name.clone(),
        management: record.management,
        create_time: Some(record.created),
        status: Some(status),
        organization_id: None,
    }
}

pub(crate) async fn create(
    ctx: Ctx,
    input: t::CreateAccountRequest,
) -> Result<t::CreateAccountResponse, Fault> {
    must_manage(&ctx)?;
    let chosen = input.account_id.map(|id| id.parse::<AccountId>()).transpose();
    let chosen = chosen.map_err(|error| Fault::sender("InvalidInputException", error.to_string()))?;
    let id = chosen.unwrap_or_else(|| random_account(ctx.entropy()));
    let now: Timestamp = ctx.now();
    let key = NewKey::fresh(ctx.kernel(), &id, None, now);
    ctx.write(move |tx: &mut WriteTx<'_>| {
        let record = Account {
            name: input.name,
            email: None,
            management: false,
            created: now,
            closed: None,
            keys: vec![key.id.clone()],
        };
        if !ACCOUNTS.insert_new(tx, &id, &record)? {
            let text = format!("There is already an account with id {id}.");
            return Err(Fault::sender("AccountAlreadyExistsException", text));
        }
        KEYS.put(tx, &key.id, &key.record)?;
        Ok(t::CreateAccountResponse {
            account: shown(&id, &record),
            root_credentials: t::RootCredentials { access_key_id: key.id, secret_access_key: key.secret },
        })
    })
    .await
}

pub(crate) async fn list(ctx: Ctx, _: t::ListAccountsRequest) -> Result<t::ListAccountsResponse, Fault> {
    must_manage(&ctx)?;
    let mut accounts = Vec::new();
    for (id, record) in ctx.read(all)? {
        let place = ctx.kernel().organizations().map(|port| port.place(&id)).transpose()?.flatten();
        let organization_id = place.map(|place| place.organization);
        accounts.push(t::Account { organization_id, ..shown(&id, &record) });
    }
    Ok(t::ListAccountsResponse { accounts })
}
