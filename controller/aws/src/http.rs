//! Connects to AWS: plain HTTP for local endpoints, rustls with ring for everything else.

use std::path::{Path, PathBuf};
use std::time::Duration;

use aws_smithy_http_client::proxy::ProxyConfig;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_http_client::tls::{Provider, TlsContext, TrustStore};
use aws_smithy_http_client::{Builder, Connector, ConnectorBuilder};
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient,
    SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;

/// How long an unused connection is kept. Servers close idle connections on their own, and a
/// mutating call that meets such a close ends as Unknown and costs a look. Within one pass calls
/// follow each other faster than this; between sweeps a new connection costs less than that look.
const POOL_IDLE_TIMEOUT: Duration = Duration::from_secs(10);

/// The client that every SDK client and credentials provider shares, obeying what the AWS CLI
/// obeys: `HTTP_PROXY`, `HTTPS_PROXY`, `NO_PROXY` and `AWS_CA_BUNDLE`. The SDK itself knows the
/// first three only.
#[expect(
    clippy::disallowed_methods,
    reason = "a variable of the AWS CLI's, which the SDK does not know"
)]
pub(crate) fn from_environment() -> SharedHttpClient {
    let trust = std::env::var_os("AWS_CA_BUNDLE").map(PathBuf::from);
    build(
        ProxyConfig::from_env,
        trust.and_then(|path| ca_bundle(&path)),
    )
}

/// The same client, whatever the environment says.
pub(crate) fn isolated() -> SharedHttpClient {
    build(ProxyConfig::disabled, None)
}

fn build(proxy: fn() -> ProxyConfig, trust: Option<TlsContext>) -> SharedHttpClient {
    // Without a bundle of its own, TLS trusts what the system trusts.
    let trust = trust.unwrap_or_default();
    let plain = pooled(move |builder| builder.proxy_config(proxy()).build_http());
    let tls = pooled(move |builder| {
        builder
            .proxy_config(proxy())
            .tls_provider(Provider::Rustls(CryptoMode::Ring))
            .tls_context(trust.clone())
            .build()
    });
    SharedHttpClient::new(ByScheme { plain, tls })
}

/// Trust in exactly the certificates of a PEM file. One that cannot be read or has none is said
/// and ignored: the system's own roots trust less, not more, than whoever set it wanted.
fn ca_bundle(path: &Path) -> Option<TlsContext> {
    let pem = match std::fs::read_to_string(path) {
        Ok(pem) => pem,
        Err(error) => {
            tracing::warn!(path = %path.display(), %error, "AWS_CA_BUNDLE cannot be read");
            return None;
        }
    };
    let certificates = anchors(&pem);
    if certificates.is_empty() {
        tracing::warn!(path = %path.display(), "AWS_CA_BUNDLE has no usable certificate");
        return None;
    }
    let store = certificates
        .into_iter()
        .fold(TrustStore::empty(), TrustStore::with_pem_certificate);
    TlsContext::builder().with_trust_store(store).build().ok()
}

/// The certificates of a bundle that rustls takes as roots. The HTTP client panics over any other,
/// and bundles of whole systems have some.
fn anchors(pem: &str) -> Vec<&str> {
    pem.split_inclusive("-----END CERTIFICATE-----")
        .filter(|block| {
            CertificateDer::from_pem_slice(block.as_bytes())
                .is_ok_and(|certificate| RootCertStore::empty().add(certificate).is_ok())
        })
        .collect()
}

fn pooled(
    build: impl Fn(ConnectorBuilder) -> Connector + Send + Sync + 'static,
) -> SharedHttpClient {
    Builder::new().build_with_connector_fn(move |settings, components| {
        let mut builder = Connector::builder().pool_idle_timeout(POOL_IDLE_TIMEOUT);
        builder.set_connector_settings(settings.cloned());
        if let Some(components) = components {
            builder.set_sleep_impl(components.sleep_impl());
        }
        build(builder)
    })
}

/// Chooses by the URL's scheme, so that certificates are read only where TLS is spoken: a machine
/// without any can still talk to a local endpoint.
#[derive(Debug, Clone)]
struct ByScheme {
    plain: SharedHttpClient,
    tls: SharedHttpClient,
}

impl HttpClient for ByScheme {
    fn http_connector(
        &self,
        settings: &HttpConnectorSettings,
        components: &RuntimeComponents,
    ) -> SharedHttpConnector {
        SharedHttpConnector::new(SchemeConnector {
            clients: self.clone(),
            settings: settings.clone(),
            components: components.clone(),
        })
    }
}

#[derive(Debug)]
struct SchemeConnector {
    clients: ByScheme,
    settings: HttpConnectorSettings,
    components: RuntimeComponents,
}

impl HttpConnector for SchemeConnector {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let client = if request.uri().starts_with("http://") {
            &self.clients.plain
        } else {
            &self.clients.tls
        };
        // Both clients keep one connector, and with it one pool, per pair of time-outs.
        client
            .http_connector(&self.settings, &self.components)
            .call(request)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROOT: &str = "\
-----BEGIN CERTIFICATE-----\n\
MIIBkDCCATWgAwIBAgIUL9ZQsTxZOdrl9WBMer75osrbfeswCgYIKoZIzj0EAwIw\n\
HDEaMBgGA1UEAwwRc3RyZWFta2VlcGVyIHRlc3QwIBcNMjYxMTI0MjIyNDMwWhgP\n\
MjEyNjEwMzEyMjI0MzBaMBwxGjAYBgNVBAMMEXN0cmVhbWtlZXBlciB0ZXN0MFkw\n\
EwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEe6BOemIyL9zo1dBWtfIOewaXD0RHEpq1\n\
FRB7cP1PsrrtbcleNOtjFnPmsVENRo4wGGi+98Q2UzBkCUSuXH3ZUqNTMFEwHQYD\n\
VR0OBBYEFNFmRps2WPlFgJe08RQO9C5gcEXCMB8GA1UdIwQYMBaAFNFmRps2WPlF\n\
gJe08RQO9C5gcEXCMA8GA1UdEwEB/wQFMAMBAf8wCgYIKoZIzj0EAwIDSQAwRgIh\n\
ALwt86pGTG6thihFb0u4KfA/Cy6JfiMlT5goqQBhKk9EAiEA4Ax8njOxhEwAHC9H\n\
fAYWhmA1JM85HqT9V2l77vUfFNc=\n\
-----END CERTIFICATE-----\n\
";

    fn file(name: &str, content: &str) -> PathBuf {
        let path = std::env::temp_dir().join(format!("{}-{name}.pem", uuid::Uuid::new_v4()));
        std::fs::write(&path, content).unwrap();
        path
    }

    #[test]
    fn a_bundle_s_usable_certificates_are_taken_and_the_rest_is_left_out() {
        let broken = ROOT.replacen("MIIB", "AAAA", 1);
        let bundle = format!("# Comment\n{broken}\n# Another\n{ROOT}\n{ROOT}trailing words");
        assert_eq!(anchors(&bundle).len(), 2);
        let path = file("good", &bundle);
        assert!(ca_bundle(&path).is_some());
        std::fs::remove_file(path).unwrap();
    }

    #[test]
    fn a_bundle_of_nothing_leaves_the_system_s_roots() {
        let path = file("bad", "no certificate here");
        assert!(ca_bundle(&path).is_none());
        std::fs::remove_file(&path).unwrap();
        assert!(ca_bundle(&path).is_none(), "it is gone");
    }
}
