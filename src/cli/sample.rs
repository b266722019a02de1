//! `streamgauge check --sample`: what would become of a file, on standard output as lines or as JSON.

use std::fmt;
use std::fmt::Write;
use std::fs::File;
use std::io;
use std::io::Read;
use std::path::Path;

use serde_json::Value;
use serde_json::json;

use super::Failure;
use super::output;
use super::output::Format;
use crate::config::ClockRule;
use crate::config::Loaded;
use crate::config::PushEndpoint;
use crate::config::Settings;
use crate::config::quoted;
use crate::sample::Ages;
use crate::sample::Answer;
use crate::sample::Body;
use crate::sample::BodyError;
use crate::sample::CameTo;
use crate::sample::Copied;
use crate::sample::Element;
use crate::sample::Look;
use crate::sample::Seen;
use crate::sample::Tally;
use crate::time::Clock;

/// Elements are written in pieces of this many bytes.
const PIECE_BYTES: usize = 64 << 10;

/// Shows what would become of a file that is posted to the endpoint of a name.
///
/// # Errors
/// Everything that is wrong with the settings, and an endpoint that is not there (usage); a file that
/// cannot be read, of which an element is refused, or nothing is counted.
pub(super) fn run(file: &Path, name: &str, format: Format, loaded: &Loaded) -> Result<(), Failure> {
    let endpoint = endpoint(loaded, name)?;
    let (body, shown_file) = read(file)?;
    let ages = loaded.settings.as_ref().ok().map(ages);
    let look = Look::new(endpoint, ages);
    let (tally, written) = match format {
        Format::Text => as_text(look, &body, endpoint, ages),
        Format::Json => as_json(look, &body, endpoint, &shown_file),
    };
    written?;
    if let Err(error) = &loaded.settings {
        return Err(Failure::Usage(error.to_string()));
    }
    judge(&tally, &shown_file)
}

/// The endpoint of a name, of which only its own table has to be right.
pub(super) fn endpoint<'a>(loaded: &'a Loaded, name: &str) -> Result<&'a PushEndpoint, Failure> {
    let mut endpoints = loaded.pushes.iter().map(|(endpoint, _)| endpoint);
    if let Some(endpoint) = endpoints.find(|endpoint| *endpoint.name == *name) {
        return Ok(endpoint);
    }
    let names: Vec<&str> = loaded.pushes.iter().map(|(push, _)| &*push.name).collect();
    let choice = match &names[..] {
        [] => "the settings have none; write a [[push]] table into the --config file".to_owned(),
        names => format!("choose {}", names.join(" or ")),
    };
    let name = quoted(name);
    let why = format!("--push: {name}: no endpoint of that name; {choice}");
    Err(Failure::Usage(match &loaded.settings {
        Ok(_) => why,
        // It may be there, and these lines say why it is not taken.
        Err(error) => format!("{error}\n{why}"),
    }))
}

fn read(file: &Path) -> Result<(Body, String), Failure> {
    let is_stdin = file == Path::new("-");
    let shown = match is_stdin {
        true => "standard input".to_owned(),
        false => file.display().to_string(),
    };
    let failed = |why: &dyn fmt::Display| Failure::Failed(format!("check: {shown}: {why}"));
    let input: Box<dyn Read> = match is_stdin {
        true => Box::new(io::stdin().lock()),
        false => {
            let hint = "name a file to look at, or - for standard input";
            if file.is_dir() {
                return Err(failed(&format!("is a directory; {hint}")));
            }
            let file = File::open(file).map_err(|error| failed(&format!("{error}; {hint}")))?;
            Box::new(file)
        }
    };
    match Body::read(input) {
        Ok(body) => Ok((body, shown)),
        Err(BodyError::Foreign(foreign)) => {
            // What unpacks it feeds this command as well as a replay.
            let why = foreign.to_string();
            Err(failed(&why.replace(
                "streamgauge replay -",
                "streamgauge check --push NAME --sample -",
            )))
        }
        Err(error) => Err(failed(&error)),
    }
}

/// Which times of events would count if the file was posted now.
fn ages(settings: &Settings) -> Ages {
    let aggregate = &settings.engine.aggregate;
    let skew_ms = match aggregate.clock {
        ClockRule::Wall { skew_ms } => skew_ms,
        ClockRule::Event { max_jump_ms } => max_jump_ms,
    };
    Ages {
        now: Clock::system().wall(),
        retained_ms: aggregate.retained_buckets() * u64::from(aggregate.width.ms()),
        skew_ms,
    }
}

/// Standard output, written in pieces.
struct Pieces {
    text: String,
    written: Result<(), Failure>,
}

impl Pieces {
    const fn new() -> Self {
        Self {
            text: String::new(),
            written: Ok(()),
        }
    }

    fn put(&mut self, text: impl fmt::Display) {
        let _ = write!(self.text, "{text}");
        if self.text.len() >= PIECE_BYTES {
            self.flush();
        }
    }

    fn flush(&mut self) {
        if self.written.is_ok() {
            self.written = output::data(&self.text).map(drop);
        }
        self.text.clear();
    }

    fn end(mut self) -> Result<(), Failure> {
        self.flush();
        self.written
    }
}

/// One line for each event, and for each element without any; then what all of it comes to.
fn as_text(
    look: Look<'_>,
    body: &Body,
    endpoint: &PushEndpoint,
    ages: Option<Ages>,
) -> (Tally, Result<(), Failure>) {
    let mut pieces = Pieces::new();
    let tally = look.over(body, |element| pieces.put(format_args!("{element}\n")));
    pieces.put(summary(body, &tally, endpoint, ages));
    (tally, pieces.end())
}

fn summary(body: &Body, tally: &Tally, endpoint: &PushEndpoint, ages: Option<Ages>) -> String {
    let mut text = format!("{tally}\n");
    let mut line = |line: &str| _ = writeln!(text, "{line}");
    if let Some((first, last)) = tally.times {
        line(&format!("times from {first} to {last}"));
    }
    for late in ages.iter().flat_map(|ages| ages.lines(tally)) {
        line(&late);
    }
    if tally.firehose > 0 {
        line(
            "requests of Firehose are known to the endpoint by their header x-amz-firehose-request-id",
        );
    }
    if body.has_mark {
        line("the file begins with a byte-order mark, which the endpoint refuses; post it without");
    }
    if tally.unread_bytes > 0 {
        line(&format!(
            "the last {} bytes were not looked at: what is refused last leaves no way on",
            tally.unread_bytes
        ));
    }
    if let Some(answer) = answer(body, tally, endpoint) {
        line(&format!("posted as one request: {answer}"));
    }
    text
}

fn answer(body: &Body, tally: &Tally, endpoint: &PushEndpoint) -> Option<Answer> {
    tally.answer(body.text.len(), Look::secret_at(endpoint))
}

/// A file of which something is refused, or nothing counted, is a failure.
fn judge(tally: &Tally, file: &str) -> Result<(), Failure> {
    let why = match tally {
        tally if tally.refused > 0 => format!(
            "{} of {} elements are refused; mend them, or the dialect or mapping of the endpoint",
            tally.refused, tally.elements
        ),
        tally if tally.events() == 0 => format!(
            "none of {} elements is counted; does the dialect or mapping of the endpoint fit?",
            tally.elements
        ),
        _ => return Ok(()),
    };
    Err(Failure::Failed(format!("check: {file}: {why}")))
}

/// One document, with an element on each line.
fn as_json(
    look: Look<'_>,
    body: &Body,
    endpoint: &PushEndpoint,
    file: &str,
) -> (Tally, Result<(), Failure>) {
    let mut pieces = Pieces::new();
    let (push, dialect) = (&*endpoint.name, endpoint.dialect.to_string());
    let (file, push, dialect) = (json!(file), json!(push), json!(dialect));
    pieces.put(format_args!(
        "{{\"file\":{file},\"push\":{push},\"dialect\":{dialect},\"elements\":["
    ));
    let mut between = "\n";
    let tally = look.over(body, |element| {
        pieces.put(format_args!("{between}{}", element_json(element)));
        between = ",\n";
    });
    let times = tally
        .times
        .map(|(first, last)| json!([first.to_string(), last.to_string()]));
    let summary = json!({
        "elements": tally.elements,
        "events": tally.events(),
        "connected": tally.connected,
        "disconnected": tally.disconnected,
        "messages": tally.messages,
        "legs": tally.legs,
        "empty": tally.empty,
        "ignored": tally.ignored,
        "refused": tally.refused,
        "copies": tally.copies,
        "firehoseRequests": tally.firehose,
        "unreadBytes": tally.unread_bytes,
        "times": times,
        "late": tally.late,
        "future": tally.future,
    });
    let answer = answer(body, &tally, endpoint)
        .map(|Answer { status, why }| json!({ "status": status, "why": why }));
    let answer = json!(answer);
    pieces.put(format_args!(
        "],\n\"summary\":{summary},\n\"answer\":{answer}}}\n"
    ));
    (tally, pieces.end())
}

fn element_json(element: &Element) -> Value {
    let place = element.place;
    let mut shown = json!({
        "line": place.line,
        "record": place.record,
        "element": place.index,
        "showsSecret": element.shows_secret,
        "namesRefused": element.names_refused,
    });
    match &element.came_to {
        CameTo::Events(events) => {
            shown["outcome"] = "events".into();
            shown["events"] = events.iter().map(event_json).collect();
        }
        CameTo::Ignored(why) => {
            shown["outcome"] = "ignored".into();
            shown["why"] = why.as_str().into();
        }
        CameTo::Refused(reason, why) => {
            shown["outcome"] = "refused".into();
            shown["reason"] = reason.label().into();
            shown["why"] = why.as_str().into();
        }
    }
    shown
}

fn event_json(event: &Seen) -> Value {
    let copy_of = match event.copied {
        Copied::Of(line) => Some(line),
        Copied::Known | Copied::Unknown => None,
    };
    json!({
        "kind": event.kind(),
        "time": event.time.to_string(),
        "session": event.session,
        "queue": event.queue,
        "deployment": event.deployment,
        "direction": event.direction(),
        "author": event.author(),
        "agent": event.leg.as_ref().and_then(|(_, agent)| agent.as_ref()),
        "copyOfLine": copy_of,
        "copiesCountOnce": event.copied != Copied::Unknown,
    })
}
