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

/// Looks for one that nobody holds any more. Mostly the first will do, since readers let go in about the
/// order in which values were retired; but a cut of all groups may be held for a second.
const LOOKS: usize = 32;

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

    /// A shared value, to be changed: replaced by a copy of itself first if somebody else holds it.
    pub fn make_mut<'a>(&mut self, value: &'a mut Arc<T>) -> &'a mut T
    where
        T: Clone,
    {
        if Arc::get_mut(value).is_none() {
            let copy = self.refill(|copy| copy.clone_from(value));
            let old = std::mem::replace(value, copy);
            self.retire(old);
        }
        match Arc::get_mut(value) {
            Some(value) => value,
            None => unreachable!("a value that nobody else holds has one owner"),
        }
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

    /// What is kept, whether somebody else holds it or not.
    pub fn kept(&self) -> impl Iterator<Item = &T> {
        self.kept.iter().map(|value| &**value)
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

    #[test]
    fn what_is_shared_is_copied_before_it_changes() {
        let mut retired: Retired<Vec<u32>> = Retired::new(2);
        let mut value = Arc::new(vec![1]);
        retired.make_mut(&mut value).push(2);
        let published = Arc::clone(&value);
        retired.make_mut(&mut value).push(3);
        retired.make_mut(&mut value).push(4);
        assert_eq!((&*published, &*value), (&vec![1, 2], &vec![1, 2, 3, 4]));
        assert_eq!(retired.kept().count(), 1);
        drop(published);
        let published = Arc::clone(&value);
        retired.make_mut(&mut value).push(5);
        assert_eq!((published.len(), &*value), (4, &vec![1, 2, 3, 4, 5]));
        assert_eq!(retired.kept().count(), 1, "the first was used again");
    }
}
