//! Generated types and operation table of CloudWatch Logs.
