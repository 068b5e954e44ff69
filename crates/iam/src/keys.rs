//! Long-term access keys of users and of the root user.

use mastic_api_iam::iam::types as t;
use mastic_core::{AccountId, Fault, Secret, Timestamp};
use mastic_kernel::{Ctx, Identity, Kernel, Need};
use mastic_store::{ReadTx, WriteTx};

use crate::faults::{denied, no_such, quota, validation};
use crate::names::{self, folded};
use crate::page::Page;
use crate::records::{ACCOUNTS, AccessKey, KEYS, KEYS_USED, USERS, User};
use crate::sealed::{Sealed, key_secret};
use crate::{Iam, entities};

/// Access keys that a user may have ("IAM and AWS STS quotas").
const MOST: usize = 2;

/// The name under which answers show the root user's keys.
const ROOT: &str = "root";

/// Whose keys a request is about.
#[derive(Debug, Clone)]
pub(crate) enum Owner {
    Root,
    User(String),
}

impl Owner {
    /// The named user or, without a name, the caller.
    fn of(ctx: &Ctx, name: Option<String>) -> Result<Self, Fault> {
        match (name, &ctx.caller().identity) {
            (Some(name), _) => Ok(Self::User(name)),
            (None, Identity::User { name, .. }) => Ok(Self::User(name.clone())),
            (None, Identity::Root) => Ok(Self::Root),
            (None, _) => Err(validation("Must specify userName when calling with non-User credentials")),
        }
    }

    fn shown(&self) -> String {
        match self {
            Self::Root => ROOT.to_owned(),
            Self::User(name) => name.clone(),
        }
    }

    fn keys(&self, tx: &ReadTx<'_>, account: &AccountId) -> Result<Vec<String>, Fault> {
        Ok(match self {
            Self::Root => ACCOUNTS.get(tx, account)?.map(|record| record.keys).unwrap_or_default(),
            Self::User(name) => entities::need::<User>(tx, account, name)?.keys,
        })
    }

    fn set_keys(&self, tx: &mut WriteTx<'_>, account: &AccountId, keys: Vec<String>) -> Result<(), Fault> {
        match self {
            Self::Root => {
                if let Some(record) = ACCOUNTS.get(tx, account)? {
                    ACCOUNTS.put(tx, account, &crate::records::Account { keys, ..record })?;
                }
            }
            Self::User(name) => {
                let user = entities::need::<User>(tx, account, name)?;
                entities::save(tx, account, &User { keys, ..user })?;
            }
        }
        Ok(())
    }

    fn key(&self) -> Option<String> {
        match self {
            Self::Root => None,
            Self::User(name) => Some(folded(name)),
        }
    }
}

/// An access key as its owner gets it, and what is stored of it.
pub(crate) struct NewKey {
    pub(crate) id: String,
    pub(crate) secret: Secret<String>,
    pub(crate) record: AccessKey,
}

impl NewKey {
    /// A key that somebody chose.
    pub(crate) fn given(
        kernel: &Kernel,
        account: &AccountId,
        user: Option<String>,
        now: Timestamp,
        (id, secret): (String, Secret<String>),
    ) -> Self {
        let sealed = Sealed::new(kernel, &key_secret(&id), &secret);
        let record = AccessKey { account: account.clone(), user, secret: sealed, active: true, created: now };
        Self { id, secret, record }
    }

    /// A fresh key.
    pub(crate) fn fresh(kernel: &Kernel, account: &AccountId, user: Option<String>, now: Timestamp) -> Self {
        let entropy = kernel.entropy();
        let made = (names::access_key_id("AKIA", entropy), Secret::new(names::secret(entropy)));
        Self::given(kernel, account, user, now, made)
    }
}

fn status(active: bool) -> Option<t::StatusType> {
    Some(if active { t::StatusType::Active } else { t::StatusType::Inactive })
}

fn missing(id: &str) -> Fault {
    no_such(format!("The Access Key with id {id} cannot be found."))
}

pub(crate) async fn create(
    ctx: Ctx,
    input: t::CreateAccessKeyRequest,
) -> Result<t::CreateAccessKeyResponse, Fault> {
    let account = ctx.account()?.clone();
    let owner = Owner::of(&ctx, input.user_name)?;
    let NewKey { id, secret, record } = NewKey::fresh(ctx.kernel(), &account, owner.key(), ctx.now());
    ctx.write(move |tx| {
        let mut keys = owner.keys(tx, &account)?;
        if keys.len() >= MOST {
            return Err(quota("AccessKeysPerUser", MOST));
        }
        keys.push(id.clone());
        owner.set_keys(tx, &account, keys)?;
        KEYS.put(tx, &id, &record)?;
        Ok(t::CreateAccessKeyResponse {
            access_key: t::AccessKey {
                user_name: owner.shown(),
                access_key_id: id,
                status: status(true),
                secret_access_key: secret,
                create_date: Some(record.created),
            },
        })
    })
    .await
}

pub(crate) async fn list(
    ctx: Ctx,
    input: t::ListAccessKeysRequest,
) -> Result<t::ListAccessKeysResponse, Fault> {
    let account = ctx.account()?;
    let owner = Owner::of(&ctx, input.user_name)?;
    let page = Page::new(input.marker.as_deref(), input.max_items)?;
    ctx.read(|tx| {
        let mut shown = Vec::new();
        for id in owner.keys(tx, account)? {
            if let Some(key) = KEYS.get(tx, &id)? {
                shown.push(t::AccessKeyMetadata {
                    user_name: Some(owner.shown()),
                    access_key_id: Some(id),
                    status: status(key.active),
                    create_date: Some(key.created),
                });
            }
        }
        let listed = page.take_in_order(shown)?;
        Ok(t::ListAccessKeysResponse {
            access_key_metadata: listed.items,
            is_truncated: listed.truncated,
            marker: listed.marker,
        })
    })
}

pub(crate) async fn update(ctx: Ctx, input: t::UpdateAccessKeyRequest) -> Result<(), Fault> {
    let account = ctx.account()?.clone();
    let owner = Owner::of(&ctx, input.user_name)?;
    let active = match input.status {
        Some(t::StatusType::Active) => true,
        Some(t::StatusType::Inactive) => false,
        _ => return Err(validation("Status must be Active or Inactive.")),
    };
    ctx.write(move |tx| {
        let id = input.access_key_id;
        if !owner.keys(tx, &account)?.contains(&id) {
            return Err(missing(&id));
        }
        let mut key = KEYS.get(tx, &id)?.ok_or_else(|| missing(&id))?;
        key.active = active;
        Ok(KEYS.put(tx, &id, &key)?)
    })
    .await
}

pub(crate) async fn delete(ctx: Ctx, input: t::DeleteAccessKeyRequest) -> Result<(), Fault> {
    let account = ctx.account()?.clone();
    let owner = Owner::of(&ctx, input.user_name)?;
    ctx.write(move |tx| {
        let id = input.access_key_id;
        let mut keys = owner.keys(tx, &account)?;
        if !keys.contains(&id) {
            return Err(missing(&id));
        }
        keys.retain(|key| *key != id);
        owner.set_keys(tx, &account, keys)?;
        KEYS.delete(tx, &id)?;
        KEYS_USED.delete(tx, &id)?;
        Ok(())
    })
    .await
}

/// Whose key it is shows only when it is found, so the caller's permission is asked for here.
pub(crate) fn last_used(
    iam: &Iam,
    ctx: &Ctx,
    input: &t::GetAccessKeyLastUsedRequest,
) -> Result<t::GetAccessKeyLastUsedResponse, Fault> {
    let account = ctx.account()?;
    let id = &input.access_key_id;
    let found = ctx.read(|tx| {
        let Some(key) = KEYS.get(tx, id)?.filter(|key| key.account == *account) else { return Ok(None) };
        let user = match &key.user {
            Some(user) => USERS.get(tx, &(account, user.as_str()))?,
            None => None,
        };
        Ok::<_, Fault>(Some((user, KEYS_USED.get(tx, id)?)))
    })?;
    let arn = match &found {
        Some((Some(user), _)) => user.base.arn(account, "user").to_string(),
        Some((None, _)) => format!("arn:aws:iam::{account}:root"),
        None => "*".to_owned(),
    };
    ctx.authorize(&[Need::new("iam:GetAccessKeyLastUsed", arn)]).map_err(|fault| denied(fault.message()))?;
    let (user, stored) = found.ok_or_else(|| missing(id))?;
    let shown = match iam.uses.key(id).or(stored) {
        Some(used) => t::AccessKeyLastUsed {
            last_used_date: Some(used.time),
            service_name: used.service,
            region: used.region,
        },
        None => t::AccessKeyLastUsed {
            last_used_date: None,
            service_name: "N/A".to_owned(),
            region: "N/A".to_owned(),
        },
    };
    Ok(t::GetAccessKeyLastUsedResponse {
        user_name: Some(user.map_or_else(|| ROOT.to_owned(), |user| user.base.name)),
        access_key_last_used: Some(shown),
    })
}
