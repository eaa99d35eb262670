//! Names the folder of the shared bucket in which a person's files are.
//!
//! AppStream's developer guide (home folders) says where: a prefix by how the person signed in, then
//! the SHA-256 of the exact name in lower-case hex. The name is case-sensitive and nothing is
//! trimmed. The folder exists only after the person's first session.

use std::fmt::Write;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// What names of AppStream's own home buckets begin with (AppStream's developer guide, home folders).
pub const HOME_BUCKET: &str = "appstream2-36fb080bb8-";

/// How a person comes to a session, in AppStream's own words.
#[derive(
    Debug,
    Clone,
    Copy,
    Default,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    JsonSchema,
)]
#[serde(rename_all = "UPPERCASE")]
pub enum AuthenticationType {
    /// By a streaming URL; the name is its `UserId`.
    #[default]
    Api,
    /// By SAML; the name is the assertion's `NameID`.
    Saml,
    /// By the user pool; the name is the account's e-mail address. The guide does not name this
    /// folder; samples that list home folders do.
    UserPool,
}

/// What the keys of the person's files begin with, `/` at the end.
pub fn key_prefix(authentication: AuthenticationType, user: &str) -> String {
    let mut prefix = match authentication {
        AuthenticationType::Api => "user/custom/",
        AuthenticationType::Saml => "user/federated/",
        AuthenticationType::UserPool => "user/userpool/",
    }
    .to_owned();
    for byte in Sha256::digest(user.as_bytes()) {
        // Writing to a String cannot fail.
        let _ = write!(prefix, "{byte:02x}");
    }
    prefix.push('/');
    prefix
}

/// The folder as the AWS CLI takes it.
pub fn uri(bucket: &str, authentication: AuthenticationType, user: &str) -> String {
    format!("s3://{bucket}/{}", key_prefix(authentication, user))
}

#[cfg(test)]
mod tests {
    use super::*;

    // The two examples of AppStream's developer guide.
    #[test]
    fn the_folder_of_a_streaming_url_is_the_one_that_aws_documents() {
        assert_eq!(
            key_prefix(AuthenticationType::Api, "testuser@mydomain.com"),
            "user/custom/a0bcb1da11f480d9b5b3e90f91243143eac04cfccfbdc777e740fab628a1cd13/",
        );
    }

    #[test]
    fn the_folder_of_a_saml_user_is_the_one_that_aws_documents() {
        assert_eq!(
            key_prefix(AuthenticationType::Saml, r"SAMPLEDOMAIN\testuser"),
            "user/federated/8dd9a642f511609454d344d53cb861a71190e44fed2b8af9fde0c507012a9901/",
        );
    }

    #[test]
    fn the_case_of_a_name_and_the_space_around_it_matter() {
        let folder = |user| key_prefix(AuthenticationType::UserPool, user);
        assert!(folder("anna@example.com").starts_with("user/userpool/"));
        assert_ne!(folder("anna@example.com"), folder("Anna@example.com"));
        assert_ne!(folder("anna@example.com"), folder("anna@example.com "));
    }

    #[test]
    fn the_address_of_a_folder_begins_with_the_bucket() {
        assert_eq!(
            uri("shared", AuthenticationType::Api, "testuser@mydomain.com"),
            "s3://shared/user/custom/\
             a0bcb1da11f480d9b5b3e90f91243143eac04cfccfbdc777e740fab628a1cd13/",
        );
    }
}
