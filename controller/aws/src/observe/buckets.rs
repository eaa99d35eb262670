//! Finds the home-folder bucket, and reads policies of buckets, their encryption and ownership.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde_json::Value;
use streamkeeper_core::action::ObjectRef;
use streamkeeper_core::cloud::ApplyError;
use streamkeeper_core::observed::{BucketEncryption, ObjectOwnership, Observed, ObservedBucket};
use streamkeeper_core::policy;

use super::reader::{Reader, ours};
use super::{Page, known};
use crate::client::Clients;
use crate::error::chain;

/// The word for the bucket AppStream made for home folders, whose name nobody can know beforehand.
const HOME: &str = "home";

/// What every home-folder bucket's name begins with; fixed by AppStream.
const HOME_PREFIX: &str = "appstream2-36fb080bb8";

/// Reads each bucket.
pub(super) async fn read(
    reader: &Arc<Reader>,
    buckets: &BTreeSet<String>,
) -> BTreeMap<String, Observed<ObservedBucket>> {
    reader
        .each(buckets, |reader, bucket| async move {
            if bucket == HOME {
                home(&reader).await
            } else {
                named(&reader, bucket).await
            }
        })
        .await
}

/// The home bucket and its policy.
async fn home(reader: &Reader) -> Observed<ObservedBucket> {
    match find_home(reader).await {
        Observed::Present(name) => named(reader, name).await,
        Observed::Absent => Observed::Absent,
        Observed::Unknown(why) => Observed::Unknown(why),
    }
}

/// The home bucket: one per account and region, made when a stack first asked for home folders.
/// Older accounts have `<prefix>-<region>-<account>`, newer ones a random part behind it.
pub(crate) async fn find_home(reader: &Reader) -> Observed<String> {
    let Clients {
        region, account, ..
    } = &*reader.clients;
    let base = format!("{HOME_PREFIX}-{region}-{account}");
    let mut candidates = BTreeSet::new();
    let listed = reader
        .pages(
            |token| bucket_page(reader, &base, token),
            |page| {
                candidates.extend(page.into_iter().filter(|name| is_home(&base, name)));
                Ok(())
            },
        )
        .await;
    if let Err(error) = listed {
        return known(Err(error), "ListBuckets", &base);
    }
    let mut candidates = candidates.into_iter();
    match (candidates.next(), candidates.next()) {
        (None, _) => Observed::Absent,
        (Some(only), None) => Observed::Present(only),
        // Both namings at once: which one AppStream writes to is not to be guessed, because a
        // policy on the wrong one opens data to nobody and protects none.
        (Some(first), Some(second)) => {
            let names: Vec<_> = [first, second].into_iter().chain(candidates).collect();
            Observed::Unknown(format!(
                "more than one bucket looks like the home-folder bucket: {}; name the right one \
                 instead of \"{HOME}\"",
                names.join(", ")
            ))
        }
    }
}

/// Exactly the base, or the base, a dash and a random part. `…-123456789012-logs.example` is
/// somebody else's.
fn is_home(base: &str, name: &str) -> bool {
    let Some(rest) = name.strip_prefix(base) else {
        return false;
    };
    let random = |text: &str| {
        !text.is_empty()
            && text
                .bytes()
                .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
    };
    rest.is_empty() || rest.strip_prefix('-').is_some_and(random)
}

async fn bucket_page(
    reader: &Reader,
    prefix: &str,
    token: Option<String>,
) -> Result<Page<String>, ApplyError> {
    let request = reader
        .clients
        .s3
        .list_buckets()
        .prefix(prefix)
        .bucket_region(&reader.clients.region)
        .set_continuation_token(token);
    let answer = reader
        .call("ListBuckets", || request.clone().send())
        .await?;
    let buckets = answer.buckets.unwrap_or_default().into_iter();
    Ok(Page {
        items: buckets.filter_map(|bucket| bucket.name).collect(),
        next: answer.continuation_token,
    })
}

async fn named(reader: &Reader, bucket: String) -> Observed<ObservedBucket> {
    let object = ObjectRef::bucket(&bucket).to_string();
    let policy = match policy(reader, &bucket).await {
        Ok(Observed::Present(policy)) => policy,
        Ok(Observed::Absent) => return Observed::Absent,
        Ok(Observed::Unknown(why)) => return Observed::Unknown(why),
        Err(error) => return known(Err(error), "GetBucketPolicy", &object),
    };
    let (encryption, ownership) =
        tokio::join!(encryption(reader, &bucket), ownership(reader, &bucket));
    Observed::Present(ObservedBucket {
        name: bucket,
        policy,
        encryption: known(encryption, "GetBucketEncryption", &object),
        ownership: known(ownership, "GetBucketOwnershipControls", &object),
    })
}

/// A bucket's policy; present and `None` when there is a bucket and no policy.
async fn policy(reader: &Reader, name: &str) -> Result<Observed<Option<Value>>, ApplyError> {
    let request = reader.clients.s3.get_bucket_policy();
    let request = request
        .bucket(name)
        .expected_bucket_owner(&reader.clients.account);
    let answer = reader
        .call("GetBucketPolicy", || request.clone().send())
        .await;
    let document = match answer {
        Ok(answer) => answer.policy.unwrap_or_default(),
        Err(error) if error.code == "NoSuchBucketPolicy" => return Ok(Observed::Present(None)),
        Err(error) if error.code == "NoSuchBucket" => return Ok(Observed::Absent),
        Err(error) => return Err(error),
    };
    // Without a document there is no telling it from "no policy", which has a code of its own.
    let policy =
        policy::read(&document).map_err(|error| ours("UnreadablePolicy", chain(&error)))?;
    Ok(Observed::Present(Some(policy)))
}

async fn encryption(reader: &Reader, name: &str) -> Result<Observed<BucketEncryption>, ApplyError> {
    let request = reader.clients.s3.get_bucket_encryption();
    let request = request
        .bucket(name)
        .expected_bucket_owner(&reader.clients.account);
    let answer = reader
        .call("GetBucketEncryption", || request.clone().send())
        .await;
    let configuration = match answer {
        Ok(answer) => answer.server_side_encryption_configuration,
        Err(error) if error.code == "ServerSideEncryptionConfigurationNotFoundError" => {
            return Ok(Observed::Absent);
        }
        Err(error) => return Err(error),
    };
    let rules = configuration.into_iter().flat_map(|found| found.rules);
    let default = rules
        .into_iter()
        .find_map(|rule| rule.apply_server_side_encryption_by_default);
    Ok(default.map_or(Observed::Absent, |default| {
        Observed::Present(BucketEncryption {
            algorithm: default.sse_algorithm.as_str().to_owned(),
            kms_key: default.kms_master_key_id,
        })
    }))
}

async fn ownership(reader: &Reader, name: &str) -> Result<Observed<ObjectOwnership>, ApplyError> {
    let request = reader.clients.s3.get_bucket_ownership_controls();
    let request = request
        .bucket(name)
        .expected_bucket_owner(&reader.clients.account);
    let answer = reader
        .call("GetBucketOwnershipControls", || request.clone().send())
        .await;
    let controls = match answer {
        Ok(answer) => answer.ownership_controls,
        Err(error) if error.code == "OwnershipControlsNotFoundError" => {
            return Ok(Observed::Absent);
        }
        Err(error) => return Err(error),
    };
    let rule = controls.into_iter().flat_map(|found| found.rules).next();
    Ok(rule.map_or(Observed::Absent, |rule| {
        Observed::Present(ObjectOwnership::parse(rule.object_ownership.as_str()))
    }))
}

#[cfg(test)]
mod tests {
    use streamkeeper_core::cloud::{Cloud, ObserveRequest};

    use super::*;
    use crate::AwsConfig;
    use crate::stub::Stub;

    #[tokio::test]
    async fn a_policy_that_is_no_document_is_unknown_and_not_none() {
        for answer in [
            "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n",
            "HTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\n<html>",
            // A number that we would write back as another one.
            "HTTP/1.1 200 OK\r\ncontent-length: 27\r\n\r\n{\"Id\":18446744073709551616}",
        ] {
            let stub = Stub::answering(answer).await;
            let cloud = AwsConfig::fixed(&stub.url, "eu-west-1", "test", "test")
                .cloud("eu-west-1", "123456789012");
            let request = ObserveRequest {
                buckets: BTreeSet::from(["shared".to_owned()]),
                ..ObserveRequest::default()
            };
            let world = cloud.observe(&request).await;
            let Observed::Unknown(reason) = &world.buckets["shared"] else {
                panic!("{answer}: {:?}", world.buckets["shared"]);
            };
            assert!(reason.contains("UnreadablePolicy"), "{reason}");
        }
    }

    const BASE: &str = "appstream2-36fb080bb8-eu-west-1-123456789012";

    #[test]
    fn both_namings_of_the_home_bucket_are_accepted_and_nothing_else() {
        for (suffix, accepted) in [
            ("", true),
            ("-hwzroy6c", true),
            ("-", false),
            ("x", false),
            ("-logs-2", false),
            ("-UPPER", false),
            ("-a.b", false),
            ("3", false),
        ] {
            let name = format!("{BASE}{suffix}");
            assert_eq!(is_home(BASE, &name), accepted, "{name}");
        }
        assert!(!is_home(BASE, "appstream2-36fb080bb8-eu-west-1"));
    }
}
