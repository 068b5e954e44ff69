use crate::Context;
use crate::variables::{Placeholder, Variable, placeholder};

/// A text without letter case, as [`Pattern::fits_folded`] wants it.
pub(crate) fn fold(text: &str) -> String {
    if text.is_ascii() {
        text.to_ascii_lowercase()
    } else {
        text.chars().flat_map(char::to_lowercase).collect()
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

/// A part of a pattern behind its literal beginning.
#[derive(Debug, Clone)]
enum Piece {
    Literal(Box<str>),
    One,
    Many,
    Variable(Box<Variable>),
}

/// A compiled pattern: its literal beginning, which decides most questions, and the rest.
#[derive(Debug, Clone)]
pub(crate) struct Pattern {
    text: Box<str>,
    head: Box<str>,
    tail: Box<[Piece]>,
    shape: Shape,
    fold: bool,
}

/// What the rest of a pattern amounts to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shape {
    /// Nothing: the text is the literal beginning.
    Exact,
    /// A single `*`.
    Prefix,
    /// Wildcards and literals.
    Glob,
    /// Policy variables, too.
    Variables,
}

impl Pattern {
    pub(crate) fn new(text: &str, syntax: Syntax) -> Self {
        Self::compile(text, &tokens(text, syntax), syntax.fold)
    }

    fn compile(text: &str, tokens: &[Token], fold: bool) -> Self {
        let mut tokens = tokens.iter().peekable();
        let mut literal = || {
            let mut text = String::new();
            while let Some(Token::Char(c)) = tokens.next_if(|token| matches!(token, Token::Char(_))) {
                text.push(*c);
            }
            (text, tokens.next())
        };
        let (head, mut next) = literal();
        let mut tail = Vec::new();
        while let Some(token) = next {
            tail.push(match token {
                Token::Variable(variable) => Piece::Variable(variable.clone()),
                Token::One => Piece::One,
                _ => Piece::Many,
            });
            let (text, after) = literal();
            if !text.is_empty() {
                tail.push(Piece::Literal(text.into()));
            }
            next = after;
        }
        let shape = match &*tail {
            [] => Shape::Exact,
            [Piece::Many] => Shape::Prefix,
            tail if tail.iter().any(|piece| matches!(piece, Piece::Variable(_))) => Shape::Variables,
            _ => Shape::Glob,
        };
        Self { text: text.into(), head: head.into(), tail: tail.into(), shape, fold }
    }

    /// The pattern as written.
    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// What every text that fits begins with, and whether nothing else fits.
    pub(crate) fn head(&self) -> (&str, bool) {
        (&self.head, self.shape == Shape::Exact)
    }

    /// The keys of its policy variables, as written.
    pub(crate) fn variables(&self) -> impl Iterator<Item = &str> {
        self.tail.iter().filter_map(|piece| match piece {
            Piece::Variable(variable) => Some(variable.name()),
            _ => None,
        })
    }

    /// Whether `text` fits; `*` may stand for any run of characters, colons and slashes included. A
    /// policy variable without value fits nothing ("Policy variables with no value").
    pub(crate) fn fits(&self, text: &str, context: &Context) -> bool {
        if self.fold { self.fits_folded(&fold(text), context) } else { self.fits_folded(text, context) }
    }

    /// Whether `text` may fit once the policy variables that have no value get one.
    pub(crate) fn may_fit(&self, text: &str, context: &Context) -> bool {
        self.lacks_values(context) && text.starts_with(&*self.head)
    }

    fn lacks_values(&self, context: &Context) -> bool {
        let without = |piece: &Piece| matches!(piece, Piece::Variable(own) if own.resolve(context).is_none());
        self.tail.iter().any(without)
    }

    /// As [`Pattern::fits`], where `text` is already folded if the pattern asks for it.
    pub(crate) fn fits_folded(&self, text: &str, context: &Context) -> bool {
        let Some(rest) = text.strip_prefix(&*self.head) else { return false };
        match self.shape {
            Shape::Exact => rest.is_empty(),
            Shape::Prefix => true,
            Shape::Glob => self.glob(rest, context),
            Shape::Variables => !self.lacks_values(context) && self.glob(rest, context),
        }
    }

    /// Matches without recursion: only the last star ever needs to take more, because whatever an
    /// earlier one could give, the last can take.
    fn glob(&self, text: &str, context: &Context) -> bool {
        let (mut pieces, mut text) = (&*self.tail, text);
        let mut star = None;
        loop {
            let rest = match pieces.split_first() {
                Some((Piece::Many, [])) => return true,
                Some((Piece::Many, after)) => {
                    star = Some((after, text));
                    pieces = after;
                    continue;
                }
                Some((Piece::One, after)) => behind_one(text).map(|rest| (after, rest)),
                Some((Piece::Literal(literal), after)) => {
                    text.strip_prefix(&**literal).map(|rest| (after, rest))
                }
                Some((Piece::Variable(variable), after)) => {
                    self.behind_value(variable, text, context).map(|rest| (after, rest))
                }
                None if text.is_empty() => return true,
                None => None,
            };
            if let Some(rest) = rest {
                (pieces, text) = rest;
                continue;
            }
            let Some((after, taken)) = star else { return false };
            let Some(left) = next_try(after, taken) else { return false };
            star = Some((after, left));
            (pieces, text) = (after, left);
        }
    }

    fn behind_value<'t>(&self, variable: &Variable, text: &'t str, context: &Context) -> Option<&'t str> {
        let value = variable.resolve(context)?;
        if self.fold { text.strip_prefix(&*fold(value)) } else { text.strip_prefix(value) }
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

    pub(crate) fn fits(&self, value: &str, context: &Context) -> bool {
        let mut parts = value.splitn(6, ':');
        self.0.iter().all(|pattern| parts.next().is_some_and(|part| pattern.fits(part, context)))
            && parts.next().is_none()
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

/// Where, behind the place that failed, what follows a star may begin.
fn next_try<'t>(after: &[Piece], text: &'t str) -> Option<&'t str> {
    let rest = behind_one(text)?;
    match after.first() {
        Some(Piece::Literal(literal)) => {
            let first = literal.bytes().next()?;
            let at = rest.bytes().position(|byte| byte == first)?;
            rest.get(at..)
        }
        _ => Some(rest),
    }
}

fn behind_one(text: &str) -> Option<&str> {
    let mut chars = text.chars();
    chars.next().map(|_| chars.as_str())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const GLOB: Syntax = Syntax { wildcards: true, variables: true, fold: false };

    fn fits(pattern: &str, text: &str) -> bool {
        let context = Context::from_iter([("aws:username", "al*ce"), ("aws:PrincipalTag/Team", "data")]);
        Pattern::new(pattern, GLOB).fits(text, &context)
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
        assert!(!unresolved.fits("x", &Context::new()) && unresolved.may_fit("x", &Context::new()));
        assert!(!unresolved.may_fit("y", &Context::new()));
        let old = Pattern::new("${aws:username}", Syntax { variables: false, ..GLOB });
        assert!(old.fits("${aws:username}", &Context::new()));
    }

    #[test]
    fn arn_parts_are_compared_one_by_one() {
        let fit = |pattern: &str, value: &str| {
            ArnPattern::new(pattern, GLOB).fits(value, &Context::from_iter([("k", "n")]))
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
