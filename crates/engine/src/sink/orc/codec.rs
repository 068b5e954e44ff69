use std::io::Write;

use orc_rust::proto::CompressionKind;

/// Bytes that are compressed at a time.
pub(super) const BLOCK: usize = 256 << 10;
/// Zstandard's own usual level.
const ZSTD: i32 = 3;

/// Bytes as chunks, each with its header; as they are in a file without compression.
pub(super) fn chunks(kind: CompressionKind, bytes: &[u8]) -> Result<Vec<u8>, String> {
    if kind == CompressionKind::None {
        return Ok(bytes.to_vec());
    }
    let mut out = Vec::with_capacity(bytes.len() / 2 + 8);
    for block in bytes.chunks(BLOCK) {
        let packed = packed(kind, block)?;
        // What does not become smaller stays as it is.
        let (bytes, original) = if packed.len() < block.len() { (packed.as_slice(), 0) } else { (block, 1) };
        let header = u32::try_from(bytes.len()).map_err(|error| error.to_string())? << 1 | original;
        out.extend(header.to_le_bytes().into_iter().take(3));
        out.extend_from_slice(bytes);
    }
    Ok(out)
}

fn packed(kind: CompressionKind, block: &[u8]) -> Result<Vec<u8>, String> {
    match kind {
        CompressionKind::Zlib => {
            let mut out = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::default());
            out.write_all(block).and_then(|()| out.finish()).map_err(|error| error.to_string())
        }
        CompressionKind::Snappy => {
            snap::raw::Encoder::new().compress_vec(block).map_err(|error| error.to_string())
        }
        CompressionKind::Lz4 => Ok(lz4_flex::block::compress(block)),
        CompressionKind::Zstd => zstd::bulk::compress(block, ZSTD).map_err(|error| error.to_string()),
        CompressionKind::None | CompressionKind::Lzo => Ok(block.to_vec()),
    }
}
