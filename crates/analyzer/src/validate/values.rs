//! The values of conditions.

use std::net::IpAddr;

use mastic_core::Timestamp;

use super::conditions::Operator;
use super::finding::Report;
use super::keys::is_region;
use super::statement::{Condition, Statement};
use super::structure::mismatch;
use super::tree::Node;

pub(super) fn check(
    report: &mut Report<'_>,
    statement: &Statement<'_>,
    condition: &Condition<'_>,
    operator: Operator<'_>,
) {
    types(report, condition);
    if matches!(condition.node, Node::List(items) if items.is_empty()) {
        none(report, condition, operator);
        return;
    }
    for (value, path) in &condition.values {
        if value.contains("${") {
            continue;
        }
        match operator.kind {
            "Bool" | "Null" if !matches!(value.to_lowercase().as_str(), "true" | "false") => {
                let text = format!(
                    "Add a valid Boolean value (true or false) for the condition operator {}.",
                    condition.operator
                );
                report.warning("TYPE_MISMATCH_BOOLEAN", text, path);
            }
            "Numeric" if value.trim().parse::<f64>().is_err() => {
                let text =
                    format!("Add a valid numeric value for the condition operator {}.", condition.operator);
                report.warning("TYPE_MISMATCH_NUMBER", text, path);
            }
            "Date" => {
                if value.len() != 4 && value.bytes().all(|b| b.is_ascii_digit()) {
                    let text = format!(
                        "The date {value} might not resolve as expected. We recommend that you use the YYYY-MM-DD format."
                    );
                    report.warning("INVALID_DATE_VALUE", text, path);
                } else if !is_date(value) {
                    let text = "The date condition operator is used with an invalid value. Specify a valid date using \
                        YYYY-MM-DD or other ISO 8601 date/time format.";
                    report.warning("TYPE_MISMATCH_DATE", text, path);
                }
            }
            "Binary" if !is_base64(value) => {
                let text = format!(
                    "Add a valid base64-encoded string value for the condition operator {}.",
                    condition.operator
                );
                report.warning("TYPE_MISMATCH_STRING", text, path);
            }
            "String" if !operator.base.contains("Like") && value.contains(['*', '?']) => {
                let text = "Your condition value includes a * or ? character. If you meant to use a wildcard (*, ?), \
                    update the condition operator to include Like.";
                report.warning("WILDCARD_WITHOUT_LIKE_OPERATOR", text, path);
            }
            _ => {}
        }
    }
    if operator.kind == "Bool" && condition.values.len() > 1 {
        let text = "The condition key does not support multiple Boolean values. Use a single Boolean value.";
        report.error("INVALID_CONDITION_MULTIPLE_BOOLEAN", text, &condition.path);
    }
    if operator.kind == "IPAddress" {
        addresses(report, condition, operator);
    }
    redundant_numbers(report, condition, operator);
    stars(report, condition, operator);
    known_formats(report, statement, condition, operator);
}

/// Values are texts, numbers or booleans, and all of one of these.
fn types(report: &mut Report<'_>, condition: &Condition<'_>) {
    let mut kinds = Vec::new();
    for (at, item) in condition.node.items() {
        match item {
            Node::Text(_) => kinds.push("String"),
            Node::Number(_) => kinds.push("Number"),
            Node::Bool(_) => kinds.push("Boolean"),
            _ => mismatch(report, "String", &condition.path.item(at)),
        }
    }
    kinds.dedup();
    if kinds.len() > 1 {
        let text =
            "The condition value data types do not match. Use condition values of the same JSON data type.";
        report.error("INVALID_CONDITION_DATA_TYPE", text, &condition.path);
    }
}

fn none(report: &mut Report<'_>, condition: &Condition<'_>, operator: Operator<'_>) {
    let (key, at) = (condition.key, &condition.path);
    let null = "To determine if the request context is empty, we recommend that you use the Null condition operator \
        with the value of true instead.";
    let (code, text) = match (operator.qualifier, operator.if_exists) {
        (Some("ForAllValues"), _) => (
            "EMPTY_ARRAY_CONDITION_FORALLVALUES",
            format!(
                "The ForAllValues prefix with an empty condition key matches only if the key {key} is missing from the \
                 request context. {null}"
            ),
        ),
        (Some(_), _) => (
            "EMPTY_ARRAY_CONDITION_FORANYVALUE",
            format!(
                "The ForAnyValue prefix with an empty condition key {key} never matches the request context and it \
                 does not affect the policy. Specify conditions."
            ),
        ),
        (None, true) => (
            "EMPTY_ARRAY_CONDITION_IFEXISTS",
            format!(
                "The IfExists suffix with an empty condition key matches only if the key {key} is missing from the \
                 request context. {null}"
            ),
        ),
        (None, false) => (
            "EMPTY_ARRAY_CONDITION",
            format!(
                "There are no values for the condition key {key} and it does not affect the policy. Specify conditions."
            ),
        ),
    };
    report.suggestion(code, text, at);
}

fn addresses(report: &mut Report<'_>, condition: &Condition<'_>, operator: Operator<'_>) {
    let (mut private, mut public) = (0, 0);
    for (value, path) in &condition.values {
        let Some((address, prefix)) = network(value) else {
            let text = format!(
                "The condition operator {} is used with an invalid IP range value. Specify the IP range in standard \
                 CIDR format.",
                condition.operator
            );
            report.error("TYPE_MISMATCH_IP_RANGE", text, path);
            continue;
        };
        let better = masked(address, prefix);
        if better != address {
            let text = format!(
                "The non-zero bits in the IP address after the masked bits are ignored. Replace address with \
                 {better}/{prefix}."
            );
            report.suggestion("IMPROVE_IP_RANGE", text, path);
        }
        if is_private(address, prefix) {
            private += 1;
        } else {
            public += 1;
        }
    }
    if !condition.key.eq_ignore_ascii_case("aws:SourceIp") || private == 0 {
        return;
    }
    let at = &condition.path;
    let vpc = "aws:SourceIp works only for public IP address ranges. To define permissions for private IP ranges, use \
        aws:VpcSourceIp.";
    match (operator.negated(), public) {
        (false, 0) => {
            let text = "aws:SourceIp works only for public IP address ranges. The values for condition key \
                aws:SourceIp include only private IP addresses and will not have the desired effect. Update the value \
                to include only public IP addresses.";
            report.error("PRIVATE_IP_ADDRESS", text, at);
        }
        (true, 0) => {
            let text = "The values for condition key aws:SourceIp include only private IP addresses and has no \
                effect. aws:SourceIp works only for public IP address ranges. Update the value to include only public \
                IP addresses.";
            report.error("PRIVATE_NOT_IP_ADDRESS", text, at);
        }
        (false, _) => {
            let text = format!(
                "The values for condition key aws:SourceIp include a mix of private and public IP addresses. The \
                 private addresses will not have the desired effect. {vpc}"
            );
            report.suggestion("PRIVATE_IP_ADDRESS_SUBSET", text, at);
        }
        (true, _) => {
            let text = format!(
                "The values for condition key aws:SourceIp include a mix of private and public IP addresses. The \
                 private addresses have no effect. {vpc}"
            );
            report.suggestion("PRIVATE_NOT_IP_ADDRESS_SUBSET", text, at);
        }
    }
}

fn network(text: &str) -> Option<(IpAddr, u32)> {
    let (address, prefix) = text.split_once('/').map_or((text, None), |(a, p)| (a, Some(p)));
    let address: IpAddr = address.parse().ok()?;
    let most = if address.is_ipv4() { 32 } else { 128 };
    let prefix = prefix.map_or(Some(most), |prefix| prefix.parse().ok())?;
    (prefix <= most).then_some((address, prefix))
}

fn masked(address: IpAddr, prefix: u32) -> IpAddr {
    match address {
        IpAddr::V4(own) => {
            let mask = u32::MAX.checked_shl(32 - prefix).unwrap_or(0);
            IpAddr::V4((own.to_bits() & mask).into())
        }
        IpAddr::V6(own) => {
            let mask = u128::MAX.checked_shl(128 - prefix).unwrap_or(0);
            IpAddr::V6((own.to_bits() & mask).into())
        }
    }
}

fn is_private(address: IpAddr, prefix: u32) -> bool {
    match masked(address, prefix) {
        IpAddr::V4(own) => match own.octets() {
            [10, ..] => prefix >= 8,
            [172, second, ..] => prefix >= 12 && (16..32).contains(&second),
            [192, 168, ..] => prefix >= 16,
            _ => false,
        },
        IpAddr::V6(own) => prefix >= 7 && own.is_unique_local(),
    }
}

fn redundant_numbers(report: &mut Report<'_>, condition: &Condition<'_>, operator: Operator<'_>) {
    let which = if operator.base.contains("LessThan") {
        "greatest"
    } else if operator.base.contains("GreaterThan") {
        "least"
    } else {
        return;
    };
    if condition.values.len() > 1 {
        let text = format!(
            "Multiple values in {} are redundant. Replace with the {which} single value for {}.",
            condition.operator, condition.key
        );
        report.suggestion("REDUNDANT_CONDITION_VALUE_NUM", text, &condition.path);
    }
}

/// A bare star asks no more than whether the key is there.
fn stars(report: &mut Report<'_>, condition: &Condition<'_>, operator: Operator<'_>) {
    let star = condition.values.iter().any(|(value, _)| value == "*");
    if !star || operator.qualifier.is_some() || !operator.base.ends_with("Like") {
        return;
    }
    let (key, name, at) = (condition.key, condition.operator, &condition.key_path);
    match (operator.negated(), operator.if_exists) {
        (false, false) => {
            let text = format!(
                "We recommend replacing the key {key} in the condition block of {name} with {{{key}: false}} to ensure \
                 better enforcement of the condition."
            );
            report.suggestion("EQUIVALENT_TO_NULL_FALSE", text, at);
        }
        (true, _) => {
            let text = format!(
                "We recommend replacing the key {key} in the condition block of {name} with {{{key}: true}} to ensure \
                 better enforcement of the condition."
            );
            report.suggestion("EQUIVALENT_TO_NULL_TRUE", text, at);
        }
        (false, true) => {
            let text = format!(
                "The key {key} in the condition block of {name} is redundant because it is always matched. Remove this \
                 key to simplify the condition."
            );
            report.suggestion("REDUNDANT_KEY_DUE_TO_WILDCARD_IN_CONDITION", text, at);
        }
    }
}

/// Values of keys that have a form of their own.
fn known_formats(
    report: &mut Report<'_>,
    statement: &Statement<'_>,
    condition: &Condition<'_>,
    operator: Operator<'_>,
) {
    let key = condition.key.to_lowercase();
    let id = |value: &str, prefix: &str| {
        value.strip_prefix(prefix).is_some_and(|rest| {
            matches!(rest.len(), 8 | 17) && rest.bytes().all(|b| b.is_ascii_alphanumeric())
        })
    };
    for (value, path) in &condition.values {
        if operator.base == "Null" || value.contains(['*', '?']) || value.contains("${") {
            continue;
        }
        match key.as_str() {
            "aws:requestedregion" if !is_region(value) => {
                let text = format!(
                    "The Region {value} is not valid. Update the condition value to a suported Region."
                );
                report.error("INVALID_REGION", text, path);
            }
            "aws:sourcevpc" if !id(value, "vpc-") => {
                let text = "The VPC identifier in the condition key value is not valid. Use the prefix 'vpc-' followed \
                    by 8 or 17 alphanumeric characters.";
                report.error("INVALID_VPC_FORMAT", text, path);
            }
            "aws:sourcevpce" if !id(value, "vpce-") => {
                let text = "The VPCE identifier in the condition key value is not valid.  Use the prefix 'vpce-' \
                    followed by 8 or 17 alphanumeric characters.";
                report.error("INVALID_VPCE_FORMAT", text, path);
            }
            "iam:passedtoservice" | "aws:calledvia" | "aws:calledviafirst" | "aws:calledvialast"
                if !value.contains(".amazonaws.com") || *value != value.to_lowercase() =>
            {
                let text = "The service principal does not match the expected format. Use the format \
                    <service-name>.amazonaws.com.";
                report.error("INVALID_SERVICE_PRINCIPAL_FORMAT", text, path);
            }
            _ => {}
        }
    }
    github(report, statement, condition);
}

/// Who may come from GitHub.
fn github(report: &mut Report<'_>, statement: &Statement<'_>, condition: &Condition<'_>) {
    let key = condition.key.to_lowercase();
    if key == "token.actions.githubusercontent.com:sub"
        && !statement.asks_for("token.actions.githubusercontent.com:ref")
        && condition.values.iter().any(|(value, _)| value.contains('*') || !value.contains(":ref:"))
    {
        let text = "Using a wildcard (*) in token.actions.githubusercontent.com:sub can allow requests from more \
            sources than you intended. Specify the value of token.actions.githubusercontent.com:sub with the repository \
            and branch name. If the subject claim does not include the branch, specify it in a \
            token.actions.githubusercontent.com:ref condition key.";
        report.warning("SPECIFIC_GITHUB_REPO_AND_BRANCH_RECOMMENDED", text, &condition.path);
    }
}

fn is_date(text: &str) -> bool {
    let day = match text.len() {
        4 => format!("{text}-01-01"),
        7 => format!("{text}-01"),
        _ => text.to_owned(),
    };
    Timestamp::parse(&day).is_some()
}

fn is_base64(text: &str) -> bool {
    let body = text.trim_end_matches('=');
    text.len().is_multiple_of(4)
        && text.len() - body.len() <= 2
        && body.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'+' || b == b'/')
}
