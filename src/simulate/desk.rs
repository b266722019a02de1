//! Hands the one feed to the connection that subscribed last, and takes it back.
//!
//! The feed moves from owner to owner, so that nobody shares it and no lock is needed. While nobody
//! is subscribed the desk itself lets time go on. Like a Genesys channel, which has one socket: a
//! second subscriber makes the first one end.

use std::time::Duration;

use tokio::sync::mpsc;
use tokio::sync::oneshot;
use tokio_util::sync::CancellationToken;

use super::feed::Feed;

/// How often events that nobody is subscribed for are counted.
const TICK: Duration = Duration::from_millis(20);

/// Where connections ask for the feed.
#[derive(Clone, Debug)]
pub(super) struct Desk(mpsc::Sender<oneshot::Sender<Lease>>);

impl Desk {
    /// A desk, and the future that works at it until `stopping`.
    pub(super) fn new(feed: Feed, stopping: CancellationToken) -> (Self, impl Future<Output = ()>) {
        let (sender, claims) = mpsc::channel(16);
        (Self(sender), work(feed, claims, stopping))
    }

    /// Takes the feed from whoever has it; `None` when the simulator ends.
    pub(super) async fn claim(&self, token_ends_us: u64) -> Option<Lease> {
        let (reply, lease) = oneshot::channel();
        self.0.send(reply).await.ok()?;
        let mut lease = lease.await.ok()?;
        lease.feed().begin(token_ends_us);
        Some(lease)
    }
}

/// The feed while a connection has it. It goes back to the desk when this is dropped, however the
/// connection ends.
#[derive(Debug)]
pub(super) struct Lease {
    /// `Some` until the drop.
    feed: Option<Box<Feed>>,
    back: Option<oneshot::Sender<Box<Feed>>>,
    /// Somebody else wants the feed: end.
    pub(super) recalled: CancellationToken,
}

impl Lease {
    pub(super) fn feed(&mut self) -> &mut Feed {
        match &mut self.feed {
            Some(feed) => feed,
            None => unreachable!("the feed is there until the lease is dropped"),
        }
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        if let (Some(mut feed), Some(back)) = (self.feed.take(), self.back.take()) {
            feed.end();
            // At the end of the simulator nobody waits for it.
            drop(back.send(feed));
        }
    }
}

async fn work(
    feed: Feed,
    mut claims: mpsc::Receiver<oneshot::Sender<Lease>>,
    stopping: CancellationToken,
) {
    let mut feed = Box::new(feed);
    let mut waiting = None;
    loop {
        let claim = match waiting.take() {
            Some(claim) => claim,
            None => tokio::select! {
                biased;
                () = stopping.cancelled() => return,
                claim = claims.recv() => match claim {
                    Some(claim) => claim,
                    None => return,
                },
                () = tokio::time::sleep(TICK) => {
                    while feed.miss_due() {
                        tokio::task::yield_now().await;
                    }
                    continue;
                }
            },
        };
        let (back, mut returned) = oneshot::channel();
        let recalled = CancellationToken::new();
        let lease = Lease {
            feed: Some(feed),
            back: Some(back),
            recalled: recalled.clone(),
        };
        // Who asked may be gone: the lease is then dropped here, and the feed comes back below.
        drop(claim.send(lease));
        let result = tokio::select! {
            result = &mut returned => result,
            Some(next) = claims.recv() => {
                recalled.cancel();
                waiting = Some(next);
                returned.await
            }
        };
        let Ok(back) = result else {
            unreachable!("a lease sends the feed back when it is dropped")
        };
        feed = back;
    }
}
