//! AWS's errors of IAM and STS, with its texts.

use mastic_core::Fault;

/// Something named is not there.
pub(crate) fn no_such(text: impl Into<String>) -> Fault {
    Fault::sender("NoSuchEntity", text).with_status(404)
}

/// `The user with name alice cannot be found.` and the like.
pub(crate) fn no_entity(kind: &str, name: &str) -> Fault {
    no_such(format!("The {kind} with name {name} cannot be found."))
}

/// `Role with name R already exists.` and the like.
pub(crate) fn exists(kind: &str, name: &str) -> Fault {
    let mut letters = kind.chars();
    let kind: String = letters.next().iter().map(char::to_ascii_uppercase).chain(letters).collect();
    Fault::sender("EntityAlreadyExists", format!("{kind} with name {name} already exists.")).with_status(409)
}

/// Something depends on what is to be deleted.
pub(crate) fn conflict(text: &str) -> Fault {
    Fault::sender("DeleteConflict", text).with_status(409)
}

/// Only AWS may change it.
pub(crate) fn protected(kind: &str, name: &str) -> Fault {
    let text = format!(
        "Cannot perform the operation on the protected {kind} '{name}' - this {kind} is only modifiable by AWS"
    );
    Fault::sender("UnmodifiableEntity", text)
}

/// A quota is reached.
pub(crate) fn limit(text: impl Into<String>) -> Fault {
    Fault::sender("LimitExceeded", text).with_status(409)
}

/// `Cannot exceed quota for AccessKeysPerUser: 2`.
pub(crate) fn quota(name: &str, most: usize) -> Fault {
    limit(format!("Cannot exceed quota for {name}: {most}"))
}

/// A value that the model lets pass and IAM does not.
pub(crate) fn invalid_input(text: impl Into<String>) -> Fault {
    Fault::sender("InvalidInput", text)
}

/// A value or combination that IAM's front refuses.
pub(crate) fn validation(text: impl Into<String>) -> Fault {
    Fault::sender("ValidationError", text)
}

/// A policy document that does not parse.
pub(crate) fn malformed(text: impl std::fmt::Display) -> Fault {
    Fault::sender("MalformedPolicyDocument", text.to_string())
}

/// The caller may not.
pub(crate) fn denied(text: impl Into<String>) -> Fault {
    Fault::sender("AccessDenied", text).with_status(403)
}
