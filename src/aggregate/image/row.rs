//! A session's row as an image holds it: 68 bytes, little-endian.

use super::ImageFault;
use super::fault::ensure;
use crate::time::EpochMs;

/// Bytes of a row.
pub(in crate::aggregate) const ROW_BYTES: usize = 68;

/// A row. `next` and `previous` are its neighbours in the list it expires with: which of several equally
/// old rows goes first when there is no room follows from them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::aggregate) struct Row {
    pub(in crate::aggregate) slot: u32,
    pub(in crate::aggregate) key: [u64; 2],
    pub(in crate::aggregate) connected_ms: i64,
    /// The disconnect, or of an open row the newest message of its guest or of an agent.
    pub(in crate::aggregate) latest_ms: i64,
    pub(in crate::aggregate) messages: u32,
    pub(in crate::aggregate) seen_minute: u32,
    pub(in crate::aggregate) booked_back_ms: u32,
    /// How long before that its guest began to wait for a reply; `u32::MAX` where nobody waits.
    pub(in crate::aggregate) waited_ms: u32,
    pub(in crate::aggregate) next: u32,
    pub(in crate::aggregate) previous: u32,
    pub(in crate::aggregate) queue: u16,
    pub(in crate::aggregate) deployment: u16,
    pub(in crate::aggregate) loss_epoch: u16,
    /// The phase in the lowest two bits, then [`Row::IS_HASHED`] and its like.
    pub(in crate::aggregate) flags: u16,
}

impl Row {
    pub(in crate::aggregate) const PHASE: u16 = 3;
    pub(in crate::aggregate) const IS_HASHED: u16 = 4;
    pub(in crate::aggregate) const IN_BUCKETS: u16 = 8;
    pub(in crate::aggregate) const IN_GROUPS: u16 = 16;
    pub(in crate::aggregate) const IS_STRAY: u16 = 32;
    pub(in crate::aggregate) const HAS_REPLY: u16 = 64;
    pub(in crate::aggregate) const IS_BEFORE_QUEUE: u16 = 128;

    /// Whether a flag is set.
    pub(in crate::aggregate) const fn has(&self, flag: u16) -> bool {
        self.flags & flag != 0
    }

    /// Writes it behind other rows.
    pub(in crate::aggregate) fn write(&self, to: &mut Vec<u8>) {
        let mut bytes = [0; ROW_BYTES];
        let mut rest = &mut bytes[..];
        let mut put = |part: &[u8]| {
            let (place, after) = std::mem::take(&mut rest).split_at_mut(part.len());
            place.copy_from_slice(part);
            rest = after;
        };
        put(&self.slot.to_le_bytes());
        put(&self.key[0].to_le_bytes());
        put(&self.key[1].to_le_bytes());
        put(&self.connected_ms.to_le_bytes());
        put(&self.latest_ms.to_le_bytes());
        put(&self.messages.to_le_bytes());
        put(&self.seen_minute.to_le_bytes());
        put(&self.booked_back_ms.to_le_bytes());
        put(&self.waited_ms.to_le_bytes());
        put(&self.next.to_le_bytes());
        put(&self.previous.to_le_bytes());
        put(&self.queue.to_le_bytes());
        put(&self.deployment.to_le_bytes());
        put(&self.loss_epoch.to_le_bytes());
        put(&self.flags.to_le_bytes());
        to.extend_from_slice(&bytes);
    }

    /// Reads one.
    pub(super) fn read(bytes: &[u8; ROW_BYTES]) -> Result<Self, ImageFault> {
        let mut rest = &bytes[..];
        let row = Self {
            slot: u32::from_le_bytes(take(&mut rest)),
            key: [
                u64::from_le_bytes(take(&mut rest)),
                u64::from_le_bytes(take(&mut rest)),
            ],
            connected_ms: i64::from_le_bytes(take(&mut rest)),
            latest_ms: i64::from_le_bytes(take(&mut rest)),
            messages: u32::from_le_bytes(take(&mut rest)),
            seen_minute: u32::from_le_bytes(take(&mut rest)),
            booked_back_ms: u32::from_le_bytes(take(&mut rest)),
            waited_ms: u32::from_le_bytes(take(&mut rest)),
            next: u32::from_le_bytes(take(&mut rest)),
            previous: u32::from_le_bytes(take(&mut rest)),
            queue: u16::from_le_bytes(take(&mut rest)),
            deployment: u16::from_le_bytes(take(&mut rest)),
            loss_epoch: u16::from_le_bytes(take(&mut rest)),
            flags: u16::from_le_bytes(take(&mut rest)),
        };
        // An event may be ahead of the latest clock by what is allowed.
        let times = 0..=2 * EpochMs::MAX.ms();
        ensure(
            times.contains(&row.connected_ms) && times.contains(&row.latest_ms),
            "a session at a time that cannot be",
        )?;
        let since = row.latest_ms - i64::from(row.waited_ms);
        ensure(
            row.waited_ms == u32::MAX || since >= 0,
            "a guest who waits from a time that cannot be",
        )?;
        Ok(row)
    }
}

/// The next bytes, of which there are enough.
fn take<const N: usize>(rest: &mut &[u8]) -> [u8; N] {
    match rest.split_first_chunk() {
        Some((taken, after)) => {
            *rest = after;
            *taken
        }
        None => [0; N],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_fills_its_bytes_and_comes_back() {
        let row = Row {
            slot: 1,
            key: [2 << 60, 3],
            connected_ms: 4,
            latest_ms: 5,
            messages: 6,
            seen_minute: 7,
            booked_back_ms: 8,
            waited_ms: 4,
            next: u32::MAX,
            previous: 1 << 31,
            queue: 9,
            deployment: 10,
            loss_epoch: 11,
            flags: 0x0d0c,
        };
        let mut bytes = Vec::new();
        row.write(&mut bytes);
        let (bytes, _) = bytes.split_first_chunk().unwrap();
        assert_eq!(bytes[66..], [0x0c, 0x0d], "the last field ends the row");
        assert_eq!(Row::read(bytes), Ok(row));
        let far = Row {
            latest_ms: i64::MAX,
            ..row
        };
        let mut bytes = Vec::new();
        far.write(&mut bytes);
        assert!(Row::read(bytes.first_chunk().unwrap()).is_err());
    }
}
