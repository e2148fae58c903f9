//! Files in a bucket of S3, R2 or a local server: an endpoint and credentials, the same code.

use std::fmt;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use aws_sdk_s3::Client;
use aws_sdk_s3::config::{
    Builder, Credentials, Region, RequestChecksumCalculation, ResponseChecksumValidation,
};
use aws_sdk_s3::presigning::PresigningConfig;
use aws_sdk_s3::primitives::ByteStream;
use bytes::{Bytes, BytesMut};
use filot_platform::Secret;
use filot_platform::config::Storage;

use crate::error::CloudError;
use crate::settings;

/// Endpoint, credentials and bucket.
#[derive(Clone)]
pub struct ObjectsConfig {
    /// `CF_R2_ENDPOINT`
    pub endpoint: String,
    /// `CF_R2_ACCESS_KEY_ID`
    pub access_key_id: String,
    /// `CF_R2_SECRET_ACCESS_KEY`
    pub secret_access_key: Secret,
    /// `CF_R2_BUCKET_NAME`
    pub bucket: String,
    /// `auto` for R2.
    pub region: String,
}

impl fmt::Debug for ObjectsConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ObjectsConfig").field("bucket", &self.bucket).finish_non_exhaustive()
    }
}

impl From<&Storage> for ObjectsConfig {
    fn from(storage: &Storage) -> Self {
        Self {
            endpoint: storage.endpoint.clone(),
            access_key_id: storage.access_key_id.clone(),
            secret_access_key: storage.secret_access_key.clone(),
            bucket: storage.bucket.clone(),
            region: storage.region.clone(),
        }
    }
}

/// An object's properties, known without fetching it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ObjectHead {
    /// Length.
    pub bytes: u64,
}

/// A bucket.
#[derive(Debug, Clone)]
pub struct Objects {
    config: Arc<ObjectsConfig>,
    client: Arc<OnceLock<Client>>,
}

impl Objects {
    /// Connects on first use.
    pub fn new(config: ObjectsConfig) -> Self {
        Self { config: Arc::new(config), client: Arc::default() }
    }

    /// Made when it is first needed: the TLS settings take longer than everything else in a function's start, and a
    /// request that is refused needs no storage.
    fn client(&self) -> &Client {
        self.client.get_or_init(|| {
            let config = &self.config;
            let key = config.secret_access_key.expose();
            let credentials = Credentials::new(config.access_key_id.as_str(), key, None, None, "filot");
            let sdk = Builder::new()
                .behavior_version_latest()
                .http_client(filot_platform::https_client())
                .region(Region::new(config.region.clone()))
                .endpoint_url(config.endpoint.as_str())
                .credentials_provider(credentials)
                // R2 and local servers know buckets by path only.
                .force_path_style(true)
                // R2 does not take the newer trailing checksums.
                .request_checksum_calculation(RequestChecksumCalculation::WhenRequired)
                .response_checksum_validation(ResponseChecksumValidation::WhenRequired)
                .timeout_config(settings::timeouts())
                .retry_config(settings::retries())
                .build();
            Client::from_conf(sdk)
        })
    }

    /// Stores a file under a key, over whatever is there.
    ///
    /// # Errors
    /// The call failed: see `CloudError::is_retryable`.
    pub async fn put(&self, key: &str, content: Bytes, mime: &str) -> Result<(), CloudError> {
        self.client()
            .put_object()
            .bucket(&self.config.bucket)
            .key(key)
            .content_type(mime)
            .body(ByteStream::from(content))
            // TLS guards it on its way, and whoever reads it compares it with the SHA-256 in its row.
            .customize()
            .disable_payload_signing()
            .send()
            .await
            .map_err(|error| CloudError::from_sdk("s3.put", &error))?;
        Ok(())
    }

    /// Fetches a file of at most `bytes_max` bytes.
    ///
    /// # Errors
    /// `CloudError::Missing` without an object, `CloudError::TooLarge` if it is longer, else as the call
    /// failed.
    pub async fn get(&self, key: &str, bytes_max: usize) -> Result<Bytes, CloudError> {
        let call = "s3.get";
        let too_large = || CloudError::TooLarge { call, bytes_max };
        let answer = self.client().get_object().bucket(&self.config.bucket).key(key).send().await;
        let mut answer = answer.map_err(|error| CloudError::from_sdk(call, &error))?;
        if answer.content_length().is_some_and(|length| usize::try_from(length).is_ok_and(|l| l > bytes_max))
        {
            return Err(too_large());
        }
        let mut content = BytesMut::new();
        while let Some(chunk) = answer.body.next().await {
            let chunk = chunk.map_err(|_| CloudError::Unavailable { call, code: "body".to_owned() })?;
            if content.len() + chunk.len() > bytes_max {
                return Err(too_large());
            }
            content.extend_from_slice(&chunk);
        }
        Ok(content.freeze())
    }

    /// An object's properties.
    ///
    /// # Errors
    /// `CloudError::Missing` without an object, else as the call failed.
    pub async fn head(&self, key: &str) -> Result<ObjectHead, CloudError> {
        let answer = self.client().head_object().bucket(&self.config.bucket).key(key).send().await;
        let answer = answer.map_err(|error| CloudError::from_sdk("s3.head", &error))?;
        Ok(ObjectHead {
            bytes: answer.content_length().and_then(|length| u64::try_from(length).ok()).unwrap_or(0),
        })
    }

    /// Removes an object; that it is not there is fine.
    ///
    /// # Errors
    /// The call failed: see `CloudError::is_retryable`.
    pub async fn delete(&self, key: &str) -> Result<(), CloudError> {
        self.client()
            .delete_object()
            .bucket(&self.config.bucket)
            .key(key)
            .send()
            .await
            .map_err(|error| CloudError::from_sdk("s3.delete", &error))?;
        Ok(())
    }

    /// A link with which anyone may fetch the object until it expires: a secret.
    ///
    /// # Errors
    /// The lifetime is longer than a link may live.
    pub async fn presign_get(&self, key: &str, lifetime: Duration) -> Result<Secret, CloudError> {
        let call = "s3.presign";
        let presigning = PresigningConfig::expires_in(lifetime).map_err(|_| CloudError::Form { call })?;
        let request =
            self.client().get_object().bucket(&self.config.bucket).key(key).presigned(presigning).await;
        let request = request.map_err(|error| CloudError::from_sdk(call, &error))?;
        Ok(Secret::from(request.uri().to_owned()))
    }
}
