//! The document store: facade, key codec, record versions, contract suite.
