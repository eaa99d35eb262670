//! Tells whether a `Deny` locks out somebody who must get in.
//!
//! | who | what they need | on |
//! |---|---|---|
//! | we ourselves | read, write and delete the policy | any bucket |
//! | the account's root | the same | any bucket |
//! | AppStream's service role, in both its sessions | people's files, the policy, encryption | AppStream's buckets |
//! | nodes of the account's clusters | list and read | the home bucket |
//! | nodes of the row's clusters | list and read, and write if the row says so | the bucket they share |
//! | whoever a grant of the row names | the same | the folder of the grant |
//!
//! An *ordinary* request of each is tried against the statement ([`super::evaluate`]): with TLS and
//! today's signature, on a file of a person nobody heard of. So a Deny of one person's folder, of
//! plain HTTP or of one named role passes, and a Deny of everybody's files does not. What cannot be
//! known from here (where a request comes from, what tags a role has) counts as denied.
//!
//! Why both sessions: AWS's own pages name the service's session once `PhotonSession` and once
//! `AppStream2.0`, and a `NotPrincipal` exempts a session only by its own ARN.

use super::GuardContext;
use super::context::is_home_bucket;
use super::evaluate::{Request, Verdict, applies};
use super::principal::Principal;
use crate::folder::HOME_BUCKET;
use crate::policy::canonical::Statement;
use crate::policy::grant::{folder, grantee};
use crate::spec::{BucketAccess, GrantSpec};

/// Names of the buckets AppStream makes begin with one of these.
const APPSTREAM_BUCKETS: [&str; 3] = [HOME_BUCKET, "appstream-app-settings-", "appstream-logs-"];

pub(super) const SERVICE_ROLE: &str = "AmazonAppStreamServiceAccess";

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

const READ_BUCKET: [&str; 1] = ["s3:listbucket"];

const READ_OBJECTS: [&str; 1] = ["s3:getobject"];

const WRITE_OBJECTS: [&str; 3] = ["s3:getobject", "s3:putobject", "s3:deleteobject"];

/// Somebody who must get in, and what they must be able to do.
struct Need {
    who: String,
    principal: Principal,
    on_bucket: &'static [&'static str],
    on_objects: &'static [&'static str],
    /// Where, `/` at the end.
    folder: String,
}

/// What is wrong with a `Deny`: one message for each who is locked out.
pub(super) fn faults(statement: &Statement, context: &GuardContext) -> Vec<String> {
    let needs = essential_needs(context)
        .into_iter()
        .chain(shared_needs(context));
    needs
        .filter_map(|need| denied(statement, &need, context))
        .map(|denied| {
            format!(
                "it denies or may deny {denied}; exempt them by the condition ArnNotLike \
                 aws:PrincipalArn"
            )
        })
        .collect()
}

/// Whom a `Deny` keeps out of those with whom the bucket is shared, and out of what.
pub(super) fn kept_out(statement: &Statement, context: &GuardContext) -> Vec<String> {
    let needs = shared_needs(context);
    let denied = needs
        .iter()
        .filter_map(|need| denied(statement, need, context));
    denied.collect()
}

/// What a statement denies or may deny to somebody, in words.
fn denied(statement: &Statement, need: &Need, context: &GuardContext) -> Option<String> {
    let denied = denied_actions(statement, need, context);
    let first = denied.first()?;
    let more = match denied.len() {
        1 => String::new(),
        more => format!(" and {} more", more - 1),
    };
    Some(format!("{first}{more} to {}", need.who))
}

fn denied_actions<'a>(
    statement: &Statement,
    need: &'a Need,
    context: &GuardContext,
) -> Vec<&'a str> {
    let bucket = context.bucket_arn();
    let object = format!("{bucket}/{}{FILE}", need.folder);
    let on_bucket = need.on_bucket.iter().map(|action| (*action, &bucket));
    let on_objects = need.on_objects.iter().map(|action| (*action, &object));
    on_bucket
        .chain(on_objects)
        .filter(|(action, resource)| {
            let request = Request {
                principal: &need.principal,
                action,
                resource,
                prefix: (*action == "s3:listbucket").then_some(&*need.folder),
            };
            applies(statement, &request) > Verdict::No
        })
        .map(|(action, _)| action)
        .collect()
}

/// Who must get in whatever a row says.
fn essential_needs(context: &GuardContext) -> Vec<Need> {
    let GuardContext {
        bucket,
        account,
        partition,
        caller_arn,
        uid: _,
        clusters: _,
        grants: _,
    } = context;
    let on_policy = |who, principal| Need {
        who,
        principal,
        on_bucket: &POLICY_ACTIONS,
        on_objects: &[],
        folder: FOLDER.to_owned(),
    };
    let mut needs = vec![
        on_policy(
            format!("Streamkeeper itself ({caller_arn})"),
            Principal::of_caller(caller_arn, account),
        ),
        on_policy(
            format!("the account's root (arn:{partition}:iam::{account}:root)"),
            Principal::root(partition, account),
        ),
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
                folder: FOLDER.to_owned(),
            }
        }));
    }
    needs
}

/// With whom the bucket is shared: nodes of clusters, and whoever a grant names.
fn shared_needs(context: &GuardContext) -> Vec<Need> {
    let GuardContext {
        bucket,
        account,
        partition,
        caller_arn: _,
        uid: _,
        clusters,
        grants,
    } = context;
    let reads_anyway = is_home_bucket(bucket).then_some(BucketAccess::ReadOnly);
    let mut needs = Vec::new();
    if let Some(access) = (*clusters).max(reads_anyway) {
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
            on_bucket: &READ_BUCKET,
            on_objects: object_actions(access),
            folder: FOLDER.to_owned(),
        });
    }
    needs.extend(grants.iter().map(|grant| granted(grant, partition)));
    needs
}

fn object_actions(access: BucketAccess) -> &'static [&'static str] {
    match access {
        BucketAccess::ReadOnly => &READ_OBJECTS,
        BucketAccess::ReadWrite => &WRITE_OBJECTS,
    }
}

/// What a grant names. Of several roles, or of a whole account, some role that nobody else has.
fn granted(grant: &GrantSpec, partition: &str) -> Need {
    const ANY: &str = "streamkeeper-any";
    let who = grantee(&grant.principal);
    let account = who.account;
    let role = who.role.map_or_else(
        || format!("arn:{partition}:iam::{account}:role/{ANY}"),
        |role| role.replace('*', ANY).replace('?', "x"),
    );
    let name = role.rsplit('/').next().unwrap_or(ANY);
    let session = format!("arn:{partition}:sts::{account}:assumed-role/{name}/i-0");
    let folder = match folder(grant) {
        whole if whole.is_empty() => FOLDER.to_owned(),
        folder => folder,
    };
    Need {
        who: format!("{}, to whom the row grants it", grant.principal),
        principal: Principal::session(account, role, session),
        on_bucket: &READ_BUCKET,
        on_objects: object_actions(grant.access),
        folder,
    }
}
