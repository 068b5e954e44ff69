use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::AccountId;

/// A region name such as `eu-central-1`, as clients put it into the credential scope.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Region(Arc<str>);

impl Region {
    /// The region's name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Region {
    type Err = ParseArnError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let legal = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
        if !text.is_empty() && text.len() <= 32 && text.bytes().all(legal) {
            Ok(Self(text.into()))
        } else {
            Err(ParseArnError(text.to_owned()))
        }
    }
}

impl TryFrom<String> for Region {
    type Error = ParseArnError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<Region> for String {
    fn from(region: Region) -> Self {
        region.as_str().to_owned()
    }
}

impl fmt::Display for Region {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Region {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// An Amazon Resource Name: `arn:partition:service:region:account:resource`.
///
/// Region and account may be empty (`arn:aws:s3:::bucket`, `arn:aws:iam::aws:policy/X`); the
/// account part of an AWS-managed policy is the word `aws`, which is why it is text here.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Arn(Arc<str>);

/// The text was not of the form `arn:partition:service:region:account:resource`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a valid ARN or region")]
pub struct ParseArnError(String);

impl Arn {
    /// Builds an ARN of the `aws` partition. Empty `region` and `account` stay empty.
    #[must_use]
    pub fn new(service: &str, region: &str, account: &str, resource: &str) -> Self {
        Self(format!("arn:aws:{service}:{region}:{account}:{resource}").into())
    }

    /// The whole text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    fn part(&self, index: usize) -> &str {
        self.0.splitn(6, ':').nth(index).unwrap_or_default()
    }

    /// `aws`, `aws-cn`, ...
    #[must_use]
    pub fn partition(&self) -> &str {
        self.part(1)
    }

    /// `glue`, `s3`, `iam`, ...
    #[must_use]
    pub fn service(&self) -> &str {
        self.part(2)
    }

    /// The region, or nothing for a global resource.
    #[must_use]
    pub fn region(&self) -> &str {
        self.part(3)
    }

    /// The account part as written: twelve digits, `aws`, or nothing.
    #[must_use]
    pub fn account(&self) -> &str {
        self.part(4)
    }

    /// The account part where it is an account.
    #[must_use]
    pub fn account_id(&self) -> Option<AccountId> {
        self.account().parse().ok()
    }

    /// All that follows the fifth colon, for example `role/path/name`.
    #[must_use]
    pub fn resource(&self) -> &str {
        self.part(5)
    }
}

impl FromStr for Arn {
    type Err = ParseArnError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut parts = text.splitn(6, ':');
        let arn = parts.next() == Some("arn");
        let partition = parts.next().is_some_and(|p| !p.is_empty());
        let service = parts.next().is_some_and(|p| !p.is_empty());
        let resource = parts.nth(2).is_some_and(|p| !p.is_empty());
        if arn && partition && service && resource {
            Ok(Self(text.into()))
        } else {
            Err(ParseArnError(text.to_owned()))
        }
    }
}

impl TryFrom<String> for Arn {
    type Error = ParseArnError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<Arn> for String {
    fn from(arn: Arn) -> Self {
        arn.as_str().to_owned()
    }
}

impl fmt::Display for Arn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Arn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_of_an_arn() {
        let arn: Arn = "arn:aws:logs:eu-west-1:111122223333:log-group:/a:log-stream:b".parse().unwrap();
        assert_eq!(
            (arn.service(), arn.region(), arn.account(), arn.resource()),
            ("logs", "eu-west-1", "111122223333", "log-group:/a:log-stream:b")
        );
        assert_eq!(Arn::new("s3", "", "", "b/k").as_str(), "arn:aws:s3:::b/k");
    }

    #[test]
    fn what_is_no_arn() {
        for text in ["", "arn", "arn:aws:s3", "arn:aws:s3:::", "urn:aws:s3:::b", "arn::s3:::b"] {
            assert!(text.parse::<Arn>().is_err(), "{text}");
        }
    }
}
