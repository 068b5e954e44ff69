//! The faults of the catalog, in AWS's words where these are known.

use mastic_api_glue::glue::types::ErrorDetail;
use mastic_core::Fault;

fn missing(text: impl Into<String>) -> Fault {
    Fault::sender("EntityNotFoundException", text)
}

pub(crate) fn catalog_missing(id: &str) -> Fault {
    missing(format!("Catalog {id} not found."))
}

pub(crate) fn database_missing(name: &str) -> Fault {
    missing(format!("Database {name} not found."))
}

pub(crate) fn table_missing(name: &str) -> Fault {
    missing(format!("Table {name} not found."))
}

/// What `GetTable` says; the other operations name the table.
pub(crate) fn entity_missing() -> Fault {
    missing("Entity Not Found")
}

pub(crate) fn version_missing() -> Fault {
    missing("Version not found.")
}

pub(crate) fn partition_missing() -> Fault {
    missing("Cannot find partition.")
}

pub(crate) fn index_missing(name: &str) -> Fault {
    missing(format!("Index with the given indexName : {name} does not exist"))
}

pub(crate) fn function_missing(name: &str) -> Fault {
    missing(format!("Function {name} not found."))
}

pub(crate) fn connection_missing(name: &str) -> Fault {
    missing(format!("Connection {name} not found."))
}

pub(crate) fn security_configuration_missing(name: &str) -> Fault {
    missing(format!("Security Configuration {name} not found."))
}

pub(crate) fn usage_profile_missing(name: &str) -> Fault {
    missing(format!("Usage profile {name} not found."))
}

pub(crate) fn column_missing(name: &str) -> Fault {
    missing(format!("Column {name} not found."))
}

pub(crate) fn statistics_missing(column: &str) -> Fault {
    missing(format!("Column statistics for column {column} not found."))
}

pub(crate) fn resource_missing(arn: &str) -> Fault {
    missing(format!("Resource {arn} not found."))
}

/// `Database`, `Table`, `Partition` and so on.
pub(crate) fn exists(what: &str) -> Fault {
    Fault::sender("AlreadyExistsException", format!("{what} already exists."))
}

pub(crate) fn index_exists(name: &str) -> Fault {
    Fault::sender("AlreadyExistsException", format!("Index with the given indexName : {name} already exists"))
}

/// `CREATING` or `DELETING`.
pub(crate) fn index_busy(name: &str, status: &str) -> Fault {
    Fault::sender("ConflictException", format!("Index with the given indexName : {name} is {status}"))
}

pub(crate) fn too_many_indexes() -> Fault {
    Fault::sender(
        "ResourceNumberLimitExceededException",
        "The maximum number of partition indexes of a table is 3.",
    )
}

pub(crate) fn invalid(text: impl Into<String>) -> Fault {
    Fault::sender("InvalidInputException", text)
}

pub(crate) fn not_supported(member: &str) -> Fault {
    invalid(format!("Mastic does not support {member} yet. See docs/differences.md."))
}

/// What S3 refused, in a call of Glue's.
pub(crate) fn of_s3(fault: Fault) -> Fault {
    if fault.status() >= 500 || fault.code() == "AccessDeniedException" {
        return fault;
    }
    invalid(format!("{} (Service: Amazon S3; Error Code: {})", fault.message(), fault.code()))
}

pub(crate) fn concurrent_update() -> Fault {
    Fault::sender("ConcurrentModificationException", "Update table failed due to concurrent modifications.")
}

pub(crate) fn wrong_value_count() -> Fault {
    invalid("The number of partition keys do not match the number of partition values")
}

pub(crate) fn bad_token() -> Fault {
    invalid("The provided NextToken is not valid.")
}

/// A fault as the entry of a batch shows it.
///
/// # Errors
/// The fault itself when it is the server's: then the whole call fails.
pub(crate) fn detail(fault: Fault) -> Result<ErrorDetail, Fault> {
    if fault.status() >= 500 {
        return Err(fault);
    }
    Ok(ErrorDetail {
        error_code: Some(fault.code().to_owned()),
        error_message: Some(fault.message().to_owned()),
    })
}
