use super::*;

const TEXT: u8 = 0x81;
const BINARY: u8 = 0x82;
const CONTINUATION: u8 = 0x80;
const CLOSE: u8 = 0x88;
const PING: u8 = 0x89;
const PONG: u8 = 0x8a;
/// Takes the FIN bit away.
const MORE: u8 = 0x7f;

fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
    let head = match payload.len() {
        length @ 0..126 => vec![first, u8::try_from(length).unwrap()],
        length @ 126..65_536 => {
            let [high, low] = u16::try_from(length).unwrap().to_be_bytes();
            vec![first, 126, high, low]
        }
        length => [&[first, 127][..], &(length as u64).to_be_bytes()].concat(),
    };
    [&head, payload].concat()
}

/// Everything a stream gives, text as text, and how it ends; read by `piece` bytes at a time.
fn walk(stream: &[u8], piece: usize) -> (Vec<String>, Option<Violation>) {
    let mut frames = Frames::new(&[]);
    let mut all = Vec::new();
    for piece in stream.chunks(piece) {
        let mut piece = piece;
        while !piece.is_empty() {
            let room = frames.room();
            assert!(!room.is_empty());
            let bytes = piece.len().min(room.len());
            room[..bytes].copy_from_slice(&piece[..bytes]);
            piece = &piece[bytes..];
            frames.filled(bytes);
            loop {
                match frames.take() {
                    Ok(None) => break,
                    Ok(Some(Received::Part)) => {}
                    Ok(Some(Received::Text(text))) => {
                        all.push(String::from_utf8_lossy(text).into_owned());
                    }
                    Ok(Some(other)) => all.push(format!("{other:?}")),
                    Err(violation) => return (all, Some(violation)),
                }
            }
        }
    }
    (all, None)
}

/// What the last frame of a stream completes, or the violation, however the stream is cut.
fn check(stream: &[Vec<u8>], expected: Result<&str, Violation>) {
    let stream = stream.concat();
    let whole = walk(&stream, usize::MAX);
    match expected {
        Ok(last) => {
            assert_eq!(whole.1, None);
            assert_eq!(whole.0.last().map(String::as_str), Some(last));
        }
        Err(violation) => assert_eq!(whole.1, Some(violation)),
    }
    for piece in [1, 2, 3, 7] {
        if stream.len() < 100_000 {
            assert_eq!(walk(&stream, piece), whole, "in pieces of {piece}");
        }
    }
}

#[test]
fn messages_come_whole() {
    check(&[frame(TEXT, b"hi")], Ok("hi"));
    check(&[frame(TEXT, b"")], Ok(""));
    for length in [125, 126, 335, 65_535, 65_536, MESSAGE_BYTES_MAX] {
        let text = "x".repeat(length);
        check(&[frame(TEXT, text.as_bytes())], Ok(&text));
    }
    check(
        &[
            frame(TEXT & MORE, b"h"),
            frame(PING, b"between"),
            frame(CONTINUATION & MORE, b""),
            frame(CONTINUATION, b"i"),
        ],
        Ok("hi"),
    );
    // A code point may be cut anywhere between fragments.
    check(
        &[frame(TEXT & MORE, b"\xc3"), frame(CONTINUATION, b"\xa4")],
        Ok("ä"),
    );
    check(&[frame(BINARY, b"xyz")], Ok("Binary([120, 121, 122])"));
    check(
        &[frame(BINARY & MORE, b"\xff"), frame(CONTINUATION, b"\xff")],
        Ok("Binary([255, 255])"),
    );
    check(&[frame(PONG, b"p")], Ok("Pong([112])"));
    check(
        &[frame(PING, &[0; 125])],
        Ok(&format!("Ping({:?})", [0; 125])),
    );
}

#[test]
fn lengths_may_be_written_longer_than_they_need_to_be() {
    let sixteen = [&[TEXT, 126, 0, 2][..], b"hi"].concat();
    check(&[sixteen], Ok("hi"));
    let sixty_four = [&[TEXT, 127, 0, 0, 0, 0, 0, 0, 0, 2][..], b"hi"].concat();
    check(&[sixty_four], Ok("hi"));
}

#[test]
fn broken_rules_are_named() {
    for bit in [0x40, 0x20, 0x10] {
        check(&[frame(TEXT | bit, b"x")], Err(Violation::ReservedBit));
    }
    for opcode in [3, 7, 0xb, 0xf] {
        check(&[frame(0x80 | opcode, b"x")], Err(Violation::Opcode));
    }
    check(&[frame(CONTINUATION, b"x")], Err(Violation::Orphan));
    check(
        &[
            frame(TEXT & MORE, b"x"),
            frame(CONTINUATION, b"x"),
            frame(CONTINUATION, b"x"),
        ],
        Err(Violation::Orphan),
    );
    for first in [TEXT, BINARY, TEXT & MORE, BINARY & MORE] {
        let stream = [frame(TEXT & MORE, b"x"), frame(first, b"x")];
        check(&stream, Err(Violation::Interleaved));
    }
    for first in [PONG, CLOSE, PING] {
        check(&[frame(first, &[0; 126])], Err(Violation::ControlTooLong));
        check(
            &[frame(first & MORE, b"")],
            Err(Violation::ControlFragmented),
        );
    }
    // Before its payload has come, and before its mask has.
    check(&[vec![TEXT, 0x80 | 2]], Err(Violation::Masked));
}

#[test]
fn lengths_are_limited() {
    for length in [MESSAGE_BYTES_MAX as u64 + 1, 1 << 63, u64::MAX] {
        let head = [&[TEXT, 127][..], &length.to_be_bytes()].concat();
        check(&[head], Err(Violation::TooBig));
    }
    let half = vec![b'x'; MESSAGE_BYTES_MAX / 2];
    let mut stream = vec![
        frame(TEXT & MORE, &half),
        frame(CONTINUATION & MORE, &half),
        frame(CONTINUATION, b""),
    ];
    check(&stream, Ok(&"x".repeat(MESSAGE_BYTES_MAX)));
    stream[2] = frame(CONTINUATION, b"x");
    check(&stream, Err(Violation::TooBig));

    let mut stream = vec![frame(TEXT & MORE, b"")];
    stream.resize(MESSAGE_FRAGMENTS_MAX, frame(CONTINUATION & MORE, b""));
    let mut fits = stream.clone();
    fits[MESSAGE_FRAGMENTS_MAX - 1] = frame(CONTINUATION, b"x");
    check(&fits, Ok("x"));
    stream.push(frame(CONTINUATION, b""));
    check(&stream, Err(Violation::TooBig));
}

#[test]
fn close_frames_are_checked() {
    let close_of = |code: u16, reason: &[u8]| frame(CLOSE, &[&code.to_be_bytes(), reason].concat());
    for code in [1000, 1001, 1008, 1012, 1013, 1014, 3000, 4401, 4999] {
        check(
            &[close_of(code, b"why")],
            Ok(&format!("Close {{ code: Some({code}), reason: \"why\" }}")),
        );
    }
    check(
        &[frame(CLOSE, b"")],
        Ok("Close { code: None, reason: \"\" }"),
    );
    for code in [0, 999, 1004, 1005, 1006, 1015, 1016, 2999, 5000, 65_535] {
        check(&[close_of(code, b"")], Err(Violation::CloseCode));
    }
    check(&[frame(CLOSE, b"\x03")], Err(Violation::CloseCode));
    check(&[close_of(1000, b"\xff")], Err(Violation::Utf8));
}

#[test]
fn a_hundred_binary_messages_in_a_row_are_too_many() {
    let binaries = |count: usize| vec![frame(BINARY, b"x"); count];
    let mut stream = binaries(99);
    stream.push(frame(TEXT, b"hi"));
    stream.extend(binaries(99));
    check(&stream, Ok("Binary([120])"));
    check(&binaries(100), Err(Violation::Binary));
}

#[test]
fn what_was_read_before_comes_first() {
    let mut frames = Frames::new(&frame(TEXT, b"hi")[..3]);
    assert_eq!(frames.take(), Ok(None));
    frames.room()[0] = b'i';
    frames.filled(1);
    assert_eq!(frames.take(), Ok(Some(Received::Text(&mut b"hi".to_vec()))));
    assert_eq!(frames.room().len(), READ_BYTES);
}

#[test]
fn pings_are_seen_ahead_of_their_turn_and_once() {
    let stream = [
        frame(TEXT, b"one"),
        frame(PING, b"a"),
        frame(TEXT & MORE, b"tw"),
        frame(PING, b"b"),
        frame(CONTINUATION, b"o"),
        frame(PING, b"c"),
    ]
    .concat();
    let mut frames = Frames::new(&[]);
    let fill = |frames: &mut Frames, bytes: &[u8]| {
        assert!(frames.has_room());
        frames.room()[..bytes.len()].copy_from_slice(bytes);
        frames.filled(bytes.len());
    };
    // The last ping has not come in full.
    let (come, rest) = stream.split_at(stream.len() - 1);
    fill(&mut frames, come);
    assert_eq!(frames.ping_ahead(), Some(&b"a"[..]));
    assert_eq!(
        frames.take(),
        Ok(Some(Received::Text(&mut b"one"[..].to_vec())))
    );
    assert_eq!(frames.ping_ahead(), Some(&b"b"[..]));
    assert_eq!(frames.ping_ahead(), None);
    // The bytes move to the front of the buffer on the way.
    fill(&mut frames, rest);
    assert_eq!(frames.take(), Ok(Some(Received::Part)), "a was given");
    for _ in 0..2 {
        assert_eq!(
            frames.take(),
            Ok(Some(Received::Part)),
            "a fragment, then b"
        );
    }
    assert_eq!(
        frames.take(),
        Ok(Some(Received::Text(&mut b"two"[..].to_vec())))
    );
    assert_eq!(
        frames.take(),
        Ok(Some(Received::Ping(b"c"))),
        "not looked at"
    );

    // What breaks a rule is reported in its turn, and nothing behind it is looked at.
    fill(&mut frames, &[frame(0x83, b""), frame(PING, b"d")].concat());
    assert_eq!(frames.ping_ahead(), None);
    assert_eq!(frames.take(), Err(Violation::Opcode));
    let mut full = Frames::new(&vec![0; READ_BYTES]);
    assert!(!full.has_room() && full.room().is_empty());
}
