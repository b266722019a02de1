use fastwebsockets::Payload;
use fastwebsockets::Role;
use fastwebsockets::after_handshake_split;
use proptest::prelude::*;

use super::*;

fn frame(fin: bool, opcode: OpCode, payload: &[u8]) -> Vec<u8> {
    let mask = [1, 2, 3, 4];
    let masked: Vec<u8> = payload
        .iter()
        .zip(mask.iter().cycle())
        .map(|(byte, mask)| byte ^ mask)
        .collect();
    let mut frame = Frame::new(fin, opcode, Some(mask), Payload::Owned(masked));
    frame.write(&mut Vec::new()).to_vec()
}

/// Everything that is read from some bytes.
async fn read(bytes: &[u8]) -> (Vec<Received>, Ended) {
    let (read, _) = after_handshake_split(bytes, tokio::io::sink(), Role::Server);
    let mut frames = Frames::new(read);
    let mut all = Vec::new();
    loop {
        match frames.next().await {
            Ok(received) => all.push(received),
            Err(ended) => return (all, ended),
        }
    }
}

fn block_on<T>(future: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().build();
    runtime.unwrap().block_on(future)
}

proptest! {
    #[test]
    fn a_message_is_the_same_however_it_is_cut(
        text in ".{0,40}",
        cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..6),
        pings in any::<u8>(),
    ) {
        let bytes = text.as_bytes();
        let mut at: Vec<usize> = cuts.iter().map(|cut| cut.index(bytes.len() + 1)).collect();
        at.extend([0, bytes.len()]);
        at.sort_unstable();
        let (mut wire, mut between) = (Vec::new(), 0);
        for (n, piece) in at.windows(2).enumerate() {
            let opcode = if n == 0 { OpCode::Text } else { OpCode::Continuation };
            wire.extend(frame(n + 2 == at.len(), opcode, &bytes[piece[0]..piece[1]]));
            if pings >> n & 1 == 1 && n + 2 < at.len() {
                wire.extend(frame(true, OpCode::Ping, b"still"));
                between += 1;
            }
        }
        let (mut received, ended) = block_on(read(&wire));
        prop_assert_eq!(ended, Ended::Gone);
        prop_assert_eq!(received.pop(), Some(Received::Text(text)));
        prop_assert_eq!(received, vec![Received::Ping(b"still".to_vec()); between]);
    }

    #[test]
    fn no_bytes_make_it_panic_or_give_more_than_they_hold(
        bytes in prop::collection::vec(any::<u8>(), 0..64),
        first in prop::sample::select(&[0x81_u8, 0x01, 0x80, 0x89, 0x88, 0x82][..]),
    ) {
        let mut wire = frame(true, OpCode::Text, b"{}");
        wire[0] = first;
        wire.extend(&bytes);
        let (received, _) = block_on(read(&wire));
        prop_assert!(received.len() <= wire.len() / 6);
    }
}

#[tokio::test]
async fn a_message_may_be_as_long_as_allowed_and_no_longer() {
    let text = |length: usize| frame(true, OpCode::Text, &vec![b' '; length]);
    let (received, ended) = read(&text(limits::SOCKET_MESSAGE_BYTES_MAX)).await;
    assert_eq!((received.len(), ended), (1, Ended::Gone));
    let (received, ended) = read(&text(limits::SOCKET_MESSAGE_BYTES_MAX + 1)).await;
    assert_eq!((received.len(), ended), (0, Ended::Broken(Close::TOO_BIG)));
}
