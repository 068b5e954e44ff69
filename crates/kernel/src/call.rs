use std::net::IpAddr;

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
    /// A session: of a role, or of a user or root by `GetSessionToken`.
    Session(Box<SessionIdentity>),
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
    pub caller: Caller,
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
        Self { account: None, identity: Identity::Anonymous, access_key_id: None }
    }

    /// The principal's ARN as error texts and audit records show it.
    #[must_use]
    pub fn arn(&self) -> String {
        match (&self.identity, &self.account) {
            (Identity::Root, Some(account)) => format!("arn:aws:iam::{account}:root"),
            (Identity::User { arn, .. }, _) => arn.to_string(),
            (Identity::Session(session), _) => session.session_arn.to_string(),
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
