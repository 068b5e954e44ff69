//! Condition keys: which there are and what type they have.

use mastic_api_iam::authorization;

/// Global keys in lower case with their types ("AWS global condition context keys"); a key that ends in a slash
/// takes a tag's name.
const GLOBAL: &[(&str, &str)] = &[
    ("aws:assumedroot", "String"),
    ("aws:calledvia", "ArrayOfString"),
    ("aws:calledviafirst", "String"),
    ("aws:calledvialast", "String"),
    ("aws:chatbotsourcearn", "ARN"),
    ("aws:currenttime", "Date"),
    ("aws:ec2instancesourceprivateipv4", "IPAddress"),
    ("aws:ec2instancesourcevpc", "String"),
    ("aws:epochtime", "Date"),
    ("aws:federatedprovider", "String"),
    ("aws:multifactorauthage", "Numeric"),
    ("aws:multifactorauthpresent", "Bool"),
    ("aws:principalaccount", "String"),
    ("aws:principalarn", "ARN"),
    ("aws:principalisawsservice", "Bool"),
    ("aws:principalorgid", "String"),
    ("aws:principalorgpaths", "ArrayOfString"),
    ("aws:principalservicename", "String"),
    ("aws:principalservicenameslist", "ArrayOfString"),
    ("aws:principaltag/", "String"),
    ("aws:principaltype", "String"),
    ("aws:referer", "String"),
    ("aws:requestedregion", "String"),
    ("aws:requesttag/", "String"),
    ("aws:resourceaccount", "String"),
    ("aws:resourceorgid", "String"),
    ("aws:resourceorgpaths", "ArrayOfString"),
    ("aws:resourcetag/", "String"),
    ("aws:securetransport", "Bool"),
    ("aws:sourceaccount", "String"),
    ("aws:sourcearn", "ARN"),
    ("aws:sourceidentity", "String"),
    ("aws:sourceip", "IPAddress"),
    ("aws:sourceorgid", "String"),
    ("aws:sourceorgpaths", "ArrayOfString"),
    ("aws:sourceowner", "String"),
    ("aws:sourcevpc", "String"),
    ("aws:sourcevpcarn", "ARN"),
    ("aws:sourcevpce", "String"),
    ("aws:tagkeys", "ArrayOfString"),
    ("aws:tokenissuetime", "Date"),
    ("aws:useragent", "String"),
    ("aws:userid", "String"),
    ("aws:username", "String"),
    ("aws:viaawsservice", "Bool"),
    ("aws:vpceaccount", "String"),
    ("aws:vpceorgid", "String"),
    ("aws:vpceorgpaths", "ArrayOfString"),
    ("aws:vpcsourceip", "IPAddress"),
];

const REGIONS: &[&str] = &[
    "af-south-1",
    "ap-east-1",
    "ap-east-2",
    "ap-northeast-1",
    "ap-northeast-2",
    "ap-northeast-3",
    "ap-south-1",
    "ap-south-2",
    "ap-southeast-1",
    "ap-southeast-2",
    "ap-southeast-3",
    "ap-southeast-4",
    "ap-southeast-5",
    "ap-southeast-6",
    "ap-southeast-7",
    "ca-central-1",
    "ca-west-1",
    "cn-north-1",
    "cn-northwest-1",
    "eu-central-1",
    "eu-central-2",
    "eu-north-1",
    "eu-south-1",
    "eu-south-2",
    "eu-west-1",
    "eu-west-2",
    "eu-west-3",
    "il-central-1",
    "me-central-1",
    "me-south-1",
    "mx-central-1",
    "sa-east-1",
    "us-east-1",
    "us-east-2",
    "us-gov-east-1",
    "us-gov-west-1",
    "us-west-1",
    "us-west-2",
];

/// What is known of a condition key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Key {
    /// Its type, such as `String` or `ArrayOfString`.
    Typed(&'static str),
    /// A tag key without the tag's name.
    NoTag,
    /// The service, or all of AWS, has no such key.
    Unknown,
    /// Of a service without a table, or of an identity provider.
    Foreign,
}

/// Looks a key up, in any letter case.
pub(super) fn lookup(key: &str) -> Key {
    let folded = key.to_lowercase();
    let Some((prefix, rest)) = folded.split_once(':') else { return Key::Unknown };
    if prefix == "aws" {
        let bare = folded.trim_end_matches('/');
        if GLOBAL.iter().any(|(own, _)| own.strip_suffix('/') == Some(bare)) {
            return Key::NoTag;
        }
        let found =
            GLOBAL.iter().find(|(own, _)| *own == folded || (own.ends_with('/') && folded.starts_with(own)));
        return found.map_or(Key::Unknown, |(_, kind)| Key::Typed(kind));
    }
    // Identity providers name keys after their hosts.
    let Some(service) = authorization::service(prefix).filter(|_| !rest.is_empty()) else {
        return Key::Foreign;
    };
    for (own, kind) in &service.keys {
        let own = own.to_lowercase();
        let open = own.find("${").or_else(|| own.find('<'));
        let fits = match open.and_then(|at| own.get(..at)) {
            Some(start) => folded.starts_with(start) && folded.len() > start.len(),
            None => own == folded,
        };
        if fits {
            return Key::Typed(kind);
        }
    }
    Key::Unknown
}

/// Whether AWS has a region of this name.
pub(super) fn is_region(name: &str) -> bool {
    REGIONS.contains(&name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_found_in_any_case() {
        assert_eq!(lookup("AWS:sourceip"), Key::Typed("IPAddress"));
        assert_eq!(lookup("aws:ResourceTag/team"), Key::Typed("String"));
        assert_eq!(lookup("aws:ResourceTag/"), Key::NoTag);
        assert_eq!(lookup("aws:ResourceTag"), Key::NoTag);
        assert_eq!(lookup("aws:Nothing"), Key::Unknown);
        assert_eq!(lookup("s3:prefix"), Key::Typed("String"));
        assert_eq!(lookup("s3:ExistingObjectTag/a"), Key::Typed("String"));
        assert_eq!(lookup("s3:nothing"), Key::Unknown);
        assert_eq!(lookup("token.actions.githubusercontent.com:sub"), Key::Foreign);
    }
}
