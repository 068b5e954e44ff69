//! The S3 door: s3s adapted to the object service.
