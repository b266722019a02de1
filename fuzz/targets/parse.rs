//! The guided path against the tape: lines of a stream, one parser that learns from all of them.

use streamgauge::event::Actor;
use streamgauge::event::Definitions;
use streamgauge::event::Event;
use streamgauge::event::IdKeys;
use streamgauge::event::LabelsId;
use streamgauge::parse::Parser;
use streamgauge::parse::Verdict;

/// Every line, and then every line once more, means the same on both paths, with labels and without,
/// and whether its end is looked for first or not.
///
/// # Panics
/// When it does not.
pub(crate) fn run(bytes: &[u8]) {
    let mut guided = Parser::new(IdKeys::FIXED);
    let mut tape = Parser::reference(IdKeys::FIXED);
    let mut labelled = [
        Parser::new(IdKeys::FIXED).with_labels(),
        Parser::reference(IdKeys::FIXED).with_labels(),
    ];
    let lines = || {
        bytes
            .split(|byte| *byte == b'\n')
            .scan(bytes, |rest, line| {
                let from_here = *rest;
                *rest = rest.get(line.len() + 1..).unwrap_or_default();
                Some((line, from_here))
            })
    };
    for (line, from_here) in lines().chain(lines()) {
        // The tape changes its input, so each gets a copy.
        let expected = tape.parse(&mut line.to_vec());
        if let Some(read) = guided.recognize_line(from_here) {
            assert_eq!(read, (expected, line.len()), "{}", line.escape_ascii());
        }
        let verdict = guided.parse(&mut line.to_vec());
        assert_eq!(verdict, expected, "{}", line.escape_ascii());

        let [one, other] = labelled.each_mut().map(|parser| {
            let verdict = parser.parse(&mut line.to_vec());
            (verdict, told(parser, verdict))
        });
        assert_eq!(one, other, "{}", line.escape_ascii());
        assert_eq!(without_labels(one.0), expected, "{}", line.escape_ascii());
    }
}

/// All that the writer would get with an event.
fn told(parser: &mut Parser, verdict: Verdict) -> String {
    let mut definitions = Definitions::default();
    if let Verdict::Event(_) = verdict {
        parser.define(0, &mut definitions);
    }
    format!("{definitions:?}")
}

fn without_labels(verdict: Verdict) -> Verdict {
    match verdict {
        Verdict::Event(event) => Verdict::Event(Event {
            labels: LabelsId::NONE,
            actor: Actor::Unknown,
            ..event
        }),
        other => other,
    }
}
