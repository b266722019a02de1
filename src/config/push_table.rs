//! The `[[push]]` tables of the TOML file. Every fault of every table is reported, with its line.

use std::sync::Arc;

use hyper::header::HeaderName;
use secrecy::SecretString;
use toml::de::DeTable;
use toml::de::DeValue;

use super::error::quoted;
use super::fields::Fault;
use super::fields::Fields;
use super::limits::PUSH_ENDPOINTS_MAX;
use super::push::Dialect;
use super::push::PushCredential;
use super::push::PushEndpoint;
use super::push::PushPath;
use super::push::PushSecret;
use super::secret;
use super::secret::SecretFile;

/// The longest name of an endpoint, in bytes.
const NAME_BYTES_MAX: usize = 64;
/// Kinds of credentials, each a table of its own.
const CREDENTIALS: [&str; 3] = ["bearer", "basic", "header"];
const KEYS: [&str; 6] = ["name", "path", "dialect", "bearer", "basic", "header"];
/// Headers that the server or a proxy reads or writes itself, so that none of them can hold a secret.
const NOT_SECRET: [&str; 13] = [
    "accept",
    "accept-encoding",
    "connection",
    "content-encoding",
    "content-length",
    "content-type",
    "cookie",
    "expect",
    "forwarded",
    "host",
    "origin",
    "te",
    "transfer-encoding",
];

/// One table. What is wrong with it has been reported.
#[derive(Clone, Debug)]
pub(super) struct PushEntry {
    /// `None` when something is wrong.
    pub(super) endpoint: Option<PushEndpoint>,
    /// Where it stands, from 1.
    pub(super) line: usize,
    /// Who else can use the file of its secret, in one line.
    pub(super) warning: Option<String>,
    /// Whether its secret stands in the file of settings.
    pub(super) has_secret: bool,
}

/// Reads the tables; `line_of` tells the line of an offset.
pub(super) fn read(
    value: &DeValue<'_>,
    at: usize,
    line_of: impl Fn(usize) -> usize,
) -> (Vec<PushEntry>, Vec<Fault>) {
    let DeValue::Array(tables) = value else {
        let why = "\"push\": of the wrong type; write each endpoint as a table under [[push]]";
        return (Vec::new(), vec![(at, why.to_owned())]);
    };
    if tables.len() > PUSH_ENDPOINTS_MAX {
        let why = format!(
            "push: {} endpoints over {PUSH_ENDPOINTS_MAX}; remove some",
            tables.len()
        );
        return (Vec::new(), vec![(at, why)]);
    }
    let (mut entries, mut faults): (Vec<PushEntry>, Vec<Fault>) = (Vec::new(), Vec::new());
    for (index, table) in tables.iter().enumerate() {
        let start = table.span().start;
        let DeValue::Table(fields) = table.get_ref() else {
            let why = format!("push {}: no table; write it under [[push]]", index + 1);
            faults.push((start, why));
            continue;
        };
        let mut reading = Reading::new(fields, start, index + 1);
        let mut endpoint = reading.endpoint();
        if let Some((key, line)) = endpoint.as_ref().and_then(|this| clash(this, &entries)) {
            let why = format!("taken by line {line}; choose another");
            reading.fields.refuse(key, &why);
            endpoint = None;
        }
        entries.push(PushEntry {
            endpoint,
            line: line_of(start),
            warning: reading.warning,
            has_secret: reading.has_secret,
        });
        faults.append(&mut reading.fields.faults);
    }
    (entries, faults)
}

/// What of an endpoint another one has already, and its line.
fn clash(this: &PushEndpoint, others: &[PushEntry]) -> Option<(&'static str, usize)> {
    others.iter().find_map(|entry| {
        let other = entry.endpoint.as_ref()?;
        let key = if this.name.eq_ignore_ascii_case(&other.name) {
            "name"
        } else if this.path.is_like(&other.path) {
            "path"
        } else if this.credential.secret() == other.credential.secret() {
            this.credential.key()
        } else {
            return None;
        };
        Some((key, entry.line))
    })
}

/// One table while it is read.
struct Reading<'a> {
    fields: Fields<'a>,
    warning: Option<String>,
    has_secret: bool,
}

impl<'a> Reading<'a> {
    fn new(table: &'a DeTable<'a>, start: usize, number: usize) -> Self {
        let name = table.get("name").and_then(|name| name.get_ref().as_str());
        let called = name.map_or_else(
            || format!("push {number}"),
            |name| format!("push {}", quoted(name)),
        );
        Self {
            fields: Fields::new(table, start, called, &KEYS),
            warning: None,
            has_secret: false,
        }
    }

    /// The endpoint; `None` when something is wrong with it.
    fn endpoint(&mut self) -> Option<PushEndpoint> {
        let name = self.name();
        let path = self.path();
        let dialect = self.fields.choice("dialect", &Dialect::NAMES);
        let credential = self.credential();
        let endpoint = PushEndpoint {
            name: name?,
            path: path?,
            credential: credential?,
            dialect: dialect.unwrap_or_default(),
        };
        self.fields.faults.is_empty().then_some(endpoint)
    }

    fn name(&mut self) -> Option<Arc<str>> {
        let text = self.fields.required("name", "give the endpoint a name")?;
        let fits = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
        if text.is_empty() || text.len() > NAME_BYTES_MAX || !text.bytes().all(fits) {
            let why = "not a name; write up to 64 letters, digits and - _ .";
            self.fields.refuse("name", why);
            return None;
        }
        Some(text.into())
    }

    fn path(&mut self) -> Option<PushPath> {
        let hint = "say where the server takes posts, such as /push/orders";
        let text = self.fields.required("path", hint)?;
        match PushPath::parse(text) {
            Ok(path) => Some(path),
            Err(why) => {
                self.fields
                    .refuse("path", &format!("{}: {why}", quoted(text)));
                None
            }
        }
    }

    /// The one credential.
    fn credential(&mut self) -> Option<PushCredential> {
        let kinds = CREDENTIALS.join(", ");
        let given: Vec<&str> = CREDENTIALS
            .into_iter()
            .filter(|kind| self.fields.has(kind))
            .collect();
        match given[..] {
            [] => {
                let why = format!("no credential; give one of {kinds}");
                self.fields.fault(&why);
                None
            }
            [kind] => self.credential_of(kind),
            [_, second, ..] => {
                self.fields.refuse(second, "a second credential; keep one");
                None
            }
        }
    }

    fn credential_of(&mut self, kind: &str) -> Option<PushCredential> {
        let known: &[&str] = match kind {
            "basic" => &["user", "password", "password-file"],
            "header" => &["name", "secret", "secret-file"],
            _ => &["secret", "secret-file"],
        };
        let mut fields = self.fields.table(kind, known)?;
        let credential = match kind {
            "bearer" => self
                .secret(&mut fields, ["secret", "secret-file"])
                .map(PushCredential::Bearer),
            "basic" => {
                let user = user(&mut fields);
                let password = self.secret(&mut fields, ["password", "password-file"]);
                user.zip(password)
                    .map(|(user, password)| PushCredential::Basic { user, password })
            }
            _ => {
                let name = header(&mut fields, "name");
                let secret = self.secret(&mut fields, ["secret", "secret-file"]);
                name.zip(secret)
                    .map(|(name, secret)| PushCredential::Header { name, secret })
            }
        };
        self.fields.finish(fields);
        credential
    }

    /// A secret by its value or from its file.
    fn secret(&mut self, fields: &mut Fields<'_>, keys: [&'static str; 2]) -> Option<PushSecret> {
        let [key, file_key] = keys;
        let (has_value, has_file) = (fields.has(key), fields.has(file_key));
        if has_value && has_file {
            fields.refuse(file_key, &format!("beside {key}; keep one"));
            return None;
        }
        if !has_value && !has_file {
            fields.fault(&format!("{file_key}: missing; name the file of the secret"));
            return None;
        }
        let read: Result<SecretString, String> = if has_value {
            self.has_secret = true;
            secret::parse(fields.text(key)?)
        } else {
            let path = fields.path(file_key)?;
            SecretFile::read(&path).map(|SecretFile { secret, warning }| {
                let path = path.display().to_string();
                let path = path.escape_debug();
                self.warning = warning.map(|what| format!("push: {path}: {what}"));
                secret
            })
        };
        match read {
            Ok(secret) => Some(secret.into()),
            Err(why) => {
                fields.refuse(if has_value { key } else { file_key }, &why);
                None
            }
        }
    }
}

fn user(fields: &mut Fields<'_>) -> Option<String> {
    let user = fields.required("user", "name the user that senders give")?;
    let fits = |byte: u8| byte.is_ascii_graphic() && byte != b':';
    if user.is_empty() || !user.bytes().all(fits) {
        fields.refuse("user", "may have no colon, space or letter outside ASCII");
        return None;
    }
    Some(user.to_owned())
}

/// The name of a header, in small letters.
fn header(fields: &mut Fields<'_>, key: &'static str) -> Option<String> {
    let text = fields.required(key, "name the header that senders give")?;
    let Ok(name) = HeaderName::try_from(text) else {
        fields.refuse(key, "not the name of a header; write one such as x-api-key");
        return None;
    };
    if NOT_SECRET.contains(&name.as_str()) {
        let why = format!("{name}: a header with a meaning of its own; choose another");
        fields.refuse(key, &why);
        return None;
    }
    Some(name.as_str().to_owned())
}
