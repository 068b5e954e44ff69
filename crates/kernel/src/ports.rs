//! The small traits through which services meet. The root connects them; none has more than six
//! methods.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use mastic_core::{AccountId, Arn, Fault, Region, Secret, Timestamp};
use mastic_store::{ReadTx, WriteTx};

use mastic_policy::Patch;

pub use crate::changes::{CatalogChange, CatalogEvent, CatalogEvents, TablePartitions};
pub use crate::limits::{Limit, PrincipalTags, UsageProfiles};
pub use crate::plans::{Files, Plan, Planned, Plans, TableFacts, Tables};
use crate::tags::Tags;
use crate::{AuditRecord, Call, Caller, Ctx, Explanation, Need, RunBinding, Term, Verdict};

/// Decides needs. Implemented by `iam`.
pub trait Authorizer: Send + Sync {
    /// Whether `call`'s principal may do what `need` says, and why not.
    fn decide(&self, call: &Call, need: &Need) -> Result<Verdict, Fault>;

    /// The same for every need of a call, in order.
    fn decide_all(&self, call: &Call, needs: &[Need]) -> Result<Vec<Verdict>, Fault> {
        needs.iter().map(|need| self.decide(call, need)).collect()
    }

    /// Decides again with today's policies, with every reason.
    fn explain(&self, call: &Call, need: &Need) -> Result<Explanation, Fault>;

    /// The document that a patch belongs into, as it is today; `None` if there is none yet, or none that `call`'s
    /// principal may read.
    fn patched(&self, _call: &Call, _patch: &Patch) -> Result<Option<String>, Fault> {
        Ok(None)
    }
}

/// A resource's own policy and the account that owns it.
#[derive(Debug, Clone, PartialEq)]
pub struct ResourcePolicy {
    /// The account that owns the resource.
    pub owner: AccountId,
    /// The policy document as JSON, if there is one.
    pub document: Option<String>,
}

/// Gives the resource policies of one AWS service. Implemented by `objects` (bucket policies); role trust
/// policies are `iam`'s own.
pub trait ResourcePolicies: Send + Sync {
    /// The owner and policy of the resource of this ARN; `None` if there is no such resource.
    fn policy(&self, arn: &str) -> Result<Option<ResourcePolicy>, Fault>;
}

/// Gives the tags of one AWS service's resources, which conditions read as `aws:ResourceTag`. Implemented by `catalog`
/// (for all of Glue) and `watch`.
pub trait ResourceTags: Send + Sync {
    /// The tags of the resource of this ARN; none where there is no such resource or it cannot have any.
    fn tags(&self, arn: &Arn) -> Result<Tags, Fault>;
}

/// Tells where event history has a record. Implemented by `trail`.
pub trait EventIndex: Send + Sync {
    /// Every account, region, attribute and value under which it is found; none for what is no management event.
    fn terms(&self, record: &AuditRecord) -> Vec<Term>;
}

/// An access key with what the gateway needs to check a signature made with it.
#[derive(Debug, Clone)]
pub struct KeyMaterial {
    /// The secret access key.
    pub secret: Secret<String>,
    /// For temporary credentials, the session token that the call must carry.
    pub session_token: Option<Secret<String>>,
    /// For temporary credentials, when they end.
    pub expires: Option<Timestamp>,
    /// Whether an administrator has switched the key off.
    pub active: bool,
    /// Whom the key stands for.
    pub caller: Arc<Caller>,
}

/// Resolves access keys. Implemented by `iam`.
pub trait Keys: Send + Sync {
    /// The key of this id; `None` if there is none.
    fn key(&self, access_key_id: &str) -> Result<Option<Arc<KeyMaterial>>, Fault>;

    /// Notes that a call was signed with the key (for `GetAccessKeyLastUsed`).
    fn used(&self, access_key_id: &str, service: &str, region: &Region, time: Timestamp);
}

/// Temporary credentials.
#[derive(Debug, Clone)]
pub struct Credentials {
    /// `ASIA...`.
    pub access_key_id: String,
    /// The secret access key.
    pub secret_access_key: Secret<String>,
    /// The session token.
    pub session_token: Secret<String>,
    /// When they end.
    pub expires: Timestamp,
    /// The session as a caller, for what the server does itself in the run's name.
    pub caller: Caller,
}

/// What an AWS service asks for when it assumes a role.
#[derive(Debug, Clone)]
pub struct ServiceSession {
    /// The service principal, for example `glue.amazonaws.com`.
    pub service: &'static str,
    /// The role to assume.
    pub role: Arn,
    /// The session's name, for example `GlueJobRunnerSession`.
    pub session_name: String,
    /// A policy that narrows the session.
    pub session_policy: Option<String>,
    /// The run that the session is bound to.
    pub run: Option<RunBinding>,
    /// The job, crawler or other resource for which the service works: `aws:SourceArn`.
    pub source: Arn,
    /// How long it lasts.
    pub duration: Duration,
}

/// Lets Mastic's services assume roles as AWS's would. Implemented by `iam`.
#[async_trait]
pub trait RoleSessions: Send + Sync {
    /// The ARN of the role that is named `role` in the account: by name, by path and name, or by ARN.
    fn find(&self, account: &AccountId, role: &str) -> Result<Option<Arn>, Fault>;

    /// Whether the role exists and its trust policy admits the service principal when it works for `source`, a job
    /// or crawler for example (`aws:SourceArn`).
    fn can_assume(&self, service: &'static str, role: &Arn, source: &Arn) -> Result<bool, Fault>;

    /// Assumes the role; a fault `AccessDenied` tells that the role is missing or does not trust the service.
    async fn assume(&self, session: ServiceSession) -> Result<Credentials, Fault>;

    /// Ends every session that is bound to the run.
    async fn revoke(&self, run: &str) -> Result<(), Fault>;
}

/// Takes log lines of runs. Implemented by `watch`; the caller's own permissions decide, as on AWS.
#[async_trait]
pub trait LogSink: Send + Sync {
    /// Appends lines to a stream, making group and stream where they are missing.
    async fn append(
        &self,
        call: &Call,
        group: &str,
        stream: &str,
        lines: Vec<(Timestamp, String)>,
    ) -> Result<(), Fault>;
}

/// Puts an object that is ready into its place, as part of the caller's transaction.
pub type ReadyObject = Box<dyn FnOnce(&mut WriteTx<'_>) -> Result<(), Fault> + Send>;

/// Writes objects for other services. Implemented by `objects`; the caller's own permissions decide, as on AWS.
#[async_trait]
pub trait ObjectWriter: Send + Sync {
    /// Writes an object whole.
    ///
    /// # Errors
    /// That the caller may not (`s3:PutObject`), or S3's.
    async fn put(&self, ctx: &Ctx, bucket: &str, key: &str, bytes: Vec<u8>) -> Result<(), Fault>;

    /// Readies an object to become visible together with what else a transaction writes.
    ///
    /// # Errors
    /// `NoSuchBucket` before anything is asked, else those of [`ObjectWriter::put`].
    async fn ready(&self, ctx: &Ctx, bucket: &str, key: &str, bytes: Vec<u8>) -> Result<ReadyObject, Fault>;
}

/// Reads objects for other services. Implemented by `objects`; the caller's own permissions decide, as on AWS.
#[async_trait]
pub trait ObjectReader: Send + Sync {
    /// An object of at most `most` bytes, whole.
    ///
    /// # Errors
    /// That the caller may not (`s3:GetObject`), S3's, or that the object is larger.
    async fn read(&self, ctx: &Ctx, bucket: &str, key: &str, most: u64) -> Result<Vec<u8>, Fault>;
}

/// A connection to a data store, with all that it takes to connect.
#[derive(Debug, Clone)]
pub struct ConnectionFacts {
    /// Its type, such as `JDBC`.
    pub connection_type: String,
    /// Its properties, the password among them.
    pub properties: Secret<BTreeMap<String, String>>,
    /// The secret of Secrets Manager that it names.
    pub secret_arn: Option<String>,
}

/// Tests connections of the catalog. Implemented by `jobs`, whose runners can connect to other hosts.
#[async_trait]
pub trait ConnectionTests: Send + Sync {
    /// Connects, logs in and asks something.
    ///
    /// # Errors
    /// `InvalidInputException` with the step that failed, and why.
    async fn test(&self, ctx: &Ctx, connection: ConnectionFacts) -> Result<(), Fault>;
}

/// An account of this server, as other services see it.
#[derive(Debug, Clone, PartialEq)]
pub struct AccountFacts {
    /// The account.
    pub id: AccountId,
    /// Its name, for people.
    pub name: String,
    /// The address of its root user; no two accounts share one.
    pub email: String,
    /// When it was made.
    pub created: Timestamp,
    /// When it was closed; its credentials are refused since.
    pub closed: Option<Timestamp>,
}

/// An account to be made for an organization: without keys of its own, and with a role by which the
/// management account gets in.
#[derive(Debug, Clone)]
pub struct NewAccount {
    /// Its name, for people.
    pub name: String,
    /// The address of its root user.
    pub email: String,
    /// The name of the role with `AdministratorAccess`.
    pub role: String,
    /// The account whose principals may assume the role.
    pub trusted: AccountId,
}

/// The accounts of this server. Implemented by `iam`. What writes takes part in the caller's transaction.
pub trait Accounts: Send + Sync {
    /// The account of this id; `None` if there is none.
    fn find(&self, tx: &ReadTx<'_>, account: &AccountId) -> Result<Option<AccountFacts>, Fault>;

    /// The account whose root user has this address.
    fn find_by_email(&self, tx: &ReadTx<'_>, email: &str) -> Result<Option<AccountFacts>, Fault>;

    /// Makes an account; `None` if another has its address.
    fn create(&self, tx: &mut WriteTx<'_>, account: &NewAccount) -> Result<Option<AccountFacts>, Fault>;

    /// Closes an account: from now on its credentials are refused.
    fn close(&self, tx: &mut WriteTx<'_>, account: &AccountId) -> Result<(), Fault>;
}

/// A policy of an organization at one of its levels.
#[derive(Debug, Clone, PartialEq)]
pub struct ControlPolicy {
    /// Its name.
    pub name: String,
    /// Its ARN.
    pub arn: String,
    /// The document as JSON.
    pub document: String,
}

/// The policies at the root, at an organizational unit, or at an account.
#[derive(Debug, Clone, PartialEq)]
pub struct ControlLevel {
    /// The ARN of what they are attached to.
    pub target: String,
    /// The policies.
    pub policies: Vec<ControlPolicy>,
}

/// Where an account stands in its organization.
#[derive(Debug, Clone, PartialEq)]
pub struct OrganizationPlace {
    /// `o-...`.
    pub organization: String,
    /// `o-.../r-.../ou-.../`, as `aws:PrincipalOrgPaths` has it.
    pub path: String,
    /// The organization's management account, which owns its policies.
    pub management: AccountId,
    /// Whether it has all features and not consolidated billing alone.
    pub all_features: bool,
    /// The services that it trusts, such as `iam.amazonaws.com`.
    pub trusted: Vec<String>,
    /// Service control policies from the root down to the account; without levels where that type of policy is
    /// off, and for the management account.
    pub service_control: Vec<ControlLevel>,
    /// Resource control policies likewise.
    pub resource_control: Vec<ControlLevel>,
}

/// What organizations have to say about their accounts. Implemented by `organizations`.
pub trait OrganizationPolicies: Send + Sync {
    /// Counts changes: as long as it stays the same, so does every place.
    fn generation(&self) -> u64;

    /// Where the account stands; `None` if it is in no organization.
    fn place(&self, account: &AccountId) -> Result<Option<OrganizationPlace>, Fault>;

    /// The document of an organization's own policy, by the policy's ARN; AWS's cannot be changed and are not told.
    fn document(&self, arn: &str) -> Result<Option<String>, Fault>;

    /// All accounts of the organization that this account is in; none if it is in no organization.
    fn members(&self, account: &AccountId) -> Result<Vec<AccountId>, Fault>;
}

/// A resource's policy, as who looks for access from outside wants it.
#[derive(Debug, Clone, PartialEq)]
pub struct HeldPolicy {
    /// The resource.
    pub arn: String,
    /// Its type as CloudFormation calls it: `AWS::S3::Bucket`.
    pub resource_type: &'static str,
    /// Where it is; a resource without region is everywhere.
    pub region: Option<Region>,
    /// The policy document as JSON, if there is one.
    pub document: Option<String>,
}

/// Lists the resources of one kind that can have policies, for the Access Analyzer. Implemented by `iam` (roles)
/// and `objects` (buckets).
pub trait PolicyHolders: Send + Sync {
    /// Every such resource of an account.
    fn held(&self, account: &AccountId) -> Result<Vec<HeldPolicy>, Fault>;
}

/// A user or role with what it may do and what it did of it, for the Access Analyzer.
#[derive(Debug, Clone, PartialEq)]
pub struct PrincipalUse {
    /// `arn:aws:iam::A:role/R` or `...:user/U`.
    pub arn: Arn,
    /// When it was made.
    pub created: Timestamp,
    /// When a role was last used; of users keys and passwords tell.
    pub last_used: Option<Timestamp>,
    /// Whether it is linked to a service, which alone may change it.
    pub linked: bool,
    /// Access keys that are active.
    pub keys: Vec<CredentialUse>,
    /// The password for signing in.
    pub password: Option<CredentialUse>,
    /// Its own policies; those of its groups are not among them.
    pub policies: Vec<GrantedPolicy>,
    /// When it last made use of each action, such as `glue:GetTable`.
    pub actions: Vec<(String, Timestamp)>,
}

/// An access key or a password.
#[derive(Debug, Clone, PartialEq)]
pub struct CredentialUse {
    /// The access key's id; of a password nothing.
    pub id: String,
    /// When it was made.
    pub created: Timestamp,
    /// When it was last used.
    pub last_used: Option<Timestamp>,
}

/// A policy of a principal.
#[derive(Debug, Clone, PartialEq)]
pub struct GrantedPolicy {
    /// The ARN of a managed policy, the name of an inline policy.
    pub id: String,
    /// The document as JSON.
    pub document: String,
    /// When a managed policy was last changed.
    pub updated: Option<Timestamp>,
}

/// Tells of users and roles what they may do and what they did. Implemented by `iam`.
pub trait PrincipalUses: Send + Sync {
    /// Every user and role of an account.
    fn uses(&self, account: &AccountId) -> Result<Vec<PrincipalUse>, Fault>;
}

/// Gives the public keys of OpenID Connect issuers. Implemented by the root, which alone reaches other hosts.
#[async_trait]
pub trait Issuers: Send + Sync {
    /// The issuer's key set as JSON (RFC 7517). The server that gives it must prove itself to the system's authorities
    /// or bear a certificate of one of the thumbprints (SHA-1, hexadecimal).
    ///
    /// # Errors
    /// Why it cannot be had, in words for people.
    async fn keys(&self, issuer: &str, thumbprints: &[String]) -> Result<String, String>;
}
