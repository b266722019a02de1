//! The file of names: rows of `kind,id,name`, as spreadsheets write them.
//!
//! CSV by RFC 4180 in UTF-8, with or without a byte-order mark, lines ended by LF or CRLF. The first row
//! may be the heading `kind,id,name`. Empty rows and those that begin with `#` say nothing.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use super::alert::AlertBy;
use super::error::quoted;
use super::limits;
use super::names::Names;
use super::names::OWN;
use super::small_file::SmallFile;
use super::value;

/// Faults of one file that are reported one by one.
const FAULTS_MAX: usize = 10;

/// Reads a file of names.
///
/// # Errors
/// Every reason, one line each, with the line of the file; beyond ten only how many more.
pub(super) fn read(path: &Path) -> Result<Names, Vec<String>> {
    let file = SmallFile::read(path, limits::NAMES_FILE_BYTES_MAX);
    let text = file.and_then(SmallFile::text).map_err(|why| vec![why])?;
    parse(&text)
}

fn parse(text: &str) -> Result<Names, Vec<String>> {
    let mut faults = Vec::new();
    let mut rows: Vec<(AlertBy, Arc<str>, Arc<str>)> = Vec::new();
    let mut lines: HashMap<(usize, Arc<str>), usize> = HashMap::new();
    for (index, record) in Records::of(text).enumerate() {
        let Record { line, fields } = match record {
            Ok(record) => record,
            Err((line, why)) => {
                faults.push(format!("line {line}: {why}"));
                break;
            }
        };
        let heading = ["kind", "id", "name"];
        let is_heading = fields
            .iter()
            .zip(heading)
            .filter(|(field, word)| field.trim().eq_ignore_ascii_case(word))
            .count()
            == 3;
        if index == 0 && is_heading && fields.len() == 3 {
            continue;
        }
        let row = row(&fields).and_then(|(by, id, name)| {
            match lines.insert((by as usize, Arc::clone(&id)), line) {
                Some(first) => Err(format!(
                    "{} {}: named in line {first} already; keep one",
                    by.label(),
                    quoted(&id)
                )),
                None => Ok((by, id, name)),
            }
        });
        match row {
            Ok(_) if rows.len() == limits::NAMES_MAX => {
                faults.push(format!(
                    "line {line}: more than {} names; remove some",
                    limits::NAMES_MAX
                ));
                break;
            }
            Ok(row) => rows.push(row),
            Err(why) => faults.push(format!("line {line}: {why}")),
        }
    }
    let more = faults.len().saturating_sub(FAULTS_MAX);
    if more > 0 {
        faults.truncate(FAULTS_MAX);
        faults.push(format!("{more} more rows are wrong; correct these first"));
    }
    match faults.is_empty() {
        true => Ok(Names::new(rows)),
        false => Err(faults),
    }
}

/// One row read.
fn row(fields: &[String]) -> Result<(AlertBy, Arc<str>, Arc<str>), String> {
    let [kind, id, name] = fields else {
        let hint = match fields {
            [one] if one.contains(';') => "separate them by commas, not semicolons",
            [one] if one.contains('\t') => "separate them by commas, not tabs",
            _ => "write kind,id,name, and a name with a comma in quotes",
        };
        let count = fields.len();
        let noun = if count == 1 { "field" } else { "fields" };
        return Err(format!("{count} {noun} in place of 3; {hint}"));
    };
    let kinds = AlertBy::ALL.map(|by| (by.label(), by));
    let kind = kind.trim();
    let by = value::choice(&kind.to_ascii_lowercase(), &kinds)
        .map_err(|why| format!("kind {}: {why}", quoted(kind)))?;
    let id = text("id", id)?;
    if OWN.contains(&id) {
        return Err(format!(
            "id {}: stands for events without a group of their own; remove the row",
            quoted(id)
        ));
    }
    Ok((by, id.into(), text("name", name)?.into()))
}

/// An id or a name without the spaces around it.
fn text<'a>(what: &str, text: &'a str) -> Result<&'a str, String> {
    let text = text.trim();
    let bytes_max = limits::ID_BYTES_MAX;
    if text.is_empty() {
        Err(format!("the {what} is empty; give one, or remove the row"))
    } else if text.len() > bytes_max {
        let bytes = text.len();
        Err(format!(
            "{what} {}: {bytes} B over {bytes_max} B; shorten it",
            quoted(text)
        ))
    } else if text.chars().any(is_control) {
        Err(format!(
            "{what} {}: has a control character; remove it",
            quoted(text)
        ))
    } else {
        Ok(text)
    }
}

/// What moves a cursor, ends a line, or turns the direction of all that follows.
fn is_control(character: char) -> bool {
    character.is_control() || matches!(character, '\u{2028}' | '\u{2029}' | '\u{202d}' | '\u{202e}')
}

/// One row of the file.
struct Record {
    /// Where it begins, from 1.
    line: usize,
    fields: Vec<String>,
}

/// The rows of a text.
struct Records<'a> {
    rest: &'a str,
    line: usize,
}

impl<'a> Records<'a> {
    fn of(text: &'a str) -> Self {
        Self {
            rest: text,
            line: 1,
        }
    }

    /// Takes the end of a line, if one is next.
    fn end_line(&mut self) -> bool {
        let rest = self
            .rest
            .strip_prefix("\r\n")
            .or_else(|| self.rest.strip_prefix(['\n', '\r']));
        if let Some(rest) = rest {
            self.rest = rest;
            self.line += 1;
        }
        rest.is_some()
    }

    /// Takes a field up to the comma or the end of its line.
    fn field(&mut self) -> Result<String, String> {
        let Some(quoted) = self.rest.strip_prefix('"') else {
            let end = self.rest.find([',', '\n', '\r']).unwrap_or(self.rest.len());
            let (field, rest) = self.rest.split_at(end);
            if field.contains('"') {
                return Err(
                    "a quote inside a field; put the field in quotes and double the quote"
                        .to_owned(),
                );
            }
            self.rest = rest;
            return Ok(field.to_owned());
        };
        self.rest = quoted;
        let mut field = String::new();
        loop {
            let Some(end) = self.rest.find('"') else {
                return Err("a quote that does not end; end it".to_owned());
            };
            field.push_str(&self.rest[..end]);
            self.rest = &self.rest[end + 1..];
            match self.rest.strip_prefix('"') {
                Some(rest) => {
                    field.push('"');
                    self.rest = rest;
                }
                None => break,
            }
        }
        let is_over = self.rest.is_empty() || self.rest.starts_with([',', '\n', '\r']);
        match is_over {
            true => Ok(field),
            false => Err("text behind a quoted field; double the quotes inside it".to_owned()),
        }
    }
}

impl Iterator for Records<'_> {
    type Item = Result<Record, (usize, String)>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if self.rest.is_empty() {
                return None;
            }
            let end = self.rest.find(['\n', '\r']).unwrap_or(self.rest.len());
            let line = &self.rest[..end];
            // Spreadsheets fill empty rows with commas.
            if !line.trim_start().starts_with('#')
                && !line.chars().all(|c| c == ',' || c.is_whitespace())
            {
                break;
            }
            self.rest = &self.rest[end..];
            self.end_line();
        }
        let line = self.line;
        let mut fields = Vec::new();
        loop {
            match self.field() {
                Ok(field) => {
                    // A quoted field may hold ends of lines.
                    self.line += field.matches('\n').count();
                    fields.push(field);
                }
                Err(why) => {
                    self.rest = "";
                    return Some(Err((line, why)));
                }
            }
            match self.rest.strip_prefix(',') {
                Some(rest) => self.rest = rest,
                None => break,
            }
        }
        self.end_line();
        Some(Ok(Record { line, fields }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_as_spreadsheets_write_them_are_read() {
        let check = |text: &str, expected: &[(AlertBy, &str, &str)]| {
            let names = parse(text).unwrap_or_else(|faults| panic!("{text:?}: {faults:?}"));
            assert_eq!(names.len(), expected.len(), "{text:?}");
            for (by, id, name) in expected {
                assert_eq!(
                    names.of(*by, id).map(|name| &**name),
                    Some(*name),
                    "{text:?}"
                );
            }
        };
        use AlertBy::{Deployment, Direction, Queue};
        check("", &[]);
        check("kind,id,name\n", &[]);
        check("queue,q1,Sales", &[(Queue, "q1", "Sales")]);
        check(
            "Kind, ID ,Name\r\nqueue,q1,Sales\r\n",
            &[(Queue, "q1", "Sales")],
        );
        check(
            "queue,q1,Sales\rdeployment,q1,Web\r",
            &[(Queue, "q1", "Sales"), (Deployment, "q1", "Web")],
        );
        check(
            "# ours, since May\n\n,,\n QUEUE , q1 , Sales \ndirection,inbound,From guests",
            &[
                (Queue, "q1", "Sales"),
                (Direction, "inbound", "From guests"),
            ],
        );
        check(
            "queue,q1,\"Sales, \"\"north\"\"\"\n\"queue\",\"q,2\",x",
            &[(Queue, "q1", "Sales, \"north\""), (Queue, "q,2", "x")],
        );
        check(
            "queue,q1,خدمة العملاء\nqueue,q2,e\u{301}té 👩‍👩‍👧\nqueue,q3,<b onclick='x'>&amp;",
            &[
                (Queue, "q1", "خدمة العملاء"),
                (Queue, "q2", "e\u{301}té 👩‍👩‍👧"),
                (Queue, "q3", "<b onclick='x'>&amp;"),
            ],
        );
        let longest = "x".repeat(limits::ID_BYTES_MAX);
        check(
            &format!("queue,{longest},{longest}"),
            &[(Queue, &longest, &longest)],
        );
    }

    #[test]
    fn each_kind_of_fault_has_its_line() {
        let check = |text: &str, expected: &[&str]| {
            let faults = parse(text).unwrap_err();
            assert_eq!(faults.len(), expected.len(), "{faults:?}");
            for (fault, expected) in faults.iter().zip(expected) {
                assert!(fault.contains(expected), "{fault}: {expected}");
                assert!(!fault.contains(['\n', '\r', '\u{1b}']), "{fault:?}");
            }
        };
        check(
            "queue,q1,A\nqueue,q2,B\nqueue,q1,C",
            &["line 3: queue \"q1\": named in line 1 already"],
        );
        check("team,t1,A", &["line 1: kind \"team\": "]);
        check("queue,q1,", &["line 1: the name is empty"]);
        check("queue,q1,\" \u{a0} \"", &["the name is empty"]);
        check("queue,,A", &["line 1: the id is empty"]);
        check(
            "queue,q1,A\u{1b}[31mB",
            &["name \"A\\u{1b}[31mB\": has a control character"],
        );
        check(
            "queue,q1,\"A\nB\"\nqueue,q2",
            &["line 1: name \"A\\nB\": has a control", "line 3: 2 fields"],
        );
        check("queue,q1,A\u{202e}B", &["has a control character"]);
        check("queue,q1,A\0", &["has a control character"]);
        check(
            "queue,(none),A\ndeployment,other,B",
            &["line 1: id \"(none)\"", "line 2: id \"other\""],
        );
        check(
            "queue;q1;A",
            &["1 field in place of 3; separate them by commas, not semicolons"],
        );
        check("queue\tq1\tA", &["commas, not tabs"]);
        check("queue,q1,A,B", &["4 fields in place of 3"]);
        check("queue,q1,\"A", &["line 1: a quote that does not end"]);
        check("queue,q1,\"A\"B", &["line 1: text behind a quoted field"]);
        check("queue,q1,A \"B\"", &["line 1: a quote inside a field"]);
        let long = "é".repeat(limits::ID_BYTES_MAX / 2 + 1);
        check(&format!("queue,q1,{long}"), &["258 B over 256 B"]);
        check(&format!("queue,{long},A"), &["258 B over 256 B"]);
        let many = "queue,,\n".repeat(3) + &"x,y,z\n".repeat(20);
        assert_eq!(parse(&many).unwrap_err().len(), FAULTS_MAX + 1);
        let rows: String = (0..=limits::NAMES_MAX)
            .map(|row| format!("queue,{row},n\n"))
            .collect();
        check(&rows, &["line 50001: more than 50000 names"]);
    }
}
