//! Names of sources that were read, kept for the life of the process: those that are written in the
//! program live as long.

use std::sync::OnceLock;

/// Names kept at the most, and the bytes of one.
const NAMES_MAX: usize = 256;
const BYTES_MAX: usize = 64;

/// A list that only grows.
#[derive(Debug)]
struct Node {
    name: &'static str,
    next: OnceLock<Box<Self>>,
}

static FIRST: OnceLock<Box<Node>> = OnceLock::new();

/// The kept name that equals a text; `None` where that is too long or there are too many.
pub(super) fn of(text: &str) -> Option<&'static str> {
    if text.is_empty() {
        return Some("");
    }
    if text.len() > BYTES_MAX {
        return None;
    }
    let mut place = &FIRST;
    for _ in 0..NAMES_MAX {
        let node = place.get_or_init(|| {
            Box::new(Node {
                name: Box::leak(text.into()),
                next: OnceLock::new(),
            })
        });
        if node.name == text {
            return Some(node.name);
        }
        place = &node.next;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_kept_once() {
        let (first, second) = (of("a source"), of("another"));
        assert_eq!((first, second), (Some("a source"), Some("another")));
        assert!(std::ptr::eq(first.unwrap(), of("a source").unwrap()));
        assert_eq!(of(&"x".repeat(BYTES_MAX + 1)), None);
    }
}
