//! Ids as each dialect has them.

use crate::config::Dialect;

use crate::simulate::centre::CentrePlan;

/// A UUID in its usual form.
pub(super) fn uuid(id: u128) -> String {
    let hex = format!("{id:032x}");
    format!(
        "{}-{}-{}-{}-{}",
        &hex[..8],
        &hex[8..12],
        &hex[12..16],
        &hex[16..20],
        &hex[20..]
    )
}

/// A UUID that is the same in every run: the n-th of its kind.
pub(super) fn uuid_of(kind: u8, number: u16) -> String {
    let id = (u128::from(kind) << 120) | (0x4 << 76) | (0x2 << 62) | u128::from(number + 1);
    uuid(id)
}

/// A queue's id, as `queue` is counted by a [`CentrePlan`].
pub fn queue_id(dialect: &Dialect, queue: u16) -> String {
    match dialect {
        Dialect::GenesysEventbridge => uuid_of(0xa1, queue),
        Dialect::AmazonConnect => arn("queue", &uuid_of(0xa1, queue)),
        _ => CentrePlan::queue_name(queue),
    }
}

/// A deployment's id.
pub fn deployment_id(dialect: &Dialect, deployment: u16) -> String {
    match dialect {
        Dialect::TwilioEventStreams => format!("MG{deployment:032x}"),
        _ => CentrePlan::deployment_id(deployment),
    }
}

/// An agent's id.
pub fn agent_id(dialect: &Dialect, agent: u16) -> String {
    match dialect {
        Dialect::GenesysEventbridge => uuid_of(0xb2, agent),
        Dialect::AmazonConnect => arn("agent", &uuid_of(0xb2, agent)),
        _ => format!("agent-{}", agent + 1),
    }
}

fn arn(kind: &str, id: &str) -> String {
    let instance = uuid_of(0xc3, 0);
    format!("arn:aws:connect:us-east-1:123456789012:instance/{instance}/{kind}/{id}")
}
