//! Writes the IAM policies that Streamkeeper and its users need, and no wider ones.
//!
//! What the daemon and the commands may do follows from the list of their calls,
//! [`streamkeeper_aws::operations`]. What people in a session may do is put together for
//! `pcluster`, from its own policies and from what AppStream's guide says about roles of fleets.
//!
//! # Invariants
//!
//! - No policy for the daemon or a command can change a cluster, an object or a bucket itself.
//! - What people in a session may do to roles, they may do only to roles that are bounded.

use serde_json::{Value, json};
use streamkeeper_aws::operations::{OF_IMPORT, OF_URL, Purpose, actions_for, actions_of};
use streamkeeper_core::folder::HOME_BUCKET;

/// Where policies hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// `aws`, `aws-cn` or `aws-us-gov`.
    pub partition: String,
    /// The region, or `*`.
    pub region: String,
    /// The account.
    pub account: String,
}

impl Place {
    /// The ARN of something of a service.
    fn arn(&self, service: &str, what: &str) -> String {
        let Self {
            partition,
            region,
            account,
        } = self;
        format!("arn:{partition}:{service}:{region}:{account}:{what}")
    }

    /// The ARN of something of IAM.
    fn iam(&self, what: &str) -> String {
        format!("arn:{}:iam::{}:{what}", self.partition, self.account)
    }

    /// The ARN of a bucket, or of objects in one.
    fn s3(&self, what: &str) -> String {
        format!("arn:{}:s3:::{what}", self.partition)
    }
}

fn document(statements: Vec<Value>) -> Value {
    json!({"Version": "2012-10-17", "Statement": statements})
}

fn allow(sid: &str, actions: impl IntoIterator<Item = &'static str>, resource: Value) -> Value {
    let actions: Vec<&str> = actions.into_iter().collect();
    json!({"Sid": sid, "Effect": "Allow", "Action": actions, "Resource": resource})
}

/// What the daemon may do: its calls, and no others.
///
/// `fleet_roles` names the roles that rows give to fleets, such as `desktops-*`; without it none
/// can be given. `buckets` are those whose policies are kept beside the home bucket's.
#[must_use]
pub fn daemon(place: &Place, fleet_roles: Option<&str>, buckets: &[String]) -> Value {
    let Place {
        partition,
        region,
        account,
    } = place;
    let target = place.arn("application-autoscaling", "scalable-target/*");
    let changed = json!([
        place.arn("appstream", "fleet/*"),
        place.arn("appstream", "stack/*"),
        place.arn("appstream", "image/*"),
        // AWS's own images are of no account.
        format!("arn:{partition}:appstream:{region}::image/*"),
    ]);
    // AWS wants the second too when the first asks for the whole list.
    let clusters = actions_for(Purpose::Clusters).chain(["cloudformation:ListStacks"]);
    let mut statements = vec![
        allow("Look", actions_for(Purpose::Look), json!("*")),
        allow("Clusters", clusters, json!("*")),
        allow("Scaling", actions_for(Purpose::Scaling), json!(target)),
        allow("Change", actions_for(Purpose::Change), changed),
        allow("Drain", actions_for(Purpose::Drain), json!("*")),
        allow("Users", actions_for(Purpose::Users), json!("*")),
        allow(
            "Applications",
            actions_for(Purpose::Applications),
            json!("*"),
        ),
        allow("Themes", actions_for(Purpose::Themes), json!("*")),
    ];
    if let Some(roles) = fleet_roles {
        let role = place.iam(&format!("role/{roles}"));
        let mut pass = allow("PassRole", ["iam:PassRole"], json!(role));
        pass["Condition"] =
            json!({"StringEquals": {"iam:PassedToService": "appstream.amazonaws.com"}});
        statements.push(pass);
    }
    let principals = json!([place.iam("role/*"), place.iam("user/*")]);
    let unique_ids = actions_for(Purpose::UniqueIds);
    statements.push(allow("UniqueIds", unique_ids, principals));
    let home = format!("{HOME_BUCKET}*");
    let kept: Vec<String> = std::iter::once(&home)
        .chain(buckets)
        .map(|bucket| place.s3(bucket))
        .collect();
    let mut policies = allow("Policies", actions_for(Purpose::Policies), json!(kept));
    policies["Condition"] = json!({"StringEquals": {"aws:ResourceAccount": account}});
    statements.push(policies);
    document(statements)
}

/// What `import` may do: read.
#[must_use]
pub fn import() -> Value {
    document(vec![allow("Look", actions_of(OF_IMPORT), json!("*"))])
}

/// What `url` may do: read, and let people in.
#[must_use]
pub fn url(place: &Place) -> Value {
    let reads: Vec<&str> = actions_of(OF_URL)
        .filter(|action| actions_for(Purpose::Entrance).all(|entrance| entrance != *action))
        .collect();
    let entrances = json!([
        place.arn("appstream", "stack/*"),
        place.arn("appstream", "fleet/*"),
    ]);
    document(vec![
        allow("Look", reads, json!("*")),
        allow("Entrance", actions_for(Purpose::Entrance), entrances),
    ])
}

/// What people who run `pcluster` in a session share: their fleet's role.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// Where.
    pub place: Place,
    /// The fleet, or a pattern of fleets.
    pub fleet: String,
    /// The ARN of the policy that bounds every role of a cluster.
    pub boundary: String,
    /// The home-folder bucket; a pattern when its name is not known.
    pub bucket: Option<String>,
    /// Folders that sessions and nodes reach, such as `user/custom/<sha256>/`.
    pub folders: Vec<String>,
}

/// Actions on objects that people and nodes need of the shared files.
const ON_OBJECTS: [&str; 5] = [
    "s3:GetObject",
    "s3:PutObject",
    "s3:DeleteObject",
    "s3:AbortMultipartUpload",
    "s3:ListMultipartUploadParts",
];

impl Session {
    /// The ARN of the boundary that [`Session::boundary`] is meant to be made of.
    #[must_use]
    pub fn default_boundary(place: &Place) -> String {
        place.iam("policy/parallelcluster-boundary")
    }

    fn bucket(&self) -> String {
        self.bucket.clone().unwrap_or_else(|| {
            let Place {
                region, account, ..
            } = &self.place;
            // Newer buckets have a random part behind the account.
            format!("{HOME_BUCKET}{region}-{account}*")
        })
    }

    /// List and use files: in these folders, or below `user/`, where AppStream keeps all of them.
    fn files(&self) -> Vec<Value> {
        let (bucket, place) = (self.bucket(), &self.place);
        let everybody = ["user/".to_owned()];
        let folders = match self.folders.as_slice() {
            [] => &everybody[..],
            some => some,
        };
        let objects: Vec<String> = folders
            .iter()
            .map(|folder| place.s3(&format!("{bucket}/{folder}*")))
            .collect();
        let prefixes: Vec<String> = folders.iter().map(|folder| format!("{folder}*")).collect();
        let mut list = allow("ListFiles", ["s3:ListBucket"], json!(place.s3(&bucket)));
        list["Condition"] = json!({"StringLike": {"s3:prefix": prefixes}});
        vec![
            allow(
                "FindFiles",
                ["s3:GetBucketLocation"],
                json!(place.s3(&bucket)),
            ),
            list,
            allow("Files", ON_OBJECTS, json!(objects)),
        ]
    }

    /// Who may become the role: AppStream, for this fleet of this account and nobody else's.
    #[must_use]
    pub fn trust(&self) -> Value {
        let fleet = self
            .place
            .arn("appstream", &format!("fleet/{}", self.fleet));
        document(vec![json!({
            "Effect": "Allow",
            "Principal": {"Service": "appstream.amazonaws.com"},
            "Action": "sts:AssumeRole",
            "Condition": {
                "StringEquals": {"aws:SourceAccount": self.place.account},
                "ArnLike": {"aws:SourceArn": fleet},
            },
        })])
    }

    /// What the role may do beside the policies of ParallelCluster's own template: make roles for
    /// clusters, all of them bounded, and use the folders that were named.
    #[must_use]
    pub fn permissions(&self) -> Value {
        let place = &self.place;
        let roles = json!(place.iam("role/parallelcluster/*"));
        let bounded = json!({"StringEquals": {"iam:PermissionsBoundary": self.boundary}});
        let made = [
            "iam:CreateRole",
            "iam:PutRolePolicy",
            "iam:DeleteRolePolicy",
        ];
        let mut make = allow("MakeBoundedRoles", made, roles.clone());
        make["Condition"] = bounded.clone();
        let attached = ["iam:AttachRolePolicy", "iam:DetachRolePolicy"];
        let mut attach = allow("AttachToBoundedRoles", attached, roles.clone());
        attach["Condition"] = bounded;
        attach["Condition"]["ArnLike"] = json!({"iam:PolicyARN": [
            place.iam("policy/parallelcluster*"),
            place.iam("policy/parallelcluster/*"),
            format!("arn:{}:iam::aws:policy/CloudWatchAgentServerPolicy", place.partition),
            format!("arn:{}:iam::aws:policy/AmazonSSMManagedInstanceCore", place.partition),
        ]});
        let removed = ["iam:DeleteRole", "iam:TagRole", "iam:UntagRole"];
        let keep = [
            "iam:PutRolePermissionsBoundary",
            "iam:DeleteRolePermissionsBoundary",
        ];
        let fixed = [
            "iam:CreatePolicyVersion",
            "iam:DeletePolicy",
            "iam:DeletePolicyVersion",
            "iam:SetDefaultPolicyVersion",
        ];
        let mut statements = vec![
            make,
            attach,
            allow("EndRoles", removed, roles),
            json!({"Sid": "KeepBounds", "Effect": "Deny", "Action": keep, "Resource": "*"}),
            json!({"Sid": "KeepBoundary", "Effect": "Deny", "Action": fixed,
                   "Resource": self.boundary}),
        ];
        // Everybody on the fleet is the same principal: what one may read, all may.
        if !self.folders.is_empty() {
            statements.extend(self.files());
        }
        document(statements)
    }

    /// What no role of a cluster can exceed, whatever a configuration or a person gives it: no
    /// identity but the cluster's own roles, no bucket but the cluster's and files in this one.
    #[must_use]
    pub fn boundary(&self) -> Value {
        let place = &self.place;
        let services = [
            "cloudformation:Describe*",
            "cloudformation:SignalResource",
            "cloudwatch:*",
            "dynamodb:*",
            "ec2:*",
            "ec2messages:*",
            "elasticfilesystem:*",
            "fsx:*",
            "kms:Decrypt",
            "kms:DescribeKey",
            "kms:GenerateDataKey",
            "logs:*",
            "pricing:*",
            "route53:*",
            "secretsmanager:GetSecretValue",
            "sqs:*",
            "ssm:*",
            "ssmmessages:*",
        ];
        let mut pass = allow(
            "OwnRoles",
            ["iam:PassRole", "iam:GetRole"],
            json!(place.iam("role/parallelcluster/*")),
        );
        pass["Condition"] = json!({"StringLikeIfExists": {"iam:PassedToService": ["ec2.amazonaws.com*", "lambda.amazonaws.com"]}});
        let own = json!([
            place.s3("parallelcluster-*"),
            place.s3("parallelcluster-*/*")
        ]);
        let packages = json!([
            place.s3("*-aws-parallelcluster"),
            place.s3("*-aws-parallelcluster/*"),
            place.s3("dcv-license.*/*"),
        ]);
        let mut statements = vec![
            allow("Services", services, json!("*")),
            pass,
            allow("OwnBucket", ["s3:*"], own),
            allow("Packages", ["s3:GetObject", "s3:ListBucket"], packages),
        ];
        statements.extend(self.files());
        document(statements)
    }
}

#[cfg(test)]
mod tests;
