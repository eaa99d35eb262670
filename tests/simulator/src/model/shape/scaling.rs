//! Tabulates the inputs of Application Auto Scaling (botocore, `application-autoscaling/2016-02-06`).

use super::{Kind, Member, optional, required};

const PRINTABLE: &str = "[\\u0020-\\uD7FF\\uE000-\\uFFFD\\uD800\\uDC00-\\uDBFF\\uDFFF\\r\\n\\t]*";
const TOKEN: Kind = Kind::Text(0, usize::MAX, Some(PRINTABLE));
const ID: Kind = Kind::Text(1, 1600, Some(PRINTABLE));
const ANY_NUMBER: Kind = Kind::Integer(i64::MIN, i64::MAX);

const NAMESPACE: Kind = Kind::Choice(&[
    "ecs",
    "elasticmapreduce",
    "ec2",
    "appstream",
    "dynamodb",
    "rds",
    "sagemaker",
    "custom-resource",
    "comprehend",
    "lambda",
    "cassandra",
    "kafka",
    "elasticache",
    "neptune",
    "workspaces",
]);
const DIMENSION: Kind = Kind::Choice(&[
    "ecs:service:DesiredCount",
    "ec2:spot-fleet-request:TargetCapacity",
    "elasticmapreduce:instancegroup:InstanceCount",
    "appstream:fleet:DesiredCapacity",
    "dynamodb:table:ReadCapacityUnits",
    "dynamodb:table:WriteCapacityUnits",
    "dynamodb:index:ReadCapacityUnits",
    "dynamodb:index:WriteCapacityUnits",
    "rds:cluster:ReadReplicaCount",
    "sagemaker:variant:DesiredInstanceCount",
    "custom-resource:ResourceType:Property",
    "comprehend:document-classifier-endpoint:DesiredInferenceUnits",
    "comprehend:entity-recognizer-endpoint:DesiredInferenceUnits",
    "lambda:function:ProvisionedConcurrency",
    "cassandra:table:ReadCapacityUnits",
    "cassandra:table:WriteCapacityUnits",
    "kafka:broker-storage:VolumeSize",
    "elasticache:cache-cluster:Nodes",
    "elasticache:replication-group:NodeGroups",
    "elasticache:replication-group:Replicas",
    "neptune:cluster:ReadReplicaCount",
    "sagemaker:variant:DesiredProvisionedConcurrency",
    "sagemaker:inference-component:DesiredCopyCount",
    "workspaces:workspacespool:DesiredUserSessions",
]);

/// `DescribeScalableTargets`.
pub(crate) const DESCRIBE_TARGETS: &[Member] = &[
    required("ServiceNamespace", NAMESPACE),
    optional("ResourceIds", Kind::List(&ID, 0, 50)),
    optional("ScalableDimension", DIMENSION),
    optional("MaxResults", ANY_NUMBER),
    optional("NextToken", TOKEN),
];

/// Which target: what Register and Deregister have in common.
pub(crate) const TARGET: &[Member] = &[
    required("ServiceNamespace", NAMESPACE),
    required("ResourceId", ID),
    required("ScalableDimension", DIMENSION),
];

/// What only `RegisterScalableTarget` takes.
pub(crate) const REGISTER_TARGET: &[Member] = &[
    optional("MinCapacity", ANY_NUMBER),
    optional("MaxCapacity", ANY_NUMBER),
    optional("RoleARN", ID),
];
