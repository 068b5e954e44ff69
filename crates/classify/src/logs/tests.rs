use super::LOGS;
use crate::json::tests::{schema, whole};

#[test]
fn every_pattern_compiles() {
    for log in &LOGS {
        assert!(log.grok().is_some(), "{}", log.classification);
    }
}

#[test]
fn logs_are_known_by_their_lines() {
    let apache = r#"203.0.113.9 - frank [10/Oct/2000:13:55:36 -0700] "GET /a.gif?x=1 HTTP/1.0" 200 2326"#;
    for (line, classification, columns) in [
        (
            format!(r#"{apache} "http://example.com/start" "Mozilla/4.08 [en] (Win98; I ;Nav)""#),
            "combined_apache",
            "clientip ident auth timestamp verb request httpversion rawrequest response bytes referrer agent",
        ),
        (
            apache.to_owned(),
            "apache",
            "clientip ident auth timestamp verb request httpversion rawrequest response bytes",
        ),
        (
            "Feb  1 06:25:43 host-1 kernel: [ 1234.567890] eth0: link up".to_owned(),
            "linux_kernel",
            "timestamp logsource uptime message",
        ),
        (
            "192.168.114.201, -, 03/20/01, 7:55:20, W3SVC2, SERVER, 172.21.13.45, 4502, 163, 3223, 200, 0, GET, /a.gif, -,"
                .to_owned(),
            "microsoft_log",
            "clientip username date time service servername serverip timetaken bytesreceived bytessent servicestatus \
             windowsstatus requesttype target parameters",
        ),
        (
            "I, [2023-01-02T10:11:12.123456 #1234]  INFO -- app: started".to_owned(),
            "ruby_logger",
            "timestamp pid loglevel progname message",
        ),
        (
            "1286536308.779    180 192.168.0.224 TCP_MISS/200 411 GET http://example.com/ - DIRECT/10.0.0.1 text/html"
                .to_owned(),
            "squid",
            "timestamp duration clientip action status bytes method url user hierarchy peer contenttype",
        ),
        (
            r#"1470637867.953466 [0 195.168.1.1:52500] "SET" "a" "1""#.to_owned(),
            "redismonlog",
            "timestamp database client port path command params",
        ),
        (
            "4018:M 14 Nov 2023 07:01:22.119 * Background saving terminated with success".to_owned(),
            "redislog",
            "pid role timestamp level message",
        ),
        ("[4018] 14 Nov 07:01:22.119 # Server started".to_owned(), "redislog", "pid role timestamp level message"),
    ] {
        let found = whole(format!("{line}\r\n").repeat(30).as_bytes());
        assert_eq!(found.classification, classification, "{line}");
        let wanted: Vec<String> = columns.split_whitespace().map(|name| format!("{name}:string")).collect();
        assert_eq!(schema(&found), wanted.join(" "));
        assert_eq!(found.counts.records, 30);
    }
}

#[test]
fn a_few_strange_lines_are_tolerated() {
    let line = "Feb  1 06:25:43 host-1 kernel: eth0: link up\n";
    let text = |strange: usize| format!("{}{}", line.repeat(10), "no log line\n".repeat(strange));
    assert_eq!(whole(text(1).as_bytes()).classification, "linux_kernel");
    assert_eq!(whole(text(3).as_bytes()).classification, "UNKNOWN");
}
