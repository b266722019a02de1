//! The TOML file: `name = value` lines at the top level, the names those of the table of settings, and
//! `[[alert]]` and `[[push]]` tables.
//!
//! Turns values into the text a flag would have; what the text means is the setting's own reader's.

use std::path::Path;

use toml::Spanned;
use toml::de::DeTable;
use toml::de::DeValue;

use super::alert_table;
use super::alert_table::AlertEntry;
use super::error::quoted;
use super::exposure;
use super::push_table;
use super::push_table::PushEntry;
use super::setting::Kind;
use super::setting::Setting;
use super::small_file::SmallFile;
use super::table::SETTINGS;
use super::variables;

/// The key of the alerts, each a table of its own: `[[alert]]`.
const ALERT: &str = "alert";
/// The key of the endpoints for events, likewise.
const PUSH: &str = "push";
/// The greatest file, in bytes.
const BYTES_MAX: u64 = 1 << 20;

/// One line of the file that names a setting.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) setting: &'static Setting,
    /// The value as a flag would have it.
    pub(super) text: String,
    /// Where it stands, from 1.
    pub(super) line: usize,
}

/// What a file holds.
#[derive(Debug, Default)]
pub(super) struct Entries {
    /// The settings.
    pub(super) settings: Vec<Entry>,
    /// The alerts.
    pub(super) alerts: Vec<AlertEntry>,
    /// The endpoints for events.
    pub(super) pushes: Vec<PushEntry>,
    /// Who else can use the secrets in it, in one line.
    pub(super) warning: Option<String>,
    /// A line for each fault. A file that is no TOML has nothing else.
    pub(super) faults: Vec<String>,
}

impl Entries {
    fn faulty(faults: Vec<String>) -> Self {
        Self {
            faults,
            ..Self::default()
        }
    }
}

/// Reads a file.
pub(super) fn read(path: &Path) -> Entries {
    let name = path.display().to_string().escape_debug().to_string();
    let read =
        SmallFile::read(path, BYTES_MAX).and_then(|file| Ok((file.mode, SmallFile::text(file)?)));
    let (mode, text) = match read {
        Ok(read) => read,
        Err(why) => return Entries::faulty(vec![format!("config: {name}: {why}")]),
    };
    let (table, faults) = DeTable::parse_recoverable(&text);
    if !faults.is_empty() {
        // Of an error only the message: its display repeats the line, and a secret that may be in it.
        let lines = faults.iter().map(|fault| {
            let line = fault.span().map_or(1, |span| line_of(&text, span.start));
            let message = fault.message().escape_debug();
            format!("config: {name}:{line}: not TOML: {message}")
        });
        return Entries::faulty(lines.collect());
    }
    let mut entries = Entries::default();
    let mut lines = Vec::new();
    let fault = |line: usize, why: String| (line, format!("config: {name}:{line}: {why}"));
    for (key, value) in table.get_ref() {
        let line = line_of(&text, key.span().start);
        if key.get_ref() == ALERT {
            let line_of = |offset| line_of(&text, offset);
            let start = key.span().start;
            let (alerts, faults) = alert_table::read(value.get_ref(), start, line_of);
            entries.alerts = alerts;
            let faults = faults.into_iter();
            lines.extend(faults.map(|(offset, why)| fault(line_of(offset), why)));
            continue;
        }
        if key.get_ref() == PUSH {
            let line_of = |offset| line_of(&text, offset);
            let start = key.span().start;
            let (pushes, faults) = push_table::read(value.get_ref(), start, line_of);
            entries.pushes = pushes;
            let faults = faults.into_iter();
            lines.extend(faults.map(|(offset, why)| fault(line_of(offset), why)));
            continue;
        }
        match entry(key.get_ref(), value, line) {
            Ok(entry) => entries.settings.push(entry),
            Err(why) => lines.push(fault(line, why)),
        }
    }
    if entries.pushes.iter().any(|push| push.has_secret) {
        // A file with a secret in it is one of secrets.
        match exposure::judge(mode) {
            Ok(warning) => entries.warning = warning.map(|what| format!("config: {name}: {what}")),
            Err(why) => lines.push(fault(1, why)),
        }
    }
    // By line alone: faults of one line stand in the order in which they were met.
    lines.sort_by_key(|(line, _)| *line);
    entries.faults = lines.into_iter().map(|(_, line)| line).collect();
    entries
}

fn line_of(text: &str, offset: usize) -> usize {
    let before = text.as_bytes().get(..offset).unwrap_or_default();
    1 + before.iter().filter(|byte| **byte == b'\n').count()
}

fn entry(key: &str, value: &Spanned<DeValue<'_>>, line: usize) -> Result<Entry, String> {
    let name = quoted(key);
    let Some(setting) = Setting::by_name(key) else {
        let names = SETTINGS.iter().filter(|setting| setting.is_in_file());
        let hint = match variables::nearest(key, names.map(|setting| setting.name)) {
            Some(near) => format!("did you mean {near}?"),
            None => "`streamgauge check --help` lists them".to_owned(),
        };
        return Err(format!("{name}: unknown setting; {hint}"));
    };
    if setting.is_secret() {
        return Err(format!(
            "{name}: a secret has no place in a file of settings; name its own file by {key}-file"
        ));
    }
    if !setting.is_in_file() {
        return Err(format!("{name}: a file of settings cannot name another"));
    }
    let value = value.get_ref();
    let text = as_text(&setting.kind, value).ok_or_else(|| {
        format!(
            "{name}: of the wrong type, {}; write {}",
            value.type_str(),
            expected(&setting.kind)
        )
    })?;
    Ok(Entry {
        setting,
        text,
        line,
    })
}

fn as_text(kind: &Kind, value: &DeValue<'_>) -> Option<String> {
    match (kind, value) {
        (Kind::Switch(_), DeValue::Boolean(on)) => Some(on.to_string()),
        (Kind::Count(..), DeValue::Integer(number)) => {
            // One beyond every range stays a number that the range refuses.
            let parsed = i128::from_str_radix(number.as_str(), number.radix());
            Some(parsed.unwrap_or(i128::MAX).to_string())
        }
        (Kind::Lengths(..) | Kind::List(_), DeValue::Array(parts)) => {
            let parts: Option<Vec<&str>> =
                parts.iter().map(|part| part.get_ref().as_str()).collect();
            Some(parts?.join(","))
        }
        (Kind::Switch(_) | Kind::Count(..) | Kind::Lengths(..), _) => None,
        (_, DeValue::String(text)) => Some(text.to_string()),
        _ => None,
    }
}

const fn expected(kind: &Kind) -> &'static str {
    match kind {
        Kind::Switch(_) => "true or false",
        Kind::Count(..) => "a whole number",
        Kind::Lengths(..) => "a list of strings such as [\"10s\", \"1m\"]",
        Kind::List(_) => "a list of strings",
        Kind::Length(..) => "a string such as \"60s\"",
        Kind::Bytes(..) => "a string such as \"256MiB\"",
        _ => "a string",
    }
}
