//! Streaming URLs: what comes back, what is refused, and that nobody overhears it.

use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use streamkeeper_aws::StreamingRequest;
use streamkeeper_core::cloud::{Cloud as _, ErrorClass};
use streamkeeper_core::streaming::{UserId, Validity};
use tracing_subscriber::fmt::MakeWriter;

use super::{Front, start_fleet};

/// Everything that is traced.
#[derive(Debug, Clone, Default)]
struct Ear(Arc<Mutex<Vec<u8>>>);

impl Ear {
    fn heard(&self) -> String {
        let bytes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        String::from_utf8_lossy(&bytes).into_owned()
    }
}

impl io::Write for Ear {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut heard = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        heard.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Ear {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

/// What to ask for, valid for five minutes.
fn request<'a>(stack: &'a str, user: &'a UserId) -> StreamingRequest<'a> {
    StreamingRequest {
        stack,
        fleet: "cfd",
        user,
        validity: Validity::new(Duration::from_secs(300)).unwrap(),
        application: Some("Desktop"),
        session_context: Some("case=wing"),
    }
}

async fn running() -> Front {
    let front = Front::new().await;
    front.create_fleet("cfd");
    front.create_stack("cfd");
    front.create_stack("alone");
    front.associate("cfd", "cfd");
    front.cloud().apply(&start_fleet("cfd")).await.unwrap();
    front
}

#[tokio::test]
async fn a_streaming_url_is_traced_nowhere() {
    let front = running().await;
    let cloud = front.cloud();
    let ear = Ear::default();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_writer(ear.clone())
        .finish();
    let listening = tracing::subscriber::set_default(subscriber);
    cloud.identity().await.unwrap();
    let ada = "ada".parse().unwrap();
    let url = cloud.streaming_url(&request("cfd", &ada)).await.unwrap();
    drop(listening);
    let (address, secret) = url.expose().split_once("parameters=").unwrap();
    assert!(
        address.starts_with("https://appstream2.eu-west-1"),
        "{address}"
    );
    assert!(secret.len() > 32, "{secret}");
    let heard = ear.heard();
    // What other calls answer is heard, down to the last byte.
    assert!(heard.contains("GetCallerIdentityResult"), "{heard}");
    assert!(!heard.contains(secret), "the URL was traced");
    assert!(!format!("{url:?}{url:#?}").contains(secret));
}

#[tokio::test]
async fn a_url_can_be_opened_for_as_long_as_was_asked() {
    let front = running().await;
    let before = front.simulator.clock().now();
    let ada = "ada".parse().unwrap();
    let url = front.cloud().streaming_url(&request("cfd", &ada)).await;
    let valid = url.unwrap().expires - before;
    assert!((290..=310).contains(&valid.num_seconds()), "{valid}");
}

#[tokio::test]
async fn what_appstream_refuses_is_sorted_by_what_to_do_next() {
    let front = running().await;
    let ada = "ada".parse().unwrap();
    for (stack, class) in [("alone", ErrorClass::NotReady), ("none", ErrorClass::Gone)] {
        let error = front.cloud().streaming_url(&request(stack, &ada)).await;
        assert_eq!(error.unwrap_err().class, class, "{stack}");
    }
}

#[tokio::test]
async fn the_home_bucket_is_found_without_its_policy() {
    let front = Front::new().await;
    let cloud = front.cloud();
    assert!(cloud.home_bucket().await.is_absent());
    front.create_stack_with_home("cfd");
    let before = front.last_seq();
    let bucket = cloud.home_bucket().await.present().cloned().unwrap();
    assert!(
        bucket.starts_with("appstream2-36fb080bb8-eu-west-1-"),
        "{bucket}"
    );
    let asked: Vec<_> = front.journal_since(before);
    let asked: Vec<&str> = asked.iter().map(|call| &*call.operation).collect();
    assert_eq!(asked, ["ListBuckets"]);
}
