//! The GraphQL endpoint, whatever the transport: one request in, one outcome out.
//!
//! An outcome says how far a request got. `answer::reply` puts it into the form of HTTP, and `push` into
//! those of WebSockets and server-sent events. A subscription is only looked into here; what it comes
//! to at each tick is [`GraphQl::tick`].

pub(in crate::serve) mod ask;
pub(in crate::serve) mod cache;
pub(in crate::serve) mod cost;
pub(in crate::serve) mod execute;
pub(in crate::serve) mod persisted;
pub(in crate::serve) mod query;
pub(in crate::serve) mod schema;
pub(in crate::serve) mod shape;
pub(in crate::serve) mod viewer;

use std::fmt;

use async_graphql::ErrorExtensionValues;
use async_graphql::Request as SchemaRequest;
use async_graphql::Response as SchemaResponse;
pub(in crate::serve) use async_graphql::ServerError;
use async_graphql::Value;
use async_graphql::parser::types::OperationType;
use bytes::Bytes;
use futures_util::StreamExt;
use serde::Serialize;
use tokio::runtime;

use crate::config::ServeSettings;
use crate::config::limits;
use crate::ring::Mailbox;

use ask::Ask;
use ask::Item;
use cache::Cache;
use cache::Moment;
use cost::precheck::Checked;
use cost::precheck::Refusal;
use execute::Executor;
use execute::Unfinished;
use persisted::Persisted;
use query::Malformed;
use query::QueryRequest;
use query::Wire;
use schema::Pace;
use schema::Schema;
use schema::View;
use viewer::Viewer;

/// The body of an answer. `data` is absent when nothing was executed.
#[derive(Serialize)]
struct Reply<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    data: Option<&'a Value>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    errors: &'a [ServerError],
}

/// What a request came to.
#[derive(Debug)]
pub(in crate::serve) enum Outcome {
    /// It ran, whatever its fields came to: the body of the answer.
    Ran(Bytes),
    /// It was refused before it ran.
    Refused(Vec<ServerError>),
    /// The bytes are no request.
    Malformed(Malformed),
    /// Another method of HTTP is needed for it.
    OnlyByPost,
    /// It was not done in time, or got lost.
    Unfinished(Unfinished),
    /// It is to be answered again and again.
    Subscription(Ask),
}

/// What a transport that answers by messages tells of an outcome.
#[derive(Debug)]
pub(in crate::serve) enum Told {
    /// The one answer.
    Next(Bytes),
    /// Errors instead of an answer, as a list in JSON.
    Errors(Vec<u8>),
    /// The bytes are no request, and why.
    NoRequest(String),
}

impl Outcome {
    /// Whether there is more than one answer.
    pub(in crate::serve) const fn is_subscription(&self) -> bool {
        matches!(self, Self::Subscription(_))
    }

    /// What is reported where there is no status to show it by.
    pub(in crate::serve) fn told(self) -> Told {
        let errors = match self {
            Self::Ran(body) => return Told::Next(body),
            Self::Refused(errors) => errors,
            Self::Malformed(malformed) if malformed.is_of_shape() => {
                return Told::NoRequest(malformed.to_string());
            }
            Self::Malformed(malformed) => vec![error(malformed.to_string(), "BAD_REQUEST")],
            Self::Unfinished(why) => vec![unfinished(why)],
            // Not where everything is carried.
            Self::OnlyByPost | Self::Subscription(_) => vec![unfinished(Unfinished::Lost)],
        };
        Told::Errors(json(&errors))
    }
}

/// Which operations a transport carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::serve) struct Carries {
    /// What changes something: not a link that someone follows.
    pub(in crate::serve) mutations: bool,
    /// What is answered more than once.
    pub(in crate::serve) subscriptions: bool,
}

impl Carries {
    /// Every operation.
    pub(in crate::serve) const ALL: Self = Self {
        mutations: true,
        subscriptions: true,
    };
}

/// The endpoint: a schema, the threads it runs on, the documents it knows and the answers that still
/// hold.
pub(in crate::serve) struct GraphQl {
    viewer: Viewer,
    samples: Mailbox<u64>,
    schema: Schema,
    cache: Cache,
    persisted: Persisted,
    executor: Executor,
}

impl fmt::Debug for GraphQl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GraphQl").finish_non_exhaustive()
    }
}

impl GraphQl {
    /// The endpoint under these settings. The nanoseconds that each request takes are posted to
    /// `samples`.
    pub(in crate::serve) fn new(
        settings: &ServeSettings,
        viewer: Viewer,
        samples: Mailbox<u64>,
    ) -> Self {
        Self {
            viewer,
            samples,
            schema: schema::build(settings.introspection_allowed()),
            cache: Cache::new(),
            persisted: Persisted::default(),
            executor: Executor::new(limits::QUERIES_RUNNING_MAX, settings.timeouts.query),
        }
    }

    /// What one request comes to, from one view.
    pub(in crate::serve) async fn outcome(&self, wire: Wire<'_>, carries: Carries) -> Outcome {
        let since_ns = self.viewer.mono_ns();
        let view = self.viewer.view(since_ns);
        let moment = self.cache.moment(&view.snapshot);
        let outcome = match cache::answer(moment, wire) {
            Some(body) => Outcome::Ran(body),
            // Boxed, so that the usual request does not move the room that this one needs.
            None => Box::pin(self.outcome_anew(wire, carries, view, moment)).await,
        };
        let took_ns = self.viewer.mono_ns().saturating_sub(since_ns);
        self.samples.post(took_ns);
        outcome
    }

    async fn outcome_anew(
        &self,
        wire: Wire<'_>,
        carries: Carries,
        view: View,
        moment: Moment,
    ) -> Outcome {
        let (mut request, checked) = match self.read(wire) {
            Ok(read) => read,
            Err(outcome) => return *outcome,
        };
        let operation = checked.operation;
        if operation == OperationType::Subscription {
            if carries.subscriptions {
                return Outcome::Subscription(Ask::new(&mut request, checked));
            }
            return refused(
                "operation: a subscription; ask over graphql-transport-ws, or accept \
                 text/event-stream",
                "BAD_REQUEST",
            );
        }
        if operation != OperationType::Query && !carries.mutations {
            return Outcome::OnlyByPost;
        }
        let mut schema_request = SchemaRequest::new(String::new())
            .variables(request.take_variables())
            .data(view);
        if let Some(name) = request.operation_name {
            schema_request = schema_request.operation_name(name);
        }
        let response = match self.execute(schema_request, &checked).await {
            Ok(response) => response,
            Err(unfinished) => return Outcome::Unfinished(unfinished),
        };
        if operation == OperationType::Query && is_lasting(&response) {
            let body = body(Some(&response.data), &[]);
            cache::keep(moment, wire, &body);
            return Outcome::Ran(body);
        }
        executed(response)
    }

    /// Reads a request and looks into its document, which it may name by its hash.
    fn read(&self, wire: Wire<'_>) -> Result<(QueryRequest, Checked), Box<Outcome>> {
        let malformed = |malformed| Box::new(Outcome::Malformed(malformed));
        let mut request = QueryRequest::read(wire).map_err(malformed)?;
        let persisted = request.persisted().map_err(malformed)?;
        if let (None, Some(hash)) = (&request.query, persisted) {
            let Some(text) = self.persisted.find(hash) else {
                let outcome = refused("PersistedQueryNotFound", "PERSISTED_QUERY_NOT_FOUND");
                return Err(Box::new(outcome));
            };
            request.query = Some(text.as_ref().to_owned());
        }
        let query = request.document().map_err(malformed)?;
        let checked = cache::checked(query, request.operation_name.as_deref());
        let checked = checked.map_err(|refusal| {
            let mut error = error(refusal.to_string(), refusal.code());
            error.locations.extend(refusal.position());
            Box::new(Outcome::Refused(vec![error]))
        })?;
        if let Some(hash) = persisted {
            self.persisted.keep(hash, query);
        }
        Ok((request, checked))
    }

    /// What a subscription comes to now.
    ///
    /// # Errors
    /// When it is not done in time.
    pub(in crate::serve) async fn tick(&self, ask: &Ask) -> Result<Item, Unfinished> {
        let (view, pace) = (self.viewer.view(self.viewer.mono_ns()), Pace::default());
        let mut request = SchemaRequest::new(String::new())
            .variables(ask.variables())
            .data(view)
            .data(pace.clone());
        if let Some(name) = ask.operation_name() {
            request = request.operation_name(name);
        }
        let mut response = self.execute(request, ask.checked()).await?;
        response.errors.truncate(limits::QUERY_ERRORS_MAX);
        // Every field of a subscription names its interval before anything else.
        let Some(interval) = pace.interval() else {
            mark_invalid(&mut response.errors);
            return Ok(Item::Refused(response.errors));
        };
        Ok(Item::Next {
            interval,
            body: body(Some(&response.data), &response.errors),
        })
    }

    /// Executes a document: here when it is small, else in turn on a blocking thread.
    async fn execute(
        &self,
        mut request: SchemaRequest,
        checked: &Checked,
    ) -> Result<SchemaResponse, Unfinished> {
        request.set_parsed_query(checked.document.clone());
        let (schema, kind) = (self.schema.clone(), checked.operation);
        let job = async move {
            if kind != OperationType::Subscription {
                return Some(schema.execute(request).await);
            }
            // It ends after its first item.
            schema.execute_stream(request).next().await
        };
        let response = if checked.is_small {
            job.await
        } else {
            let runtime = runtime::Handle::current();
            self.executor.run(move || runtime.block_on(job)).await?
        };
        response.ok_or(Unfinished::Lost)
    }
}

/// Whether the same request has the same answer for as long as the snapshot is the same.
fn is_lasting(response: &SchemaResponse) -> bool {
    let is_of_the_moment = response.cache_control.max_age < 0;
    !is_of_the_moment && response.errors.is_empty() && response.data != Value::Null
}

/// How far an execution got. An error of execution says at which field it came up; one of validation
/// has no path.
fn executed(mut response: SchemaResponse) -> Outcome {
    let has_run =
        response.data != Value::Null || response.errors.iter().any(|e| !e.path.is_empty());
    response.errors.truncate(limits::QUERY_ERRORS_MAX);
    if has_run {
        return Outcome::Ran(body(Some(&response.data), &response.errors));
    }
    mark_invalid(&mut response.errors);
    Outcome::Refused(response.errors)
}

/// Gives errors of validation, which have no path, their code.
fn mark_invalid(errors: &mut [ServerError]) {
    for error in errors.iter_mut().filter(|error| error.path.is_empty()) {
        let extensions = error.extensions.get_or_insert_default();
        extensions.set("code", Refusal::VALIDATION_CODE);
    }
}

fn refused(message: &str, code: &str) -> Outcome {
    Outcome::Refused(vec![error(message.to_owned(), code)])
}

/// An error of the endpoint itself.
pub(in crate::serve) fn error(message: String, code: &str) -> ServerError {
    let mut error = ServerError::new(message, None);
    let mut extensions = ErrorExtensionValues::default();
    extensions.set("code", code);
    error.extensions = Some(extensions);
    error
}

/// What is reported of a request that was not done.
pub(in crate::serve) fn unfinished(unfinished: Unfinished) -> ServerError {
    let (message, code) = match unfinished {
        Unfinished::Deadline => (
            "query: not done within the deadline; ask for less or later",
            "DEADLINE_EXCEEDED",
        ),
        Unfinished::Lost => (
            "query: the server failed; it is not the query's fault",
            "INTERNAL_SERVER_ERROR",
        ),
    };
    error(message.to_owned(), code)
}

/// The body of an answer in JSON.
pub(in crate::serve) fn body(data: Option<&Value>, errors: &[ServerError]) -> Bytes {
    json(&Reply { data, errors }).into()
}

/// What is reported of a request, in JSON.
pub(in crate::serve) fn json<T: Serialize + ?Sized>(value: &T) -> Vec<u8> {
    // Numbers that JSON has no form for cannot be made by the resolvers, which divide by no zero.
    serde_json::to_vec(value).unwrap_or_else(|error| unreachable!("a reply is JSON: {error}"))
}
