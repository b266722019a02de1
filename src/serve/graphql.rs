//! GraphQL over HTTP: one request in, one answer out, by the rules of that specification.
//!
//! Status: what cannot be read as a request is 4xx for everyone. A request that is refused before
//! it runs is 400 under `application/graphql-response+json` and 200 under `application/json`; one
//! that ran is 200, whatever its fields came to.

use async_graphql::ErrorExtensionValues;
use async_graphql::Request as SchemaRequest;
use async_graphql::Response as SchemaResponse;
use async_graphql::ServerError;
use async_graphql::Value;
use async_graphql::parser::types::OperationType;
use bytes::Bytes;
use hyper::Method;
use hyper::StatusCode;
use hyper::header;
use serde::Serialize;
use tokio::runtime;

use super::answer;
use super::answer::Answer;
use super::cache;
use super::cache::Cache;
use super::cache::Moment;
use super::execute::Executor;
use super::execute::Unfinished;
use super::media::Media;
use super::precheck::Checked;
use super::precheck::Refusal;
use super::query::Malformed;
use super::query::QueryRequest;
use super::query::Wire;
use super::schema;
use super::schema::Schema;
use super::schema::View;
use crate::config::ServeSettings;
use crate::config::limits;

/// The body of an answer. `data` is absent when nothing was executed.
#[derive(Serialize)]
struct Reply<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    data: Option<&'a Value>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    errors: &'a [ServerError],
}

/// The endpoint: a schema, the threads it runs on and the answers that still hold.
pub(super) struct GraphQl {
    schema: Schema,
    cache: Cache,
    executor: Executor,
}

impl GraphQl {
    /// The endpoint under these settings.
    pub(super) fn new(settings: &ServeSettings) -> Self {
        Self {
            schema: schema::build(settings.introspection_allowed()),
            cache: Cache::new(),
            executor: Executor::new(limits::QUERIES_RUNNING_MAX, settings.timeouts.query),
        }
    }

    /// Answers one request from one view.
    pub(super) async fn answer(
        &self,
        wire: Wire<'_>,
        method: &Method,
        media: Media,
        view: View,
    ) -> Answer {
        let moment = self.cache.moment(&view.snapshot);
        if let Some(body) = cache::answer(moment, wire) {
            return answer::new(StatusCode::OK, media.content_type(), body);
        }
        // Boxed, so that the usual request does not move the room that this one needs.
        Box::pin(self.answer_anew(wire, method, media, view, moment)).await
    }

    async fn answer_anew(
        &self,
        wire: Wire<'_>,
        method: &Method,
        media: Media,
        view: View,
        moment: Moment,
    ) -> Answer {
        let mut request = match QueryRequest::read(wire) {
            Ok(request) => request,
            Err(malformed) => return malformed_answer(&malformed, media),
        };
        let query = match request.document() {
            Ok(query) => query,
            Err(malformed) => return malformed_answer(&malformed, media),
        };
        let checked = match cache::checked(query, request.operation_name.as_deref()) {
            Ok(checked) => checked,
            Err(refusal) => return refused(&refusal, media),
        };
        let operation = checked.operation;
        // A link that someone follows must not change anything, whatever the schema comes to hold.
        if method != Method::POST && operation != OperationType::Query {
            return only_by_post(media);
        }

        let variables = request.take_variables();
        let mut schema_request = SchemaRequest::new(String::new())
            .variables(variables)
            .data(view);
        if let Some(name) = request.operation_name {
            schema_request = schema_request.operation_name(name);
        }
        let response = match self.execute(schema_request, checked).await {
            Ok(response) => response,
            Err(unfinished) => return unfinished_answer(unfinished, media),
        };
        if operation == OperationType::Query && is_lasting(&response) {
            let body = body(Some(&response.data), &[]);
            cache::keep(moment, wire, &body);
            return answer::new(StatusCode::OK, media.content_type(), body);
        }
        executed(response, media)
    }

    /// Executes a document: here when it is small, else in turn on a blocking thread.
    async fn execute(
        &self,
        mut request: SchemaRequest,
        checked: Checked,
    ) -> Result<SchemaResponse, Unfinished> {
        request.set_parsed_query(checked.document);
        if checked.is_small {
            return Ok(self.schema.execute(request).await);
        }
        let (schema, runtime) = (self.schema.clone(), runtime::Handle::current());
        let job = move || runtime.block_on(schema.execute(request));
        self.executor.run(job).await
    }
}

/// Whether the same request has the same answer for as long as the snapshot is the same.
fn is_lasting(response: &SchemaResponse) -> bool {
    let is_of_the_moment = response.cache_control.max_age < 0;
    !is_of_the_moment && response.errors.is_empty() && response.data != Value::Null
}

/// The answer to a request that is none.
fn malformed_answer(malformed: &Malformed, media: Media) -> Answer {
    let error = error(malformed.to_string(), "BAD_REQUEST");
    reply(StatusCode::BAD_REQUEST, media, None, &[error])
}

/// The answer to a request that the endpoint does not look into.
pub(super) fn unreadable(status: StatusCode, message: &str, media: Media) -> Answer {
    reply(
        status,
        media,
        None,
        &[error(message.to_owned(), "BAD_REQUEST")],
    )
}

fn refused(refusal: &Refusal, media: Media) -> Answer {
    let mut error = error(refusal.to_string(), refusal.code());
    error.locations.extend(refusal.position());
    reply(before_execution(media), media, None, &[error])
}

fn only_by_post(media: Media) -> Answer {
    let message = String::from("operation: not a query; send it by POST");
    let error = error(message, "BAD_REQUEST");
    let answer = reply(StatusCode::METHOD_NOT_ALLOWED, media, None, &[error]);
    answer::with(answer, header::ALLOW, "POST")
}

fn unfinished_answer(unfinished: Unfinished, media: Media) -> Answer {
    let (status, message, code) = match unfinished {
        Unfinished::Deadline => (
            StatusCode::SERVICE_UNAVAILABLE,
            "query: not done within the deadline; ask for less or later",
            "DEADLINE_EXCEEDED",
        ),
        Unfinished::Lost => (
            StatusCode::INTERNAL_SERVER_ERROR,
            "query: the server failed; it is not the query's fault",
            "INTERNAL_SERVER_ERROR",
        ),
    };
    let answer = reply(status, media, None, &[error(message.to_owned(), code)]);
    answer::with(answer, header::RETRY_AFTER, "1")
}

fn executed(mut response: SchemaResponse, media: Media) -> Answer {
    // An error of execution says at which field it came up; one of validation has no path.
    let has_run =
        response.data != Value::Null || response.errors.iter().any(|e| !e.path.is_empty());
    response.errors.truncate(limits::QUERY_ERRORS_MAX);
    if has_run {
        return reply(
            StatusCode::OK,
            media,
            Some(&response.data),
            &response.errors,
        );
    }
    for error in &mut response.errors {
        let extensions = error.extensions.get_or_insert_default();
        extensions.set("code", Refusal::VALIDATION_CODE);
    }
    reply(before_execution(media), media, None, &response.errors)
}

/// The status of a well-formed request that was not executed.
const fn before_execution(media: Media) -> StatusCode {
    match media {
        Media::GraphQl => StatusCode::BAD_REQUEST,
        Media::Json => StatusCode::OK,
    }
}

fn error(message: String, code: &str) -> ServerError {
    let mut error = ServerError::new(message, None);
    let mut extensions = ErrorExtensionValues::default();
    extensions.set("code", code);
    error.extensions = Some(extensions);
    error
}

fn reply(status: StatusCode, media: Media, data: Option<&Value>, errors: &[ServerError]) -> Answer {
    answer::new(status, media.content_type(), body(data, errors))
}

fn body(data: Option<&Value>, errors: &[ServerError]) -> Bytes {
    let body = serde_json::to_vec(&Reply { data, errors });
    // Numbers that JSON has no form for cannot be made by the resolvers, which divide by no zero.
    body.unwrap_or_else(|error| unreachable!("a reply is JSON: {error}"))
        .into()
}
