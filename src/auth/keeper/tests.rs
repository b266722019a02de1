use std::cell::RefCell;
use std::collections::VecDeque;
use std::rc::Rc;

use secrecy::SecretString;
use serde_json::json;

use super::*;
use crate::auth::TokenSource;
use crate::auth::lifetime::Lifetime;

/// A token endpoint in memory: answers from a list, each after `latency`, and notes when it was asked.
#[derive(Clone)]
struct Script {
    answers: Rc<RefCell<VecDeque<Result<u64, AuthError>>>>,
    asked_s: Rc<RefCell<Vec<u64>>>,
    begin: Instant,
}

impl Script {
    async fn answer(self) -> Result<Grant, AuthError> {
        let asked = Instant::now().duration_since(self.begin).as_secs();
        self.asked_s.borrow_mut().push(asked);
        tokio::time::sleep(LATENCY).await;
        let next = self.answers.borrow_mut().pop_front();
        let lifetime_s = next.expect("asked more often than expected")?;
        Ok(Grant {
            secret: SecretString::from("secret"),
            lifetime: Lifetime::from_json(Some(&json!(lifetime_s))).unwrap(),
        })
    }
}

const LATENCY: Duration = Duration::from_millis(200);

/// Runs `test` against a keeper whose endpoint gives `answers`; returns when it was asked.
async fn with_answers<T: Future<Output = ()>>(
    answers: Vec<Result<u64, AuthError>>,
    test: impl FnOnce(TokenSource) -> T,
) -> Vec<u64> {
    let script = Script {
        answers: Rc::new(RefCell::new(answers.into())),
        asked_s: Rc::default(),
        begin: Instant::now(),
    };
    let asked = Rc::clone(&script.asked_s);
    let (requests, inbox) = mpsc::unbounded_channel();
    let keeper = Keeper::new(move || script.clone().answer()).run(inbox);
    // The keeper ends when the test drops its last handle.
    tokio::join!(keeper, test(TokenSource { requests }));
    Rc::try_unwrap(asked).unwrap().into_inner()
}

fn down() -> Result<u64, AuthError> {
    Err(AuthError::Unavailable {
        place: "test".to_owned(),
        why: "status 500".to_owned(),
    })
}

async fn number(tokens: &TokenSource) -> u64 {
    tokens.token().await.unwrap().number()
}

#[tokio::test(start_paused = true)]
async fn fifty_askers_cost_one_fetch() {
    let asked = with_answers(vec![Ok(3_600)], |tokens| async move {
        let askers = (0..50).map(|_| number(&tokens));
        let numbers = futures_util::future::join_all(askers).await;
        assert_eq!(numbers, [1; 50]);
    });
    assert_eq!(asked.await, [0]);
}

#[tokio::test(start_paused = true)]
async fn nothing_is_fetched_before_somebody_asks() {
    let asked = with_answers(vec![], |tokens| async move {
        tokio::time::sleep(Duration::from_secs(3_600)).await;
        drop(tokens);
    });
    assert!(asked.await.is_empty());
}

#[tokio::test(start_paused = true)]
async fn the_successor_is_fetched_ahead_without_being_asked_for() {
    let asked = with_answers(vec![Ok(3_600), Ok(3_600)], |tokens| async move {
        assert_eq!(number(&tokens).await, 1);
        tokio::time::sleep(Duration::from_secs(3_500)).await;
        assert_eq!(number(&tokens).await, 2);
    });
    assert_eq!(asked.await, [0, 3_480]);
}

#[tokio::test(start_paused = true)]
async fn the_old_token_serves_while_the_refresh_fails() {
    let mut answers = vec![Ok(3_600)];
    answers.extend((0..200).map(|_| down()));
    with_answers(answers, |tokens| async move {
        assert_eq!(number(&tokens).await, 1);
        for _ in 0..119 {
            tokio::time::sleep(Duration::from_secs(30)).await;
            assert_eq!(number(&tokens).await, 1);
        }
        // 3,570 s have passed. Past its end the token is no longer handed out.
        tokio::time::sleep(Duration::from_secs(31)).await;
        assert!(tokens.token().await.is_err());
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_refusal_is_told_at_once_and_tried_again_slowly() {
    let refused = || AuthError::Refused {
        place: "test".to_owned(),
        code: "invalid_client".to_owned(),
    };
    let answers = vec![Err(refused()), Err(refused()), Ok(3_600)];
    let asked = with_answers(answers, |tokens| async move {
        assert_eq!(tokens.token().await.unwrap_err(), refused());
        assert_eq!(tokens.token().await.unwrap_err(), refused());
        assert_eq!(number(&tokens).await, 1);
    });
    assert_eq!(asked.await, [0, 300, 600]);
}

#[tokio::test(start_paused = true)]
async fn a_failure_nobody_waited_for_is_told_to_the_first_who_misses_the_token() {
    let refused = AuthError::Refused {
        place: "test".to_owned(),
        code: "invalid_client".to_owned(),
    };
    let answers = vec![Ok(3_600), Err(refused.clone()), Ok(3_600)];
    let asked = with_answers(answers, |tokens| async move {
        assert_eq!(number(&tokens).await, 1);
        // The refresh is refused 120 s ahead of the end and tried again 180 s after it.
        tokio::time::sleep(Duration::from_secs(3_610)).await;
        let before = Instant::now();
        assert_eq!(tokens.token().await.unwrap_err(), refused);
        assert_eq!(Instant::now(), before);
        assert_eq!(number(&tokens).await, 2);
    });
    assert_eq!(asked.await, [0, 3_480, 3_780]);
}

#[tokio::test(start_paused = true)]
async fn a_rate_limit_is_honoured() {
    let limited = AuthError::RateLimited {
        place: "test".to_owned(),
        why: "status 429".to_owned(),
        wait: Duration::from_secs(77),
    };
    let asked = with_answers(vec![Err(limited), Ok(3_600)], |tokens| async move {
        assert!(tokens.token().await.is_err());
        assert_eq!(number(&tokens).await, 1);
    });
    assert_eq!(asked.await, [0, 77]);
}

#[tokio::test(start_paused = true)]
async fn failures_back_off_up_to_the_cap() {
    let mut answers: Vec<_> = (0..50).map(|_| down()).collect();
    answers.push(Ok(3_600));
    let asked = with_answers(answers, |tokens| async move {
        while tokens.token().await.is_err() {}
    })
    .await;
    assert_eq!(asked.len(), 51);
    assert!(asked[1] <= 1);
    let longest = asked
        .windows(2)
        .map(|pair| pair[1] - pair[0])
        .max()
        .unwrap();
    assert!((15..=31).contains(&longest), "{asked:?}");
}

#[tokio::test(start_paused = true)]
async fn a_refused_token_is_replaced_and_a_newer_one_stays() {
    let asked = with_answers(vec![Ok(3_600), Ok(3_600)], |tokens| async move {
        let first = tokens.token().await.unwrap();
        tokens.invalidate(&first);
        assert_eq!(number(&tokens).await, 2);
        tokens.invalidate(&first);
        assert_eq!(number(&tokens).await, 2);
    });
    assert_eq!(asked.await, [0, 0]);
}

#[tokio::test(start_paused = true)]
async fn short_lives_cost_one_call_in_five_seconds() {
    for lifetime_s in [1, 3, 5] {
        let answers = (0..800).map(|_| Ok(lifetime_s)).collect();
        let asked = with_answers(answers, |tokens| async move {
            let end = Instant::now() + Duration::from_secs(3_600);
            while Instant::now() < end {
                // An expired token is not handed out: this waits for the next.
                tokens.token().await.unwrap();
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        });
        let asked = asked.await;
        assert!(
            (700..=721).contains(&asked.len()),
            "{lifetime_s}: {}",
            asked.len()
        );
        assert!(
            asked.windows(2).all(|pair| pair[1] >= pair[0] + 5),
            "{lifetime_s}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_refuses_short_lived_tokens_makes_no_tight_loop() {
    let answers = (0..20).map(|_| Ok(3)).collect();
    let asked = with_answers(answers, |tokens| async move {
        for _ in 0..10 {
            let token = tokens.token().await.unwrap();
            tokens.invalidate(&token);
        }
    });
    assert_eq!(asked.await, [0, 5, 10, 15, 20, 25, 30, 35, 40, 45]);
}

#[tokio::test]
async fn without_the_task_there_is_an_error_instead_of_a_hang() {
    let (requests, inbox) = mpsc::unbounded_channel();
    let tokens = TokenSource { requests };
    let asking = tokens.token();
    drop(inbox);
    assert_eq!(asking.await.unwrap_err(), AuthError::Stopped);
}
