//! The rows of the table of settings about the token request, the webhook and the way to both.

use super::setting::Group;
use super::setting::Kind;
use super::setting::Setting;
use super::stream::CredentialsIn;
use super::value;

pub(super) const OAUTH_SCOPE: Setting = Setting {
    name: "oauth-scope",
    alias: None,
    value: "SCOPE",
    default: None,
    group: Group::Source,
    help: "Scope to ask the token endpoint for, several separated by spaces; gateways may want one",
    kind: Kind::Phrase(|draft, text| {
        draft.oauth_scope = Some(value::scope(text)?);
        Ok(())
    }),
};

pub(super) const OAUTH_AUDIENCE: Setting = Setting {
    name: "oauth-audience",
    alias: None,
    value: "AUDIENCE",
    default: None,
    group: Group::Source,
    help: "Audience to ask the token endpoint for; gateways may want one",
    kind: Kind::Phrase(|draft, text| {
        draft.oauth_audience = Some(value::audience(text)?);
        Ok(())
    }),
};

pub(super) const OAUTH_CREDENTIALS: Setting = Setting {
    name: "oauth-credentials",
    alias: None,
    value: "header|body",
    default: Some("header"),
    group: Group::Source,
    help: "Where the token request has id and secret: HTTP Basic header, or fields of its form",
    kind: Kind::Text(|draft, text| {
        draft.oauth_credentials = value::choice(text, &CredentialsIn::NAMES)?;
        Ok(())
    }),
};

pub(super) const HTTPS_PROXY: Setting = Setting {
    name: "https-proxy",
    alias: Some("HTTPS_PROXY"),
    value: "URL",
    default: None,
    group: Group::Connection,
    help: "Proxy to https and wss hosts, for token, stream and webhook; none for no proxy",
    kind: Kind::Proxy(|draft| &mut draft.https_proxy),
};

pub(super) const HTTP_PROXY: Setting = Setting {
    name: "http-proxy",
    alias: Some("HTTP_PROXY"),
    value: "URL",
    default: None,
    group: Group::Connection,
    help: "Proxy to http and ws hosts; these are on this machine and go direct unless no-proxy says <-loopback>",
    kind: Kind::Proxy(|draft| &mut draft.http_proxy),
};

pub(super) const ALL_PROXY: Setting = Setting {
    name: "all-proxy",
    alias: Some("ALL_PROXY"),
    value: "URL",
    default: None,
    group: Group::Connection,
    help: "Proxy where neither https-proxy nor http-proxy says anything",
    kind: Kind::Proxy(|draft| &mut draft.all_proxy),
};

pub(super) const NO_PROXY: Setting = Setting {
    name: "no-proxy",
    alias: Some("NO_PROXY"),
    value: "HOST,...",
    default: None,
    group: Group::Connection,
    help: "Hosts reached without a proxy: domains with what is below them, addresses, networks, host:port, or *",
    kind: Kind::NoProxy,
};

pub(super) const TOKEN_IN_QUERY: Setting = Setting {
    name: "token-in-query",
    alias: None,
    value: "BOOL",
    default: Some("false"),
    group: Group::Connection,
    help: "Send the token as the query parameter access_token too, as the tutorial does",
    kind: Kind::Switch(|draft, on| draft.token_in_query = on),
};

pub(super) const CA_FILE: Setting = Setting {
    name: "ca-file",
    alias: None,
    value: "FILE.pem",
    default: None,
    group: Group::Connection,
    help: "Certificates to trust in addition to the system's",
    kind: Kind::Path(|draft| &mut draft.ca_file),
};

pub(super) const WEBHOOK_URL: Setting = Setting {
    name: "webhook-url",
    alias: None,
    value: "URL",
    default: None,
    group: Group::Alerts,
    help: "Where a JSON object is posted when an alert of the file begins or ends to fire",
    kind: Kind::WebhookUrl(|draft| &mut draft.webhook_url),
};

pub(super) const WEBHOOK_TOKEN_FILE: Setting = Setting {
    name: "webhook-token-file",
    alias: None,
    value: "FILE",
    default: None,
    group: Group::Alerts,
    help: "File with the bearer token that is sent to the webhook, closed to other users",
    kind: Kind::Path(|draft| &mut draft.webhook_token_file),
};
