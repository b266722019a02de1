//! GraphQL over HTTP: the form that outcomes take there, by the rules of that specification.
//!
//! Status: what cannot be read as a request is 4xx for everyone. A request that is refused before
//! it runs is 400 under `application/graphql-response+json` and 200 under `application/json`; one
//! that ran is 200, whatever its fields came to.

use crate::serve::graphql::ServerError;
use hyper::StatusCode;
use hyper::header;

use super::media::Media;
use crate::serve::answer;
use crate::serve::answer::Answer;
use crate::serve::graphql;
use crate::serve::graphql::Outcome;
use crate::serve::graphql::execute::Unfinished;

/// The answer that tells of an outcome.
pub(in crate::serve) fn answer(outcome: Outcome, media: Media) -> Answer {
    match outcome {
        Outcome::Ran(body) => answer::new(StatusCode::OK, media.content_type(), body),
        Outcome::Refused(errors) => refusal(before_execution(media), media, &errors),
        Outcome::Malformed(malformed) => {
            unreadable(StatusCode::BAD_REQUEST, &malformed.to_string(), media)
        }
        Outcome::OnlyByPost => {
            let message = "operation: not a query; send it by POST";
            let answer = unreadable(StatusCode::METHOD_NOT_ALLOWED, message, media);
            answer::with(answer, header::ALLOW, "POST")
        }
        Outcome::Unfinished(unfinished) => later(unfinished, media),
        Outcome::Subscription(_) => {
            // The endpoint refuses it for transports that do not carry it.
            later(Unfinished::Lost, media)
        }
    }
}

/// The answer to a request that the endpoint does not look into.
pub(in crate::serve) fn unreadable(status: StatusCode, message: &str, media: Media) -> Answer {
    let error = graphql::error(message.to_owned(), "BAD_REQUEST");
    refusal(status, media, &[error])
}

/// The answer while there is no room for the one asked for.
pub(in crate::serve) fn busy(media: Media) -> Answer {
    let message = "request: too many bytes wait for their clients; ask again";
    let error = graphql::error(message.to_owned(), "BUSY");
    let answer = refusal(StatusCode::SERVICE_UNAVAILABLE, media, &[error]);
    answer::with(answer, header::RETRY_AFTER, "1")
}

/// The answer to a request that was not done.
fn later(unfinished: Unfinished, media: Media) -> Answer {
    let status = match unfinished {
        Unfinished::Deadline => StatusCode::SERVICE_UNAVAILABLE,
        Unfinished::Lost => StatusCode::INTERNAL_SERVER_ERROR,
    };
    let answer = refusal(status, media, &[graphql::unfinished(unfinished)]);
    answer::with(answer, header::RETRY_AFTER, "1")
}

fn refusal(status: StatusCode, media: Media, errors: &[ServerError]) -> Answer {
    answer::new(status, media.content_type(), graphql::body(None, errors))
}

/// The status of a well-formed request that was not executed.
const fn before_execution(media: Media) -> StatusCode {
    match media {
        Media::GraphQl => StatusCode::BAD_REQUEST,
        Media::Json => StatusCode::OK,
    }
}
