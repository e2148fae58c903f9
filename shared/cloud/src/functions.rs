//! Lambda functions that invoke each other.

use std::time::Duration;

use aws_config::SdkConfig;
use aws_sdk_lambda::Client;
use aws_sdk_lambda::config::Config;
use aws_sdk_lambda::primitives::Blob;
use aws_sdk_lambda::types::InvocationType;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::error::CloudError;
use crate::settings;

/// Longest answer that is read.
const ANSWER_BYTES_MAX: usize = 256 * 1024;

/// How long a function that is waited for may take.
const FUNCTION_TIME: Duration = Duration::from_secs(15);

/// Functions, by name or ARN.
#[derive(Debug, Clone)]
pub struct Functions {
    client: Client,
}

impl Functions {
    /// Connects on first use.
    pub fn new(sdk: &SdkConfig) -> Self {
        Self { client: Client::new(sdk) }
    }

    /// Invokes a function and waits for its answer.
    ///
    /// # Errors
    /// `CloudError::Function` if the function ended with an error of its own, `CloudError::Form` if its
    /// answer is not in the agreed form, else as the call failed.
    pub async fn invoke<T: DeserializeOwned>(
        &self,
        name: &str,
        payload: &impl Serialize,
    ) -> Result<T, CloudError> {
        let call = "lambda.invoke";
        let body = serde_json::to_vec(payload).map_err(|_| CloudError::Form { call })?;
        let answer = self
            .client
            .invoke()
            .function_name(name)
            .invocation_type(InvocationType::RequestResponse)
            .payload(Blob::new(body))
            .customize()
            .config_override(Config::builder().timeout_config(settings::waiting(FUNCTION_TIME)))
            .send()
            .await
            .map_err(|error| CloudError::from_sdk(call, &error))?;
        if let Some(kind) = answer.function_error() {
            return Err(CloudError::Function { kind: kind.to_owned() });
        }
        let payload = answer.payload().map(Blob::as_ref).unwrap_or_default();
        if payload.len() > ANSWER_BYTES_MAX {
            return Err(CloudError::TooLarge { call, bytes_max: ANSWER_BYTES_MAX });
        }
        serde_json::from_slice(payload).map_err(|_| CloudError::Form { call })
    }

    /// Asks Lambda to invoke a function soon; its answer goes nowhere.
    ///
    /// # Errors
    /// The call was not taken.
    pub async fn invoke_event(&self, name: &str, payload: &impl Serialize) -> Result<(), CloudError> {
        let call = "lambda.invoke_event";
        let body = serde_json::to_vec(payload).map_err(|_| CloudError::Form { call })?;
        self.client
            .invoke()
            .function_name(name)
            .invocation_type(InvocationType::Event)
            .payload(Blob::new(body))
            .send()
            .await
            .map_err(|error| CloudError::from_sdk(call, &error))?;
        Ok(())
    }
}
