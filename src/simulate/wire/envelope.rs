//! What EventBridge and CloudEvents put around a payload.

use serde_json::Value;
use serde_json::json;

use crate::time::EpochMs;

/// The envelope of an event of EventBridge.
pub(super) fn event_bridge(
    id: &str,
    detail_type: &str,
    source: &str,
    at: EpochMs,
    detail: &Value,
) -> Value {
    // Its own time has no fractions.
    let time = EpochMs::from_ms(at.second() * 1_000).to_string();
    json!({
        "version": "0",
        "id": id,
        "detail-type": detail_type,
        "source": source,
        "account": "123456789012",
        "time": time.replace(".000Z", "Z"),
        "region": "us-east-1",
        "resources": [],
        "detail": detail,
    })
}

/// A CloudEvent in structured mode.
pub(super) fn cloud_event(
    id: &str,
    event_type: &str,
    source: &str,
    at: EpochMs,
    data: &Value,
) -> Value {
    json!({
        "specversion": "1.0",
        "id": id,
        "type": event_type,
        "source": source,
        "time": at.to_string(),
        "datacontenttype": "application/json",
        "data": data,
    })
}
