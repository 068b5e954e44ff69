//! What goes in, what comes out, and how it ends.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};

use mastic_api_glue::glue::types::{Crawler, CrawlerTargets, S3Target};
use mastic_core::{Secret, Timestamp};
use mastic_handoff::{
    Assignment, Category, Cause, CrawlWork, Event, Finish, JobWork, RunCredentials, Work, from_line, to_line,
};

const DENIED: &str = "User: arn:aws:sts::111122223333:assumed-role/r/AWS-Crawler is not authorized to perform: \
    s3:ListBucket on resource: \"arn:aws:s3:::b\" because no identity-based policy allows the s3:ListBucket action";

fn credentials(key: &str) -> RunCredentials {
    RunCredentials {
        access_key_id: key.to_owned(),
        secret_access_key: Secret::new("secret".to_owned()),
        session_token: Secret::new("token".to_owned()),
        expires: Timestamp::from_secs(4_000_000_000),
    }
}

fn assignment(server: &TcpListener, work: Work) -> Assignment {
    Assignment {
        endpoint: format!("http://{}", server.local_addr().unwrap()),
        ca_file: None,
        region: "us-east-1".to_owned(),
        account: "111122223333".to_owned(),
        credentials: Some(credentials("ASIAFIRST")),
        memory_limit: 256 << 20,
        scratch: String::new(),
        work,
    }
}

fn crawl() -> Work {
    let target = S3Target { path: Some("s3://b/x/".to_owned()), ..S3Target::default() };
    Work::Crawl(Box::new(CrawlWork {
        crawl_id: "id".to_owned(),
        crawler: Crawler {
            name: Some("c".to_owned()),
            database_name: Some("d".to_owned()),
            targets: Some(CrawlerTargets { s3_targets: Some(vec![target]), ..CrawlerTargets::default() }),
            ..Crawler::default()
        },
        classifiers: Vec::new(),
        plan: None,
    }))
}

fn start(first_line: &str) -> Child {
    let mut child = Command::new(env!("CARGO_BIN_EXE_mastic-runner"))
        .env_clear()
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.as_mut().unwrap().write_all(first_line.as_bytes()).unwrap();
    child
}

/// Reads a request without a body; gives its head.
fn request(stream: &mut TcpStream) -> String {
    let mut head = String::new();
    let mut reader = BufReader::new(stream);
    while !head.ends_with("\r\n\r\n") {
        assert_ne!(reader.read_line(&mut head).unwrap(), 0, "the runner hung up");
    }
    head
}

fn events(child: &mut Child) -> Vec<Event> {
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    lines.map(|line| from_line(&line.unwrap()).unwrap()).collect()
}

#[test]
fn a_denial_ends_the_crawl_with_the_servers_own_sentence() {
    let server = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut child = start(&to_line(&assignment(&server, crawl())).unwrap());
    let (mut stream, _) = server.accept().unwrap();
    let head = request(&mut stream);
    assert!(head.starts_with("GET /b?list-type=2&prefix=x%2F ") && head.contains("ASIAFIRST"), "{head}");
    let body = format!(
        "<Error><Code>AccessDenied</Code><Message>{}</Message></Error>",
        DENIED.replace('"', "&quot;")
    );
    let (size, id) = (body.len(), "x-amz-request-id: R1");
    write!(stream, "HTTP/1.1 403 Forbidden\r\n{id}\r\ncontent-length: {size}\r\n\r\n{body}").unwrap();
    let events = events(&mut child);
    let cause = Cause::new(Category::Permission, format!("s3://b/x/: {DENIED} (request id R1)"));
    assert_eq!(events.last(), Some(&Event::Finished(Finish::Failed(cause))));
    assert!(
        matches!(&events[0], Event::Log { line, .. } if line.contains("Running Start Crawl for Crawler c"))
    );
    assert_eq!(child.wait().unwrap().code(), Some(0));
}

#[test]
fn the_end_of_its_input_ends_it_at_once() {
    let server = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut child = start(&to_line(&assignment(&server, crawl())).unwrap());
    let (mut stream, _) = server.accept().unwrap();
    request(&mut stream);
    drop(child.stdin.take());
    assert_eq!(child.wait().unwrap().code(), Some(130));
    assert!(!events(&mut child).iter().any(|event| matches!(event, Event::Finished(_))));
}

#[test]
fn fresh_credentials_sign_the_next_request() {
    let server = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut child = start(&to_line(&assignment(&server, crawl())).unwrap());
    let (mut stream, _) = server.accept().unwrap();
    assert!(request(&mut stream).contains("ASIAFIRST"));
    child.stdin.as_mut().unwrap().write_all(to_line(&credentials("ASIASECOND")).unwrap().as_bytes()).unwrap();
    // Pages that say there is more, until the runner has taken up the new key. Each on a connection of its own:
    // a client may ask for the next page before it knows that the last one's connection is free again.
    loop {
        let body = "<ListBucketResult><NextContinuationToken>t</NextContinuationToken></ListBucketResult>";
        let head = format!("HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: {}", body.len());
        write!(stream, "{head}\r\n\r\n{body}").unwrap();
        (stream, _) = server.accept().unwrap();
        if request(&mut stream).contains("ASIASECOND") {
            break;
        }
    }
    drop(child.stdin.take());
    child.wait().unwrap();
}

#[test]
fn a_job_that_cannot_be_run_says_why() {
    let server = TcpListener::bind("127.0.0.1:0").unwrap();
    let job = JobWork {
        job_name: "j".to_owned(),
        run_id: "jr_1".to_owned(),
        arguments: BTreeMap::from([("--job-bookmark-option".to_owned(), "job-bookmark-on".to_owned())]),
        ..JobWork::default()
    };
    let mut child = start(&to_line(&assignment(&server, Work::Job(Box::new(job)))).unwrap());
    let events = events(&mut child);
    assert!(
        matches!(events.last(), Some(Event::Finished(Finish::Failed(cause))) if cause.text.contains("bookmark"))
    );
}

#[test]
fn started_by_hand_it_says_what_it_is() {
    let mut child = start("hello\n");
    assert_eq!(child.wait().unwrap().code(), Some(1));
    let mut text = String::new();
    child.stderr.take().unwrap().read_to_string(&mut text).unwrap();
    assert!(text.contains("mastic-runner is started by `mastic serve`"), "{text}");
}
