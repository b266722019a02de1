//! Numbers as people read them at a glance.

/// A count or a rate: whole below a thousand, then with three digits and a unit.
pub(super) fn count(number: f64) -> String {
    let size = number.abs();
    for (unit, name) in [(1e9, "G"), (1e6, "M"), (1e3, "k")] {
        // What would round up to a thousand of the smaller unit is one of the larger.
        if size >= unit * 0.9995 {
            return scaled(number / unit, name);
        }
    }
    if size > 0.0 && size < 10.0 && number.fract() != 0.0 {
        return format!("{number:.1}");
    }
    format!("{number:.0}")
}

/// Three digits of a number and its unit.
fn scaled(number: f64, unit: &str) -> String {
    let size = number.abs();
    if size < 9.995 {
        format!("{number:.2} {unit}")
    } else if size < 99.95 {
        format!("{number:.1} {unit}")
    } else {
        format!("{number:.0} {unit}")
    }
}

/// A length of time.
pub(super) fn time(ms: f64) -> String {
    let (sign, size) = if ms < 0.0 { ("-", -ms) } else { ("", ms) };
    if size == 0.0 {
        return "0 ms".to_owned();
    }
    if size < 0.9995 {
        return format!("{sign}{:.0} us", size * 1_000.0);
    }
    if size < 999.5 {
        return format!("{sign}{}", scaled(size, "ms"));
    }
    if size < 99_950.0 {
        return format!("{sign}{:.1} s", size / 1_000.0);
    }
    let minutes = (size / 60_000.0).floor();
    if minutes < 60.0 {
        let seconds = ((size - minutes * 60_000.0) / 1_000.0).floor();
        return format!("{sign}{minutes:.0}m {seconds:02.0}s");
    }
    let hours = (minutes / 60.0).floor();
    if hours < 48.0 {
        return format!("{sign}{hours:.0}h {:02.0}m", minutes - hours * 60.0);
    }
    let days = (hours / 24.0).floor();
    format!("{sign}{days:.0}d {:02.0}h", hours - days * 24.0)
}

/// A size in memory.
pub(super) fn bytes(number: f64) -> String {
    for (unit, name) in [
        (1_073_741_824.0, "GiB"),
        (1_048_576.0, "MiB"),
        (1_024.0, "KiB"),
    ] {
        if number >= unit {
            return scaled(number / unit, name);
        }
    }
    format!("{number:.0} B")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_three_digits_and_a_unit() {
        let check = |number: f64, text: &str| assert_eq!(count(number), text, "{number}");
        check(0.0, "0");
        check(0.5, "0.5");
        check(7.0, "7");
        check(999.0, "999");
        check(999.7, "1.00 k");
        check(1_234.0, "1.23 k");
        check(23_456.0, "23.5 k");
        check(999_900.0, "1.00 M");
        check(1_234_567_890.0, "1.23 G");
        check(-1_500.0, "-1.50 k");
    }

    #[test]
    fn times_and_sizes_have_their_units() {
        let check = |ms: f64, text: &str| assert_eq!(time(ms), text, "{ms}");
        check(0.0, "0 ms");
        check(0.25, "250 us");
        check(1.0, "1.00 ms");
        check(-125.0, "-125 ms");
        check(999.7, "1.0 s");
        check(59_950.0, "60.0 s");
        check(100_000.0, "1m 40s");
        check(3_600_000.0, "1h 00m");
        check(7_380_000.0, "2h 03m");
        check(1e9, "11d 13h");
        assert_eq!(bytes(512.0), "512 B");
        assert_eq!(bytes(1_536.0), "1.50 KiB");
        assert_eq!(bytes(300_000_000.0), "286 MiB");
    }
}
