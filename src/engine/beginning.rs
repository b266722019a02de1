//! What an engine begins with: nothing, or an image of one that is no more.

use super::EngineError;
use crate::aggregate::Image;
use crate::aggregate::State;
use crate::alert::WatchImage;
use crate::config::AggregateSettings;
use crate::event::IdKeys;
use crate::time::EpochMs;

/// What an engine begins with.
pub(super) struct Beginning {
    pub(super) state: State,
    pub(super) alerts: Option<WatchImage>,
    /// From which instance on new inputs are numbered.
    pub(super) next_instance: u64,
    /// The elapsed time that goes on.
    pub(super) elapsed_ns: u64,
}

impl Beginning {
    pub(super) fn new(
        image: Option<Image>,
        settings: AggregateSettings,
        started: EpochMs,
    ) -> Result<Self, EngineError> {
        let Some(mut image) = image else {
            let keys = IdKeys(random()?);
            return Ok(Self {
                state: State::new(settings, keys, started),
                alerts: None,
                next_instance: 0,
                elapsed_ns: 0,
            });
        };
        let (alerts, next_instance) = (image.take_alerts(), image.next_instance());
        let elapsed_ns = image.elapsed_ns();
        let mut state = State::restore(settings, image)?;
        state.begin_again();
        Ok(Self {
            state,
            alerts,
            next_instance,
            elapsed_ns,
        })
    }
}

/// Random numbers.
pub(super) fn random<const N: usize>() -> Result<[u64; N], EngineError> {
    let mut words = [0; N];
    for word in &mut words {
        *word = getrandom::u64().map_err(|_| EngineError::Random)?;
    }
    Ok(words)
}
