//! The credential of a `[[push]]` table: one table below it, of one of six kinds.

use hyper::header::HeaderName;
use secrecy::SecretString;

use super::fields::Fields;
use super::push_credential::HmacEncoding;
use super::push_credential::HmacForm;
use super::push_credential::HmacHash;
use super::push_credential::PushCredential;
use super::push_credential::PushSecret;
use super::secret;
use super::secret::SecretFile;

/// Kinds of credentials, each a table of its own.
const KINDS: [&str; 6] = [
    "bearer",
    "basic",
    "header",
    "body",
    "hmac",
    "standard-webhooks",
];
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
/// The longest prefix of a signature, and the longest text around what is signed, in bytes.
const TEXT_BYTES_MAX: usize = 64;

/// Reads a credential, and keeps what else is to be said of its secret.
#[derive(Debug, Default)]
pub(super) struct CredentialTable {
    /// Who else can use the file of the secret, in one line.
    pub(super) warning: Option<String>,
    /// Whether the secret stands in the file of settings.
    pub(super) has_secret: bool,
}

impl CredentialTable {
    /// The one credential of a table.
    pub(super) fn read(&mut self, fields: &mut Fields<'_>) -> Option<PushCredential> {
        let given: Vec<&'static str> = KINDS.into_iter().filter(|kind| fields.has(kind)).collect();
        match given[..] {
            [] => {
                let why = format!("no credential; give one of {}", KINDS.join(", "));
                fields.fault(&why);
                None
            }
            [kind] => self.of_kind(fields, kind),
            [_, second, ..] => {
                fields.refuse(second, "a second credential; keep one");
                None
            }
        }
    }

    fn of_kind(&mut self, above: &mut Fields<'_>, kind: &'static str) -> Option<PushCredential> {
        let known: &[&str] = match kind {
            "basic" => &["user", "password", "password-file"],
            "header" => &["name", "secret", "secret-file"],
            "body" => &["pointer", "secret", "secret-file"],
            "hmac" => &[
                "header",
                "hash",
                "encoding",
                "prefix",
                "timestamp-header",
                "signed",
                "secret",
                "secret-file",
            ],
            _ => &["secret", "secret-file"],
        };
        let mut fields = above.table(kind, known)?;
        let secret = match kind {
            "basic" => self.secret(&mut fields, ["password", "password-file"]),
            _ => self.secret(&mut fields, ["secret", "secret-file"]),
        };
        // Everything is read before any of it is missed, so that all faults are found.
        let credential = match kind {
            "bearer" => secret.map(PushCredential::Bearer),
            "standard-webhooks" => secret
                .and_then(|secret| webhooks(&mut fields, secret))
                .map(PushCredential::StandardWebhooks),
            "basic" => with(user(&mut fields), secret)
                .map(|(user, password)| PushCredential::Basic { user, password }),
            "header" => with(header(&mut fields, "name"), secret)
                .map(|(name, secret)| PushCredential::Header { name, secret }),
            "body" => with(pointer(&mut fields), secret)
                .map(|(pointer, secret)| PushCredential::Body { pointer, secret }),
            _ => with(form(&mut fields), secret)
                .map(|(form, secret)| PushCredential::Hmac { form, secret }),
        };
        let is_good = fields.faults.is_empty();
        above.finish(fields);
        credential.filter(|_| is_good)
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

fn with<T>(part: Option<T>, secret: Option<PushSecret>) -> Option<(T, PushSecret)> {
    part.zip(secret)
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

fn pointer(fields: &mut Fields<'_>) -> Option<String> {
    let text = fields.required("pointer", "say where the secret is, such as /secret_key")?;
    let mut rest = text.split('~').skip(1);
    if !text.starts_with('/') || !rest.all(|after| after.starts_with(['0', '1'])) {
        let why =
            "no JSON pointer; write one such as /secret_key (~1 stands for a slash, ~0 for ~)";
        fields.refuse("pointer", why);
        return None;
    }
    Some(text.to_owned())
}

/// The secret of Standard Webhooks, which has to stand for a key.
fn webhooks(fields: &mut Fields<'_>, secret: PushSecret) -> Option<PushSecret> {
    if secret.webhook_key().is_none() {
        let why = "the secret is no base64 after whsec_; copy it again as the sender shows it";
        fields.fault(why);
        return None;
    }
    Some(secret)
}

fn form(fields: &mut Fields<'_>) -> Option<HmacForm> {
    const HASHES: [(&str, HmacHash); 3] = [
        ("sha1", HmacHash::Sha1),
        ("sha256", HmacHash::Sha256),
        ("sha512", HmacHash::Sha512),
    ];
    const ENCODINGS: [(&str, HmacEncoding); 2] =
        [("hex", HmacEncoding::Hex), ("base64", HmacEncoding::Base64)];
    let name = header(fields, "header");
    let hash = fields.choice("hash", &HASHES);
    let encoding = fields.choice("encoding", &ENCODINGS);
    let prefix = match fields.text("prefix") {
        Some(text) => plain(fields, "prefix", text),
        None => Some(String::new()),
    };
    let has_time = fields.has("timestamp-header");
    let timestamp_header = has_time.then(|| header(fields, "timestamp-header"));
    let signed = match fields.text("signed") {
        Some(text) => signed(fields, text, has_time),
        None if has_time => Some([HmacForm::TIMESTAMP, HmacForm::BODY].concat()),
        None => Some(HmacForm::BODY.to_owned()),
    };
    Some(HmacForm {
        header: name?,
        hash: hash.unwrap_or_default(),
        encoding: encoding.unwrap_or_default(),
        prefix: prefix?,
        timestamp_header: match timestamp_header {
            Some(name) => Some(name?),
            None => None,
        },
        signed: signed?,
    })
}

/// A short text that can stand in a header.
fn plain(fields: &mut Fields<'_>, key: &'static str, text: &str) -> Option<String> {
    let is_plain = text.bytes().all(|byte| matches!(byte, b' '..=b'~'));
    if text.len() > TEXT_BYTES_MAX || !is_plain {
        fields.refuse(
            key,
            "longer than 64 characters, or not in ASCII; shorten it",
        );
        return None;
    }
    Some(text.to_owned())
}

fn signed(fields: &mut Fields<'_>, text: &str, has_time: bool) -> Option<String> {
    let text = plain(fields, "signed", text)?;
    if text.matches(HmacForm::BODY).count() != 1 {
        fields.refuse("signed", "has to hold {body} once");
        return None;
    }
    let names_time = text.contains(HmacForm::TIMESTAMP);
    let why = match (names_time, has_time) {
        (true, false) => "holds {timestamp}, and there is no timestamp-header; give one",
        (false, true) => {
            "does not hold {timestamp}, so anybody could change the timestamp-header; add it"
        }
        _ => return Some(text),
    };
    fields.refuse("signed", why);
    None
}

#[cfg(test)]
mod tests {
    use toml::de::DeTable;

    use super::*;

    fn check(table: &str, expected: Result<&str, &str>) {
        let table = DeTable::parse(table).unwrap();
        let mut fields = Fields::new(table.get_ref(), 0, "push".to_owned(), &KINDS);
        let found = CredentialTable::default().read(&mut fields);
        let faults: Vec<&str> = fields.faults.iter().map(|(_, why)| why.as_str()).collect();
        match expected {
            Ok(shown) => {
                assert!(faults.is_empty(), "{table:?}: {faults:?}");
                assert_eq!(found.unwrap().to_string(), shown);
            }
            Err(part) => {
                assert!(found.is_none(), "{table:?}");
                assert_eq!(faults.len(), 1, "{faults:?}");
                assert!(faults[0].contains(part), "{faults:?}");
                assert!(!faults[0].contains("s3cret"), "{faults:?}");
            }
        }
    }

    #[test]
    fn a_credential_is_one_of_six_kinds() {
        check("bearer.secret = 's3cret'", Ok("bearer"));
        check(
            "basic = { user = 'me', password = 's3cret' }",
            Ok("basic of user \"me\""),
        );
        check(
            "header = { name = 'X-Key', secret = 's3cret' }",
            Ok("header x-key"),
        );
        check(
            "body = { pointer = '/a~1b', secret = 's3cret' }",
            Ok("in the body at /a~1b"),
        );
        check(
            "hmac = { header = 'X-Sig', secret = 's3cret' }",
            Ok("hmac sha256 in x-sig, without a timestamp"),
        );
        check(
            "hmac = { header = 'x-sig', hash = 'sha1', encoding = 'base64', prefix = 'v1=', timestamp-header = 'x-at', signed = 'v0:{timestamp}:{body}', secret = 's3cret' }",
            Ok("hmac sha1 in x-sig, not older than 5 min by x-at"),
        );
        check(
            "standard-webhooks.secret = 'whsec_c2VjcmV0'",
            Ok("standard-webhooks"),
        );
    }

    #[test]
    fn what_is_no_credential_is_said_without_its_secret() {
        check("", Err("no credential; give one of bearer, basic"));
        check(
            "bearer.secret = 's3cret'\nbody = { pointer = '/a', secret = 's3cret' }",
            Err("a second credential"),
        );
        check("bearer = {}", Err("secret-file: missing"));
        check(
            "bearer = { secret = 's3cret', secret-file = 'f' }",
            Err("secret-file: beside secret"),
        );
        check(
            "header = { name = 'content-type', secret = 's3cret' }",
            Err("a header with a meaning of its own"),
        );
        for pointer in ["", "a", "/a~", "/a~2"] {
            let table = format!("body = {{ pointer = '{pointer}', secret = 's3cret' }}");
            check(&table, Err("no JSON pointer"));
        }
        check("standard-webhooks.secret = 's3cret!'", Err("no base64"));
        let hmac = |more: &str| format!("hmac = {{ header = 'x-sig', secret = 's3cret', {more} }}");
        check(&hmac("hash = 'md5'"), Err("hash: \"md5\""));
        check(&hmac("encoding = 'base32'"), Err("encoding: "));
        check(&hmac("prefix = 'ä'"), Err("prefix: "));
        check(&hmac("signed = 'x'"), Err("{body} once"));
        check(&hmac("signed = '{body}{body}'"), Err("{body} once"));
        check(
            &hmac("signed = '{timestamp}{body}'"),
            Err("no timestamp-header"),
        );
        check(
            &hmac("timestamp-header = 'x-at', signed = '{body}'"),
            Err("does not hold {timestamp}"),
        );
        check(
            &hmac("timestamp-header = 'host'"),
            Err("meaning of its own"),
        );
    }
}
