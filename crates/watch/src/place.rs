use mastic_core::{AccountId, Arn, Fault, Region};
use mastic_kernel::Call;

use crate::faults;

/// Whose logs an operation works on: one account's in one region.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Place {
    pub(crate) account: AccountId,
    pub(crate) region: Region,
}

impl Place {
    /// The caller's own.
    pub(crate) fn of(call: &Call) -> Result<Self, Fault> {
        let account = call.caller.account.clone();
        let account = account.ok_or_else(|| {
            Fault::sender("AccessDeniedException", "Anonymous callers have no logs.").with_status(403)
        })?;
        Ok(Self { account, region: call.region.clone() })
    }

    fn arn(&self, resource: &str) -> String {
        Arn::new("logs", self.region.as_str(), self.account.as_str(), resource).to_string()
    }

    /// `arn:aws:logs:R:A:log-group:NAME`, as tagging and `logGroupIdentifier` take it.
    pub(crate) fn group_arn(&self, group: &str) -> String {
        self.arn(&format!("log-group:{group}"))
    }

    /// `arn:aws:logs:R:A:log-group:NAME:log-stream:STREAM`. With no stream it is what AWS checks the
    /// actions on a whole group against, and with no group those on all of them, so that policies for
    /// `log-group:NAME:*` match.
    pub(crate) fn stream_arn(&self, group: &str, stream: &str) -> String {
        self.arn(&format!("log-group:{group}:log-stream:{stream}"))
    }
}

/// A group as an input names it, with the place that it says it is in.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct GroupRef {
    pub(crate) place: Place,
    pub(crate) name: String,
}

impl GroupRef {
    /// The group that `logGroupName` or `logGroupIdentifier` (a name or an ARN) means; exactly one must
    /// be given.
    pub(crate) fn of(call: &Call, name: Option<&str>, identifier: Option<&str>) -> Result<Self, Fault> {
        match (name, identifier) {
            (Some(name), None) => Ok(Self { place: Place::of(call)?, name: name.to_owned() }),
            (None, Some(arn)) if arn.starts_with("arn:") => Self::parse(arn),
            (None, Some(name)) => Ok(Self { place: Place::of(call)?, name: name.to_owned() }),
            (Some(_), Some(_)) => Err(faults::invalid(
                "LogGroupName and LogGroupIdentifier are mutually exclusive; give one of them.",
            )),
            (None, None) => {
                Err(faults::invalid("Either LogGroupName or LogGroupIdentifier must be specified."))
            }
        }
    }

    /// The group of this ARN.
    pub(crate) fn parse(text: &str) -> Result<Self, Fault> {
        let wrong = || faults::invalid(format!("{text} is not the ARN of a log group."));
        let arn: Arn = text.parse().map_err(|_| wrong())?;
        let name = arn.resource().strip_prefix("log-group:").filter(|name| !name.is_empty());
        let (Some(name), Some(account), Ok(region), "logs") =
            (name, arn.account_id(), arn.region().parse(), arn.service())
        else {
            return Err(wrong());
        };
        Ok(Self { place: Place { account, region }, name: name.trim_end_matches(":*").to_owned() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_by_arn() {
        let arn = "arn:aws:logs:eu-west-1:111122223333:log-group:/aws-glue/jobs/output";
        let group = GroupRef::parse(arn).unwrap();
        assert_eq!(group.name, "/aws-glue/jobs/output");
        assert_eq!(group.place.group_arn(&group.name), arn);
        assert_eq!(GroupRef::parse(&format!("{arn}:*")).unwrap(), group);
        for wrong in [
            "arn:aws:logs:eu-west-1:111122223333:destination:x",
            "arn:aws:logs:eu-west-1:111122223333:log-group:",
            "arn:aws:s3:eu-west-1:111122223333:log-group:x",
            "arn:aws:logs:eu-west-1::log-group:x",
            "x",
        ] {
            assert_eq!(GroupRef::parse(wrong).unwrap_err().code(), "InvalidParameterException", "{wrong}");
        }
    }
}
