//! Files as people have them, read to lines.

use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;
use ruzstd::encoding::CompressionLevel;
use ruzstd::encoding::compress_to_vec;

use super::*;

/// Hands out a few bytes at a time.
struct Drip<'a>(&'a [u8], usize);

impl Read for Drip<'_> {
    fn read(&mut self, room: &mut [u8]) -> io::Result<usize> {
        let count = self.1.min(self.0.len()).min(room.len());
        room[..count].copy_from_slice(&self.0[..count]);
        self.0 = &self.0[count..];
        Ok(count)
    }
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn zstd(bytes: &[u8]) -> Vec<u8> {
    compress_to_vec(bytes, CompressionLevel::Fastest)
}

fn lines_of(bytes: &[u8], at_once: usize) -> io::Result<String> {
    let mut lines = String::new();
    let mut recording = Recording::open(Drip(bytes, at_once)).unwrap();
    recording.read_to_string(&mut lines).map(|_| lines)
}

const TWO: &str = "{\"a\":1}\n{\"b\":2}\n";

#[test]
fn files_are_unpacked_and_come_to_the_same_lines() {
    let skippable = b"\x50\x2A\x4D\x18\x03\0\0\0abc";
    let halves = TWO.split_at(11);
    let mark = "\u{FEFF}";
    let array = "[{\"a\":1},\n{\"b\":2}]";
    let files: [Vec<u8>; 14] = [
        TWO.into(),
        [mark, TWO].concat().into(),
        array.into(),
        [mark, array].concat().into(),
        gzip(TWO.as_bytes()),
        gzip([mark, array].concat().as_bytes()),
        [gzip(halves.0.as_bytes()), gzip(halves.1.as_bytes())].concat(),
        [gzip(TWO.as_bytes()), gzip(b"")].concat(),
        zstd(TWO.as_bytes()),
        [zstd(halves.0.as_bytes()), zstd(halves.1.as_bytes())].concat(),
        [skippable, zstd(array.as_bytes()).as_slice(), skippable].concat(),
        gzip(&zstd(TWO.as_bytes())),
        zstd(&gzip(TWO.as_bytes())),
        gzip(&gzip(&gzip(TWO.as_bytes()))),
    ];
    for (number, file) in files.iter().enumerate() {
        for at_once in [1, 3, 100_000] {
            let lines = lines_of(file, at_once).unwrap();
            assert_eq!(lines, TWO, "file {number}, {at_once} bytes at once");
        }
    }
    for nothing in [Vec::new(), gzip(b""), zstd(b"")] {
        let recording = Recording::open(nothing.as_slice()).unwrap();
        assert!(recording.is_empty());
    }
}

#[test]
fn lines_pass_through_as_they_are() {
    let text = "{\"a\":1}\r\n\noops\n{\"a\":\n\u{FEFF}{}{}";
    assert_eq!(lines_of(text.as_bytes(), 2).unwrap(), text);
}

#[test]
fn what_is_not_read_is_named_packed_or_not() {
    let utf_16: Vec<u8> = TWO.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let mut tar = b"events.ndjson".to_vec();
    tar.resize(257, 0);
    tar.extend_from_slice(b"ustar\x0000");
    let four = gzip(&gzip(&gzip(&gzip(TWO.as_bytes()))));
    let check = |bytes: &[u8], part: &str| {
        for at_once in [1, 100_000] {
            let foreign = Recording::open(Drip(bytes, at_once)).unwrap_err();
            assert!(foreign.to_string().contains(part), "{foreign}");
        }
    };
    check(&utf_16, "UTF-16");
    check(&gzip(&utf_16), "UTF-16");
    check(&tar, "tar");
    check(&gzip(&tar), "tar");
    check(&zstd(&tar), "tar");
    check(b"PK\x03\x04rest", "zip");
    check(b"BZh9rest", "bzip2");
    check(b"\xFD7zXZ\0rest", "xz");
    check(&four, "three times");
}

#[test]
fn damage_is_an_error_behind_what_could_be_read() {
    let text: String = (0..20_000)
        .map(|n| format!("{{\"number\":{n}}}\n"))
        .collect();
    for (packed, name) in [
        (gzip(text.as_bytes()), "gzip"),
        (zstd(text.as_bytes()), "zstd"),
    ] {
        for cut in [packed.len() - 1, packed.len() / 2, 12] {
            let mut lines = Vec::new();
            let mut recording = Recording::open(&packed[..cut]).unwrap();
            let error = recording.read_to_end(&mut lines).unwrap_err().to_string();
            assert!(
                error.starts_with(name) && error.contains("in the middle"),
                "{cut}: {error}"
            );
            assert!(text.as_bytes().starts_with(&lines));
        }
        let mut damaged = packed.clone();
        let last = damaged.len() - 1;
        // In gzip the last bytes are the length, in zstd they belong to the checksum or the last block.
        damaged[last] ^= 0xFF;
        let error = lines_of(&damaged, 100_000).unwrap_err().to_string();
        assert!(error.contains("damaged"), "{name}: {error}");
        let trailed = [packed.as_slice(), b"oops, something else"].concat();
        let error = lines_of(&trailed, 100_000).unwrap_err().to_string();
        assert!(error.contains("followed by"), "{name}: {error}");
    }
}

#[test]
fn what_unpacks_to_very_much_is_read_in_pieces() {
    // 64 MiB of one line, from 64 KiB.
    let bomb = gzip(&vec![b'{'; 64 << 20]);
    assert!(bomb.len() < 1 << 20);
    let mut recording = Recording::open(bomb.as_slice()).unwrap();
    assert_eq!(recording.shape(), Shape::Lines);
    let mut piece = vec![0; 256 << 10];
    let (mut sum, mut longest) = (0, 0);
    loop {
        let bytes = recording.read(&mut piece).unwrap();
        if bytes == 0 {
            break;
        }
        (sum, longest) = (sum + bytes, longest.max(bytes));
    }
    assert_eq!((sum, longest <= piece.len()), (64 << 20, true));
}
