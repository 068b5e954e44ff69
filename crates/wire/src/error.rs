use mastic_core::Fault;

/// Bytes that are not a message of the protocol, or not one of the schema.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum WireError {
    /// A JSON body that is malformed or holds a value of another kind than the schema says.
    #[error("{0}")]
    Json(String),
    /// A form that is malformed or holds a value of another kind than the schema says.
    #[error("{0}")]
    Query(String),
    /// An XML answer that is malformed or holds a value of another kind than the schema says.
    #[error("{0}")]
    Xml(String),
    /// The operation has no schema here.
    #[error("the operation `{0}` is not implemented")]
    NoShapes(&'static str),
}

impl WireError {
    /// The error as a caller sees it.
    #[must_use]
    pub fn fault(&self) -> Fault {
        let code = match self {
            Self::Json(_) => "SerializationException",
            Self::Query(_) | Self::Xml(_) => "MalformedInput",
            Self::NoShapes(_) => "UnknownOperationException",
        };
        Fault::sender(code, self.to_string())
    }
}
