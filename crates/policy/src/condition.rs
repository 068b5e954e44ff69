use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use mastic_core::Timestamp;

use crate::operand::{Network, date, number};
use crate::operator::{Comparand, Comparison, Operator, Quantifier};
use crate::pattern::{ArnPattern, Pattern, Syntax};
use crate::{Context, PolicyError};

/// One key under one operator of a `Condition` block, with the values it is compared with.
#[derive(Debug, Clone)]
pub(crate) struct Condition {
    operator_name: Box<str>,
    key_name: Box<str>,
    key: Box<str>,
    wanted: Box<[String]>,
    operator: Operator,
    operands: Operands,
}

#[derive(Debug, Clone)]
enum Operands {
    Text(Vec<Pattern>),
    Arn(Vec<ArnPattern>),
    Number(Comparison, Vec<f64>),
    Date(Comparison, Vec<Timestamp>),
    Address(Vec<Network>),
    Binary(Vec<Vec<u8>>),
    Null(Vec<bool>),
}

impl Condition {
    /// Compiles a condition; `variables` says whether the document's version has policy variables.
    ///
    /// # Errors
    /// An operator that does not exist, or a value that the operator cannot compare with.
    pub(crate) fn new(
        operator_name: &str,
        key_name: &str,
        wanted: Vec<String>,
        variables: bool,
    ) -> Result<Self, PolicyError> {
        let operator = Operator::parse(operator_name).ok_or(PolicyError::Syntax)?;
        let operands = match operator.comparand {
            Comparand::Text { wildcards, fold } => {
                let syntax = Syntax { wildcards, variables, fold };
                Operands::Text(wanted.iter().map(|text| Pattern::new(text, syntax)).collect())
            }
            // Policy variables are for strings and ARNs only.
            Comparand::Bool => {
                let syntax = Syntax { fold: true, ..Syntax::default() };
                Operands::Text(wanted.iter().map(|text| Pattern::new(text, syntax)).collect())
            }
            Comparand::Arn => {
                let syntax = Syntax { wildcards: true, variables, fold: false };
                Operands::Arn(wanted.iter().map(|text| ArnPattern::new(text, syntax)).collect())
            }
            Comparand::Number(comparison) => Operands::Number(comparison, all(&wanted, number)?),
            Comparand::Date(comparison) => Operands::Date(comparison, all(&wanted, date)?),
            Comparand::Address => Operands::Address(all(&wanted, Network::parse)?),
            Comparand::Binary => Operands::Binary(all(&wanted, |text| STANDARD.decode(text).ok())?),
            Comparand::Null => Operands::Null(all(&wanted, |text| text.to_ascii_lowercase().parse().ok())?),
        };
        Ok(Self {
            operator_name: operator_name.into(),
            key_name: key_name.into(),
            key: key_name.to_lowercase().into(),
            wanted: wanted.into(),
            operator,
            operands,
        })
    }

    pub(crate) fn operator_name(&self) -> &str {
        &self.operator_name
    }

    pub(crate) fn key_name(&self) -> &str {
        &self.key_name
    }

    pub(crate) fn wanted(&self) -> &[String] {
        &self.wanted
    }

    /// The key and those of the policy variables in the values, as written.
    pub(crate) fn keys(&self) -> impl Iterator<Item = &str> {
        let (texts, arns): (&[Pattern], &[ArnPattern]) = match &self.operands {
            Operands::Text(patterns) => (patterns, &[]),
            Operands::Arn(patterns) => (&[], patterns),
            _ => (&[], &[]),
        };
        let variables =
            texts.iter().flat_map(Pattern::variables).chain(arns.iter().flat_map(ArnPattern::variables));
        std::iter::once(self.key_name()).chain(variables)
    }

    /// What the request has for the key.
    pub(crate) fn actual<'a>(&self, context: &'a Context) -> &'a [String] {
        context.get_folded(&self.key)
    }

    /// Whether the condition is true of the request ("Conditions with multiple context keys or
    /// values").
    pub(crate) fn holds(&self, context: &Context) -> bool {
        let actual = self.actual(context);
        if let Operands::Null(wanted) = &self.operands {
            return wanted.contains(&actual.is_empty());
        }
        let Operator { quantifier, negated, if_exists, .. } = self.operator;
        if actual.is_empty() {
            return if_exists
                || match quantifier {
                    Some(Quantifier::ForAllValues) => true,
                    Some(Quantifier::ForAnyValue) => false,
                    None => negated,
                };
        }
        // To a set operator empty text is an empty set.
        if let Some(quantifier) = quantifier
            && actual.iter().all(String::is_empty)
        {
            return quantifier == Quantifier::ForAllValues;
        }
        let mut passes = actual.iter().map(|value| self.fits(value, context) != negated);
        match (quantifier, negated) {
            (Some(Quantifier::ForAllValues), _) | (None, true) => passes.all(|pass| pass),
            (Some(Quantifier::ForAnyValue), _) | (None, false) => passes.any(|pass| pass),
        }
    }

    /// Whether one value of the request fits any of the policy's, negation apart.
    fn fits(&self, value: &str, context: &Context) -> bool {
        match &self.operands {
            Operands::Text(patterns) => patterns.iter().any(|pattern| pattern.fits(value, context)),
            Operands::Arn(patterns) => patterns.iter().any(|pattern| pattern.fits(value, context)),
            Operands::Number(comparison, wanted) => {
                number(value).is_some_and(|n| wanted.iter().any(|w| comparison.holds(&n, w)))
            }
            Operands::Date(comparison, wanted) => {
                date(value).is_some_and(|at| wanted.iter().any(|w| comparison.holds(&at, w)))
            }
            Operands::Address(wanted) => {
                value.parse().is_ok_and(|address| wanted.iter().any(|w| w.contains(address)))
            }
            Operands::Binary(wanted) => STANDARD.decode(value).is_ok_and(|bytes| wanted.contains(&bytes)),
            Operands::Null(_) => false,
        }
    }
}

fn all<T>(texts: &[String], parse: impl Fn(&str) -> Option<T>) -> Result<Vec<T>, PolicyError> {
    texts.iter().map(|text| parse(text)).collect::<Option<_>>().ok_or(PolicyError::LegacyParsing)
}

#[cfg(test)]
#[path = "condition_tests.rs"]
mod tests;
