//! Temporary credentials: issued, resolved, revoked, swept.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use mastic_core::{AccountId, Arn, Fault, Region, Secret, Timestamp};
use mastic_kernel::ports::{Credentials, KeyMaterial, Keys, RoleSessions, ServiceSession};
use mastic_kernel::{
    Access, Call, Caller, FederatedUserIdentity, Identity, RunBinding, SessionIdentity, Token,
};
use mastic_policy::{DocumentKind, Outcome, PolicySet, Principal, Request, allows};
use mastic_store::{StoreError, WriteTx};

use crate::accounts::is_closed;
use crate::context::service_context;
use crate::faults::denied;
use crate::names::{self, find_arn, last};
use crate::preflight::trust_need;
use crate::records::{
    ACCOUNTS, Assumed, Base, EXPIRIES, Entity, Holder, KEYS, Mark, RENAMED, ROLES, RUN_SESSIONS, Role,
    SESSIONS, Session, USERS,
};
use crate::sealed::{Sealed, key_secret, session_secret, session_token};
use crate::{Iam, documents, gone};

/// How long ended sessions are kept, so that a late call hears that they have expired and not that
/// they are unknown.
const REMEMBERED: Duration = Duration::from_secs(24 * 60 * 60);

/// Ended sessions that go with each new one: the store cannot fill up with them.
const SWEPT_WITH_EACH: usize = 8;

/// Ended sessions that one transaction of a sweep removes.
const SWEPT_AT_ONCE: usize = 1000;

impl Iam {
    /// Makes temporary credentials and stores them.
    pub(crate) async fn open(
        &self,
        account: AccountId,
        holder: Holder,
        mfa: Option<Timestamp>,
        now: Timestamp,
        lasts: Duration,
    ) -> Result<Credentials, Fault> {
        self.issue(account, holder, (mfa, false), now, lasts).await
    }

    /// The same for somebody who signed in.
    pub(crate) async fn open_signed_in(
        &self,
        account: AccountId,
        holder: Holder,
        mfa: Option<Timestamp>,
        now: Timestamp,
        lasts: Duration,
    ) -> Result<Credentials, Fault> {
        self.issue(account, holder, (mfa, true), now, lasts).await
    }

    async fn issue(
        &self,
        account: AccountId,
        holder: Holder,
        (mfa, signed_in): (Option<Timestamp>, bool),
        now: Timestamp,
        lasts: Duration,
    ) -> Result<Credentials, Fault> {
        let entropy = self.background.entropy();
        let id = names::access_key_id("ASIA", entropy);
        // AWS tells the end in whole seconds.
        let expires = Timestamp::from_secs(now.plus(lasts).secs());
        let secret_access_key = Secret::new(names::secret(entropy));
        let token = Secret::new(names::token(entropy));
        let kernel = self.background.kernel();
        let session = Session {
            account,
            secret: Sealed::new(kernel, &session_secret(&id), &secret_access_key),
            token: Sealed::new(kernel, &session_token(&id), &token),
            issued: now,
            expires,
            mfa,
            signed_in,
            holder,
        };
        let credentials = Credentials {
            access_key_id: id.clone(),
            secret_access_key,
            session_token: token,
            expires,
            caller: self.caller(&id, &session)?.ok_or_else(|| denied("Access Denied"))?,
        };
        self.background
            .write(move |tx| {
                SESSIONS.put(tx, &id, &session)?;
                EXPIRIES.put(tx, &(expires, id.as_str()), &Mark {})?;
                if let Some((run, _)) = run_of(&session) {
                    RUN_SESSIONS.put(tx, &(run, id.as_str()), &Mark {})?;
                }
                sweep(tx, now, SWEPT_WITH_EACH).map(drop)
            })
            .await?;
        Ok(credentials)
    }

    /// The stored session of an access key.
    pub(crate) fn session(&self, id: &str) -> Result<Option<Arc<Session>>, Fault> {
        let generation = self.background.generation(SESSIONS.name());
        self.sessions
            .get(generation, id, || Ok(self.background.read(|tx| SESSIONS.get(tx, id))?.map(Arc::new)))
    }

    /// Whom a session stands for; nobody, once the user or role is gone or the account is closed.
    fn caller(&self, id: &str, session: &Session) -> Result<Option<Caller>, Fault> {
        let account = &session.account;
        if self.background.read(|tx| is_closed(tx, account))? {
            return Ok(None);
        }
        let identity = match &session.holder {
            Holder::Root => Some(Identity::Root),
            Holder::User { key, id } => self.user_of(account, key, id)?.map(|base| Identity::User {
                arn: base.arn(account, "user"),
                id: base.id,
                name: base.name,
            }),
            Holder::Federated(user) => {
                let maker = match &user.maker {
                    None => Some((Arn::new("iam", "", account.as_str(), "root"), account.to_string())),
                    Some((key, id)) => {
                        self.user_of(account, key, id)?.map(|base| (base.arn(account, "user"), base.id))
                    }
                };
                maker.map(|(user_arn, user_id)| {
                    Identity::FederatedUser(Box::new(FederatedUserIdentity {
                        user_arn,
                        user_id,
                        session_arn: names::federated_arn(account, &user.name),
                        name: user.name.clone(),
                        session_policies: user.policies.clone(),
                    }))
                })
            }
            Holder::Role(assumed) => self
                .known(&assumed.role)?
                .filter(|role| role.id == assumed.role_id)
                .map(|_| Identity::Session(Box::new(session_identity(session, assumed)))),
        };
        let token = Token {
            issued: session.issued,
            expires: session.expires,
            mfa: session.mfa,
            signed_in: session.signed_in,
        };
        Ok(identity.map(|identity| Caller {
            account: Some(account.clone()),
            identity,
            access_key_id: Some(id.to_owned()),
            token: Some(token),
        }))
    }

    /// The user of this key, unless it is another one of the same name.
    fn user_of(&self, account: &AccountId, key: &str, id: &str) -> Result<Option<Base>, Fault> {
        let user = self.background.read(|tx| {
            let renamed = RENAMED.get(tx, &(account, id))?;
            USERS.get(tx, &(account, renamed.as_ref().map_or(key, |renamed| renamed.key.as_str())))
        })?;
        Ok(user.map(|user| user.base).filter(|base| base.id == id))
    }

    fn temporary_key(&self, id: &str) -> Result<Option<Arc<KeyMaterial>>, Fault> {
        let Some(session) = self.session(id)? else { return Ok(None) };
        let Some(caller) = self.caller(id, &session)? else { return Ok(None) };
        let kernel = self.background.kernel();
        Ok(Some(Arc::new(KeyMaterial {
            secret: session.secret.open(kernel, &session_secret(id))?,
            session_token: Some(session.token.open(kernel, &session_token(id))?),
            expires: Some(session.expires),
            active: true,
            caller: Arc::new(caller),
        })))
    }

    fn long_term_key(&self, id: &str) -> Result<Option<Arc<KeyMaterial>>, Fault> {
        self.background.read(|tx| {
            let Some(key) = KEYS.get(tx, id)? else { return Ok(None) };
            if is_closed(tx, &key.account)? {
                return Ok(None);
            }
            let identity = match &key.user {
                None => Some(Identity::Root),
                Some(user) => USERS.get(tx, &(&key.account, user))?.map(|user| Identity::User {
                    arn: user.base.arn(&key.account, "user"),
                    id: user.base.id,
                    name: user.base.name,
                }),
            };
            let Some(identity) = identity else { return Ok(None) };
            Ok(Some(Arc::new(KeyMaterial {
                secret: key.secret.open(self.background.kernel(), &key_secret(id))?,
                session_token: None,
                expires: None,
                active: key.active,
                caller: Arc::new(Caller {
                    account: Some(key.account),
                    identity,
                    access_key_id: Some(id.to_owned()),
                    token: None,
                }),
            })))
        })
    }

    /// Removes sessions that ended more than a day ago, and writes down when keys were last used. The root calls
    /// it now and then, and once at the end.
    ///
    /// # Errors
    /// When the store cannot be written; calling it again goes on.
    pub async fn tend(&self) -> Result<(), Fault> {
        self.uses.flush(&self.background).await?;
        self.accesses.flush(&self.background).await?;
        let now = self.background.now();
        self.background.write(move |tx| gone::sweep(tx, now)).await?;
        while self.background.write(move |tx| sweep(tx, now, SWEPT_AT_ONCE)).await? == SWEPT_AT_ONCE {}
        Ok(())
    }

    /// The denial of a service that a role does not trust; it is on record with the run that it was for.
    async fn not_trusted(&self, session: &ServiceSession) -> Fault {
        let kernel = self.background.kernel();
        let (service, role) = (session.service, &session.role);
        let caller = Caller {
            account: session.source.account_id(),
            identity: Identity::Service(service.to_owned()),
            access_key_id: None,
            token: None,
        };
        let text = format!(
            "Service Principal: {service} is not authorized to perform: sts:AssumeRole on resource: {role} because \
             no role trust policy allows the sts:AssumeRole action"
        );
        let (Ok(region), Some(run)) = (session.source.region().parse(), &session.run) else {
            return denied(text);
        };
        let call = Call {
            caller: Arc::new(caller),
            region,
            request_id: kernel.request_id(),
            time: self.background.now(),
            source_ip: None,
            user_agent: Some(service.to_owned()),
            secure: true,
        };
        let need = trust_need(role, &session.source);
        let (ctx, admitted) = kernel.admit(call, &Access::All(vec![need]));
        let refused = match admitted {
            Err(fault) if fault.code() == "AccessDeniedException" => {
                fault.with_code("AccessDenied").with_status(403)
            }
            // The role was there or trusted a moment later.
            _ => denied(text),
        };
        kernel.audit_of_run(&ctx, "sts", "AssumeRole", Err(&refused), &run.id).await;
        refused
    }

    /// Whether the role's trust policy admits the service when it works for `source`.
    fn trusts(&self, service: &str, role: &Arn, source: &Arn) -> Result<bool, Fault> {
        let (Some(known), Some(account)) = (self.known(role)?, role.account_id()) else { return Ok(false) };
        let principal = Principal::Service { name: service.to_owned() };
        let mut context = service_context(&principal, &account, source, self.background.now());
        let place = self.place(&account)?;
        if let Some(place) = &place {
            place.describe("Resource", &mut context);
        }
        if let Some(place) = source.account_id().map(|source| self.place(&source)).transpose()?.flatten() {
            place.describe("Source", &mut context);
        }
        let resource_control = place.map(|place| place.resource_control.clone()).unwrap_or_default();
        let request = Request::new(&principal, "sts:AssumeRole", role.as_str(), &context).owned_by(&account);
        let set = PolicySet { trust: known.trust.clone(), resource_control, ..PolicySet::default() };
        Ok(allows(&request, &set) == Outcome::Allow)
    }
}

fn session_identity(session: &Session, assumed: &Assumed) -> SessionIdentity {
    SessionIdentity {
        role_arn: assumed.role.clone(),
        session_arn: names::session_arn(&session.account, last(assumed.role.resource()), &assumed.name),
        role_id: assumed.role_id.clone(),
        session_name: assumed.name.clone(),
        session_policies: assumed.policies.clone(),
        issued: session.issued,
        expires: session.expires,
        issued_to_service: assumed.service.clone(),
        run: assumed.run.clone().map(|(id, staged)| RunBinding { id, staged }),
        source_identity: assumed.source_identity.clone(),
        federation: assumed.federation.clone(),
    }
}

fn run_of(session: &Session) -> Option<&(String, bool)> {
    match &session.holder {
        Holder::Role(assumed) => assumed.run.as_ref(),
        _ => None,
    }
}

fn remove(tx: &mut WriteTx<'_>, id: &str) -> Result<(), StoreError> {
    if let Some(session) = SESSIONS.get(tx, id)? {
        EXPIRIES.delete(tx, &(session.expires, id))?;
        if let Some((run, _)) = run_of(&session) {
            RUN_SESSIONS.delete(tx, &(run, id))?;
        }
        SESSIONS.delete(tx, id)?;
    }
    Ok(())
}

/// Removes up to `most` sessions that ended long ago; how many there were.
fn sweep(tx: &mut WriteTx<'_>, now: Timestamp, most: usize) -> Result<usize, StoreError> {
    let ended = EXPIRIES.all().before(&(now.minus(REMEMBERED), ""));
    let rows: Vec<(Timestamp, String)> =
        EXPIRIES.scan(tx, ended).take(most).map(|row| row.map(|(key, _)| key)).collect::<Result<_, _>>()?;
    for (expires, id) in &rows {
        remove(tx, id)?;
        EXPIRIES.delete(tx, &(*expires, id.as_str()))?;
    }
    Ok(rows.len())
}

impl Keys for Iam {
    fn key(&self, access_key_id: &str) -> Result<Option<Arc<KeyMaterial>>, Fault> {
        let temporary = access_key_id.starts_with("ASIA");
        let sources = if temporary {
            [SESSIONS.name(), USERS.name(), ROLES.name(), ACCOUNTS.name()]
        } else {
            [KEYS.name(), USERS.name(), ACCOUNTS.name(), ACCOUNTS.name()]
        };
        let generation =
            sources.into_iter().map(|space| self.background.generation(space)).max().unwrap_or(0);
        if temporary {
            self.temporary_keys.get(generation, access_key_id, || self.temporary_key(access_key_id))
        } else {
            self.keys.get(generation, access_key_id, || self.long_term_key(access_key_id))
        }
    }

    fn used(&self, access_key_id: &str, service: &str, region: &Region, time: Timestamp) {
        if !access_key_id.starts_with("ASIA") {
            self.uses.note_key(access_key_id, service, region, time);
            return;
        }
        // A session that cannot be read has been refused already.
        if let Ok(Some(session)) = self.session(access_key_id)
            && let Holder::Role(assumed) = &session.holder
        {
            self.uses.note_role(&assumed.role_id, service, region, time);
        }
    }
}

#[async_trait]
impl RoleSessions for Iam {
    fn find(&self, account: &AccountId, role: &str) -> Result<Option<Arn>, Fault> {
        let arn = match role.parse::<Arn>() {
            Ok(arn) if arn.account() == account.as_str() => arn,
            Ok(_) => return Ok(None),
            // A bare name finds the role whatever its path is: it is unique without.
            Err(_) if !role.contains('/') => {
                let found = self.background.read(|tx| names::find::<Role>(tx, account, role))?;
                return Ok(found.map(|found| found.base.arn(account, Role::KIND)));
            }
            Err(_) => names::arn(account, Role::KIND, "/", role.trim_start_matches('/')),
        };
        Ok(self.known(&arn)?.filter(|known| known.trust.is_some()).map(|_| arn))
    }

    fn can_assume(&self, service: &'static str, role: &Arn, source: &Arn) -> Result<bool, Fault> {
        self.trusts(service, role, source)
    }

    async fn assume(&self, session: ServiceSession) -> Result<Credentials, Fault> {
        let role = self.background.read(|tx| find_arn::<Role>(tx, &session.role))?;
        let (Some(role), Some(account), true) =
            (role, session.role.account_id(), self.trusts(session.service, &session.role, &session.source)?)
        else {
            return Err(self.not_trusted(&session).await);
        };
        if let Some(policy) = &session.session_policy {
            documents::check(policy, DocumentKind::Identity)?;
        }
        let holder = Holder::Role(Box::new(Assumed {
            role: session.role,
            role_id: role.base.id,
            name: session.session_name,
            policies: session.session_policy.into_iter().collect(),
            tags: std::collections::BTreeMap::new(),
            transitive: Vec::new(),
            source_identity: None,
            service: Some(session.service.to_owned()),
            run: session.run.map(|run| (run.id, run.staged)),
            federation: None,
        }));
        self.open(account, holder, None, self.background.now(), session.duration).await
    }

    async fn revoke(&self, run: &str) -> Result<(), Fault> {
        let run = run.to_owned();
        self.background
            .write(move |tx| {
                let ids: Vec<String> = RUN_SESSIONS
                    .scan_prefix(tx, (&run,))
                    .map(|row| row.map(|((_, id), _)| id))
                    .collect::<Result<_, _>>()?;
                ids.iter().try_for_each(|id| remove(tx, id)).map_err(Fault::from)
            })
            .await
    }
}
