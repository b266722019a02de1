use proptest::collection::vec;
use proptest::prelude::*;

use super::*;

/// Values of every size; small ones repeat.
fn values() -> impl Strategy<Value = Vec<u64>> {
    let value = prop_oneof![0..300_u64, 0..100_000_u64, any::<u64>()];
    vec(value, 0..40)
}

/// The same values, in either kind of storage.
fn stored(values: &[u64], is_dense: bool) -> Histogram {
    let mut histogram = if is_dense {
        Histogram::dense()
    } else {
        Histogram::default()
    };
    values.iter().for_each(|value| histogram.record(*value));
    histogram
}

fn sum(parts: &[&Histogram], is_dense: bool) -> Histogram {
    let mut sum = stored(&[], is_dense);
    parts.iter().for_each(|part| sum.add(part));
    sum
}

proptest! {
    #[test]
    fn parts_add_up_to_the_whole_in_any_order_and_storage(
        parts in [values(), values(), values()],
        dense in any::<[bool; 5]>(),
    ) {
        let whole = stored(&parts.concat(), dense[0]);
        let [a, b, c] = [0, 1, 2].map(|part| stored(&parts[part], dense[part]));
        prop_assert_eq!(&sum(&[&a, &b, &c], dense[3]), &whole);
        prop_assert_eq!(&sum(&[&c, &a, &b], dense[3]), &whole);
        let pair = sum(&[&b, &c], dense[4]);
        prop_assert_eq!(&sum(&[&a, &pair], dense[3]), &whole);
        prop_assert_eq!(&sum(&[&whole, &Histogram::default()], dense[3]), &whole);
    }

    #[test]
    fn what_ascends_is_counted_like_anything_else(
        mut values in values(),
        kept in values(),
        is_dense in any::<bool>(),
    ) {
        values.sort_unstable();
        let expected = stored(&[&kept[..], &values].concat(), is_dense);
        let mut histogram = stored(&kept, is_dense);
        // Some of them are below what it holds: slower, and counted all the same.
        histogram.record_ascending(values);
        prop_assert_eq!(histogram, expected);
    }

    #[test]
    fn what_was_added_can_be_subtracted(
        (kept, gone) in (values(), values()),
        dense in any::<[bool; 3]>(),
    ) {
        let (rest, part) = (stored(&kept, dense[0]), stored(&gone, dense[1]));
        let mut all = stored(&[kept, gone].concat(), dense[2]);
        all.subtract(&part, rest.max());
        prop_assert_eq!(&all, &rest);
        let copy = all.clone();
        all.subtract(&rest, 0);
        prop_assert_eq!(&all, &Histogram::default());
        // Emptied and refilled memory shows nothing of what it held.
        all.refill(&part);
        prop_assert_eq!(&all, &part);
        all.clone_from(&copy);
        prop_assert_eq!(&all, &rest);
    }

    #[test]
    fn a_quantile_is_at_most_one_percent_above_the_exact_value(
        mut values in values(),
        is_dense in any::<bool>(),
    ) {
        let histogram = stored(&values, is_dense);
        values.sort_unstable();
        let max = values.last().copied().unwrap_or(0);
        prop_assert_eq!((histogram.count(), histogram.max()), (values.len() as u64, max));
        let asked = [(Quantile::P50, 50), (Quantile::P90, 90), (Quantile::P99, 99)];
        for (quantile, percent) in asked {
            let rank = (values.len() * percent).div_ceil(100);
            let exact = rank.checked_sub(1).map_or(0, |place| values[place]);
            let found = histogram.quantile(quantile);
            prop_assert!(exact <= found && found <= max, "{} for {}", found, exact);
            prop_assert!(u128::from(found - exact) * 128 <= u128::from(exact), "{} for {}", found, exact);
        }
        let [p50, p999] = histogram.quantiles([Quantile::P50, Quantile::P999]);
        prop_assert_eq!(p50, histogram.quantile(Quantile::P50));
        prop_assert_eq!(p999, histogram.quantile(Quantile::P999));
    }

    #[test]
    fn a_fine_one_is_within_a_thousandth(value in any::<u64>()) {
        let mut histogram = FineHistogram::default();
        histogram.record_n(value, 3);
        let (bound, count) = histogram.cells().next().unwrap();
        prop_assert_eq!(count, 3);
        prop_assert!(bound >= value && u128::from(bound - value) * 1_024 <= u128::from(value));
        prop_assert_eq!(histogram.quantile(Quantile::P50), value);
    }
}

#[test]
fn more_than_a_list_can_count_is_counted_in_a_row() {
    let many = u64::from(u32::MAX);
    let mut histogram = Histogram::default();
    histogram.record_n(7, many);
    histogram.record_n(7, 2);
    histogram.record(1_000_000);
    assert_eq!((histogram.count(), histogram.max()), (many + 3, 1_000_000));
    let mut copy = Histogram::default();
    copy.refill(&histogram);
    assert_eq!(copy, histogram);
    assert_eq!(copy.cells().next(), Some((7, many + 2)));
    assert_eq!(copy.quantile(Quantile::P999), 7);
}

#[test]
fn lists_that_are_more_than_one_can_count_add_up() {
    let mut sum = Histogram::default();
    let mut part = Histogram::default();
    for histogram in [&mut sum, &mut part] {
        histogram.record_n(7, u64::from(u32::MAX));
        histogram.record(1_000_000);
    }
    sum.add(&part);
    let counts: Vec<u64> = sum.cells().map(|(_, count)| count).collect();
    assert_eq!(counts, [2 * u64::from(u32::MAX), 2]);
}

#[test]
fn an_empty_one_has_zeros() {
    for histogram in [Histogram::default(), Histogram::dense()] {
        assert!(histogram.is_empty());
        assert_eq!((histogram.quantile(Quantile::P99), histogram.max()), (0, 0));
        assert_eq!(histogram.bytes(), 0);
    }
}

#[test]
fn memory_is_that_of_the_cells_with_values() {
    let sparse = stored(&[5, 5, 5, 1 << 40], false);
    assert!(sparse.bytes() <= 8 * 4, "{}", sparse.bytes());
    let mut dense = stored(&[600, 700, 900], true);
    let bytes = dense.bytes();
    // A power of two of 128 cells, at most two blocks of 64.
    assert!(bytes <= 8 * 2 * 128, "{bytes}");
    dense.clear();
    dense.record(650);
    assert_eq!(dense.bytes(), bytes, "memory is kept");
}
