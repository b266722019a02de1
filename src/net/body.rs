//! Bodies of answers: read within limits, and unpacked within the same limits.

use std::io::Read;

use bytes::Bytes;
use bytes::BytesMut;
use flate2::read::MultiGzDecoder;
use http_body_util::BodyExt;
use hyper::HeaderMap;
use hyper::body::Incoming;
use hyper::header::CONTENT_ENCODING;
use hyper::header::CONTENT_LENGTH;
use hyper::header::TRANSFER_ENCODING;
use serde::de::IgnoredAny;
use tokio::time::Instant;
use tokio::time::timeout_at;

/// Why a body is not what the peer meant to say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BodyFault {
    /// It is longer than the limit, packed or unpacked.
    TooLong,
    /// The connection ended within it.
    Cut,
    /// It is packed in a way that was not asked for, or badly.
    Packed,
}

/// Reads a whole body of at most `bytes_max`, and unpacks gzip.
///
/// A body whose length nobody said ends with the connection. Over TLS that end has to be announced,
/// and servers forget it; a JSON document that is whole shows that nothing is missing.
///
/// # Errors
/// Why there is no whole body.
pub(super) async fn read_whole(
    headers: &HeaderMap,
    mut body: Incoming,
    bytes_max: usize,
) -> Result<Bytes, BodyFault> {
    let mut bytes = BytesMut::new();
    let mut is_cut = false;
    while let Some(frame) = body.frame().await {
        let Ok(frame) = frame else {
            is_cut = true;
            break;
        };
        let Some(data) = frame.data_ref() else {
            continue;
        };
        if bytes.len() + data.len() > bytes_max {
            return Err(BodyFault::TooLong);
        }
        bytes.extend_from_slice(data);
    }
    let bytes = unpacked(headers, bytes.freeze(), bytes_max);
    if !is_cut {
        return bytes;
    }
    let ends_with_connection =
        !headers.contains_key(CONTENT_LENGTH) && !headers.contains_key(TRANSFER_ENCODING);
    bytes
        .ok()
        .filter(|bytes| ends_with_connection && is_json_document(bytes))
        .ok_or(BodyFault::Cut)
}

/// Reads the beginning of a body: what comes before `deadline`, and of that at most `bytes_max`.
pub(super) async fn read_beginning(
    headers: &HeaderMap,
    mut body: Incoming,
    bytes_max: usize,
    deadline: Instant,
) -> Bytes {
    let mut bytes = BytesMut::new();
    while bytes.len() < bytes_max {
        let Ok(Some(Ok(frame))) = timeout_at(deadline, body.frame()).await else {
            break;
        };
        if let Some(data) = frame.data_ref() {
            bytes.extend_from_slice(&data[..data.len().min(bytes_max - bytes.len())]);
        }
    }
    let bytes = bytes.freeze();
    match packing(headers) {
        Packing::Plain => bytes,
        Packing::Gzip => {
            let mut plain = Vec::new();
            // What can be unpacked of a beginning is a beginning.
            let _ = MultiGzDecoder::new(bytes.as_ref())
                .take(bytes_max as u64)
                .read_to_end(&mut plain);
            plain.into()
        }
        Packing::Other => Bytes::new(),
    }
}

enum Packing {
    Plain,
    Gzip,
    Other,
}

fn packing(headers: &HeaderMap) -> Packing {
    let mut packing = Packing::Plain;
    for value in headers.get_all(CONTENT_ENCODING) {
        for name in value.to_str().unwrap_or("?").split(',').map(str::trim) {
            packing = match (name.to_ascii_lowercase().as_str(), packing) {
                ("identity" | "", before) => before,
                ("gzip" | "x-gzip", Packing::Plain) => Packing::Gzip,
                _ => Packing::Other,
            };
        }
    }
    packing
}

/// Whether a body with these headers has to be unpacked.
pub fn is_packed(headers: &HeaderMap) -> bool {
    !matches!(packing(headers), Packing::Plain)
}

/// A body without its packing: gzip, of at most `bytes_max` when it is unpacked.
///
/// # Errors
/// When it is packed in another way or badly, or is longer.
pub fn unpacked(headers: &HeaderMap, bytes: Bytes, bytes_max: usize) -> Result<Bytes, BodyFault> {
    match packing(headers) {
        Packing::Plain => return Ok(bytes),
        Packing::Gzip if bytes.is_empty() => return Ok(bytes),
        Packing::Gzip => {}
        Packing::Other => return Err(BodyFault::Packed),
    }
    let mut plain = Vec::new();
    // A few bytes can stand for gigabytes: no more than the limit is ever unpacked.
    let limit = u64::try_from(bytes_max)
        .unwrap_or(u64::MAX)
        .saturating_add(1);
    MultiGzDecoder::new(bytes.as_ref())
        .take(limit)
        .read_to_end(&mut plain)
        .map_err(|_| BodyFault::Packed)?;
    if plain.len() > bytes_max {
        return Err(BodyFault::TooLong);
    }
    Ok(plain.into())
}

/// Whether it is an object or array in full; the beginning of a number is a number too.
fn is_json_document(bytes: &[u8]) -> bool {
    let first = bytes.iter().find(|byte| !byte.is_ascii_whitespace());
    matches!(first, Some(b'{' | b'[')) && serde_json::from_slice::<IgnoredAny>(bytes).is_ok()
}
