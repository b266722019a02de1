//! What ids of the stream are outside of it: names for people, and links into other programs.

use super::link::LinkTemplate;
use super::names::Names;

/// Names and links, as settings give them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Directory {
    /// Names of queues, deployments and directions.
    pub names: Names,
    /// Where a session can be looked at.
    pub session_link: Option<LinkTemplate>,
}
