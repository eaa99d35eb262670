//! Bounds reads: attempts, pages, time, concurrency.

use std::sync::atomic::{AtomicU32, Ordering};

use aws_sdk_appstream::operation::describe_fleets::DescribeFleetsError;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::error::ErrorMetadata;

use super::*;
use crate::AwsConfig;

fn reader(settings: AwsSettings) -> Arc<Reader> {
    let config = AwsConfig::fixed("http://127.0.0.1:9", "eu-west-1", "test", "test");
    Reader::new(&config.cloud("eu-west-1", "123456789012").clients, settings)
}

fn answered(code: &str) -> SdkError<DescribeFleetsError, HttpResponse> {
    let error = DescribeFleetsError::generic(ErrorMetadata::builder().code(code).build());
    let raw = HttpResponse::new(400.try_into().unwrap(), SdkBody::empty());
    SdkError::service_error(error, raw)
}

/// Calls with an error each time; returns the last error's code and how often it was called.
async fn attempts(code: &str) -> (String, u64) {
    let reader = reader(AwsSettings::default());
    let error = reader
        .call("DescribeFleets", || async { Err::<(), _>(answered(code)) })
        .await
        .unwrap_err();
    (error.code, reader.calls()["DescribeFleets"])
}

#[tokio::test(start_paused = true)]
async fn a_read_is_repeated_for_what_passes_and_for_nothing_else() {
    for (code, expected) in [
        ("RequestLimitExceededException", 3),
        ("ThrottlingException", 3),
        ("ConcurrentModificationException", 3),
        ("InternalFailure", 3),
        // A quota: the SDK's own retries would take it for throttling.
        ("LimitExceededException", 1),
        ("ResourceNotFoundException", 1),
        ("AccessDeniedException", 1),
        ("ValidationException", 1),
        ("Unheard", 1),
    ] {
        assert_eq!(attempts(code).await, (code.to_owned(), expected), "{code}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_read_that_recovers_is_an_answer() {
    let reader = reader(AwsSettings::default());
    let calls = AtomicU32::new(0);
    let answer = reader
        .call("DescribeFleets", || {
            let call = calls.fetch_add(1, Ordering::SeqCst);
            async move {
                if call < 2 {
                    Err(answered("ThrottlingException"))
                } else {
                    Ok(call)
                }
            }
        })
        .await;
    assert_eq!(answer, Ok(2));
    assert_eq!(reader.calls()["DescribeFleets"], 3);
}

#[tokio::test(start_paused = true)]
async fn a_look_ends_at_its_deadline_and_says_so() {
    let reader = reader(AwsSettings {
        observe_timeout: Duration::from_secs(15),
        ..AwsSettings::default()
    });
    let silent = || async {
        reader
            .call("DescribeFleets", || async {
                std::future::pending::<Result<(), SdkError<DescribeFleetsError, _>>>().await
            })
            .await
    };
    let began = Instant::now();
    assert_eq!(silent().await.unwrap_err().code, "LookTooLong");
    // Two attempts of ten seconds each had begun before it.
    assert!(began.elapsed() < Duration::from_secs(25));
    assert_eq!(reader.calls()["DescribeFleets"], 2);
    assert_eq!(silent().await.unwrap_err().code, "LookTooLong");
    assert_eq!(reader.calls()["DescribeFleets"], 2, "nothing more is asked");
}

/// Reads a list whose page `n` is `n` and whose next tokens are given.
async fn list(next: &[Option<&str>]) -> (Vec<usize>, Result<(), String>) {
    let reader = reader(AwsSettings::default());
    let read = AtomicU32::new(0);
    let mut seen = Vec::new();
    let outcome = reader
        .pages(
            |_token| {
                let index = read.fetch_add(1, Ordering::SeqCst) as usize;
                let next = next[index].map(str::to_owned);
                async move {
                    let items = vec![index];
                    Ok(Page { items, next })
                }
            },
            |page| {
                seen.extend(page);
                Ok(())
            },
        )
        .await;
    (seen, outcome.map_err(|error| error.code))
}

#[tokio::test]
async fn a_list_is_read_until_there_is_no_token() {
    assert_eq!(
        list(&[Some("a"), Some("b"), None]).await,
        (vec![0, 1, 2], Ok(()))
    );
    assert_eq!(list(&[Some("a"), Some("")]).await, (vec![0, 1], Ok(())));
}

#[tokio::test]
async fn a_token_that_comes_twice_is_a_failure_and_keeps_what_was_seen() {
    let (seen, outcome) = list(&[Some("a"), Some("b"), Some("a"), None]).await;
    assert_eq!(outcome, Err("RepeatedToken".to_owned()));
    assert_eq!(seen, [0, 1, 2]);
}

#[tokio::test]
async fn a_list_without_an_end_is_a_failure() {
    let tokens: Vec<String> = (0..=MAX_PAGES).map(|page| page.to_string()).collect();
    let tokens: Vec<_> = tokens.iter().map(|token| Some(token.as_str())).collect();
    let (seen, outcome) = list(&tokens).await;
    assert_eq!(outcome, Err("ListTooLong".to_owned()));
    assert_eq!(seen.len(), MAX_PAGES);
}

#[tokio::test]
async fn names_are_read_a_few_at_a_time_and_none_is_lost() {
    let reader = reader(AwsSettings::default());
    let names: BTreeSet<String> = (0..50).map(|name| format!("n{name:02}")).collect();
    let running = Arc::new(AtomicU32::new(0));
    let most = Arc::new(AtomicU32::new(0));
    let observed = reader
        .each(&names, |_reader, name| {
            let running = Arc::clone(&running);
            let most = Arc::clone(&most);
            async move {
                most.fetch_max(running.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                tokio::task::yield_now().await;
                running.fetch_sub(1, Ordering::SeqCst);
                assert_ne!(name, "n13", "this read panics");
                Observed::Present(name)
            }
        })
        .await;
    assert_eq!(most.load(Ordering::SeqCst), 8);
    assert_eq!(observed.keys().cloned().collect::<BTreeSet<_>>(), names);
    for (name, value) in observed {
        if name == "n13" {
            assert!(value.is_unknown(), "a panic is no answer");
        } else {
            assert_eq!(value, Observed::Present(name));
        }
    }
}

#[test]
fn jitter_stays_within_a_quarter() {
    let pause = Duration::from_millis(400);
    for _ in 0..1_000 {
        let jittered = jittered(pause);
        assert!((Duration::from_millis(300)..=Duration::from_millis(500)).contains(&jittered));
    }
}
