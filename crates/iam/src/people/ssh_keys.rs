//! SSH public keys of users, for CodeCommit ("UploadSSHPublicKey" and its like in the IAM API Reference).

use mastic_api_iam::iam::types as t;
use mastic_core::{AccountId, Fault, Timestamp};
use mastic_kernel::Ctx;
use mastic_store::{ReadTx, Record};
use serde::{Deserialize, Serialize};

use super::owned::{self, Owned, read_status, shown_status};
use super::person::Person;
use super::rsa_key::RsaKey;
use crate::faults::{conflict, no_such, quota};
use crate::names;
use crate::page::Page;

/// Keys that a user may have ("IAM and AWS STS quotas").
const MOST: usize = 5;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct SshKey {
    /// As it was uploaded.
    body: String,
    fingerprint: String,
    active: bool,
    uploaded: Timestamp,
}

impl Record for SshKey {
    const VERSION: u16 = 1;
}

const KEYS: Owned<SshKey> = Owned::new("iam.ssh_key");

fn invalid() -> Fault {
    Fault::sender(
        "InvalidPublicKey",
        "The public key is malformed or otherwise invalid. It must be an RSA key of 2048 bits or more, in ssh-rsa or PEM \
         format.",
    )
}

fn missing(id: &str) -> Fault {
    no_such(format!("The Public Key with id {id} cannot be found."))
}

fn need(tx: &ReadTx<'_>, account: &AccountId, person: &Person, id: &str) -> Result<SshKey, Fault> {
    KEYS.get(tx, &(account, person.key.as_str(), id))?.ok_or_else(|| missing(id))
}

/// Refuses to delete a user who has a key.
pub(crate) fn check_deletable(tx: &ReadTx<'_>, account: &AccountId, person: &Person) -> Result<(), Fault> {
    if owned::any(KEYS, tx, account, person)? {
        return Err(conflict("Cannot delete entity, must remove referenced objects first."));
    }
    Ok(())
}

fn shown(person: Person, id: String, key: SshKey, body: String) -> t::SSHPublicKey {
    t::SSHPublicKey {
        user_name: person.name,
        ssh_public_key_id: id,
        fingerprint: key.fingerprint,
        ssh_public_key_body: body,
        status: shown_status(key.active),
        upload_date: Some(key.uploaded),
    }
}

pub(crate) async fn upload(
    ctx: Ctx,
    input: t::UploadSSHPublicKeyRequest,
) -> Result<t::UploadSSHPublicKeyResponse, Fault> {
    let account = ctx.account()?.clone();
    let parsed = RsaKey::parse(&input.ssh_public_key_body).ok_or_else(invalid)?;
    let id = names::access_key_id("APKA", ctx.entropy());
    let key = SshKey {
        body: input.ssh_public_key_body,
        fingerprint: parsed.fingerprint(),
        active: true,
        uploaded: ctx.now(),
    };
    ctx.write(move |tx| {
        let person = Person::named(tx, &account, &input.user_name)?;
        let present = owned::all(KEYS, tx, &account, &person)?;
        if present.iter().any(|(_, other)| other.fingerprint == key.fingerprint) {
            let text = "The SSH public key is already associated with the specified IAM user.";
            return Err(Fault::sender("DuplicateSSHPublicKey", text));
        }
        if present.len() >= MOST {
            return Err(quota("SSHPublicKeysPerUser", MOST));
        }
        KEYS.put(tx, &(&account, person.key.as_str(), id.as_str()), &key)?;
        let body = key.body.clone();
        Ok(t::UploadSSHPublicKeyResponse { ssh_public_key: Some(shown(person, id, key, body)) })
    })
    .await
}

pub(crate) async fn get(
    ctx: Ctx,
    input: t::GetSSHPublicKeyRequest,
) -> Result<t::GetSSHPublicKeyResponse, Fault> {
    let account = ctx.account()?;
    ctx.read(|tx| {
        let person = Person::named(tx, account, &input.user_name)?;
        let key = need(tx, account, &person, &input.ssh_public_key_id)?;
        let parsed = RsaKey::parse(&key.body).ok_or_else(invalid)?;
        let pem = key.body.trim_start().starts_with("-----BEGIN");
        let body = match input.encoding {
            Some(t::EncodingType::Ssh) if pem => parsed.line(),
            Some(t::EncodingType::Ssh) => key.body.clone(),
            Some(t::EncodingType::Pem) => parsed.pem(),
            _ => {
                let text = "The public key encoding format is unsupported or unrecognized.";
                return Err(Fault::sender("UnrecognizedPublicKeyEncoding", text));
            }
        };
        let shown = shown(person, input.ssh_public_key_id, key, body);
        Ok(t::GetSSHPublicKeyResponse { ssh_public_key: Some(shown) })
    })
}

pub(crate) async fn list(
    ctx: Ctx,
    input: t::ListSSHPublicKeysRequest,
) -> Result<t::ListSSHPublicKeysResponse, Fault> {
    let account = ctx.account()?;
    let page = Page::new(input.marker.as_deref(), input.max_items)?;
    ctx.read(|tx| {
        let person = Person::asked(tx, ctx.caller(), account, input.user_name.as_deref())?;
        let rows = owned::all(KEYS, tx, account, &person)?.into_iter().map(|(id, key)| {
            let shown = t::SSHPublicKeyMetadata {
                user_name: person.name.clone(),
                ssh_public_key_id: id.clone(),
                status: shown_status(key.active),
                upload_date: key.uploaded,
            };
            Ok((id, shown))
        });
        let listed = page.take(rows)?;
        Ok(t::ListSSHPublicKeysResponse {
            ssh_public_keys: Some(listed.items),
            is_truncated: listed.truncated,
            marker: listed.marker,
        })
    })
}

pub(crate) async fn update(ctx: Ctx, input: t::UpdateSSHPublicKeyRequest) -> Result<(), Fault> {
    let account = ctx.account()?.clone();
    let active = read_status(input.status.as_ref())?;
    ctx.write(move |tx| {
        let person = Person::named(tx, &account, &input.user_name)?;
        let id = input.ssh_public_key_id;
        let key = need(tx, &account, &person, &id)?;
        Ok(KEYS.put(tx, &(&account, person.key.as_str(), id.as_str()), &SshKey { active, ..key })?)
    })
    .await
}

pub(crate) async fn delete(ctx: Ctx, input: t::DeleteSSHPublicKeyRequest) -> Result<(), Fault> {
    let account = ctx.account()?.clone();
    ctx.write(move |tx| {
        let person = Person::named(tx, &account, &input.user_name)?;
        let id = input.ssh_public_key_id;
        if KEYS.delete(tx, &(&account, person.key.as_str(), id.as_str()))? {
            Ok(())
        } else {
            Err(missing(&id))
        }
    })
    .await
}
