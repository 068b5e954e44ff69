//! What a function of a script says of a record, as an expression that means the same.

use super::FieldPath;

/// True or false, never unknown: a function asks of a value whether it is there before it compares it.
#[derive(Debug, Clone, PartialEq)]
pub enum Predicate {
    /// The same for all records.
    Always(bool),
    /// Whether a value is null.
    IsNull(FieldPath),
    /// A comparison of a value that is there. Numbers are compared as Python does: exactly, and nothing is above, below or
    /// equal to a value that is no number.
    Compare(FieldPath, CompareOp, Term),
    /// One of two, as the first says.
    Choose(Box<Predicate>, Box<Predicate>, Box<Predicate>),
}

/// How two values stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CompareOp {
    /// `==`
    Equal,
    /// `!=`
    Unequal,
    /// `<`
    Less,
    /// `<=`
    LessOrEqual,
    /// `>`
    Greater,
    /// `>=`
    GreaterOrEqual,
}

/// What a value is compared with.
#[derive(Debug, Clone, PartialEq)]
pub enum Term {
    /// Another value of the record, of the same type.
    Field(FieldPath),
    /// A text.
    Text(String),
    /// A whole number.
    Whole(i64),
    /// Any number but infinity.
    Real(f64),
    /// True or false.
    Truth(bool),
    /// Days since 1970 began.
    Date(i32),
    /// Microseconds since 1970 began, in UTC.
    Time(i64),
}
