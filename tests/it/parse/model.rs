//! A slow model of the rules in the parser's header, on serde_json and jiff.

use streamgauge::event::Direction;
use streamgauge::event::EventKind;
use streamgauge::event::Reject;

use super::json::Json;
use super::json::read;

/// An event as the model sees it.
#[derive(Debug)]
pub(super) struct Model {
    pub(super) kind: EventKind,
    pub(super) time_ms: i64,
    pub(super) session: String,
    pub(super) identity: ModelIdentity,
    pub(super) duration_ms: Option<u32>,
    pub(super) queue: Option<String>,
    pub(super) deployment: Option<String>,
    pub(super) direction: Option<Direction>,
}

#[derive(Debug)]
pub(super) enum ModelIdentity {
    None,
    MessageId(String),
    Sequence(u64),
}

/// Rules 1 to 12.
pub(super) fn model(payload: &[u8]) -> Result<Option<Model>, Reject> {
    if payload.len() > 1 << 20 {
        return Err(Reject::TooBig);
    }
    let text = str::from_utf8(payload).map_err(|_| Reject::Utf8)?;
    let Json::Object(top) = read(text)? else {
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
    let queue = only(data_fields, "queueId")?;
    let deployment = only(data_fields, "deploymentId")?;
    let direction = only(data_fields, "direction")?;
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
        queue: label(queue),
        deployment: label(deployment),
        direction: match direction {
            _ if kind != EventKind::Message => None,
            Some(Json::Text(text)) if text == "inbound" => Some(Direction::Inbound),
            Some(Json::Text(text)) if text == "outbound" => Some(Direction::Outbound),
            _ => None,
        },
    }))
}

fn label(value: Option<&Json>) -> Option<String> {
    let text = non_empty(value).filter(|text| within_limits(text))?;
    Some(text.to_owned())
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

/// RFC 3339 to milliseconds: the grammar by position, the calendar by jiff.
fn rfc3339_ms(text: &str) -> Option<i64> {
    let (civil, tail) = text.split_at_checked(19)?;
    let mut places = civil.chars().zip("0000-00-00T00:00:00".chars());
    let fits = places.all(|(char, wanted)| match wanted {
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
