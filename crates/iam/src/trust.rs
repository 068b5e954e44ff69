//! Whom trust policies name: users and roles must be there, and the policy means them and not others who get
//! their names later ("AWS JSON policy elements: Principal").
//!
//! A stored document is always true: when a user or role goes, its ARN becomes its unique id in every trust policy that
//! names it, as AWS shows it; when it is renamed, the ARN follows.

use mastic_core::{AccountId, Arn, Fault};
use mastic_policy::Document;
use mastic_store::{Keyspace, ReadTx, StoreError, WriteTx};
use serde_json::Value;

use crate::faults::malformed;
use crate::names::{self, find_arn, folded};
use crate::records::{ACCOUNTS, Entity, Mark, ROLES, Role, User};

/// Unique id of a user or role; account and key of a role that trusts it.
const TRUSTED: Keyspace<(String, AccountId, String), Mark> = Keyspace::new("iam.trusted");

/// Checks whom the document names and notes the role under them.
pub(crate) fn bind(
    tx: &mut WriteTx<'_>,
    account: &AccountId,
    role: &str,
    document: &str,
) -> Result<(), Fault> {
    for principal in principals(document)? {
        match meant(tx, &principal)? {
            Meant::Nobody => {
                return Err(malformed(format!("Invalid principal in policy: \"AWS\":\"{principal}\"")));
            }
            Meant::Other => {}
            Meant::Id(id) => TRUSTED.put(tx, &(id.as_str(), account, folded(role)), &Mark {})?,
        }
    }
    Ok(())
}

/// Takes the notes away: the role goes, or gets another document.
pub(crate) fn unbind(
    tx: &mut WriteTx<'_>,
    account: &AccountId,
    role: &str,
    document: &str,
) -> Result<(), Fault> {
    for principal in principals(document)? {
        if let Meant::Id(id) = meant(tx, &principal)? {
            TRUSTED.delete(tx, &(id.as_str(), account, folded(role)))?;
        }
    }
    Ok(())
}

/// Writes into every trust policy that names `arn`, the user or role of this unique id, what stands for it from now
/// on: its new ARN, or its id once it is gone.
pub(crate) fn rewrite(tx: &mut WriteTx<'_>, arn: &Arn, id: &str, now: &str) -> Result<(), Fault> {
    let rows: Vec<(String, AccountId, String)> = TRUSTED
        .scan_prefix(tx, (id,))
        .map(|row| row.map(|(key, _)| key))
        .collect::<Result<_, StoreError>>()?;
    for (_, account, name) in &rows {
        let Some(mut role) = ROLES.get(tx, &(account, name))? else { continue };
        role.trust = replaced(&role.trust, arn.as_str(), now)?;
        ROLES.put(tx, &(account, name), &role)?;
        if now == id {
            TRUSTED.delete(tx, &(id, account, name))?;
        }
    }
    Ok(())
}

/// The entries of `"Principal": {"AWS": ...}` that could name somebody.
fn principals(document: &str) -> Result<Vec<String>, Fault> {
    let document = Document::parse(document).map_err(malformed)?;
    let named = document.statements().iter().flat_map(mastic_policy::Statement::principals);
    Ok(named.filter(|(kind, value)| *kind == "AWS" && *value != "*").map(|(_, v)| v.to_owned()).collect())
}

enum Meant {
    Nobody,
    /// An account, or a session, which come and go.
    Other,
    Id(String),
}

fn meant(tx: &ReadTx<'_>, principal: &str) -> Result<Meant, StoreError> {
    let there = |is: bool| if is { Meant::Other } else { Meant::Nobody };
    if let Ok(account) = principal.parse::<AccountId>() {
        return Ok(there(ACCOUNTS.contains(tx, &account)?));
    }
    let Ok(arn) = principal.parse::<Arn>() else { return by_id(tx, principal) };
    let Some(account) = arn.account_id() else { return Ok(Meant::Nobody) };
    let known = ACCOUNTS.contains(tx, &account)?;
    let id = |id: Option<String>| id.map_or(Meant::Nobody, Meant::Id);
    Ok(match (arn.service(), arn.resource().split('/').next().unwrap_or_default()) {
        ("iam", "user") => id(find_arn::<User>(tx, &arn)?.map(|user| user.base.id)),
        ("iam", "role") => id(find_arn::<Role>(tx, &arn)?.map(|role| role.base.id)),
        ("sts", "assumed-role") => {
            let role = arn.resource().split('/').nth(1).unwrap_or_default();
            there(names::find::<Role>(tx, &account, role)?.is_some())
        }
        _ => there(known),
    })
}

/// The user or role of a unique id.
fn by_id(tx: &ReadTx<'_>, id: &str) -> Result<Meant, StoreError> {
    fn any<E: Entity>(tx: &ReadTx<'_>, id: &str) -> Result<bool, StoreError> {
        for row in E::SPACE.scan(tx, E::SPACE.all()) {
            if row?.1.base().id == id {
                return Ok(true);
            }
        }
        Ok(false)
    }
    let found = match id.get(..4) {
        Some(User::ID_PREFIX) => any::<User>(tx, id)?,
        Some(Role::ID_PREFIX) => any::<Role>(tx, id)?,
        _ => false,
    };
    Ok(if found { Meant::Other } else { Meant::Nobody })
}

fn replaced(document: &str, old: &str, new: &str) -> Result<String, Fault> {
    let mut json: Value = serde_json::from_str(document).map_err(Fault::internal)?;
    let swap = |value: &mut Value| {
        if value.as_str() == Some(old) {
            *value = Value::String(new.to_owned());
        }
    };
    let statements = match json.get_mut("Statement") {
        Some(Value::Array(statements)) => statements.as_mut_slice(),
        Some(one) => std::slice::from_mut(one),
        None => &mut [],
    };
    for statement in statements {
        match statement.get_mut("Principal").and_then(|named| named.get_mut("AWS")) {
            Some(Value::Array(entries)) => entries.iter_mut().for_each(swap),
            Some(entry) => swap(entry),
            None => {}
        }
    }
    serde_json::to_string(&json).map_err(Fault::internal)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_principals_are_replaced() {
        let document = r#"{"Statement":[{"Principal":{"AWS":["a","b"]},"Condition":{"StringEquals":{"k":"a"}}},{"Principal":{"AWS":"a"}}]}"#;
        let new = replaced(document, "a", "x").unwrap();
        assert!(new.contains(r#"["x","b"]"#) && new.contains(r#""k":"a""#) && new.contains(r#"{"AWS":"x"}"#));
    }
}
