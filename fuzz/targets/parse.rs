//! The guided path against the tape: lines of a stream, one parser that learns from all of them.

use streamgauge::event::IdKeys;
use streamgauge::parse::Parser;

/// Every line, and then every line once more, means the same on both paths.
///
/// # Panics
/// When it does not.
pub(crate) fn run(bytes: &[u8]) {
    let mut guided = Parser::new(IdKeys::FIXED);
    let mut tape = Parser::reference(IdKeys::FIXED);
    for line in bytes
        .split(|byte| *byte == b'\n')
        .chain(bytes.split(|byte| *byte == b'\n'))
    {
        // The tape changes its input, so each gets a copy.
        let verdict = guided.parse(&mut line.to_vec());
        let expected = tape.parse(&mut line.to_vec());
        assert_eq!(verdict, expected, "{}", line.escape_ascii());
    }
}
