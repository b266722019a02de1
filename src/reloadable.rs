//! A value that can be replaced while it is read: a setting, the newest snapshot. Readers take no lock.
//!
//! This is the one file that names `arc_swap`.

use std::sync::Arc;

use arc_swap::ArcSwap;

/// A value in force; all clones are of the same one.
#[derive(Debug)]
pub struct Reloadable<T>(Arc<ArcSwap<T>>);

impl<T> Reloadable<T> {
    /// A value that is in force from now on.
    pub fn new(value: T) -> Self {
        Self(Arc::new(ArcSwap::from_pointee(value)))
    }

    /// The value in force. Load it once for what has to be of one piece.
    pub fn load(&self) -> Arc<T> {
        self.0.load_full()
    }

    /// Puts another value in its place and gives the one before.
    pub fn replace(&self, value: T) -> Arc<T> {
        self.swap(Arc::new(value))
    }

    /// The same for a value that is shared already.
    pub fn swap(&self, value: Arc<T>) -> Arc<T> {
        self.0.swap(value)
    }

    /// Replaces the value by what `change` makes of it; called again where another change came first.
    pub fn update(&self, change: impl Fn(&T) -> T) {
        self.0.rcu(|value| change(value));
    }
}

impl<T> Clone for Reloadable<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<T: Default> Default for Reloadable<T> {
    fn default() -> Self {
        Self::new(T::default())
    }
}

impl<T> From<T> for Reloadable<T> {
    fn from(value: T) -> Self {
        Self::new(value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_clone_sees_what_replaces_a_value() {
        let one = Reloadable::new(1);
        let other = one.clone();
        let held = one.load();
        assert_eq!(*other.replace(2), 1);
        assert_eq!((*one.load(), *other.load(), *held), (2, 2, 1));
        one.update(|value| value + 5);
        assert_eq!(*other.load(), 7);
    }
}
