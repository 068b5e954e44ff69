//! Text to tokens. Identifiers may begin with a digit, so a run of letters, digits, dots and
//! underscores stays one word here: the parser knows whether it wants a name or a number.

use std::iter::Peekable;
use std::str::Chars;

use super::Comparison;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Token {
    Open,
    Close,
    Comma,
    Compare(Comparison),
    /// A name, a keyword or a number.
    Word(String),
    /// A name between back-ticks or double quotes.
    Quoted(String),
    /// A string literal.
    Text(String),
}

/// The tokens of `text`, or nothing when a character has no place or a quote stays open.
/// With `backslash`, `\'` in a string literal is a quote.
pub(super) fn tokens(text: &str, backslash: bool) -> Option<Vec<Token>> {
    let mut chars = text.chars().peekable();
    let mut tokens = Vec::new();
    while let Some(c) = chars.next() {
        let token = match c {
            c if c.is_whitespace() => continue,
            '(' => Token::Open,
            ')' => Token::Close,
            ',' => Token::Comma,
            '=' => Token::Compare(Comparison::Equal),
            '!' => {
                chars.next_if_eq(&'=')?;
                Token::Compare(Comparison::NotEqual)
            }
            '<' if chars.next_if_eq(&'=').is_some() => Token::Compare(Comparison::LessOrEqual),
            '<' if chars.next_if_eq(&'>').is_some() => Token::Compare(Comparison::NotEqual),
            '<' => Token::Compare(Comparison::Less),
            '>' if chars.next_if_eq(&'=').is_some() => Token::Compare(Comparison::GreaterOrEqual),
            '>' => Token::Compare(Comparison::Greater),
            '\'' => Token::Text(quoted(&mut chars, '\'', backslash)?),
            '`' | '"' => Token::Quoted(quoted(&mut chars, c, false)?),
            '+' | '-' => Token::Word(word(c, &mut chars)),
            c if is_word(c) => Token::Word(word(c, &mut chars)),
            _ => return None,
        };
        tokens.push(token);
    }
    Some(tokens)
}

fn is_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '.' | '_')
}

/// A word from its first character on; the sign of a number's exponent belongs to it.
fn word(first: char, chars: &mut Peekable<Chars<'_>>) -> String {
    let mut word = String::from(first);
    while let Some(&c) = chars.peek() {
        let exponent_sign = matches!(c, '+' | '-')
            && word.ends_with(['e', 'E'])
            && word.starts_with(|c: char| c.is_ascii_digit() || matches!(c, '.' | '+' | '-'));
        if !is_word(c) && !exponent_sign {
            break;
        }
        word.push(c);
        chars.next();
    }
    word
}

/// The inside of a quoted text whose opening quote is read. A doubled quote is one quote, and so
/// is a quote behind a backslash where `backslash` says so.
fn quoted(chars: &mut Peekable<Chars<'_>>, quote: char, backslash: bool) -> Option<String> {
    let mut text = String::new();
    loop {
        match chars.next()? {
            c if c == quote => {
                if chars.next_if_eq(&quote).is_none() {
                    return Some(text);
                }
                text.push(quote);
            }
            '\\' if backslash && chars.next_if_eq(&quote).is_some() => text.push(quote),
            c => text.push(c),
        }
    }
}
