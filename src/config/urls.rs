//! The token's and the stream's URL: as they were given, or those of the region.

use hyper::Uri;

use super::layers::Layers;
use super::layers::Origin;
use super::layers::Shown;
use super::layers::ShownValue;
use super::region::Region;
use super::value;

/// The URLs that were given, and those of the region for the others.
pub(super) fn urls(layers: &mut Layers) -> (Option<Uri>, Option<Uri>) {
    if !layers.are_good(&["region"]) {
        return (None, None);
    }
    let region = layers.draft.region.clone().unwrap_or_default();
    let is_region_used = layers.draft.source.has_events_stream()
        && !(layers.is_given("token-url") && layers.is_given("stream-url"));
    let why = match (layers.shown_text("region"), layers.origin("region")) {
        (None, _) => Some("unset".to_owned()),
        (Some(text), origin) if text.eq_ignore_ascii_case("api") => {
            Some(format!("\"api\" by {origin}"))
        }
        _ => None,
    };
    if let Some(why) = why.filter(|_| is_region_used) {
        let domain = Region::DEFAULT_DOMAIN;
        layers.notes.push(format!(
            "region: {why}, taken as {domain}; name another by --region or GENESYS_ENV"
        ));
    }
    let (token_url, stream_url) = (
        layers.draft.token_url.clone(),
        layers.draft.stream_url.clone(),
    );
    (
        token_url.or_else(|| derived(layers, "token-url", region.token_url(), value::HTTP)),
        stream_url.or_else(|| derived(layers, "stream-url", region.stream_url(), value::WEBSOCKET)),
    )
}

/// The region's URL where none was given; `None` where one was and is refused.
fn derived(
    layers: &mut Layers,
    name: &'static str,
    text: String,
    schemes: value::Schemes,
) -> Option<Uri> {
    if layers.is_given(name) {
        return None;
    }
    match value::url(&text, schemes) {
        Ok(url) => {
            let shown = Shown {
                value: ShownValue::Text(text),
                origin: Origin::From("region"),
            };
            layers.shown.insert(name, shown);
            Some(url)
        }
        Err(why) => {
            layers.fault(name, format!("from the region: {why}"));
            None
        }
    }
}
