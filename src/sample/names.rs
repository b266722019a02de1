//! The texts behind what a decoder has made numbers of: ids of sessions, names of queues and
//! deployments, and the type of an element that is not counted.

use std::collections::HashMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use crate::event::AgentId;
use crate::event::Definitions;
use crate::event::IdKeys;
use crate::event::LabelsId;
use crate::event::SessionKey;
use crate::net::Redactor;
use crate::parse;

/// What labels stand for so far, and what must not be shown.
#[derive(Debug)]
pub(super) struct Names {
    keys: IdKeys,
    redactor: Redactor,
    labels: HashMap<LabelsId, [Option<String>; 2]>,
    agents: HashMap<AgentId, String>,
}

impl Names {
    pub(super) fn new(keys: IdKeys, redactor: Redactor) -> Self {
        Self {
            keys,
            redactor,
            labels: HashMap::new(),
            agents: HashMap::new(),
        }
    }

    /// Takes over what labels stand for from here on.
    pub(super) fn learn(&mut self, definitions: &Definitions) {
        for definition in definitions.labels() {
            let shown = |name: Option<&str>| name.map(|name| self.shown(name));
            let names = [shown(definition.queue), shown(definition.deployment)];
            self.labels.insert(definition.labels, names);
        }
        for definition in definitions.agents() {
            let name = self.shown(definition.name);
            self.agents.insert(definition.agent, name);
        }
    }

    /// The agent; `None` where none is named.
    pub(super) fn agent(&self, agent: AgentId) -> Option<String> {
        self.agents.get(&agent).cloned()
    }

    /// The queue and the deployment.
    pub(super) fn labels(&self, labels: LabelsId) -> [Option<String>; 2] {
        self.labels.get(&labels).cloned().unwrap_or_default()
    }

    /// The id of a session: whatever text of the element it is whose key is this one.
    pub(super) fn session(&self, key: SessionKey, element: &Value) -> String {
        match self.find(key, element) {
            Some(id) => self.shown(&id),
            None => format!("#{:016x}", key.hi),
        }
    }

    fn find(&self, key: SessionKey, value: &Value) -> Option<String> {
        let is_it = |id: &str| parse::session_key(self.keys, id) == Some(key);
        match value {
            Value::String(text) => is_it(text).then(|| text.clone()),
            Value::Number(number) => Some(number.to_string()).filter(|id| is_it(id)),
            Value::Array(items) => items.iter().find_map(|item| self.find(key, item)),
            Value::Object(fields) => fields.iter().find_map(|(name, field)| {
                let packed = field.as_str().filter(|_| name == "data_base64");
                let unpacked = packed.and_then(|text| STANDARD.decode(text).ok());
                match unpacked.and_then(|data| serde_json::from_slice(&data).ok()) {
                    Some(data) => self.find(key, &data),
                    None => self.find(key, field),
                }
            }),
            Value::Null | Value::Bool(_) => None,
        }
    }

    /// What an element says of its type, which stands at `place` in the words of its dialect.
    pub(super) fn type_of(&self, place: &str, element: &Value) -> String {
        let pointer = match place.starts_with('/') {
            true => place.to_owned(),
            false => format!("/{}", place.replace('.', "/")),
        };
        // Notifications may lie in an envelope, and another event there says of itself what it is.
        let detail = element.get("detail").unwrap_or(element);
        let in_envelope = element
            .get("detail-type")
            .map(|found| ("detail-type", found));
        let found = detail
            .pointer(&pointer)
            .or_else(|| element.pointer(&pointer));
        let found = found.map(|found| (place, found)).or(in_envelope);
        match found {
            Some((place, Value::String(text))) => {
                let quoted = self.redactor.quote(text);
                let text = quoted.unwrap_or_else(|| "\"\"".to_owned());
                format!("{place} {text} is none that is counted")
            }
            Some((place, Value::Number(number))) => {
                format!("{place} {number} is none that is counted")
            }
            _ => format!("{place} is none that is counted"),
        }
    }

    /// A text of the file in one of our lines.
    fn shown(&self, text: &str) -> String {
        self.redactor.line(text).unwrap_or_default()
    }
}
