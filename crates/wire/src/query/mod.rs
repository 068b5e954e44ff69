//! awsQuery: forms in, XML out ("Smithy: AWS Query protocol").

mod decode;
mod encode;
mod form;
mod read;
mod write;
mod xml;

pub use decode::decode;
pub use encode::encode;
pub(crate) use form::ENCODED;
pub use form::Form;
pub use read::read;
pub(crate) use read::scalar;
pub use write::write;
pub(crate) use write::{element, escape, text};
pub use xml::Element;
