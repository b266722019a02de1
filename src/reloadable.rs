//! A setting that can be replaced while it is read. Readers take no lock.

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
        self.0.swap(Arc::new(value))
    }
}

impl<T> Clone for Reloadable<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
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
    }
}
