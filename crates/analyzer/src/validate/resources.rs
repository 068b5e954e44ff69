//! `Resource` and `NotResource`: the form of ARNs.

use mastic_api_iam::authorization::{self, Service};
use mastic_policy::compare::resources_meet;

use super::Kind;
use super::finding::{Path, Report};
use super::keys::is_region;
use super::statement::Statement;

const PARTITIONS: &[&str] = &["aws", "aws-cn", "aws-us-gov"];

pub(super) fn check(report: &mut Report<'_>, statement: &Statement<'_>, kind: Kind) {
    let Some(resources) = &statement.resources else { return };
    if kind == Kind::Trust {
        let text = "Role trust policies apply to the role that they are attached to. You cannot specify a resource. \
            Remove the Resource or NotResource element.";
        report.error("ROLE_TRUST_POLICY_SYNTAX_ERROR_RESOURCE", text, &statement.path.to(resources.name));
        return;
    }
    for (text, path) in &resources.texts {
        arn(report, text, path);
        if let Some((name, service)) = kind.resource_type()
            && !fits_type(text, service, kind)
        {
            let text = format!(
                "The resource ARN is not supported for the resource-based policy attached to resource type {name}."
            );
            report.error("UNSUPPORTED_RESOURCE_ARN_IN_POLICY", text, path);
        }
    }
}

fn fits_type(text: &str, service: &str, kind: Kind) -> bool {
    match text.split(':').nth(2) {
        Some(own) if own == service => !(kind == Kind::Bucket && text.split(':').nth(3) != Some("")),
        _ => false,
    }
}

fn wild(text: &str) -> bool {
    text.contains(['*', '?']) || text.contains("${")
}

fn arn(report: &mut Report<'_>, text: &str, path: &Path) {
    if text == "*" {
        return;
    }
    let parts: Vec<&str> = text.splitn(6, ':').collect();
    let (Some(&"arn"), rest) = (parts.first(), parts.get(1..).unwrap_or_default()) else {
        report.error("INVALID_ARN_PREFIX", "Add the required prefix (arn) to the resource ARN.", path);
        return;
    };
    let [partition, service, region, account, resource] = rest else {
        // A pattern may end early.
        if !text.ends_with('*') {
            let text = "Resource ARNs must include at least 6 fields in the following structure: \
                arn:partition:service:region:account:resource";
            report.error("MISSING_ARN_FIELD", text, path);
        }
        return;
    };
    if !wild(partition) && !PARTITIONS.contains(partition) {
        let text = format!(
            "The resource ARN for the service {service} does not support the partition {partition}. Use the \
             supported values: {}",
            PARTITIONS.join(", ")
        );
        report.error("INVALID_PARTITION", text, path);
    }
    if service.contains(['*', '?']) {
        let text = "Avoid using wildcards (*, ?) in the service name because it might grant unintended access to \
            other AWS services with similar names.";
        report.suggestion("WILDCARD_IN_SERVICE_NAME", text, path);
    }
    if !wild(service) && *service != service.to_lowercase() {
        let text =
            format!("Update the service name {service} in the resource ARN to use all lowercase letters.");
        report.error("INVALID_ARN_SERVICE_CASE", text, path);
    }
    let digits = account.len() == 12 && account.bytes().all(|b| b.is_ascii_digit());
    if !(account.is_empty() || wild(account) || digits || *account == "aws") {
        let text =
            format!("The resource ARN account ID {account} is not valid. Provide a 12-digit account ID.");
        report.error("INVALID_ARN_ACCOUNT", text, path);
    }
    if !(region.is_empty() || wild(region) || is_region(region)) {
        let text = format!(
            "The Region {region} is not valid for this resource. Update the resource ARN to include a supported \
             Region."
        );
        report.error("INVALID_ARN_REGION", text, path);
    }
    if let Some(known) = authorization::service(service) {
        against(report, service, known, [region, account, resource], path);
    }
}

/// The ARN against those of the service's resource types.
fn against(
    report: &mut Report<'_>,
    service: &str,
    known: &Service,
    [region, account, resource]: [&str; 3],
    path: &Path,
) {
    let fit: Vec<Vec<&str>> = known
        .resources
        .values()
        .map(|resource| resource.arn.splitn(6, ':').collect::<Vec<_>>())
        .filter(|parts| parts.get(2) == Some(&service))
        .filter(|parts| parts.get(5).is_some_and(|own| resources_meet(&pattern(own), resource)))
        .collect();
    if fit.is_empty() {
        let text =
            "Resource ARN does not match the expected ARN format. Update the resource portion of the ARN.";
        report.error("INVALID_ARN_RESOURCE", text, path);
        return;
    }
    let all_without = |at: usize| fit.iter().all(|parts| parts.get(at).is_some_and(|part| part.is_empty()));
    let all_with = |at: usize| fit.iter().all(|parts| parts.get(at).is_some_and(|part| !part.is_empty()));
    if !region.is_empty() && region != "*" && all_without(3) {
        let text = format!("The service {service} does not support specifying a Region in the resource ARN.");
        report.error("ARN_REGION_NOT_ALLOWED", text, path);
    }
    if region.is_empty() && all_with(3) {
        report.error("MISSING_ARN_REGION", format!("Add a Region to the {service} resource ARN."), path);
    }
    if !account.is_empty() && account != "*" && all_without(4) {
        let text =
            format!("The service {service} does not support specifying an account ID in the resource ARN.");
        report.error("ARN_ACCOUNT_NOT_ALLOWED", text, path);
    }
    if account.is_empty() && all_with(4) {
        let text = format!(
            "The resource {resource} in the arn is missing an account id. Please provide a 12 digit account id."
        );
        report.error("MISSING_ARN_ACCOUNT", text, path);
    }
}

/// A resource type's form as a pattern: what it leaves open is a star.
fn pattern(form: &str) -> String {
    let mut out = String::new();
    let mut rest = form;
    while let Some((before, after)) = rest.split_once("${") {
        out.push_str(before);
        out.push('*');
        rest = after.split_once('}').map_or("", |(_, rest)| rest);
    }
    out + rest
}
