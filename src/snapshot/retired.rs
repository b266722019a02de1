//! Shared values that were published and may still be read: the writer keeps them until nobody else
//! does, and fills them again. So readers never free what is big, and refilling allocates nothing.

use std::collections::VecDeque;
use std::sync::Arc;

/// Retired values, oldest first.
#[derive(Clone, Debug)]
pub struct Retired<T> {
    kept: VecDeque<Arc<T>>,
    kept_max: usize,
}

/// Looks for one that nobody holds any more. A few are enough: readers let go in about the order in
/// which values were retired.
const LOOKS: usize = 8;

impl<T: Default> Retired<T> {
    /// Keeps up to `kept_max` values; of more, the oldest is let go.
    pub const fn new(kept_max: usize) -> Self {
        Self {
            kept: VecDeque::new(),
            kept_max,
        }
    }

    /// A value that nobody else holds, changed by `fill`: a retired one if there is one, else a new one.
    pub fn refill(&mut self, fill: impl FnOnce(&mut T)) -> Arc<T> {
        let mut value = self.unshared().unwrap_or_default();
        match Arc::get_mut(&mut value) {
            Some(value) => fill(value),
            None => unreachable!("a value that nobody else holds has one owner"),
        }
        value
    }

    /// Keeps a value that was replaced.
    pub fn retire(&mut self, value: Arc<T>) {
        if self.kept.len() >= self.kept_max {
            self.kept.pop_front();
        }
        self.kept.push_back(value);
    }

    /// Keeps at most so many from now on.
    pub fn set_max(&mut self, kept_max: usize) {
        self.kept_max = kept_max;
        while self.kept.len() > kept_max {
            self.kept.pop_front();
        }
    }

    fn unshared(&mut self) -> Option<Arc<T>> {
        for _ in 0..self.kept.len().min(LOOKS) {
            let mut oldest = self.kept.pop_front()?;
            if Arc::get_mut(&mut oldest).is_some() {
                return Some(oldest);
            }
            self.kept.push_back(oldest);
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_read_is_not_refilled() {
        let mut retired: Retired<Vec<u32>> = Retired::new(2);
        let first = retired.refill(|value| value.push(1));
        let held = Arc::clone(&first);
        retired.retire(first);
        let second = retired.refill(|value| value.push(2));
        assert_eq!((&*held, &*second), (&vec![1], &vec![2]));
        drop(held);
        let third = retired.refill(|value| value.push(3));
        assert_eq!(*third, [1, 3], "nobody held the first any more");
        for value in [second, third, Arc::default()] {
            retired.retire(value);
        }
        assert_eq!(retired.kept.len(), 2);
    }
}
