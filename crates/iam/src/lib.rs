//! IAM and STS: principals, policies, sessions, and the authorizer.
