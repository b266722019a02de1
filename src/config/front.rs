//! The rows of the table of settings about what stands in front of the server.

use super::network::Network;
use super::public_url::PublicUrl;
use super::setting::Group;
use super::setting::Kind;
use super::setting::Setting;
use super::value;

pub(super) const PUBLIC_URL: Setting = Setting {
    name: "public-url",
    alias: None,
    value: "URL",
    default: None,
    group: Group::Server,
    help: "Where browsers reach the server behind a proxy, with the path if any; may be repeated",
    kind: Kind::List(|draft, text| {
        draft.public_urls = value::list(text, PublicUrl::parse)?;
        Ok(())
    }),
};

pub(super) const TRUSTED_PROXY: Setting = Setting {
    name: "trusted-proxy",
    alias: None,
    value: "ADDR|NETWORK",
    default: None,
    group: Group::Server,
    help: "Proxy whose Forwarded and X-Forwarded-* headers count; may be repeated",
    kind: Kind::List(|draft, text| {
        draft.trusted_proxies = value::list(text, Network::parse)?;
        Ok(())
    }),
};
