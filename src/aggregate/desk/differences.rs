//! What one reading of a conversation has and another one has not.

/// What is in one of two ordered lists and not in the other; `true` with what is gone.
pub(super) fn differences<T: Ord>(before: &[T], after: &[T], mut each: impl FnMut(&T, bool)) {
    let (mut gone, mut new) = (before.iter().peekable(), after.iter().peekable());
    loop {
        match (gone.peek(), new.peek()) {
            (Some(old), Some(other)) if old == other => {
                gone.next();
                new.next();
            }
            (Some(old), other) if other.is_none_or(|other| old < other) => {
                each(old, true);
                gone.next();
            }
            (_, Some(other)) => {
                each(other, false);
                new.next();
            }
            (_, None) => return,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn differences_of_ordered_lists() {
        let check = |before: &[u8], after: &[u8], expected: &[(u8, bool)]| {
            let mut found = Vec::new();
            differences(before, after, |each, is_gone| found.push((*each, is_gone)));
            assert_eq!(found, expected);
        };
        check(&[], &[], &[]);
        check(&[1, 2, 2], &[1, 2, 2], &[]);
        check(&[1, 2, 2], &[2, 3], &[(1, true), (2, true), (3, false)]);
        check(&[], &[1, 1], &[(1, false), (1, false)]);
        check(&[4], &[1], &[(1, false), (4, true)]);
    }
}
