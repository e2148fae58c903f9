//! The HTTPS client under every AWS client of a process.

use std::sync::LazyLock;

use aws_sdk_secretsmanager::config::SharedHttpClient;
use aws_smithy_http_client::proxy::ProxyConfig;
use aws_smithy_http_client::tls::Provider;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_http_client::{Builder, ConnectorBuilder};

/// The SDK would make one for each client. Making it parses all certificate authorities each time, which takes as long as
/// the rest of a function's start: here once, when a client is first made.
static CLIENT: LazyLock<SharedHttpClient> = LazyLock::new(|| {
    Builder::new().build_with_connector_fn(|settings, components| {
        let mut connector = ConnectorBuilder::default().tls_provider(Provider::Rustls(CryptoMode::AwsLc));
        connector.set_connector_settings(settings.cloned());
        connector.set_sleep_impl(components.and_then(|components| components.sleep_impl()));
        connector.set_proxy_config(Some(ProxyConfig::from_env()));
        connector.build()
    })
});

/// One for the whole process, with its connections.
pub fn https_client() -> SharedHttpClient {
    CLIENT.clone()
}
