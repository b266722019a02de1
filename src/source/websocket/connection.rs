//! One open connection, from the subscription to its end: reading, pings, the ring, the close.
//!
//! Everything happens in one task. A read is a plain read into the buffer of [`Frames`], so it may be
//! dropped at any time. What a read brought is walked at once, then the socket is asked again; the
//! batch is offered when it is full or the socket has nothing more. Under full load the socket always
//! has more, so timers are looked at by time at each such turn, and only wake the task when it is idle.

use std::convert::Infallible;
use std::io;
use std::pin::Pin;
use std::pin::pin;
use std::time::Duration;

use fastwebsockets::Frame;
use fastwebsockets::OpCode;
use fastwebsockets::Payload;
use tokio::io::AsyncReadExt;
use tokio::time::Instant;
use tokio::time::sleep;
use tokio::time::sleep_until;
use tokio_util::sync::CancellationToken;
use tracing::info;

use super::awake::within;
use super::coverage::Coverage;
use super::end::End;
use super::end::Lived;
use super::end::Stop;
use super::frames::Frames;
use super::frames::Received;
use super::frames::Violation;
use super::handshake::Opened;
use super::handshake::Writer;
use super::liveness::IsThere;
use super::liveness::Liveness;
use super::liveness::Unsure;
use super::loss::Loss;
use super::server_clock::ServerClock;
use crate::config::Overload;
use crate::config::StreamSettings;
use crate::event::Reject;
use crate::net::ReadHalf;
use crate::net::Redactor;
use crate::source::intake::Intake;
use crate::stream::StreamNote;
use crate::stream::StreamState;
use crate::time::EpochMs;

/// How long to wait before a full ring is asked again: the granularity of tokio's timers, and far
/// less than a ring takes to run empty.
pub(in crate::source) const RING_RETRY: Duration = Duration::from_millis(1);
/// A turn comes at the latest after so many frames, also when they are no events.
const FRAMES_PER_TURN: usize = 256;
/// How long the peer has to answer our close; what it has sent before is still read.
const CLOSE_WAIT: Duration = Duration::from_secs(2);
/// How long the socket may take for a control frame. Its buffer holds thousands of them, so a peer
/// that makes this wait has stopped reading; and no shutdown may wait for it long.
const SEND_WAIT: Duration = Duration::from_secs(3);
/// How long saying why we leave may take.
const FAREWELL_WAIT: Duration = Duration::from_secs(1);

/// One open connection.
pub(in crate::source) struct Connection<'a> {
    settings: &'a StreamSettings,
    shutdown: &'a CancellationToken,
    intake: &'a mut Intake,
    /// Knows the token that the peer was shown.
    redactor: Redactor,
    reader: ReadHalf,
    writer: Writer,
    frames: Frames,
    /// What is sent after the open, in the words of the protocol spoken here.
    greeting: &'static str,
    /// Since when it is live, and what it has heard; `None` before the proof.
    live: Option<(Instant, Coverage)>,
    /// The number of the last ping, which is its payload, and when it was sent.
    ping: (u64, EpochMs),

    liveness: Liveness,
    next_ping: Instant,
    /// When a ring that was full is asked again although nothing came.
    retry_at: Option<Instant>,
    /// Until when the answer to our close is awaited; `None` while we have sent none.
    closing: Option<Duration>,
    server_clock: Option<ServerClock>,
    /// Frames since the last turn.
    frames_unturned: usize,
}

impl<'a> Connection<'a> {
    pub(in crate::source) fn new(
        settings: &'a StreamSettings,
        shutdown: &'a CancellationToken,
        intake: &'a mut Intake,
        opened: Opened,
        greeting: &'static str,
    ) -> Self {
        let now = Instant::now();
        intake.begin(opened.redactor.clone());
        intake.arrived();
        Self {
            settings,
            shutdown,
            redactor: opened.redactor,
            reader: opened.reader,
            writer: opened.writer,
            frames: opened.frames,
            greeting,
            live: None,
            ping: (0, intake.wall()),
            liveness: Liveness::new(settings),
            next_ping: now,
            retry_at: None,
            closing: None,
            server_clock: None,
            frames_unturned: 0,
            intake,
        }
    }

    /// The same connection, which tells of the peer's clock.
    pub(in crate::source) fn with_server_clock(
        mut self,
        server_clock: Option<ServerClock>,
    ) -> Self {
        self.server_clock = server_clock;
        self
    }

    /// Runs it to its end.
    pub(in crate::source) async fn run(mut self) -> End {
        let stop = match self.pump().await {
            Ok(never) => match never {},
            Err(stop) => stop,
        };
        match stop {
            // However it ended after our close: that was asked for.
            _ if self.closing.is_some() => End::Shutdown,
            Stop::Shutdown => End::Shutdown,
            Stop::Lost(loss) => End::Lost {
                loss,
                lived: self.live.map(|(since, coverage)| Lived {
                    covered_until: coverage.until(self.intake.newest_event()),
                    duration: since.elapsed(),
                }),
            },
        }
    }

    async fn pump(&mut self) -> Result<Infallible, Stop> {
        self.send(Frame::text(Payload::Borrowed(self.greeting.as_bytes())))
            .await?;
        self.tick().await?;
        let shutdown = self.shutdown;
        let mut cancelled = pin!(shutdown.cancelled());
        let mut alarm = pin!(sleep_until(self.alarm_at()));
        loop {
            self.walk(alarm.as_mut()).await?;
            tokio::select! {
                biased;
                read = self.reader.read(self.frames.room()) => self.filled(read)?,
                () = async {}, if self.frames_unturned > 0 => self.turn(alarm.as_mut()).await?,
                () = alarm.as_mut() => self.turn(alarm.as_mut()).await?,
                () = cancelled.as_mut(), if self.closing.is_none() => {
                    self.turn(alarm.as_mut()).await?;
                }
            }
        }
    }

    /// Takes note of a read that has ended.
    fn filled(&mut self, read: io::Result<usize>) -> Result<(), Stop> {
        let ended = || Loss::dropped("ended without a close frame (1006)");
        match read {
            Ok(0) => Err(Stop::Lost(ended())),
            Ok(bytes) => {
                self.intake.arrived();
                self.frames.filled(bytes);
                Ok(())
            }
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Err(Stop::Lost(ended())),
            Err(error) => Err(Stop::Lost(Loss::dropped(&error.to_string()))),
        }
    }

    /// Takes all that has been read.
    async fn walk(&mut self, mut alarm: Pin<&mut tokio::time::Sleep>) -> Result<(), Stop> {
        while self.receive().await? {
            self.frames_unturned += 1;
            if self.intake.is_full() || self.frames_unturned >= FRAMES_PER_TURN {
                self.turn(alarm.as_mut()).await?;
            }
        }
        Ok(())
    }

    /// What is done between drains: the batch goes out, and whatever has become due is done.
    async fn turn(&mut self, alarm: Pin<&mut tokio::time::Sleep>) -> Result<(), Stop> {
        if self.frames_unturned > 0 {
            self.frames_unturned = 0;
            self.liveness.heard();
        }
        self.offer().await?;
        self.tick().await?;
        // An alarm that rings too early costs less than setting it at every turn.
        let alarm_at = self.alarm_at();
        if alarm.is_elapsed() || alarm_at < alarm.deadline() {
            alarm.reset(alarm_at);
        }
        Ok(())
    }

    /// Offers the batch; on a full ring, waits or sheds.
    async fn offer(&mut self) -> Result<(), Stop> {
        while !self.intake.offer() {
            if self.settings.overload == Overload::Shed {
                self.intake.shed();
                self.retry_at = Some(Instant::now() + RING_RETRY);
                return Ok(());
            }
            let before = self.liveness.awake();
            self.wait_for_ring().await?;
            self.liveness.pardon(before);
            self.tick().await?;
        }
        self.retry_at = None;
        Ok(())
    }

    /// Waits a moment for the ring. Meanwhile it reads on, as far as the buffer has room, and answers
    /// the pings it finds: the peer may have a clock on us, too.
    async fn wait_for_ring(&mut self) -> Result<(), Stop> {
        let mut pause = pin!(sleep(RING_RETRY));
        loop {
            while let Some(payload) = self.frames.ping_ahead() {
                let pong = Frame::pong(payload.to_vec().into());
                if self.closing.is_none() {
                    self.send(pong).await?;
                }
            }
            let read = async {
                match self.frames.has_room() {
                    true => self.reader.read(self.frames.room()).await,
                    false => std::future::pending().await,
                }
            };
            tokio::select! {
                biased;
                () = pause.as_mut() => return Ok(()),
                read = read => match read {
                    // It counts as arrived with the read before it: early rather than late.
                    Ok(bytes @ 1..) => self.frames.filled(bytes),
                    // What has come is still to be taken; then the same is read again.
                    Ok(0) | Err(_) => {
                        pause.await;
                        return Ok(());
                    }
                }
            }
        }
    }

    /// Does what has become due.
    async fn tick(&mut self) -> Result<(), Stop> {
        let awake = self.liveness.awake();
        if let Some(until) = self.closing {
            return if awake < until {
                Ok(())
            } else {
                Err(Stop::Shutdown)
            };
        }
        if self.shutdown.is_cancelled() {
            self.closing = Some(awake + CLOSE_WAIT);
            return self.send(Frame::close(1000, b"")).await;
        }
        if let Err((loss, IsThere(is_there))) = self.liveness.check() {
            if is_there {
                self.farewell(Frame::close(1000, b"")).await;
            }
            return Err(Stop::Lost(loss));
        }
        if self.liveness.is_time_for_chores() {
            self.intake.log_refusals();
            if let Some(server) = &mut self.server_clock {
                server.report(self.settings.skew, self.intake);
            }
        }
        let now = self.liveness.looked_at();
        if now >= self.next_ping {
            self.next_ping = now + self.settings.ping_interval;
            self.ping = (self.ping.0 + 1, self.intake.wall());
            let payload = self.ping.0.to_be_bytes().to_vec();
            self.send(Frame::new(true, OpCode::Ping, None, payload.into()))
                .await?;
        }
        Ok(())
    }

    fn alarm_at(&self) -> Instant {
        let due = match self.closing {
            Some(until) => self.liveness.alarm(Some(until)),
            None => self.next_ping.min(self.liveness.alarm(None)),
        };
        self.retry_at.map_or(due, |retry| retry.min(due))
    }

    /// Takes the next frame, if it has come in full.
    async fn receive(&mut self) -> Result<bool, Stop> {
        let received = match self.frames.take() {
            Ok(Some(received)) => received,
            Ok(None) => return Ok(false),
            Err(violation) => return Err(self.violated(violation).await),
        };
        match received {
            Received::Text(payload) => match self.intake.take(payload) {
                Err(Reject::Utf8) => return Err(self.violated(Violation::Utf8).await),
                Ok(()) | Err(_) => self.heard(self.intake.read_at()),
            },
            Received::Binary(payload) => {
                self.intake.refuse(payload, Reject::Binary);
                self.heard(self.intake.read_at());
            }
            Received::Ping(payload) => {
                self.liveness.unsure(Unsure::Ping);
                let pong = Frame::pong(payload.to_vec().into());
                // After our close nothing may follow it.
                if self.closing.is_none() {
                    self.send(pong).await?;
                }
            }
            Received::Pong(payload) => {
                if payload == self.ping.0.to_be_bytes() {
                    self.heard(self.ping.1);
                } else {
                    self.liveness.unsure(Unsure::Pong);
                }
            }
            Received::Close { code, reason } => {
                let loss = Loss::from_close(code, reason, &self.redactor);
                let answer = match code {
                    Some(code) => Frame::close(code, reason.as_bytes()),
                    None => Frame::close_raw(Payload::Borrowed(b"")),
                };
                self.farewell(answer).await;
                return Err(Stop::Lost(loss));
            }
            Received::Part => self.liveness.unsure(Unsure::Fragment),
        }
        Ok(true)
    }

    /// Data that arrived at `until`, or the answer to a ping that was sent then: the stream is live,
    /// and what the peer had sent before that moment has arrived.
    fn heard(&mut self, until: EpochMs) {
        let (intake, liveness) = (&mut *self.intake, &mut self.liveness);
        let (_, coverage) = self.live.get_or_insert_with(|| {
            liveness.proven();
            let at = intake.wall();
            intake.note(StreamNote::Live { at });
            intake.note(StreamNote::State(StreamState::Live));
            info!("stream is live");
            (Instant::now(), Coverage::new(at))
        });
        coverage.heard(until);
    }

    async fn violated(&mut self, violation: Violation) -> Stop {
        match violation {
            // The message that is too big is never whole: counted without its bytes.
            Violation::TooBig => self.intake.refuse(b"", Reject::TooBig),
            Violation::Binary => self.intake.refuse(b"", Reject::Binary),
            _ => {}
        }
        self.farewell(Frame::close(violation.close_code(), b""))
            .await;
        violation.into()
    }

    /// Sends the last frame. A peer that is gone or does not take it changes nothing any more.
    async fn farewell(&mut self, frame: Frame<'_>) {
        if self.closing.is_none() {
            let _ = within(FAREWELL_WAIT, self.send(frame)).await;
        }
    }

    async fn send(&mut self, frame: Frame<'_>) -> Result<(), Stop> {
        let writer = &mut self.writer;
        let sending = async {
            writer.write_frame(frame).await?;
            writer.flush().await
        };
        // Cutting a frame off in the middle is right: the connection is given up with it.
        match within(SEND_WAIT, sending).await {
            Some(Ok(())) => Ok(()),
            Some(Err(error)) => Err(Stop::Lost(Loss::dropped(&error.to_string()))),
            None => Err(Stop::Lost(Loss::dead_peer("it takes nothing any more"))),
        }
    }
}
