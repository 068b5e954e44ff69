//! Closed accounts leave their organization after a time.

use std::time::Duration;

use mastic_core::{AccountId, Fault};

use crate::Organizations;
use crate::records::ORGANIZATIONS;
use crate::tree::Org;

/// How long a closed account stays a member ("Closing a member account in an organization").
const CLOSED: Duration = Duration::from_secs(90 * 24 * 60 * 60);

impl Organizations {
    /// Takes accounts that were closed 90 days ago out of their organizations. The root calls it now and then.
    ///
    /// # Errors
    /// When the store cannot be read or written; calling it again goes on.
    pub async fn sweep(&self) -> Result<(), Fault> {
        let accounts = self.background.kernel().accounts()?.clone();
        let now = self.background.now();
        let gone: Vec<(Org, AccountId)> = self.background.read(|tx| {
            let mut gone = Vec::new();
            for row in ORGANIZATIONS.scan(tx, ORGANIZATIONS.all()) {
                let (management, record) = row?;
                let org = Org { management, record };
                for (account, _) in org.members(tx)? {
                    let closed = accounts.find(tx, &account)?.and_then(|facts| facts.closed);
                    if closed.is_some_and(|closed| closed.plus(CLOSED) <= now) {
                        gone.push((org.clone(), account));
                    }
                }
            }
            Ok::<_, Fault>(gone)
        })?;
        if gone.is_empty() {
            return Ok(());
        }
        self.background
            .write(move |tx| {
                for (org, account) in &gone {
                    // It may have left meanwhile, and be a member elsewhere.
                    if org.member(tx, account)?.is_some() {
                        org.let_go(tx, account)?;
                    }
                }
                Ok(())
            })
            .await
            .map_err(|error: mastic_store::StoreError| error.into())
    }
}
