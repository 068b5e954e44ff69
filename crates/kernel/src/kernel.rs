use std::collections::HashMap;
use std::sync::{Arc, OnceLock};

use mastic_core::{AccountId, Clock, Entropy, Fault, RequestId, Timestamp, Vault};
use mastic_store::Store;
use parking_lot::RwLock;

use crate::audit::Trail;
use crate::limits::Limiting;
use crate::plans::Foresight;
use crate::ports::{
    Accounts, Authorizer, CatalogEvents, ConnectionTests, EventIndex, Issuers, LogSink, ObjectReader,
    ObjectWriter, OrganizationPolicies, PolicyHolders, PrincipalUses, ResourcePolicies, ResourceTags,
    RoleSessions,
};
use crate::{Access, AuditRecord, Background, Call, Ctx, Lookup, Outcome};

/// The seams through which time and randomness come in.
#[derive(Clone)]
pub struct Seams {
    /// What time it is.
    pub clock: Arc<dyn Clock>,
    /// Randomness and ids.
    pub entropy: Arc<dyn Entropy>,
}

/// What services share. Cheap to clone.
#[derive(Clone)]
pub struct Kernel {
    inner: Arc<Inner>,
}

struct Inner {
    store: Store,
    seams: Seams,
    vault: Vault,
    trail: Trail,
    authorizer: OnceLock<Arc<dyn Authorizer>>,
    sessions: OnceLock<Arc<dyn RoleSessions>>,
    issuers: OnceLock<Arc<dyn Issuers>>,
    logs: OnceLock<Arc<dyn LogSink>>,
    accounts: OnceLock<Arc<dyn Accounts>>,
    organizations: OnceLock<Arc<dyn OrganizationPolicies>>,
    policies: RwLock<HashMap<&'static str, Arc<dyn ResourcePolicies>>>,
    foresight: Foresight,
    limiting: Limiting,
    tags: RwLock<HashMap<&'static str, Arc<dyn ResourceTags>>>,
    holders: RwLock<Vec<Arc<dyn PolicyHolders>>>,
    uses: OnceLock<Arc<dyn PrincipalUses>>,
    catalog_events: OnceLock<Arc<dyn CatalogEvents>>,
    object_writer: OnceLock<Arc<dyn ObjectWriter>>,
    object_reader: OnceLock<Arc<dyn ObjectReader>>,
    connection_tests: OnceLock<Arc<dyn ConnectionTests>>,
}

impl Kernel {
    /// A kernel over a store that does not outlive it, as in tests: secrets are sealed with a key that goes with
    /// the process. Otherwise as [`Kernel::with_vault`].
    #[must_use]
    pub fn new(store: Store, seams: Seams) -> Self {
        let vault = Vault::random(&*seams.entropy);
        Self::with_vault(store.clone(), store, seams, vault)
    }

    /// A kernel over a store whose secrets the vault opens, with a store for the audit trail, which may be the same;
    /// must be called within a tokio runtime, where the audit trail's writer runs.
    #[must_use]
    pub fn with_vault(store: Store, trail: Store, seams: Seams, vault: Vault) -> Self {
        let trail = Trail::start(trail);
        Self {
            inner: Arc::new(Inner {
                store,
                seams,
                vault,
                trail,
                authorizer: OnceLock::new(),
                sessions: OnceLock::new(),
                issuers: OnceLock::new(),
                logs: OnceLock::new(),
                accounts: OnceLock::new(),
                organizations: OnceLock::new(),
                policies: RwLock::new(HashMap::new()),
                foresight: Foresight::default(),
                limiting: Limiting::default(),
                tags: RwLock::new(HashMap::new()),
                holders: RwLock::new(Vec::new()),
                uses: OnceLock::new(),
                catalog_events: OnceLock::new(),
                object_writer: OnceLock::new(),
                object_reader: OnceLock::new(),
                connection_tests: OnceLock::new(),
            }),
        }
    }

    pub(crate) fn limiting(&self) -> &Limiting {
        &self.inner.limiting
    }

    pub(crate) fn foresight(&self) -> &Foresight {
        &self.inner.foresight
    }

    pub(crate) fn store(&self) -> &Store {
        &self.inner.store
    }

    /// The clock.
    #[must_use]
    pub fn clock(&self) -> &dyn Clock {
        &*self.inner.seams.clock
    }

    /// Randomness and ids.
    #[must_use]
    pub fn entropy(&self) -> &dyn Entropy {
        &*self.inner.seams.entropy
    }

    /// Seals what must not lie in the store as it is: secret keys, tokens, passwords, data keys.
    #[must_use]
    pub fn vault(&self) -> &Vault {
        &self.inner.vault
    }

    /// Both seams, to hand on.
    #[must_use]
    pub fn seams(&self) -> Seams {
        self.inner.seams.clone()
    }

    /// A fresh request id of the present moment.
    #[must_use]
    pub fn request_id(&self) -> RequestId {
        RequestId::new(self.clock().now(), self.entropy())
    }

    /// Connects the authorizer; the first connection stays.
    pub fn connect_authorizer(&self, authorizer: Arc<dyn Authorizer>) {
        self.inner.authorizer.get_or_init(|| authorizer);
    }

    /// Connects the port for role sessions; the first connection stays.
    pub fn connect_sessions(&self, sessions: Arc<dyn RoleSessions>) {
        self.inner.sessions.get_or_init(|| sessions);
    }

    /// Connects the port for the keys of OpenID Connect issuers; the first connection stays.
    pub fn connect_issuers(&self, issuers: Arc<dyn Issuers>) {
        self.inner.issuers.get_or_init(|| issuers);
    }

    /// Connects the port for log lines; the first connection stays.
    pub fn connect_logs(&self, logs: Arc<dyn LogSink>) {
        self.inner.logs.get_or_init(|| logs);
    }

    /// Connects the port for accounts; the first connection stays.
    pub fn connect_accounts(&self, accounts: Arc<dyn Accounts>) {
        self.inner.accounts.get_or_init(|| accounts);
    }

    /// Connects the port for the policies of organizations; the first connection stays.
    pub fn connect_organizations(&self, organizations: Arc<dyn OrganizationPolicies>) {
        self.inner.organizations.get_or_init(|| organizations);
    }

    /// Connects what indexes event history; the first connection stays.
    pub fn connect_events(&self, index: Arc<dyn EventIndex>) {
        self.inner.trail.connect(index);
    }

    /// Connects the resource policies of one service, by the service part of its ARNs.
    pub fn connect_policies(&self, service: &'static str, policies: Arc<dyn ResourcePolicies>) {
        self.inner.policies.write().insert(service, policies);
    }

    /// Connects the resource tags of one service, by the service part of its ARNs.
    pub fn connect_tags(&self, service: &'static str, tags: Arc<dyn ResourceTags>) {
        self.inner.tags.write().insert(service, tags);
    }

    /// Connects a list of resources that can have policies.
    pub fn connect_holders(&self, holders: Arc<dyn PolicyHolders>) {
        self.inner.holders.write().push(holders);
    }

    /// Connects the port for what principals do; the first connection stays.
    pub fn connect_uses(&self, uses: Arc<dyn PrincipalUses>) {
        self.inner.uses.get_or_init(|| uses);
    }

    /// Connects the port by which other services write objects; the first connection stays.
    pub fn connect_object_writer(&self, writer: Arc<dyn ObjectWriter>) {
        self.inner.object_writer.get_or_init(|| writer);
    }

    /// The port by which other services write objects.
    ///
    /// # Errors
    /// When the root has not connected it.
    pub fn object_writer(&self) -> Result<&Arc<dyn ObjectWriter>, Fault> {
        self.inner.object_writer.get().ok_or_else(|| Fault::internal("no writer of objects is connected"))
    }

    /// Connects the port by which other services read objects; the first connection stays.
    pub fn connect_object_reader(&self, reader: Arc<dyn ObjectReader>) {
        self.inner.object_reader.get_or_init(|| reader);
    }

    /// The port by which other services read objects.
    ///
    /// # Errors
    /// When the root has not connected it.
    pub fn object_reader(&self) -> Result<&Arc<dyn ObjectReader>, Fault> {
        self.inner.object_reader.get().ok_or_else(|| Fault::internal("no reader of objects is connected"))
    }

    /// Connects who tests connections; the first connection stays.
    pub fn connect_connection_tests(&self, tests: Arc<dyn ConnectionTests>) {
        self.inner.connection_tests.get_or_init(|| tests);
    }

    /// Who tests connections.
    ///
    /// # Errors
    /// When the root has not connected it.
    pub fn connection_tests(&self) -> Result<&Arc<dyn ConnectionTests>, Fault> {
        self.inner.connection_tests.get().ok_or_else(|| Fault::internal("nobody tests connections"))
    }

    /// Connects who hears of changes of the Data Catalog; the first connection stays.
    pub fn connect_catalog_events(&self, events: Arc<dyn CatalogEvents>) {
        self.inner.catalog_events.get_or_init(|| events);
    }

    /// Who hears of changes of the Data Catalog, if anybody does.
    #[must_use]
    pub fn catalog_events(&self) -> Option<&Arc<dyn CatalogEvents>> {
        self.inner.catalog_events.get()
    }

    /// The port for what principals do.
    ///
    /// # Errors
    /// When the root has not connected it.
    pub fn uses(&self) -> Result<&Arc<dyn PrincipalUses>, Fault> {
        self.inner.uses.get().ok_or_else(|| Fault::internal("no uses of principals are connected"))
    }

    /// Every list of resources that can have policies.
    #[must_use]
    pub fn holders(&self) -> Vec<Arc<dyn PolicyHolders>> {
        self.inner.holders.read().clone()
    }

    /// The authorizer. Without one nothing is served.
    ///
    /// # Errors
    /// When the root has not connected it.
    pub fn authorizer(&self) -> Result<&Arc<dyn Authorizer>, Fault> {
        self.inner.authorizer.get().ok_or_else(|| Fault::internal("no authorizer is connected"))
    }

    /// The port for role sessions.
    ///
    /// # Errors
    /// When the root has not connected it.
    pub fn sessions(&self) -> Result<&Arc<dyn RoleSessions>, Fault> {
        self.inner.sessions.get().ok_or_else(|| Fault::internal("no role sessions are connected"))
    }

    /// The port for the keys of OpenID Connect issuers.
    ///
    /// # Errors
    /// When the root has not connected it.
    pub fn issuers(&self) -> Result<&Arc<dyn Issuers>, Fault> {
        self.inner.issuers.get().ok_or_else(|| Fault::internal("no issuers are connected"))
    }

    /// The port for log lines.
    ///
    /// # Errors
    /// When the root has not connected it.
    pub fn logs(&self) -> Result<&Arc<dyn LogSink>, Fault> {
        self.inner.logs.get().ok_or_else(|| Fault::internal("no log sink is connected"))
    }

    /// The port for accounts.
    ///
    /// # Errors
    /// When the root has not connected it.
    pub fn accounts(&self) -> Result<&Arc<dyn Accounts>, Fault> {
        self.inner.accounts.get().ok_or_else(|| Fault::internal("no accounts are connected"))
    }

    /// The port for the policies of organizations; without it no account is in one.
    #[must_use]
    pub fn organizations(&self) -> Option<&Arc<dyn OrganizationPolicies>> {
        self.inner.organizations.get()
    }

    /// The resource policies of a service, if it has any.
    #[must_use]
    pub fn policies(&self, service: &str) -> Option<Arc<dyn ResourcePolicies>> {
        self.inner.policies.read().get(service).cloned()
    }

    /// The resource tags of a service, if it has any.
    #[must_use]
    pub fn tags(&self, service: &str) -> Option<Arc<dyn ResourceTags>> {
        self.inner.tags.read().get(service).cloned()
    }

    /// A context for the server's own work.
    #[must_use]
    pub fn background(&self, name: &'static str) -> Background {
        Background::new(self.clone(), name)
    }

    /// The choke point: lets a call in if every need is allowed.
    ///
    /// # Errors
    /// The context that was refused (for the audit record) and the fault.
    pub fn admit(&self, call: Call, access: &Access) -> (Ctx, Result<(), Fault>) {
        let ctx = Ctx::new(self.clone(), call);
        let outcome = match access {
            Access::All(needs) if needs.is_empty() => {
                Err(Fault::internal("an operation without access requirement"))
            }
            Access::All(needs) => ctx.authorize(needs),
            Access::PerEntry | Access::Anybody => Ok(()),
        };
        (ctx, outcome)
    }

    /// Writes the audit record of a call that was let in or refused.
    pub async fn audit(
        &self,
        ctx: &Ctx,
        service: &str,
        operation: &str,
        input: Option<String>,
        outcome: Result<(), &Fault>,
    ) {
        self.inner.trail.record(finished(ctx, service, operation, input, outcome)).await;
    }

    /// Writes the audit record of a call that the server made for a job run or crawl, before there was a session for
    /// it.
    pub async fn audit_of_run(
        &self,
        ctx: &Ctx,
        service: &str,
        operation: &str,
        outcome: Result<(), &Fault>,
        run: &str,
    ) {
        let mut record = finished(ctx, service, operation, None, outcome);
        record.run = Some(run.to_owned());
        self.inner.trail.record(record).await;
    }

    /// Writes the audit record of a call that did not get as far as a decision: an unknown operation, a body that
    /// does not decode.
    pub async fn audit_refused(&self, call: &Call, service: &str, operation: &str, fault: &Fault) {
        let record = AuditRecord::new(call, service, operation, None, Vec::new(), outcome_of(Err(fault)));
        self.inner.trail.record(record).await;
    }

    /// Finds the audit record of a request in an account's trail, by its id or that of one of its decisions.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn audit_record(
        &self,
        account: Option<&AccountId>,
        id: &str,
    ) -> Result<Option<AuditRecord>, Fault> {
        self.inner.trail.flush().await;
        Ok(self.inner.trail.find(account, id)?)
    }

    /// Finds the audit records of a run's calls that had a need refused, the oldest first.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn audit_denied_of_run(
        &self,
        account: &AccountId,
        run: &str,
    ) -> Result<Vec<AuditRecord>, Fault> {
        self.inner.trail.flush().await;
        Ok(self.inner.trail.denied_of_run(account, run)?)
    }

    /// Looks event history up, the newest record first.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn audit_lookup(&self, lookup: &Lookup) -> Result<Vec<AuditRecord>, Fault> {
        self.inner.trail.flush().await;
        Ok(self.inner.trail.lookup(lookup)?)
    }

    /// Finds the audit record of the last call of an account that was denied.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn audit_last_denied(&self, account: &AccountId) -> Result<Option<AuditRecord>, Fault> {
        self.inner.trail.flush().await;
        Ok(self.inner.trail.last_denied(account)?)
    }

    /// Shows the calls of an account's principals, as far as they came in from one moment up to another, the oldest
    /// first.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn audit_between(
        &self,
        account: &AccountId,
        from: Timestamp,
        to: Timestamp,
        see: impl FnMut(AuditRecord),
    ) -> Result<(), Fault> {
        self.inner.trail.flush().await;
        Ok(self.inner.trail.between(account, from, to, see)?)
    }

    /// Drops audit records older than event history reaches back.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub async fn audit_prune(&self) -> Result<(), Fault> {
        Ok(self.inner.trail.prune(self.clock().now()).await?)
    }

    /// Returns when every audit record so far is on disk; the last step of a shutdown.
    pub async fn audit_flush(&self) {
        self.inner.trail.flush().await;
    }
}

fn finished(
    ctx: &Ctx,
    service: &str,
    operation: &str,
    input: Option<String>,
    outcome: Result<(), &Fault>,
) -> AuditRecord {
    let decisions = ctx.take_decisions();
    let mut record = AuditRecord::new(ctx.call(), service, operation, input, decisions, outcome_of(outcome));
    record.output = ctx.take_output();
    record
}

fn outcome_of(outcome: Result<(), &Fault>) -> Outcome {
    match outcome {
        Ok(()) => Outcome::Served,
        Err(fault) => Outcome::Failed { code: fault.code().to_owned(), message: fault.message().to_owned() },
    }
}
