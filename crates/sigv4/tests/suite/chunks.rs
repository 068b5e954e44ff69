//! Chunked bodies: AWS's two documented uploads, and what must be refused.

use mastic_sigv4::{
    ChunkDecoder, ChunkError, ChunkSeed, Payload, Payloads, Presented, RequestParts, Signer, Verifier,
};

use crate::documented::example;
use crate::{at, headers};

const CHUNKS: [&str; 3] = [
    "ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648",
    "0055627c9e194cb4542bae2aa5492e3c1575bbb81b612b7d234b86a503ef5497",
    "b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed81ceb9323e279d449df9",
];
const TRAILED: [&str; 3] = [
    "b474d8862b1487a5145d686f57f013e54db672cee1c953b3010fb58501ef5aa2",
    "1c1344b170168f8e65b41376b44b20fe354e373826ccbbe2c1d40a8cae51e5c7",
    "2ca2aba2005185cf7159c6277faf83795951dd77a3a99e6e65d5c9f85863f992",
];
const TRAILER: &str = "d81f82fc3505edab99d459891051a732e8730629a2e4a59689829ca17fe2e435";

fn seed(mode: &str, extra: &[(&str, &str)], signature: &str) -> ChunkSeed {
    let credentials = example();
    let common = [
        ("host", "s3.amazonaws.com"),
        ("content-encoding", "aws-chunked"),
        ("x-amz-decoded-content-length", "66560"),
        ("x-amz-storage-class", "REDUCED_REDUNDANCY"),
    ];
    let mut map = headers(common.into_iter().chain(extra.iter().copied()));
    let now = at("20130524T000000Z");
    let path = "/examplebucket/chunkObject.txt";
    let signer = Signer { credentials: &credentials, region: "us-east-1", service: "s3", at: now };
    assert_eq!(signer.sign("PUT", path, "", &mut map, Payloads::Mode(mode)).unwrap(), signature);
    let request = RequestParts { method: "PUT", path, query: "", headers: &map };
    let presented = Presented::parse(&request).unwrap().unwrap();
    assert!(presented.payload.is_chunked());
    assert_ne!(presented.payload, Payload::Unsigned);
    let verifier = Verifier::new();
    verifier.verify(&presented, &request, None, &credentials.secret_access_key, now).unwrap();
    verifier.chunk_seed(&presented, &credentials.secret_access_key)
}

fn plain_seed() -> ChunkSeed {
    seed(
        "STREAMING-AWS4-HMAC-SHA256-PAYLOAD",
        &[("content-length", "66824")],
        "4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9",
    )
}

fn trailer_seed() -> ChunkSeed {
    seed(
        "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER",
        &[("x-amz-trailer", "x-amz-checksum-crc32c")],
        "106e2a8a18243abcf37539882f36619c00e2dfc72633413f02d3b74544bfeb8e",
    )
}

fn body(signatures: [&str; 3], tail: &str) -> Vec<u8> {
    let mut out = Vec::new();
    for (size, signature) in [65536usize, 1024, 0].into_iter().zip(signatures) {
        out.extend_from_slice(format!("{size:x};chunk-signature={signature}\r\n").as_bytes());
        out.extend(std::iter::repeat_n(b'a', size));
        if size > 0 {
            out.extend_from_slice(b"\r\n");
        }
    }
    out.extend_from_slice(tail.as_bytes());
    out
}

type Decoded = (Vec<u8>, Vec<(String, String)>);

fn decode(
    seed: Option<ChunkSeed>,
    length: Option<u64>,
    body: &[u8],
    piece: usize,
) -> Result<Decoded, ChunkError> {
    let mut decoder = ChunkDecoder::new(seed, length);
    let mut out = Vec::new();
    for part in body.chunks(piece) {
        decoder.push(part, &mut out)?;
    }
    Ok((out, decoder.finish()?))
}

#[test]
fn the_documented_upload() {
    let body = body(CHUNKS, "\r\n");
    for piece in [1, 7, 4096, body.len()] {
        let (data, trailers) = decode(Some(plain_seed()), Some(66560), &body, piece).unwrap();
        assert_eq!(data.len(), 66560);
        assert!(data.iter().all(|b| *b == b'a') && trailers.is_empty());
    }
}

#[test]
fn the_documented_upload_with_trailers() {
    let tail = format!("x-amz-checksum-crc32c:sOO8/Q==\r\nx-amz-trailer-signature:{TRAILER}\r\n\r\n");
    let body = body(TRAILED, &tail);
    for piece in [3, 8192] {
        let (data, trailers) = decode(Some(trailer_seed()), Some(66560), &body, piece).unwrap();
        assert_eq!(data.len(), 66560);
        assert_eq!(trailers, [("x-amz-checksum-crc32c".to_owned(), "sOO8/Q==".to_owned())]);
    }
}

#[test]
fn signing_makes_the_documented_chain() {
    let mut seed = trailer_seed();
    assert_eq!(seed.sign_chunk(&[b'a'; 65536]), TRAILED[0]);
    assert_eq!(seed.sign_chunk(&[b'a'; 1024]), TRAILED[1]);
    assert_eq!(seed.sign_chunk(b""), TRAILED[2]);
    assert_eq!(seed.sign_trailer("x-amz-checksum-crc32c:sOO8/Q==\n"), TRAILER);
}

#[test]
fn tampered_bodies_are_refused() {
    let mut changed = body(CHUNKS, "\r\n");
    changed[200] = b'b';
    assert_eq!(decode(Some(plain_seed()), None, &changed, 999), Err(ChunkError::Mismatch));

    let swapped = body([CHUNKS[1], CHUNKS[0], CHUNKS[2]], "\r\n");
    assert_eq!(decode(Some(plain_seed()), None, &swapped, 999), Err(ChunkError::Mismatch));

    let tail = format!("x-amz-checksum-crc32c:AAAAAA==\r\nx-amz-trailer-signature:{TRAILER}\r\n\r\n");
    assert_eq!(decode(Some(trailer_seed()), None, &body(TRAILED, &tail), 999), Err(ChunkError::Mismatch));
    for tail in ["x-amz-checksum-crc32c:sOO8/Q==\r\n\r\n", "\r\n", ""] {
        assert!(decode(Some(trailer_seed()), None, &body(TRAILED, tail), 999).is_err(), "{tail}");
    }
    let whole = body(CHUNKS, "\r\n");
    assert_eq!(
        decode(Some(plain_seed()), Some(66560), &whole[..70000 - 10000], 999),
        Err(ChunkError::Incomplete)
    );
}

#[test]
fn unsigned_chunks_with_trailers() {
    let body = b"5\r\nhello\r\n6;x=y\r\n world\r\n0\r\nx-amz-checksum-crc32: i9aeUg==\r\n\r\n";
    let (data, trailers) = decode(None, Some(11), body, 2).unwrap();
    assert_eq!(data, b"hello world");
    assert_eq!(trailers, [("x-amz-checksum-crc32".to_owned(), "i9aeUg==".to_owned())]);
}

#[test]
fn lengths_and_framing_are_checked() {
    let run = |body: &[u8], length| decode(None, length, body, 3).map(|(data, _)| data);
    assert_eq!(run(b"3\r\nabc\r\n0\r\n\r\n", Some(4)), Err(ChunkError::Length));
    assert_eq!(run(b"3\r\nabc\r\n0\r\n\r\n", Some(2)), Err(ChunkError::Length));
    assert_eq!(run(b"3\r\nabc\r\n", None), Err(ChunkError::Incomplete));
    assert_eq!(run(b"3\r\nabc\r\n0\r\n", None), Ok(b"abc".to_vec()));
    for bad in [
        &b"3\r\nabcd\r\n0\r\n\r\n"[..],
        b"-3\r\nabc\r\n",
        b"xyz\r\n",
        b"\r\n",
        b"ffffffffffffffffff\r\n",
        b"0\r\n\r\nmore",
        b"0\r\nno colon\r\n\r\n",
    ] {
        assert!(matches!(run(bad, None), Err(ChunkError::Malformed(_))), "{bad:?}");
    }
    let endless = vec![b'0'; 10_000];
    assert!(matches!(run(&endless, None), Err(ChunkError::Malformed(_))));
}
