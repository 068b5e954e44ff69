use std::sync::{Arc, OnceLock};

use mastic_core::{AccountId, Entropy, Fault, Region, Timestamp};
use mastic_store::{ReadTx, Scope, Store, StoreError, WriteTx};
use parking_lot::Mutex;

use crate::audit::decision_id;
use crate::{AuthorizationMessage, Call, Caller, DecisionRecord, Identity, Kernel, Need, Verdict};

/// Decisions of one call whose reasons are kept: a batch may be refused a thousand times over.
const EXPLAINED: usize = 64;

/// A call that was let in. Only the kernel makes one, and only it opens transactions: there is no
/// way for a service to the store that does not pass the authorizer.
#[derive(Clone)]
pub struct Ctx {
    inner: Arc<Inner>,
}

struct Inner {
    kernel: Kernel,
    call: Call,
    /// The same call once its maker is known, where no signature tells.
    proven: OnceLock<Call>,
    store: Store,
    decisions: Mutex<Vec<DecisionRecord>>,
    output: Mutex<Option<String>>,
}

impl Ctx {
    pub(crate) fn new(kernel: Kernel, call: Call) -> Self {
        let store = match call.caller.run() {
            Some(run) if run.staged => kernel.store().scoped(Scope::staged(&run.id)),
            _ => kernel.store().clone(),
        };
        let decisions = Mutex::new(Vec::new());
        Self {
            inner: Arc::new(Inner {
                kernel,
                call,
                proven: OnceLock::new(),
                store,
                decisions,
                output: Mutex::new(None),
            }),
        }
    }

    /// The call as it came in.
    #[must_use]
    pub fn call(&self) -> &Call {
        self.inner.proven.get().unwrap_or(&self.inner.call)
    }

    /// Tells who makes an unsigned call, once its input has proven it (`AssumeRoleWithWebIdentity`). A caller that a
    /// signature has told stays.
    pub fn prove(&self, caller: Caller) {
        if self.inner.call.caller.identity == Identity::Anonymous {
            self.inner.proven.get_or_init(|| Call { caller: Arc::new(caller), ..self.inner.call.clone() });
        }
    }

    /// Who calls.
    #[must_use]
    pub fn caller(&self) -> &Caller {
        &self.call().caller
    }

    /// The account of the caller.
    ///
    /// # Errors
    /// AWS's `AccessDenied` for a caller without an account (anonymous calls).
    pub fn account(&self) -> Result<&AccountId, Fault> {
        self.caller()
            .account
            .as_ref()
            .ok_or_else(|| Fault::sender("AccessDenied", "Access Denied").with_status(403))
    }

    /// The region called.
    #[must_use]
    pub fn region(&self) -> &Region {
        &self.inner.call.region
    }

    /// The moment of the call.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.inner.call.time
    }

    /// The seam for randomness and ids.
    #[must_use]
    pub fn entropy(&self) -> &dyn Entropy {
        self.inner.kernel.entropy()
    }

    /// The kernel, for ports.
    #[must_use]
    pub fn kernel(&self) -> &Kernel {
        &self.inner.kernel
    }

    /// Demands further permissions, met while working: a passed role, each table of a batch.
    ///
    /// # Errors
    /// `AccessDeniedException` with AWS's sentence for the first need that is not allowed.
    pub fn authorize(&self, needs: &[Need]) -> Result<(), Fault> {
        let verdicts = self.inner.kernel.authorizer()?.decide_all(self.call(), needs)?;
        // The first denial is the answer; the others are for `mastic explain`, which tells all that is missing.
        let mut refused = None;
        for (need, verdict) in needs.iter().zip(verdicts) {
            let place = self.keep(need, &verdict);
            if !verdict.allowed && refused.is_none() {
                refused = Some((verdict, decision_id(self.inner.call.request_id.as_str(), place)));
            }
        }
        match refused {
            None => Ok(()),
            Some((verdict, id)) => {
                let message = verdict.explanation.as_ref().map(|explanation| explanation.message.as_str());
                let encoded = message.map(|message| self.seal(&id, message)).unwrap_or_default();
                Err(Fault::sender("AccessDeniedException", verdict.text).with_decision(id, encoded))
            }
        }
    }

    /// Whether a need is allowed, for operations that leave out what the caller may not see.
    ///
    /// # Errors
    /// When the authorizer itself fails.
    pub fn allowed(&self, need: &Need) -> Result<bool, Fault> {
        let verdict = self.inner.kernel.authorizer()?.decide(self.call(), need)?;
        self.keep(need, &verdict);
        Ok(verdict.allowed)
    }

    /// Keeps a decision for the audit record; its place among those of the call, from 1.
    fn keep(&self, need: &Need, verdict: &Verdict) -> usize {
        let mut decisions = self.inner.decisions.lock();
        let explained = verdict.explanation.clone().filter(|_| decisions.len() < EXPLAINED);
        decisions.push(DecisionRecord { need: need.clone(), allowed: verdict.allowed, explained });
        decisions.len()
    }

    fn seal(&self, id: &str, message: &str) -> String {
        let kernel = &self.inner.kernel;
        AuthorizationMessage::new(self.caller(), id, message).seal(kernel.vault(), kernel.entropy())
    }

    /// Keeps the output, as its audit record shall show it.
    pub(crate) fn keep_output(&self, shown: Option<String>) {
        *self.inner.output.lock() = shown;
    }

    pub(crate) fn take_output(&self) -> Option<String> {
        self.inner.output.lock().take()
    }

    pub(crate) fn take_decisions(&self) -> Vec<DecisionRecord> {
        std::mem::take(&mut self.inner.decisions.lock())
    }

    /// Reads a consistent snapshot; a run sees its own staged writes in it.
    ///
    /// # Errors
    /// What the closure returns, or that the store cannot be read.
    pub fn read<R, E: From<StoreError>>(&self, f: impl FnOnce(&ReadTx<'_>) -> Result<R, E>) -> Result<R, E> {
        self.inner.store.read(f)
    }

    /// Writes in one transaction, durable when this returns; a run's writes are staged.
    ///
    /// # Errors
    /// What the closure returns (then nothing was written), or that the store cannot be written.
    pub async fn write<R, E>(
        &self,
        f: impl FnOnce(&mut WriteTx<'_>) -> Result<R, E> + Send + 'static,
    ) -> Result<R, E>
    where
        R: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        self.inner.store.write(f).await
    }

    /// Writes past the run's overlay: for state that is not output (log lines, upload bookkeeping).
    ///
    /// # Errors
    /// Those of [`Ctx::write`].
    pub async fn write_plain<R, E>(
        &self,
        f: impl FnOnce(&mut WriteTx<'_>) -> Result<R, E> + Send + 'static,
    ) -> Result<R, E>
    where
        R: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        self.inner.kernel.store().write(f).await
    }

    /// Writes to the stage of the caller's run even where its output is not kept back (`--atomic-output false`): for what
    /// becomes true with the run's success only. Of a caller without a run, as [`Ctx::write`].
    ///
    /// # Errors
    /// Those of [`Ctx::write`].
    pub async fn write_staged<R, E>(
        &self,
        f: impl FnOnce(&mut WriteTx<'_>) -> Result<R, E> + Send + 'static,
    ) -> Result<R, E>
    where
        R: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        match self.inner.call.caller.run() {
            Some(run) => self.inner.kernel.store().scoped(Scope::staged(&run.id)).write(f).await,
            None => self.inner.store.write(f).await,
        }
    }
}

/// The server's own work, which no caller asked for: schedulers, sweepers, start-up. It is named in
/// the log, and holds no caller's rights.
#[derive(Clone)]
pub struct Background {
    kernel: Kernel,
    name: &'static str,
}

impl Background {
    pub(crate) fn new(kernel: Kernel, name: &'static str) -> Self {
        Self { kernel, name }
    }

    /// What the work is called.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// The kernel, for ports.
    #[must_use]
    pub fn kernel(&self) -> &Kernel {
        &self.kernel
    }

    /// The present moment.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.kernel.clock().now()
    }

    /// The seam for randomness and ids.
    #[must_use]
    pub fn entropy(&self) -> &dyn Entropy {
        self.kernel.entropy()
    }

    /// Reads a consistent snapshot.
    ///
    /// # Errors
    /// What the closure returns, or that the store cannot be read.
    pub fn read<R, E: From<StoreError>>(&self, f: impl FnOnce(&ReadTx<'_>) -> Result<R, E>) -> Result<R, E> {
        self.kernel.store().read(f)
    }

    /// Writes in one transaction, durable when this returns.
    ///
    /// # Errors
    /// What the closure returns (then nothing was written), or that the store cannot be written.
    pub async fn write<R, E>(
        &self,
        f: impl FnOnce(&mut WriteTx<'_>) -> Result<R, E> + Send + 'static,
    ) -> Result<R, E>
    where
        R: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        self.kernel.store().write(f).await
    }

    /// Throws away all that a run has staged.
    ///
    /// # Errors
    /// That the store cannot be written; calling it again goes on.
    pub async fn discard_staged(&self, run: &str) -> Result<(), StoreError> {
        self.kernel.store().discard(run).await
    }

    /// Counts committed writes to a keyspace, for caches: unchanged count, unchanged content.
    #[must_use]
    pub fn generation(&self, keyspace: &str) -> u64 {
        self.kernel.store().keyspace_generation(keyspace)
    }

    /// Waits until one of these keyspaces has changed after the generation `seen`; its generation then. A run's
    /// writes count when they are published.
    pub async fn changed(&self, keyspaces: &[&str], seen: u64) -> u64 {
        self.kernel.store().changed(keyspaces, seen).await
    }
}
