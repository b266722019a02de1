//! Where views come from: the newest snapshot, and what belongs to the moment of asking.

use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::schema::View;
use crate::config::WaitLevels;
use crate::serve::post_counters::PostCounters;
use crate::serve::push_counters::PushCounters;
use crate::snapshot::Reader;
use crate::time::Clock;
use crate::time::EpochMs;

/// Makes the views that requests and feeds are answered from. Cheap to clone.
#[derive(Clone, Debug)]
pub(in crate::serve) struct Viewer {
    reader: Reader,
    clock: Clock,
    started: EpochMs,
    started_ns: u64,
    push: PushCounters,
    posts: PostCounters,
    age_max: Duration,
    wait_levels: WaitLevels,
    draining: CancellationToken,
}

impl Viewer {
    /// A viewer whose server begins to listen now.
    pub(in crate::serve) fn new(reader: Reader, clock: Clock, push: PushCounters) -> Self {
        Self {
            reader,
            started: clock.wall(),
            started_ns: clock.mono_ns(),
            clock,
            push,
            posts: PostCounters::default(),
            age_max: Duration::MAX,
            wait_levels: WaitLevels::DEFAULT,
            draining: CancellationToken::new(),
        }
    }

    /// The same viewer, which knows what is posted.
    pub(in crate::serve) fn with_posts(mut self, posts: PostCounters) -> Self {
        self.posts = posts;
        self
    }

    /// The same viewer, with these levels of waiting.
    pub(in crate::serve) const fn with_levels(mut self, levels: WaitLevels) -> Self {
        self.wait_levels = levels;
        self
    }

    /// The same viewer, which knows how old a snapshot may be and when the server is about to stop.
    pub(in crate::serve) fn judging(
        mut self,
        age_max: Duration,
        draining: CancellationToken,
    ) -> Self {
        self.age_max = age_max;
        self.draining = draining;
        self
    }

    /// Nanoseconds by the clock that never steps.
    pub(in crate::serve) fn mono_ns(&self) -> u64 {
        self.clock.mono_ns()
    }

    /// The newest snapshot and its moment, `now_ns`. One view a request: two may show two states.
    pub(in crate::serve) fn view(&self, now_ns: u64) -> View {
        View {
            snapshot: self.reader.load(),
            wall: self.clock.wall(),
            started: self.started,
            uptime_ms: now_ns.saturating_sub(self.started_ns) / 1_000_000,
            push: self.push.now(),
            posts: self.posts.clone(),
            beats: self.reader.pulse().look(now_ns),
            age_max: self.age_max,
            wait_levels: self.wait_levels,
            is_draining: self.draining.is_cancelled(),
        }
    }
}
