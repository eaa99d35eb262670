//! Tells whether a `Deny` locks out somebody who must get in.
//!
//! | who | what they need | on |
//! |---|---|---|
//! | we ourselves | read, write and delete the policy | any bucket |
//! | the account's root | the same | any bucket |
//! | AppStream's service role, in both its sessions | people's files, the policy, encryption | AppStream's buckets |
//! | nodes of the account's clusters | list and read | the home bucket |
//!
//! An *ordinary* request of each is tried against the statement ([`super::evaluate`]): with TLS and
//! today's signature, on a file of a person nobody heard of. So a Deny of one person's folder, of
//! plain HTTP or of one named role passes, and a Deny of everybody's files does not. What cannot be
//! known from here (where a request comes from, what tags a role has) counts as denied.
//!
//! Why both sessions: AWS's own pages name the service's session once `PhotonSession` and once
//! `AppStream2.0`, and a `NotPrincipal` exempts a session only by its own ARN.

use super::GuardContext;
use super::evaluate::{Request, Verdict, applies};
use super::principal::Principal;
use crate::policy::canonical::Statement;

/// Names of the buckets AppStream makes for home folders begin with this.
const HOME_BUCKET: &str = "appstream2-36fb080bb8-";

/// Names of the buckets AppStream makes begin with one of these.
const APPSTREAM_BUCKETS: [&str; 3] = [HOME_BUCKET, "appstream-app-settings-", "appstream-logs-"];

const SERVICE_ROLE: &str = "AmazonAppStreamServiceAccess";

const SERVICE_SESSIONS: [&str; 2] = ["PhotonSession", "AppStream2.0"];

/// A folder like those of home folders: the hash of a user nobody has.
const FOLDER: &str =
    "user/custom/0000000000000000000000000000000000000000000000000000000000000000/";

const FILE: &str = "file";

const POLICY_ACTIONS: [&str; 3] = [
    "s3:getbucketpolicy",
    "s3:putbucketpolicy",
    "s3:deletebucketpolicy",
];

const SERVICE_BUCKET_ACTIONS: [&str; 4] = [
    "s3:listbucket",
    "s3:getbucketpolicy",
    "s3:putbucketpolicy",
    "s3:putencryptionconfiguration",
];

const SERVICE_OBJECT_ACTIONS: [&str; 5] = [
    "s3:getobject",
    "s3:putobject",
    "s3:deleteobject",
    "s3:getobjectversion",
    "s3:deleteobjectversion",
];

/// Somebody who must get in, and what they must be able to do.
struct Need {
    who: String,
    principal: Principal,
    on_bucket: &'static [&'static str],
    on_objects: &'static [&'static str],
}

/// What is wrong with a `Deny`: one message for each who is locked out.
pub(super) fn faults(statement: &Statement, context: &GuardContext) -> Vec<String> {
    needs(context)
        .iter()
        .filter_map(|need| {
            let denied = denied_actions(statement, need, context);
            let first = denied.first()?;
            Some(format!(
                "it denies or may deny {first}{} to {}; exempt them by the condition ArnNotLike \
                 aws:PrincipalArn",
                match denied.len() {
                    1 => String::new(),
                    more => format!(" and {} more", more - 1),
                },
                need.who
            ))
        })
        .collect()
}

fn denied_actions<'a>(
    statement: &Statement,
    need: &'a Need,
    context: &GuardContext,
) -> Vec<&'a str> {
    let bucket = context.bucket_arn();
    let object = format!("{bucket}/{FOLDER}{FILE}");
    let on_bucket = need.on_bucket.iter().map(|action| (*action, &bucket));
    let on_objects = need.on_objects.iter().map(|action| (*action, &object));
    on_bucket
        .chain(on_objects)
        .filter(|(action, resource)| {
            let request = Request {
                principal: &need.principal,
                action,
                resource,
                prefix: (*action == "s3:listbucket").then_some(FOLDER),
            };
            applies(statement, &request) > Verdict::No
        })
        .map(|(action, _)| action)
        .collect()
}

fn needs(context: &GuardContext) -> Vec<Need> {
    let GuardContext {
        bucket,
        account,
        partition,
        caller_arn,
        uid: _,
    } = context;
    let mut needs = vec![
        Need {
            who: format!("Streamkeeper itself ({caller_arn})"),
            principal: Principal::of_caller(caller_arn, account),
            on_bucket: &POLICY_ACTIONS,
            on_objects: &[],
        },
        Need {
            who: format!("the account's root (arn:{partition}:iam::{account}:root)"),
            principal: Principal::root(partition, account),
            on_bucket: &POLICY_ACTIONS,
            on_objects: &[],
        },
    ];
    if APPSTREAM_BUCKETS
        .iter()
        .any(|prefix| bucket.starts_with(prefix))
    {
        needs.extend(SERVICE_SESSIONS.iter().map(|session| {
            let session =
                format!("arn:{partition}:sts::{account}:assumed-role/{SERVICE_ROLE}/{session}");
            Need {
                who: format!("AppStream's service role ({session})"),
                principal: Principal::session(
                    account,
                    format!("arn:{partition}:iam::{account}:role/service-role/{SERVICE_ROLE}"),
                    session,
                ),
                on_bucket: &SERVICE_BUCKET_ACTIONS,
                on_objects: &SERVICE_OBJECT_ACTIONS,
            }
        }));
    }
    if bucket.starts_with(HOME_BUCKET) {
        // Node roles have generated names under a fixed path; the name here stands for any.
        let role = "parallelcluster/streamkeeper-any-cluster/streamkeeper-any-node";
        needs.push(Need {
            who: format!(
                "the nodes of clusters (arn:{partition}:iam::{account}:role/parallelcluster/*)"
            ),
            principal: Principal::session(
                account,
                format!("arn:{partition}:iam::{account}:role/{role}"),
                format!("arn:{partition}:sts::{account}:assumed-role/streamkeeper-any-node/i-0"),
            ),
            on_bucket: &["s3:listbucket"],
            on_objects: &["s3:getobject"],
        });
    }
    needs
}
