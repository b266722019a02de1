//! Faults as flags: `KIND[=ARGUMENT][@WHEN]`.

use std::str::FromStr;

use hyper::StatusCode;

use super::fault::Bound;
use super::fault::Endpoint;
use super::fault::Fault;
use super::fault::FaultKind;
use super::fault::Refusal;
use super::fault::When;
use crate::config::duration;

/// How the flag is written, for `--help`.
pub const GRAMMAR: &str = "\
A fault is KIND[=ARGUMENT][@WHEN].

KIND is one of
  close[=CODE]         close the stream with CODE (1000, 1008, 4401, 4403, ...; default 1000)
  drop                 reset the connection without a close frame (1006)
  half-open            stop sending and reading, keep the connection open
  pause=LENGTH         send no event for LENGTH, then what became due at once
  expire-token         end the token and close with 4401; without WHEN when its lifetime ends
  token=STATUS[:TIMES[:RETRY_AFTER]]      the token endpoint answers STATUS (401, 429, 503, ...)
  handshake=STATUS[:TIMES[:RETRY_AFTER]]  the stream's handshake answers STATUS
                       TIMES is a number of requests (default 1) or `always`, RETRY_AFTER in seconds
  duplicate=SHARE      send a share of the events (5% or 0.05) a second time
  reorder=BOUND        move events by up to BOUND places (50) or for up to BOUND (20ms)
  malformed=SHARE      after a share of the events send a frame that is none; of posts an element,
                       whose request is sent again without it once it was refused
  slow-body=SHARE      with --push: send a share of the bodies in small pieces
  lost-answer=SHARE    with --push: after a share of the requests close the connection before the
                       answer is read, and send the request again

WHEN is one of
  LENGTH               once, after LENGTH (10s): since the subscription for close, drop, half-open,
                       pause and expire-token, else since the start
  Nev                  once, after N events were sent (1000ev)
  every:LENGTH         each time LENGTH has passed (every:30s)
  every:Nev            each time N events were sent (every:5000ev)

Examples
  --fault drop@every:30s              a lost connection every half minute
  --fault close=4403@1000ev           closed for good after a thousand events
  --fault token=429:3:2               three times `429` with `Retry-After: 2`
  --fault duplicate=1% --fault reorder=50 --fault malformed=0.1%";

impl FromStr for Fault {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (what, when) = match text.split_once('@') {
            Some((what, when)) => (what, parse_when(when)?),
            None => (text, When::FromStart),
        };
        let (kind, argument) = match what.split_once('=') {
            Some((kind, argument)) => (kind, Some(argument)),
            None => (what, None),
        };
        let kind = parse_kind(kind, argument)?;
        let repeats = matches!(when, When::Every(_) | When::EveryEvents(_));
        let lasts = kind.is_of_events();
        if repeats && lasts {
            return Err("this fault lasts once it has begun; use @LENGTH or @Nev".to_owned());
        }
        if kind.is_of_posts() && when != When::FromStart {
            return Err(
                "this fault is there from the start; leave out what follows the @".to_owned(),
            );
        }
        Ok(Self { kind, when })
    }
}

fn parse_kind(kind: &str, argument: Option<&str>) -> Result<FaultKind, String> {
    let needed = || argument.ok_or_else(|| format!("{kind} needs an argument: {kind}=..."));
    let parsed = match kind {
        "close" => FaultKind::Close(parse_close_code(argument.unwrap_or("1000"))?),
        "pause" => FaultKind::Pause(duration::parse(needed()?)?),
        "token" => FaultKind::Refuse(parse_refusal(Endpoint::Token, needed()?)?),
        "handshake" => FaultKind::Refuse(parse_refusal(Endpoint::Handshake, needed()?)?),
        "duplicate" => FaultKind::Duplicate(parse_share(needed()?)?),
        "reorder" => FaultKind::Reorder(parse_bound(needed()?)?),
        "malformed" => FaultKind::Malformed(parse_share(needed()?)?),
        "slow-body" => FaultKind::SlowBody(parse_share(needed()?)?),
        "lost-answer" => FaultKind::LostAnswer(parse_share(needed()?)?),
        "drop" | "half-open" | "expire-token" if argument.is_some() => {
            return Err(format!("{kind} takes no argument"));
        }
        "drop" => FaultKind::Drop,
        "half-open" => FaultKind::HalfOpen,
        "expire-token" => FaultKind::ExpireToken,
        _ => {
            return Err(
                "no such fault; use close, drop, half-open, pause, expire-token, token, handshake, \
                 duplicate, reorder, malformed, slow-body or lost-answer"
                    .to_owned(),
            );
        }
    };
    Ok(parsed)
}

fn parse_when(text: &str) -> Result<When, String> {
    let (text, every) = match text.strip_prefix("every:") {
        Some(rest) => (rest, true),
        None => (text, false),
    };
    if let Some(count) = text.strip_suffix("ev") {
        let count = parse_count(count)?;
        return Ok(if every {
            When::EveryEvents(count)
        } else {
            When::AfterEvents(count)
        });
    }
    let length = duration::parse(text)?;
    if every && length.is_zero() {
        return Err("every:LENGTH has to be more than nothing".to_owned());
    }
    Ok(if every {
        When::Every(length)
    } else {
        When::After(length)
    })
}

fn parse_count(text: &str) -> Result<u64, String> {
    match text.parse() {
        Ok(count) if count > 0 => Ok(count),
        _ => Err("not a whole number above 0".to_owned()),
    }
}

/// The codes that RFC 6455 and its registry allow in a close frame.
fn parse_close_code(text: &str) -> Result<u16, String> {
    match text.parse() {
        Ok(code @ (1000..=1003 | 1007..=1014 | 3000..=4999)) => Ok(code),
        _ => Err("not a close code; use 1000 to 1003, 1007 to 1014 or 3000 to 4999".to_owned()),
    }
}

fn parse_share(text: &str) -> Result<f64, String> {
    let share = match text.strip_suffix('%') {
        Some(percent) => percent.parse().map(|percent: f64| percent / 100.0),
        None => text.parse(),
    };
    match share {
        Ok(share) if share > 0.0 && share <= 1.0 => Ok(share),
        _ => Err("not a share; use 5% or 0.05, above 0 and at most 1".to_owned()),
    }
}

fn parse_bound(text: &str) -> Result<Bound, String> {
    if text.bytes().all(|byte| byte.is_ascii_digit()) {
        let count = parse_count(text)?;
        if count > Bound::EVENTS_MAX {
            return Err(format!("more than {} events", Bound::EVENTS_MAX));
        }
        return Ok(Bound::Events(count));
    }
    let length = duration::parse(text)?;
    if length.is_zero() || length > Bound::TIME_MAX {
        return Err("the bound has to be above 0 and at most 10s".to_owned());
    }
    Ok(Bound::Time(length))
}

fn parse_refusal(endpoint: Endpoint, text: &str) -> Result<Refusal, String> {
    let mut parts = text.split(':');
    let status = parts
        .next()
        .and_then(|part| part.parse::<StatusCode>().ok())
        .filter(|status| status.is_client_error() || status.is_server_error())
        .ok_or("not a status from 400 to 599")?;
    let times = match parts.next() {
        None => 1,
        Some("always") => u64::MAX,
        Some(count) => parse_count(count)?,
    };
    let retry_after_s = match parts.next() {
        None => None,
        Some(seconds) => Some(seconds.parse().map_err(|_| "not a number of seconds")?),
    };
    if parts.next().is_some() {
        return Err("more than STATUS:TIMES:RETRY_AFTER".to_owned());
    }
    Ok(Refusal {
        endpoint,
        status,
        times,
        retry_after_s,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn flags_say_what_they_mean() {
        let check = |text: &str, kind, when| {
            assert_eq!(text.parse(), Ok(Fault { kind, when }), "{text}");
        };
        let seconds = Duration::from_secs;
        check("close", FaultKind::Close(1000), When::FromStart);
        check(
            "close=4403@1000ev",
            FaultKind::Close(4403),
            When::AfterEvents(1000),
        );
        check("drop@every:30s", FaultKind::Drop, When::Every(seconds(30)));
        check(
            "half-open@10s",
            FaultKind::HalfOpen,
            When::After(seconds(10)),
        );
        check(
            "pause=2s@every:5000ev",
            FaultKind::Pause(seconds(2)),
            When::EveryEvents(5_000),
        );
        check("expire-token", FaultKind::ExpireToken, When::FromStart);
        check("duplicate=5%", FaultKind::Duplicate(0.05), When::FromStart);
        check(
            "malformed=0.5@2s",
            FaultKind::Malformed(0.5),
            When::After(seconds(2)),
        );
        check(
            "reorder=50",
            FaultKind::Reorder(Bound::Events(50)),
            When::FromStart,
        );
        check(
            "reorder=20ms",
            FaultKind::Reorder(Bound::Time(Duration::from_millis(20))),
            When::FromStart,
        );
        let refusal = |endpoint, status: u16, times, retry_after_s| {
            FaultKind::Refuse(Refusal {
                endpoint,
                status: StatusCode::from_u16(status).unwrap(),
                times,
                retry_after_s,
            })
        };
        check(
            "token=429:3:2",
            refusal(Endpoint::Token, 429, 3, Some(2)),
            When::FromStart,
        );
        check(
            "handshake=403:always",
            refusal(Endpoint::Handshake, 403, u64::MAX, None),
            When::FromStart,
        );
        check(
            "token=503@every:1m",
            refusal(Endpoint::Token, 503, 1, None),
            When::Every(seconds(60)),
        );
    }

    #[test]
    fn what_means_nothing_is_refused() {
        for text in [
            "",
            "explode",
            "close=1006",
            "close=999",
            "drop=1",
            "pause",
            "pause=5",
            "token",
            "token=200",
            "token=429:0",
            "token=429:1:2:3",
            "duplicate=0",
            "duplicate=101%",
            "duplicate=NaN",
            "reorder=0",
            "reorder=1h",
            "reorder=200000",
            "drop@",
            "drop@0ev",
            "drop@every:0s",
            "duplicate=5%@every:10s",
        ] {
            assert!(text.parse::<Fault>().is_err(), "{text}");
        }
    }
}
