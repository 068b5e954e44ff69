//! What one classifier says of a content.

use crate::classified::Classified;

/// What one classifier says of a content.
#[derive(Debug)]
pub(crate) enum Found {
    /// Certainty 1.0.
    Yes(Classified),
    /// A certainty between 0.0 and 1.0, neither included.
    Perhaps(f64, Classified),
    /// Certainty 0.0.
    No,
    /// It takes more bytes to tell, if more can be had; else certainty 0.0.
    Unfinished,
}
