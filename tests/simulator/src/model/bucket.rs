//! Models S3 as far as the shared bucket needs it: buckets, their owners, their policies and
//! what becomes of objects in them.

pub(crate) mod facts;
pub(crate) mod policy;

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use self::facts::Facts;
use super::iam;
use super::page::Pager;
use super::state::{State, done, seconds};
use super::{Answer, Place, Request, seeded};
use crate::call::ServiceError;
use crate::clock::after;
use crate::config::HomeBucketNaming;

/// A bucket.
#[derive(Debug, Clone)]
pub(crate) struct Bucket {
    pub(crate) owner: String,
    pub(crate) region: String,
    pub(crate) created: DateTime<Utc>,
    /// When it can first be seen.
    pub(crate) visible_at: DateTime<Utc>,
    /// As S3 keeps it: normalised.
    pub(crate) policy: Option<Value>,
    pub(crate) facts: Facts,
}

impl Bucket {
    pub(crate) fn is_visible(&self, now: DateTime<Utc>) -> bool {
        now >= self.visible_at
    }

    pub(crate) fn snapshot(&self) -> Value {
        let Facts {
            encryption,
            ownership,
        } = &self.facts;
        json!({
            "Owner": self.owner, "Region": self.region, "Policy": self.policy,
            "Encryption": encryption, "ObjectOwnership": ownership,
        })
    }
}

/// A kind of bucket that AppStream makes in the account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ServiceBucket {
    prefix: &'static str,
}

/// Home folders of all stacks of a region; the infix is the same everywhere.
pub(crate) const HOME: ServiceBucket = ServiceBucket {
    prefix: "appstream2-36fb080bb8",
};
/// Application settings of all stacks of a region; named the new way in every account.
pub(crate) const APP_SETTINGS: ServiceBucket = ServiceBucket {
    prefix: "appstream-app-settings",
};

impl ServiceBucket {
    fn stem(self, place: &Place) -> String {
        format!("{}-{}-{}", self.prefix, place.region, place.account)
    }
}

/// The bucket the service has made for a place, once it can be seen.
pub(crate) fn service_bucket<'a>(
    state: &'a State,
    place: &Place,
    kind: ServiceBucket,
    now: DateTime<Utc>,
) -> Option<&'a str> {
    service_buckets(state, place, kind)
        .find(|(_, bucket)| bucket.is_visible(now))
        .map(|(name, _)| name)
}

fn service_buckets<'a>(
    state: &'a State,
    place: &Place,
    kind: ServiceBucket,
) -> impl Iterator<Item = (&'a str, &'a Bucket)> {
    let stem = kind.stem(place);
    let account = place.account.clone();
    state
        .buckets
        .range(stem.clone()..)
        .map(|(name, bucket)| (name.as_str(), bucket))
        .take_while(move |(name, _)| name.starts_with(&stem))
        .filter(move |(_, bucket)| bucket.owner == account)
}

/// Makes the bucket unless it is there or on its way, with the policy that keeps it from being
/// deleted by accident.
pub(crate) fn make_service_bucket(
    state: &mut State,
    place: &Place,
    kind: ServiceBucket,
    now: DateTime<Utc>,
) {
    if service_buckets(state, place, kind).next().is_some() {
        return;
    }
    let stem = kind.stem(place);
    let serial = state
        .surroundings
        .bucket_serials
        .entry(stem.clone())
        .and_modify(|serial| *serial += 1)
        .or_insert(1);
    let is_plain = kind == HOME && state.config.naming == HomeBucketNaming::V1;
    let name = if is_plain {
        stem
    } else {
        let label = format!("{stem} {serial}");
        format!("{stem}-{}", seeded::suffix(state.config.seed, &label, 8))
    };
    let delay = if kind == HOME {
        state.config.delays.home_bucket
    } else {
        state.config.delays.settings_bucket
    };
    let bucket = Bucket {
        owner: place.account.clone(),
        region: place.region.clone(),
        created: now,
        visible_at: after(now, delay),
        policy: Some(policy::prevent_accidental_deletion(&name)),
        facts: Facts::default(),
    };
    let stamp = state.stamp();
    state.buckets.put(stamp, name, bucket);
}

/// The bucket a request is about, if it exists and the caller may have it.
fn open<'a>(state: &'a State, request: &Request<'_>) -> Result<&'a Bucket, ServiceError> {
    let bucket = state
        .buckets
        .get(&request.required("Bucket").to_owned())
        .filter(|bucket| bucket.is_visible(request.now))
        .ok_or_else(|| {
            ServiceError::with_status("NoSuchBucket", "The specified bucket does not exist", 404)
        })?;
    let expected = request.text("ExpectedBucketOwner");
    if bucket.owner != request.place.account || expected.is_some_and(|owner| owner != bucket.owner)
    {
        return Err(access_denied());
    }
    if bucket.region != request.place.region {
        return Err(ServiceError::with_status(
            "PermanentRedirect",
            "The bucket you are attempting to access must be addressed using the specified \
             endpoint. Please send all future requests to this endpoint.",
            301,
        ));
    }
    Ok(bucket)
}

fn access_denied() -> ServiceError {
    ServiceError::with_status("AccessDenied", "Access Denied", 403)
}

/// `ListBuckets`, of all regions, in order of name.
pub(crate) fn list(state: &State, request: &Request<'_>) -> Answer {
    let pager = Pager {
        seed: state.config.seed,
        list: "ListBuckets",
        place: &request.place,
        size: request
            .integer("MaxBuckets")
            .and_then(|size| usize::try_from(size).ok())
            .unwrap_or(10_000),
    };
    let after = pager
        .start(request.text("ContinuationToken"))
        .map_err(|_| ServiceError::new("InvalidArgument", "The continuation token is not valid"))?;
    let prefix = request.text("Prefix").unwrap_or_default();
    let region = request.text("BucketRegion");
    let buckets = state.buckets.iter().filter(|(name, bucket)| {
        bucket.owner == request.place.account
            && bucket.is_visible(request.now)
            && name.starts_with(prefix)
            && region.is_none_or(|region| region == bucket.region)
            && after.as_ref().is_none_or(|after| *name > after)
    });
    let mut page = pager.cut(buckets.map(|(name, bucket)| (name.clone(), (name, bucket))));
    page.items.sort_by_key(|(name, _)| name.as_str());
    let items: Vec<_> = page
        .items
        .into_iter()
        .map(|(name, bucket)| {
            json!({
                "Name": name,
                "CreationDate": seconds(bucket.created),
                "BucketRegion": bucket.region,
            })
        })
        .collect();
    let mut answer = json!({
        "Buckets": items,
        "Owner": {"ID": canonical_id(state, &request.place.account)},
    });
    if !prefix.is_empty() {
        answer["Prefix"] = json!(prefix);
    }
    if let Some(token) = page.next {
        answer["ContinuationToken"] = json!(token);
    }
    Ok(answer)
}

/// A canonical user id looks like a SHA-256 and means nothing to anybody.
fn canonical_id(state: &State, account: &str) -> String {
    (0..4)
        .map(|part| {
            let label = format!("canonical {account} {part}");
            format!("{:016x}", seeded::draw(state.config.seed, &label))
        })
        .collect()
}

/// `HeadBucket`. Its errors have no body, so clients see them by status.
pub(crate) fn head(state: &State, request: &Request<'_>) -> Answer {
    let bucket = open(state, request).map_err(|error| {
        let code = match error.status {
            404 => "NotFound",
            403 => "Forbidden",
            _ => return error,
        };
        ServiceError::with_status(code, error.message, error.status)
    })?;
    Ok(json!({"BucketRegion": bucket.region, "AccessPointAlias": false}))
}

/// `GetBucketLocation`, which answers from everywhere; the first region has no name.
pub(crate) fn location(state: &State, request: &Request<'_>) -> Answer {
    let name = request.required("Bucket").to_owned();
    let region = state.buckets.get(&name).map(|bucket| bucket.region.clone());
    let request = Request {
        place: Place {
            region: region.unwrap_or_else(|| request.place.region.clone()),
            account: request.place.account.clone(),
        },
        ..*request
    };
    let bucket = open(state, &request)?;
    Ok(match bucket.region.as_str() {
        "us-east-1" => json!({}),
        region => json!({"LocationConstraint": region}),
    })
}

/// `GetBucketPolicy`.
pub(crate) fn get_policy(state: &State, request: &Request<'_>) -> Answer {
    let bucket = open(state, request)?;
    let policy = bucket.policy.as_ref().ok_or_else(|| {
        ServiceError::with_status(
            "NoSuchBucketPolicy",
            "The bucket policy does not exist",
            404,
        )
    })?;
    let shown = policy::shown(policy, &state.surroundings.principals, state.config.seed);
    Ok(json!({"Policy": shown.to_string()}))
}

/// `PutBucketPolicy`. The whole document takes the place of the old one.
pub(crate) fn put_policy(state: &mut State, request: &Request<'_>) -> Answer {
    open(state, request)?;
    let name = request.required("Bucket").to_owned();
    let document = policy::parse(
        request.required("Policy"),
        &name,
        &state.surroundings.principals,
    )?;
    if policy::is_public(&document) {
        // New buckets block public policies, and so do those that the service makes.
        return Err(access_denied());
    }
    for arn in iam::named_in(&document) {
        state.surroundings.principals.note(&arn);
    }
    let kept = policy::normalised(document, state.config.seed);
    let stamp = state.stamp();
    state
        .buckets
        .edit(stamp, &name, |bucket| bucket.policy = Some(kept));
    done()
}

/// `DeleteBucketPolicy`. That there is none is no error.
pub(crate) fn delete_policy(state: &mut State, request: &Request<'_>) -> Answer {
    open(state, request)?;
    let name = request.required("Bucket").to_owned();
    let stamp = state.stamp();
    state
        .buckets
        .edit(stamp, &name, |bucket| bucket.policy = None);
    done()
}

/// `DeleteBucket`, which the service's policy denies to everybody.
pub(crate) fn delete(state: &mut State, request: &Request<'_>) -> Answer {
    let bucket = open(state, request)?;
    if bucket.policy.as_ref().is_some_and(policy::denies_deletion) {
        return Err(access_denied());
    }
    let name = request.required("Bucket").to_owned();
    let stamp = state.stamp();
    state.buckets.remove(stamp, &name);
    done()
}
