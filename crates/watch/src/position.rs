//! Page tokens. Clients hand them back, so what they hold is checked like any input.

use mastic_core::Fault;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::faults;

/// The token that says `position`.
pub(crate) fn write<T: Serialize>(position: &T) -> Result<String, Fault> {
    serde_json::to_vec(position).map(hex::encode).map_err(Fault::internal)
}

/// What a token says.
pub(crate) fn read<T: DeserializeOwned>(token: &str) -> Result<T, Fault> {
    let bytes = hex::decode(token).map_err(|_| faults::token())?;
    serde_json::from_slice(&bytes).map_err(|_| faults::token())
}

/// Where an event lies in its stream: its time and its sequence number.
pub(crate) type Spot = (i64, u64);

/// A place in a stream to read on from, in one direction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cursor {
    /// What follows this event.
    Forward(Spot),
    /// What comes before this event.
    Backward(Spot),
}

impl Cursor {
    /// The token of `GetLogEvents`: `f/.../s` or `b/.../s`.
    pub(crate) fn token(self) -> String {
        let (letter, (time, sequence)) = match self {
            Self::Forward(spot) => ('f', spot),
            Self::Backward(spot) => ('b', spot),
        };
        format!("{letter}/{time:020}{sequence:020}/s")
    }

    /// The cursor of such a token.
    pub(crate) fn parse(token: &str) -> Result<Self, Fault> {
        let parse = || {
            let (letter, rest) = token.strip_suffix("/s")?.split_once('/')?;
            let (time, sequence) = rest.split_at_checked(20)?;
            let spot = (time.parse().ok().filter(|time| *time >= 0)?, sequence.parse().ok()?);
            match letter {
                "f" => Some(Self::Forward(spot)),
                "b" => Some(Self::Backward(spot)),
                _ => None,
            }
        };
        parse().ok_or_else(faults::token)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_come_back_as_they_went() {
        for cursor in [Cursor::Forward((i64::MAX, u64::MAX)), Cursor::Backward((0, 0))] {
            assert_eq!(Cursor::parse(&cursor.token()).unwrap(), cursor);
        }
        assert_eq!(read::<(i64, String)>(&write(&(7, "é")).unwrap()).unwrap(), (7, "é".to_owned()));
    }

    #[test]
    fn tokens_that_nobody_gave() {
        for token in ["", "x", "f/1/s", "é/é/s", "f/0000000000000000000é0/s", "f/-00000000000000000010/s"]
        {
            assert_eq!(Cursor::parse(token).unwrap_err().code(), "InvalidParameterException", "{token}");
        }
        assert!(read::<String>("zz").is_err());
        assert!(read::<String>(&hex::encode("7")).is_err());
    }
}
