//! Users and roles with what they may do and did, for the Access Analyzer.

use mastic_core::{AccountId, Fault, Timestamp};
use mastic_kernel::ports::{CredentialUse, GrantedPolicy, PrincipalUse, PrincipalUses};
use mastic_store::{ReadTx, StoreError};

use crate::Iam;
use crate::people::logins;
use crate::people::person::Person;
use crate::policies::{self, Managed};
use crate::records::{Base, KEYS, KEYS_USED, ROLES, ROLES_USED, Role, USERS, User};

impl PrincipalUses for Iam {
    fn uses(&self, account: &AccountId) -> Result<Vec<PrincipalUse>, Fault> {
        self.background.read(|tx| {
            let mut all = Vec::new();
            for row in USERS.scan_prefix(tx, (account,)) {
                all.push(self.user_uses(tx, account, &row?.1)?);
            }
            for row in ROLES.scan_prefix(tx, (account,)) {
                all.push(self.role_uses(tx, account, &row?.1)?);
            }
            Ok(all)
        })
    }
}

impl Iam {
    /// When each action was last made use of.
    fn tried(&self, tx: &ReadTx<'_>, base: &Base) -> Result<Vec<(String, Timestamp)>, StoreError> {
        let tried = self.accesses.of(tx, &base.id)?;
        Ok(tried.into_iter().map(|(action, used)| (action, used.time)).collect())
    }

    fn user_uses(
        &self,
        tx: &ReadTx<'_>,
        account: &AccountId,
        user: &User,
    ) -> Result<PrincipalUse, StoreError> {
        let mut keys = Vec::new();
        for id in &user.keys {
            let Some(key) = KEYS.get(tx, id.as_str())?.filter(|key| key.active) else { continue };
            let used = match self.uses.key(id) {
                Some(used) => Some(used),
                None => KEYS_USED.get(tx, id.as_str())?,
            };
            keys.push(CredentialUse {
                id: id.clone(),
                created: key.created,
                last_used: used.map(|used| used.time),
            });
        }
        let login = logins::find(tx, account, &Person::of(&user.base))?;
        let password = login.map(|login| CredentialUse {
            id: String::new(),
            created: login.created,
            last_used: login.used,
        });
        Ok(PrincipalUse {
            arn: user.base.arn(account, "user"),
            created: user.base.created,
            last_used: None,
            linked: false,
            keys,
            password,
            policies: granted(tx, account, &user.base)?,
            actions: self.tried(tx, &user.base)?,
        })
    }

    fn role_uses(
        &self,
        tx: &ReadTx<'_>,
        account: &AccountId,
        role: &Role,
    ) -> Result<PrincipalUse, StoreError> {
        let used = match self.uses.role(&role.base.id) {
            Some(used) => Some(used),
            None => ROLES_USED.get(tx, role.base.id.as_str())?,
        };
        Ok(PrincipalUse {
            arn: role.base.arn(account, "role"),
            created: role.base.created,
            last_used: used.map(|used| used.time),
            linked: role.service.is_some(),
            keys: Vec::new(),
            password: None,
            policies: granted(tx, account, &role.base)?,
            actions: self.tried(tx, &role.base)?,
        })
    }
}

fn granted(tx: &ReadTx<'_>, account: &AccountId, base: &Base) -> Result<Vec<GrantedPolicy>, StoreError> {
    let mut all = Vec::new();
    for arn in &base.attached {
        let Some(policy) = policies::find(tx, account, arn)? else { continue };
        let updated = match &policy {
            Managed::Own(own) => Some(own.updated),
            Managed::Aws(_) => None,
        };
        all.push(GrantedPolicy { id: arn.clone(), document: policy.document().to_owned(), updated });
    }
    for (name, document) in &base.inline {
        all.push(GrantedPolicy { id: name.clone(), document: document.clone(), updated: None });
    }
    Ok(all)
}
