//! The accounts, as Organizations needs them.

use mastic_core::{AccountId, Fault};
use mastic_kernel::ports::{AccountFacts, Accounts, NewAccount};
use mastic_store::{ReadTx, WriteTx};
use serde_json::json;

use crate::accounts::{all, email, random_account};
use crate::names::folded;
use crate::records::{ACCOUNTS, Account, Base, Entity, ROLES, Role};
use crate::{Iam, entities};

/// What the role of a new account's management may do.
const ADMINISTRATOR: &str = "arn:aws:iam::aws:policy/AdministratorAccess";

/// Seconds that sessions of that role last at most.
const SESSION: i32 = 3600;

fn facts(id: AccountId, record: Account) -> AccountFacts {
    AccountFacts {
        email: email(&id, &record),
        id,
        name: record.name,
        created: record.created,
        closed: record.closed,
    }
}

impl Accounts for Iam {
    fn find(&self, tx: &ReadTx<'_>, account: &AccountId) -> Result<Option<AccountFacts>, Fault> {
        Ok(ACCOUNTS.get(tx, account)?.map(|record| facts(account.clone(), record)))
    }

    fn find_by_email(&self, tx: &ReadTx<'_>, address: &str) -> Result<Option<AccountFacts>, Fault> {
        let mut accounts = all(tx)?.into_iter().map(|(id, record)| facts(id, record));
        Ok(accounts.find(|account| account.email.eq_ignore_ascii_case(address)))
    }

    fn create(&self, tx: &mut WriteTx<'_>, account: &NewAccount) -> Result<Option<AccountFacts>, Fault> {
        if self.find_by_email(tx, &account.email)?.is_some() {
            return Ok(None);
        }
        let (entropy, now) = (self.background.entropy(), self.background.now());
        let record = Account {
            name: account.name.clone(),
            email: Some(account.email.clone()),
            management: false,
            created: now,
            closed: None,
            keys: Vec::new(),
        };
        let mut id = random_account(entropy);
        while !ACCOUNTS.insert_new(tx, &id, &record)? {
            id = random_account(entropy);
        }
        let mut base = Base::new::<Role>(account.role.clone(), None, now, entropy);
        base.attached.push(ADMINISTRATOR.to_owned());
        let trust = json!({"Version": "2012-10-17", "Statement": [{
            "Effect": "Allow",
            "Principal": {"AWS": format!("arn:aws:iam::{}:root", account.trusted)},
            "Action": "sts:AssumeRole",
        }]});
        let role =
            Role { base, trust: trust.to_string(), description: None, max_session: SESSION, service: None };
        ROLES.put(tx, &(&id, folded(&account.role)), &role)?;
        entities::mark::<Role>(tx, &id, ADMINISTRATOR, entities::PERMISSIONS, &role.base().name)?;
        Ok(Some(facts(id, record)))
    }

    fn close(&self, tx: &mut WriteTx<'_>, account: &AccountId) -> Result<(), Fault> {
        if let Some(record) = ACCOUNTS.get(tx, account)? {
            let closed = record.closed.or_else(|| Some(self.background.now()));
            ACCOUNTS.put(tx, account, &Account { closed, ..record })?;
        }
        Ok(())
    }
}
