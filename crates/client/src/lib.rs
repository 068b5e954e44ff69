//! A thin SigV4 client over the generated shapes.
