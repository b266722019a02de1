//! Where the elements of a posted text lie: one object, several with or without line feeds between
//! them, or one array of objects.
//!
//! Only what stands between them is judged here; what each of them is worth its decoder says.

use std::ops::Range;

use super::walk::Walk;
use super::walk::WalkEnd;
use crate::event::Reject;

/// Walks a text from element to element. It keeps no part of the text, so an element can be rewritten
/// before the next one is looked for.
#[derive(Clone, Debug, Default)]
pub struct Elements {
    /// Behind the latest element, and where a fault was met.
    at: usize,
    place: Place,
    /// Whether the latest fault was none of an array.
    is_between_lines: bool,
}

/// What may stand at the place that was reached.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Place {
    /// An array, or the first of several elements.
    #[default]
    Start,
    /// A further element, or the end.
    Further,
    /// The first element of an array, or its end.
    First,
    /// An element of an array.
    Next,
    /// A comma or the end of an array.
    AfterElement,
    /// The end of the text.
    AfterArray,
    /// Nothing any more.
    Over,
}

/// Why there is no further element where the text goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ElementFault {
    /// There is nothing in the text at all.
    Empty,
    /// Something else than an object stands there.
    NotObject,
    /// The text ends inside of it.
    Cut,
    /// Its brackets do not fit, or a line ends inside a string.
    Broken,
    /// What stands after it separates no elements.
    Between,
}

impl ElementFault {
    /// What is wrong, in words.
    pub const fn words(self) -> &'static str {
        match self {
            Self::Empty => "there is nothing in it",
            Self::NotObject => "not a JSON object",
            Self::Cut => "not JSON: it ends in the middle",
            Self::Broken => "not JSON: its brackets or quotes do not fit",
            Self::Between => "not JSON: followed by what separates no elements",
        }
    }

    /// The reason that it is counted by.
    pub const fn reason(self) -> Reject {
        match self {
            Self::NotObject => Reject::Shape,
            Self::Empty | Self::Cut | Self::Broken | Self::Between => Reject::NotJson,
        }
    }
}

impl Elements {
    /// Where the next element lies; `None` after the last one, and after a fault.
    pub fn next(&mut self, text: &[u8]) -> Option<Result<Range<usize>, ElementFault>> {
        let found = self.look(text);
        if !matches!(found, Some(Ok(_))) {
            self.is_between_lines = matches!(self.place, Place::Start | Place::Further);
            self.place = Place::Over;
        }
        found
    }

    /// The place that was reached: behind the latest element, and after a fault where that is.
    pub const fn at(&self) -> usize {
        self.at
    }

    /// Goes on after a fault, for whoever wants to know of all: at the next line that begins with an
    /// object. False where there is none, and inside of an array.
    pub fn resume(&mut self, text: &[u8]) -> bool {
        let rest = text.get(self.at..).unwrap_or_default();
        let next = rest.windows(2).position(|two| two == b"\n{");
        let Some(line_end) = next.filter(|_| self.is_between_lines) else {
            return false;
        };
        self.at += line_end + 1;
        self.place = Place::Further;
        true
    }

    fn look(&mut self, text: &[u8]) -> Option<Result<Range<usize>, ElementFault>> {
        loop {
            let rest = text.get(self.at..).unwrap_or_default();
            let space = rest.iter().take_while(|byte| is_space(**byte)).count();
            self.at += space;
            let byte = rest.get(space).copied();
            self.place = match (self.place, byte) {
                (Place::Start, None) => return Some(Err(ElementFault::Empty)),
                (Place::Over | Place::Further | Place::AfterArray, None) | (Place::Over, _) => {
                    return None;
                }
                (_, None) => return Some(Err(ElementFault::Cut)),
                (Place::Start, Some(b'[')) => Place::First,
                (Place::First | Place::AfterElement, Some(b']')) => Place::AfterArray,
                (Place::AfterElement, Some(b',')) => Place::Next,
                (Place::AfterElement | Place::AfterArray, _) => {
                    return Some(Err(ElementFault::Between));
                }
                (Place::Start | Place::Further, Some(b'{')) => {
                    return Some(self.element(text, Place::Further));
                }
                (Place::First | Place::Next, Some(b'{')) => {
                    return Some(self.element(text, Place::AfterElement));
                }
                (Place::Start | Place::Further | Place::First | Place::Next, _) => {
                    return Some(Err(ElementFault::NotObject));
                }
            };
            self.at += 1;
        }
    }

    fn element(&mut self, text: &[u8], then: Place) -> Result<Range<usize>, ElementFault> {
        let start = self.at;
        let (bytes, end) = Walk::default().walk(text.get(start..).unwrap_or_default());
        self.place = then;
        match end {
            WalkEnd::Whole => {
                self.at = start + bytes;
                Ok(start..self.at)
            }
            WalkEnd::Open => Err(ElementFault::Cut),
            WalkEnd::Broken => Err(ElementFault::Broken),
        }
    }
}

const fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\r' | b'\n')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &[&str], fault: Option<ElementFault>) {
        let mut elements = Elements::default();
        let mut found = Vec::new();
        let end = loop {
            match elements.next(text.as_bytes()) {
                Some(Ok(range)) => found.push(&text[range]),
                Some(Err(fault)) => break Some(fault),
                None => break None,
            }
        };
        assert_eq!((&found[..], end), (expected, fault), "{text:?}");
        assert_eq!(elements.next(text.as_bytes()), None, "{text:?}");
    }

    #[test]
    fn elements_lie_in_an_array_or_one_after_the_other() {
        check("{}", &["{}"], None);
        check(" {\"a\":\n1} ", &["{\"a\":\n1}"], None);
        check("{}\n{}\r\n\n{}\n", &["{}", "{}", "{}"], None);
        check("{}{}", &["{}", "{}"], None);
        check("[]", &[], None);
        check("\n[ {}\n,{\"a\":[{}]} ]\n", &["{}", "{\"a\":[{}]}"], None);
    }

    #[test]
    fn what_stands_between_them_is_judged() {
        use ElementFault::*;
        check("", &[], Some(Empty));
        check(" \n", &[], Some(Empty));
        check("1", &[], Some(NotObject));
        check("\u{feff}{}", &[], Some(NotObject));
        check("\"{}\"", &[], Some(NotObject));
        check("[", &[], Some(Cut));
        check("[{}", &["{}"], Some(Cut));
        check("[{},", &["{}"], Some(Cut));
        check("[{},]", &["{}"], Some(NotObject));
        check("[,{}]", &[], Some(NotObject));
        check("[{}{}]", &["{}"], Some(Between));
        check("[[{}]]", &[], Some(NotObject));
        check("[{},1]", &["{}"], Some(NotObject));
        check("[{}]{}", &["{}"], Some(Between));
        check("[{}]]", &["{}"], Some(Between));
        check("{},{}", &["{}"], Some(NotObject));
        check("{}[{}]", &["{}"], Some(NotObject));
        check("{}\n{\"a\":", &["{}"], Some(Cut));
        check("{}\n{\"a\":\"\n\"}", &["{}"], Some(Broken));
        check("{\"a\":[1}]", &[], Some(Broken));
    }

    #[test]
    fn after_a_fault_it_goes_on_with_the_next_line() {
        let check = |text: &str, expected: &[&str]| {
            let mut elements = Elements::default();
            let mut found = Vec::new();
            loop {
                match elements.next(text.as_bytes()) {
                    Some(Ok(range)) => found.push(text[range].to_owned()),
                    Some(Err(_)) => {
                        found.push(format!("fault at {}", elements.at()));
                        if !elements.resume(text.as_bytes()) {
                            break;
                        }
                    }
                    None => break,
                }
            }
            assert_eq!(found, expected, "{text:?}");
        };
        check("{}\noops\n{}", &["{}", "fault at 3", "{}"]);
        check("{\"a\":\"\n{}\n", &["fault at 0", "{}"]);
        check("{\"a\":\n{}\n{}", &["fault at 0", "{}", "{}"]);
        check("{} {x\n{}", &["{}", "fault at 3", "{}"]);
        check("a,b\n1,2\n", &["fault at 0"]);
        check("[{},1,{}]\n{}", &["{}", "fault at 4"]);
        check("[{}]\n{}", &["{}", "fault at 5"]);
        check("", &["fault at 0"]);
    }
}
