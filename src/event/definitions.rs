//! What the numbers in a batch of events stand for: it travels with them, ahead of their first use.

use super::fact::AgentId;
use super::labels::LabelsId;

/// What the numbers in a batch of events stand for: the labels' definitions, and the ids of sessions
/// that connect and whose keys cannot be printed back. Filled again and again, it allocates nothing.
#[derive(Debug, Default)]
pub struct Definitions {
    text: String,
    labels: Vec<LabelDefinitionAt>,
    session_ids: Vec<SessionIdAt>,
    agents: Vec<AgentAt>,
}

/// The name of an agent's number, from an event of the batch on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AgentDefinition<'batch> {
    /// The place of the first event that may use it. Definitions stand in the order of their places.
    pub from: usize,
    /// The number, which may have stood for another agent before.
    pub agent: AgentId,
    /// The agent's name or id.
    pub name: &'batch str,
}

/// What a number stands for from an event of the batch on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LabelDefinition<'batch> {
    /// The place of the first event that may use it. Definitions stand in the order of their places.
    pub from: usize,
    /// The number, which may have stood for another pair before.
    pub labels: LabelsId,
    /// The queue's name, if there is one.
    pub queue: Option<&'batch str>,
    /// The deployment's name, if there is one.
    pub deployment: Option<&'batch str>,
}

#[derive(Clone, Copy, Debug)]
struct LabelDefinitionAt {
    from: usize,
    labels: LabelsId,
    start: usize,
    queue_bytes: usize,
    deployment_bytes: usize,
}

#[derive(Clone, Copy, Debug)]
struct AgentAt {
    from: usize,
    agent: AgentId,
    start: usize,
    bytes: usize,
}

#[derive(Clone, Copy, Debug)]
struct SessionIdAt {
    event: usize,
    start: usize,
    bytes: usize,
}

impl Definitions {
    /// Memory kept after a batch, in bytes: what a flood of names took is given back.
    const BYTES_KEPT_MAX: usize = 16 << 10;

    /// Defines what a number stands for from an event on; an empty name is none.
    pub fn define_labels(&mut self, from: usize, labels: LabelsId, queue: &str, deployment: &str) {
        let start = self.text.len();
        self.text.push_str(queue);
        self.text.push_str(deployment);
        self.labels.push(LabelDefinitionAt {
            from,
            labels,
            start,
            queue_bytes: queue.len(),
            deployment_bytes: deployment.len(),
        });
    }

    /// Defines what the number of an agent stands for from an event on.
    pub fn define_agent(&mut self, from: usize, agent: AgentId, name: &str) {
        let (start, bytes) = (self.text.len(), name.len());
        self.text.push_str(name);
        self.agents.push(AgentAt {
            from,
            agent,
            start,
            bytes,
        });
    }

    /// The definitions of agents, in order.
    pub fn agents(&self) -> impl Iterator<Item = AgentDefinition<'_>> {
        self.agents.iter().filter_map(|at| {
            Some(AgentDefinition {
                from: at.from,
                agent: at.agent,
                name: self.text.get(at.start..at.start + at.bytes)?,
            })
        })
    }

    /// Keeps the session id of the event at a place.
    pub fn keep_session_id(&mut self, event: usize, id: &str) {
        let start = self.text.len();
        self.text.push_str(id);
        let bytes = id.len();
        self.session_ids.push(SessionIdAt {
            event,
            start,
            bytes,
        });
    }

    /// The definitions of labels, in order.
    pub fn labels(&self) -> impl Iterator<Item = LabelDefinition<'_>> {
        self.labels.iter().map(|at| {
            let queue_end = at.start + at.queue_bytes;
            LabelDefinition {
                from: at.from,
                labels: at.labels,
                queue: self.name(at.start..queue_end),
                deployment: self.name(queue_end..queue_end + at.deployment_bytes),
            }
        })
    }

    /// The places of events, and the session ids they carry.
    pub fn session_ids(&self) -> impl Iterator<Item = (usize, &str)> {
        self.session_ids.iter().filter_map(|at| {
            let id = self.text.get(at.start..at.start + at.bytes)?;
            Some((at.event, id))
        })
    }

    /// Whether there is nothing in it.
    pub fn is_empty(&self) -> bool {
        self.labels.is_empty() && self.session_ids.is_empty() && self.agents.is_empty()
    }

    /// Drops what belongs to events that are gone: their ids go, the labels' definitions hold from the
    /// first event on.
    pub fn detach_events(&mut self) {
        self.session_ids.clear();
        for definition in &mut self.labels {
            definition.from = 0;
        }
        for definition in &mut self.agents {
            definition.from = 0;
        }
    }

    /// Drops what was kept for the events from a place on, which are in the batch no more. What labels
    /// stand for is sent once, so definitions stay.
    pub fn truncate(&mut self, events: usize) {
        self.session_ids.retain(|id| id.event < events);
        for definition in &mut self.labels {
            definition.from = definition.from.min(events);
        }
        for definition in &mut self.agents {
            definition.from = definition.from.min(events);
        }
    }

    /// Takes over what the labels of another batch stand for, from an event of this one on.
    pub fn absorb(&mut self, from: usize, other: &Self) {
        for definition in other.labels() {
            let (queue, deployment) = (definition.queue, definition.deployment);
            self.define_labels(
                from,
                definition.labels,
                queue.unwrap_or_default(),
                deployment.unwrap_or_default(),
            );
        }
        for definition in other.agents() {
            self.define_agent(from, definition.agent, definition.name);
        }
    }

    /// Empties it and keeps its memory, unless that is much.
    pub fn clear(&mut self) {
        self.labels.clear();
        self.session_ids.clear();
        self.agents.clear();
        self.text.clear();
        self.text.shrink_to(Self::BYTES_KEPT_MAX);
    }

    fn name(&self, range: std::ops::Range<usize>) -> Option<&str> {
        self.text.get(range).filter(|name| !name.is_empty())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn definitions_come_back_as_they_went_in() {
        let mut definitions = Definitions::default();
        assert!(definitions.is_empty());
        definitions.define_labels(3, LabelsId::from_number(7), "sales", "");
        definitions.keep_session_id(4, "guest é");
        definitions.define_labels(5, LabelsId::from_number(8), "", "page");
        definitions.define_agent(5, AgentId::from_number(1), "ana");
        let agents: Vec<_> = definitions.agents().map(|at| (at.from, at.name)).collect();
        assert_eq!(agents, [(5, "ana")]);
        let told: Vec<LabelDefinition<'_>> = definitions.labels().collect();
        let definition = |from, number, queue, deployment| LabelDefinition {
            from,
            labels: LabelsId::from_number(number),
            queue,
            deployment,
        };
        assert_eq!(
            told,
            [
                definition(3, 7, Some("sales"), None),
                definition(5, 8, None, Some("page"))
            ]
        );
        assert_eq!(
            definitions.session_ids().collect::<Vec<_>>(),
            [(4, "guest é")]
        );

        definitions.detach_events();
        assert!(definitions.labels().all(|definition| definition.from == 0));
        assert_eq!(definitions.labels().count(), 2);
        assert_eq!(definitions.session_ids().count(), 0);
        assert!(definitions.agents().all(|definition| definition.from == 0));
        definitions.clear();
        assert!(definitions.is_empty());
    }
}
