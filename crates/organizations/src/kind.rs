//! The types of policies that organizations have here, and AWS's own policy of each.

use mastic_api_iam::organizations::types::PolicyType;
use mastic_core::Fault;
use mastic_policy::DocumentKind;
use serde::{Deserialize, Serialize};

use crate::faults;

/// A type of policy that decides access.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) enum Kind {
    /// Limits what the accounts' principals may do.
    ServiceControl,
    /// Limits what may be done with the accounts' resources.
    ResourceControl,
}

impl Kind {
    pub(crate) const ALL: [Self; 2] = [Self::ServiceControl, Self::ResourceControl];

    /// The kind of a request; other types of policies do not decide access, and are not here.
    pub(crate) fn of(asked: Option<PolicyType>) -> Result<Self, Fault> {
        match asked {
            Some(PolicyType::ServiceControlPolicy) => Ok(Self::ServiceControl),
            Some(PolicyType::ResourceControlPolicy) => Ok(Self::ResourceControl),
            Some(other) => Err(faults::not_available(other.as_str())),
            None => Err(faults::invalid(
                "INVALID_ENUM_POLICY_TYPE",
                "You specified an invalid policy type string.",
            )),
        }
    }

    pub(crate) fn shown(self) -> PolicyType {
        match self {
            Self::ServiceControl => PolicyType::ServiceControlPolicy,
            Self::ResourceControl => PolicyType::ResourceControlPolicy,
        }
    }

    /// As ARNs and keys have it: `service_control_policy`.
    pub(crate) fn path(self) -> &'static str {
        match self {
            Self::ServiceControl => "service_control_policy",
            Self::ResourceControl => "resource_control_policy",
        }
    }

    pub(crate) fn document(self) -> DocumentKind {
        match self {
            Self::ServiceControl => DocumentKind::ServiceControl,
            Self::ResourceControl => DocumentKind::ResourceControl,
        }
    }

    /// AWS's own policy of the kind, which every target has from the moment the kind is enabled.
    pub(crate) fn managed(self) -> &'static Managed {
        match self {
            Self::ServiceControl => &FULL_AWS_ACCESS,
            Self::ResourceControl => &RCP_FULL_AWS_ACCESS,
        }
    }
}

/// A policy of AWS's.
pub(crate) struct Managed {
    pub(crate) kind: Kind,
    pub(crate) id: &'static str,
    pub(crate) name: &'static str,
    pub(crate) description: &'static str,
    pub(crate) content: &'static str,
}

impl Managed {
    /// AWS's policy of this id.
    pub(crate) fn find(id: &str) -> Option<&'static Self> {
        Kind::ALL.into_iter().map(Kind::managed).find(|managed| managed.id == id)
    }

    pub(crate) fn arn(&self) -> String {
        format!("arn:aws:organizations::aws:policy/{}/{}", self.kind.path(), self.id)
    }
}

static FULL_AWS_ACCESS: Managed = Managed {
    kind: Kind::ServiceControl,
    id: "p-FullAWSAccess",
    name: "FullAWSAccess",
    description: "Allows access to every operation",
    content: r#"{
  "Version": "2012-10-17",
  "Statement": [
    {
      "Effect": "Allow",
      "Action": "*",
      "Resource": "*"
    }
  ]
}"#,
};

static RCP_FULL_AWS_ACCESS: Managed = Managed {
    kind: Kind::ResourceControl,
    id: "p-RCPFullAWSAccess",
    name: "RCPFullAWSAccess",
    description: "Allows access to every resource",
    content: r#"{
  "Version": "2012-10-17",
  "Statement": [
    {
      "Effect": "Allow",
      "Principal": "*",
      "Action": "*",
      "Resource": "*"
    }
  ]
}"#,
};
