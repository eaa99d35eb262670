//! Proves whose AWS credentials are before a command uses them.

use anyhow::Context;
use streamkeeper_aws::AwsConfig;
use streamkeeper_core::cloud::Identity;

/// Reads an account's id as an option's value.
pub(super) fn account_id(text: &str) -> Result<String, String> {
    let is_id = text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit());
    is_id
        .then(|| text.to_owned())
        .ok_or_else(|| "an account has 12 digits".to_owned())
}

/// Credentials of the account that was asked for, proven by STS: our own, or its role's. Without an
/// account, our own.
///
/// # Errors
///
/// Fails when STS does not answer, or no credentials of that account can be had.
pub(super) async fn reach(
    own: AwsConfig,
    region: &str,
    account: Option<&str>,
) -> anyhow::Result<(AwsConfig, Identity)> {
    const WHOSE: &str = "failed to ask AWS whose these credentials are";
    let identity = own.identity(region).await.context(WHOSE)?;
    let Some(account) = account.filter(|account| *account != identity.account) else {
        return Ok((own, identity));
    };
    let role = own.assuming(region, account).with_context(|| {
        format!(
            "the credentials are for account {}; reach {account} with --assume-role",
            identity.account
        )
    })?;
    let identity = role.identity(region).await.context(WHOSE)?;
    anyhow::ensure!(
        identity.account == account,
        "the role that was assumed for account {account} is one of account {}",
        identity.account
    );
    Ok((role, identity))
}
