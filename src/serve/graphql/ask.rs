//! A subscription as it is asked for, and what it comes to.

use std::hash::Hash;
use std::hash::Hasher;
use std::sync::Arc;
use std::time::Duration;

use async_graphql::ServerError;
use async_graphql::Variables;
use bytes::Bytes;

use super::query::QueryRequest;
use crate::serve::graphql::cost::precheck::Checked;

/// A subscription that may be executed. Two are equal when the whole request is the same: document,
/// operation and variables, and so the interval. Cheap to clone.
#[derive(Clone, Debug)]
pub(in crate::serve) struct Ask(Arc<Request>);

#[derive(Debug)]
struct Request {
    query: String,
    operation_name: Option<String>,
    /// In JSON, names in order.
    variables_text: String,
    variables: Variables,
    checked: Checked,
}

/// What an execution of a subscription gives.
#[derive(Debug)]
pub(in crate::serve) enum Item {
    /// One answer, and how often there is to be another.
    Next {
        /// How often.
        interval: Duration,
        /// The answer in JSON.
        body: Bytes,
    },
    /// It cannot be executed at all.
    Refused(Vec<ServerError>),
}

impl Ask {
    /// Takes the request apart.
    pub(in crate::serve) fn new(request: &mut QueryRequest, checked: Checked) -> Self {
        Self(Arc::new(Request {
            query: request.query.take().unwrap_or_default(),
            operation_name: request.operation_name.take(),
            variables_text: request.variables_text(),
            variables: request.take_variables(),
            checked,
        }))
    }

    /// The variables.
    pub(super) fn variables(&self) -> Variables {
        self.0.variables.clone()
    }

    /// The operation to run, if one is named.
    pub(super) fn operation_name(&self) -> Option<&str> {
        self.0.operation_name.as_deref()
    }

    /// The document.
    pub(super) fn checked(&self) -> &Checked {
        &self.0.checked
    }

    fn key(&self) -> (&str, Option<&str>, &str) {
        let Request {
            query,
            operation_name,
            variables_text,
            ..
        } = &*self.0;
        (query, operation_name.as_deref(), variables_text)
    }
}

impl PartialEq for Ask {
    fn eq(&self, other: &Self) -> bool {
        self.key() == other.key()
    }
}

impl Eq for Ask {}

impl Hash for Ask {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.key().hash(state);
    }
}
