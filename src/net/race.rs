//! Connects to whichever address of a host answers first.
//!
//! Source: RFC 8305, "Happy Eyeballs Version 2": the addresses in the order of preference that the
//! resolver gives, the two families alternating; the next one is tried when one fails, or after
//! 250 ms without an answer, and the others are dropped when one has connected.

use std::collections::VecDeque;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use tokio::time::Instant;
use tokio::time::sleep_until;

use super::ConnectPhase;
use super::NetError;
use super::error::io_words;

/// How long an address has to answer before the next one is tried too.
const STAGGER: Duration = Duration::from_millis(250);
/// Addresses that are tried: a name with more of them gains nothing by the rest.
const ADDRESSES_MAX: usize = 32;
/// Addresses that an error lists.
const LISTED_MAX: usize = 4;

/// Races the addresses of `place` by `dial`, until `deadline`.
///
/// # Errors
/// What happened at each address; the one error where there is a single one.
pub(super) async fn race<T, F>(
    place: &str,
    addresses: impl IntoIterator<Item = SocketAddr>,
    deadline: Instant,
    dial: impl Fn(SocketAddr) -> F,
) -> Result<T, NetError>
where
    F: Future<Output = io::Result<T>>,
{
    let mut waiting = alternating(addresses);
    if waiting.is_empty() {
        return Err(NetError::Name {
            place: place.to_owned(),
            why: "no address".to_owned(),
        });
    }
    let mut trying = FuturesUnordered::new();
    let mut failures: Vec<(SocketAddr, io::Error)> = Vec::new();
    let mut tried = Vec::new();
    let mut next_at = Instant::now();
    loop {
        tokio::select! {
            biased;
            Some((address, outcome)) = trying.next(), if !trying.is_empty() => match outcome {
                Ok(connected) => return Ok(connected),
                Err(error) => {
                    failures.push((address, error));
                    next_at = Instant::now();
                }
            },
            () = sleep_until(deadline) => break,
            () = sleep_until(next_at), if !waiting.is_empty() => {
                if let Some(address) = waiting.pop_front() {
                    tried.push(address);
                    let dialling = dial(address);
                    trying.push(async move { (address, dialling.await) });
                }
                next_at = Instant::now() + STAGGER;
            }
        }
        if trying.is_empty() && waiting.is_empty() {
            break;
        }
    }
    Err(sum_up(place, &tried, &failures))
}

/// The addresses without repetitions, the families alternating from the first one's on.
fn alternating(addresses: impl IntoIterator<Item = SocketAddr>) -> VecDeque<SocketAddr> {
    let mut all: VecDeque<SocketAddr> = VecDeque::new();
    for address in addresses.into_iter().take(ADDRESSES_MAX) {
        if !all.contains(&address) {
            all.push_back(address);
        }
    }
    let Some(first) = all.front().map(SocketAddr::is_ipv6) else {
        return all;
    };
    let (mut preferred, mut others): (VecDeque<_>, VecDeque<_>) = all
        .into_iter()
        .partition(|address| address.is_ipv6() == first);
    let mut mixed = VecDeque::new();
    while !preferred.is_empty() || !others.is_empty() {
        mixed.extend(preferred.pop_front());
        mixed.extend(others.pop_front());
    }
    mixed
}

fn sum_up(place: &str, tried: &[SocketAddr], failures: &[(SocketAddr, io::Error)]) -> NetError {
    let phase = ConnectPhase::Connect;
    if tried.is_empty() {
        return NetError::timeout(place, phase);
    }
    let failure = |address| {
        let found = failures.iter().find(|(failed, _)| *failed == address);
        found.map(|(_, error)| error)
    };
    let of = |address: SocketAddr| match failure(address) {
        Some(error) => NetError::from_io(place, phase, error),
        None => NetError::timeout(place, phase),
    };
    let errors: Vec<NetError> = tried.iter().copied().map(of).collect();
    if let Some((first, others)) = errors.split_first()
        && others.iter().all(|error| error == first)
    {
        return first.clone();
    }
    let words = |address: SocketAddr| match failure(address) {
        Some(error) if error.kind() == io::ErrorKind::ConnectionRefused => "refused".to_owned(),
        Some(error) => io_words(error),
        None => "no answer in time".to_owned(),
    };
    let listed = tried.iter().take(LISTED_MAX);
    let mut each: Vec<String> = listed
        .map(|address| format!("{}: {}", address.ip(), words(*address)))
        .collect();
    if tried.len() > LISTED_MAX {
        each.push(format!("and {} more", tried.len() - LISTED_MAX));
    }
    NetError::Addresses {
        place: place.to_owned(),
        count: tried.len(),
        why: each.join(", "),
    }
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use super::*;

    /// What an address does in a test.
    #[derive(Clone, Copy)]
    enum Does {
        Swallow,
        Fail(u64, io::ErrorKind),
        Answer(u64),
    }

    const V6: &str = "[2001:db8::1]:443";
    const V6_TOO: &str = "[2001:db8::2]:443";
    const V4: &str = "192.0.2.1:443";
    const V4_TOO: &str = "192.0.2.2:443";

    /// The winner or the error, how long it took, and what was tried when.
    async fn run(script: &[(&str, Does)]) -> (Result<String, String>, u128, Vec<(String, u128)>) {
        let begin = Instant::now();
        let tried = RefCell::new(Vec::new());
        let dial = |address: SocketAddr| {
            tried
                .borrow_mut()
                .push((address.to_string(), begin.elapsed().as_millis()));
            let found = script.iter().find(|(name, _)| name.parse() == Ok(address));
            let does = found.unwrap().1;
            async move {
                let (ms, outcome) = match does {
                    Does::Swallow => return std::future::pending().await,
                    Does::Fail(ms, kind) => (ms, Err(kind.into())),
                    Does::Answer(ms) => (ms, Ok(address.to_string())),
                };
                tokio::time::sleep(Duration::from_millis(ms)).await;
                outcome
            }
        };
        let addresses: Vec<SocketAddr> = script
            .iter()
            .map(|(name, _)| name.parse().unwrap())
            .collect();
        let deadline = begin + Duration::from_secs(10);
        let raced = race("host", addresses, deadline, dial).await;
        let took = begin.elapsed().as_millis();
        (
            raced.map_err(|error| error.to_string()),
            took,
            tried.into_inner(),
        )
    }

    #[tokio::test(start_paused = true)]
    async fn an_address_that_swallows_packets_costs_a_quarter_of_a_second() {
        for script in [
            [(V6, Does::Swallow), (V4, Does::Answer(20))],
            [(V4, Does::Swallow), (V6, Does::Answer(20))],
            [(V4, Does::Swallow), (V4_TOO, Does::Answer(20))],
        ] {
            let (winner, took, _) = run(&script).await;
            assert_eq!(winner.unwrap(), script[1].0);
            assert!((250..300).contains(&took), "{took}");
        }
        // Three of them in front.
        let script = [
            (V6, Does::Swallow),
            (V6_TOO, Does::Swallow),
            (V4, Does::Swallow),
            (V4_TOO, Does::Answer(0)),
        ];
        let (winner, took, tried) = run(&script).await;
        assert_eq!(winner.unwrap(), V4_TOO);
        assert!((750..800).contains(&took), "{took}");
        let order: Vec<&str> = tried.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(order, [V6, V4, V6_TOO, V4_TOO]);
    }

    #[tokio::test(start_paused = true)]
    async fn one_that_fails_is_followed_at_once() {
        let refused = Does::Fail(5, io::ErrorKind::ConnectionRefused);
        let (winner, took, _) = run(&[(V6, refused), (V4, Does::Answer(5))]).await;
        assert_eq!(winner.unwrap(), V4);
        assert!(took < 50, "{took}");
    }

    #[tokio::test(start_paused = true)]
    async fn a_slow_first_one_still_wins_over_a_slower_second_one() {
        let (winner, took, tried) = run(&[(V6, Does::Answer(400)), (V4, Does::Answer(400))]).await;
        assert_eq!(winner.unwrap(), V6);
        assert!((400..450).contains(&took), "{took}");
        assert_eq!(tried.len(), 2);
        let (_, _, tried) = run(&[(V6, Does::Answer(200)), (V4, Does::Answer(0))]).await;
        assert_eq!(tried.len(), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn all_failures_are_told() {
        let refused = Does::Fail(0, io::ErrorKind::ConnectionRefused);
        let reset = Does::Fail(0, io::ErrorKind::ConnectionReset);
        let (error, took, _) = run(&[(V6, Does::Swallow), (V4, refused), (V4_TOO, reset)]).await;
        assert_eq!(
            error.unwrap_err(),
            "connect: host: none of its 3 addresses answers (2001:db8::1: no answer in time, \
             192.0.2.1: refused, 192.0.2.2: the peer reset the connection)"
        );
        assert_eq!(took, 10_000);
        // The same everywhere is said once.
        let (error, took, _) = run(&[(V6, refused), (V4, refused)]).await;
        assert!(
            error
                .unwrap_err()
                .starts_with("connect: host: connection refused")
        );
        assert!(took < 50, "{took}");
        let (error, _, _) = run(&[(V6, Does::Swallow), (V4, Does::Swallow)]).await;
        assert!(
            error
                .unwrap_err()
                .contains("no answer in time (connecting)")
        );
        assert!(run(&[]).await.0.unwrap_err().contains("no address"));
    }

    #[tokio::test(start_paused = true)]
    async fn a_repeated_address_is_tried_once() {
        let refused = Does::Fail(0, io::ErrorKind::ConnectionRefused);
        let (_, _, tried) = run(&[(V4, refused), (V4, refused)]).await;
        assert_eq!(tried.len(), 1);
    }
}
