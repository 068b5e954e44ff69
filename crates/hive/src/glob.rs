//! Exclude patterns of an S3 target (Include and exclude patterns in the AWS Glue Developer Guide).

use regex::Regex;

/// A pattern that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the exclude pattern `{pattern}` cannot be used: {reason}")]
pub struct GlobError {
    pattern: String,
    reason: &'static str,
}

/// The exclude patterns of one target.
#[derive(Debug, Clone, Default)]
pub struct Exclusions(Vec<Regex>);

impl Exclusions {
    /// Reads patterns: `*` within a folder, `**` across folders, `?`, `[abc]`, `[a-z]`, `[!a]`,
    /// `{a,b}` and `\` before a character that is meant as it is.
    ///
    /// # Errors
    /// Names the first pattern that cannot be used, and why.
    pub fn parse<S: AsRef<str>>(patterns: &[S]) -> Result<Self, GlobError> {
        let one = |pattern: &S| {
            let pattern = pattern.as_ref();
            let error = |reason| GlobError { pattern: pattern.to_owned(), reason };
            let regex = translate(pattern).map_err(error)?;
            Regex::new(&regex).map_err(|_| error("it is too large or a range in it is reversed"))
        };
        patterns.iter().map(one).collect::<Result<_, _>>().map(Self)
    }

    /// Whether a path, relative to the include path, is to be left out.
    #[must_use]
    pub fn excludes(&self, relative: &str) -> bool {
        self.0.iter().any(|regex| regex.is_match(relative))
    }
}

fn translate(pattern: &str) -> Result<String, &'static str> {
    let mut regex = String::from("^(?s:");
    let mut chars = pattern.chars().peekable();
    let mut in_group = false;
    while let Some(c) = chars.next() {
        match c {
            '*' if chars.next_if_eq(&'*').is_some() => regex.push_str(".*"),
            '*' => regex.push_str("[^/]*"),
            '?' => regex.push_str("[^/]"),
            '[' => class(&mut chars, &mut regex)?,
            '{' if in_group => return Err("groups cannot be nested"),
            '{' => {
                in_group = true;
                regex.push_str("(?:");
            }
            '}' if in_group => {
                in_group = false;
                regex.push(')');
            }
            ',' if in_group => regex.push('|'),
            '\\' => literal(chars.next().ok_or("nothing follows the last backslash")?, &mut regex),
            c => literal(c, &mut regex),
        }
    }
    if in_group {
        return Err("a group is not closed");
    }
    regex.push_str(")$");
    Ok(regex)
}

fn literal(c: char, regex: &mut String) {
    regex.push_str(&regex::escape(c.encode_utf8(&mut [0; 4])));
}

/// A bracket expression behind its `[`. It never matches a slash.
fn class(chars: &mut impl Iterator<Item = char>, regex: &mut String) -> Result<(), &'static str> {
    const OPEN: &str = "a bracket is not closed";
    let mut next = chars.next().ok_or(OPEN)?;
    let negated = next == '!';
    if negated {
        next = chars.next().ok_or(OPEN)?;
    }
    let mut inside = String::new();
    let mut first = true;
    while next != ']' || first {
        match next {
            // A dash first or last is itself.
            '-' if !first => inside.push('-'),
            c => {
                if c.is_ascii_punctuation() && !matches!(c, '<' | '>') {
                    inside.push('\\');
                }
                inside.push(c);
            }
        }
        first = false;
        next = chars.next().ok_or(OPEN)?;
    }
    if inside.ends_with('-') && !inside.ends_with("\\-") {
        inside.pop();
        inside.push_str("\\-");
    }
    regex.push_str(&if negated { format!("[^/{inside}]") } else { format!("[{inside}&&[^/]]") });
    Ok(())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::Exclusions;

    fn excluded(pattern: &str, path: &str) -> bool {
        Exclusions::parse(&[pattern]).unwrap().excludes(path)
    }

    #[test]
    fn patterns_as_documented() {
        for (pattern, yes, no) in [
            ("*.csv", &["a.csv", ".csv"][..], &["d/a.csv", "a.csvx"][..]),
            ("*.*", &["a.b"], &["ab", "d/a.b"]),
            ("*.{csv,avro}", &["a.csv", "a.avro"], &["a.json"]),
            ("foo.?", &["foo.a"], &["foo.", "foo.ab", "foo./"]),
            ("myfolder/*", &["myfolder/a"], &["myfolder/a/b"]),
            ("myfolder/*/*", &["myfolder/a/b"], &["myfolder/a", "myfolder/a/b/c"]),
            ("myfolder/**", &["myfolder/a", "myfolder/a/b"], &["other/a"]),
            ("**/*.tmp", &["d/a.tmp", "d/e/a.tmp"], &["a.tmp"]),
            ("[ab]c", &["ac", "bc"], &["cc"]),
            ("[!a-c]x", &["dx"], &["ax", "/x"]),
            ("a[!b]", &["ac"], &["ab", "a/"]),
            ("[a-]", &["a", "-"], &["b"]),
            ("[-a]", &["a", "-"], &["b"]),
            ("[*?\\]]", &["*]", "?]", "\\]"], &["a"]),
            ("\\*.csv", &["*.csv"], &["a.csv"]),
            ("\\{a", &["{a"], &["a"]),
            ("a.c", &["a.c"], &["abc"]),
            ("Month={0[1-3],12}/**", &["Month=01/x", "Month=12/y/z"], &["Month=04/x"]),
        ] {
            for path in yes {
                assert!(excluded(pattern, path), "{pattern} {path}");
            }
            for path in no {
                assert!(!excluded(pattern, path), "{pattern} {path}");
            }
        }
    }

    #[test]
    fn unusable_patterns_are_named() {
        for (pattern, why) in [
            ("a{b{c}}", "nested"),
            ("a{b", "not closed"),
            ("[ab", "not closed"),
            ("a\\", "backslash"),
            ("[z-a]", "reversed"),
        ] {
            let error = Exclusions::parse(&["ok", pattern]).unwrap_err().to_string();
            assert!(error.contains(pattern) && error.contains(why), "{error}");
        }
    }

    proptest! {
        #[test]
        fn no_pattern_panics(pattern in "[a-c*?\\[\\]{}!,\\\\/-]*|.*", path in "[a-c/*-]*") {
            if let Ok(exclusions) = Exclusions::parse(&[pattern]) {
                let _ = exclusions.excludes(&path);
            }
        }
    }
}
