//! IAM policy documents and the access decision with its reasons: pure and synchronous.
