/// Whether a glob pattern matches all of `text`: `*` and `?` stay within a folder, `**` does not;
/// `[a-z]`, `[!a-z]` and `{a,b}` are understood, a backslash takes the next character as it is.
pub(crate) fn matches(pattern: &str, text: &str) -> bool {
    let pattern: Vec<char> = pattern.chars().collect();
    let text: Vec<char> = text.chars().collect();
    step(&pattern, &text)
}

/// Whether the text holds a character with which a glob pattern begins.
pub(crate) fn is_pattern(text: &str) -> bool {
    text.contains(['*', '?', '[', '{'])
}

fn step(pattern: &[char], text: &[char]) -> bool {
    match pattern {
        [] => text.is_empty(),
        ['*', '*', rest @ ..] => tails(text).any(|tail| step(rest, tail)),
        ['*', rest @ ..] => {
            let end = text.iter().position(|c| *c == '/').unwrap_or(text.len());
            (0..=end).any(|taken| text.get(taken..).is_some_and(|tail| step(rest, tail)))
        }
        ['?', rest @ ..] => matches!(text, [c, tail @ ..] if *c != '/' && step(rest, tail)),
        ['[', rest @ ..] => match (class(rest), text) {
            (Some((set, rest)), [c, tail @ ..]) => *c != '/' && set(*c) && step(rest, tail),
            (Some(_), []) => false,
            (None, _) => matches!(text, ['[', tail @ ..] if step(rest, tail)),
        },
        ['{', rest @ ..] => match rest.iter().position(|c| *c == '}') {
            Some(end) => {
                let (inside, after) = rest.split_at(end);
                let after = after.get(1..).unwrap_or_default();
                inside.split(|c| *c == ',').any(|choice| step(&[choice, after].concat(), text))
            }
            None => matches!(text, ['{', tail @ ..] if step(rest, tail)),
        },
        ['\\', literal, rest @ ..] | [literal, rest @ ..] => {
            matches!(text, [c, tail @ ..] if c == literal && step(rest, tail))
        }
    }
}

fn tails(text: &[char]) -> impl Iterator<Item = &[char]> {
    (0..=text.len()).filter_map(|start| text.get(start..))
}

type Set<'a> = Box<dyn Fn(char) -> bool + 'a>;

fn class(pattern: &[char]) -> Option<(Set<'_>, &[char])> {
    let end = pattern.iter().position(|c| *c == ']')?;
    let (inside, rest) = pattern.split_at(end);
    let (negated, inside) = match inside {
        ['!' | '^', inside @ ..] => (true, inside),
        inside => (false, inside),
    };
    let set = move |c: char| {
        let mut left = inside;
        while let [first, others @ ..] = left {
            left = others;
            let last = if let ['-', last, others @ ..] = left {
                left = others;
                last
            } else {
                first
            };
            if (*first..=*last).contains(&c) {
                return !negated;
            }
        }
        negated
    };
    Some((Box::new(set), rest.get(1..)?))
}

#[cfg(test)]
mod tests {
    use super::matches;

    #[test]
    fn patterns() {
        for (pattern, text, expected) in [
            ("**.pdf", "a/b/c.pdf", true),
            ("*.pdf", "a/c.pdf", false),
            ("*.pdf", "c.pdf", true),
            ("a/*/c?.csv", "a/b/c1.csv", true),
            ("a/[0-9]*", "a/7x", true),
            ("a/[!0-9]*", "a/7x", false),
            ("*.{csv,json}", "x.json", true),
            ("*.{csv,json}", "x.xml", false),
            ("year=201[34]/**", "year=2014/a/b", true),
            ("a\\*", "a*", true),
            ("a\\*", "ab", false),
        ] {
            assert_eq!(matches(pattern, text), expected, "{pattern} {text}");
        }
    }
}
