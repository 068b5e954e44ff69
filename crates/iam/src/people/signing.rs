//! X.509 signing certificates of users and of the root user ("UploadSigningCertificate" and its like in the IAM
//! API Reference).

use mastic_api_iam::iam::types as t;
use mastic_core::{AccountId, Fault, Timestamp};
use mastic_kernel::Ctx;
use mastic_store::{ReadTx, Record, StoreError};
use serde::{Deserialize, Serialize};

use super::owned::{self, Owned, read_status, shown_status};
use super::person::Person;
use super::x509;
use crate::faults::{conflict, no_such, quota};
use crate::names;
use crate::page::Page;

/// Certificates that a person may have ("IAM and AWS STS quotas").
const MOST: usize = 2;

/// Letters of an id.
const ID: usize = 32;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Signing {
    body: String,
    pub(crate) active: bool,
    pub(crate) uploaded: Timestamp,
}

impl Record for Signing {
    const VERSION: u16 = 1;
}

const CERTIFICATES: Owned<Signing> = Owned::new("iam.signing_certificate");

fn missing(id: &str) -> Fault {
    no_such(format!("The Certificate with id {id} cannot be found."))
}

/// The person's certificates, oldest first.
pub(crate) fn of(
    tx: &ReadTx<'_>,
    account: &AccountId,
    person: &Person,
) -> Result<Vec<(String, Signing)>, StoreError> {
    let mut found = owned::all(CERTIFICATES, tx, account, person)?;
    found.sort_by_key(|(_, certificate)| certificate.uploaded);
    Ok(found)
}

/// Refuses to delete a user who has a certificate.
pub(crate) fn check_deletable(tx: &ReadTx<'_>, account: &AccountId, person: &Person) -> Result<(), Fault> {
    if owned::any(CERTIFICATES, tx, account, person)? {
        return Err(conflict("Cannot delete entity, must delete certificates first."));
    }
    Ok(())
}

fn shown(name: String, id: String, certificate: Signing) -> t::SigningCertificate {
    t::SigningCertificate {
        user_name: name,
        certificate_id: id,
        certificate_body: certificate.body,
        status: shown_status(certificate.active),
        upload_date: Some(certificate.uploaded),
    }
}

pub(crate) async fn upload(
    ctx: Ctx,
    input: t::UploadSigningCertificateRequest,
) -> Result<t::UploadSigningCertificateResponse, Fault> {
    let (account, caller) = (ctx.account()?.clone(), ctx.caller().clone());
    let parsed = x509::certificate(&input.certificate_body)?;
    let id = names::base32(ID, ctx.entropy());
    let certificate = Signing { body: input.certificate_body, active: true, uploaded: ctx.now() };
    ctx.write(move |tx| {
        let person = Person::asked(tx, &caller, &account, input.user_name.as_deref())?;
        let present = owned::all(CERTIFICATES, tx, &account, &person)?;
        if present.iter().any(|(_, other)| x509::certificate(&other.body).is_ok_and(|other| other == parsed))
        {
            let text = "The same certificate is associated with an IAM user in the account.";
            return Err(Fault::sender("DuplicateCertificate", text).with_status(409));
        }
        if present.len() >= MOST {
            return Err(quota("CertificatesPerUser", MOST));
        }
        CERTIFICATES.put(tx, &(&account, person.key.as_str(), id.as_str()), &certificate)?;
        Ok(t::UploadSigningCertificateResponse { certificate: shown(person.name, id, certificate) })
    })
    .await
}

pub(crate) async fn list(
    ctx: Ctx,
    input: t::ListSigningCertificatesRequest,
) -> Result<t::ListSigningCertificatesResponse, Fault> {
    let account = ctx.account()?;
    let page = Page::new(input.marker.as_deref(), input.max_items)?;
    ctx.read(|tx| {
        let person = Person::asked(tx, ctx.caller(), account, input.user_name.as_deref())?;
        let rows = owned::all(CERTIFICATES, tx, account, &person)?
            .into_iter()
            .map(|(id, certificate)| Ok((id.clone(), shown(person.name.clone(), id, certificate))));
        let listed = page.take(rows)?;
        Ok(t::ListSigningCertificatesResponse {
            certificates: listed.items,
            is_truncated: listed.truncated,
            marker: listed.marker,
        })
    })
}

pub(crate) async fn update(ctx: Ctx, input: t::UpdateSigningCertificateRequest) -> Result<(), Fault> {
    let (account, caller) = (ctx.account()?.clone(), ctx.caller().clone());
    let active = read_status(input.status.as_ref())?;
    ctx.write(move |tx| {
        let person = Person::asked(tx, &caller, &account, input.user_name.as_deref())?;
        let key = (&account, person.key.as_str(), input.certificate_id.as_str());
        let old = CERTIFICATES.get(tx, &key)?.ok_or_else(|| missing(&input.certificate_id))?;
        Ok(CERTIFICATES.put(tx, &key, &Signing { active, ..old })?)
    })
    .await
}

pub(crate) async fn delete(ctx: Ctx, input: t::DeleteSigningCertificateRequest) -> Result<(), Fault> {
    let (account, caller) = (ctx.account()?.clone(), ctx.caller().clone());
    ctx.write(move |tx| {
        let person = Person::asked(tx, &caller, &account, input.user_name.as_deref())?;
        let id = input.certificate_id;
        let gone = CERTIFICATES.delete(tx, &(&account, person.key.as_str(), id.as_str()))?;
        if gone { Ok(()) } else { Err(missing(&id)) }
    })
    .await
}
