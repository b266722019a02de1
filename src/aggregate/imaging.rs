//! The image that a writer makes between batches, for whoever has asked for one.

use super::State;
use super::image::FrameSink;
use super::image::alerts_frame;
use crate::alert::Watch;
use crate::config::limits;
use crate::ring::Mailbox;
use crate::time::Clock;

/// Requests for images, and the one that is under way.
#[derive(Debug)]
pub(super) struct Imaging {
    requests: Mailbox<Box<dyn FrameSink>>,
    sink: Option<Box<dyn FrameSink>>,
    /// A frame for which there was no room.
    waiting: Option<Vec<u8>>,
}

impl Imaging {
    pub(super) fn new(requests: Mailbox<Box<dyn FrameSink>>) -> Self {
        Self {
            requests,
            sink: None,
            waiting: None,
        }
    }

    /// Makes some of the image that somebody has asked for; whether there is more to do at once. `elapsed_ns`
    /// is the monotonic time that the state and the alerts are given.
    #[inline]
    pub(super) fn work(
        &mut self,
        state: &mut State,
        alerts: &Watch,
        clock: &Clock,
        elapsed_ns: u64,
    ) -> bool {
        if self.sink.is_none() {
            let Some(sink) = self.requests.take() else {
                return false;
            };
            self.sink = Some(sink);
            state.cut_image(elapsed_ns);
            state.add_image_frame(alerts_frame(&alerts.image()));
        }
        self.go_on(state, clock)
    }

    /// Writes for a short while, and hands frames on while there is room for them.
    #[cold]
    fn go_on(&mut self, state: &mut State, clock: &Clock) -> bool {
        let begun_ns = clock.mono_ns();
        loop {
            let Some(sink) = &mut self.sink else {
                return false;
            };
            if sink.is_gone() {
                state.give_up_image();
                (self.sink, self.waiting) = (None, None);
                return false;
            }
            while let Some(frame) = self.waiting.take().or_else(|| state.take_image_frame()) {
                if let Err(frame) = sink.offer(frame) {
                    self.waiting = Some(frame);
                    return false;
                }
            }
            if !state.is_writing_image() {
                self.sink = None;
                return false;
            }
            if clock.mono_ns().saturating_sub(begun_ns) >= limits::IMAGE_WORK_NS {
                return true;
            }
            state.write_image();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::AtomicUsize;
    use std::sync::atomic::Ordering;

    use super::*;
    use crate::aggregate::Image;
    use crate::config::AggregateSettings;
    use crate::event::IdKeys;
    use crate::time::EpochMs;
    use crate::window::Width;

    const START: EpochMs = EpochMs::from_ms(1_768_478_400_000);

    /// Takes so many frames; is gone at [`usize::MAX`].
    #[derive(Clone, Debug, Default)]
    struct Room(Arc<AtomicUsize>, Arc<AtomicUsize>);

    impl FrameSink for Room {
        fn offer(&mut self, frame: Vec<u8>) -> Result<(), Vec<u8>> {
            let take = |room: usize| room.checked_sub(1);
            match self
                .0
                .fetch_update(Ordering::Relaxed, Ordering::Relaxed, take)
            {
                Ok(_) => {
                    self.1.fetch_add(
                        1 + usize::from(Image::is_last(&frame)) * 1_000,
                        Ordering::Relaxed,
                    );
                    Ok(())
                }
                Err(_) => Err(frame),
            }
        }

        fn is_gone(&self) -> bool {
            self.0.load(Ordering::Relaxed) == usize::MAX
        }
    }

    fn state() -> State {
        let settings = AggregateSettings::new(Width::DEFAULT, 60_000, &[]).unwrap();
        State::new(settings, IdKeys::FIXED, START)
    }

    #[test]
    fn frames_wait_for_room_and_nobody_waits_for_them() {
        let (mut state, alerts, clock) = (state(), Watch::none(), Clock::system());
        let requests: Mailbox<Box<dyn FrameSink>> = Mailbox::new(2);
        let mut imaging = Imaging::new(requests.clone());
        assert!(!imaging.work(&mut state, &alerts, &clock, 0));
        let room = Room::default();
        requests.post(Box::new(room.clone()));
        for _ in 0..20 {
            assert!(!imaging.work(&mut state, &alerts, &clock, 0), "no room");
        }
        assert!(state.is_writing_image());
        for _ in 0..20 {
            room.0.store(1, Ordering::Relaxed);
            while imaging.work(&mut state, &alerts, &clock, 0) {}
        }
        assert!(!state.is_writing_image());
        assert!(room.1.load(Ordering::Relaxed) > 1_002, "to the last one");

        room.0.store(1, Ordering::Relaxed);
        requests.post(Box::new(room.clone()));
        imaging.work(&mut state, &alerts, &clock, 0);
        assert!(state.is_writing_image());
        room.0.store(usize::MAX, Ordering::Relaxed);
        assert!(!imaging.work(&mut state, &alerts, &clock, 0));
        assert!(!state.is_writing_image(), "nobody wants the rest");
    }
}
