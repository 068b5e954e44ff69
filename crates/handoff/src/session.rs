//! What is said about interactive sessions.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{Python, RunCredentials};

/// An interactive session: one Python process that runs statements, one after another, until its input ends.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct SessionWork {
    /// The session's id, as its owner chose it.
    pub session_id: String,
    /// The `DefaultArguments`.
    pub arguments: BTreeMap<String, String>,
    /// The session's Glue version, such as `5.1`.
    pub glue_version: String,
    /// The Python that it runs in.
    pub python: Python,
    /// The Spark Connect endpoint, `sc://...`, that the server's configuration names; otherwise the session has its own
    /// Spark.
    pub spark_remote: Option<String>,
}

/// A line of the runner's input after the assignment.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Input {
    /// Credentials in place of those that end.
    Credentials(RunCredentials),
    /// A word to a session.
    Session(SessionInput),
}

/// What a session is told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum SessionInput {
    /// To run a statement, which nothing precedes any more.
    Run {
        /// Its id.
        statement: i32,
        /// Its text.
        code: String,
    },
    /// To interrupt a statement; one that is not under way any more is left alone.
    Cancel {
        /// Its id.
        statement: i32,
    },
}

/// What a session tells.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum SessionEvent {
    /// It takes statements.
    Ready,
    /// A statement has ended.
    Done {
        /// Its id.
        statement: i32,
        /// How.
        outcome: Outcome,
    },
}

/// How a statement ended.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outcome {
    /// What it printed, and the value of its last expression.
    pub text: String,
    /// What it raised.
    pub error: Option<Raised>,
    /// Whether it was interrupted.
    pub cancelled: bool,
}

/// An exception that nothing caught.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Raised {
    /// The name of its class.
    pub name: String,
    /// Its text.
    pub value: String,
    /// The lines of its traceback, from the statement on.
    pub traceback: Vec<String>,
}

#[cfg(test)]
mod tests {
    use mastic_core::{Secret, Timestamp};

    use super::*;
    use crate::{from_line, to_line};

    #[test]
    fn lines_of_the_input_are_told_apart() {
        let word = SessionInput::Run { statement: 3, code: "print('a\nb')".to_owned() };
        let line = to_line(&Input::Session(word.clone())).unwrap();
        assert_eq!(line, "{\"Run\":{\"statement\":3,\"code\":\"print('a\\nb')\"}}\n");
        assert!(matches!(from_line(&line).unwrap(), Input::Session(back) if back == word));
        let credentials = RunCredentials {
            access_key_id: "ASIA".to_owned(),
            secret_access_key: Secret::new(String::new()),
            session_token: Secret::new(String::new()),
            expires: Timestamp::default(),
        };
        let line = to_line(&credentials).unwrap();
        assert!(matches!(from_line(&line).unwrap(), Input::Credentials(_)));
    }
}
