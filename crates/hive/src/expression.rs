//! The `Expression` of GetPartitions: parsed once, bound to a table's partition keys, then asked
//! about partition values (GetPartitions in the AWS Glue Web API Reference).
//!
//! ```
//! # use mastic_hive::{Expression, ExpressionError};
//! let expression = Expression::parse("year = '2024' AND month IN (1, 2)")?;
//! let bound = expression.bind(&[("year", "string"), ("month", "int")])?;
//! assert!(bound.matches(&["2024", "02"])?);
//! assert!(!bound.matches(&["2023", "2"])?);
//! # Ok::<(), ExpressionError>(())
//! ```

mod bind;
mod eval;
mod lexer;
mod order;
mod parser;
mod plan;
mod ranges;
#[cfg(test)]
mod tests;
mod value;

use mastic_core::Fault;

pub use bind::BoundExpression;
pub use order::ValueOrder;
pub use plan::{PartitionScan, ScanPlan, Step};

/// Why an expression cannot be parsed, bound or evaluated, in AWS's words.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ExpressionError {
    /// The expression is at fault: `InvalidInputException`.
    #[error("{0}")]
    InvalidInput(String),
    /// A stored partition value is at fault, it does not fit its key's type:
    /// `InvalidStateException`.
    #[error("{0}")]
    InvalidState(String),
}

impl ExpressionError {
    /// AWS's error code.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::InvalidInput(_) => "InvalidInputException",
            Self::InvalidState(_) => "InvalidStateException",
        }
    }
}

impl From<ExpressionError> for Fault {
    fn from(error: ExpressionError) -> Self {
        Self::sender(error.code(), error.to_string())
    }
}

/// A parsed expression, not yet tied to a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expression {
    /// Nothing when the text was blank: every partition matches.
    root: Option<Node>,
}

impl Expression {
    /// Reads an expression; a blank one matches every partition.
    ///
    /// # Errors
    /// `InvalidInput` with `Unsupported expression '...'` when it cannot be read.
    pub fn parse(text: &str) -> Result<Self, ExpressionError> {
        if text.trim().is_empty() {
            return Ok(Self { root: None });
        }
        parser::parse(text)
            .map(|root| Self { root: Some(root) })
            .ok_or_else(|| ExpressionError::InvalidInput(format!("Unsupported expression '{text}'")))
    }

    /// Ties the expression to a table's partition keys, given as (name, type text) in order.
    ///
    /// # Errors
    /// `InvalidInput` when it names an unknown key, a key whose type cannot be compared, a literal
    /// that is not of its key's type, or an operation that the type does not have.
    pub fn bind(&self, keys: &[(&str, &str)]) -> Result<BoundExpression, ExpressionError> {
        bind::bind(self.root.as_ref(), keys)
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Node {
    And(Vec<Node>),
    Or(Vec<Node>),
    Not(Box<Node>),
    Test { key: String, negated: bool, test: Test },
}

/// What is asked of one key; literals are as written, without quotes or type suffix.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Test {
    IsNull,
    Compare(Comparison, String),
    Like(String),
    In(Vec<String>),
    Between(String, String),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Comparison {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}
