use std::net::IpAddr;
use std::sync::Arc;

use mastic_core::{AccountId, Arn, Region, RequestId, Timestamp};
use serde::{Deserialize, Serialize};

/// Who calls, as the access key of the call was resolved.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Caller {
    /// The account that the principal belongs to; `None` for anonymous calls and AWS services.
    pub account: Option<AccountId>,
    /// What kind of principal it is.
    pub identity: Identity,
    /// The access key that signed the call.
    pub access_key_id: Option<String>,
    /// For temporary credentials, what is told with them.
    #[serde(default)]
    pub token: Option<Token>,
}

/// What a session token tells besides whose it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Token {
    /// When the credentials were issued.
    pub issued: Timestamp,
    /// When they end.
    pub expires: Timestamp,
    /// When the holder proved an MFA device for them, if it did.
    pub mfa: Option<Timestamp>,
    /// Whether they were given at sign-in: such a session may do all that its holder may.
    pub signed_in: bool,
}

/// The kinds of principals.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Identity {
    /// The root user of the account.
    Root,
    /// An IAM user.
    User {
        /// The user's ARN, with its path.
        arn: Arn,
        /// The unique id (`AIDA...`).
        id: String,
        /// The friendly name.
        name: String,
    },
    /// A session of a role. (Those of `GetSessionToken` are the user's or root's own.)
    Session(Box<SessionIdentity>),
    /// A session that a user made for somebody else with `GetFederationToken`.
    FederatedUser(Box<FederatedUserIdentity>),
    /// Somebody whom an identity provider vouches for, in the very call that assumes a role.
    Federated(Box<Federation>),
    /// An AWS service acting for itself, for example `glue.amazonaws.com`.
    Service(String),
    /// No signature at all.
    Anonymous,
}

/// A temporary session of a role.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SessionIdentity {
    /// `arn:aws:iam::A:role/path/R`.
    pub role_arn: Arn,
    /// `arn:aws:sts::A:assumed-role/R/S`.
    pub session_arn: Arn,
    /// The role's unique id (`AROA...`).
    pub role_id: String,
    /// The session's name.
    pub session_name: String,
    /// Session policies, as JSON documents: each further limits what the role may do.
    pub session_policies: Vec<String>,
    /// When the credentials were issued.
    pub issued: Timestamp,
    /// When they end.
    pub expires: Timestamp,
    /// The service principal on whose behalf they were issued, for job and crawler runs.
    pub issued_to_service: Option<String>,
    /// The run that works with this session, if any.
    pub run: Option<RunBinding>,
    /// The source identity, which stays through a chain of roles.
    #[serde(default)]
    pub source_identity: Option<String>,
    /// Who vouched for whoever assumed the role, if it was an identity provider.
    #[serde(default)]
    pub federation: Option<Box<Federation>>,
}

/// A session of `GetFederationToken`: it may do what both its maker and its session policies may.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FederatedUserIdentity {
    /// The user that made it, or the root user: `arn:aws:iam::A:root`.
    pub user_arn: Arn,
    /// The user's unique id; the account's number for the root user.
    pub user_id: String,
    /// `arn:aws:sts::A:federated-user/NAME`.
    pub session_arn: Arn,
    /// The name that the maker gave it.
    pub name: String,
    /// Session policies, as JSON documents. Without any nothing but a resource's policy allows it
    /// something.
    pub session_policies: Vec<String>,
}

/// What an identity provider said.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Federation {
    /// Which protocol it speaks.
    pub kind: FederationKind,
    /// The provider's ARN.
    pub provider: String,
    /// Whom it vouches for, in its own words.
    pub subject: String,
    /// The unique id of the federated user: `PROVIDER:AUDIENCE:SUBJECT` or `NAMEQUALIFIER:SUBJECT`.
    pub principal_id: String,
    /// What conditions may ask of it, such as `accounts.example.com:sub` or `saml:iss`.
    pub context: Vec<(String, Vec<String>)>,
}

/// The protocols of identity providers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum FederationKind {
    /// OpenID Connect: `AssumeRoleWithWebIdentity`.
    WebIdentity,
    /// SAML 2.0: `AssumeRoleWithSAML`.
    Saml,
}

/// The binding of a session to a job run or crawl: its writes are staged until the run ends.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunBinding {
    /// The run's id.
    pub id: String,
    /// Whether writes go to the run's overlay; false only for runs with `--atomic-output false`.
    pub staged: bool,
}

/// One call as it came in, before anything was allowed.
#[derive(Debug, Clone)]
pub struct Call {
    /// Who calls.
    pub caller: Arc<Caller>,
    /// The region of the credential scope.
    pub region: Region,
    /// The id of the call.
    pub request_id: RequestId,
    /// When it came in.
    pub time: Timestamp,
    /// Where from.
    pub source_ip: Option<IpAddr>,
    /// The client's `User-Agent`.
    pub user_agent: Option<String>,
    /// Whether it came over TLS.
    pub secure: bool,
}

impl Caller {
    /// The anonymous caller.
    #[must_use]
    pub const fn anonymous() -> Self {
        Self { account: None, identity: Identity::Anonymous, access_key_id: None, token: None }
    }

    /// The principal's ARN as error texts and audit records show it.
    #[must_use]
    pub fn arn(&self) -> String {
        match (&self.identity, &self.account) {
            (Identity::Root, Some(account)) => format!("arn:aws:iam::{account}:root"),
            (Identity::User { arn, .. }, _) => arn.to_string(),
            (Identity::Session(session), _) => session.session_arn.to_string(),
            (Identity::FederatedUser(user), _) => user.session_arn.to_string(),
            (Identity::Federated(federation), _) => federation.provider.clone(),
            (Identity::Service(name), _) => name.clone(),
            _ => "anonymous".to_owned(),
        }
    }

    /// The unique id that `aws:userid` and `GetCallerIdentity` show.
    #[must_use]
    pub fn user_id(&self) -> String {
        match (&self.identity, &self.account) {
            (Identity::Root, Some(account)) => account.to_string(),
            (Identity::User { id, .. }, _) => id.clone(),
            (Identity::Session(session), _) => format!("{}:{}", session.role_id, session.session_name),
            (Identity::FederatedUser(user), _) => format!("{}:{}", user.session_arn.account(), user.name),
            (Identity::Federated(federation), _) => federation.principal_id.clone(),
            (Identity::Service(name), _) => name.clone(),
            _ => "anonymous".to_owned(),
        }
    }

    /// The run that the caller works for, if its session is bound to one.
    #[must_use]
    pub fn run(&self) -> Option<&RunBinding> {
        match &self.identity {
            Identity::Session(session) => session.run.as_ref(),
            _ => None,
        }
    }
}
