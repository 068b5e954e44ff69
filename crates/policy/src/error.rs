/// Why a policy document was refused; the text is the one AWS puts into `MalformedPolicyDocument`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PolicyError {
    /// An element that policies do not have, or one of the wrong type.
    #[error("Syntax errors in policy.")]
    Syntax,
    /// Not a JSON object, or one with a member given twice.
    #[error("This policy contains invalid Json")]
    Json,
    /// A `Version` that does not exist.
    #[error("The policy must contain a valid version string")]
    VersionString,
    /// No statement.
    #[error("Could not parse the policy: Statement is empty!")]
    NoStatements,
    /// An `Effect` that does not exist.
    #[error("Invalid effect: {0}")]
    Effect(String),
    /// A policy of an organization that its kind does not admit.
    #[error("The provided policy document does not meet the requirements of the specified policy type.")]
    PolicyType,
    /// A managed policy must be written in the newer language.
    #[error("Policy document must be version 2012-10-17 or greater.")]
    Version,
    /// A value that the grammar admits and the language does not: an `Effect` in the wrong case, a
    /// condition value that is no date, number or address.
    #[error("The policy failed legacy parsing")]
    LegacyParsing,
    /// Two statements of an identity-based policy share a `Sid`.
    #[error("Statement IDs (SID) in a single policy must be unique.")]
    DuplicateSid,
    /// Two statements of a trust or resource-based policy share a `Sid`.
    #[error("The Statement Ids in the policy are not unique")]
    SharedSid,
    /// A `Sid` of an IAM policy has other characters than letters and digits.
    #[error(
        "Statement IDs (SID) must be alpha-numeric. Check that your input satisfies the regular expression [0-9A-Za-z]*"
    )]
    SidCharacters,
    /// Neither `Action` nor `NotAction`, or an empty list.
    #[error("Policy statement must contain actions.")]
    NoActions,
    /// Neither `Resource` nor `NotResource`, or an empty list.
    #[error("Policy statement must contain resources.")]
    NoResources,
    /// An identity-based policy says whom it applies to.
    #[error("Policy document should not specify a principal.")]
    PrincipalProhibited,
    /// A trust or resource-based policy lacks an element.
    #[error("Missing required field {0}")]
    MissingField(&'static str),
    /// A trust policy has a `Resource`.
    #[error("Has prohibited field Resource")]
    ResourceProhibited,
    /// A trust policy has a `NotResource`.
    #[error("AssumeRole policy must not contain resources.")]
    NotResourceProhibited,
    /// A trust policy has a `NotPrincipal`.
    #[error("AssumeRole policy must not contain NotPrincipal field.")]
    NotPrincipalProhibited,
    /// `NotPrincipal` in a statement that allows.
    #[error("Allow with NotPrincipal is not allowed.")]
    AllowNotPrincipal,
    /// A trust policy has an action of another service.
    #[error("AssumeRole policy may only specify STS AssumeRole actions.")]
    TrustAction,
    /// A trust policy has `"Principal": "*"` where `{"AWS": "*"}` is the legal form.
    #[error("AssumeRolepolicy contained an invalid principal: \"STAR\":\"*\".")]
    TrustStar,
    /// A principal that can name nobody, such as an ARN with a wildcard.
    #[error("Invalid principal in policy: \"{kind}\":\"{value}\"")]
    InvalidPrincipal {
        /// `AWS`, `SERVICE`, `FEDERATED` or `CANONICALUSER`.
        kind: &'static str,
        /// The principal as written.
        value: String,
    },
    /// An action without its service.
    #[error("Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.")]
    NoVendor,
    /// An action with more than one colon.
    #[error("Actions/Condition can contain only one colon.")]
    Colons,
    /// An action whose service part cannot be a service.
    #[error("Vendor {0} is not valid")]
    Vendor(String),
    /// A resource that is neither an ARN nor `*`.
    #[error("Resource {0} must be in ARN format or \"*\".")]
    ResourceFormat(String),
    /// A resource ARN of a partition that AWS does not have.
    #[error("Partition \"{partition}\" is not valid for resource \"{resource}\".")]
    Partition {
        /// The second part of the ARN.
        partition: String,
        /// The whole resource, as an ARN.
        resource: String,
    },
    /// An IAM resource of a type that IAM does not have.
    #[error(
        "IAM resource path must either be \"*\" or start with user/, federated-user/, role/, group/, instance-profile/, mfa/, server-certificate/, policy/, sms-mfa/, saml-provider/, oidc-provider/, report/, access-report/."
    )]
    IamPath,
    /// A resource ARN that ends before its service.
    #[error("Resource vendor must be fully qualified and cannot contain regexes.")]
    ResourceVendor,
    /// An IAM resource with a region.
    #[error("IAM resource {0} cannot contain region information.")]
    IamRegion(String),
    /// An S3 bucket or object with a region.
    #[error("Resource {0} can not contain region information.")]
    S3Region(String),
    /// A policy variable before the fifth colon of an ARN ("IAM policy elements: Variables and tags").
    #[error("Resource {0} may contain policy variables only after its fifth colon.")]
    VariablePlace(String),
}

impl PolicyError {
    /// The same fault in the words that IAM has for identity-based policies.
    pub(crate) fn of_identity(self) -> Self {
        match self {
            Self::Effect(text) if ["allow", "deny"].contains(&text.to_ascii_lowercase().as_str()) => {
                Self::LegacyParsing
            }
            Self::Json
            | Self::VersionString
            | Self::NoStatements
            | Self::MissingField(_)
            | Self::Effect(_) => Self::Syntax,
            Self::SharedSid => Self::DuplicateSid,
            other => other,
        }
    }
}
