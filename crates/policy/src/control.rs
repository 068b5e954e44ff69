//! What resource control policies have a say in.

/// Services whose resources resource control policies guard ("Resource control policies (RCPs)",
/// the list of services that support them).
const SERVICES: [&str; 11] = [
    "s3",
    "sts",
    "kms",
    "sqs",
    "secretsmanager",
    "ecr",
    "aoss",
    "cognito-idp",
    "cognito-identity",
    "dynamodb",
    "logs",
];

/// Whether resource control policies guard what the action, or pattern of actions, is about.
#[must_use]
pub fn has_resource_control(action: &str) -> bool {
    let service = action.split(':').next().unwrap_or_default();
    SERVICES.iter().any(|own| own.eq_ignore_ascii_case(service))
}
