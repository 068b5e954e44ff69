//! The program as the server starts it.

#[cfg(test)]
mod process;
