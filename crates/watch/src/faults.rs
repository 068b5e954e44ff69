//! The faults of CloudWatch Logs, in AWS's words where these are known.

use mastic_core::Fault;

pub(crate) fn invalid(text: impl Into<String>) -> Fault {
    Fault::sender("InvalidParameterException", text)
}

pub(crate) fn group_missing() -> Fault {
    Fault::sender("ResourceNotFoundException", "The specified log group does not exist.")
}

pub(crate) fn stream_missing() -> Fault {
    Fault::sender("ResourceNotFoundException", "The specified log stream does not exist.")
}

pub(crate) fn group_exists() -> Fault {
    Fault::sender("ResourceAlreadyExistsException", "The specified log group already exists")
}

pub(crate) fn stream_exists() -> Fault {
    Fault::sender("ResourceAlreadyExistsException", "The specified log stream already exists")
}

pub(crate) fn token() -> Fault {
    invalid("The specified nextToken is invalid.")
}

pub(crate) fn too_many_tags() -> Fault {
    Fault::sender("TooManyTagsException", "A resource can have at most 50 tags.")
}
