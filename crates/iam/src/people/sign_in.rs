//! Sign-in of people with account, name, password and one-time code, for session credentials.
//!
//! Whoever fails hears the same, after the same work, whatever was wrong: which accounts and users there are, and
//! whether a password was right, shows only to who knows all of it.

use std::sync::Arc;
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
    call.caller = Arc::new(who);
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
    let subject = ctx.read(|tx| subject(tx, found))?;
    let stored = subject.as_ref().map_or_else(Hashed::nobody, |subject| subject.login.password.clone());
    let right = passwords::is(input.password, stored).await?;
    let attempt = Attempt { guards, code: input.mfa_code };
    let Some(subject) = subject.filter(|_| right) else {
        attempt.prove(ctx, None, None).await?;
        return Err(failed());
    };
    let rules = logins::rules(ctx, &subject.account, &subject.person)?;
    let end = rules.as_ref().and_then(|rules| rules.expires(subject.login.changed));
    let expired = end.is_some_and(|end| end <= now);
    let mut login = subject.login.clone();
    if login.reset || expired || input.new_password.is_some() {
        // What the password needs is for those only who know all the rest.
        if !attempt.prove(ctx, Some(&subject), None).await? {
            return Err(failed());
        }
        if !login.reset && !expired {
            return Err(Fault::sender(
                "ValidationException",
                "NewPassword is taken only when the password has to be changed; ChangePassword changes it otherwise.",
            ));
        }
        let barred = expired && rules.is_some_and(|rules| rules.hard_expiry());
        login = renewed(ctx, &subject, barred, input.new_password).await?;
    }
    login.used = Some(now);
    if !attempt.prove(ctx, Some(&subject), Some(login)).await? {
        return Err(failed());
    }
    open(iam, subject, now).await
}

/// What is stored of whom the attempt names, if he can sign in at all.
fn subject(tx: &ReadTx<'_>, found: Found) -> Result<Option<Subject>, Fault> {
    let Some((account, Some((person, caller, holder)))) = found else { return Ok(None) };
    let devices = mfa::serials(tx, &account, &person)?;
    let login = logins::find(tx, &account, &person)?;
    Ok(login.map(|login| Subject { account, person, caller, holder, login, devices }))
}

/// What an attempt brings besides names and passwords.
struct Attempt {
    guards: Vec<Guard>,
    code: Option<Secret<String>>,
}

impl Attempt {
    /// Whether all is right, for which the password must have been: there is a subject then. A failure is counted.
    /// With a login to store this is the attempt proper; without, nothing is kept of a success.
    ///
    /// The guards are asked here and not before the password was checked: of attempts made side by side each must
    /// see the failures of the others.
    async fn prove(&self, ctx: &Ctx, subject: Option<&Subject>, login: Option<Login>) -> Result<bool, Fault> {
        let (guards, code) = (self.guards.clone(), self.code.clone());
        let (kernel, now) = (ctx.kernel().clone(), ctx.now());
        let subject = subject.map(|subject| {
            let who = (subject.account.clone(), subject.person.clone());
            (who, subject.devices.clone(), subject.login.clone())
        });
        let work = move |tx: &mut WriteTx<'_>| {
            for guard in &guards {
                if guard.closed(tx, now)? {
                    return Ok(false);
                }
            }
            let right = match (&subject, &code) {
                (Some(((account, person), devices, _)), Some(code)) if !devices.is_empty() => {
                    mfa::accept(tx, &kernel, account, person, devices, code.reveal(), now)?
                }
                (Some((_, devices, _)), None) => devices.is_empty(),
                // A code of who has no device is wrong like any other.
                _ => false,
            };
            let Some(((account, person), _, old)) = subject.filter(|_| right) else {
                guards.iter().try_for_each(|guard| guard.failed(tx, now))?;
                return Ok(false);
            };
            let Some(login) = login else { return Err(Stop::Right) };
            if let Some(user) = guards.first() {
                user.passed(tx)?;
            }
            logins::replace(tx, &account, &person, &old, &login)?;
            Ok(true)
        };
        match ctx.write(work).await {
            Err(Stop::Right) => Ok(true),
            Err(Stop::Fault(fault)) => Err(fault),
            Ok(right) => Ok(right),
        }
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
    call.caller = Arc::new(subject.caller.clone());
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
