//! Signed requests of any bytes: the authentication data of headers and query, and chunked bodies,
//! which decode alike however they are cut.
#![no_main]

use http::{HeaderMap, HeaderName, HeaderValue};
use libfuzzer_sys::fuzz_target;
use mastic_core::{Secret, Timestamp};
use mastic_sigv4::{ChunkDecoder, Presented, RequestParts, Verifier};

fn decode(pieces: &[&[u8]]) -> Result<(Vec<u8>, Vec<(String, String)>), String> {
    let (mut decoder, mut out) = (ChunkDecoder::new(None, None), Vec::new());
    for piece in pieces {
        decoder.push(piece, &mut out).map_err(|error| error.to_string())?;
    }
    decoder.finish().map(|trailers| (out, trailers)).map_err(|error| error.to_string())
}

fuzz_target!(|bytes: &[u8]| {
    let Some((&cut, bytes)) = bytes.split_first() else { return };
    let middle = usize::from(cut).min(bytes.len());
    let (left, right) = bytes.split_at(middle);
    assert_eq!(decode(&[bytes]), decode(&[left, right]));

    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let mut lines = text.split('\n');
    let first = lines.next().unwrap_or_default();
    let (path, query) = first.split_once('?').unwrap_or((first, ""));
    let mut headers = HeaderMap::new();
    for line in lines {
        let Some((name, value)) = line.split_once(':') else { continue };
        let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value)) else {
            continue;
        };
        headers.append(name, value);
    }
    let request = RequestParts { method: "GET", path, query, headers: &headers };
    let Ok(Some(presented)) = Presented::parse(&request) else { return };
    let (verifier, secret) = (Verifier::new(), Secret::new("secret".to_owned()));
    let _ = presented.require_scope("glue", Some("eu-west-1"));
    for body in [None, Some(&[0; 32])] {
        let checked =
            verifier.verify(&presented, &request, body, &secret, Timestamp::from_secs(1_770_000_000));
        assert!(checked.is_err(), "a signature was guessed: {text}");
    }
    let _ = verifier.chunk_seed(&presented, &secret);
});
