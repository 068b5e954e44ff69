//! Generated types and operation tables of CloudWatch Logs and CloudTrail.
//!
//! Everything but this file is made by `cargo xtask api`; `implemented-*.txt` beside `src` lists the
//! operations whose types are generated. All others are rows of the operation table only.

#[expect(missing_docs, reason = "generated: names and constraints are AWS's")]
pub mod cloudtrail;
#[expect(missing_docs, reason = "generated: names and constraints are AWS's")]
pub mod logs;

#[cfg(test)]
mod tests {
    #[test]
    fn every_pattern_of_the_model_compiles() {
        assert_eq!(super::cloudtrail::SERVICE.broken_patterns(), [""; 0]);
        assert_eq!(super::logs::SERVICE.broken_patterns(), [""; 0]);
    }
}
