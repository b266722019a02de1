//! The layout of one payload, taken apart byte by byte: steps for the tree and parts for its tape.

use simd_json::Node;
use simd_json::StaticNode;

use super::Layouts;
use super::NONE;
use super::Part;
use super::Span;
use super::Step;
use super::Then;
use crate::parse::lanes::Integer;
use crate::parse::lanes::plain_text_end;

/// An object or array that is open.
#[derive(Clone, Copy, Debug)]
pub(super) struct Open {
    /// Its place among the parts.
    part: usize,
    is_object: bool,
    /// Keys or items so far.
    len: usize,
}

/// What stands in a payload at a place.
enum Token {
    Space,
    Open { is_object: bool },
    Close,
    Comma,
    Colon,
    Key { end: usize },
    Text { end: usize },
    Integer { end: usize },
    Fixed(StaticNode, usize),
}

impl Layouts {
    /// Adds the layout of a JSON text to the tree; what cannot be one is left out.
    pub(super) fn add(&mut self, payload: &[u8]) {
        let (parts, text, steps) = (self.parts.len(), self.text.len(), self.steps.len());
        let mut open = std::mem::take(&mut self.open);
        open.clear();
        let added = self.try_add(payload, &mut open);
        self.open = open;
        if added.is_none() {
            // Steps that were added hang on the tree and lead nowhere; without them nothing does.
            if self.steps.len() == steps {
                self.text.truncate(text);
            }
            self.parts.truncate(parts);
        }
    }

    fn try_add(&mut self, payload: &[u8], open: &mut Vec<Open>) -> Option<()> {
        let first_part = self.parts.len();
        let (mut at, mut literal, mut place) = (0, 0, None);
        let mut is_key = false;
        while let Some(byte) = payload.get(at) {
            let token = Token::at(payload, at, *byte, is_key)?;
            at += 1;
            match token {
                Token::Space | Token::Colon => {}
                Token::Comma => is_key = open.last()?.is_object,
                Token::Open { is_object } => {
                    count(open);
                    open.push(Open {
                        part: self.parts.len(),
                        is_object,
                        len: 0,
                    });
                    self.parts.push(Part::Value);
                    is_key = is_object;
                }
                Token::Close => {
                    let Open {
                        part,
                        is_object,
                        len,
                    } = open.pop()?;
                    let count = self.parts.len() - part - 1;
                    *self.parts.get_mut(part)? = Part::Ready(match is_object {
                        true => Node::Object { len, count },
                        false => Node::Array { len, count },
                    });
                    is_key = false;
                }
                Token::Key { end } => {
                    let key = self.keep(payload.get(at..end)?)?;
                    open.last_mut()?.len += 1;
                    self.parts.push(Part::Key(key));
                    at = end + 1;
                    is_key = false;
                }
                Token::Fixed(node, end) => {
                    count(open);
                    self.parts.push(Part::Ready(Node::Static(node)));
                    at = end;
                }
                Token::Text { end } | Token::Integer { end } => {
                    let (start, then) = match token {
                        Token::Text { .. } => (at, Then::Text),
                        _ => (at - 1, Then::Integer),
                    };
                    count(open);
                    place = Some(self.step(place, payload.get(literal..start)?, then)?);
                    self.parts.push(Part::Value);
                    (literal, at) = (end, end);
                    if then == Then::Text {
                        at += 1;
                    }
                }
            }
        }
        let then = Then::End(Span::new(first_part, self.parts.len())?);
        self.step(place, payload.get(literal..)?, then)?;
        Some(())
    }

    /// The step after another one with a literal and what follows: one that is there, or a new one.
    fn step(&mut self, after: Option<u32>, literal: &[u8], then: Then) -> Option<u32> {
        let first = match after {
            Some(after) => self.steps.get(after as usize)?.branch,
            None => self.first,
        };
        let mut next = first;
        while let Some(step) = self.steps.get(next as usize) {
            let is_same_kind = match (step.then, then) {
                (Then::End(_), Then::End(_)) => true,
                (one, other) => one == other,
            };
            if is_same_kind && step.literal.of(self.text.as_bytes()) == Some(literal) {
                // A payload that is known, and was not looked at because looks seldom pay now.
                let is_new = !matches!(then, Then::End(_));
                return is_new.then_some(next);
            }
            next = step.sibling;
        }
        let place = u32::try_from(self.steps.len()).ok()?;
        let literal = self.keep(literal)?;
        self.steps.push(Step {
            literal,
            then,
            branch: NONE,
            sibling: first,
        });
        match after {
            Some(after) => self.steps.get_mut(after as usize)?.branch = place,
            None => self.first = place,
        }
        Some(place)
    }

    fn keep(&mut self, text: &[u8]) -> Option<Span> {
        let start = self.text.len();
        self.text.push_str(str::from_utf8(text).ok()?);
        Span::new(start, self.text.len())
    }
}

/// Counts a value in the array that it stands in; in objects keys are counted.
fn count(open: &mut [Open]) {
    if let Some(last) = open.last_mut()
        && !last.is_object
    {
        last.len += 1;
    }
}

impl Token {
    /// The token at a place of a JSON text; `None` for what no layout has.
    fn at(payload: &[u8], at: usize, byte: u8, is_key: bool) -> Option<Self> {
        let fixed = |text: &[u8], node| {
            let end = at + text.len();
            (payload.get(at..end)? == text).then_some(Self::Fixed(node, end))
        };
        match byte {
            b' ' | b'\t' | b'\r' | b'\n' => Some(Self::Space),
            b'{' => Some(Self::Open { is_object: true }),
            b'[' => Some(Self::Open { is_object: false }),
            b'}' | b']' => Some(Self::Close),
            b',' => Some(Self::Comma),
            b':' => Some(Self::Colon),
            b'"' => {
                let end = plain_text_end(payload, at + 1)?;
                Some(match is_key {
                    true => Self::Key { end },
                    false => Self::Text { end },
                })
            }
            b'0'..=b'9' => {
                let end = Integer::find(payload, at)?.end;
                // Anything else goes on with the number.
                let is_whole = matches!(
                    payload.get(end)?,
                    b',' | b'}' | b']' | b' ' | b'\t' | b'\r' | b'\n'
                );
                is_whole.then_some(Self::Integer { end })
            }
            b't' => fixed(b"true", StaticNode::Bool(true)),
            b'f' => fixed(b"false", StaticNode::Bool(false)),
            b'n' => fixed(b"null", StaticNode::Null),
            _ => None,
        }
    }
}
