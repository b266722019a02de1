//! What is said on one WebSocket: the protocol's state, and the operations under way.
//!
//! What it writes to a subscriber is the latest answer of a feed, so a client that reads slowly holds
//! up nobody but itself: its session waits for it, and misses answers meanwhile. Who does not read
//! for 30 s is cut, and so is who stays silent when pinged.

use std::collections::HashMap;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use fastwebsockets::Frame;
use fastwebsockets::OpCode;
use fastwebsockets::Payload;
use fastwebsockets::WebSocketWrite;
use futures_util::Stream;
use futures_util::StreamExt;
use futures_util::future::AbortHandle;
use futures_util::future::Abortable;
use futures_util::future::Aborted;
use futures_util::future::BoxFuture;
use futures_util::stream::FuturesUnordered;
use serde_json::value::RawValue;
use tokio::io::AsyncWrite;
use tokio::select;
use tokio::time::Instant;
use tokio::time::Sleep;
use tokio::time::sleep_until;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use super::Push;
use super::close::Close;
use super::credential::Credential;
use super::frames::Ended;
use super::frames::Received;
use super::hub::Declined;
use super::hub::TOO_MANY;
use super::message;
use super::message::Envelope;
use super::message::Message;
use super::subscriber::Subscriber;
use crate::config::limits;
use crate::serve::graphql;
use crate::serve::graphql::Carries;
use crate::serve::graphql::Outcome;
use crate::serve::graphql::Told;
use crate::serve::graphql::execute::Unfinished;
use crate::serve::graphql::query::Wire;
use crate::serve::socket::account::Account;
use crate::serve::socket::account::Held;

/// How long a close frame may take to be written, and then the client's to come.
const FAREWELL: Duration = Duration::from_secs(1);

/// How a session ends.
#[derive(Debug)]
pub(super) enum End {
    /// The connection is gone, or closed by the client.
    Gone,
    /// The client does not read, or does not answer.
    Cut,
    /// We close.
    Close(Close),
}

/// One operation under way.
struct Operation {
    id: String,
    envelope: Envelope,
}

/// What has become of an operation.
enum Happened {
    /// It came to an end of its own, in this room.
    Answered(Outcome, Option<Held>),
    /// It is a subscription, and this is its next answer, or `None` when the server stops.
    Next(Subscriber, Option<Bytes>),
    /// It is a subscription that is not to be had.
    Declined(Declined),
}

type Running = BoxFuture<'static, (Arc<Operation>, Happened)>;

/// A session.
pub(super) struct Session<S> {
    push: Push,
    credential: Credential,
    account: Account,
    write: WebSocketWrite<S>,
    is_acknowledged: bool,
    opened: Instant,
    /// When the client was heard of last.
    heard: Instant,
    /// When it was pinged, if it has not been heard of since.
    pinged: Option<Instant>,
    /// Looks at the time when it fires and only then is set again, not with every message.
    alarm: Pin<Box<Sleep>>,
    operations: HashMap<String, AbortHandle>,
    running: FuturesUnordered<Abortable<Running>>,
}

impl<S: AsyncWrite + Unpin> Session<S> {
    /// A session whose socket has just been opened.
    pub(super) fn new(
        push: Push,
        credential: Credential,
        account: Account,
        write: WebSocketWrite<S>,
    ) -> Self {
        let now = Instant::now();
        let init = push.timeouts().init;
        Self {
            push,
            credential,
            account,
            write,
            is_acknowledged: false,
            opened: now,
            heard: now,
            pinged: None,
            alarm: Box::pin(sleep_until(now + init)),
            operations: HashMap::new(),
            running: FuturesUnordered::new(),
        }
    }

    /// Goes on until the session ends or the server stops.
    pub(super) async fn run(
        &mut self,
        mut received: impl Stream<Item = Result<Received, Ended>> + Unpin,
        stop: &CancellationToken,
    ) -> End {
        loop {
            let step = select! {
                biased;
                () = stop.cancelled() => Err(End::Close(Close::GOING_AWAY)),
                () = self.credential.revoked() => Err(End::Close(Close::REVOKED)),
                next = received.next() => match next {
                    Some(next) => self.receive(next).await,
                    None => Err(End::Gone),
                },
                Some(happened) = self.running.next(), if !self.running.is_empty() => {
                    self.happen(happened).await
                }
                () = self.alarm.as_mut() => self.look().await,
            };
            if let Err(end) = step {
                return end;
            }
        }
    }

    /// Deals with what has come.
    async fn receive(&mut self, next: Result<Received, Ended>) -> Result<(), End> {
        self.heard = Instant::now();
        if self.pinged.take().is_some() {
            self.set_alarm();
        }
        match next {
            Ok(Received::Text(text)) => match Message::read(&text) {
                Ok(message) => self.act(message).await,
                Err(close) => Err(End::Close(close)),
            },
            Ok(Received::Ping(bytes)) => self.send(Frame::pong(bytes.into())).await,
            Ok(Received::Pong) => Ok(()),
            Ok(Received::Close(code)) => {
                let echo = match code {
                    Some(code) => Frame::close(code, b""),
                    None => Frame::close_raw(Payload::Borrowed(b"")),
                };
                self.send(echo).await?;
                Err(End::Gone)
            }
            Err(Ended::Broken(close)) => Err(End::Close(close)),
            Err(Ended::Gone) => Err(End::Gone),
            Err(Ended::Dead) => Err(End::Cut),
        }
    }

    async fn act(&mut self, message: Message<'_>) -> Result<(), End> {
        match message {
            Message::Init(_) if self.is_acknowledged => Err(End::Close(Close::INIT_TWICE)),
            Message::Init(payload) => {
                if !self.credential.admits(payload.map(RawValue::get)) {
                    return Err(End::Close(Close::FORBIDDEN));
                }
                self.is_acknowledged = true;
                self.set_alarm();
                self.text(message::ACK.to_vec()).await
            }
            Message::Ping(payload) => self.text(message::pong(payload)).await,
            Message::Pong => Ok(()),
            Message::Subscribe { id, payload } => {
                if !self.is_acknowledged {
                    return Err(End::Close(Close::UNAUTHORIZED));
                }
                self.subscribe(&id, payload).await
            }
            Message::Complete { id } => {
                if let Some(operation) = self.operations.remove(&*id) {
                    operation.abort();
                }
                Ok(())
            }
        }
    }

    async fn subscribe(&mut self, id: &str, payload: &RawValue) -> Result<(), End> {
        if self.operations.contains_key(id) {
            return Err(End::Close(Close::duplicate(id)));
        }
        let envelope = Envelope::new(id);
        if self.operations.len() >= limits::OPERATIONS_PER_SOCKET_MAX {
            let message = "operation: 20 on this connection already; complete one first";
            let errors = [graphql::error(message.to_owned(), TOO_MANY)];
            return self.text(envelope.error(&graphql::json(&errors))).await;
        }
        let operation = Arc::new(Operation {
            id: id.to_owned(),
            envelope,
        });
        let (push, request) = (self.push.clone(), payload.get().to_owned());
        let account = self.account.clone();
        let begin = async move {
            // What is executed waits here until it is sent, so few operations are at a time.
            let Some(held) = account.large_place(push.timeouts().query).await else {
                let outcome = Outcome::Unfinished(Unfinished::Deadline);
                return (operation, Happened::Answered(outcome, None));
            };
            let wire = Wire::Body(request.as_bytes());
            let happened = match push.graphql().outcome(wire, Carries::ALL).await {
                Outcome::Subscription(ask) => match push.hub().subscribe(ask).await {
                    Ok(mut subscriber) => {
                        drop(held);
                        let first = subscriber.next().await;
                        Happened::Next(subscriber, first)
                    }
                    Err(declined) => Happened::Declined(declined),
                },
                outcome => Happened::Answered(outcome, Some(held)),
            };
            (operation, happened)
        };
        let (handle, registration) = AbortHandle::new_pair();
        self.operations.insert(id.to_owned(), handle);
        let begin: Running = Box::pin(begin);
        self.running.push(Abortable::new(begin, registration));
        Ok(())
    }

    /// Tells the client what has become of an operation.
    async fn happen(
        &mut self,
        happened: Result<(Arc<Operation>, Happened), Aborted>,
    ) -> Result<(), End> {
        let Ok((operation, happened)) = happened else {
            return Ok(());
        };
        let envelope = &operation.envelope;
        match happened {
            Happened::Next(subscriber, Some(body)) => {
                let held = self.hold(body.len()).await?;
                self.text(envelope.next(&body)).await?;
                drop(held);
                self.go_on(operation, subscriber);
                Ok(())
            }
            // The close frame that follows says more.
            Happened::Next(_, None) | Happened::Declined(Declined::Stopping) => Ok(()),
            Happened::Answered(outcome, _held) => {
                self.operations.remove(&operation.id);
                match outcome.told() {
                    Told::Next(body) => {
                        self.text(envelope.next(&body)).await?;
                        self.text(envelope.complete()).await
                    }
                    Told::Errors(errors) => self.text(envelope.error(&errors)).await,
                    Told::NoRequest(why) => Err(End::Close(Close::bad_message(why))),
                }
            }
            Happened::Declined(declined) => {
                self.operations.remove(&operation.id);
                let errors = graphql::json(&declined.errors());
                self.text(envelope.error(&errors)).await
            }
        }
    }

    /// Waits for the next answer of a subscription, unless the client has completed it.
    fn go_on(&mut self, operation: Arc<Operation>, mut subscriber: Subscriber) {
        let Some(handle) = self.operations.get_mut(&operation.id) else {
            return;
        };
        let (next, registration) = AbortHandle::new_pair();
        *handle = next;
        let next: Running = Box::pin(async move {
            let body = subscriber.next().await;
            (operation, Happened::Next(subscriber, body))
        });
        self.running.push(Abortable::new(next, registration));
    }

    /// Looks whether the client has been silent for too long, and sets the next look.
    async fn look(&mut self) -> Result<(), End> {
        let now = Instant::now();
        if now >= self.due() {
            if !self.is_acknowledged {
                return Err(End::Close(Close::INIT_TIMEOUT));
            }
            if self.pinged.is_some() {
                return Err(End::Cut);
            }
            self.pinged = Some(now);
            let ping = Frame::new(true, OpCode::Ping, None, Payload::Borrowed(b""));
            self.send(ping).await?;
        }
        self.set_alarm();
        Ok(())
    }

    fn set_alarm(&mut self) {
        let due = self.due();
        self.alarm.as_mut().reset(due);
    }

    /// When something is to be done unless something comes before.
    fn due(&self) -> Instant {
        let timeouts = self.push.timeouts();
        match self.pinged {
            _ if !self.is_acknowledged => self.opened + timeouts.init,
            None => self.heard + timeouts.ping,
            Some(pinged) => pinged + timeouts.silent.saturating_sub(timeouts.ping),
        }
    }

    /// Room for a message. There is none for as long as other clients take nothing.
    async fn hold(&mut self, bytes: usize) -> Result<Held, End> {
        let _waiting = self.account.wait_for_frame();
        let silent = self.push.timeouts().silent;
        let held = timeout(silent, self.account.frame(bytes)).await;
        held.map_err(|_| End::Cut)
    }

    async fn text(&mut self, message: Vec<u8>) -> Result<(), End> {
        self.send(Frame::text(message.into())).await
    }

    /// Writes a frame. The client has as long to read it as it may be silent.
    async fn send(&mut self, frame: Frame<'static>) -> Result<(), End> {
        let silent = self.push.timeouts().silent;
        let _waiting = self.account.wait_for_frame();
        let written = async {
            self.write.write_frame(frame).await?;
            // What TLS has taken is not with the client yet.
            self.write.flush().await
        };
        match timeout(silent, written).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) => Err(match Ended::from(error) {
                Ended::Dead => End::Cut,
                _ => End::Gone,
            }),
            Err(_) => Err(End::Cut),
        }
    }

    /// Closes, and waits a moment for the client to do the same, so that it reads why.
    pub(super) async fn farewell(
        mut self,
        mut received: impl Stream<Item = Result<Received, Ended>> + Unpin,
        close: Close,
    ) {
        let goodbye = async {
            self.write.write_frame(close.frame()).await.ok()?;
            self.write.flush().await.ok()?;
            loop {
                match received.next().await? {
                    Ok(Received::Close(_)) | Err(_) => return Some(()),
                    Ok(_) => {}
                }
            }
        };
        // Nothing follows, whether the client answers or not.
        timeout(FAREWELL, goodbye).await.ok();
    }
}
