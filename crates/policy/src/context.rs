use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::Principal;

/// The request context: what conditions and policy variables may look at. Key names are
/// case-insensitive; a key holds one value or, where AWS says so, several.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Context(BTreeMap<String, Vec<String>>);

impl Context {
    /// A context without keys.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The keys that follow from who calls: `aws:PrincipalArn`, `aws:PrincipalAccount`,
    /// `aws:PrincipalType`, `aws:PrincipalIsAWSService`, `aws:PrincipalServiceName` and
    /// `aws:username` ("AWS global condition context keys"), as far as the principal has them.
    #[must_use]
    pub fn of(principal: &Principal) -> Self {
        let mut context = Self::new();
        principal.describe(&mut context);
        context
    }

    /// Gives `key` one value, in place of those it had.
    pub fn set(&mut self, key: &str, value: impl Into<String>) -> &mut Self {
        self.set_all(key, [value])
    }

    /// Gives `key` these values, in place of those it had; without values the key is absent.
    pub fn set_all<V: Into<String>>(&mut self, key: &str, values: impl IntoIterator<Item = V>) -> &mut Self {
        let values: Vec<String> = values.into_iter().map(Into::into).collect();
        if values.is_empty() {
            self.0.remove(&key.to_lowercase());
        } else {
            self.0.insert(key.to_lowercase(), values);
        }
        self
    }

    /// The values of `key`; none where it is absent.
    #[must_use]
    pub fn get(&self, key: &str) -> &[String] {
        self.get_folded(&key.to_lowercase())
    }

    /// As [`Context::get`] for a key already in lower case.
    pub(crate) fn get_folded(&self, key: &str) -> &[String] {
        self.0.get(key).map(Vec::as_slice).unwrap_or_default()
    }

    /// The value of a key that has exactly one: policy variables cannot stand for several.
    pub(crate) fn single(&self, key: &str) -> Option<&str> {
        match self.get_folded(key) {
            [value] => Some(value),
            _ => None,
        }
    }

    /// All keys, in lower case, with their values.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &[String])> {
        self.0.iter().map(|(key, values)| (key.as_str(), values.as_slice()))
    }
}

impl<K: AsRef<str>, V: Into<String>> FromIterator<(K, V)> for Context {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(pairs: I) -> Self {
        let mut context = Self::new();
        for (key, value) in pairs {
            context.set(key.as_ref(), value);
        }
        context
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_case_insensitive() {
        let mut context = Context::from_iter([("aws:SourceIp", "203.0.113.7")]);
        assert_eq!(context.get("AWS:sourceip"), ["203.0.113.7"]);
        context.set_all("aws:TagKeys", ["a", "b"]);
        assert_eq!(context.single("aws:tagkeys"), None);
        context.set_all("aws:sourceIP", Vec::<String>::new());
        assert!(context.get("aws:SourceIp").is_empty());
    }
}
