//! The built-in log classifiers (Built-in classifiers in the AWS Glue Developer Guide). AWS tells their names only; the
//! patterns here are for the formats that bear these names.

#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::sync::{Arc, OnceLock};

use mastic_hive::Grok;

use crate::content::Content;
use crate::found::Found;
use crate::lines;

/// How many of ten lines a pattern must match.
const REGULAR: usize = 9;

/// A format of logs.
struct Log {
    classification: &'static str,
    /// Whether a line may be of this format, told without the pattern: most files are no logs.
    may_be: fn(&[u8]) -> bool,
    pattern: &'static str,
    /// The pattern, compiled when a file may be of the format.
    grok: OnceLock<Option<(Grok, Arc<str>)>>,
}

impl Log {
    const fn new(classification: &'static str, may_be: fn(&[u8]) -> bool, pattern: &'static str) -> Self {
        Self { classification, may_be, pattern, grok: OnceLock::new() }
    }

    fn grok(&self) -> Option<&(Grok, Arc<str>)> {
        self.grok.get_or_init(|| Some((Grok::parse(self.pattern, "").ok()?, self.pattern.into()))).as_ref()
    }
}

/// In AWS's order.
static LOGS: [Log; 8] = [
    Log::new("combined_apache", apache, "^%{COMBINEDAPACHELOG}$"),
    Log::new("apache", apache, "^%{COMMONAPACHELOG}$"),
    Log::new(
        "linux_kernel",
        |line| contains(line, b" kernel: "),
        r"^%{SYSLOGTIMESTAMP:timestamp} %{SYSLOGHOST:logsource} kernel: (?:\[ *%{NUMBER:uptime}\] )?%{GREEDYDATA:message}$",
    ),
    Log::new(
        "microsoft_log",
        |line| line.iter().filter(|byte| **byte == b',').count() >= 14,
        r"^%{IPORHOST:clientip}, %{NOTSPACE:username}, %{DATE_US:date}, %{TIME:time}, %{NOTSPACE:service}, %{NOTSPACE:servername}, %{IPORHOST:serverip}, %{INT:timetaken}, %{INT:bytesreceived}, %{INT:bytessent}, %{INT:servicestatus}, %{INT:windowsstatus}, %{WORD:requesttype}, %{NOTSPACE:target}, %{GREEDYDATA:parameters}$",
    ),
    Log::new(
        "ruby_logger",
        |line| matches!(line, [b'D' | b'F' | b'E' | b'W' | b'I' | b'A', b',', b' ', b'[', ..]),
        r"^[DFEWIA], \[%{TIMESTAMP_ISO8601:timestamp} #%{POSINT:pid}\] *(?<loglevel>DEBUG|FATAL|ERROR|WARN|INFO|ANY) -- +%{DATA:progname}: %{GREEDYDATA:message}$",
    ),
    Log::new(
        "squid",
        |line| numbered(line) && line.contains(&b'/'),
        r"^%{NUMBER:timestamp} +%{INT:duration} %{IPORHOST:clientip} %{WORD:action}/%{INT:status} %{INT:bytes} %{NOTSPACE:method} %{NOTSPACE:url} %{NOTSPACE:user} %{WORD:hierarchy}/%{NOTSPACE:peer} %{NOTSPACE:contenttype}$",
    ),
    Log::new(
        "redismonlog",
        |line| numbered(line) && contains(line, b"] \""),
        r#"^%{NUMBER:timestamp} \[%{INT:database} (?:%{IP:client}:%{NUMBER:port}|%{WORD:client}(?::%{NOTSPACE:path})?)\] "%{WORD:command}"\s?%{GREEDYDATA:params}$"#,
    ),
    Log::new(
        "redislog",
        |line| line.first().is_some_and(|byte| byte.is_ascii_digit() || *byte == b'['),
        r"^(?:\[%{POSINT:pid}\]|%{POSINT:pid}:%{WORD:role}) %{REDISTIMESTAMP:timestamp=%{MONTHDAY} %{MONTH} (?:%{YEAR} )?%{TIME}} %{REDISLEVEL:level=[.*#-]} %{GREEDYDATA:message}$",
    ),
];

/// The first log format that the lines are of.
pub(crate) fn classify(content: &Content<'_>) -> Found {
    let Some(first) = content.lines().next().map(<[u8]>::trim_ascii_end) else { return Found::No };
    let mut candidates = LOGS.iter().filter(|log| (log.may_be)(first)).peekable();
    if candidates.peek().is_none() || !content.is_text() {
        return Found::No;
    }
    for log in candidates {
        let Some((grok, pattern)) = log.grok() else { continue };
        if !grok.matches(first) {
            continue;
        }
        let matched = lines::count(content, grok);
        if matched.matched * 10 >= matched.lines * REGULAR {
            let classification = Cow::Borrowed(log.classification);
            let none = Arc::from("");
            return Found::Yes(lines::describe(content, grok, &matched, classification, pattern, &none));
        }
    }
    Found::No
}

fn apache(line: &[u8]) -> bool {
    contains(line, b"] \"")
}

fn numbered(line: &[u8]) -> bool {
    line.first().is_some_and(u8::is_ascii_digit)
}

fn contains(line: &[u8], what: &[u8]) -> bool {
    line.windows(what.len()).any(|window| window == what)
}
