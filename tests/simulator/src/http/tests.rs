//! Speaks to the server in bytes, where the SDKs would be too well-behaved.

use std::io::ErrorKind;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::{Server, cbor, serve};
use crate::{Call, Config, Face, Fault, Matcher, Simulator};

/// Longer than anything here takes; only a defect reaches it.
const DEADLINE: Duration = Duration::from_secs(10);

const REGION: &str = "eu-west-1";
const STACK: &str = r#"{"Name": "cfd"}"#;

async fn started() -> (Simulator, Server) {
    let simulator = Simulator::new(Config::default());
    let any_port = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let server = serve(simulator.clone(), any_port).await.unwrap();
    (simulator, server)
}

/// What came back.
#[derive(Debug)]
struct Answer {
    status: u16,
    head: String,
    body: Vec<u8>,
}

impl Answer {
    fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    fn cbor(&self) -> Value {
        cbor::decode(&self.body).unwrap()
    }
}

/// Sends a request of its own connection and reads until the server closes it.
async fn exchange(server: &Server, request: &[u8]) -> std::io::Result<Answer> {
    let mut stream = TcpStream::connect(server.addr()).await?;
    stream.write_all(request).await?;
    let mut answer = Vec::new();
    timeout(DEADLINE, stream.read_to_end(&mut answer))
        .await
        .expect("no answer came in time")?;
    let end = answer
        .windows(4)
        .position(|window| window == b"\r\n\r\n")
        .ok_or(ErrorKind::UnexpectedEof)?;
    let head = String::from_utf8_lossy(&answer[..end]).to_lowercase();
    Ok(Answer {
        status: head[9..12].parse().unwrap(),
        head,
        body: answer[end + 4..].to_vec(),
    })
}

fn request(line: &str, headers: &[&str], body: &[u8]) -> Vec<u8> {
    let length = body.len();
    let headers: String = headers
        .iter()
        .map(|header| format!("{header}\r\n"))
        .collect();
    let head = format!(
        "{line} HTTP/1.1\r\nhost: aws\r\nconnection: close\r\ncontent-length: {length}\r\n\
         {headers}\r\n"
    );
    [head.as_bytes(), body].concat()
}

fn signed(region: &str, service: &str) -> String {
    format!(
        "authorization: AWS4-HMAC-SHA256 Credential=AKIA/20261124/{region}/{service}/aws4_request, \
         SignedHeaders=host, Signature=00"
    )
}

fn in_json(region: &str, operation: &str, body: &str) -> Vec<u8> {
    let target = format!("x-amz-target: PhotonAdminProxyService.{operation}");
    let signature = signed(region, "appstream");
    request("POST /", &[&target, &signature], body.as_bytes())
}

fn in_cbor(operation: &str, body: &[u8]) -> Vec<u8> {
    let line = format!("POST /service/PhotonAdminProxyService/operation/{operation}");
    let signature = signed(REGION, "appstream");
    request(&line, &["smithy-protocol: rpc-v2-cbor", &signature], body)
}

fn operations(simulator: &Simulator) -> Vec<String> {
    let journal = simulator.journal().into_iter();
    journal.map(|entry| entry.operation).collect()
}

#[tokio::test]
async fn an_indefinite_cbor_map_is_understood_and_answered_with_tagged_times() {
    let (_, server) = started().await;
    let answer = exchange(&server, &in_cbor("CreateStack", b"\xbf\x64Name\x63cfd\xff"))
        .await
        .unwrap();
    assert_eq!(answer.status, 200);
    assert!(answer.head.contains("smithy-protocol: rpc-v2-cbor"));
    assert!(answer.head.contains("x-amzn-requestid: "));
    assert_eq!(answer.cbor()["Stack"]["Name"], "cfd");
    let tagged = b"\x6bCreatedTime\xc1";
    assert!(
        answer
            .body
            .windows(tagged.len())
            .any(|window| window == tagged),
        "the time is not tagged"
    );
}

#[tokio::test]
async fn an_output_without_members_is_an_empty_document_in_both_protocols() {
    let (_, server) = started().await;
    exchange(&server, &in_json(REGION, "CreateStack", STACK))
        .await
        .unwrap();
    let deleted = exchange(&server, &in_json(REGION, "DeleteStack", STACK))
        .await
        .unwrap();
    assert_eq!((deleted.status, deleted.text().as_str()), (200, "{}"));
    exchange(&server, &in_json(REGION, "CreateStack", STACK))
        .await
        .unwrap();
    let body = cbor::encode(&json!({"Name": "cfd"}));
    let deleted = exchange(&server, &in_cbor("DeleteStack", &body))
        .await
        .unwrap();
    assert_eq!(
        (deleted.status, deleted.body.as_slice()),
        (200, &b"\xa0"[..])
    );
}

#[tokio::test]
async fn not_found_is_404_in_cbor_and_400_in_json() {
    let (_, server) = started().await;
    let body = cbor::encode(&json!({"Names": ["none"]}));
    let answer = exchange(&server, &in_cbor("DescribeFleets", &body))
        .await
        .unwrap();
    assert_eq!(answer.status, 404);
    assert_eq!(
        answer.cbor()["__type"],
        "com.amazonaws.appstream#ResourceNotFoundException"
    );
    assert!(answer.cbor()["Message"].is_string());
    let answer = exchange(
        &server,
        &in_json(REGION, "DescribeFleets", r#"{"Names": ["none"]}"#),
    )
    .await
    .unwrap();
    assert_eq!(answer.status, 400);
    assert_eq!(answer.json()["__type"], "ResourceNotFoundException");
}

#[tokio::test]
async fn an_unknown_target_or_operation_is_refused() {
    let (simulator, server) = started().await;
    let signature = signed(REGION, "appstream");
    for target in [
        "PhotonAdminProxyService.Fly",
        "Nobody.DescribeFleets",
        "nonsense",
    ] {
        let target = format!("x-amz-target: {target}");
        let request = request("POST /", &[&target, &signature], b"{}");
        let answer = exchange(&server, &request).await.unwrap();
        assert_eq!(answer.status, 400, "{target}");
        assert_eq!(
            answer.json()["__type"],
            "UnknownOperationException",
            "{target}"
        );
    }
    assert!(simulator.journal().iter().all(|entry| !entry.changed()));
}

#[tokio::test]
async fn a_request_without_a_signature_never_reaches_the_model() {
    let (simulator, server) = started().await;
    let target = "x-amz-target: PhotonAdminProxyService.CreateStack";
    let json = request("POST /", &[target], STACK.as_bytes());
    let path = "POST /service/PhotonAdminProxyService/operation/CreateStack";
    let cbor = request(
        path,
        &["smithy-protocol: rpc-v2-cbor"],
        b"\xa1\x64Name\x63cfd",
    );
    let form = "content-type: application/x-www-form-urlencoded";
    let query = request(
        "POST /",
        &[form],
        b"Action=GetCallerIdentity&Version=2011-06-15",
    );
    let s3 = request("GET /bucket?policy", &[], b"");
    for (request, status, code) in [
        (json, 400, "MissingAuthenticationTokenException"),
        (cbor, 400, "MissingAuthenticationTokenException"),
        (query, 403, "MissingAuthenticationToken"),
        (s3, 403, "AccessDenied"),
    ] {
        let answer = exchange(&server, &request).await.unwrap();
        assert_eq!(answer.status, status, "{code}");
        assert!(
            answer.text().contains(code),
            "{} lacks {code}",
            answer.text()
        );
    }
    assert_eq!(operations(&simulator), [""; 0]);
}

#[tokio::test]
async fn the_region_comes_from_the_signature() {
    let (_, server) = started().await;
    exchange(&server, &in_json("eu-west-1", "CreateStack", STACK))
        .await
        .unwrap();
    let here = exchange(&server, &in_json("eu-west-1", "DescribeStacks", "{}"))
        .await
        .unwrap();
    let there = exchange(&server, &in_json("us-east-1", "DescribeStacks", "{}"))
        .await
        .unwrap();
    assert_eq!(here.json()["Stacks"].as_array().unwrap().len(), 1);
    assert_eq!(there.json()["Stacks"].as_array().unwrap().len(), 0);
}

#[tokio::test]
async fn sts_answers_the_query_protocol() {
    let (_, server) = started().await;
    let form = "content-type: application/x-www-form-urlencoded";
    let signature = signed(REGION, "sts");
    let ask = |action: &str| {
        let body = format!("Action={action}&Version=2011-06-15");
        request("POST /", &[form, &signature], body.as_bytes())
    };
    let answer = exchange(&server, &ask("GetCallerIdentity")).await.unwrap();
    assert_eq!(answer.status, 200);
    assert!(answer.text().contains("<Account>111122223333</Account>"));
    let answer = exchange(&server, &ask("Fly")).await.unwrap();
    assert_eq!(answer.status, 400);
    assert!(answer.text().contains("<Code>"));
}

#[tokio::test]
async fn a_bucket_elsewhere_says_where() {
    let (simulator, server) = started().await;
    simulator.add_bucket("eu-west-1", "shared");
    let elsewhere = signed("us-east-1", "s3");
    for line in ["GET /shared?policy", "HEAD /shared"] {
        let answer = exchange(&server, &request(line, &[&elsewhere], b""))
            .await
            .unwrap();
        assert_eq!(answer.status, 301, "{line}");
        assert!(
            answer.head.contains("x-amz-bucket-region: eu-west-1"),
            "{}",
            answer.head
        );
    }
}

#[tokio::test]
async fn a_reset_is_one_and_the_call_is_executed_or_not_as_the_fault_says() {
    for (fault, executed) in [
        (Fault::LostBefore(Face::Reset), false),
        (Fault::LostAfter(Face::Reset), true),
    ] {
        let (simulator, server) = started().await;
        simulator
            .faults()
            .add(Matcher::operation("CreateStack"), fault);
        let error = exchange(&server, &in_json(REGION, "CreateStack", STACK))
            .await
            .unwrap_err();
        assert_eq!(error.kind(), ErrorKind::ConnectionReset);
        let found = simulator.call(&Call::appstream(
            REGION,
            "DescribeStacks",
            json!({"Names": ["cfd"]}),
        ));
        assert_eq!(found.is_ok(), executed);
    }
}

#[tokio::test]
async fn a_lost_answer_shows_only_its_status_in_every_protocol() {
    let (simulator, server) = started().await;
    simulator
        .faults()
        .add(Matcher::any().always(), Fault::LostAfter(Face::Http503));
    let signature = signed(REGION, "s3");
    for request in [
        in_json(REGION, "DescribeStacks", "{}"),
        in_cbor("DescribeStacks", b"\xa0"),
        request("POST /?Action=GetCallerIdentity", &[&signature], b""),
        request("GET /", &[&signature], b""),
    ] {
        let answer = exchange(&server, &request).await.unwrap();
        assert_eq!(answer.status, 503);
        assert!(
            answer.text().contains("ServiceUnavailable"),
            "{}",
            answer.text()
        );
    }
}

#[tokio::test]
async fn a_late_answer_arrives_after_its_delay() {
    let (simulator, server) = started().await;
    let delay = Duration::from_millis(80);
    simulator
        .faults()
        .add(Matcher::operation("DescribeStacks"), Fault::Hang(delay));
    let asked = std::time::Instant::now();
    let answer = exchange(&server, &in_json(REGION, "DescribeStacks", "{}"))
        .await
        .unwrap();
    assert_eq!(answer.status, 200);
    assert!(asked.elapsed() >= delay);
}

#[tokio::test]
async fn a_withheld_answer_ends_with_the_server_and_holds_up_nobody() {
    let (simulator, server) = started().await;
    simulator.faults().add(
        Matcher::operation("CreateStack"),
        Fault::LostAfter(Face::Timeout),
    );
    let mut waiting = TcpStream::connect(server.addr()).await.unwrap();
    let create = in_json(REGION, "CreateStack", STACK);
    waiting.write_all(&create).await.unwrap();
    // Others are served meanwhile, and the call that gets no answer was executed.
    let is_there = async {
        loop {
            let answer = exchange(&server, &in_json(REGION, "DescribeStacks", "{}")).await;
            if answer.unwrap().text().contains("cfd") {
                break;
            }
        }
    };
    timeout(DEADLINE, is_there)
        .await
        .expect("the stack never came to be");
    timeout(DEADLINE, server.shutdown())
        .await
        .expect("the server did not stop");
    let mut answer = Vec::new();
    let closed = timeout(DEADLINE, waiting.read_to_end(&mut answer)).await;
    assert!(closed.expect("the connection stayed open").is_err());
    assert_eq!(answer, b"");
}

#[tokio::test]
async fn a_client_that_gives_up_does_not_undo_what_was_executed() {
    let (simulator, server) = started().await;
    simulator.faults().add(
        Matcher::operation("CreateStack"),
        Fault::LostAfter(Face::Timeout),
    );
    let create = in_json(REGION, "CreateStack", STACK);
    let executed = async {
        while operations(&simulator).is_empty() {
            tokio::task::yield_now().await;
        }
    };
    tokio::select! {
        answer = exchange(&server, &create) => panic!("an answer came: {answer:?}"),
        executed = timeout(DEADLINE, executed) => executed.expect("it was never executed"),
    }
    let names = json!({"Names": ["cfd"]});
    assert!(
        simulator
            .call(&Call::appstream(REGION, "DescribeStacks", names))
            .is_ok()
    );
}

#[tokio::test]
async fn a_body_beyond_the_limit_is_refused_by_its_announcement() {
    let (simulator, server) = started().await;
    let create = String::from_utf8(in_json(REGION, "CreateStack", "")).unwrap();
    let create = create.replace("content-length: 0", "content-length: 100000000");
    let answer = exchange(&server, create.as_bytes()).await.unwrap();
    assert_eq!(answer.status, 413);
    assert_eq!(operations(&simulator), [""; 0]);
}
