//! Names of accounts ("Creating, deleting, and listing an AWS account alias"): one for an account, and no
//! other account of this server has the same.

use mastic_api_iam::iam::types as t;
use mastic_core::{AccountId, Fault};
use mastic_kernel::Ctx;
use mastic_store::{Keyspace, ReadTx, Record, StoreError};
use serde::{Deserialize, Serialize};

use crate::faults::{no_such, validation};
use crate::page::Page;

#[derive(Debug, Serialize, Deserialize)]
struct Alias {
    alias: String,
}

#[derive(Debug, Serialize, Deserialize)]
struct Holder {
    account: AccountId,
}

impl Record for Alias {
    const VERSION: u16 = 1;
}

impl Record for Holder {
    const VERSION: u16 = 1;
}

const ALIASES: Keyspace<AccountId, Alias> = Keyspace::new("iam.alias");
const HOLDERS: Keyspace<String, Holder> = Keyspace::new("iam.alias_holder");

/// The account of an alias.
pub(crate) fn account(tx: &ReadTx<'_>, alias: &str) -> Result<Option<AccountId>, StoreError> {
    Ok(HOLDERS.get(tx, alias)?.map(|holder| holder.account))
}

pub(crate) async fn create(ctx: Ctx, input: t::CreateAccountAliasRequest) -> Result<(), Fault> {
    let account = ctx.account()?.clone();
    let alias = input.account_alias;
    let letter = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let ends = [alias.bytes().next(), alias.bytes().last()];
    if !ends.into_iter().all(|end| end.is_some_and(letter))
        || !alias.bytes().all(|byte| letter(byte) || byte == b'-')
        || alias.contains("--")
    {
        return Err(validation(format!(
            "1 validation error detected: Value '{alias}' at 'accountAlias' failed to satisfy constraint: Member must \
             satisfy regular expression pattern: ^[a-z0-9]([a-z0-9]|-(?!-)){{1,61}}[a-z0-9]$"
        )));
    }
    if alias.len() == 12 && alias.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(validation("An account alias cannot look like an account id."));
    }
    ctx.write(move |tx| {
        if !HOLDERS.insert_new(tx, alias.as_str(), &Holder { account: account.clone() })? {
            let text = format!("The account alias {alias} already exists.");
            return Err(Fault::sender("EntityAlreadyExists", text).with_status(409));
        }
        if let Some(old) = ALIASES.get(tx, &account)? {
            HOLDERS.delete(tx, old.alias.as_str())?;
        }
        Ok(ALIASES.put(tx, &account, &Alias { alias })?)
    })
    .await
}

pub(crate) async fn delete(ctx: Ctx, input: t::DeleteAccountAliasRequest) -> Result<(), Fault> {
    let account = ctx.account()?.clone();
    ctx.write(move |tx| {
        let alias = input.account_alias;
        if ALIASES.get(tx, &account)?.is_none_or(|own| own.alias != alias) {
            return Err(no_such(format!("The account alias {alias} cannot be found.")));
        }
        ALIASES.delete(tx, &account)?;
        HOLDERS.delete(tx, alias.as_str())?;
        Ok(())
    })
    .await
}

pub(crate) async fn list(
    ctx: Ctx,
    input: t::ListAccountAliasesRequest,
) -> Result<t::ListAccountAliasesResponse, Fault> {
    let account = ctx.account()?;
    let alias = ctx.read(|tx| ALIASES.get(tx, account))?.map(|own| own.alias);
    let page = Page::new(input.marker.as_deref(), input.max_items)?.take_in_order(alias)?;
    Ok(t::ListAccountAliasesResponse {
        account_aliases: page.items,
        is_truncated: page.truncated,
        marker: page.marker,
    })
}
