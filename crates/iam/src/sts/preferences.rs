//! Which tokens the global endpoint gives out.

use mastic_api_iam::iam::types as t;
use mastic_core::{AccountId, Fault};
use mastic_kernel::Ctx;
use mastic_store::{Keyspace, ReadTx, Record, StoreError};
use serde::{Deserialize, Serialize};

use crate::faults::validation;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Preferences {
    token_version: u8,
}

impl Record for Preferences {
    const VERSION: u16 = 1;
}

const PREFERENCES: Keyspace<AccountId, Preferences> = Keyspace::new("sts.preferences");

/// `GlobalEndpointTokenVersion` of `GetAccountSummary`: 1 where the account has not chosen. All of Mastic's tokens
/// are good in every region, as those of version 2.
pub(crate) fn token_version(tx: &ReadTx<'_>, account: &AccountId) -> Result<u8, StoreError> {
    Ok(PREFERENCES.get(tx, account)?.map_or(1, |preferences| preferences.token_version))
}

pub(super) async fn set(ctx: Ctx, input: t::SetSecurityTokenServicePreferencesRequest) -> Result<(), Fault> {
    let token_version = match input.global_endpoint_token_version {
        Some(t::GlobalEndpointTokenVersion::V1Token) => 1,
        Some(t::GlobalEndpointTokenVersion::V2Token) => 2,
        _ => return Err(validation("GlobalEndpointTokenVersion must be v1Token or v2Token.")),
    };
    let account = ctx.account()?.clone();
    ctx.write(move |tx| Ok(PREFERENCES.put(tx, &account, &Preferences { token_version })?)).await
}
