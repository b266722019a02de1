//! The `[[push]]` tables of the TOML file. Every fault of every table is reported, with its line.

use std::sync::Arc;

use toml::de::DeTable;
use toml::de::DeValue;

use super::dialect::Dialect;
use super::error::quoted;
use super::fields::Fault;
use super::fields::Fields;
use super::limits::PUSH_ENDPOINTS_MAX;
use super::mapping_table;
use super::push::PushEndpoint;
use super::push::PushPath;
use super::push_credential_table::CredentialTable;

/// The longest name of an endpoint, in bytes.
const NAME_BYTES_MAX: usize = 64;
const KEYS: [&str; 11] = [
    "name",
    "path",
    "dialect",
    "mapping",
    "allowed-origins",
    "bearer",
    "basic",
    "header",
    "body",
    "hmac",
    "standard-webhooks",
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
            warning: reading.credential.warning,
            has_secret: reading.credential.has_secret,
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
    credential: CredentialTable,
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
            credential: CredentialTable::default(),
        }
    }

    /// The endpoint; `None` when something is wrong with it.
    fn endpoint(&mut self) -> Option<PushEndpoint> {
        let name = self.name();
        let path = self.path();
        let dialect = self.dialect();
        let origins = self.origins();
        let credential = self.credential.read(&mut self.fields);
        let endpoint = PushEndpoint {
            name: name?,
            path: path?,
            credential: credential?,
            dialect: dialect?,
            allowed_origins: origins?,
        };
        self.fields.faults.is_empty().then_some(endpoint)
    }

    /// A preset or a mapping; the tutorial's where neither is given.
    fn dialect(&mut self) -> Option<Dialect> {
        let preset = self.fields.choice("dialect", &Dialect::NAMES);
        let mapping = mapping_table::read(&mut self.fields);
        match (self.fields.has("dialect"), self.fields.has("mapping")) {
            (true, true) => {
                self.fields.refuse("mapping", "beside dialect; keep one");
                None
            }
            (false, true) => mapping.map(|mapping| Dialect::Mapped(Arc::new(mapping))),
            (true, false) => preset,
            (false, false) => Some(Dialect::default()),
        }
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

    /// Who may ask whether it may post; anybody where nobody says who.
    fn origins(&mut self) -> Option<Vec<String>> {
        const WHY: &str = "not the origin of a sender; write it as the sender does, such as eventgrid.azure.net, or * for all";
        let key = "allowed-origins";
        if !self.fields.has(key) {
            return Some(vec![PushEndpoint::ANY_ORIGIN.to_owned()]);
        }
        let origins = self.fields.texts(key)?;
        let fits = |origin: &&str| {
            !origin.is_empty()
                && origin.len() <= 255
                && origin.bytes().all(|b| b.is_ascii_graphic())
        };
        if !origins.iter().all(fits) {
            self.fields.refuse(key, WHY);
            return None;
        }
        Some(origins.into_iter().map(str::to_owned).collect())
    }
}
