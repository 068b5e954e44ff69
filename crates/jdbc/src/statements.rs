//! Statements that people write, as far as it takes to tell where each begins and ends ("Lexical Structure" in PostgreSQL's
//! documentation, "Language Structure" in MySQL's).

use std::str::Chars;

use crate::url::Engine;

/// Commands that begin or end a transaction, by the words that they begin with.
const COMMANDS: [&[&str]; 8] = [
    &["BEGIN"],
    &["START"],
    &["COMMIT"],
    &["END"],
    &["ROLLBACK"],
    &["ABORT"],
    &["PREPARE", "TRANSACTION"],
    &["XA"],
];

/// Words at the beginning of a statement that are looked at.
const WORDS: usize = 3;

impl Engine {
    /// The first of the statements that begins or ends a transaction, by its first words, if there is one. Going back to a
    /// savepoint does neither.
    ///
    /// # Errors
    /// What in the text does not end: a literal, a name in quotes or a comment.
    pub fn transaction_command(self, statements: &str) -> Result<Option<String>, String> {
        let found = self.beginnings(statements)?;
        Ok(found.iter().find_map(|words| command(words)))
    }

    /// The words, in capitals, that each statement begins with; statements of none are left out.
    fn beginnings(self, text: &str) -> Result<Vec<Vec<String>>, String> {
        let mut scanner = Scanner { engine: self, rest: text.chars(), runs_comment: false };
        let (mut statements, mut words, mut begins) = (Vec::new(), Vec::new(), true);
        loop {
            match scanner.token()? {
                Some(Token::Word(word)) => {
                    if begins {
                        words.push(word.to_uppercase());
                        begins = words.len() < WORDS;
                    }
                }
                Some(Token::Other) => begins = false,
                end @ (Some(Token::End) | None) => {
                    if !words.is_empty() {
                        statements.push(std::mem::take(&mut words));
                    }
                    begins = true;
                    if end.is_none() {
                        return Ok(statements);
                    }
                }
            }
        }
    }
}

/// The command of a transaction that begins with these words.
fn command(words: &[String]) -> Option<String> {
    let begins = |command: &&[&str]| {
        words.len() >= command.len() && words.iter().zip(command.iter()).all(|(word, of)| word == of)
    };
    let found = COMMANDS.into_iter().find(begins)?;
    let mut rest = words.iter().skip(1).filter(|word| !matches!(word.as_str(), "WORK" | "TRANSACTION"));
    let to_savepoint = found.contains(&"ROLLBACK") && rest.next().is_some_and(|word| word == "TO");
    (!to_savepoint).then(|| found.join(" "))
}

enum Token<'a> {
    /// A name without quotes, a keyword or a number.
    Word(&'a str),
    /// The end of a statement.
    End,
    /// A literal, a name in quotes, an operator.
    Other,
}

/// Reads tokens; white space and comments are none.
struct Scanner<'a> {
    engine: Engine,
    rest: Chars<'a>,
    /// Whether it is inside a comment that MySQL runs.
    runs_comment: bool,
}

impl<'a> Scanner<'a> {
    fn text(&self) -> &'a str {
        self.rest.as_str()
    }

    fn peek(&self) -> Option<char> {
        self.rest.clone().next()
    }

    /// Skips a beginning, if the rest has it.
    fn skip(&mut self, beginning: &str) -> bool {
        match self.text().strip_prefix(beginning) {
            Some(rest) => {
                self.rest = rest.chars();
                true
            }
            None => false,
        }
    }

    /// What comes as long as letters are such.
    fn run(&mut self, such: impl Fn(char) -> bool) -> &'a str {
        let text = self.text();
        let end = text.find(|letter| !such(letter)).unwrap_or(text.len());
        let (run, rest) = text.split_at_checked(end).unwrap_or((text, ""));
        self.rest = rest.chars();
        run
    }

    /// Skips what comes up to an end, and that too.
    fn up_to(&mut self, end: &str, what: &str) -> Result<(), String> {
        let (_, rest) = self.text().split_once(end).ok_or_else(|| unended(what))?;
        self.rest = rest.chars();
        Ok(())
    }

    fn line(&mut self) {
        let mysql = self.engine == Engine::MySql;
        self.run(|letter| letter != '\n' && (mysql || letter != '\r'));
    }

    fn token(&mut self) -> Result<Option<Token<'a>>, String> {
        let mysql = self.engine == Engine::MySql;
        while self.blank()? {}
        let Some(first) = self.peek() else { return Ok(None) };
        match first {
            ';' => {
                self.rest.next();
                return Ok(Some(Token::End));
            }
            '\'' => self.quoted('\'', self.engine != Engine::PostgreSql)?,
            '"' => self.quoted('"', mysql)?,
            '`' if mysql => self.quoted('`', false)?,
            '$' if !mysql => self.dollars()?,
            digit if digit.is_ascii_digit() => {
                return Ok(Some(Token::Word(
                    self.run(|letter| letter.is_ascii_alphanumeric() || letter == '_'),
                )));
            }
            letter if is_letter(letter) => {
                let word = self.run(|letter| is_letter(letter) || letter.is_ascii_digit() || letter == '$');
                if !mysql && word.eq_ignore_ascii_case("e") && self.peek() == Some('\'') {
                    self.escaped()?;
                } else {
                    return Ok(Some(Token::Word(word)));
                }
            }
            _ => drop(self.rest.next()),
        }
        Ok(Some(Token::Other))
    }

    /// Skips white space or a comment; whether there was any.
    fn blank(&mut self) -> Result<bool, String> {
        let mysql = self.engine == Engine::MySql;
        let text = self.text();
        if !self.run(is_blank).is_empty() {
            return Ok(true);
        }
        if self.runs_comment && self.skip("*/") {
            self.runs_comment = false;
            return Ok(true);
        }
        // To MySQL two dashes are a comment only with a space behind them.
        let dashes =
            text.strip_prefix("--").is_some_and(|rest| !mysql || rest.chars().next().is_none_or(is_blank));
        if dashes || (mysql && text.starts_with('#')) {
            self.line();
            return Ok(true);
        }
        if mysql && (self.skip("/*!") || self.skip("/*M!")) {
            // The version from which on it is run.
            self.run(|letter| letter.is_ascii_digit());
            self.runs_comment = true;
            return Ok(true);
        }
        if self.skip("/*") {
            self.comment(!mysql)?;
            return Ok(true);
        }
        Ok(false)
    }

    /// Skips the rest of a comment, and those inside it where they count.
    fn comment(&mut self, nests: bool) -> Result<(), String> {
        let mut open = 1;
        while open > 0 {
            if self.skip("*/") {
                open -= 1;
            } else if nests && self.skip("/*") {
                open += 1;
            } else if self.rest.next().is_none() {
                return Err(unended("comment"));
            }
        }
        Ok(())
    }

    /// Skips what stands in quotes; a doubled quote is part of it, and what follows a backslash where that escapes.
    fn quoted(&mut self, quote: char, escapes: bool) -> Result<(), String> {
        let what = if quote == '\'' { "literal" } else { "name in quotes" };
        self.rest.next();
        loop {
            match self.rest.next() {
                None => return Err(unended(what)),
                Some('\\') if escapes => drop(self.rest.next()),
                Some(letter) if letter == quote && self.peek() == Some(quote) => drop(self.rest.next()),
                Some(letter) if letter == quote => return Ok(()),
                Some(_) => {}
            }
        }
    }

    /// Skips a literal with escapes of PostgreSQL's, which goes on in the next line if that begins with a quote.
    fn escaped(&mut self) -> Result<(), String> {
        loop {
            self.quoted('\'', true)?;
            let (before, mut lines) = (self.rest.clone(), false);
            loop {
                let space = self.run(is_blank);
                lines |= space.contains(['\n', '\r']);
                match self.text().starts_with("--") {
                    true => self.line(),
                    false if space.is_empty() => break,
                    false => {}
                }
            }
            if !lines || self.peek() != Some('\'') {
                self.rest = before;
                return Ok(());
            }
        }
    }

    /// Skips a literal between dollars with the same word within, if it is one.
    fn dollars(&mut self) -> Result<(), String> {
        let text = self.text();
        self.rest.next();
        let word = self.run(|letter| is_letter(letter) || letter.is_ascii_digit());
        if word.starts_with(|first: char| first.is_ascii_digit()) || !self.skip("$") {
            return Ok(());
        }
        let tag = text.get(..word.len() + 2).unwrap_or("$$");
        self.up_to(tag, "literal")
    }
}

fn is_letter(letter: char) -> bool {
    letter.is_ascii_alphabetic() || letter == '_' || !letter.is_ascii()
}

fn is_blank(letter: char) -> bool {
    letter.is_ascii_whitespace() || letter.is_ascii_control()
}

fn unended(what: &str) -> String {
    format!("a {what} in it does not end")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn found(engine: Engine, text: &str) -> Option<String> {
        engine.transaction_command(text).unwrap()
    }

    #[test]
    fn transactions_are_seen_wherever_they_hide() {
        for text in [
            "commit",
            "SELECT 1; COMMIT",
            "/* a; */ Commit;",
            "--\nCOMMIT",
            "-- a\r\nCOMMIT -- b",
            ";;\n/**/COMMIT/**/;",
            "SELECT ';';COMMIT",
            "SELECT \"a\"\"; b\";COMMIT",
            "SELECT '\\';COMMIT;--'",
            "SELECT E'\\\\';COMMIT",
            "SELECT E'a'\n'b\\'';COMMIT;--'",
            "SELECT E'a' --\n 'b\\'';COMMIT;--'",
            "SELECT $$ ' $$;COMMIT",
            "SELECT $a$ $$ $b$ $a$;COMMIT",
            "SELECT a$b$ ;COMMIT;-- $b$",
            "SELECT 1$a$ ' $a$;COMMIT;--'",
            "SELECT $1;COMMIT",
            "/* /* */ ' */COMMIT",
            "SELECT nameE'\\';COMMIT;--'",
        ] {
            assert_eq!(found(Engine::PostgreSql, text).as_deref(), Some("COMMIT"), "{text}");
        }
        for (text, command) in [
            ("BEGIN; SELECT 1", Some("BEGIN")),
            ("start transaction", Some("START")),
            ("END", Some("END")),
            ("PREPARE TRANSACTION 'x'", Some("PREPARE TRANSACTION")),
            ("PREPARE x AS SELECT 1", None),
            ("ROLLBACK", Some("ROLLBACK")),
            ("ROLLBACK WORK", Some("ROLLBACK")),
            ("ROLLBACK TO SAVEPOINT a", None),
            ("ROLLBACK /**/ TRANSACTION to a", None),
            ("SAVEPOINT a; RELEASE a", None),
        ] {
            assert_eq!(found(Engine::PostgreSql, text).as_deref(), command, "{text}");
        }
    }

    #[test]
    fn text_that_only_looks_like_it_is_let_through() {
        for text in [
            "",
            "; ;",
            "INSERT INTO t VALUES ('a; COMMIT')",
            "INSERT INTO t VALUES ('it''s; COMMIT')",
            "SELECT 1 AS \"; COMMIT\"",
            "SELECT 1 -- ; COMMIT",
            "SELECT 1 /* ; /* ; */ COMMIT */",
            "DO $$ BEGIN; COMMIT; END $$",
            "DO $x$ ; COMMIT $$ ; COMMIT $x$",
            "SELECT E'\\'; COMMIT; '",
            "UPDATE t SET \"commit\" = 1",
            "SELECT committed; SELECT commit",
        ] {
            assert_eq!(found(Engine::PostgreSql, text), None, "{text}");
        }
    }

    #[test]
    fn each_database_has_its_own_rules() {
        let backslash = "SELECT 'a\\'; COMMIT; '";
        assert_eq!(found(Engine::MySql, backslash), None);
        assert_eq!(found(Engine::Redshift, backslash), None);
        assert!(Engine::PostgreSql.transaction_command(backslash).is_err());
        let dashes = "SELECT 1--'\n;COMMIT--'";
        assert_eq!(found(Engine::PostgreSql, dashes).as_deref(), Some("COMMIT"));
        assert_eq!(found(Engine::MySql, dashes), None);
        for text in ["# '\nCOMMIT", "/*! COMMIT */", "/*!50000 COMMIT */", "/*M! COMMIT*/", "-- a\r'\nCOMMIT"]
        {
            assert_eq!(found(Engine::MySql, text).as_deref(), Some("COMMIT"), "{text}");
        }
        assert_eq!(found(Engine::MySql, "SELECT \"\\\"; COMMIT\", `; COMMIT`"), None);
        assert_eq!(found(Engine::MySql, "/* /* */ COMMIT").as_deref(), Some("COMMIT"));
        for (text, what) in
            [("SELECT 'a", "literal"), ("/* /* */", "comment"), ("$a$ b", "literal"), ("\"a", "quotes")]
        {
            assert!(Engine::PostgreSql.transaction_command(text).unwrap_err().contains(what), "{text}");
        }
    }

    /// A piece of a statement, in which anything may stand.
    fn piece(engine: Engine) -> BoxedStrategy<String> {
        let mysql = engine == Engine::MySql;
        let any = "[a-zA-Z ';\"`\\\\$/*#\n-]{0,12}";
        let quoted = |quote: char, escapes: bool| {
            any.prop_map(move |text| {
                let text = text.replace(quote, &format!("{quote}{quote}"));
                let text = if escapes { text.replace('\\', "\\\\") } else { text };
                format!("{quote}{text}{quote}")
            })
        };
        let line = "[a-zA-Z ';\"`\\\\$/*#-]{0,12}".prop_map(|text| format!("-- {text}\n"));
        let block = any.prop_map(|text| format!("/* {} */", text.replace(['/', '*'], "")));
        let common = prop_oneof![
            "(a|commit|b1|1|=|\\(|\\)|,|\\+)".boxed(),
            quoted('\'', engine != Engine::PostgreSql).boxed(),
            quoted('"', mysql).boxed(),
            line.boxed(),
            block.boxed(),
        ];
        if mysql {
            prop_oneof![common, quoted('`', false), "[a-z ';\"]{0,9}".prop_map(|text| format!("# {text}\n"))]
                .boxed()
        } else {
            let dollars = (any, "[a-z]{0,2}")
                .prop_map(|(text, tag)| format!("${tag}${}${tag}$", text.replace('$', "")));
            let escaped = quoted('\'', true).prop_map(|text| format!("E{text}"));
            let nested = any.prop_map(|text| format!("/* /* {} */ */", text.replace(['/', '*'], "")));
            prop_oneof![common, dollars, escaped, nested].boxed()
        }
    }

    fn engine() -> impl Strategy<Value = Engine> {
        prop_oneof![Just(Engine::PostgreSql), Just(Engine::MySql), Just(Engine::Redshift)]
    }

    fn statements() -> impl Strategy<Value = (Engine, Vec<(String, bool)>)> {
        engine().prop_flat_map(|engine| {
            let blank = prop_oneof![Just(" "), Just("\n"), Just("/* ; */"), Just("-- '\n")];
            let pieces = prop::collection::vec(piece(engine), 0..6);
            let statement = (blank, any::<bool>(), pieces).prop_map(|(blank, ends, pieces)| {
                let word = if ends { "cOMMIT" } else { "SELECT" };
                (format!("{blank}{word} {}", pieces.join(" , ")), ends)
            });
            (Just(engine), prop::collection::vec(statement, 0..5))
        })
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(engine in engine(), text in any::<String>()) {
            let _ = engine.transaction_command(&text);
        }

        #[test]
        fn statements_are_told_apart((engine, statements) in statements()) {
            let text: Vec<&str> = statements.iter().map(|(text, _)| text.as_str()).collect();
            let text = text.join(";");
            let found = engine.beginnings(&text).unwrap();
            let commands: Vec<&str> = found.iter().map(|words| words[0].as_str()).collect();
            let wanted: Vec<&str> =
                statements.iter().map(|(_, ends)| if *ends { "COMMIT" } else { "SELECT" }).collect();
            prop_assert_eq!(&commands, &wanted, "{}", text);
            let ends = statements.iter().any(|(_, ends)| *ends);
            prop_assert_eq!(engine.transaction_command(&text).unwrap().is_some(), ends);
        }
    }
}
