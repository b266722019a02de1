//! One value on simd-json's tape, and the way from it to those inside of it.
//!
//! A tape is flat: an object's or an array's node is followed by what is in it, and says how many nodes
//! that is, so what is not wanted is skipped in one step.

use simd_json::Node;
use simd_json::StaticNode;

/// One value on the tape.
#[derive(Clone, Copy)]
pub(super) struct Value<'tape, 'input> {
    node: &'tape Node<'input>,
    /// The nodes inside an object or array; empty for others.
    inside: &'tape [Node<'input>],
}

impl<'tape, 'input> Value<'tape, 'input> {
    /// The value that a whole tape holds.
    pub(super) fn root(nodes: &'tape [Node<'input>]) -> Option<Self> {
        let (node, inside) = nodes.split_first()?;
        Some(Self { node, inside })
    }

    /// What stands behind a key; `None` where there is none, and for what is no object.
    ///
    /// # Errors
    /// The key stands there twice.
    pub(super) fn get(self, key: &str) -> Result<Option<Self>, Twice> {
        let mut found = None;
        for (name, value) in self.fields() {
            if name == key && found.replace(value).is_some() {
                return Err(Twice);
            }
        }
        Ok(found)
    }

    /// What the steps lead to: keys of objects, places in arrays.
    ///
    /// # Errors
    /// One of the keys stands twice in its object.
    pub(super) fn at<S: AsRef<str>>(self, steps: &[S]) -> Result<Option<Self>, Twice> {
        let mut value = self;
        for step in steps {
            let step = step.as_ref();
            let next = match value.node {
                Node::Array { .. } => place(step).and_then(|place| value.items().nth(place)),
                _ => value.get(step)?,
            };
            let Some(next) = next else { return Ok(None) };
            value = next;
        }
        Ok(Some(value))
    }

    /// The items of an array; none for other values.
    pub(super) fn items(self) -> Items<'tape, 'input> {
        let is_array = matches!(self.node, Node::Array { .. });
        Items(if is_array { self.inside } else { &[] })
    }

    pub(super) fn text(self) -> Option<&'input str> {
        match self.node {
            Node::String(text) => Some(text),
            _ => None,
        }
    }

    /// A number without fraction and exponent, if it is 0 or more.
    pub(super) fn integer(self) -> Option<u64> {
        match *self.node {
            Node::Static(StaticNode::U64(number)) => Some(number),
            // Written with a minus, so only -0 is left.
            Node::Static(StaticNode::I64(number)) => u64::try_from(number).ok(),
            _ => None,
        }
    }

    pub(super) fn is_object(self) -> bool {
        matches!(self.node, Node::Object { .. })
    }

    pub(super) fn is_true(self) -> bool {
        matches!(self.node, Node::Static(StaticNode::Bool(true)))
    }

    pub(super) fn is_null(self) -> bool {
        matches!(self.node, Node::Static(StaticNode::Null))
    }

    /// The fields of an object; none for other values.
    pub(super) fn fields(self) -> Fields<'tape, 'input> {
        Fields(if self.is_object() { self.inside } else { &[] })
    }
}

/// The keys and values of an object, in their order.
pub(super) struct Fields<'tape, 'input>(&'tape [Node<'input>]);

impl<'tape, 'input> Fields<'tape, 'input> {
    /// Of the nodes inside an object.
    pub(super) const fn of(inside: &'tape [Node<'input>]) -> Self {
        Self(inside)
    }
}

/// A key that is read stands twice in its object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Twice;

impl<'tape, 'input> Iterator for Fields<'tape, 'input> {
    type Item = (&'input str, Value<'tape, 'input>);

    fn next(&mut self) -> Option<Self::Item> {
        let [Node::String(key), rest @ ..] = self.0 else {
            return None;
        };
        let (value, rest) = first(rest)?;
        self.0 = rest;
        Some((key, value))
    }
}

/// The items of an array, in their order.
pub(super) struct Items<'tape, 'input>(&'tape [Node<'input>]);

impl<'tape, 'input> Iterator for Items<'tape, 'input> {
    type Item = Value<'tape, 'input>;

    fn next(&mut self) -> Option<Self::Item> {
        let (value, rest) = first(self.0)?;
        self.0 = rest;
        Some(value)
    }
}

/// The value that nodes begin with, and what follows it.
fn first<'tape, 'input>(
    nodes: &'tape [Node<'input>],
) -> Option<(Value<'tape, 'input>, &'tape [Node<'input>])> {
    let (node, rest) = nodes.split_first()?;
    let inside_count = match node {
        Node::Object { count, .. } | Node::Array { count, .. } => *count,
        Node::String(_) | Node::Static(_) => 0,
    };
    let (inside, rest) = rest.split_at_checked(inside_count)?;
    Some((Value { node, inside }, rest))
}

/// A place in an array as a JSON pointer writes it: no sign and no leading zero.
fn place(step: &str) -> Option<usize> {
    let is_plain = step == "0" || !step.starts_with(['0', '+']);
    is_plain.then(|| step.parse().ok()).flatten()
}
