use mastic_core::AccountId;

use crate::{Context, Principal};

/// One question: may this principal do this to that?
#[derive(Debug, Clone, Copy)]
pub struct Request<'a> {
    /// Who asks.
    pub principal: &'a Principal,
    /// `service:Action`, for example `glue:GetTable`.
    pub action: &'a str,
    /// The resource's ARN, or `*` for an action that knows none.
    pub resource: &'a str,
    /// The account that owns the resource. Without it the ARN's account counts, and failing that
    /// (`*`) the caller's own.
    pub resource_account: Option<&'a AccountId>,
    /// The canonical user id of the caller's account, for `CanonicalUser` principals.
    pub canonical_user: Option<&'a str>,
    /// The keys of the request.
    pub context: &'a Context,
    /// Whether the resource is a pattern, which stands for all that match it: asked before the call is made.
    pub pattern: bool,
}

impl<'a> Request<'a> {
    /// A request whose resource's owner is told by its ARN.
    #[must_use]
    pub fn new(principal: &'a Principal, action: &'a str, resource: &'a str, context: &'a Context) -> Self {
        Self {
            principal,
            action,
            resource,
            resource_account: None,
            canonical_user: None,
            context,
            pattern: false,
        }
    }

    /// The same request, with the account that owns the resource.
    #[must_use]
    pub fn owned_by(mut self, account: &'a AccountId) -> Self {
        self.resource_account = Some(account);
        self
    }

    /// The same request about all resources that match its own as a pattern.
    #[must_use]
    pub fn of_pattern(mut self, pattern: bool) -> Self {
        self.pattern = pattern;
        self
    }

    /// The account that owns the resource, if anything tells it.
    #[must_use]
    pub fn owner(&self) -> Option<&'a str> {
        let digits = |text: &&str| text.len() == 12 && text.bytes().all(|b| b.is_ascii_digit());
        self.resource_account
            .map(AccountId::as_str)
            .or_else(|| self.resource.split(':').nth(4).filter(digits))
            .or_else(|| self.principal.account())
    }

    /// Whether the caller and the resource belong to different accounts.
    #[must_use]
    pub fn cross_account(&self) -> bool {
        self.owner() != self.principal.account()
    }
}
