//! Whether a run pays heed to its job's bookmark. Source: "AWS Glue job parameters" (AWS Glue Developer Guide).

use std::collections::BTreeMap;

const OPTION: &str = "--job-bookmark-option";
const CONTINUATION: &str = "--continuation-option";
const FROM: &str = "--job-bookmark-from";
const TO: &str = "--job-bookmark-to";

/// What a run does with its job's bookmark.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Bookmarking {
    /// It reads everything, and the bookmark stays as it is.
    #[default]
    Disable,
    /// It reads what no earlier run has read, and moves the bookmark.
    Enable,
    /// The bookmark stays as it is.
    Pause {
        /// It reads what the runs after the first of these and up to the second have read; without them what
        /// no earlier run has read.
        window: Option<(String, String)>,
    },
}

impl Bookmarking {
    /// What the arguments of a run say.
    ///
    /// # Errors
    /// Names the argument that is wrong, missing, or does not go with the others.
    pub fn of(arguments: &BTreeMap<String, String>) -> Result<Self, String> {
        let given = |name: &str| arguments.get(name).map(String::as_str).filter(|value| !value.is_empty());
        let (name, option, prefix, words) = match (given(OPTION), given(CONTINUATION)) {
            (Some(_), Some(_)) => {
                return Err(format!("argument {CONTINUATION}: not allowed with argument {OPTION}"));
            }
            (None, Some(option)) => {
                (CONTINUATION, option, "continuation-", ["enabled", "readonly", "ignore"])
            }
            (option, None) => (
                OPTION,
                option.unwrap_or("job-bookmark-disable"),
                "job-bookmark-",
                ["enable", "pause", "disable"],
            ),
        };
        let place =
            option.strip_prefix(prefix).and_then(|word| words.iter().position(|known| *known == word));
        let window = match (given(FROM), given(TO)) {
            (None, None) => None,
            (from, to) if place != Some(1) => {
                let names: Vec<&str> = from.map(|_| FROM).into_iter().chain(to.map(|_| TO)).collect();
                let names = names.join(", ");
                return Err(format!("Invalid option(s): {names} can be given with job-bookmark-pause only"));
            }
            (Some(from), Some(to)) => Some((from.to_owned(), to.to_owned())),
            (None, Some(_)) => return Err(format!("Missing option or value for {FROM}")),
            (Some(_), None) => return Err(format!("Missing option or value for {TO}")),
        };
        match place {
            Some(0) => Ok(Self::Enable),
            Some(1) => Ok(Self::Pause { window }),
            Some(_) => Ok(Self::Disable),
            None => {
                let choices = words.map(|word| format!("'{prefix}{word}'")).join(", ");
                Err(format!("argument {name}: invalid choice: '{option}' (choose from {choices})"))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(pairs: &[(&str, &str)]) -> Result<Bookmarking, String> {
        Bookmarking::of(
            &pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect(),
        )
    }

    #[test]
    fn options_and_their_older_names() {
        assert_eq!(of(&[]), Ok(Bookmarking::Disable));
        assert_eq!(of(&[(OPTION, "")]), Ok(Bookmarking::Disable));
        assert_eq!(of(&[(OPTION, "job-bookmark-disable")]), Ok(Bookmarking::Disable));
        assert_eq!(of(&[(OPTION, "job-bookmark-enable")]), Ok(Bookmarking::Enable));
        assert_eq!(of(&[(OPTION, "job-bookmark-pause")]), Ok(Bookmarking::Pause { window: None }));
        assert_eq!(of(&[(CONTINUATION, "continuation-enabled")]), Ok(Bookmarking::Enable));
        assert_eq!(of(&[(CONTINUATION, "continuation-readonly")]), Ok(Bookmarking::Pause { window: None }));
        assert_eq!(of(&[(CONTINUATION, "continuation-ignore")]), Ok(Bookmarking::Disable));
        let window = of(&[(OPTION, "job-bookmark-pause"), (FROM, "jr_1"), (TO, "jr_3")]);
        assert_eq!(window, Ok(Bookmarking::Pause { window: Some(("jr_1".to_owned(), "jr_3".to_owned())) }));
    }

    #[test]
    fn what_does_not_go_together_is_refused() {
        let refused = |pairs: &[(&str, &str)]| of(pairs).unwrap_err();
        assert_eq!(
            refused(&[(OPTION, "on")]),
            "argument --job-bookmark-option: invalid choice: 'on' (choose from 'job-bookmark-enable', \
             'job-bookmark-pause', 'job-bookmark-disable')"
        );
        let pause = (OPTION, "job-bookmark-pause");
        assert_eq!(refused(&[pause, (FROM, "jr_1")]), "Missing option or value for --job-bookmark-to");
        assert_eq!(refused(&[pause, (TO, "jr_1")]), "Missing option or value for --job-bookmark-from");
        assert!(refused(&[(OPTION, "job-bookmark-enable"), (TO, "jr_1")]).starts_with("Invalid option(s): "));
        assert!(refused(&[(FROM, "jr_1"), (TO, "jr_1")]).contains("--job-bookmark-from, --job-bookmark-to"));
        assert!(refused(&[pause, (CONTINUATION, "continuation-ignore")]).contains("not allowed"));
    }
}
