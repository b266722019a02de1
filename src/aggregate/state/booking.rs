//! Where the connect of a row is booked.

use crate::aggregate::sessions::Row;
use crate::aggregate::timeline::Booking;
use crate::time::EpochMs;

impl Booking {
    /// The booking of a connect that comes now.
    pub(super) const fn new(time: EpochMs) -> Self {
        Self {
            time,
            in_buckets: true,
            in_groups: true,
        }
    }

    /// That of an open row.
    pub(super) fn of(row: &Row) -> Self {
        Self {
            time: row.booked(),
            in_buckets: row.in_buckets,
            in_groups: row.in_groups,
        }
    }

    /// The same, unless it is not there.
    pub(super) const fn unless(self, is_missing: bool) -> Self {
        Self {
            time: self.time,
            in_buckets: self.in_buckets && !is_missing,
            in_groups: self.in_groups && !is_missing,
        }
    }
}
