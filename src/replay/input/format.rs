//! How a file is packed or encoded, by its first bytes.

use std::fmt;

/// A tar archive says what it is here, after the name and rights of its first file.
const TAR_MARK_AT: usize = 257;

/// How the bytes are packed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Format {
    /// Not at all: text begins after so many bytes of a byte-order mark.
    Text {
        start: usize,
    },
    Gzip,
    Zstd,
    Foreign(Foreign),
}

impl Default for Format {
    fn default() -> Self {
        Self::Text { start: 0 }
    }
}

/// A kind of file that is not read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub struct Foreign {
    what: &'static str,
    remedy: &'static str,
}

impl fmt::Display for Foreign {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}; {}", self.what, self.remedy)
    }
}

impl Foreign {
    pub(super) const PACKED_TOO_OFTEN: Self = Self {
        what: "compressed more than three times over",
        remedy: "unpack it first and replay what was in it",
    };
}

const fn foreign(what: &'static str, remedy: &'static str) -> Format {
    Format::Foreign(Foreign { what, remedy })
}

const UTF_16: Format = foreign(
    "text in UTF-16",
    "turn it into UTF-8 first: iconv -f UTF-16 -t UTF-8 FILE | streamgauge replay -",
);
const UTF_32: Format = foreign(
    "text in UTF-32",
    "turn it into UTF-8 first: iconv -f UTF-32 -t UTF-8 FILE | streamgauge replay -",
);
const TAR: Format = foreign(
    "a tar archive",
    "take the file out of it first: tar -xOf FILE | streamgauge replay -",
);

/// First bytes of files, the longer ones first where one begins another.
const MARKS: [(&[u8], Format); 30] = [
    (b"\xEF\xBB\xBF", Format::Text { start: 3 }),
    (b"\x1F\x8B", Format::Gzip),
    (b"\x28\xB5\x2F\xFD", Format::Zstd),
    (b"\xFF\xFE\0\0", UTF_32),
    (b"\0\0\xFE\xFF", UTF_32),
    (b"{\0\0\0", UTF_32),
    (b"[\0\0\0", UTF_32),
    (b"\0\0\0{", UTF_32),
    (b"\0\0\0[", UTF_32),
    (b"\xFF\xFE", UTF_16),
    (b"\xFE\xFF", UTF_16),
    (b"{\0", UTF_16),
    (b"[\0", UTF_16),
    (b"\0{", UTF_16),
    (b"\0[", UTF_16),
    (
        b"\xFD7zXZ\0",
        foreign(
            "compressed by xz",
            "unpack it first: xz -dc FILE | streamgauge replay -",
        ),
    ),
    (
        b"BZh",
        foreign(
            "compressed by bzip2",
            "unpack it first: bzip2 -dc FILE | streamgauge replay -",
        ),
    ),
    (
        b"PK\x03\x04",
        foreign(
            "a zip archive",
            "unpack it first: unzip -p FILE | streamgauge replay -",
        ),
    ),
    (
        b"PK\x05\x06",
        foreign(
            "an empty zip archive",
            "replay the file that should be in it",
        ),
    ),
    (
        b"7z\xBC\xAF\x27\x1C",
        foreign(
            "a 7z archive",
            "unpack it first: 7z x -so FILE | streamgauge replay -",
        ),
    ),
    (
        b"\x04\x22\x4D\x18",
        foreign(
            "compressed by lz4",
            "unpack it first: lz4 -dc FILE | streamgauge replay -",
        ),
    ),
    (
        b"\xFF\x06\0\0sNaPpY",
        foreign(
            "compressed by snappy",
            "unpack it first and replay what was in it",
        ),
    ),
    (
        b"\x1F\x9D",
        foreign(
            "compressed by compress",
            "unpack it first: zcat FILE | streamgauge replay -",
        ),
    ),
    (
        b"LZIP",
        foreign(
            "compressed by lzip",
            "unpack it first: lzip -dc FILE | streamgauge replay -",
        ),
    ),
    (
        b"Rar!\x1A\x07",
        foreign(
            "a RAR archive",
            "unpack it first: unrar p -inul FILE | streamgauge replay -",
        ),
    ),
    (
        b"ARROW1\0\0",
        foreign(
            "an Arrow file",
            "write its rows as JSON first, one object a line",
        ),
    ),
    (
        b"ORC",
        foreign(
            "an ORC file",
            "write its rows as JSON first, one object a line",
        ),
    ),
    (
        b"PAR1",
        foreign(
            "a Parquet file",
            "write its rows as JSON first, one object a line",
        ),
    ),
    (
        b"Obj\x01",
        foreign(
            "an Avro file",
            "write its records as JSON first: avro-tools tojson FILE",
        ),
    ),
    (
        b"SQLite format 3\0",
        foreign(
            "an SQLite database",
            "write its rows as JSON first, one object a line",
        ),
    ),
];

/// What the first bytes say; `None` when more are needed and there may be more.
pub(super) fn format(first: &[u8], is_all: bool) -> Option<Format> {
    for (mark, format) in MARKS {
        if first.starts_with(mark) {
            return Some(format);
        }
        if !is_all && mark.starts_with(first) {
            return None;
        }
    }
    if is_skippable_zstd(first) {
        return Some(Format::Zstd);
    }
    // A tar archive begins with the name of a file, filled up with zeros. Text ends its first line
    // before a zero, and is not waited for any longer.
    let text = first.iter().position(|&byte| byte == b'\n' || byte == 0);
    match text.map(|at| first[at]) {
        Some(b'\n') => Some(Format::default()),
        Some(_) if first[TAR_MARK_AT.min(first.len())..].starts_with(b"ustar") => Some(TAR),
        _ if is_all || first.len() >= TAR_MARK_AT + 5 => Some(Format::default()),
        _ => None,
    }
}

/// A frame that decoders leave out: how some programs begin a zstd file.
fn is_skippable_zstd(first: &[u8]) -> bool {
    matches!(first, [0x50..=0x5F, 0x2A, 0x4D, 0x18, ..])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formats_are_known_by_their_first_bytes() {
        let text = Some(Format::default());
        assert_eq!(format(b"{\"a\":1}\n", false), text);
        assert_eq!(format(b"{", false), None, "a zero may follow");
        assert_eq!(format(b"{", true), text);
        assert_eq!(format(b"", true), text);
        assert_eq!(format(b"P", true), text);
        assert_eq!(format(b"\xEF\xBB", false), None);
        assert_eq!(
            format(b"\xEF\xBB\xBF", true),
            Some(Format::Text { start: 3 })
        );
        assert_eq!(format(b"\x1F\x8B\x08", false), Some(Format::Gzip));
        assert_eq!(format(b"\x28\xB5\x2F\xFD", false), Some(Format::Zstd));
        assert_eq!(format(b"\x5A\x2A\x4D\x18\0", false), Some(Format::Zstd));
        assert_eq!(format(b"{\0\"\0", false), Some(UTF_16));
        assert_eq!(format(b"\0{\0\"", false), Some(UTF_16));
        assert_eq!(format(b"{\0\0\0", false), Some(UTF_32));
        let mut archive = b"events.ndjson".to_vec();
        archive.resize(TAR_MARK_AT, 0);
        assert_eq!(format(&archive, false), None);
        assert_eq!(format(&archive, true), text);
        archive.extend_from_slice(b"ustar\0");
        assert_eq!(format(&archive, false), Some(TAR));
    }

    #[test]
    fn each_kind_that_is_not_read_says_what_to_do() {
        for (_, format) in MARKS {
            if let Format::Foreign(foreign) = format {
                let text = foreign.to_string();
                assert!(text.contains("; ") && !text.contains('\n'), "{text}");
            }
        }
    }
}
