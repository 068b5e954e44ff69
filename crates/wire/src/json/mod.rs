//! awsJson: JSON bodies guided by a schema ("Smithy: AWS JSON 1.0 / 1.1 protocol").

mod decode;
mod encode;

pub use decode::decode;
pub use encode::encode;
pub(crate) use encode::string;
