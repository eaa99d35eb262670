//! Holds the options that say how other accounts are reached.

use std::fmt;

use streamkeeper_aws::{AssumeRole, ExternalId, RoleTemplate};

use super::{ConfigFaults, faulty};

/// The options of every command that asks AWS anything.
#[derive(Debug, Clone, Default, PartialEq, Eq, clap::Args)]
pub struct AccountArgs {
    /// Role to assume in accounts other than the daemon's own, such as
    /// `arn:aws:iam::{account}:role/streamkeeper`
    #[arg(long, env = "STREAMKEEPER_ASSUME_ROLE", value_name = "ARN")]
    pub assume_role: Option<String>,

    /// What the trust policies of those roles ask for as sts:ExternalId
    #[arg(
        long,
        env = "STREAMKEEPER_EXTERNAL_ID",
        hide_env_values = true,
        value_name = "ID"
    )]
    pub external_id: Option<Unprinted>,
}

/// A text that no Debug shows.
#[derive(Clone, PartialEq, Eq)]
pub struct Unprinted(String);

impl From<&str> for Unprinted {
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}

impl fmt::Debug for Unprinted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

impl AccountArgs {
    /// How other accounts are reached, for a command that has no other options to judge.
    ///
    /// # Errors
    ///
    /// Fails with every fault there is.
    pub(crate) fn assume_role(&self) -> Result<Option<AssumeRole>, ConfigFaults> {
        let mut faults = Vec::new();
        let how = self.validate(&mut faults);
        how.ok_or(ConfigFaults { faults })
    }

    /// Reads both; `Some(None)` when neither is there, `None` when a fault was noted.
    ///
    /// A variable that is set to nothing, as container platforms do, is not set.
    pub(super) fn validate(&self, faults: &mut Vec<String>) -> Option<Option<AssumeRole>> {
        let template = self.assume_role.as_deref().filter(|text| !text.is_empty());
        let template = template.map(str::parse::<RoleTemplate>).transpose();
        let template = faulty(faults, "--assume-role", template);
        let external_id = self.external_id.as_ref().map(|text| text.0.as_str());
        let external_id = external_id.filter(|text| !text.is_empty());
        let external_id = external_id.map(str::parse::<ExternalId>).transpose();
        let external_id = faulty(faults, "--external-id", external_id);
        match (template?, external_id?) {
            (Some(template), external_id) => Some(Some(AssumeRole {
                template,
                external_id,
            })),
            (None, None) => Some(None),
            (None, Some(_)) => {
                let fault = "is of no use without --assume-role".to_owned();
                faulty(faults, "--external-id", Err(fault))
            }
        }
    }
}
