//! The command itself, as a process: streams and exit codes.

use std::io::Write;
use std::process::Command;
use std::process::Output;
use std::process::Stdio;

use super::events;

const PROGRAM: &str = env!("CARGO_BIN_EXE_streamgauge");

/// Runs `streamgauge replay` with `input` as its standard input.
fn replay(flags: &[&str], input: &str) -> Output {
    let mut child = Command::new(PROGRAM)
        .env_clear()
        .arg("replay")
        .args(flags)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    // A command that refuses its flags does not read.
    let _ = stdin.write_all(input.as_bytes());
    drop(stdin);
    child.wait_with_output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

#[test]
fn steps_go_to_standard_output_and_the_rest_to_standard_error() {
    let input = [&events("c 1 500, d 1 1250"), "oops\n"].concat();
    let output = replay(&["-", "--every", "1s"], &input);
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(text(&output.stdout).lines().count(), 2);
    let notes = text(&output.stderr);
    let lines: Vec<&str> = notes.lines().collect();
    assert_eq!(lines[0], "standard input: line 3: not_json");
    assert!(
        lines[1].starts_with("standard input: 3 lines in "),
        "{notes}"
    );
    assert_eq!(lines.len(), 2, "{notes}");
}

#[test]
fn lines_too_far_from_the_others_are_named() {
    let wrong = events("c 9 253402300799999");
    let good: String = (1..10)
        .map(|second| events(&format!("c {second} {second}500")))
        .collect();
    let output = replay(&["-"], &[wrong.as_str(), &good].concat());
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(text(&output.stdout).lines().count(), 9);
    let notes = text(&output.stderr);
    let lines: Vec<&str> = notes.lines().collect();
    assert_eq!(
        lines[0],
        "standard input: line 1: future: its time 9999-12-31T23:59:59.999Z is more than --max-jump \
         ahead of the other lines, which are at 1970-01-01T00:00:01.500Z"
    );
    let between: String = good
        .lines()
        .map(|line| format!("{line}\n{wrong}"))
        .collect();
    let many = replay(&["-"], &between);
    let notes = text(&many.stderr);
    assert!(
        notes.contains("standard input: 4 more lines too far from the others\n"),
        "{notes}"
    );
}

#[test]
fn a_file_gives_what_its_bytes_on_standard_input_give() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("events.ndjson");
    let input = events("c 1 500, d 1 1250");
    std::fs::write(&path, &input).unwrap();
    let from_file = replay(&[path.to_str().unwrap()], "");
    assert_eq!(from_file.status.code(), Some(0));
    assert_eq!(from_file.stdout, replay(&["-"], &input).stdout);
    assert!(!from_file.stdout.is_empty());
}

#[test]
fn exit_codes_tell_usage_from_failure() {
    let check = |flags: &[&str], code: i32, part: &str| {
        let output = replay(flags, "oops\n");
        let error = text(&output.stderr);
        assert_eq!(output.status.code(), Some(code), "{flags:?}: {error}");
        assert!(error.contains(part), "{flags:?}: {error}");
        assert_eq!(text(&output.stdout), "");
    };
    check(&["-", "--every", "150ms"], 2, "--every");
    check(&["-", "--speed", "0"], 2, "--speed");
    check(&[], 2, "FILE");
    check(&["no-such-file.ndjson"], 1, "no-such-file.ndjson");
    check(&["."], 1, "is a directory");
    check(&["-", "--strict"], 1, "line 1: not_json");
}

#[test]
fn a_reader_that_leaves_ends_it_quietly() {
    let mut child = Command::new(PROGRAM)
        .env_clear()
        .args(["replay", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let mut stdin = child.stdin.take().unwrap();
    let _ = stdin.write_all(events("c 1 500, d 1 2250").as_bytes());
    drop(stdin);
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(text(&output.stderr), "");
}

/// Runs `streamgauge replay` on a file of these bytes.
fn replay_file(name: &str, bytes: &[u8], flags: &[&str]) -> Output {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    std::fs::write(&path, bytes).unwrap();
    let flags: Vec<&str> = [path.to_str().unwrap()]
        .into_iter()
        .chain(flags.iter().copied())
        .collect();
    replay(&flags, "")
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn zstd(bytes: &[u8]) -> Vec<u8> {
    use ruzstd::encoding::CompressionLevel;
    ruzstd::encoding::compress_to_vec(bytes, CompressionLevel::Fastest)
}

#[test]
fn files_as_people_have_them_give_the_same_steps() {
    let script: Vec<String> = (0..600).map(|n| format!("c {n} {}", n * 10)).collect();
    let lines = events(&script.join(","));
    let records: Vec<&str> = lines.lines().collect();
    let pretty: String = records
        .iter()
        .map(|record| {
            let value: serde_json::Value = serde_json::from_str(record).unwrap();
            serde_json::to_string_pretty(&value).unwrap() + "\n"
        })
        .collect();
    let array = format!("[{}]", records.join(","));
    let (half, other) = records.split_at(300);
    let half_lines = half.join("\n");
    let files: [(&str, Vec<u8>); 29] = [
        ("lines", lines.clone().into()),
        ("no line end", records.concat().into()),
        ("byte-order mark", format!("\u{FEFF}{lines}").into()),
        ("CRLF", lines.replace('\n', "\r\n").into()),
        ("CR", lines.replace('\n', "\r").into()),
        ("array", array.clone().into()),
        (
            "array over lines",
            format!("[\n  {}\n]\n", records.join(",\n  ")).into(),
        ),
        ("array of arrays", format!("[{array}]").into()),
        ("commas", records.join(",\n").into()),
        ("pretty", pretty.clone().into()),
        ("pretty, CRLF", pretty.replace('\n', "\r\n").into()),
        (
            "separators",
            format!("\u{1E}{}\n", records.join("\n\u{1E}")).into(),
        ),
        ("gzip", gzip(array.as_bytes())),
        (
            "gzip members",
            [
                gzip(&lines.as_bytes()[..5_000]),
                gzip(&lines.as_bytes()[5_000..]),
            ]
            .concat(),
        ),
        ("zstd", zstd(pretty.as_bytes())),
        (
            "zstd frames",
            [
                zstd(&lines.as_bytes()[..5_000]),
                zstd(&lines.as_bytes()[5_000..]),
            ]
            .concat(),
        ),
        // Lines, and something else among them.
        (
            "two on each line but the first",
            [
                records[0],
                "\n",
                records[1],
                "\n",
                &records[2..]
                    .chunks(2)
                    .map(|two| two.concat() + "\n")
                    .collect::<String>(),
            ]
            .concat()
            .into(),
        ),
        (
            "two on a line",
            format!("{half_lines}{}", other.join("\n")).into(),
        ),
        (
            "three on a line",
            format!(
                "{half_lines}\n{}{}{}\n{}",
                other[0],
                other[1],
                other[2],
                other[3..].join("\n")
            )
            .into(),
        ),
        (
            "commas on a line",
            format!("{half_lines}\n{}\n", other.join(" , ")).into(),
        ),
        (
            "tabs on a line",
            format!("{half_lines}\n{}\n", other.join("\t")).into(),
        ),
        (
            "CR on a line",
            format!("{half_lines}\r{}\n", other.join("\n")).into(),
        ),
        (
            "an array on a line",
            format!("{half_lines}\n[{}]\n", other.join(",")).into(),
        ),
        (
            "an array over lines",
            format!("{half_lines}\n[\n{}\n]\n", other.join(",\n")).into(),
        ),
        (
            "byte-order mark after a line end",
            format!("{half_lines}\n\u{FEFF}{}", other.join("\n")).into(),
        ),
        (
            "byte-order mark without a line end",
            format!("\u{FEFF}{half_lines}\u{FEFF}{}", other.join("\n")).into(),
        ),
        (
            "zeros",
            format!("{half_lines}\n\0\0\0{}", other.join("\n")).into(),
        ),
        (
            "lines, then pretty",
            format!(
                "{half_lines}\n{}",
                &pretty[pretty.match_indices("\n{\n").nth(299).unwrap().0 + 1..]
            )
            .into(),
        ),
        (
            "pretty, then lines",
            format!(
                "{}\n{}",
                &pretty[..pretty.match_indices("\n{\n").nth(299).unwrap().0],
                other.join("\n")
            )
            .into(),
        ),
    ];
    let expected = replay(&["-", "--strict"], &lines);
    assert_eq!(expected.status.code(), Some(0));
    for (name, bytes) in files {
        let output = replay_file("e.json", &bytes, &["--strict"]);
        let notes = text(&output.stderr);
        assert_eq!(output.status.code(), Some(0), "{name}: {notes}");
        assert_eq!(output.stdout, expected.stdout, "{name}");
        assert!(
            notes.contains(" 600 applied, 0 ignored, 0 rejected"),
            "{name}: {notes}"
        );
    }
    // And on standard input.
    let output = replay(&["-"], &array);
    assert_eq!(output.stdout, expected.stdout);
}

#[test]
fn a_file_of_which_no_line_is_accepted_is_a_failure_that_says_why() {
    let check = |bytes: &[u8], part: &str| {
        for flags in [[].as_slice(), &["--strict"]] {
            let output = replay_file("e.json", bytes, flags);
            let notes = text(&output.stderr);
            assert_eq!(output.status.code(), Some(1), "{part}: {notes}");
            let last = notes.lines().last().unwrap();
            let is_named = last.starts_with("error: replay: ") && last.contains("e.json: ");
            assert!(is_named && last.contains(part), "{part}: {notes}");
            assert_eq!(text(&output.stdout), "");
        }
    };
    check(b"time,type,id\n1,connected,a\n", "CSV");
    check(b"\n\n\r\n", "blank");
    check(b"[]", "no object");
    check(b"<html>\n</html>\n", "HTML");
    check(
        b"{\"entities\":[{\"eventType\":\"webchat:connected\"}]}",
        ".entities[]",
    );
    check(b"{\n \"entities\": [\n {\"a\":1}\n]}\n", ".entities[]");
    check(b"{\"a\":1}\n", "eventType");
    check(b"\x1F\x8B\x08\0\0\0\0\0\0\x03", "in the middle");
    check(b"\xFF\xFE{\0}\0", "UTF-16");
    check(b"PK\x03\x04...", "zip");
    check(b"\xFD7zXZ\0...", "xz");
    check(b"BZh91AY", "bzip2");
    check(b"PAR1\x15\x04", "Parquet");
    check(b"ORC\x0A", "ORC");
    check(b"\0{\0\"", "UTF-16");
    check(b"\xFE\xFF\0{", "UTF-16");
    check(b"{\0\0\0\"\0\0\0", "UTF-32");
    check(b"\0\0\0\0", "binary");
    check(b"\xEF\xBB\xBF\n", "blank");
    check(b"[\n", "no object");
    check(b"{}{}\n", "eventType");
    check(b"oops\n{\n}\n", "not JSON");
    check(&gzip(b"\n\n"), "blank");
    check(&gzip(&gzip(b"BZh91AY")), "bzip2");
    check(&zstd(b"PAR1\x15\x04"), "Parquet");
    let ignored = b"{\"eventType\":\"voice:connected\",\"timestamp\":1,\"data\":{\"id\":\"a\"}}\n";
    check(ignored, "other types");
    // One good line is enough, and nothing at all is no failure.
    let output = replay_file("e.json", b"oops\n", &[]);
    assert_eq!(output.status.code(), Some(1));
    let one = [&events("c 1 500"), "oops\n"].concat();
    assert_eq!(
        replay_file("e.json", one.as_bytes(), &[]).status.code(),
        Some(0)
    );
    assert_eq!(replay_file("e.json", b"", &[]).status.code(), Some(0));
}

#[test]
fn several_records_on_a_line_have_its_number() {
    let good = |id: u32| {
        events(&format!("c {id} {}", id * 100))
            .trim_end()
            .to_owned()
    };
    let bad = "{\"eventType\":1}";
    let lines = [
        good(1),
        good(2) + &good(3),
        format!("{}{bad},{}", good(4), good(5)),
        String::new(),
        good(6),
        // Over four lines, and one that is no record of its own.
        good(7).replace(',', ",\n"),
        bad.to_owned(),
        good(8) + "{\"eventType\":\"cut",
        "{\"eventType\":".to_owned(),
        good(9),
    ];
    let output = replay_file("e.json", lines.join("\n").as_bytes(), &[]);
    let notes = text(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{notes}");
    let numbers: Vec<&str> = notes
        .lines()
        .filter_map(|line| line.split(": line ").nth(1))
        .collect();
    assert_eq!(
        numbers,
        ["3: field", "9: field", "10: not_json", "11: not_json"],
        "{notes}"
    );
    assert!(
        notes.contains(" 9 applied, 0 ignored, 4 rejected"),
        "{notes}"
    );
    // A line too far from the others, after several on one line.
    let far = good(1).replace("100,", "253402300799999,");
    assert_ne!(far, good(1));
    let mut lines: Vec<String> = (1..50).map(|id| good(id) + &good(id + 100)).collect();
    lines[0] = good(1);
    lines[20] += &far;
    let notes = text(&replay_file("e.json", lines.join("\n").as_bytes(), &[]).stderr);
    assert!(notes.contains("line 21: future"), "{notes}");
}

#[test]
fn what_was_read_before_the_damage_stands() {
    let packed = gzip(events("c 1 500, c 2 1500, c 3 2500").as_bytes());
    let output = replay_file("e.gz", &packed[..packed.len() - 3], &[]);
    assert_eq!(output.status.code(), Some(1));
    let error = text(&output.stderr);
    assert!(
        error.contains("after line 3: gzip: the file ends in the middle"),
        "{error}"
    );
    assert_eq!(text(&output.stdout).lines().count(), 2);
}
