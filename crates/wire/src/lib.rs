//! Codecs: awsJson 1.0/1.1 and awsQuery over shape's schemas.
