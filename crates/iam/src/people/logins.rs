//! Passwords of users and of the root user: login profiles and `ChangePassword`.

use mastic_api_iam::iam::types as t;
use mastic_core::{AccountId, Fault, Secret, Timestamp};
use mastic_kernel::{Ctx, Identity, Need};
use mastic_store::{Keyspace, ReadTx, Record, StoreError, WriteTx};
use serde::{Deserialize, Serialize};

use super::guesses::Guard;
use super::password_policy::{self as policy, granted_or, used_before};
use super::passwords::{self, Hashed};
use super::person::Person;
use crate::faults::{conflict, denied, no_entity, no_such, validation};
use crate::records::{Entity as _, User};

/// Passwords that are remembered: as many as a policy may forbid to use again.
const REMEMBERED: usize = 24;

/// Wrong old passwords before further ones have to wait.
const FREE_GUESSES: u32 = 5;

/// How somebody signs in.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Login {
    pub(crate) created: Timestamp,
    pub(crate) password: Hashed,
    pub(crate) changed: Timestamp,
    /// Whether the next sign-in has to bring a new password.
    pub(crate) reset: bool,
    /// Passwords before this one, newest first.
    former: Vec<Hashed>,
    pub(crate) used: Option<Timestamp>,
}

impl Record for Login {
    const VERSION: u16 = 1;
}

/// Account and [`Person::key`].
const LOGINS: Keyspace<(AccountId, String), Login> = Keyspace::new("iam.login");

/// How the person signs in, if at all.
pub(crate) fn find(
    tx: &ReadTx<'_>,
    account: &AccountId,
    person: &Person,
) -> Result<Option<Login>, StoreError> {
    LOGINS.get(tx, &(account, person.key.as_str()))
}

/// When the person last signed in.
pub(crate) fn last_used(
    tx: &ReadTx<'_>,
    account: &AccountId,
    key: &str,
) -> Result<Option<Timestamp>, StoreError> {
    Ok(LOGINS.get(tx, &(account, key))?.and_then(|login| login.used))
}

/// Refuses to delete a user who has a password.
pub(crate) fn check_deletable(tx: &ReadTx<'_>, account: &AccountId, person: &Person) -> Result<(), Fault> {
    match find(tx, account, person)? {
        Some(_) => Err(conflict("Cannot delete entity, must delete login profile first.")),
        None => Ok(()),
    }
}

fn missing(person: &Person) -> Fault {
    no_such(format!("Login Profile for User {} cannot be found.", person.name))
}

fn shown(person: Person, login: &Login) -> t::LoginProfile {
    t::LoginProfile {
        user_name: person.name,
        create_date: login.created,
        password_reset_required: Some(login.reset),
    }
}

/// Changes a login that is still as it was read: hashing takes long enough for others to come between.
pub(crate) fn replace(
    tx: &mut WriteTx<'_>,
    account: &AccountId,
    person: &Person,
    old: &Login,
    new: &Login,
) -> Result<(), Fault> {
    let now = find(tx, account, person)?.ok_or_else(|| missing(person))?;
    if now.password != old.password {
        let text =
            format!("Login Profile for User {} cannot be modified while it is being changed.", person.name);
        return Err(Fault::sender("EntityTemporarilyUnmodifiable", text).with_status(409));
    }
    Ok(LOGINS.put(tx, &(account, person.key.as_str()), new)?)
}

impl Login {
    /// With another password, which the account's policy must take.
    ///
    /// # Errors
    /// AWS's `PasswordPolicyViolation`.
    pub(crate) async fn with_password(
        &self,
        ctx: &Ctx,
        account: &AccountId,
        person: &Person,
        password: Secret<String>,
    ) -> Result<Self, Fault> {
        let rules = rules(ctx, account, person)?;
        policy::check(rules.as_ref(), account, password.reveal())?;
        let kept = rules.and_then(|rules| rules.remembered).and_then(|count| usize::try_from(count).ok());
        let before = std::iter::once(&self.password).chain(&self.former).cloned();
        let barred: Vec<Hashed> = before.clone().take(kept.unwrap_or(0)).collect();
        if passwords::is_any(password.clone(), barred).await? {
            return Err(used_before());
        }
        Ok(Self {
            password: passwords::hash(password, ctx.entropy()).await?,
            changed: ctx.now(),
            reset: false,
            former: before.take(REMEMBERED).collect(),
            ..self.clone()
        })
    }
}

/// The policy that holds for the person; the account's is for its users only.
pub(crate) fn rules(
    ctx: &Ctx,
    account: &AccountId,
    person: &Person,
) -> Result<Option<policy::PasswordPolicy>, Fault> {
    if person.is_root() { Ok(None) } else { Ok(ctx.read(|tx| policy::find(tx, account))?) }
}

/// Only the root user itself has to do with its password, and only by leaving the name out.
fn asked(ctx: &Ctx, tx: &ReadTx<'_>, account: &AccountId, name: Option<&str>) -> Result<Person, Fault> {
    Person::asked(tx, ctx.caller(), account, name)
}

pub(crate) async fn create(
    ctx: Ctx,
    input: t::CreateLoginProfileRequest,
) -> Result<t::CreateLoginProfileResponse, Fault> {
    let account = ctx.account()?.clone();
    let person = ctx.read(|tx| asked(&ctx, tx, &account, input.user_name.as_deref()))?;
    let exists = |person: &Person| {
        let text = format!("Login Profile for user {} already exists.", person.name);
        Fault::sender("EntityAlreadyExists", text).with_status(409)
    };
    if ctx.read(|tx| find(tx, &account, &person))?.is_some() {
        return Err(exists(&person));
    }
    let password = input.password.ok_or_else(|| validation("Password is required."))?;
    policy::check(rules(&ctx, &account, &person)?.as_ref(), &account, password.reveal())?;
    let login = Login {
        created: ctx.now(),
        password: passwords::hash(password, ctx.entropy()).await?,
        changed: ctx.now(),
        reset: input.password_reset_required.unwrap_or(false),
        former: Vec::new(),
        used: None,
    };
    ctx.write(move |tx| {
        // The user may have gone, come again as another, or got another password, while the hash was computed.
        if !person.is_root() && Person::named(tx, &account, &person.name)?.key != person.key {
            return Err(no_entity(User::KIND, &person.name));
        }
        if !LOGINS.insert_new(tx, &(&account, person.key.as_str()), &login)? {
            return Err(exists(&person));
        }
        Ok(t::CreateLoginProfileResponse { login_profile: shown(person, &login) })
    })
    .await
}

pub(crate) async fn get(
    ctx: Ctx,
    input: t::GetLoginProfileRequest,
) -> Result<t::GetLoginProfileResponse, Fault> {
    let account = ctx.account()?;
    ctx.read(|tx| {
        let person = asked(&ctx, tx, account, input.user_name.as_deref())?;
        let login = find(tx, account, &person)?.ok_or_else(|| missing(&person))?;
        Ok(t::GetLoginProfileResponse { login_profile: shown(person, &login) })
    })
}

pub(crate) async fn update(ctx: Ctx, input: t::UpdateLoginProfileRequest) -> Result<(), Fault> {
    let account = ctx.account()?.clone();
    let (person, old) = ctx.read(|tx| {
        let person = asked(&ctx, tx, &account, Some(&input.user_name))?;
        let login = find(tx, &account, &person)?.ok_or_else(|| missing(&person))?;
        Ok::<_, Fault>((person, login))
    })?;
    let mut new = match input.password {
        // An administrator's change says itself whether the user has to change it again.
        Some(password) => {
            let reset = old.reset;
            Login { reset, ..old.with_password(&ctx, &account, &person, password).await? }
        }
        None => old.clone(),
    };
    new.reset = input.password_reset_required.unwrap_or(new.reset);
    ctx.write(move |tx| replace(tx, &account, &person, &old, &new)).await
}

pub(crate) async fn delete(ctx: Ctx, input: t::DeleteLoginProfileRequest) -> Result<(), Fault> {
    let (account, call) = (ctx.account()?.clone(), ctx.clone());
    ctx.write(move |tx| {
        let person = asked(&call, tx, &account, input.user_name.as_deref())?;
        if LOGINS.delete(tx, &(&account, person.key.as_str()))? { Ok(()) } else { Err(missing(&person)) }
    })
    .await
}

pub(crate) async fn change(ctx: Ctx, input: t::ChangePasswordRequest) -> Result<(), Fault> {
    let account = ctx.account()?.clone();
    let Identity::User { arn, .. } = &ctx.caller().identity else {
        // Who may not ask at all hears that first.
        granted_or(&ctx, false, Need::new("iam:ChangePassword", ctx.caller().arn()))?;
        return Err(Fault::sender("InvalidUserType", "Only IAM Users can change their own password."));
    };
    let rules = ctx.read(|tx| policy::find(tx, &account))?;
    let granted = rules.is_some_and(|rules| rules.users_may_change);
    granted_or(&ctx, granted, Need::new("iam:ChangePassword", arn.as_str()))?;
    let person = Person::calling(ctx.caller()).ok_or_else(|| denied("Access Denied"))?;
    let old = ctx.read(|tx| find(tx, &account, &person))?.ok_or_else(|| missing(&person))?;
    let now = ctx.now();
    let guard = Guard::new(format!("password/{account}/{}", person.key), FREE_GUESSES);
    let known = passwords::is(input.old_password.clone(), old.password.clone()).await?;
    // Asked after the password was checked, so that guesses made side by side see each other's failures.
    let passed = ctx.write(move |tx| {
        if guard.closed(tx, now)? {
            return Ok(false);
        }
        if known {
            guard.passed(tx)?
        } else {
            guard.failed(tx, now)?
        }
        Ok::<_, Fault>(known)
    });
    if !passed.await? {
        return Err(denied("The old password was incorrect."));
    }
    if input.old_password == input.new_password {
        return Err(used_before());
    }
    let new = old.with_password(&ctx, &account, &person, input.new_password).await?;
    ctx.write(move |tx| replace(tx, &account, &person, &old, &new)).await
}
