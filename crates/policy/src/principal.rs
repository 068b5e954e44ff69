use std::borrow::Cow;

use mastic_core::{AccountId, Arn};
use serde::{Deserialize, Serialize};

use crate::Context;

/// Who makes a request ("AWS JSON policy elements: Principal").
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Principal {
    /// The root user of an account.
    Root {
        /// The account.
        account: AccountId,
    },
    /// An IAM user, with long-term keys or a session of its own.
    User {
        /// `arn:aws:iam::A:user/U`.
        arn: Arn,
    },
    /// A session of a role.
    Session {
        /// `arn:aws:iam::A:role/R`, the role's path included.
        role: Arn,
        /// `arn:aws:sts::A:assumed-role/R/S`.
        session: Arn,
    },
    /// A session made by `GetFederationToken`.
    FederatedUser {
        /// The IAM user that made it.
        user: Arn,
        /// `arn:aws:sts::A:federated-user/F`.
        session: Arn,
    },
    /// An AWS service that acts for itself.
    Service {
        /// Such as `glue.amazonaws.com`.
        name: String,
    },
    /// Someone whom an identity provider vouches for, when assuming a role.
    Federated {
        /// The provider's ARN or domain.
        provider: String,
    },
    /// Nobody: an unsigned request.
    Anonymous,
}

impl Principal {
    /// The account's number; services and strangers have none.
    #[must_use]
    pub fn account(&self) -> Option<&str> {
        match self {
            Self::Root { account } => Some(account.as_str()),
            Self::User { arn } => Some(arn.account()),
            Self::Session { role, .. } => Some(role.account()),
            Self::FederatedUser { user, .. } => Some(user.account()),
            Self::Service { .. } | Self::Federated { .. } | Self::Anonymous => None,
        }
    }

    /// How messages name the principal: an ARN where it has one.
    #[must_use]
    pub fn name(&self) -> Cow<'_, str> {
        match self {
            Self::Root { account } => Cow::Owned(format!("arn:aws:iam::{account}:root")),
            Self::User { arn } => Cow::Borrowed(arn.as_str()),
            Self::Session { session, .. } | Self::FederatedUser { session, .. } => {
                Cow::Borrowed(session.as_str())
            }
            Self::Service { name } => Cow::Borrowed(name),
            Self::Federated { provider } => Cow::Borrowed(provider),
            Self::Anonymous => Cow::Borrowed("anonymous"),
        }
    }

    /// The ARN of what identity-based policies are attached to: the user or the role.
    #[must_use]
    pub fn identity(&self) -> Cow<'_, str> {
        match self {
            Self::Session { role, .. } => Cow::Borrowed(role.as_str()),
            Self::FederatedUser { user, .. } => Cow::Borrowed(user.as_str()),
            other => other.name(),
        }
    }

    /// Whether identity-based and service control policies have a say: a user, role or root user.
    pub(crate) fn has_identity(&self) -> bool {
        self.account().is_some()
    }

    /// Whether it has the rights of a root user, to whom no policies are attached.
    pub(crate) fn is_root(&self) -> bool {
        match self {
            Self::Root { .. } => true,
            Self::FederatedUser { user, .. } => user.resource() == "root",
            _ => false,
        }
    }

    pub(crate) fn describe(&self, context: &mut Context) {
        let kind = match self {
            Self::Root { .. } => "Account",
            Self::User { arn } => {
                if let Some(name) = arn.resource().rsplit('/').next() {
                    context.set("aws:username", name);
                }
                "User"
            }
            Self::Session { .. } => "AssumedRole",
            Self::FederatedUser { .. } => "FederatedUser",
            Self::Anonymous => "Anonymous",
            Self::Service { name } => {
                context
                    .set("aws:PrincipalIsAWSService", "true")
                    .set("aws:PrincipalServiceName", name.as_str());
                return;
            }
            Self::Federated { .. } => return,
        };
        context.set("aws:PrincipalType", kind).set("aws:PrincipalIsAWSService", "false");
        if let Some(account) = self.account() {
            let arn = match self {
                Self::FederatedUser { .. } => self.name(),
                _ => self.identity(),
            };
            context.set("aws:PrincipalAccount", account).set("aws:PrincipalArn", arn);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_of_a_role_session() {
        let principal = Principal::Session {
            role: "arn:aws:iam::111122223333:role/etl/Nightly".parse().unwrap(),
            session: "arn:aws:sts::111122223333:assumed-role/Nightly/run-1".parse().unwrap(),
        };
        let context = Context::of(&principal);
        assert_eq!(context.get("aws:PrincipalArn"), ["arn:aws:iam::111122223333:role/etl/Nightly"]);
        assert_eq!(context.get("aws:PrincipalAccount"), ["111122223333"]);
        assert_eq!(context.get("aws:PrincipalType"), ["AssumedRole"]);
        assert!(context.get("aws:username").is_empty());
    }

    #[test]
    fn a_users_name_is_without_its_path() {
        let arn = "arn:aws:iam::111122223333:user/team/alice".parse().unwrap();
        assert_eq!(Context::of(&Principal::User { arn }).get("aws:username"), ["alice"]);
    }
}
