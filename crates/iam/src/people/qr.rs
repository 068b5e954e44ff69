//! A text as a QR code in a PNG image, for authenticator applications.

use std::io::Write;

use flate2::{Compression, Crc, write::ZlibEncoder};
use qrcodegen::{QrCode, QrCodeEcc};

/// Pixels of a module's side.
const SCALE: i32 = 4;

/// Modules of quiet zone around the code, as the standard demands.
const QUIET: i32 = 4;

/// The PNG image (8-bit greyscale); none if the text is too long for a code.
pub(crate) fn png(text: &str) -> Option<Vec<u8>> {
    let code = QrCode::encode_text(text, QrCodeEcc::Medium).ok()?;
    let side = (code.size() + 2 * QUIET) * SCALE;
    let dark = |x: i32, y: i32| code.get_module(x / SCALE - QUIET, y / SCALE - QUIET);
    let mut rows = ZlibEncoder::new(Vec::new(), Compression::default());
    for y in 0..side {
        // Each row begins with its filter: none.
        let row = (0..side).map(|x| if dark(x, y) { 0 } else { u8::MAX });
        let row: Vec<u8> = std::iter::once(0).chain(row).collect();
        rows.write_all(&row).ok()?;
    }
    let length = side.to_be_bytes();
    let header = [&length[..], &length, &[8, 0, 0, 0, 0]].concat();
    let mut image = b"\x89PNG\r\n\x1a\n".to_vec();
    chunk(&mut image, *b"IHDR", &header)?;
    chunk(&mut image, *b"IDAT", &rows.finish().ok()?)?;
    chunk(&mut image, *b"IEND", &[])?;
    Some(image)
}

fn chunk(image: &mut Vec<u8>, kind: [u8; 4], content: &[u8]) -> Option<()> {
    let mut crc = Crc::new();
    crc.update(&kind);
    crc.update(content);
    image.extend(u32::try_from(content.len()).ok()?.to_be_bytes());
    image.extend(kind);
    image.extend(content);
    image.extend(crc.sum().to_be_bytes());
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_image_has_png_s_form() {
        let image = png("otpauth://totp/a?secret=ABC").unwrap();
        assert!(image.starts_with(b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR"));
        assert!(image.ends_with(&[0, 0, 0, 0, b'I', b'E', b'N', b'D', 0xae, 0x42, 0x60, 0x82]));
        assert_eq!(png(&"x".repeat(5000)), None);
    }
}
