//! Compares, merges and guards S3 bucket policies, statement by statement.
//!
//! A bucket has one policy document and many authors: AppStream puts
//! `PreventAccidentalDeletionOfBucket` there, administrators add their own statements, and several
//! environments may share one bucket. `PutBucketPolicy` replaces the whole document and knows no
//! `ETag`. So we own statements, by a prefix of their `Sid`, and hand everything else back exactly as
//! we found it.
//!
//! ```text
//!   BucketSpec ─► asked_statements ─► desired_statements
//!                                     │
//!                                     ├─► compare ─► differences, one per Sid
//!   the bucket's policy ──────────────┤
//!                                     └─► merge ─► the next document ─► guard ─► refusals
//! ```
//!
//! S3 returns what it was sent in other words: a list of one as a string, lists in another order,
//! an account id as the ARN of its root. Comparison is therefore by meaning ([`equivalent`]),
//! through a canonical form, and never by text.
//!
//! # Invariants
//!
//! - Statements of others are never compared, changed, reordered or dropped.
//! - Two statements are called equivalent only when they are so by rules that AWS documents. What
//!   is not understood is equal to nothing but itself.
//! - What [`merge()`] returns, [`compare`] finds no fault with, and merging again changes nothing.
//! - The guard rails judge the finished document and do not trust the merge: nobody is let in
//!   unnamed, nobody who must get in is locked out, nothing of others is lost.
//!
//! # What is deliberately absent
//!
//! - Subsumption of wildcards: `s3:*` beside `s3:GetObject` differs from `s3:*` alone.
//! - Versions made equal when no policy variable is in sight: a policy's version is its author's.
//! - Questions to IAM. [`undecided`] names the roles and users whose unique id decides; whoever has
//!   asked hands the proof in as [`Identities`].

mod canonical;
mod grant;
mod guard;
mod identify;
mod merge;
mod names;
mod numbers;
mod ownership;
mod read;
mod variables;

pub use self::canonical::{
    equivalent, equivalent_with, statements_equivalent, statements_equivalent_with,
};
pub use self::grant::{Grantee, asked_statements, folder, grant_of, grantee, is_of_own_account};
pub use self::guard::{
    Denial, GuardContext, MAX_POLICY_BYTES, Refusal, Rule, denials, guard, is_home_bucket,
};
pub use self::identify::{IamPrincipal, undecided};
pub use self::merge::{MergeError, StatementDifference, compare, compare_with, merge, merge_with};
pub use self::names::{Identities, Names};
pub use self::ownership::{
    desired_statements, foreign_statements, is_streamkeeper_sid, owned_prefix, owned_sid,
    owned_user_sid,
};
pub use self::read::{ReadError, read};

#[cfg(test)]
mod pairs;
#[cfg(test)]
mod properties;
