//! AWS's errors of Organizations ("AWS Organizations API Reference", errors of each action).

use mastic_core::Fault;

/// Not one of the management account's principals, nor one of its delegates.
pub(crate) fn denied() -> Fault {
    Fault::sender("AccessDeniedException", "You don't have permissions to access this resource.")
}

pub(crate) fn not_in_use() -> Fault {
    Fault::sender("AWSOrganizationsNotInUseException", "Your account is not a member of an organization.")
}

pub(crate) fn already_in_organization() -> Fault {
    Fault::sender("AlreadyInOrganizationException", "The AWS account is already a member of an organization.")
}

/// `InvalidInputException` with its reason.
pub(crate) fn invalid(reason: &str, text: impl Into<String>) -> Fault {
    Fault::sender("InvalidInputException", text).with_member("Reason", reason)
}

/// `ConstraintViolationException` with its reason.
pub(crate) fn constraint(reason: &str, text: impl Into<String>) -> Fault {
    Fault::sender("ConstraintViolationException", text).with_member("Reason", reason)
}

/// `HandshakeConstraintViolationException` with its reason.
pub(crate) fn handshake_constraint(reason: &str, text: impl Into<String>) -> Fault {
    Fault::sender("HandshakeConstraintViolationException", text).with_member("Reason", reason)
}

/// A type of policy that is none of those that decide access.
pub(crate) fn not_available(kind: &str) -> Fault {
    Fault::sender(
        "PolicyTypeNotAvailableForOrganizationException",
        format!(
            "Mastic does not have policies of type {kind}: SERVICE_CONTROL_POLICY and RESOURCE_CONTROL_POLICY are \
             available to organizations with all features."
        ),
    )
}

pub(crate) fn no_policies() -> Fault {
    Fault::sender(
        "PolicyTypeNotAvailableForOrganizationException",
        "You can't use the specified policy type with the feature set currently enabled for this organization.",
    )
}

pub(crate) fn no_account() -> Fault {
    Fault::sender("AccountNotFoundException", "You specified an account that doesn't exist.")
}

pub(crate) fn no_unit() -> Fault {
    Fault::sender(
        "OrganizationalUnitNotFoundException",
        "You specified an organizational unit that doesn't exist.",
    )
}

pub(crate) fn no_parent() -> Fault {
    Fault::sender("ParentNotFoundException", "You specified parent that doesn't exist.")
}

pub(crate) fn no_child() -> Fault {
    Fault::sender("ChildNotFoundException", "You specified a child that doesn't exist.")
}

pub(crate) fn no_root() -> Fault {
    Fault::sender("RootNotFoundException", "You specified a root that doesn't exist.")
}

pub(crate) fn no_policy() -> Fault {
    Fault::sender("PolicyNotFoundException", "You specified a policy that doesn't exist.")
}

pub(crate) fn no_target() -> Fault {
    Fault::sender("TargetNotFoundException", "You specified a target that doesn't exist.")
}

pub(crate) fn no_handshake() -> Fault {
    Fault::sender(
        "HandshakeNotFoundException",
        "We can't find a handshake with the HandshakeId that you specified.",
    )
}

pub(crate) fn management_stays() -> Fault {
    Fault::sender(
        "MasterCannotLeaveOrganizationException",
        "You can't remove a management account from an organization.",
    )
}

pub(crate) fn not_enabled() -> Fault {
    Fault::sender(
        "PolicyTypeNotEnabledException",
        "This operation can be performed only for enabled policy types.",
    )
}
