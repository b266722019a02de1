//! One WebSocket connection: waits for the subscription, streams events, answers pings, ends as the
//! client, a fault or the simulator wants it.
//!
//! Reading is fastwebsockets'; frames are written here, many in one write, because it writes them one
//! by one.

use std::convert::Infallible;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use fastwebsockets::FragmentCollectorRead;
use fastwebsockets::OpCode;
use fastwebsockets::Role;
use fastwebsockets::after_handshake_split;
use tokio::io::AsyncRead;
use tokio::io::AsyncReadExt as _;
use tokio::io::AsyncWriteExt as _;
use tokio::io::WriteHalf;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::desk::Lease;
use super::feed::Step;
use super::outbox::Form;
use super::outbox::Outbox;
use super::outbox::close_frame;
use super::outbox::pong_frame;
use super::pace::TICK_NS;
use super::schedule::Action;
use super::shared::Shared;
use super::socket::Socket;
use super::subscription::Subscription;

/// How long a client may take to subscribe.
const SUBSCRIBE_TIMEOUT: Duration = Duration::from_secs(10);
/// How long a write that is under way, or the client's answer to a close frame, is waited for.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(1);
/// How long a half-open connection is kept.
const HALF_OPEN_MAX: Duration = Duration::from_secs(600);
/// Waits of a paced stream shorter than this are kept to punctually.
const PUNCTUAL_WAIT_MAX: Duration = Duration::from_millis(20);
/// Waits of a paced stream up to this long are slept where they come up: a step of the plan's grid.
const IN_PLACE_WAIT_MAX: Duration = Duration::from_nanos(TICK_NS);
/// A message from a client, in bytes.
const MESSAGE_BYTES_MAX: usize = 64 << 10;

/// What a client has sent.
#[derive(Debug)]
enum Inbound {
    Text(Vec<u8>),
    Binary,
    Ping(Vec<u8>),
    Close(u16),
}

/// How a connection ends.
#[derive(Clone, Copy, Debug)]
enum End {
    /// With a close frame of ours.
    Close(u16, &'static str),
    /// With the answer to the client's close frame.
    Answer(u16),
    /// The client has gone without one.
    Gone,
    Reset,
    HalfOpen,
}

/// One connection after its handshake.
pub(super) struct Connection {
    pub(super) shared: Arc<Shared>,
    /// Counted from 1.
    pub(super) number: u64,
    pub(super) token_ends_us: u64,
}

impl Connection {
    /// Serves the connection to its end; `head` is what was read behind the handshake.
    pub(super) async fn serve(self, socket: Socket, head: Bytes) {
        let resets = socket.reset_switch();
        let (read, write) = tokio::io::split(socket);
        let mut read = io::Cursor::new(head).chain(read);
        let stopping = self.shared.stopping.clone();
        let (sender, inbound) = mpsc::channel(16);
        let mut session = Session {
            connection: self,
            write,
            inbound,
            stopping: stopping.clone(),
        };
        let end = tokio::select! {
            end = session.run() => end,
            never = receive(&mut read, sender) => match never {},
        };
        let farewell = match end {
            End::Reset => {
                resets.set();
                return;
            }
            End::HalfOpen => {
                let keep = tokio::time::timeout(HALF_OPEN_MAX, stopping.cancelled());
                drop(keep.await);
                return;
            }
            End::Gone => return,
            End::Answer(code) => close_frame(code, ""),
            End::Close(code, reason) => close_frame(code, reason),
        };
        // A client that does not take or answer the frame has had its time.
        let farewell = async {
            session.write.write_all(&farewell).await?;
            session.write.shutdown().await?;
            // Reading to the end keeps the system from turning the close into a reset.
            tokio::io::copy(&mut read, &mut tokio::io::sink()).await
        };
        drop(tokio::time::timeout(CLOSE_TIMEOUT, farewell).await);
    }
}

/// Passes on what the client sends, in order. When the client is gone the channel closes.
async fn receive<R>(read: R, inbound: mpsc::Sender<Inbound>) -> Infallible
where
    R: AsyncRead + Unpin,
{
    let (mut frames, _) = after_handshake_split(read, tokio::io::sink(), Role::Server);
    // Pings and closes are answered in turn with everything else that is written.
    frames.set_auto_close(false);
    frames.set_auto_pong(false);
    frames.set_max_message_size(MESSAGE_BYTES_MAX);
    let mut frames = FragmentCollectorRead::new(frames);
    let mut obliged = |_| async { Ok::<(), Infallible>(()) };
    while let Ok(frame) = frames.read_frame(&mut obliged).await {
        let message = match frame.opcode {
            OpCode::Text => Inbound::Text(frame.payload.to_vec()),
            OpCode::Binary => Inbound::Binary,
            OpCode::Ping => Inbound::Ping(frame.payload.to_vec()),
            OpCode::Close => Inbound::Close(close_code(&frame.payload)),
            OpCode::Pong | OpCode::Continuation => continue,
        };
        let closes = matches!(message, Inbound::Close(_));
        if inbound.send(message).await.is_err() || closes {
            break;
        }
    }
    drop(inbound);
    std::future::pending().await
}

/// The code of a close frame; 1000 when it has none.
fn close_code(payload: &[u8]) -> u16 {
    match payload {
        [high, low, ..] => u16::from_be_bytes([*high, *low]),
        _ => 1000,
    }
}

/// The writing side of a connection.
struct Session {
    connection: Connection,
    write: WriteHalf<Socket>,
    inbound: mpsc::Receiver<Inbound>,
    stopping: CancellationToken,
}

/// The simulator ends.
const GOING_AWAY: End = End::Close(1001, "the simulator ends");

impl Session {
    async fn run(&mut self) -> End {
        let subscription = match tokio::time::timeout(SUBSCRIBE_TIMEOUT, self.subscription()).await
        {
            Ok(Ok(subscription)) => subscription,
            Ok(Err(end)) => return end,
            Err(_) => {
                self.connection.shared.counters.subscriptions_refused.add(1);
                return End::Close(1008, "no subscription in time");
            }
        };
        let desk = self.connection.shared.desk.clone();
        let Some(mut lease) = desk.claim(self.connection.token_ends_us).await else {
            return GOING_AWAY;
        };
        self.connection.shared.counters.subscriptions.add(1);
        match self.stream(&mut lease, subscription).await {
            Ok(never) => match never {},
            Err(end) => end,
        }
    }

    /// Waits for the subscription message.
    async fn subscription(&mut self) -> Result<Subscription, End> {
        loop {
            let message = tokio::select! {
                biased;
                () = self.stopping.cancelled() => return Err(GOING_AWAY),
                message = self.inbound.recv() => message,
            };
            if let Some(Inbound::Text(text)) = message {
                return Subscription::parse(&text).map_err(|reason| {
                    self.connection.shared.counters.subscriptions_refused.add(1);
                    End::Close(1008, reason)
                });
            }
            self.handle(message).await?;
        }
    }

    async fn stream(
        &mut self,
        lease: &mut Lease,
        subscription: Subscription,
    ) -> Result<Infallible, End> {
        let mut outbox = Outbox::new(Form::Frames);
        let number = self.connection.number;
        let is_paced = lease.feed().is_paced();
        loop {
            let wait = match lease.feed().step(subscription, number, &mut outbox) {
                Step::Fault(action) => return Err(self.misbehave(action)),
                Step::Write => {
                    self.write(&outbox.bytes, &lease.recalled).await?;
                    Duration::ZERO
                }
                Step::Wait(wait) => wait,
            };
            tokio::select! {
                biased;
                () = self.stopping.cancelled() => return Err(GOING_AWAY),
                () = lease.recalled.cancelled() => return Err(DISPLACED),
                message = self.inbound.recv() => self.handle(message).await?,
                () = pause(wait, is_paced) => {}
            }
        }
    }

    fn misbehave(&self, action: Action) -> End {
        match action {
            Action::Close(code) => End::Close(code, "fault"),
            Action::Reset => End::Reset,
            Action::HalfOpen => End::HalfOpen,
            Action::ExpireToken { revoke } => {
                if revoke {
                    self.connection.shared.tokens.revoke_all();
                }
                End::Close(4401, "token expired")
            }
            Action::Pause { .. } => unreachable!("the feed keeps pauses to itself"),
        }
    }

    /// Does what a message asks for, unless it is the subscription.
    async fn handle(&mut self, message: Option<Inbound>) -> Result<(), End> {
        match message {
            Some(Inbound::Ping(payload)) => {
                let stopping = self.stopping.clone();
                self.write(&pong_frame(&payload), &stopping).await
            }
            Some(Inbound::Close(code)) => Err(End::Answer(code)),
            Some(Inbound::Text(_)) => Err(End::Close(1008, "already subscribed")),
            Some(Inbound::Binary) => Err(End::Close(1003, "text only")),
            None => Err(End::Gone),
        }
    }

    /// Writes whole frames. A write that the client holds up ends soon after the simulator or
    /// `recalled` wants it to.
    async fn write(&mut self, bytes: &[u8], recalled: &CancellationToken) -> Result<(), End> {
        let write = async {
            self.write.write_all(bytes).await?;
            self.write.flush().await
        };
        tokio::pin!(write);
        let result = tokio::select! {
            biased;
            result = &mut write => Ok(result),
            () = self.stopping.cancelled() => tokio::time::timeout(CLOSE_TIMEOUT, write).await,
            () = recalled.cancelled() => tokio::time::timeout(CLOSE_TIMEOUT, write).await,
        };
        match result {
            Ok(Ok(())) => Ok(()),
            // In the middle of a frame no other one can be written.
            Ok(Err(_)) | Err(_) => Err(End::Gone),
        }
    }
}

/// Somebody else has subscribed.
const DISPLACED: End = End::Close(4409, "displaced by a newer subscription");

/// Waits; not at all for nothing, which spares a timer a write.
async fn pause(wait: Duration, is_paced: bool) {
    if wait.is_zero() {
        return;
    }
    if is_paced && wait <= IN_PLACE_WAIT_MAX {
        // Another thread would have to be woken twice, and on busy machines each takes its time. The
        // rest of a load's runtime, which is this connection's alone, gets its turn after each wait.
        std::thread::sleep(wait);
        return tokio::task::yield_now().await;
    }
    if is_paced && wait < PUNCTUAL_WAIT_MAX {
        // The runtime's timers are a millisecond or two late, a thread's sleep some 50 µs. An error
        // would be a panic of the sleep or the end of the runtime.
        drop(tokio::task::spawn_blocking(move || std::thread::sleep(wait)).await);
        return;
    }
    tokio::time::sleep(wait).await;
}
