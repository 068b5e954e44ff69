//! Requests in the form of awsQuery, awsJson and restJson1: nothing panics, and what is read can be
//! written and read again.
#![no_main]

use libfuzzer_sys::fuzz_target;
use mastic_api_iam::{accessanalyzer, iam, sts};
use mastic_api_watch::logs;
use mastic_wire::{Message, Received, decode_fault, decode_input, decode_output, encode_input};

fuzz_target!(|bytes: &[u8]| {
    let [service, operation, body @ ..] = bytes else { return };
    let services = [&iam::SERVICE, &sts::SERVICE, &logs::SERVICE, &accessanalyzer::SERVICE];
    let service = services[usize::from(*service) % services.len()];
    let known: Vec<_> = service.operations.iter().filter(|operation| operation.shapes.is_some()).collect();
    let operation = known[usize::from(*operation) % known.len()];
    let _ = (decode_fault(None, body), decode_output(service, operation, body));

    // Where the path counts, it is the first line.
    let line = body.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let rest = body.get(line.len() + 1..).unwrap_or_default();
    let (path, query, body) = match (operation.http, std::str::from_utf8(line)) {
        (Some(_), Ok(line)) => {
            let (path, query) = line.split_once('?').unwrap_or((line, ""));
            (path, query, rest)
        }
        _ => ("/", "", body),
    };
    let Ok(input) = decode_input(service, operation, Received { path, query, body }) else { return };
    let write = |input| encode_input(service, operation, input).expect("what was read");
    let read = |message: &Message| {
        let (path, query) = message.path.split_once('?').unwrap_or((&message.path, ""));
        decode_input(service, operation, Received { path, query, body: &message.body })
    };
    // A form cannot say that a list holds an empty structure, nor a path that a part is empty: such
    // is lost, but once only.
    let Ok(once) = read(&write(&input)) else { return };
    assert_eq!(read(&write(&once)).expect("what was written"), once);
});
