//! Reads who is asking, and for which region, from a request's signature.
//!
//! # What is deliberately absent
//!
//! Verifying the signature: the simulator has no secret keys. That one is there, and is of AWS's
//! form, is checked.

use http::HeaderMap;
use http::header::AUTHORIZATION;

/// The credential scope of a Signature Version 4 header.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct CredentialScope {
    /// The access key.
    pub(super) access_key: String,
    /// The region the client signed for.
    pub(super) region: String,
    /// The service's signing name.
    pub(super) service: String,
}

/// Why a request's credentials cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum CredentialError {
    /// There is no `Authorization` header.
    Missing,
    /// There is one, but not of Signature Version 4.
    Malformed,
    /// They were `AssumeRole`'s, and their time is over.
    Expired,
}

impl CredentialScope {
    /// Reads the `Authorization` header.
    ///
    /// Its form is `AWS4-HMAC-SHA256 Credential=KEY/DATE/REGION/SERVICE/aws4_request, …`.
    pub(super) fn from_headers(headers: &HeaderMap) -> Result<Self, CredentialError> {
        let header = headers.get(AUTHORIZATION).ok_or(CredentialError::Missing)?;
        header
            .to_str()
            .ok()
            .and_then(Self::parse)
            .ok_or(CredentialError::Malformed)
    }

    fn parse(header: &str) -> Option<Self> {
        let parameters = header.strip_prefix("AWS4-HMAC-SHA256")?;
        let credential = parameters
            .split(',')
            .find_map(|parameter| parameter.trim().strip_prefix("Credential="))?;
        // From the right: an access key may hold slashes, the rest may not.
        let mut parts = credential.rsplitn(5, '/');
        if parts.next()? != "aws4_request" {
            return None;
        }
        let service = parts.next()?.to_owned();
        let region = parts.next()?.to_owned();
        let _date = parts.next()?;
        let access_key = parts.next()?.to_owned();
        Some(Self {
            access_key,
            region,
            service,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_region_is_taken_from_the_credential_scope() {
        let header = "AWS4-HMAC-SHA256 Credential=AKIA/20261124/eu-west-1/appstream/aws4_request, \
                      SignedHeaders=host, Signature=00";
        assert_eq!(
            CredentialScope::parse(header),
            Some(CredentialScope {
                access_key: "AKIA".to_owned(),
                region: "eu-west-1".to_owned(),
                service: "appstream".to_owned(),
            })
        );
    }

    #[test]
    fn a_header_of_another_form_is_refused() {
        for header in [
            "",
            "Bearer x",
            "AWS4-HMAC-SHA256 Credential=AKIA/20261124/eu-west-1/aws4_request",
            "AWS4-HMAC-SHA256 Signature=00",
        ] {
            assert_eq!(
                CredentialScope::parse(header),
                None,
                "{header:?} was accepted"
            );
        }
    }
}
