//! OpenID Connect providers ("OIDC federation").

use std::collections::BTreeMap;

use mastic_api_iam::iam::types as t;
use mastic_core::{AccountId, Arn, Fault, Timestamp};
use mastic_kernel::Ctx;
use mastic_store::{Keyspace, ReadTx, Record, StoreError};
use serde::{Deserialize, Serialize};

use super::named;
use crate::faults::{invalid_input, no_such, quota, validation};
use crate::page::Page;
use crate::tags;

/// What a provider may have at most ("IAM and AWS STS quotas").
const MOST_CLIENTS: usize = 100;
const MOST_THUMBPRINTS: usize = 5;
const MOST_PROVIDERS: usize = 100;

/// An OpenID Connect provider.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Provider {
    /// With its scheme.
    pub(crate) url: String,
    /// The audiences that tokens may be meant for.
    pub(crate) clients: Vec<String>,
    /// SHA-1 of the certificates that the issuer's may come from, in hexadecimal.
    pub(crate) thumbprints: Vec<String>,
    pub(crate) created: Timestamp,
    pub(crate) tags: BTreeMap<String, String>,
}

impl Record for Provider {
    const VERSION: u16 = 1;
}

/// Account, and the URL without its scheme.
const PROVIDERS: Keyspace<(AccountId, String), Provider> = Keyspace::new("iam.oidc_provider");

/// The URL as ARNs and condition keys carry it.
pub(crate) fn bare(url: &str) -> &str {
    url.split_once("://").map_or(url, |(_, rest)| rest).trim_end_matches('/')
}

pub(crate) fn arn(account: &AccountId, url: &str) -> Arn {
    Arn::new("iam", "", account.as_str(), &format!("oidc-provider/{}", bare(url)))
}

/// The provider of this URL.
pub(crate) fn get_at(
    tx: &ReadTx<'_>,
    account: &AccountId,
    url: &str,
) -> Result<Option<Provider>, StoreError> {
    PROVIDERS.get(tx, &(account, bare(url)))
}

pub(super) fn count(tx: &ReadTx<'_>, account: &AccountId) -> Result<u64, StoreError> {
    PROVIDERS.count(tx, PROVIDERS.prefix((account,)))
}

fn missing(arn: &str) -> Fault {
    no_such(format!("OpenIDConnect Provider not found for arn {arn}"))
}

/// A provider's URL is HTTPS and no more than host and path. One on this very machine may do without both TLS and the
/// standard port: AWS knows no such thing.
pub(crate) fn check_url(url: &str) -> Result<(), Fault> {
    let invalid = || validation("Invalid Open ID Connect Provider URL");
    let (scheme, rest) = url.split_once("://").ok_or_else(invalid)?;
    let host = rest.split('/').next().unwrap_or_default();
    let (name, port) = match host.rsplit_once(':') {
        Some((name, port)) => (name, Some(port)),
        None => (host, None),
    };
    let here = matches!(name, "localhost" | "127.0.0.1");
    let fits = match scheme {
        "https" => port.is_none() || here,
        "http" => here,
        _ => false,
    };
    let sound = !name.is_empty()
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'.' || b == b'-')
        && port.is_none_or(|port| port.parse::<u16>().is_ok())
        && !rest.contains(['?', '#', ' ', '@']);
    if fits && sound { Ok(()) } else { Err(invalid()) }
}

fn check_clients(clients: &[String]) -> Result<(), Fault> {
    if clients.len() > MOST_CLIENTS {
        return Err(quota("ClientIdsPerOpenIdConnectProvider", MOST_CLIENTS));
    }
    Ok(())
}

fn check_thumbprints(thumbprints: &[String]) -> Result<(), Fault> {
    if thumbprints.len() > MOST_THUMBPRINTS {
        return Err(invalid_input("Thumbprint list must contain fewer than 5 entries."));
    }
    if !thumbprints.iter().all(|print| print.bytes().all(|b| b.is_ascii_hexdigit())) {
        return Err(invalid_input("A thumbprint is 40 hexadecimal digits."));
    }
    Ok(())
}

pub(super) async fn create(
    ctx: Ctx,
    input: t::CreateOpenIDConnectProviderRequest,
) -> Result<t::CreateOpenIDConnectProviderResponse, Fault> {
    check_url(&input.url)?;
    let mut clients = input.client_id_list.unwrap_or_default();
    clients.dedup();
    check_clients(&clients)?;
    let thumbprints = input.thumbprint_list.unwrap_or_default();
    check_thumbprints(&thumbprints)?;
    let account = ctx.account()?.clone();
    let provider = Provider {
        url: input.url,
        clients,
        thumbprints,
        created: ctx.now(),
        tags: tags::read(input.tags.unwrap_or_default())?,
    };
    ctx.write(move |tx| {
        if count(tx, &account)? >= MOST_PROVIDERS as u64 {
            return Err(quota("OpenIdConnectProvidersPerAccount", MOST_PROVIDERS));
        }
        if !PROVIDERS.insert_new(tx, &(&account, bare(&provider.url)), &provider)? {
            let text = format!("Provider with url {} already exists.", provider.url);
            return Err(Fault::sender("EntityAlreadyExists", text).with_status(409));
        }
        Ok(t::CreateOpenIDConnectProviderResponse {
            open_id_connect_provider_arn: Some(arn(&account, &provider.url).to_string()),
            tags: tags::shown_if_any(&provider.tags),
        })
    })
    .await
}

fn read(ctx: &Ctx, arn: &str) -> Result<Provider, Fault> {
    let (account, url) = named(arn, "oidc-provider")?;
    ctx.read(|tx| get_at(tx, &account, &url))?.ok_or_else(|| missing(arn))
}

async fn change(
    ctx: &Ctx,
    arn: String,
    work: impl FnOnce(&mut Provider) -> Result<(), Fault> + Send + 'static,
) -> Result<(), Fault> {
    let (account, url) = named(&arn, "oidc-provider")?;
    ctx.write(move |tx| {
        let mut provider = get_at(tx, &account, &url)?.ok_or_else(|| missing(&arn))?;
        work(&mut provider)?;
        Ok(PROVIDERS.put(tx, &(&account, bare(&url)), &provider)?)
    })
    .await
}

pub(super) async fn get(
    ctx: Ctx,
    input: t::GetOpenIDConnectProviderRequest,
) -> Result<t::GetOpenIDConnectProviderResponse, Fault> {
    let provider = read(&ctx, &input.open_id_connect_provider_arn)?;
    Ok(t::GetOpenIDConnectProviderResponse {
        url: Some(bare(&provider.url).to_owned()),
        tags: tags::shown_if_any(&provider.tags),
        client_id_list: Some(provider.clients),
        thumbprint_list: Some(provider.thumbprints),
        create_date: Some(provider.created),
    })
}

pub(super) async fn list(
    ctx: Ctx,
    _: t::ListOpenIDConnectProvidersRequest,
) -> Result<t::ListOpenIDConnectProvidersResponse, Fault> {
    let account = ctx.account()?;
    let shown = ctx.read(|tx| {
        PROVIDERS
            .scan_prefix(tx, (account,))
            .map(|row| {
                let ((_, url), _) = row?;
                Ok::<_, Fault>(t::OpenIDConnectProviderListEntry {
                    arn: Some(arn(account, &url).to_string()),
                })
            })
            .collect::<Result<Vec<_>, _>>()
    })?;
    Ok(t::ListOpenIDConnectProvidersResponse { open_id_connect_provider_list: Some(shown) })
}

pub(super) async fn delete(ctx: Ctx, input: t::DeleteOpenIDConnectProviderRequest) -> Result<(), Fault> {
    let (account, url) = named(&input.open_id_connect_provider_arn, "oidc-provider")?;
    ctx.write(move |tx| {
        if PROVIDERS.delete(tx, &(&account, bare(&url)))? {
            return Ok(());
        }
        Err(missing(&input.open_id_connect_provider_arn))
    })
    .await
}

pub(super) async fn update_thumbprints(
    ctx: Ctx,
    input: t::UpdateOpenIDConnectProviderThumbprintRequest,
) -> Result<(), Fault> {
    check_thumbprints(&input.thumbprint_list)?;
    change(&ctx, input.open_id_connect_provider_arn, move |provider| {
        provider.thumbprints = input.thumbprint_list;
        Ok(())
    })
    .await
}

/// Adding one that is there already is no error.
pub(super) async fn add_client(
    ctx: Ctx,
    input: t::AddClientIDToOpenIDConnectProviderRequest,
) -> Result<(), Fault> {
    change(&ctx, input.open_id_connect_provider_arn, move |provider| {
        if !provider.clients.contains(&input.client_id) {
            provider.clients.push(input.client_id);
        }
        check_clients(&provider.clients)
    })
    .await
}

/// Removing one that is not there is no error either.
pub(super) async fn remove_client(
    ctx: Ctx,
    input: t::RemoveClientIDFromOpenIDConnectProviderRequest,
) -> Result<(), Fault> {
    change(&ctx, input.open_id_connect_provider_arn, move |provider| {
        provider.clients.retain(|client| *client != input.client_id);
        Ok(())
    })
    .await
}

pub(super) async fn tag(ctx: Ctx, input: t::TagOpenIDConnectProviderRequest) -> Result<(), Fault> {
    let added = tags::read(input.tags)?;
    change(&ctx, input.open_id_connect_provider_arn, |provider| tags::merge(&mut provider.tags, added)).await
}

pub(super) async fn untag(ctx: Ctx, input: t::UntagOpenIDConnectProviderRequest) -> Result<(), Fault> {
    change(&ctx, input.open_id_connect_provider_arn, move |provider| {
        tags::remove(&mut provider.tags, &input.tag_keys);
        Ok(())
    })
    .await
}

pub(super) async fn list_tags(
    ctx: Ctx,
    input: t::ListOpenIDConnectProviderTagsRequest,
) -> Result<t::ListOpenIDConnectProviderTagsResponse, Fault> {
    let provider = read(&ctx, &input.open_id_connect_provider_arn)?;
    let page =
        Page::new(input.marker.as_deref(), input.max_items)?.take_in_order(tags::shown(&provider.tags))?;
    Ok(t::ListOpenIDConnectProviderTagsResponse {
        tags: page.items,
        is_truncated: page.truncated,
        marker: page.marker,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_are_https_without_port_or_query() {
        for good in ["https://id.example.com", "https://id.example.com/a/b", "http://127.0.0.1:8080"] {
            assert!(check_url(good).is_ok(), "{good}");
        }
        for bad in [
            "id.example.com",
            "http://id.example.com",
            "https://id.example.com:8443",
            "https://id.example.com?a=b",
            "https://user@127.0.0.1:1",
            "https://",
            "http://127.0.0.1.example.com",
        ] {
            assert!(check_url(bad).is_err(), "{bad}");
        }
        assert_eq!(bare("https://id.example.com/a/"), "id.example.com/a");
    }
}
