//! SAML providers ("SAML 2.0 federation").

use std::collections::BTreeMap;
use std::time::Duration;

use mastic_api_iam::iam::types as t;
use mastic_core::{AccountId, Arn, Entropy, Fault, Timestamp};
use mastic_kernel::Ctx;
use mastic_store::{Keyspace, ReadTx, Record, StoreError};
use serde::{Deserialize, Serialize};

use super::named;
use crate::faults::{invalid_input, no_such, quota, validation};
use crate::page::Page;
use crate::saml::Metadata;
use crate::tags;

/// "IAM and AWS STS quotas".
const MOST_PROVIDERS: usize = 100;

/// How long a provider is good whose metadata does not say: a hundred years.
const GOOD_FOR: Duration = Duration::from_secs(100 * 365 * 24 * 60 * 60);

/// A SAML provider.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Provider {
    /// As it was given.
    pub(crate) metadata: String,
    pub(crate) uuid: String,
    pub(crate) created: Timestamp,
    pub(crate) valid_until: Timestamp,
    pub(crate) tags: BTreeMap<String, String>,
}

impl Record for Provider {
    const VERSION: u16 = 1;
}

/// Account and name.
const PROVIDERS: Keyspace<(AccountId, String), Provider> = Keyspace::new("iam.saml_provider");

pub(crate) fn arn(account: &AccountId, name: &str) -> Arn {
    Arn::new("iam", "", account.as_str(), &format!("saml-provider/{name}"))
}

/// The provider of this name.
pub(crate) fn get_at(
    tx: &ReadTx<'_>,
    account: &AccountId,
    name: &str,
) -> Result<Option<Provider>, StoreError> {
    PROVIDERS.get(tx, &(account, name))
}

pub(super) fn count(tx: &ReadTx<'_>, account: &AccountId) -> Result<u64, StoreError> {
    PROVIDERS.count(tx, PROVIDERS.prefix((account,)))
}

fn missing(arn: &str) -> Fault {
    no_such(format!("Manifest not found for arn {arn}"))
}

fn no_encryption<K>(
    mode: Option<&t::AssertionEncryptionModeType>,
    key: Option<&K>,
    removed: Option<&String>,
) -> Result<(), Fault> {
    if mode.is_some() || key.is_some() || removed.is_some() {
        return Err(validation(
            "Mastic does not decrypt assertions: leave AssertionEncryptionMode, AddPrivateKey and RemovePrivateKey out.",
        ));
    }
    Ok(())
}

fn read_metadata(document: &str) -> Result<Metadata, Fault> {
    Metadata::parse(document).map_err(|why| invalid_input(format!("Could not parse metadata: {why}")))
}

pub(super) async fn create(
    ctx: Ctx,
    input: t::CreateSAMLProviderRequest,
) -> Result<t::CreateSAMLProviderResponse, Fault> {
    no_encryption(input.assertion_encryption_mode.as_ref(), input.add_private_key.as_ref(), None)?;
    let metadata = read_metadata(&input.saml_metadata_document)?;
    let account = ctx.account()?.clone();
    let name = input.name;
    let provider = Provider {
        metadata: input.saml_metadata_document,
        uuid: uuid(ctx.entropy()),
        created: ctx.now(),
        valid_until: metadata.valid_until.unwrap_or_else(|| ctx.now().plus(GOOD_FOR)),
        tags: tags::read(input.tags.unwrap_or_default())?,
    };
    ctx.write(move |tx| {
        if count(tx, &account)? >= MOST_PROVIDERS as u64 {
            return Err(quota("SAMLProvidersPerAccount", MOST_PROVIDERS));
        }
        if !PROVIDERS.insert_new(tx, &(&account, name.as_str()), &provider)? {
            let text = format!("Provider with name {name} already exists.");
            return Err(Fault::sender("EntityAlreadyExists", text).with_status(409));
        }
        Ok(t::CreateSAMLProviderResponse {
            saml_provider_arn: Some(arn(&account, &name).to_string()),
            tags: tags::shown_if_any(&provider.tags),
        })
    })
    .await
}

fn uuid(entropy: &dyn Entropy) -> String {
    entropy.text(32, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789")
}

fn read(ctx: &Ctx, arn: &str) -> Result<Provider, Fault> {
    let (account, name) = named(arn, "saml-provider")?;
    ctx.read(|tx| get_at(tx, &account, &name))?.ok_or_else(|| missing(arn))
}

async fn change(
    ctx: &Ctx,
    arn: String,
    work: impl FnOnce(&mut Provider) -> Result<(), Fault> + Send + 'static,
) -> Result<(), Fault> {
    let (account, name) = named(&arn, "saml-provider")?;
    ctx.write(move |tx| {
        let mut provider = get_at(tx, &account, &name)?.ok_or_else(|| missing(&arn))?;
        work(&mut provider)?;
        Ok(PROVIDERS.put(tx, &(&account, name.as_str()), &provider)?)
    })
    .await
}

pub(super) async fn update(
    ctx: Ctx,
    input: t::UpdateSAMLProviderRequest,
) -> Result<t::UpdateSAMLProviderResponse, Fault> {
    no_encryption(
        input.assertion_encryption_mode.as_ref(),
        input.add_private_key.as_ref(),
        input.remove_private_key.as_ref(),
    )?;
    let document = input
        .saml_metadata_document
        .ok_or_else(|| validation("A SAMLMetadataDocument must be given: nothing else can change."))?;
    let metadata = read_metadata(&document)?;
    let arn = input.saml_provider_arn.clone();
    let now = ctx.now();
    change(&ctx, input.saml_provider_arn, move |provider| {
        provider.metadata = document;
        provider.valid_until = metadata.valid_until.unwrap_or_else(|| now.plus(GOOD_FOR));
        Ok(())
    })
    .await?;
    Ok(t::UpdateSAMLProviderResponse { saml_provider_arn: Some(arn) })
}

pub(super) async fn get(
    ctx: Ctx,
    input: t::GetSAMLProviderRequest,
) -> Result<t::GetSAMLProviderResponse, Fault> {
    let provider = read(&ctx, &input.saml_provider_arn)?;
    Ok(t::GetSAMLProviderResponse {
        saml_provider_uuid: Some(provider.uuid),
        tags: tags::shown_if_any(&provider.tags),
        saml_metadata_document: Some(provider.metadata),
        create_date: Some(provider.created),
        valid_until: Some(provider.valid_until),
        assertion_encryption_mode: None,
        private_key_list: None,
    })
}

pub(super) async fn list(
    ctx: Ctx,
    _: t::ListSAMLProvidersRequest,
) -> Result<t::ListSAMLProvidersResponse, Fault> {
    let account = ctx.account()?;
    let shown = ctx.read(|tx| {
        PROVIDERS
            .scan_prefix(tx, (account,))
            .map(|row| {
                let ((_, name), provider) = row?;
                Ok::<_, Fault>(t::SAMLProviderListEntry {
                    arn: Some(arn(account, &name).to_string()),
                    valid_until: Some(provider.valid_until),
                    create_date: Some(provider.created),
                })
            })
            .collect::<Result<Vec<_>, _>>()
    })?;
    Ok(t::ListSAMLProvidersResponse { saml_provider_list: Some(shown) })
}

pub(super) async fn delete(ctx: Ctx, input: t::DeleteSAMLProviderRequest) -> Result<(), Fault> {
    let (account, name) = named(&input.saml_provider_arn, "saml-provider")?;
    ctx.write(move |tx| {
        if PROVIDERS.delete(tx, &(&account, name.as_str()))? {
            return Ok(());
        }
        Err(missing(&input.saml_provider_arn))
    })
    .await
}

pub(super) async fn tag(ctx: Ctx, input: t::TagSAMLProviderRequest) -> Result<(), Fault> {
    let added = tags::read(input.tags)?;
    change(&ctx, input.saml_provider_arn, |provider| tags::merge(&mut provider.tags, added)).await
}

pub(super) async fn untag(ctx: Ctx, input: t::UntagSAMLProviderRequest) -> Result<(), Fault> {
    change(&ctx, input.saml_provider_arn, move |provider| {
        tags::remove(&mut provider.tags, &input.tag_keys);
        Ok(())
    })
    .await
}

pub(super) async fn list_tags(
    ctx: Ctx,
    input: t::ListSAMLProviderTagsRequest,
) -> Result<t::ListSAMLProviderTagsResponse, Fault> {
    let provider = read(&ctx, &input.saml_provider_arn)?;
    let page =
        Page::new(input.marker.as_deref(), input.max_items)?.take_in_order(tags::shown(&provider.tags))?;
    Ok(t::ListSAMLProviderTagsResponse {
        tags: page.items,
        is_truncated: page.truncated,
        marker: page.marker,
    })
}
