//! Generated types and operation table of IAM and STS.
