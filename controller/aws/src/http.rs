//! Connects to AWS: plain HTTP for local endpoints, rustls with ring for everything else.

use std::time::Duration;

use aws_smithy_http_client::proxy::ProxyConfig;
use aws_smithy_http_client::tls::{Provider, rustls_provider::CryptoMode};
use aws_smithy_http_client::{Builder, Connector, ConnectorBuilder};
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient,
    SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;

/// How long an unused connection is kept. Servers close idle connections on their own, and a
/// mutating call that meets such a close ends as Unknown and costs a look. Within one pass calls
/// follow each other faster than this; between sweeps a new connection costs less than that look.
const POOL_IDLE_TIMEOUT: Duration = Duration::from_secs(10);

/// Builds the client that every SDK client and credentials provider shares.
///
/// With `proxies` it obeys `HTTP_PROXY`, `HTTPS_PROXY` and `NO_PROXY`, as the AWS CLI does.
pub(crate) fn client(proxies: bool) -> SharedHttpClient {
    let proxy = move || {
        if proxies {
            ProxyConfig::from_env()
        } else {
            ProxyConfig::disabled()
        }
    };
    let plain = pooled(move |builder| builder.proxy_config(proxy()).build_http());
    let tls = pooled(move |builder| {
        builder
            .proxy_config(proxy())
            .tls_provider(Provider::Rustls(CryptoMode::Ring))
            .build()
    });
    SharedHttpClient::new(ByScheme { plain, tls })
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
