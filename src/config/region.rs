//! Genesys Cloud regions: from what `--region` or `GENESYS_ENV` says to the hosts of a region.
//!
//! Knows names only; whether a URL is allowed is decided by `value`, which reads every URL.

use hyper::Uri;

use super::value;

/// AWS region names, as Genesys spells them, and their domains.
/// Source: `PureCloudRegionHosts.js` of the official JavaScript SDK.
pub const TABLE: [(&str, &str); 18] = [
    ("us_east_1", "mypurecloud.com"),
    ("us_east_2", "use2.us-gov-pure.cloud"),
    ("us_west_2", "usw2.pure.cloud"),
    ("ca_central_1", "cac1.pure.cloud"),
    ("mx_central_1", "mxc1.pure.cloud"),
    ("sa_east_1", "sae1.pure.cloud"),
    ("eu_west_1", "mypurecloud.ie"),
    ("eu_west_2", "euw2.pure.cloud"),
    ("eu_central_1", "mypurecloud.de"),
    ("eu_central_2", "euc2.pure.cloud"),
    ("eusc_de_east_1", "edee1.eusc-pure.cloud"),
    ("me_central_1", "mec1.pure.cloud"),
    ("ap_northeast_1", "mypurecloud.jp"),
    ("ap_northeast_2", "apne2.pure.cloud"),
    ("ap_northeast_3", "apne3.pure.cloud"),
    ("ap_south_1", "aps1.pure.cloud"),
    ("ap_southeast_1", "apse1.pure.cloud"),
    ("ap_southeast_2", "mypurecloud.com.au"),
];

/// Regions that are younger than [`TABLE`] get a domain under one of these. A domain under none of
/// them is refused: a slip of the pen would hand the credentials to a stranger.
const PARENTS: [&str; 3] = ["pure.cloud", "us-gov-pure.cloud", "eusc-pure.cloud"];

/// Hosts of a domain that people paste in place of the domain itself.
const HOST_LABELS: [&str; 3] = ["api.", "login.", "apps."];

/// Where Genesys Cloud, or what stands in for it, is reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Region {
    /// A region's domain: hosts are `login.{domain}` and `api.{domain}`.
    Domain(String),
    /// One base URL for everything, such as a gateway's; without a trailing slash.
    Base(String),
}

impl Default for Region {
    /// The tutorial's own: `GENESYS_ENV` unset.
    fn default() -> Self {
        Self::Domain(Self::DEFAULT_DOMAIN.to_owned())
    }
}

impl Region {
    /// The domain that stands for `GENESYS_ENV` unset or `api`.
    pub const DEFAULT_DOMAIN: &str = "mypurecloud.com";

    /// Reads a region: `api`, an AWS region name, a region's domain, or a full URL.
    ///
    /// # Errors
    /// One line; the caller adds [`table_lines`].
    pub fn parse(text: &str) -> Result<Self, String> {
        if text.contains("://") {
            return base(text);
        }
        let name = text.to_ascii_lowercase();
        if name == "api" {
            return Ok(Self::default());
        }
        let aws = name.replace('-', "_");
        if let Some((_, domain)) = TABLE.iter().find(|(region, _)| *region == aws) {
            return Ok(Self::Domain((*domain).to_owned()));
        }
        let domain = without_host_label(&name);
        if is_known_domain(domain) {
            return Ok(Self::Domain(domain.to_owned()));
        }
        Err(
            "not a region; choose a name or a domain of the table below, or give a full URL"
                .to_owned(),
        )
    }

    /// The token endpoint.
    pub fn token_url(&self) -> String {
        match self {
            Self::Domain(domain) => format!("https://login.{domain}/oauth/token"),
            Self::Base(base) => format!("{base}/oauth/token"),
        }
    }

    /// The event stream.
    pub fn stream_url(&self) -> String {
        const PATH: &str = "/api/v2/analytics/events/stream";
        match self {
            Self::Domain(domain) => format!("wss://api.{domain}{PATH}"),
            // `http` becomes `ws` and `https` becomes `wss`.
            Self::Base(base) => format!("{}{PATH}", base.replacen("http", "ws", 1)),
        }
    }
}

/// The table for people, one line a region.
pub fn table_lines() -> impl Iterator<Item = String> {
    TABLE
        .iter()
        .map(|(region, domain)| format!("  {:<16}{domain}", region.replace('_', "-")))
}

fn is_known_domain(domain: &str) -> bool {
    TABLE.iter().any(|(_, known)| *known == domain)
        || PARENTS.iter().any(|parent| {
            domain
                .strip_suffix(parent)
                .and_then(|rest| rest.strip_suffix('.'))
                .is_some_and(is_host_label)
        })
}

fn is_host_label(label: &str) -> bool {
    !label.is_empty()
        && label.len() <= 63
        && !label.starts_with('-')
        && !label.ends_with('-')
        && label
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}

/// A full URL: a host of Genesys Cloud stands for its region, anything else is a base of its own.
fn base(text: &str) -> Result<Region, String> {
    let url: Uri = value::url(text, value::HTTP)?;
    if url.query().is_some() {
        return Err("a base URL has no query; give the scheme, the host and a path".to_owned());
    }
    let host = url.host().unwrap_or_default().to_ascii_lowercase();
    let domain = without_host_label(&host);
    if is_known_domain(domain) && url.port().is_none() && url.path() == "/" {
        return Ok(Region::Domain(domain.to_owned()));
    }
    Ok(Region::Base(
        url.to_string().trim_end_matches('/').to_owned(),
    ))
}

fn without_host_label(host: &str) -> &str {
    HOST_LABELS
        .iter()
        .find_map(|label| host.strip_prefix(label))
        .unwrap_or(host)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn urls(text: &str) -> (String, String) {
        let region = Region::parse(text).unwrap_or_else(|why| panic!("{text}: {why}"));
        (region.token_url(), region.stream_url())
    }

    #[test]
    fn every_way_to_name_a_region_means_its_domain() {
        for (name, domain) in TABLE {
            let expected = (
                format!("https://login.{domain}/oauth/token"),
                format!("wss://api.{domain}/api/v2/analytics/events/stream"),
            );
            for text in [
                name.to_owned(),
                name.replace('_', "-"),
                name.to_uppercase(),
                domain.to_owned(),
                format!("api.{domain}"),
                format!("https://login.{domain}/"),
            ] {
                assert_eq!(urls(&text), expected, "{text}");
            }
        }
    }

    #[test]
    fn unset_and_api_mean_the_first_region() {
        assert_eq!(Region::parse("api"), Ok(Region::default()));
        assert_eq!(Region::default(), Region::Domain("mypurecloud.com".into()));
    }

    #[test]
    fn a_full_url_is_taken_as_it_stands() {
        let check = |text: &str, token: &str, stream: &str| {
            assert_eq!(urls(text), (token.to_owned(), stream.to_owned()), "{text}");
        };
        check(
            "https://gateway.example:8443/genesys/",
            "https://gateway.example:8443/genesys/oauth/token",
            "wss://gateway.example:8443/genesys/api/v2/analytics/events/stream",
        );
        check(
            "http://127.0.0.1:8080",
            "http://127.0.0.1:8080/oauth/token",
            "ws://127.0.0.1:8080/api/v2/analytics/events/stream",
        );
    }

    #[test]
    fn a_region_younger_than_the_table_is_known_by_its_parent() {
        assert!(Region::parse("new1.pure.cloud").is_ok());
    }

    #[test]
    fn anything_else_is_refused() {
        for text in [
            "prod",
            "us-east",
            "us-east-9",
            "mypurecloud.con",
            "example.com",
            "pure.cloud",
            "a.b.pure.cloud",
            "x.pure.cloud.evil.example",
            "evil.example/.pure.cloud",
            "evil@x.pure.cloud",
            "-.pure.cloud",
            "http://gateway.example",
            "ws://127.0.0.1:80",
            "https://user:pass@gateway.example",
            "https://gateway.example/?region=1",
            "région",
            "us east 1",
            "",
        ] {
            assert!(Region::parse(text).is_err(), "{text}");
        }
    }
}
