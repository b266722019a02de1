//! Stage 1: a stream of text frames to messages, our walker beside `fastwebsockets`.
//!
//! Both read the same bytes of 335-byte messages from memory and have to give the same answer: the
//! number of messages and the sum of their first and last bytes.

#![expect(clippy::unwrap_used, reason = "a bench that cannot go on stops")]

use std::future::ready;
use std::hint::black_box;
use std::io::Read;

use criterion::BatchSize;
use criterion::Criterion;
use criterion::Throughput;
use criterion::criterion_group;
use criterion::criterion_main;
use fastwebsockets::Frame;
use fastwebsockets::OpCode;
use fastwebsockets::Role;
use fastwebsockets::WebSocketError;
use fastwebsockets::after_handshake_split;
use futures_util::FutureExt;

use streamgauge::source::websocket::frames::Frames;
use streamgauge::source::websocket::frames::Received;

const MESSAGES: u64 = 20_000;
const MESSAGE_BYTES: u16 = 335;

/// Messages, and the sum of their first and last bytes.
type Answer = (u64, u64);

fn stream() -> (Vec<u8>, Answer) {
    let mut stream = Vec::new();
    let mut sum = 0;
    for number in 0..MESSAGES {
        let mut payload = vec![b' '; usize::from(MESSAGE_BYTES)];
        payload[0] = u8::try_from(number % 100).unwrap();
        sum += u64::from(payload[0]) + u64::from(b' ');
        stream.extend([0x81, 126]);
        stream.extend(MESSAGE_BYTES.to_be_bytes());
        stream.extend(payload);
    }
    (stream, (MESSAGES, sum))
}

fn add(answer: &mut Answer, text: &[u8]) {
    answer.0 += 1;
    answer.1 += u64::from(text[0]) + u64::from(text[text.len() - 1]);
}

/// Reads at most `most` bytes at once.
fn ours(frames: &mut Frames, mut stream: &[u8], most: usize) -> Answer {
    let mut answer = (0, 0);
    loop {
        let room = frames.room();
        let most = most.min(room.len());
        let bytes = stream.read(&mut room[..most]).unwrap();
        if bytes == 0 {
            return answer;
        }
        frames.filled(bytes);
        while let Some(received) = frames.take().unwrap() {
            match received {
                Received::Text(text) => add(&mut answer, text),
                other => panic!("{other:?}"),
            }
        }
    }
}

fn fastwebsockets(stream: &[u8]) -> Answer {
    let mut answer = (0, 0);
    let (mut reader, _) = after_handshake_split(stream, tokio::io::sink(), Role::Client);
    let mut never = |_: Frame<'_>| ready(Ok::<(), WebSocketError>(()));
    // Memory is always ready.
    while let Ok(frame) = reader.read_frame(&mut never).now_or_never().unwrap() {
        assert!(frame.opcode == OpCode::Text);
        add(&mut answer, &frame.payload);
    }
    answer
}

fn walk(c: &mut Criterion) {
    let (stream, expected) = stream();
    let mut group = c.benchmark_group("frames/walk_335B");
    group.throughput(Throughput::ElementsAndBytes {
        elements: MESSAGES,
        bytes: stream.len() as u64,
    });
    // Reads of less than a frame must lose: many frames a read are what makes it fast.
    for (name, most) in [("ours", usize::MAX), ("small_reads_must_lose", 128)] {
        group.bench_function(name, |b| {
            b.iter_batched_ref(
                || Frames::new(&[]),
                |frames| assert_eq!(ours(frames, black_box(&stream), most), expected),
                BatchSize::SmallInput,
            );
        });
    }
    group.bench_function("fastwebsockets", |b| {
        b.iter(|| assert_eq!(fastwebsockets(black_box(&stream)), expected));
    });
    group.finish();
}

criterion_group!(benches, walk);
criterion_main!(benches);
