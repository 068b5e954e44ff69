//! Bodies of requests in awsQuery's and awsJson's form: nothing panics, and what is read can be
//! written and read again.
#![no_main]

use libfuzzer_sys::fuzz_target;
use mastic_api_iam::{iam, sts};
use mastic_api_watch::logs;
use mastic_wire::{decode_fault, decode_input, decode_output, encode_input};

fuzz_target!(|bytes: &[u8]| {
    let [service, operation, body @ ..] = bytes else { return };
    let services = [&iam::SERVICE, &sts::SERVICE, &logs::SERVICE];
    let service = services[usize::from(*service) % services.len()];
    let known: Vec<_> = service.operations.iter().filter(|operation| operation.shapes.is_some()).collect();
    let operation = known[usize::from(*operation) % known.len()];
    let _ = (decode_fault(body), decode_output(service, operation, body));
    let Ok(input) = decode_input(service, operation, body) else { return };
    let write = |input| encode_input(service, operation, input).expect("what was read").body;
    let read = |body: &[u8]| decode_input(service, operation, body).expect("what was written");
    // A form cannot say that a list holds an empty structure: such is lost, but once only.
    let once = read(&write(&input));
    assert_eq!(read(&write(&once)), once, "{}", String::from_utf8_lossy(body));
});
