//! Names, unique ids and ARNs of IAM's own resources.

use mastic_core::{AccountId, Arn, Entropy, Timestamp};
use mastic_store::{ReadTx, StoreError};

use crate::records::{Base, Entity};

/// Base32's letters, of which AWS makes unique ids.
const ID_LETTERS: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
const SECRET_LETTERS: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// A unique id such as `AIDA` and 17 more characters ("IAM identifiers").
pub(crate) fn unique_id(prefix: &str, entropy: &dyn Entropy) -> String {
    format!("{prefix}{}", entropy.text(17, ID_LETTERS))
}

/// An access key id: `AKIA` or `ASIA` and 16 more characters.
pub(crate) fn access_key_id(prefix: &str, entropy: &dyn Entropy) -> String {
    format!("{prefix}{}", entropy.text(16, ID_LETTERS))
}

/// Random letters of Base32's alphabet.
pub(crate) fn base32(letters: usize, entropy: &dyn Entropy) -> String {
    entropy.text(letters, ID_LETTERS)
}

/// A number in the form of a UUID, as tasks and jobs have.
pub(crate) fn uuid(entropy: &dyn Entropy) -> String {
    let digits = |length| entropy.text(length, "0123456789abcdef");
    format!("{}-{}-{}-{}-{}", digits(8), digits(4), digits(4), digits(4), digits(12))
}

/// A secret access key: 40 characters.
pub(crate) fn secret(entropy: &dyn Entropy) -> String {
    entropy.text(40, SECRET_LETTERS)
}

/// A session token: opaque, and too long to guess.
pub(crate) fn token(entropy: &dyn Entropy) -> String {
    format!("IQoJ{}", entropy.text(172, SECRET_LETTERS))
}

/// The key under which a name is stored: names differ in more than case.
pub(crate) fn folded(name: &str) -> String {
    name.to_ascii_lowercase()
}

/// `arn:aws:iam::A:user/path/name` and the like.
pub(crate) fn arn(account: &AccountId, kind: &str, path: &str, name: &str) -> Arn {
    Arn::new("iam", "", account.as_str(), &format!("{kind}{path}{name}"))
}

/// `arn:aws:sts::A:assumed-role/R/S`: the role's path is not in it.
pub(crate) fn session_arn(account: &AccountId, role: &str, session: &str) -> Arn {
    Arn::new("sts", "", account.as_str(), &format!("assumed-role/{role}/{session}"))
}

/// `arn:aws:sts::A:federated-user/NAME`.
pub(crate) fn federated_arn(account: &AccountId, name: &str) -> Arn {
    Arn::new("sts", "", account.as_str(), &format!("federated-user/{name}"))
}

/// The name at the end of a path.
pub(crate) fn last(resource: &str) -> &str {
    resource.rsplit('/').next().unwrap_or(resource)
}

/// What an IAM ARN's resource is, with path and name apart: `("role", "/etl/", "Nightly")`.
pub(crate) fn split(resource: &str) -> Option<(&str, &str, &str)> {
    let (kind, rest) = resource.split_once('/')?;
    let name = last(rest);
    let path = resource.get(kind.len()..resource.len() - name.len())?;
    (!name.is_empty()).then_some((kind, path, name))
}

impl Base {
    /// A new user, group or role.
    pub(crate) fn new<E: Entity>(
        name: String,
        path: Option<String>,
        at: Timestamp,
        entropy: &dyn Entropy,
    ) -> Self {
        Self {
            name,
            path: path.unwrap_or_else(|| "/".to_owned()),
            id: unique_id(E::ID_PREFIX, entropy),
            created: at,
            attached: Vec::new(),
            inline: std::collections::BTreeMap::new(),
            boundary: None,
            tags: std::collections::BTreeMap::new(),
        }
    }

    /// The ARN, for an entity of this kind.
    pub(crate) fn arn(&self, account: &AccountId, kind: &str) -> Arn {
        arn(account, kind, &self.path, &self.name)
    }
}

/// The user, group or role of exactly this name.
pub(crate) fn find<E: Entity>(
    tx: &ReadTx<'_>,
    account: &AccountId,
    name: &str,
) -> Result<Option<E>, StoreError> {
    Ok(E::SPACE.get(tx, &(account, folded(name)))?.filter(|entity| entity.base().name == name))
}

/// The user, group or role of this ARN.
pub(crate) fn find_arn<E: Entity>(tx: &ReadTx<'_>, arn: &Arn) -> Result<Option<E>, StoreError> {
    let (Some(account), Some((kind, path, name))) = (arn.account_id(), split(arn.resource())) else {
        return Ok(None);
    };
    if arn.service() != "iam" || kind != E::KIND {
        return Ok(None);
    }
    Ok(find::<E>(tx, &account, name)?.filter(|entity| entity.base().path == path))
}

#[cfg(test)]
mod tests {
    use mastic_core::SeededEntropy;

    use super::*;

    #[test]
    fn ids_have_aws_s_form() {
        let entropy = SeededEntropy::new(1);
        assert_eq!(unique_id("AROA", &entropy).len(), 21);
        assert_eq!(access_key_id("AKIA", &entropy).len(), 20);
        assert_eq!(secret(&entropy).len(), 40);
    }

    #[test]
    fn resources_come_apart() {
        assert_eq!(split("role/Nightly"), Some(("role", "/", "Nightly")));
        assert_eq!(split("policy/service-role/A"), Some(("policy", "/service-role/", "A")));
        assert_eq!(split("root"), None);
        assert_eq!(split("role/"), None);
    }
}
