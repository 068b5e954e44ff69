//! Server certificates ("Manage server certificates in IAM").

use std::collections::BTreeMap;

use mastic_api_iam::iam::types as t;
use mastic_core::{AccountId, Fault, Timestamp};
use mastic_kernel::{Ctx, Need};
use mastic_store::{Keyspace, ReadTx, Record, StoreError};
use serde::{Deserialize, Serialize};

use super::x509;
use crate::faults::{denied, no_such, quota};
use crate::names::{self, folded};
use crate::page::Page;
use crate::principals::Target;
use crate::sealed::Sealed;
use crate::tags;

/// The resource in ARNs.
pub(crate) const KIND: &str = "server-certificate";

/// Certificates that an account may have ("IAM and AWS STS quotas").
pub(crate) const MOST: usize = 20;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct ServerCertificate {
    name: String,
    path: String,
    id: String,
    body: String,
    chain: Option<String>,
    /// Nothing shows it again.
    private_key: Sealed,
    uploaded: Timestamp,
    expires: Timestamp,
    tags: BTreeMap<String, String>,
}

impl Record for ServerCertificate {
    const VERSION: u16 = 1;
}

/// Account and the name in lower case.
const CERTIFICATES: Keyspace<(AccountId, String), ServerCertificate> =
    Keyspace::new("iam.server_certificate");

fn place(id: &str) -> String {
    format!("{}/{id}/key", CERTIFICATES.name())
}

fn need(tx: &ReadTx<'_>, account: &AccountId, name: &str) -> Result<ServerCertificate, Fault> {
    let found = CERTIFICATES.get(tx, &(account, folded(name)))?.filter(|found| found.name == name);
    found.ok_or_else(|| no_such(format!("The Server Certificate with name {name} cannot be found.")))
}

fn exists(name: &str) -> Fault {
    let text = format!("The Server Certificate with name {name} already exists.");
    Fault::sender("EntityAlreadyExists", text).with_status(409)
}

/// How many the account has.
pub(crate) fn count(tx: &ReadTx<'_>, account: &AccountId) -> Result<u64, StoreError> {
    CERTIFICATES.count(tx, CERTIFICATES.prefix((account,)))
}

/// The certificate of this name, for decisions.
pub(crate) fn target(tx: &ReadTx<'_>, account: &AccountId, name: &str) -> Result<Option<Target>, StoreError> {
    let found = CERTIFICATES.get(tx, &(account, folded(name)))?.filter(|found| found.name == name);
    Ok(found.map(|found| Target {
        arn: names::arn(account, KIND, &found.path, &found.name).to_string(),
        tags: found.tags,
        boundary: None,
    }))
}

fn shown(account: &AccountId, certificate: &ServerCertificate) -> t::ServerCertificateMetadata {
    t::ServerCertificateMetadata {
        path: certificate.path.clone(),
        server_certificate_name: certificate.name.clone(),
        server_certificate_id: certificate.id.clone(),
        arn: names::arn(account, KIND, &certificate.path, &certificate.name).to_string(),
        upload_date: Some(certificate.uploaded),
        expiration: Some(certificate.expires),
    }
}

pub(crate) async fn upload(
    ctx: Ctx,
    input: t::UploadServerCertificateRequest,
) -> Result<t::UploadServerCertificateResponse, Fault> {
    let account = ctx.account()?.clone();
    let parsed = x509::certificate(&input.certificate_body)?;
    x509::check_key(&parsed, input.private_key.reveal())?;
    if let Some(chain) = &input.certificate_chain {
        x509::check_chain(&parsed, chain)?;
    }
    let id = names::unique_id("ASCA", ctx.entropy());
    let certificate = ServerCertificate {
        name: input.server_certificate_name,
        path: input.path.unwrap_or_else(|| "/".to_owned()),
        private_key: Sealed::new(ctx.kernel(), &place(&id), &input.private_key),
        id,
        body: input.certificate_body.trim().to_owned(),
        chain: input.certificate_chain.map(|chain| chain.trim().to_owned()),
        uploaded: ctx.now(),
        expires: parsed.expires,
        tags: tags::read(input.tags.unwrap_or_default())?,
    };
    ctx.write(move |tx| {
        if usize::try_from(count(tx, &account)?).unwrap_or(usize::MAX) >= MOST {
            return Err(quota("ServerCertificatesPerAccount", MOST));
        }
        if !CERTIFICATES.insert_new(tx, &(&account, folded(&certificate.name)), &certificate)? {
            return Err(exists(&certificate.name));
        }
        Ok(t::UploadServerCertificateResponse {
            server_certificate_metadata: Some(shown(&account, &certificate)),
            tags: tags::shown_if_any(&certificate.tags),
        })
    })
    .await
}

pub(crate) async fn get(
    ctx: Ctx,
    input: t::GetServerCertificateRequest,
) -> Result<t::GetServerCertificateResponse, Fault> {
    let account = ctx.account()?;
    let found = ctx.read(|tx| need(tx, account, &input.server_certificate_name))?;
    Ok(t::GetServerCertificateResponse {
        server_certificate: t::ServerCertificate {
            server_certificate_metadata: shown(account, &found),
            certificate_body: found.body,
            certificate_chain: found.chain,
            tags: tags::shown_if_any(&found.tags),
        },
    })
}

pub(crate) async fn list(
    ctx: Ctx,
    input: t::ListServerCertificatesRequest,
) -> Result<t::ListServerCertificatesResponse, Fault> {
    let account = ctx.account()?;
    let page = Page::new(input.marker.as_deref(), input.max_items)?;
    let prefix = input.path_prefix.as_deref().unwrap_or("/");
    let listed = ctx.read(|tx| {
        let rows = CERTIFICATES.scan_prefix(tx, (account,)).map(|row| row.map_err(Fault::from));
        let rows = rows
            .filter(|row| row.as_ref().map_or(true, |(_, found)| found.path.starts_with(prefix)))
            .map(|row| row.map(|((_, key), found)| (key, shown(account, &found))));
        page.take(rows)
    })?;
    Ok(t::ListServerCertificatesResponse {
        server_certificate_metadata_list: listed.items,
        is_truncated: listed.truncated,
        marker: listed.marker,
    })
}

pub(crate) async fn update(ctx: Ctx, input: t::UpdateServerCertificateRequest) -> Result<(), Fault> {
    let account = ctx.account()?.clone();
    let old = ctx.read(|tx| need(tx, &account, &input.server_certificate_name))?;
    let path = input.new_path.unwrap_or(old.path);
    let name = input.new_server_certificate_name.unwrap_or(old.name);
    // As with users, AWS asks for what it becomes as well as for what it is.
    let target = names::arn(&account, KIND, &path, &name);
    let wanted = Need::new("iam:UpdateServerCertificate", target.as_str()).owned_by(account.clone());
    ctx.authorize(&[wanted]).map_err(|fault| denied(fault.message()))?;
    ctx.write(move |tx| {
        let old = need(tx, &account, &input.server_certificate_name)?;
        let (from, to) = (folded(&old.name), folded(&name));
        if from != to && CERTIFICATES.contains(tx, &(&account, to.as_str()))? {
            return Err(exists(&name));
        }
        CERTIFICATES.delete(tx, &(&account, from))?;
        Ok(CERTIFICATES.put(tx, &(&account, to), &ServerCertificate { name, path, ..old })?)
    })
    .await
}

pub(crate) async fn delete(ctx: Ctx, input: t::DeleteServerCertificateRequest) -> Result<(), Fault> {
    let account = ctx.account()?.clone();
    ctx.write(move |tx| {
        let found = need(tx, &account, &input.server_certificate_name)?;
        CERTIFICATES.delete(tx, &(&account, folded(&found.name)))?;
        Ok(())
    })
    .await
}

async fn change(
    ctx: Ctx,
    name: String,
    work: impl FnOnce(&mut BTreeMap<String, String>) -> Result<(), Fault> + Send + 'static,
) -> Result<(), Fault> {
    let account = ctx.account()?.clone();
    ctx.write(move |tx| {
        let mut found = need(tx, &account, &name)?;
        work(&mut found.tags)?;
        Ok(CERTIFICATES.put(tx, &(&account, folded(&name)), &found)?)
    })
    .await
}

pub(crate) async fn tag(ctx: Ctx, input: t::TagServerCertificateRequest) -> Result<(), Fault> {
    let added = tags::read(input.tags)?;
    change(ctx, input.server_certificate_name, |tags| tags::merge(tags, added)).await
}

pub(crate) async fn untag(ctx: Ctx, input: t::UntagServerCertificateRequest) -> Result<(), Fault> {
    change(ctx, input.server_certificate_name, move |tags| {
        tags::remove(tags, &input.tag_keys);
        Ok(())
    })
    .await
}

pub(crate) async fn list_tags(
    ctx: Ctx,
    input: t::ListServerCertificateTagsRequest,
) -> Result<t::ListServerCertificateTagsResponse, Fault> {
    let account = ctx.account()?;
    let found = ctx.read(|tx| need(tx, account, &input.server_certificate_name))?;
    let page =
        Page::new(input.marker.as_deref(), input.max_items)?.take_in_order(tags::shown(&found.tags))?;
    Ok(t::ListServerCertificateTagsResponse {
        tags: page.items,
        is_truncated: page.truncated,
        marker: page.marker,
    })
}
