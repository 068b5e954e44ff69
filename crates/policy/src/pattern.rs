use crate::Context;
use crate::variables::{Placeholder, Variable, placeholder};

/// Whether a text fits a pattern.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fit {
    Yes,
    No,
    /// A policy variable has no value in this request.
    Unresolved,
}

impl Fit {
    pub(crate) fn of(fits: bool) -> Self {
        if fits { Self::Yes } else { Self::No }
    }

    /// Whether any fits: `Yes` wins over `Unresolved`, that over `No`.
    pub(crate) fn any(fits: impl Iterator<Item = Self>) -> Self {
        let mut found = Self::No;
        for fit in fits {
            match fit {
                Self::Yes => return Self::Yes,
                Self::Unresolved => found = Self::Unresolved,
                Self::No => {}
            }
        }
        found
    }
}

/// Which characters of a pattern have a meaning.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Syntax {
    /// `*` and `?`.
    pub(crate) wildcards: bool,
    /// `${...}`.
    pub(crate) variables: bool,
    /// Letter case does not count.
    pub(crate) fold: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Token {
    Char(char),
    One,
    Many,
    Variable(Box<Variable>),
}

/// A compiled pattern: its literal beginning, which decides most questions, and the rest.
#[derive(Debug, Clone)]
pub(crate) struct Pattern {
    text: Box<str>,
    head: Box<str>,
    tail: Box<[Token]>,
    variables: bool,
    fold: bool,
}

impl Pattern {
    pub(crate) fn new(text: &str, syntax: Syntax) -> Self {
        Self::compile(text, &tokens(text, syntax), syntax.fold)
    }

    fn compile(text: &str, tokens: &[Token], fold: bool) -> Self {
        let literal = |token: &Token| match token {
            Token::Char(c) => Some(*c),
            _ => None,
        };
        let head: String = tokens.iter().map_while(literal).collect();
        let tail: Box<[Token]> = tokens.iter().skip_while(|t| literal(t).is_some()).cloned().collect();
        let variables = tail.iter().any(|t| matches!(t, Token::Variable(_)));
        Self { text: text.into(), head: head.into(), tail, variables, fold }
    }

    /// The pattern as written.
    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// The keys of its policy variables, as written.
    pub(crate) fn variables(&self) -> impl Iterator<Item = &str> {
        self.tail.iter().filter_map(|token| match token {
            Token::Variable(variable) => Some(variable.name()),
            _ => None,
        })
    }

    /// Whether `text` fits; `*` may stand for any run of characters, colons and slashes included.
    pub(crate) fn fit(&self, text: &str, context: &Context) -> Fit {
        if self.fold {
            self.fit_folded(&text.to_lowercase(), context)
        } else {
            self.fit_folded(text, context)
        }
    }

    /// As [`Pattern::fit`], where `text` is already folded if the pattern asks for it.
    pub(crate) fn fit_folded(&self, text: &str, context: &Context) -> Fit {
        let Some(rest) = text.strip_prefix(&*self.head) else { return Fit::No };
        if !self.variables {
            return Fit::of(glob(&self.tail, rest));
        }
        let mut resolved = Vec::with_capacity(self.tail.len() + 16);
        for token in &self.tail {
            match token {
                Token::Variable(variable) => match variable.resolve(context) {
                    Some(value) => push_literal(&mut resolved, value, self.fold),
                    None => return Fit::Unresolved,
                },
                token => resolved.push(token.clone()),
            }
        }
        Fit::of(glob(&resolved, rest))
    }
}

/// A pattern for the ARN operators: each of the six parts is compared by itself.
#[derive(Debug, Clone)]
pub(crate) struct ArnPattern(Vec<Pattern>);

impl ArnPattern {
    /// The keys of its policy variables, as written.
    pub(crate) fn variables(&self) -> impl Iterator<Item = &str> {
        self.0.iter().flat_map(Pattern::variables)
    }

    pub(crate) fn new(text: &str, syntax: Syntax) -> Self {
        let tokens = tokens(text, syntax);
        let mut parts: Vec<Pattern> = tokens
            .splitn(6, |t| *t == Token::Char(':'))
            .map(|part| Pattern::compile("", part, false))
            .collect();
        // `arn:aws:s3:*` and `*`: a star that ends the pattern stands for the parts left out, too.
        if tokens.last() == Some(&Token::Many) {
            let any = Pattern::compile("", &[Token::Many], false);
            parts.resize(6, any);
        }
        Self(parts)
    }

    pub(crate) fn fit(&self, value: &str, context: &Context) -> Fit {
        if self.0.len() != value.splitn(6, ':').count() {
            return Fit::No;
        }
        let mut found = Fit::Yes;
        for (pattern, part) in self.0.iter().zip(value.splitn(6, ':')) {
            match pattern.fit(part, context) {
                Fit::No => return Fit::No,
                Fit::Unresolved => found = Fit::Unresolved,
                Fit::Yes => {}
            }
        }
        found
    }
}

fn push_literal(tokens: &mut Vec<Token>, text: &str, fold: bool) {
    if fold {
        tokens.extend(text.chars().flat_map(char::to_lowercase).map(Token::Char));
    } else {
        tokens.extend(text.chars().map(Token::Char));
    }
}

fn tokens(text: &str, syntax: Syntax) -> Vec<Token> {
    let mut tokens = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        if c == '$'
            && syntax.variables
            && let Some((found, after)) = placeholder(rest)
        {
            tokens.push(match found {
                Placeholder::Char(c) => Token::Char(c),
                Placeholder::Variable(variable) => Token::Variable(Box::new(variable)),
            });
            rest = after;
            continue;
        }
        match c {
            // Stars in a row mean no more than one.
            '*' if syntax.wildcards && tokens.last() == Some(&Token::Many) => {}
            '*' if syntax.wildcards => tokens.push(Token::Many),
            '?' if syntax.wildcards => tokens.push(Token::One),
            c if syntax.fold => tokens.extend(c.to_lowercase().map(Token::Char)),
            c => tokens.push(Token::Char(c)),
        }
        rest = rest.strip_prefix(c).unwrap_or_default();
    }
    tokens
}

/// Matches without recursion: only the last star ever needs to take more, because whatever an
/// earlier one could give, the last can take.
fn glob(pattern: &[Token], text: &str) -> bool {
    let (mut pattern, mut text) = (pattern.iter(), text.chars());
    let mut star = None;
    loop {
        let mut next = pattern.clone();
        let fits = match next.next() {
            Some(Token::Many) if next.as_slice().is_empty() => return true,
            Some(Token::Many) => {
                star = Some((next.clone(), text.clone()));
                true
            }
            Some(Token::One) => text.next().is_some(),
            Some(Token::Char(want)) => text.next() == Some(*want),
            Some(Token::Variable(_)) => false,
            None if text.as_str().is_empty() => return true,
            None => false,
        };
        if fits {
            pattern = next;
            continue;
        }
        let Some((after, left)) = &mut star else { return false };
        if left.next().is_none() {
            return false;
        }
        (pattern, text) = (after.clone(), left.clone());
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const GLOB: Syntax = Syntax { wildcards: true, variables: true, fold: false };

    fn fits(pattern: &str, text: &str) -> bool {
        let context = Context::from_iter([("aws:username", "al*ce"), ("aws:PrincipalTag/Team", "data")]);
        Pattern::new(pattern, GLOB).fit(text, &context) == Fit::Yes
    }

    #[test]
    fn wildcards() {
        for (pattern, text, want) in [
            ("*", "", true),
            ("*", "arn:aws:s3:::b/k", true),
            ("a?c", "abc", true),
            ("a?c", "ac", false),
            ("a?c", "aüc", true),
            ("a*c", "abcbc", true),
            ("a*b*c", "a-b-b-c", true),
            ("a*b*c", "a-c-b", false),
            ("**a**", "xxaxx", true),
            ("arn:aws:s3:::b/*", "arn:aws:s3:::b/x/y:z", true),
            ("arn:aws:s3:::b/*", "arn:aws:s3:::b", false),
            ("arn:aws:logs:*:*:log-group:/a*", "arn:aws:logs:eu-west-1:1:log-group:/a:log-stream:b", true),
            ("", "", true),
            ("", "x", false),
        ] {
            assert_eq!(fits(pattern, text), want, "{pattern} {text}");
        }
    }

    #[test]
    fn a_variable_is_literal_text() {
        assert!(fits("home/${aws:username}/*", "home/al*ce/x"));
        assert!(!fits("home/${aws:username}/*", "home/alice/x"));
        assert!(fits("${AWS:principaltag/team}-${aws:x, 'y'}", "data-y"));
        assert!(fits("a${*}b${?}${$}", "a*b?$"));
        assert!(!fits("a${*}b", "axb"));
        let unresolved = Pattern::new("x${aws:nothing}", GLOB);
        assert_eq!(unresolved.fit("x", &Context::new()), Fit::Unresolved);
        assert_eq!(unresolved.fit("y", &Context::new()), Fit::No);
        let old = Pattern::new("${aws:username}", Syntax { variables: false, ..GLOB });
        assert_eq!(old.fit("${aws:username}", &Context::new()), Fit::Yes);
    }

    #[test]
    fn arn_parts_are_compared_one_by_one() {
        let fit = |pattern: &str, value: &str| {
            ArnPattern::new(pattern, GLOB).fit(value, &Context::from_iter([("k", "n")])) == Fit::Yes
        };
        let long = "arn:aws:someservice:us-east-2:999999999999:store/abc:111122223333:finance/document.txt";
        assert!(!fit("arn:aws:someservice:*:111122223333:finance/*", long));
        assert!(fits("arn:aws:someservice:*:111122223333:finance/*", long));
        assert!(fit("arn:aws:someservice:*:*:store/*", long));
        assert!(fit("arn:aws:iam::1:role/${k}", "arn:aws:iam::1:role/n"));
        assert!(fit("*", "arn:aws:iam::1:role/n"));
        assert!(fit("arn:aws:iam*", "arn:aws:iam::1:role/n"));
        assert!(!fit("arn:aws:iam", "arn:aws:iam::1:role/n"));
        assert!(!fit("arn:aws:*:*:*:*", "not an arn"));
    }

    /// The definition, as slow as it is plain.
    fn naive(pattern: &[char], text: &[char]) -> bool {
        match pattern {
            [] => text.is_empty(),
            ['*', rest @ ..] => (0..=text.len()).any(|n| naive(rest, &text[n..])),
            ['?', rest @ ..] => !text.is_empty() && naive(rest, &text[1..]),
            [c, rest @ ..] => text.first() == Some(c) && naive(rest, &text[1..]),
        }
    }

    proptest! {
        #[test]
        fn agrees_with_the_definition(pattern in "[ab*?:é]{0,8}", text in "[ab:é]{0,10}") {
            let want = naive(&pattern.chars().collect::<Vec<_>>(), &text.chars().collect::<Vec<_>>());
            prop_assert_eq!(fits(&pattern, &text), want);
        }

        #[test]
        fn never_panics(pattern in ".{0,40}", text in ".{0,40}") {
            fits(&pattern, &text);
        }
    }
}
