//! The paths this server answers, in one table: what is not in it does not exist.

use hyper::Method;

use crate::latency::Stage;
use crate::serve::page::assets;
use crate::serve::page::assets::Asset;

/// What stands at a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Endpoint {
    /// The page, or what to do to get it.
    Page,
    /// A file of the page.
    Asset(&'static Asset),
    /// Whether a browser is signed in; in and out.
    Session,
    /// GraphQL over HTTP.
    GraphQl,
    /// Alive.
    Health,
    /// Ready.
    Ready,
    /// All numbers for Prometheus.
    Metrics,
    /// The distribution of a stage's latency.
    Latency(Stage),
}

/// One line of the table.
#[derive(Clone, Copy, Debug)]
pub(super) struct Route {
    /// The whole path.
    pub(super) path: &'static str,
    /// What stands there.
    pub(super) endpoint: Endpoint,
    /// The methods it answers, as the `Allow` header has them.
    pub(super) allow: &'static str,
    /// Whether it answers without a token and for any host: only what tells nothing may.
    pub(super) is_open: bool,
    /// Whether probes and scrapers ask for it, some of which know neither HTTP/1.1 nor our name.
    pub(super) is_for_probes: bool,
}

/// Every route but the files of the page.
pub(super) const ROUTES: [Route; 13] = [
    Route {
        path: "/",
        endpoint: Endpoint::Page,
        allow: "GET, HEAD",
        is_open: false,
        is_for_probes: false,
    },
    Route {
        path: "/session",
        endpoint: Endpoint::Session,
        allow: "GET, HEAD, POST, DELETE",
        is_open: false,
        is_for_probes: false,
    },
    Route {
        path: "/graphql",
        endpoint: Endpoint::GraphQl,
        allow: "GET, HEAD, POST",
        is_open: false,
        is_for_probes: false,
    },
    Route {
        path: "/healthz",
        endpoint: Endpoint::Health,
        allow: "GET, HEAD",
        is_open: true,
        is_for_probes: true,
    },
    Route {
        path: "/readyz",
        endpoint: Endpoint::Ready,
        allow: "GET, HEAD",
        is_open: false,
        is_for_probes: true,
    },
    Route {
        path: "/metrics",
        endpoint: Endpoint::Metrics,
        allow: "GET, HEAD",
        is_open: false,
        is_for_probes: true,
    },
    latency("/latency/parse.hgrm", Stage::Parse),
    latency("/latency/ring.hgrm", Stage::Ring),
    latency("/latency/aggregate.hgrm", Stage::Aggregate),
    latency("/latency/publish.hgrm", Stage::Publish),
    latency("/latency/visible.hgrm", Stage::Visible),
    latency("/latency/query.hgrm", Stage::Query),
    latency("/latency/pause.hgrm", Stage::Pause),
];

/// What begins like a distribution's path and is none is answered with the stages there are.
pub(super) const LATENCY: &str = "/latency/";

const fn latency(path: &'static str, stage: Stage) -> Route {
    Route {
        path,
        endpoint: Endpoint::Latency(stage),
        allow: "GET, HEAD",
        is_open: false,
        is_for_probes: false,
    }
}

/// The route at a path.
pub(super) fn find(path: &str) -> Option<Route> {
    let fixed = ROUTES.iter().find(|route| route.path == path);
    fixed.copied().or_else(|| {
        let asset = assets::hashed(path)?;
        Some(Route {
            path: asset.path,
            endpoint: Endpoint::Asset(asset),
            allow: "GET, HEAD",
            is_open: false,
            is_for_probes: false,
        })
    })
}

impl Route {
    /// Whether the route answers a method.
    pub(super) fn allows(&self, method: &Method) -> bool {
        // Byte by byte: this is asked of every request, and searching for text costs more.
        let mut allowed = self.allow.as_bytes().split(|byte| *byte == b',');
        allowed.any(|allowed| allowed.trim_ascii_start() == method.as_str().as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_stage_has_the_path_of_its_name() {
        for stage in Stage::ALL {
            let route = find(&format!("{LATENCY}{}.hgrm", stage.label())).unwrap();
            assert_eq!(route.endpoint, Endpoint::Latency(stage));
        }
    }
}
