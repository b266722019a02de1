//! The cells: which values share one, and the greatest value of each.
//!
//! Values below `2^BITS` have a cell each; above, each power of two has `2^BITS` cells of one width, so
//! all values of a cell agree in their `BITS + 1` leading bits. They are the cells of an HdrHistogram of
//! two significant digits for 7 bits and of three for 10.

/// The cell of a value. Order: cells ascend with their values, without holes.
#[inline]
pub(super) fn cell_of<const BITS: u32>(value: u64) -> usize {
    let linear = 1 << BITS;
    if value < linear {
        return narrow(value);
    }
    let shift = value.ilog2() - BITS;
    // The leading bit names the power of two, the ones after it the cell within.
    ((shift as usize) << BITS) + narrow(value >> shift)
}

/// The greatest value of a cell: at most `2^-BITS` above any value in it.
pub(super) fn upper_bound<const BITS: u32>(cell: usize) -> u64 {
    let power = cell >> BITS;
    if power == 0 {
        return cell as u64;
    }
    let shift = power - 1;
    let leading = (cell - (shift << BITS)) as u64;
    // Not `((leading + 1) << shift) - 1`, which the last cell would overflow.
    (leading << shift) + ((1 << shift) - 1)
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "a value of at most eleven bits"
)]
const fn narrow(value: u64) -> usize {
    value as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Values of every size, dense among the small ones, and both sides of every power of two.
    fn values() -> impl Iterator<Item = u64> {
        let growing = std::iter::successors(Some(0_u64), |value| value.checked_add(1 + value / 97));
        let powers = (1..64).flat_map(|bit| [(1 << bit) - 1, 1 << bit, (1 << bit) + 1]);
        growing.chain(powers).chain([u64::MAX])
    }

    fn bounds_are_close<const BITS: u32>(parts: u128) {
        for value in values() {
            let bound = upper_bound::<BITS>(cell_of::<BITS>(value));
            assert!(bound >= value, "{value}");
            assert!(
                u128::from(bound - value) * parts <= u128::from(value),
                "{value} is reported as {bound}"
            );
        }
    }

    #[test]
    fn every_value_is_at_most_its_share_below_its_bound() {
        // Better than 1 % and 0.1 %.
        bounds_are_close::<7>(128);
        bounds_are_close::<10>(1_024);
    }

    fn cells_follow_each_other<const BITS: u32>() {
        let last = cell_of::<BITS>(u64::MAX);
        assert!(u16::try_from(last).is_ok());
        assert_eq!(upper_bound::<BITS>(last), u64::MAX);
        for cell in 1..=last {
            assert_eq!(cell_of::<BITS>(upper_bound::<BITS>(cell - 1) + 1), cell);
            assert_eq!(cell_of::<BITS>(upper_bound::<BITS>(cell)), cell);
        }
    }

    #[test]
    fn cells_are_in_order_and_without_holes() {
        cells_follow_each_other::<7>();
        cells_follow_each_other::<10>();
    }
}
