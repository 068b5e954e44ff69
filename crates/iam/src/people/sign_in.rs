//! Sign-in of people with account, name, password and one-time code, for session credentials.
//!
//! Whoever fails hears the same, after the same work, whatever was wrong: which accounts and users there are, and
//! whether a password was right, shows only to who knows all of it.

use std::time::Duration;

use mastic_api_mastic::mastic::types as t;
use mastic_core::{AccountId, Fault, Secret, Timestamp};
use mastic_kernel::ports::Credentials;
use mastic_kernel::{Access, Caller, Ctx, Identity, Need};
use mastic_store::{ReadTx, StoreError, WriteTx};

use super::guesses::Guard;
use super::logins::{self, Login};
use super::passwords::{self, Hashed};
use super::person::{Person, ROOT};
use super::{aliases, mfa, password_policy};
use crate::Iam;
use crate::names::{self, folded};
use crate::records::{ACCOUNTS, Holder, User};

/// How long the credentials are good.
const LASTS: Duration = Duration::from_secs(12 * 60 * 60);

/// Failures of one user, and the wait after more of them.
const USER: (u32, Duration) = (5, Duration::from_secs(15 * 60));

/// The same of one address. Behind it may be many people, so that its waits stay short.
const ADDRESS: (u32, Duration) = (50, Duration::from_secs(60));

/// Whom an attempt is about.
struct Subject {
    account: AccountId,
    person: Person,
    caller: Caller,
    holder: Holder,
    login: Login,
    devices: Vec<String>,
}

/// What an attempt with the right password comes to.
enum Proof {
    Wrong,
    /// All was right; the code counts as used.
    Right,
}

/// Why a transaction keeps nothing.
enum Stop {
    Fault(Fault),
    /// All was right, and the code stays good for the attempt proper.
    Right,
}

impl From<StoreError> for Stop {
    fn from(error: StoreError) -> Self {
        Self::Fault(error.into())
    }
}

impl From<Fault> for Stop {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

fn failed() -> Fault {
    let text = "Sign-in failed: account, user name, password or MFA code is wrong or missing, or there were too many \
                attempts. Wait a while before you try again.";
    Fault::sender("SignInFailedException", text).with_status(403)
}

/// The account, by id or alias.
fn account(tx: &ReadTx<'_>, text: &str) -> Result<Option<AccountId>, Fault> {
    match text.parse::<AccountId>() {
        Ok(id) => Ok(ACCOUNTS.contains(tx, &id)?.then_some(id)),
        Err(_) => Ok(aliases::account(tx, text)?),
    }
}

/// Who is named; `root` is a user of that name where there is one.
fn person(
    tx: &ReadTx<'_>,
    account: &AccountId,
    name: &str,
) -> Result<Option<(Person, Caller, Holder)>, Fault> {
    let caller = |identity| Caller { account: Some(account.clone()), identity, ..Caller::anonymous() };
    if let Some(User { base, .. }) = names::find::<User>(tx, account, name)? {
        let holder = Holder::User { key: folded(&base.name), id: base.id.clone() };
        let person = Person::of(&base);
        let arn = base.arn(account, "user");
        return Ok(Some((person, caller(Identity::User { arn, id: base.id, name: base.name }), holder)));
    }
    Ok((name == ROOT).then(|| (Person::root(), caller(Identity::Root), Holder::Root)))
}

pub(crate) async fn sign_in(
    iam: &Iam,
    ctx: Ctx,
    input: t::SignInRequest,
) -> Result<t::SignInResponse, Fault> {
    let found = ctx.read(|tx| {
        let Some(account) = account(tx, &input.account)? else { return Ok(None) };
        let named = person(tx, &account, &input.user_name)?;
        Ok::<_, Fault>(Some((account, named)))
    })?;
    let (owner, who) = match &found {
        Some((account, Some((_, caller, _)))) => (account.to_string(), Some(caller.clone())),
        Some((account, None)) => {
            (account.to_string(), Some(Caller { account: Some(account.clone()), ..Caller::anonymous() }))
        }
        None => (input.account.clone(), None),
    };
    let guards = guards(&ctx, &owner, &input.user_name);
    let outcome = attempt(iam, &ctx, guards, found, input).await;
    if let Some(who) = who {
        note(&ctx, who, outcome.as_ref().map(|_| ())).await;
    }
    outcome
}

/// The trail of the account shows who signed in, or tried to; the call itself nobody signed.
async fn note(ctx: &Ctx, who: Caller, outcome: Result<(), &Fault>) {
    let mut call = ctx.call().clone();
    call.caller = who;
    let (noted, _) = ctx.kernel().admit(call, &Access::Anybody);
    ctx.kernel().audit(&noted, "mastic", "SignIn", None, outcome).await;
}

fn guards(ctx: &Ctx, account: &str, name: &str) -> Vec<Guard> {
    let user = Guard::new(format!("sign-in/{account}/{}", folded(name)), USER.0).waiting(USER.1);
    let address = ctx
        .call()
        .source_ip
        .map(|address| Guard::new(format!("sign-in-from/{address}"), ADDRESS.0).waiting(ADDRESS.1));
    std::iter::once(user).chain(address).collect()
}

type Found = Option<(AccountId, Option<(Person, Caller, Holder)>)>;

async fn attempt(
    iam: &Iam,
    ctx: &Ctx,
    guards: Vec<Guard>,
    found: Found,
    input: t::SignInRequest,
) -> Result<t::SignInResponse, Fault> {
    let now = ctx.now();
    let (subject, closed) = ctx.read(|tx| {
        let subject = match found {
            Some((account, Some((person, caller, holder)))) => {
                let devices = mfa::serials(tx, &account, &person)?;
                let login = logins::find(tx, &account, &person)?;
                login.map(|login| Subject { account, person, caller, holder, login, devices })
            }
            _ => None,
        };
        let mut closed = false;
        for guard in &guards {
            closed |= guard.closed(tx, now)?;
        }
        Ok::<_, Fault>((subject, closed))
    })?;
    let stored = subject.as_ref().map_or_else(Hashed::nobody, |subject| subject.login.password.clone());
    let right = passwords::is(input.password, stored).await?;
    let Some(subject) = subject.filter(|_| right && !closed) else {
        return refuse(ctx, guards, closed).await;
    };
    let rules = logins::rules(ctx, &subject.account, &subject.person)?;
    let expired =
        rules.as_ref().and_then(|rules| rules.expires(subject.login.changed)).is_some_and(|end| end <= now);
    let hard = rules.is_some_and(|rules| rules.hard_expiry());
    let mut login = subject.login.clone();
    if login.reset || expired {
        match prove(ctx, &guards, &subject, input.mfa_code.as_ref(), None).await? {
            Proof::Right => login = renewed(ctx, &subject, expired && hard, input.new_password).await?,
            Proof::Wrong => return Err(failed()),
        }
    } else if input.new_password.is_some() {
        // Only who is in may know that the password needs no change.
        return match prove(ctx, &guards, &subject, input.mfa_code.as_ref(), None).await? {
            Proof::Right => Err(Fault::sender(
                "ValidationException",
                "NewPassword is taken only when the password has to be changed; ChangePassword changes it otherwise.",
            )),
            Proof::Wrong => Err(failed()),
        };
    }
    login.used = Some(now);
    match prove(ctx, &guards, &subject, input.mfa_code.as_ref(), Some(login)).await? {
        Proof::Right => open(iam, subject, now).await,
        Proof::Wrong => Err(failed()),
    }
}

/// Counts a failure, except one that was not looked at.
async fn refuse(ctx: &Ctx, guards: Vec<Guard>, closed: bool) -> Result<t::SignInResponse, Fault> {
    let now = ctx.now();
    ctx.write(move |tx| {
        for guard in guards.iter().filter(|_| !closed) {
            guard.failed(tx, now)?;
        }
        Ok::<_, Fault>(())
    })
    .await?;
    Err(failed())
}

/// Looks at the code of who gave the right password. With a login to store it is the attempt proper; without, nothing
/// is kept of a success.
async fn prove(
    ctx: &Ctx,
    guards: &[Guard],
    subject: &Subject,
    code: Option<&Secret<String>>,
    login: Option<Login>,
) -> Result<Proof, Fault> {
    let (guards, code) = (guards.to_vec(), code.cloned());
    let (account, person, devices) =
        (subject.account.clone(), subject.person.clone(), subject.devices.clone());
    let (old, kernel, now) = (subject.login.clone(), ctx.kernel().clone(), ctx.now());
    let work = move |tx: &mut WriteTx<'_>| {
        let right = match &code {
            Some(code) if !devices.is_empty() => {
                mfa::accept(tx, &kernel, &account, &person, &devices, code.reveal(), now)?
            }
            // A code of who has no device is wrong like any other.
            Some(_) => false,
            None => devices.is_empty(),
        };
        if !right {
            for guard in &guards {
                guard.failed(tx, now)?;
            }
            return Ok(Proof::Wrong);
        }
        let Some(login) = login else { return Err(Stop::Right) };
        if let Some(user) = guards.first() {
            user.passed(tx)?;
        }
        logins::replace(tx, &account, &person, &old, &login)?;
        Ok(Proof::Right)
    };
    match ctx.write(work).await {
        Ok(proof) => Ok(proof),
        Err(Stop::Right) => Ok(Proof::Right),
        Err(Stop::Fault(fault)) => Err(fault),
    }
}

/// The login with the new password that it needs.
async fn renewed(
    ctx: &Ctx,
    subject: &Subject,
    barred: bool,
    new: Option<Secret<String>>,
) -> Result<Login, Fault> {
    let required = |text: &str| Fault::sender("PasswordResetRequiredException", text);
    if barred {
        let text = "The password has expired, and an administrator must set a new one.";
        return Err(Fault::sender("PasswordExpiredException", text).with_status(403));
    }
    let new = new.ok_or_else(|| required("The password must be changed: sign in with NewPassword."))?;
    if !subject.person.is_root() && !may_change(ctx, subject)? {
        let text = "The password must be changed, and this user may not: iam:ChangePassword is needed, or a password \
                    policy that lets users change their own passwords.";
        return Err(Fault::sender("AccessDeniedException", text).with_status(403));
    }
    if passwords::is(new.clone(), subject.login.password.clone()).await? {
        return Err(password_policy::used_before());
    }
    subject.login.with_password(ctx, &subject.account, &subject.person, new).await
}

/// As for `ChangePassword`: the account's policy or the user's own permissions let them.
fn may_change(ctx: &Ctx, subject: &Subject) -> Result<bool, Fault> {
    let rules = ctx.read(|tx| password_policy::find(tx, &subject.account))?;
    if rules.is_some_and(|rules| rules.users_may_change) {
        return Ok(true);
    }
    let mut call = ctx.call().clone();
    call.caller = subject.caller.clone();
    let need = Need::new("iam:ChangePassword", subject.caller.arn());
    Ok(ctx.kernel().authorizer()?.decide(&call, &need)?.allowed)
}

async fn open(iam: &Iam, subject: Subject, now: Timestamp) -> Result<t::SignInResponse, Fault> {
    let mfa = (!subject.devices.is_empty()).then_some(now);
    let credentials: Credentials =
        iam.open_signed_in(subject.account.clone(), subject.holder, mfa, now, LASTS).await?;
    Ok(t::SignInResponse {
        account_id: subject.account.to_string(),
        arn: credentials.caller.arn(),
        credentials: t::SessionCredentials {
            access_key_id: credentials.access_key_id,
            secret_access_key: credentials.secret_access_key,
            session_token: credentials.session_token,
            expiration: credentials.expires,
        },
    })
}
