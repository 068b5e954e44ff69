//! The service's errors ("IAM Access Analyzer API Reference", errors of the operations).

use mastic_core::Fault;

pub(crate) fn validation(text: impl Into<String>) -> Fault {
    Fault::sender("ValidationException", text)
}

pub(crate) fn parameter(text: impl Into<String>) -> Fault {
    Fault::sender("InvalidParameterException", text)
}

pub(crate) fn not_found(text: impl Into<String>) -> Fault {
    Fault::sender("ResourceNotFoundException", text).with_status(404)
}

pub(crate) fn conflict(text: impl Into<String>) -> Fault {
    Fault::sender("ConflictException", text).with_status(409)
}

pub(crate) fn quota(text: impl Into<String>) -> Fault {
    Fault::sender("ServiceQuotaExceededException", text).with_status(402)
}
