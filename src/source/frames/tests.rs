use fastwebsockets::Payload;

use super::*;

fn frame(fin: bool, opcode: OpCode, payload: &[u8]) -> Frame<'_> {
    Frame::new(fin, opcode, None, Payload::Owned(payload.to_vec()))
}

/// Feeds frames and returns what the last one completes, as text, or the violation.
fn check(frames: Vec<Frame<'_>>, expected: Result<&str, Violation>) {
    let mut assembler = Assembler::default();
    let count = frames.len();
    for (index, mut frame) in frames.into_iter().enumerate() {
        let outcome = assembler.take(&mut frame).map(|received| match received {
            Received::Text(text) => String::from_utf8(text.to_vec()).unwrap(),
            other => format!("{other:?}"),
        });
        if index + 1 == count {
            assert_eq!(outcome.as_deref(), expected.as_ref().copied());
            return;
        }
        assert!(outcome.is_ok(), "frame {index}: {outcome:?}");
    }
}

use OpCode::{Binary, Close, Continuation, Ping, Pong, Text};

#[test]
fn messages_come_whole() {
    check(vec![frame(true, Text, b"hi")], Ok("hi"));
    check(vec![frame(true, Text, b"")], Ok(""));
    check(vec![frame(false, Text, b"h")], Ok("Part"));
    check(
        vec![
            frame(false, Text, b"h"),
            frame(true, Ping, b"between"),
            frame(false, Continuation, b""),
            frame(true, Continuation, b"i"),
        ],
        Ok("hi"),
    );
    // A code point may be cut anywhere between fragments.
    check(
        vec![
            frame(false, Text, b"\xc3"),
            frame(true, Continuation, b"\xa4"),
        ],
        Ok("ä"),
    );
    check(vec![frame(true, Binary, b"xyz")], Ok("Binary { bytes: 3 }"));
    check(
        vec![
            frame(false, Binary, b"\xff"),
            frame(true, Continuation, b"\xff"),
        ],
        Ok("Binary { bytes: 2 }"),
    );
    check(
        vec![frame(true, Pong, &[0; 125])],
        Ok(&format!("Pong({:?})", [0; 125])),
    );
}

#[test]
fn broken_rules_are_named() {
    check(
        vec![frame(true, Continuation, b"x")],
        Err(Violation::Orphan),
    );
    check(
        vec![
            frame(false, Text, b"x"),
            frame(true, Continuation, b"x"),
            frame(true, Continuation, b"x"),
        ],
        Err(Violation::Orphan),
    );
    for opcode in [Text, Binary] {
        for fin in [true, false] {
            let frames = vec![frame(false, Text, b"x"), frame(fin, opcode, b"x")];
            check(frames, Err(Violation::Interleaved));
        }
    }
    for opcode in [Pong, Close, Ping] {
        check(
            vec![frame(true, opcode, &[0; 126])],
            Err(Violation::ControlTooLong),
        );
    }
    check(
        vec![frame(false, Text, b"\xc3"), frame(true, Continuation, b"x")],
        Err(Violation::Utf8),
    );
    let masked = Frame::new(
        true,
        Text,
        Some([1, 2, 3, 4]),
        Payload::Owned(b"hi".to_vec()),
    );
    check(vec![masked], Err(Violation::Masked));
    let unmasking_to_itself = Frame::new(true, Text, Some([0; 4]), Payload::Owned(b"hi".to_vec()));
    check(vec![unmasking_to_itself], Err(Violation::Masked));
}

#[test]
fn the_sum_of_fragments_is_limited() {
    let half = vec![b'x'; MESSAGE_BYTES_MAX / 2];
    let mut frames = vec![frame(false, Text, &half), frame(false, Continuation, &half)];
    frames.push(frame(true, Continuation, b""));
    check(frames, Ok(&"x".repeat(MESSAGE_BYTES_MAX)));
    let mut frames = vec![frame(false, Text, &half), frame(false, Continuation, &half)];
    frames.push(frame(true, Continuation, b"x"));
    check(frames, Err(Violation::TooBig));

    let mut frames = vec![frame(false, Text, b"")];
    frames.extend((1..MESSAGE_FRAGMENTS_MAX).map(|_| frame(false, Continuation, b"")));
    frames.push(frame(true, Continuation, b""));
    check(frames, Err(Violation::TooBig));
}

#[test]
fn close_frames_are_checked() {
    let close_of = |code: u16, reason: &[u8]| [&code.to_be_bytes(), reason].concat();
    for code in [1000, 1001, 1008, 1012, 1013, 1014, 3000, 4401, 4999] {
        check(
            vec![frame(true, Close, &close_of(code, b"why"))],
            Ok(&format!("Close {{ code: Some({code}), reason: \"why\" }}")),
        );
    }
    check(
        vec![frame(true, Close, b"")],
        Ok("Close { code: None, reason: \"\" }"),
    );
    for code in [0, 999, 1004, 1005, 1006, 1015, 1016, 2999, 5000, 65_535] {
        check(
            vec![frame(true, Close, &close_of(code, b""))],
            Err(Violation::CloseCode),
        );
    }
    check(vec![frame(true, Close, b"\x03")], Err(Violation::CloseCode));
    check(
        vec![frame(true, Close, &close_of(1000, b"\xff"))],
        Err(Violation::Utf8),
    );
}

#[test]
fn a_hundred_binary_messages_in_a_row_are_too_many() {
    let binaries = |count: u32| (0..count).map(|_| frame(true, Binary, b"x"));
    let mut frames: Vec<_> = binaries(99).collect();
    frames.push(frame(true, Text, b"hi"));
    frames.extend(binaries(99));
    check(frames, Ok("Binary { bytes: 1 }"));
    check(binaries(100).collect(), Err(Violation::Binary));
}
