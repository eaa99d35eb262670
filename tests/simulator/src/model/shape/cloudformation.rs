//! Tabulates the inputs of CloudFormation (botocore, `cloudformation/2010-05-15`).

use super::{Kind, Member, optional};

const ANY: Kind = Kind::Text(0, usize::MAX, None);
const TOKEN: Kind = Kind::Text(1, 1024, None);

/// `DescribeStacks`.
pub(crate) const DESCRIBE_STACKS: &[Member] =
    &[optional("StackName", ANY), optional("NextToken", TOKEN)];

/// `GetTemplate`. The name may be left out for a change set's sake.
pub(crate) const GET_TEMPLATE: &[Member] = &[
    optional("StackName", ANY),
    optional(
        "ChangeSetName",
        Kind::Text(1, 1600, Some("[a-zA-Z][-a-zA-Z0-9]*|arn:[-a-zA-Z0-9:/]*")),
    ),
    optional("TemplateStage", Kind::Choice(&["Original", "Processed"])),
];
