//! Service-specific credentials: user names and passwords, or API keys, for one AWS service
//! ("CreateServiceSpecificCredential" and its like in the IAM API Reference). None of these services is Mastic's:
//! the credentials are kept, and nothing accepts them.

use std::time::Duration;

use mastic_api_iam::iam::{op, types as t};
use mastic_core::{AccountId, Entropy, Fault, Secret, Timestamp};
use mastic_kernel::{Access, Call, Ctx, Need};
use mastic_store::{ReadTx, Record};
use serde::{Deserialize, Serialize};

use super::owned::{self, Owned, read_status, shown_status};
use super::passwords::{self, Hashed};
use super::person::Person;
use crate::faults::{conflict, denied, no_such, quota, validation};
use crate::page::Page;
use crate::records::{USERS, User};
use crate::{access, names};

/// Credentials that a user may have for a service ("IAM and AWS STS quotas").
const MOST: usize = 2;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// A service, and what its API keys are called, if it has those in place of user names.
const SERVICES: [(&str, Option<&str>); 4] = [
    ("codecommit.amazonaws.com", None),
    ("cassandra.amazonaws.com", None),
    ("bedrock.amazonaws.com", Some("BedrockAPIKey")),
    ("logs.amazonaws.com", Some("CWLogsAPIKey")),
];

const SERVICE: &str = "iam:ServiceSpecificCredentialServiceName";

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Credential {
    service: String,
    /// The user name or, for an API key, its alias.
    login: String,
    password: Hashed,
    created: Timestamp,
    expires: Option<Timestamp>,
    active: bool,
}

impl Record for Credential {
    const VERSION: u16 = 1;
}

const CREDENTIALS: Owned<Credential> = Owned::new("iam.service_credential");

/// The name of the API keys of a service; none for a service with user names.
fn api_key(service: &str) -> Result<Option<&'static str>, Fault> {
    let known = SERVICES.iter().find(|(name, _)| *name == service);
    known.map(|(_, key)| *key).ok_or_else(|| {
        no_such(format!("No such service {service} is supported for Service Specific Credentials"))
    })
}

fn missing(id: &str) -> Fault {
    no_such(format!("No such credential {id} exists"))
}

/// Refuses to delete a user who has a credential.
pub(crate) fn check_deletable(tx: &ReadTx<'_>, account: &AccountId, person: &Person) -> Result<(), Fault> {
    if owned::any(CREDENTIALS, tx, account, person)? {
        return Err(conflict("Cannot delete entity, must remove referenced objects first."));
    }
    Ok(())
}

/// What `CreateServiceSpecificCredential` asks of its caller.
pub(crate) fn creating(
    call: &Call,
    input: &t::CreateServiceSpecificCredentialRequest,
) -> Result<Access, Fault> {
    let age = input.credential_age_days.map(|days| days.to_string());
    let access = access::on::<op::CreateServiceSpecificCredential>(call, "user", &input.user_name)?;
    Ok(with(access, |mut need| {
        if let Some(age) = &age {
            need = need.with("iam:ServiceSpecificCredentialAgeDays", [age]);
        }
        need.with(SERVICE, [&input.service_name])
    }))
}

/// What `ListServiceSpecificCredentials` asks of its caller.
pub(crate) fn listing(
    call: &Call,
    input: &t::ListServiceSpecificCredentialsRequest,
) -> Result<Access, Fault> {
    let everybody = "*".to_owned();
    let name = if input.all_users == Some(true) { Some(&everybody) } else { input.user_name.as_ref() };
    access::on_user::<op::ListServiceSpecificCredentials>(call, name)
}

fn with(access: Access, change: impl Fn(Need) -> Need) -> Access {
    match access {
        Access::All(needs) => Access::All(needs.into_iter().map(change).collect()),
        other => other,
    }
}

/// Finds a credential, and asks whether the caller may do this to it.
fn admitted(ctx: &Ctx, action: &str, name: Option<&str>, id: &str) -> Result<(Person, Credential), Fault> {
    let account = ctx.account()?;
    let found = ctx.read(|tx| {
        let person = match Person::asked(tx, ctx.caller(), account, name) {
            Ok(person) => person,
            Err(fault) if fault.code() == "NoSuchEntity" => return Ok(Err(fault)),
            Err(fault) => return Err(fault),
        };
        let credential = CREDENTIALS.get(tx, &(account, person.key.as_str(), id))?;
        Ok(credential.map(|credential| (person, credential)).ok_or_else(|| missing(id)))
    })?;
    let user = match name {
        Some(name) => names::arn(account, "user", "/", name).to_string(),
        None => ctx.caller().arn(),
    };
    let mut need = Need::new(action, user);
    if let Ok((_, credential)) = &found {
        need = need.with(SERVICE, [&credential.service]);
    }
    ctx.authorize(&[need]).map_err(|fault| denied(fault.message()))?;
    found
}

/// 59 letters and, as AWS has it, an equals sign.
fn password(entropy: &dyn Entropy) -> String {
    const LETTERS: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    format!("{}=", entropy.text(59, LETTERS))
}

fn status(credential: &Credential, now: Timestamp) -> Option<t::StatusType> {
    if credential.expires.is_some_and(|end| end <= now) {
        return Some(t::StatusType::Expired);
    }
    shown_status(credential.active)
}

fn shown(
    person: Person,
    id: String,
    credential: &Credential,
    secret: Secret<String>,
    now: Timestamp,
) -> Result<t::ServiceSpecificCredential, Fault> {
    let key = api_key(&credential.service)?.is_some();
    let login = Some(credential.login.clone());
    Ok(t::ServiceSpecificCredential {
        create_date: credential.created,
        expiration_date: credential.expires,
        service_name: credential.service.clone(),
        service_user_name: login.clone().filter(|_| !key),
        service_password: Some(secret.clone()).filter(|_| !key),
        service_credential_alias: login.filter(|_| key),
        service_credential_secret: Some(secret).filter(|_| key),
        service_specific_credential_id: id,
        user_name: person.name,
        status: status(credential, now),
    })
}

/// A fresh secret of a service, and what is stored of it.
async fn secret(ctx: &Ctx, service: &str) -> Result<(Secret<String>, Hashed), Fault> {
    let text = password(ctx.entropy());
    let secret = Secret::new(if api_key(service)?.is_some() { format!("ABSK{text}") } else { text });
    let hashed = passwords::hash(secret.clone(), ctx.entropy()).await?;
    Ok((secret, hashed))
}

pub(crate) async fn create(
    ctx: Ctx,
    input: t::CreateServiceSpecificCredentialRequest,
) -> Result<t::CreateServiceSpecificCredentialResponse, Fault> {
    let (account, now) = (ctx.account()?.clone(), ctx.now());
    ctx.read(|tx| Person::named(tx, &account, &input.user_name))?;
    let key = api_key(&input.service_name)?;
    if input.credential_age_days.is_some() && key.is_none() {
        return Err(validation(
            "CredentialAgeDays is valid for Amazon Bedrock and CloudWatch Logs API keys only.",
        ));
    }
    let expires =
        input.credential_age_days.and_then(|days| u32::try_from(days).ok()).map(|days| now.plus(DAY * days));
    let id = names::unique_id("ACCA", ctx.entropy());
    let suffix = ctx.entropy().text(4, "abcdefghijklmnopqrstuvwxyz0123456789");
    let (secret, password) = secret(&ctx, &input.service_name).await?;
    let credential = ctx
        .write({
            let id = id.clone();
            move |tx| {
                let person = Person::named(tx, &account, &input.user_name)?;
                let mut present = owned::all(CREDENTIALS, tx, &account, &person)?;
                present.retain(|(_, other)| other.service == input.service_name);
                if present.len() >= MOST {
                    return Err(quota("ServiceSpecificCredentialsPerUser", MOST));
                }
                let stem = key.map_or_else(|| person.name.clone(), |key| format!("{key}-{suffix}"));
                let first = format!("{stem}-at-{account}");
                let second = format!("{stem}+1-at-{account}");
                let login =
                    if present.iter().any(|(_, other)| other.login == first) { second } else { first };
                let service = input.service_name;
                let credential = Credential { service, login, password, created: now, expires, active: true };
                CREDENTIALS.put(tx, &(&account, person.key.as_str(), id.as_str()), &credential)?;
                Ok::<_, Fault>((person, credential))
            }
        })
        .await?;
    let (person, credential) = credential;
    let shown = shown(person, id, &credential, secret, now)?;
    Ok(t::CreateServiceSpecificCredentialResponse { service_specific_credential: Some(shown) })
}

pub(crate) async fn list(
    ctx: Ctx,
    input: t::ListServiceSpecificCredentialsRequest,
) -> Result<t::ListServiceSpecificCredentialsResponse, Fault> {
    let (account, now) = (ctx.account()?, ctx.now());
    let everybody = input.all_users == Some(true);
    if everybody && input.user_name.is_some() {
        return Err(validation("AllUsers cannot be specified together with UserName."));
    }
    if let Some(service) = &input.service_name {
        api_key(service)?;
    }
    let page = Page::new(input.marker.as_deref(), input.max_items)?;
    let listed = ctx.read(|tx| {
        let people = if everybody {
            let users = USERS.scan_prefix(tx, (account,));
            users
                .map(|row| row.map(|(_, user): (_, User)| Person::of(&user.base)))
                .collect::<Result<_, _>>()?
        } else {
            vec![Person::asked(tx, ctx.caller(), account, input.user_name.as_deref())?]
        };
        let mut rows = Vec::new();
        for person in people {
            for (id, credential) in owned::all(CREDENTIALS, tx, account, &person)? {
                if input.service_name.as_ref().is_none_or(|service| *service == credential.service) {
                    rows.push((id.clone(), metadata(&person, id, credential, now)?));
                }
            }
        }
        rows.sort_by(|(one, _), (other, _)| one.cmp(other));
        page.take(rows.into_iter().map(Ok))
    })?;
    Ok(t::ListServiceSpecificCredentialsResponse {
        service_specific_credentials: Some(listed.items),
        marker: listed.marker,
        is_truncated: listed.truncated,
    })
}

fn metadata(
    person: &Person,
    id: String,
    credential: Credential,
    now: Timestamp,
) -> Result<t::ServiceSpecificCredentialMetadata, Fault> {
    let key = api_key(&credential.service)?.is_some();
    let status = status(&credential, now);
    let login = Some(credential.login);
    Ok(t::ServiceSpecificCredentialMetadata {
        user_name: person.name.clone(),
        status,
        service_user_name: login.clone().filter(|_| !key),
        service_credential_alias: login.filter(|_| key),
        create_date: credential.created,
        expiration_date: credential.expires,
        service_specific_credential_id: id,
        service_name: credential.service,
    })
}

pub(crate) async fn reset(
    ctx: Ctx,
    input: t::ResetServiceSpecificCredentialRequest,
) -> Result<t::ResetServiceSpecificCredentialResponse, Fault> {
    let (account, now) = (ctx.account()?.clone(), ctx.now());
    let id = input.service_specific_credential_id;
    let (person, old) =
        admitted(&ctx, "iam:ResetServiceSpecificCredential", input.user_name.as_deref(), &id)?;
    let (secret, password) = secret(&ctx, &old.service).await?;
    let credential =
        change(&ctx, account, &person, &id, move |credential| credential.password = password).await?;
    let shown = shown(person, id, &credential, secret, now)?;
    Ok(t::ResetServiceSpecificCredentialResponse { service_specific_credential: Some(shown) })
}

async fn change(
    ctx: &Ctx,
    account: AccountId,
    person: &Person,
    id: &str,
    work: impl FnOnce(&mut Credential) + Send + 'static,
) -> Result<Credential, Fault> {
    let (owner, id) = (person.key.clone(), id.to_owned());
    ctx.write(move |tx| {
        let key = (&account, owner.as_str(), id.as_str());
        let mut credential = CREDENTIALS.get(tx, &key)?.ok_or_else(|| missing(&id))?;
        work(&mut credential);
        CREDENTIALS.put(tx, &key, &credential)?;
        Ok(credential)
    })
    .await
}

pub(crate) async fn update(ctx: Ctx, input: t::UpdateServiceSpecificCredentialRequest) -> Result<(), Fault> {
    let account = ctx.account()?.clone();
    let id = input.service_specific_credential_id;
    let (person, _) = admitted(&ctx, "iam:UpdateServiceSpecificCredential", input.user_name.as_deref(), &id)?;
    let active = read_status(input.status.as_ref())?;
    change(&ctx, account, &person, &id, move |credential| credential.active = active).await.map(drop)
}

pub(crate) async fn delete(ctx: Ctx, input: t::DeleteServiceSpecificCredentialRequest) -> Result<(), Fault> {
    let account = ctx.account()?.clone();
    let id = input.service_specific_credential_id;
    let (person, _) = admitted(&ctx, "iam:DeleteServiceSpecificCredential", input.user_name.as_deref(), &id)?;
    ctx.write(move |tx| {
        let gone = CREDENTIALS.delete(tx, &(&account, person.key.as_str(), id.as_str()))?;
        if gone { Ok(()) } else { Err(missing(&id)) }
    })
    .await
}
