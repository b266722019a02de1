//! Where every alert stands, as an image holds it.

use std::sync::Arc;

use serde::Deserialize;
use serde::Serialize;

use super::machine::Machine;
use crate::config::AlertRule;
use crate::snapshot::AlertHistory;
use crate::snapshot::Notifications;

/// The alerts of an image. Points in time are of elapsed time, which counts on after a restart.
#[derive(Debug, Serialize, Deserialize)]
pub struct WatchImage {
    pub(super) watched: Vec<(AlertRule, Machine)>,
    /// How often alerts that are watched no more had begun to fire.
    pub(super) gone: Vec<(Arc<str>, u64)>,
    pub(super) history: AlertHistory,
    pub(super) notifications: Notifications,
    pub(super) looked_ns: Option<u64>,
}
