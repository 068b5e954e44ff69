//! Tokens to a tree. AND binds tighter than OR; parentheses may stand round an expression, a
//! name, a literal and even a connective, as they may on AWS.

use super::lexer::{Token, tokens};
use super::{Node, Test};

/// How deep parentheses and NOTs may nest.
const MAX_DEPTH: usize = 256;

/// The tree of a text. The Hive client writes a quote in a literal as `\'`, others as `''`: a
/// backslash is taken as Hive's first and, where that gives no expression, as itself.
pub(super) fn parse(text: &str) -> Option<Node> {
    parse_with(text, true).or_else(|| parse_with(text, false))
}

fn parse_with(text: &str, backslash: bool) -> Option<Node> {
    let tokens = tokens(text, backslash)?;
    let mut parser = Parser { tokens: &tokens, depth: 0 };
    let node = parser.any()?;
    parser.tokens.is_empty().then_some(node)
}

struct Parser<'a> {
    tokens: &'a [Token],
    depth: usize,
}

impl Parser<'_> {
    fn any(&mut self) -> Option<Node> {
        let mut operands = vec![self.all()?];
        while self.eat_connective("or") {
            operands.push(self.all()?);
        }
        if operands.len() == 1 { operands.pop() } else { Some(Node::Or(operands)) }
    }

    fn all(&mut self) -> Option<Node> {
        let mut operands = vec![self.unary()?];
        while self.eat_connective("and") {
            operands.push(self.unary()?);
        }
        if operands.len() == 1 { operands.pop() } else { Some(Node::And(operands)) }
    }

    fn unary(&mut self) -> Option<Node> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return None;
        }
        let node = if self.eat_keyword("not") {
            Node::Not(Box::new(self.unary()?))
        } else if self.opens_expression() {
            self.eat(&Token::Open)?;
            let inner = self.any()?;
            self.eat(&Token::Close)?;
            inner
        } else {
            self.condition()?
        };
        self.depth -= 1;
        Some(node)
    }

    /// Whether the next parenthesis is round an expression. It is not when as many close right
    /// after the first name as have opened before it: `((c)) = 1`.
    fn opens_expression(&self) -> bool {
        let opened = self.tokens.iter().take_while(|t| **t == Token::Open).count();
        let closed = self.tokens.iter().skip(opened + 1).take_while(|t| **t == Token::Close).count();
        opened > closed
    }

    fn condition(&mut self) -> Option<Node> {
        let key = self.name()?;
        if self.eat_keyword("is") {
            let negated = self.eat_keyword("not");
            return self.eat_keyword("null").then_some(Node::Test { key, negated, test: Test::IsNull });
        }
        if let Some((Token::Compare(comparison), rest)) = self.tokens.split_first() {
            self.tokens = rest;
            let test = Test::Compare(*comparison, self.literal()?);
            return Some(Node::Test { key, negated: false, test });
        }
        let negated = self.eat_keyword("not");
        let test = if self.eat_keyword("like") {
            Test::Like(self.text()?)
        } else if self.eat_keyword("in") {
            self.eat(&Token::Open)?;
            let mut literals = vec![self.literal()?];
            while self.eat(&Token::Comma).is_some() {
                literals.push(self.literal()?);
            }
            self.eat(&Token::Close)?;
            Test::In(literals)
        } else if self.eat_keyword("between") {
            let low = self.literal()?;
            if !self.eat_connective("and") {
                return None;
            }
            Test::Between(low, self.literal()?)
        } else {
            return None;
        };
        Some(Node::Test { key, negated, test })
    }

    fn name(&mut self) -> Option<String> {
        self.parenthesised(|token| match token {
            Token::Word(word) if !word.starts_with(['+', '-']) => Some(word.clone()),
            Token::Quoted(name) => Some(name.clone()),
            _ => None,
        })
    }

    fn text(&mut self) -> Option<String> {
        self.parenthesised(|token| match token {
            Token::Text(text) => Some(text.clone()),
            _ => None,
        })
    }

    fn literal(&mut self) -> Option<String> {
        self.parenthesised(|token| match token {
            Token::Text(text) => Some(text.clone()),
            Token::Word(word) => number(word).map(str::to_owned),
            _ => None,
        })
    }

    /// One token between any number of parentheses.
    fn parenthesised<T>(&mut self, read: impl Fn(&Token) -> Option<T>) -> Option<T> {
        let opened = self.tokens.iter().take_while(|t| **t == Token::Open).count();
        let value = read(self.tokens.get(opened)?)?;
        let closed = self.tokens.iter().skip(opened + 1).take_while(|t| **t == Token::Close).count();
        self.tokens = self.tokens.get(2 * opened + 1..)?;
        (closed >= opened).then_some(value)
    }

    fn eat(&mut self, wanted: &Token) -> Option<()> {
        let (token, rest) = self.tokens.split_first()?;
        (token == wanted).then(|| self.tokens = rest)
    }

    fn eat_keyword(&mut self, keyword: &str) -> bool {
        match self.tokens.split_first() {
            Some((token, rest)) if is_keyword(token, keyword) => {
                self.tokens = rest;
                true
            }
            _ => false,
        }
    }

    fn eat_connective(&mut self, keyword: &str) -> bool {
        let before = self.tokens;
        let found = self.parenthesised(|token| is_keyword(token, keyword).then_some(())).is_some();
        if !found {
            self.tokens = before;
        }
        found
    }
}

fn is_keyword(token: &Token, keyword: &str) -> bool {
    matches!(token, Token::Word(word) if word.eq_ignore_ascii_case(keyword))
}

/// The number in a word: sign, digits, fraction, exponent; Hive's type suffix is dropped.
fn number(word: &str) -> Option<&str> {
    let upper_ends = |suffix: &str| word.len() > suffix.len() && word.to_ascii_uppercase().ends_with(suffix);
    let suffix = ["BD", "L", "D", "S", "Y", "F"].into_iter().find(|s| upper_ends(s)).map_or(0, str::len);
    let bare = word.get(..word.len() - suffix)?;
    super::value::Number::parse(bare).map(|_| bare)
}
