//! Which groups a session belongs to.

use super::table::UNNAMED;
use crate::snapshot::Dimension;
use crate::snapshot::GroupId;

/// The groups of a session: those of its connect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::aggregate) struct Membership {
    pub(super) queue: GroupId,
    pub(super) deployment: GroupId,
}

impl Membership {
    /// The membership of a session that names neither queue nor deployment.
    pub(in crate::aggregate) const NONE: Self = Self {
        queue: UNNAMED,
        deployment: UNNAMED,
    };

    /// The numbers of queue and deployment, as an image holds them.
    pub(in crate::aggregate) const fn plain(self) -> [u16; 2] {
        [self.queue.0, self.deployment.0]
    }

    /// The membership of these numbers.
    pub(in crate::aggregate) const fn of_plain([queue, deployment]: [u16; 2]) -> Self {
        Self {
            queue: GroupId(queue),
            deployment: GroupId(deployment),
        }
    }

    pub(in crate::aggregate) const fn of(self, dimension: Dimension) -> GroupId {
        match dimension {
            Dimension::Queue => self.queue,
            Dimension::Deployment => self.deployment,
            Dimension::Direction => UNNAMED,
        }
    }
}
