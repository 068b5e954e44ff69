//! Generated types and operation tables of IAM, STS, Organizations and Access Analyzer.
//!
//! Everything but this file and `authorization.rs` is made by `cargo xtask api`; `implemented-*.txt` beside `src` lists the
//! operations whose types are generated. All others are rows of the operation table only.

#[expect(missing_docs, reason = "generated: names and constraints are AWS's")]
pub mod accessanalyzer;
pub mod authorization;
#[expect(missing_docs, reason = "generated: names and constraints are AWS's")]
pub mod iam;
#[expect(missing_docs, reason = "generated: names and constraints are AWS's")]
pub mod organizations;
#[expect(missing_docs, reason = "generated: names and constraints are AWS's")]
pub mod sts;

#[cfg(test)]
mod tests {
    #[test]
    fn every_pattern_of_the_model_compiles() {
        assert_eq!(super::accessanalyzer::SERVICE.broken_patterns(), [""; 0]);
        assert_eq!(super::organizations::SERVICE.broken_patterns(), [""; 0]);
        assert_eq!(super::iam::SERVICE.broken_patterns(), [""; 0]);
        assert_eq!(super::sts::SERVICE.broken_patterns(), [""; 0]);
    }
}
