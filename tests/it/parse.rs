//! The parser against a slow model of its module's page, written on serde_json and jiff.
//!
//! serde_json is another parser with other limits, so the model first makes the two comparable:
//! number tokens are judged and rewritten by hand (serde_json reads 21 digits as a float and `-0` as
//! -0.0, and its floats may be off at the edge of infinity), nesting is counted by the model's own
//! visitor, which stops long before serde_json's limit of 128, and objects keep every duplicate key.

use std::fmt;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;
use proptest::sample::select;
use serde::Deserializer;
use serde::de::DeserializeSeed;
use serde::de::Error;
use serde::de::MapAccess;
use serde::de::SeqAccess;
use serde::de::Visitor;

use streamgauge::event::Event;
use streamgauge::event::EventKind;
use streamgauge::event::IdKeys;
use streamgauge::event::Reject;
use streamgauge::parse::Parser;
use streamgauge::parse::Verdict;
use streamgauge::parse::session_uuid;

/// An event as the model sees it.
#[derive(Debug)]
struct Model {
    kind: EventKind,
    time_ms: i64,
    session: String,
    identity: ModelIdentity,
    duration_ms: Option<u32>,
}

#[derive(Debug)]
enum ModelIdentity {
    None,
    MessageId(String),
    Sequence(u64),
}

/// Rules 1 to 12.
fn model(payload: &[u8]) -> Result<Option<Model>, Reject> {
    if payload.len() > 1 << 20 {
        return Err(Reject::TooBig);
    }
    let text = str::from_utf8(payload).map_err(|_| Reject::Utf8)?;
    let text = with_plain_numbers(text)?;
    let Json::Object(top) = read_json(&text)? else {
        return Err(Reject::Shape);
    };
    let event_type = only(&top, "eventType")?;
    let timestamp = only(&top, "timestamp")?;
    let data = only(&top, "data")?;
    let metadata = only(&top, "metadata")?;
    let data_fields = data.map(Json::fields).unwrap_or_default();
    let session_id = only(data_fields, "sessionId")?;
    let id = only(data_fields, "id")?;
    let message_id = only(data_fields, "messageId")?;
    let duration_ms = only(data_fields, "durationMs")?;
    let seq = only(metadata.map(Json::fields).unwrap_or_default(), "seq")?;

    let kind = match event_type {
        Some(Json::Text(name)) => match name.strip_prefix("webchat:") {
            Some("connected") => EventKind::Connected,
            Some("disconnected") => EventKind::Disconnected,
            Some("message") => EventKind::Message,
            _ => return Ok(None),
        },
        _ => return Err(Reject::Field),
    };
    if !matches!(data, None | Some(Json::Object(_)))
        || !matches!(metadata, None | Some(Json::Object(_) | Json::Null))
    {
        return Err(Reject::Shape);
    }
    let time_ms = match timestamp {
        None => return Err(Reject::Field),
        Some(Json::Integer(ms)) => i64::try_from(*ms).ok(),
        Some(Json::Text(text)) => rfc3339_ms(text),
        Some(_) => None,
    };
    let time_ms = time_ms
        .filter(|ms| (0..=253_402_300_799_999).contains(ms))
        .ok_or(Reject::Timestamp)?;
    let session = [session_id, id]
        .into_iter()
        .find_map(non_empty)
        .ok_or(Reject::Field)?;
    if !within_limits(session) {
        return Err(Reject::Field);
    }
    Ok(Some(Model {
        kind,
        time_ms,
        session: session.to_owned(),
        identity: match (non_empty(message_id).filter(|id| within_limits(id)), seq) {
            _ if kind != EventKind::Message => ModelIdentity::None,
            (Some(id), _) => ModelIdentity::MessageId(id.to_owned()),
            (None, Some(Json::Integer(seq))) => ModelIdentity::Sequence(*seq),
            (None, _) => ModelIdentity::None,
        },
        duration_ms: match duration_ms {
            Some(Json::Integer(ms)) if kind == EventKind::Disconnected => {
                u32::try_from(*ms).ok().filter(|ms| *ms != u32::MAX)
            }
            _ => None,
        },
    }))
}

fn only<'json>(
    fields: &'json [(String, Json)],
    wanted: &str,
) -> Result<Option<&'json Json>, Reject> {
    let mut values = fields.iter().filter(|(key, _)| key == wanted);
    match (values.next(), values.next()) {
        (_, Some(_)) => Err(Reject::DuplicateKey),
        (value, None) => Ok(value.map(|(_, value)| value)),
    }
}

fn non_empty(value: Option<&Json>) -> Option<&str> {
    match value {
        Some(Json::Text(text)) if !text.is_empty() => Some(text),
        _ => None,
    }
}

fn within_limits(id: &str) -> bool {
    id.len() <= 256 && id.chars().all(|char| char >= ' ' && char != '\u{7f}')
}

/// Rule 3, and rule 4's numbers: what stands outside strings becomes `0` for a zero with a sign,
/// `0.5` for a float that fits, `1e999` for a number that does not, `?` for what is no number.
fn with_plain_numbers(text: &str) -> Result<String, Reject> {
    let mut plain = String::new();
    let mut rest = text;
    let mut in_string = false;
    while let Some(next) = rest.chars().next() {
        let mut length = next.len_utf8();
        if next == '\\' {
            length += rest[1..].chars().next().map_or(0, char::len_utf8);
        }
        if next == '"' {
            in_string = !in_string;
        } else if in_string && rest[..length].chars().any(|char| char < ' ') {
            return Err(Reject::NotJson);
        } else if !in_string && (next == '-' || next.is_ascii_digit()) {
            length = rest
                .find(|char: char| !"0123456789+-.eE".contains(char))
                .unwrap_or(rest.len());
            let ends = rest[length..].chars().next();
            let ends_well = ends.is_none_or(|char| ",:]}[{ \t\r\n".contains(char));
            plain.push_str(if ends_well {
                plain_number(&rest[..length])
            } else {
                "?"
            });
            rest = &rest[length..];
            continue;
        }
        plain.push_str(&rest[..length]);
        rest = &rest[length..];
    }
    if in_string {
        return Err(Reject::NotJson);
    }
    Ok(plain)
}

fn plain_number(token: &str) -> &str {
    let digits = token.trim_start_matches('-').as_bytes();
    let starts_well = match digits {
        [b'0', second, ..] => !second.is_ascii_digit(),
        [first, ..] => first.is_ascii_digit(),
        [] => false,
    };
    let point_is_followed = token
        .split('.')
        .skip(1)
        .all(|after| after.starts_with(|char: char| char.is_ascii_digit()));
    let float = token.parse::<f64>().ok();
    let Some(float) = float.filter(|_| starts_well && point_is_followed) else {
        return "?";
    };
    if token.contains(['.', 'e', 'E']) {
        return if float.is_finite() { "0.5" } else { "1e999" };
    }
    match (token, token.parse::<u64>(), token.parse::<i64>()) {
        ("-0", ..) => "0",
        (_, Err(_), Err(_)) => "1e999",
        _ => token,
    }
}

/// RFC 3339 to milliseconds: the grammar by position, the calendar by jiff.
fn rfc3339_ms(text: &str) -> Option<i64> {
    let (civil, tail) = text.split_at_checked(19)?;
    let fits = civil.chars().zip("0000-00-00T00:00:00".chars());
    let fits = fits.into_iter().all(|(char, wanted)| match wanted {
        '0' => char.is_ascii_digit(),
        'T' => "Tt ".contains(char),
        wanted => char == wanted,
    });
    let is_leap = civil.ends_with(":60");
    let civil = civil.to_uppercase().replace(' ', "T");
    let civil = match civil.strip_suffix(":60") {
        Some(minute) => format!("{minute}:59"),
        None => civil,
    };
    let zone_at = tail.find(['Z', 'z', '+', '-'])?;
    let (fraction, zone) = tail.split_at(zone_at);
    let fraction_ms = match fraction.strip_prefix('.') {
        Some(digits) if !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit()) => {
            format!("{digits}00").get(..3)?.parse::<i64>().ok()?
        }
        Some(_) => return None,
        None if fraction.is_empty() => 0,
        None => return None,
    };
    let offset_minutes = match zone {
        "Z" | "z" => 0,
        _ => {
            let (hours, minutes) = zone.get(1..)?.split_once(':')?;
            let both = [hours, minutes];
            if both.iter().any(|part| part.len() != 2)
                || both.concat().bytes().any(|byte| !byte.is_ascii_digit())
            {
                return None;
            }
            let (hours, minutes) = (hours.parse::<i64>().ok()?, minutes.parse::<i64>().ok()?);
            if hours > 23 || minutes > 59 {
                return None;
            }
            let sign = if zone.starts_with('-') { -1 } else { 1 };
            sign * (hours * 60 + minutes)
        }
    };
    let civil = civil
        .parse::<jiff::civil::DateTime>()
        .ok()
        .filter(|_| fits)?;
    let epoch = jiff::civil::date(1970, 1, 1).at(0, 0, 0, 0);
    let seconds = civil.duration_since(epoch).as_secs();
    let ms = if is_leap { 999 } else { fraction_ms };
    Some((seconds - offset_minutes * 60) * 1_000 + ms)
}

/// JSON with every duplicate key.
#[derive(Debug)]
enum Json {
    Null,
    Integer(u64),
    Text(String),
    Object(Vec<(String, Self)>),
    /// A boolean, a float, a negative integer or an array.
    Other,
}

impl Json {
    fn fields(&self) -> &[(String, Self)] {
        match self {
            Self::Object(fields) => fields,
            _ => &[],
        }
    }
}

fn read_json(text: &str) -> Result<Json, Reject> {
    let mut reader = serde_json::Deserializer::from_str(text);
    let json = Level(0).deserialize(&mut reader);
    json.and_then(|json| reader.end().map(|()| json))
        .map_err(|error| match error.to_string() {
            text if text.starts_with("number out of range") => Reject::NumberRange,
            text if text.starts_with("too deep") => Reject::Depth,
            _ => Reject::NotJson,
        })
}

/// Reads one value that stands inside this many others.
#[derive(Clone, Copy)]
struct Level(usize);

impl Level {
    fn inside<E: Error>(self) -> Result<Self, E> {
        if self.0 == 64 {
            return Err(E::custom("too deep"));
        }
        Ok(Self(self.0 + 1))
    }
}

impl<'de> DeserializeSeed<'de> for Level {
    type Value = Json;
    fn deserialize<D: Deserializer<'de>>(self, reader: D) -> Result<Json, D::Error> {
        reader.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Level {
    type Value = Json;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }
    fn visit_unit<E>(self) -> Result<Json, E> {
        Ok(Json::Null)
    }
    fn visit_bool<E>(self, _: bool) -> Result<Json, E> {
        Ok(Json::Other)
    }
    fn visit_f64<E>(self, _: f64) -> Result<Json, E> {
        Ok(Json::Other)
    }
    fn visit_i64<E>(self, _: i64) -> Result<Json, E> {
        Ok(Json::Other)
    }
    fn visit_u64<E>(self, number: u64) -> Result<Json, E> {
        Ok(Json::Integer(number))
    }
    fn visit_str<E>(self, text: &str) -> Result<Json, E> {
        Ok(Json::Text(text.to_owned()))
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Json, A::Error> {
        let level = self.inside()?;
        while items.next_element_seed(level)?.is_some() {}
        Ok(Json::Other)
    }
    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<Json, A::Error> {
        let level = self.inside()?;
        let mut object = Vec::new();
        while let Some(key) = fields.next_key()? {
            object.push((key, fields.next_value_seed(level)?));
        }
        Ok(Json::Object(object))
    }
}

/// The model's event, spelled the plainest way.
fn plainest(model: &Model) -> String {
    let mut data = serde_json::json!({ "id": model.session });
    let mut metadata = serde_json::json!({});
    match &model.identity {
        ModelIdentity::None => {}
        ModelIdentity::MessageId(id) => data["messageId"] = id.as_str().into(),
        ModelIdentity::Sequence(seq) => metadata["seq"] = (*seq).into(),
    }
    if let Some(ms) = model.duration_ms {
        data["durationMs"] = ms.into();
    }
    let event_type = match model.kind {
        EventKind::Connected => "webchat:connected",
        EventKind::Disconnected => "webchat:disconnected",
        EventKind::Message => "webchat:message",
    };
    serde_json::json!({
        "eventType": event_type, "timestamp": model.time_ms, "data": data, "metadata": metadata,
    })
    .to_string()
}

fn parse(payload: &[u8]) -> Verdict {
    Parser::new(IdKeys::FIXED).parse(&mut payload.to_vec())
}

/// The parser and the model say the same of `payload`.
fn agree(payload: &[u8]) -> Result<(), TestCaseError> {
    let verdict = parse(payload);
    let shown = || String::from_utf8_lossy(payload).into_owned();
    match (verdict, model(payload)) {
        (Verdict::Ignored, Ok(None)) => {}
        (Verdict::Rejected(reject), Err(expected)) => {
            prop_assert_eq!(reject, expected, "{}", shown());
        }
        (Verdict::Event(event), Ok(Some(model))) => agree_on_event(event, &model)?,
        (verdict, model) => prop_assert!(false, "{verdict:?}, {model:?}: {}", shown()),
    }
    Ok(())
}

fn agree_on_event(event: Event, model: &Model) -> Result<(), TestCaseError> {
    prop_assert_eq!(event.kind, model.kind);
    prop_assert_eq!(event.time.ms(), model.time_ms);
    prop_assert_eq!(event.own_duration_ms(), model.duration_ms);
    let has_identity = !matches!(model.identity, ModelIdentity::None);
    prop_assert_eq!(event.identity.fingerprint().is_some(), has_identity);
    let printed = session_uuid(event.session).map(|uuid| uuid.to_string());
    prop_assert_eq!(printed, canonical_uuid(&model.session));
    // The keys of session and identity depend on nothing but what the model saw.
    prop_assert_eq!(parse(plainest(model).as_bytes()), Verdict::Event(event));
    Ok(())
}

fn canonical_uuid(id: &str) -> Option<String> {
    let groups: Vec<&str> = id.split('-').collect();
    let is_hex = |group: &&str| group.chars().all(|c| "0123456789abcdef".contains(c));
    let lengths: Vec<usize> = groups.iter().map(|group| group.len()).collect();
    (lengths == [8, 4, 4, 4, 12] && groups.iter().all(is_hex)).then(|| id.to_owned())
}

/// Any JSON value that is not too large, as text.
fn junk() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        select(vec![
            "null",
            "true",
            "false",
            "{}",
            "[]",
            "\"\"",
            "0",
            "-0",
            "7",
            "-1",
            "1.5",
            "1e3",
            "1e308",
            "1e309",
            "-1e999",
            "18446744073709551615",
            "18446744073709551616",
            "-9223372036854775808",
            "-9223372036854775809",
            "123456789012345678901",
            "4294967294",
            "4294967295",
            "\"x\"",
            "\"\\u0000\"",
            "\"\\ud83d\\ude00\"",
            "\"\\ud83d\"",
            "\"\\\\\\\"\"",
            "\"é\u{7f}\"",
            "01",
            "nul",
            "1.",
            "\"\\x\"",
        ])
        .prop_map(str::to_owned),
        any::<u64>().prop_map(|number| number.to_string()),
        any::<i64>().prop_map(|number| number.to_string()),
        any::<f64>().prop_map(|number| format!("{number:e}")),
        any::<String>().prop_map(|text| serde_json::Value::from(text).to_string()),
        (1..80_usize).prop_map(|depth| "[".repeat(depth) + &"]".repeat(depth)),
    ];
    leaf.prop_recursive(3, 12, 4, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..4).prop_map(|items| format!("[{}]", items.join(","))),
            vec((key(), inner), 0..4).prop_map(|fields| object(&fields, ",")),
        ]
    })
}

/// A key, often one that is read, sometimes with its letters escaped.
fn key() -> impl Strategy<Value = String> {
    let name = select(vec![
        "eventType",
        "timestamp",
        "data",
        "metadata",
        "sessionId",
        "id",
        "messageId",
        "durationMs",
        "seq",
        "queueId",
        "ID",
        "",
    ]);
    (name, proptest::option::weighted(0.1, any::<Index>()))
        .prop_map(|(name, escaped)| escape_one(name, escaped))
}

/// A JSON string of ASCII text, with one of its letters escaped.
fn escape_one(text: &str, escaped: Option<Index>) -> String {
    match escaped {
        Some(index) if !text.is_empty() => {
            let at = index.index(text.len());
            let code = text.as_bytes()[at];
            format!("\"{}\\u{code:04x}{}\"", &text[..at], &text[at + 1..])
        }
        _ => format!("\"{text}\""),
    }
}

fn object(fields: &[(String, String)], comma: &str) -> String {
    let fields: Vec<String> = fields
        .iter()
        .map(|(key, value)| format!("{key}:{value}"))
        .collect();
    format!("{{{}}}", fields.join(comma))
}

/// A value that mostly fits, as text; rarely anything.
fn mostly<S: Strategy<Value = String> + 'static>(fitting: S) -> BoxedStrategy<String> {
    prop_oneof![24 => fitting, 1 => junk()].boxed()
}

fn id_text() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}",
        1 => "[0-9a-fA-F-]{36}",
        1 => "[a-z]{0,3}",
        1 => "[a-zé]{120,260}",
    ]
    .prop_map(|text| format!("\"{text}\""))
}

fn timestamp_text() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => (0..253_402_300_799_999_i64).prop_map(|ms| {
            format!("\"{}\"", streamgauge::time::EpochMs::from_ms(ms))
        }),
        1 => any::<u32>().prop_map(|ms| ms.to_string()),
        2 => "\"(19[67][0-9]|20[0-9]{2}|9999|0000)-(0[1-9]|1[0-3])-([0-2][0-9]|3[01])[Tt ]\
              [0-2][0-9]:[0-5][0-9]:[0-6][0-9](\\.[0-9]{0,12})?(Z|z|[+-][0-2][0-9]:[0-6][0-9]|)\"",
    ]
}

/// One message, mostly of a known type, its fields in any order.
fn message() -> impl Strategy<Value = String> {
    let event_type = mostly(
        (
            select(vec![
                "webchat:connected",
                "webchat:disconnected",
                "webchat:message",
                "webchat:message",
                "webchat:typing",
            ]),
            proptest::option::weighted(0.1, any::<Index>()),
        )
            .prop_map(|(name, escaped)| escape_one(name, escaped)),
    );
    let field = |name: &str, value: BoxedStrategy<String>| (Just(format!("\"{name}\"")), value);
    let data = (
        field("sessionId", mostly(id_text())),
        field("id", mostly(id_text())),
        field("messageId", mostly(id_text())),
        field(
            "durationMs",
            mostly(any::<u32>().prop_map(|ms| ms.to_string())),
        ),
        vec((key(), junk()), 0..2),
        // Which of the four are there; one time in four the session's id may be missing.
        prop_oneof![3 => (0..8_u32).prop_map(|others| others << 1 | 1), 1 => 0..16_u32],
    )
        .prop_map(
            |(session_id, id, message_id, duration, mut fields, chosen)| {
                let all = [session_id, id, message_id, duration];
                let chosen = all
                    .into_iter()
                    .enumerate()
                    .filter(|(i, _)| chosen >> i & 1 == 1);
                fields.extend(chosen.map(|(_, field)| field));
                fields
            },
        )
        .prop_shuffle()
        .prop_map(|fields| object(&fields, ","));
    let metadata =
        mostly(any::<u64>().prop_map(|seq| format!("{{\"seq\":{seq},\"region\":\"use1\"}}")));
    (
        field("eventType", event_type),
        field("timestamp", mostly(timestamp_text())),
        field("data", mostly(data)),
        field("metadata", metadata),
        proptest::option::weighted(0.2, (key(), junk())),
        proptest::option::weighted(0.1, 0..4_usize),
    )
        .prop_map(|(event_type, timestamp, data, metadata, extra, missing)| {
            let mut fields = vec![event_type, timestamp, data, metadata];
            if let Some(missing) = missing {
                fields.remove(missing);
            }
            fields.extend(extra);
            fields
        })
        .prop_shuffle()
        .prop_flat_map(|fields| {
            (
                Just(fields),
                select(vec![",", " , ", ",\n"]),
                select(vec!["", " ", "\n"]),
            )
        })
        .prop_map(|(fields, comma, around)| format!("{around}{}{around}", object(&fields, comma)))
}

/// A change to the bytes of a message.
#[derive(Clone, Debug)]
enum Change {
    Put(Index, u8),
    Insert(Index, u8),
    Delete(Index),
    Repeat(Index, Index),
    Cut(Index),
}

fn change() -> impl Strategy<Value = Change> {
    let byte = || {
        prop_oneof![
            select(b"\"\\{}[]:,0123456789-+.eEunx \n\t\0\x7f\xc3\xa9\xff".to_vec()),
            any::<u8>(),
        ]
    };
    prop_oneof![
        (any::<Index>(), byte()).prop_map(|(at, byte)| Change::Put(at, byte)),
        (any::<Index>(), byte()).prop_map(|(at, byte)| Change::Insert(at, byte)),
        any::<Index>().prop_map(Change::Delete),
        (any::<Index>(), any::<Index>()).prop_map(|(from, to)| Change::Repeat(from, to)),
        any::<Index>().prop_map(Change::Cut),
    ]
}

fn apply(change: Change, payload: &mut Vec<u8>) {
    let place = |index: Index| index.index(payload.len().max(1)).min(payload.len());
    match change {
        Change::Put(at, byte) => {
            let at = place(at);
            if let Some(old) = payload.get_mut(at) {
                *old = byte;
            }
        }
        Change::Insert(at, byte) => payload.insert(place(at), byte),
        Change::Delete(at) => {
            let at = place(at);
            payload.drain(at..payload.len().min(at + 1));
        }
        Change::Repeat(from, to) => {
            let (from, to) = (place(from), place(to));
            let copy = payload[from.min(to)..from.max(to)].to_vec();
            let at = from.max(to);
            payload.splice(at..at, copy);
        }
        Change::Cut(at) => payload.truncate(place(at)),
    }
}

/// More cases than proptest's default, and as many as `PROPTEST_CASES` asks for.
fn config() -> ProptestConfig {
    let default = ProptestConfig::default();
    ProptestConfig {
        cases: default.cases.max(2_048),
        ..default
    }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn messages_mean_what_the_model_says(message in message()) {
        agree(message.as_bytes())?;
    }

    #[test]
    fn changed_messages_mean_what_the_model_says(
        message in message(),
        changes in vec(change(), 1..4),
    ) {
        let mut payload = message.into_bytes();
        for change in changes {
            apply(change, &mut payload);
        }
        agree(&payload)?;
    }

    #[test]
    fn text_made_of_json_s_signs_means_what_the_model_says(
        text in "([\\[\\]{}:,\" \n0-9eE.+\\\\-]|true|null|\\\\u00|\"data\":|\"id\":){0,40}",
    ) {
        agree(text.as_bytes())?;
    }

    #[test]
    fn no_bytes_make_it_panic(payload in vec(any::<u8>(), 0..300)) {
        agree(&payload)?;
    }
}

#[test]
fn every_verdict_is_met_by_the_generator() {
    use std::collections::BTreeMap;

    use proptest::strategy::ValueTree;
    use proptest::test_runner::TestRunner;

    let mut runner = TestRunner::deterministic();
    let strategy = (message(), vec(change(), 0..2));
    let mut met = BTreeMap::new();
    for _ in 0..4_000 {
        let (message, changes) = strategy.new_tree(&mut runner).unwrap().current();
        let mut payload = message.into_bytes();
        for change in changes {
            apply(change, &mut payload);
        }
        let label = match parse(&payload) {
            Verdict::Event(_) => "event",
            Verdict::Ignored => "ignored",
            Verdict::Rejected(reject) => reject.label(),
        };
        *met.entry(label).or_insert(0_u32) += 1;
    }
    // All but the length, which has its own table, and what only a transport can say.
    for reject in Reject::ALL {
        let is_met = met.contains_key(reject.label());
        let elsewhere = matches!(reject, Reject::TooBig | Reject::Binary);
        assert_ne!(is_met, elsewhere, "{}: {met:?}", reject.label());
    }
    assert!(met["event"] > 700 && met["ignored"] > 100, "{met:?}");
}
