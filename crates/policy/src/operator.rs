/// How several values of a key are taken together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Quantifier {
    ForAllValues,
    ForAnyValue,
}

/// An order between the request's value and the policy's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Comparison {
    Equal,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

impl Comparison {
    pub(crate) fn holds<T: PartialOrd>(self, left: &T, right: &T) -> bool {
        match self {
            Self::Equal => left == right,
            Self::Less => left < right,
            Self::LessOrEqual => left <= right,
            Self::Greater => left > right,
            Self::GreaterOrEqual => left >= right,
        }
    }
}

/// What a condition operator compares, its negation apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Comparand {
    Text { wildcards: bool, fold: bool },
    Bool,
    Arn,
    Number(Comparison),
    Date(Comparison),
    Address,
    Binary,
    Null,
}

/// A condition operator as the key of a `Condition` block names it ("IAM JSON policy elements:
/// Condition operators").
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Operator {
    pub(crate) quantifier: Option<Quantifier>,
    pub(crate) comparand: Comparand,
    pub(crate) negated: bool,
    pub(crate) if_exists: bool,
}

impl Operator {
    /// Reads a name such as `ForAnyValue:StringNotLikeIfExists`; `None` where AWS has no such one.
    pub(crate) fn parse(name: &str) -> Option<Self> {
        let (quantifier, name) = if let Some(name) = name.strip_prefix("ForAllValues:") {
            (Some(Quantifier::ForAllValues), name)
        } else if let Some(name) = name.strip_prefix("ForAnyValue:") {
            (Some(Quantifier::ForAnyValue), name)
        } else {
            (None, name)
        };
        let (name, if_exists) = match name.strip_suffix("IfExists") {
            Some(name) => (name, true),
            None => (name, false),
        };
        let text = |wildcards, fold| Comparand::Text { wildcards, fold };
        let (comparand, negated) = match name {
            "StringEquals" => (text(false, false), false),
            "StringNotEquals" => (text(false, false), true),
            "StringEqualsIgnoreCase" => (text(false, true), false),
            "StringNotEqualsIgnoreCase" => (text(false, true), true),
            "StringLike" => (text(true, false), false),
            "StringNotLike" => (text(true, false), true),
            "Bool" => (Comparand::Bool, false),
            "ArnEquals" | "ArnLike" => (Comparand::Arn, false),
            "ArnNotEquals" | "ArnNotLike" => (Comparand::Arn, true),
            "IpAddress" => (Comparand::Address, false),
            "NotIpAddress" => (Comparand::Address, true),
            "BinaryEquals" => (Comparand::Binary, false),
            "Null" if !if_exists => (Comparand::Null, false),
            _ => {
                let ordered = |name: &str| {
                    Some(match name {
                        "Equals" => (Comparison::Equal, false),
                        "NotEquals" => (Comparison::Equal, true),
                        "LessThan" => (Comparison::Less, false),
                        "LessThanEquals" => (Comparison::LessOrEqual, false),
                        "GreaterThan" => (Comparison::Greater, false),
                        "GreaterThanEquals" => (Comparison::GreaterOrEqual, false),
                        _ => return None,
                    })
                };
                if let Some(name) = name.strip_prefix("Numeric") {
                    let (comparison, negated) = ordered(name)?;
                    (Comparand::Number(comparison), negated)
                } else {
                    let (comparison, negated) = ordered(name.strip_prefix("Date")?)?;
                    (Comparand::Date(comparison), negated)
                }
            }
        };
        Some(Self { quantifier, comparand, negated, if_exists })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names() {
        let parsed = Operator::parse("ForAnyValue:StringNotLikeIfExists").unwrap();
        assert_eq!(parsed.quantifier, Some(Quantifier::ForAnyValue));
        assert!(parsed.negated && parsed.if_exists);
        for name in
            ["", "stringequals", "NullIfExists", "NumericLike", "Date", "Foo", "ForAllValues:", "Equals"]
        {
            assert_eq!(Operator::parse(name), None, "{name}");
        }
    }
}
