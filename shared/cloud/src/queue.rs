//! An SQS queue of documents to read. A message is a hint: the document's row is the truth.

use std::time::Duration;

use aws_config::SdkConfig;
use aws_sdk_sqs::Client;
use aws_sdk_sqs::config::Config;
use aws_sdk_sqs::types::{MessageSystemAttributeName, QueueAttributeName};

use crate::error::CloudError;
use crate::messages::OcrMessage;
use crate::settings;

/// Longest visibility that SQS takes.
const VISIBILITY_S_MAX: u32 = 12 * 3600;

/// A message as it was received.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// Its content; `None` if it cannot be parsed.
    pub hint: Option<OcrMessage>,
    /// Names this delivery in calls about it.
    pub receipt: String,
    /// How often it has been delivered, this time included.
    pub deliveries: u32,
}

/// How many messages there are, as far as SQS knows: approximate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct QueueAttributes {
    /// Waiting to be received.
    pub visible: u64,
    /// Received and not yet deleted.
    pub in_flight: u64,
    /// Not to be received yet.
    pub delayed: u64,
}

/// A queue.
#[derive(Debug, Clone)]
pub struct Queue {
    client: Client,
    url: String,
}

impl Queue {
    /// Connects on first use.
    pub fn new(sdk: &SdkConfig, url: String) -> Self {
        Self { client: Client::new(sdk), url }
    }

    /// Sends a message.
    ///
    /// # Errors
    /// The call failed: see `CloudError::is_retryable`.
    pub async fn send(&self, message: &OcrMessage) -> Result<(), CloudError> {
        let call = "sqs.send";
        let body = serde_json::to_string(message).map_err(|_| CloudError::Form { call })?;
        self.client
            .send_message()
            .queue_url(&self.url)
            .message_body(body)
            .send()
            .await
            .map_err(|error| CloudError::from_sdk(call, &error))?;
        Ok(())
    }

    /// Receives up to `max` (1 to 10) messages, waiting up to `wait_s` (0 to 20) for the first; they stay hidden from
    /// others for `visibility_s`.
    ///
    /// # Errors
    /// The call failed: see `CloudError::is_retryable`.
    pub async fn receive(
        &self,
        max: u32,
        wait_s: u32,
        visibility_s: u32,
    ) -> Result<Vec<Message>, CloudError> {
        let answer = self
            .client
            .receive_message()
            .queue_url(&self.url)
            .max_number_of_messages(int(max.clamp(1, 10)))
            .wait_time_seconds(int(wait_s.min(20)))
            .visibility_timeout(int(visibility_s.min(VISIBILITY_S_MAX)))
            .message_system_attribute_names(MessageSystemAttributeName::ApproximateReceiveCount)
            .customize()
            .config_override(
                Config::builder().timeout_config(settings::waiting(Duration::from_secs(wait_s.into()))),
            )
            .send()
            .await
            .map_err(|error| CloudError::from_sdk("sqs.receive", &error))?;
        let messages = answer.messages.unwrap_or_default().into_iter().filter_map(|message| {
            let deliveries = message
                .attributes()
                .and_then(|all| all.get(&MessageSystemAttributeName::ApproximateReceiveCount))
                .and_then(|count| count.parse().ok())
                .unwrap_or(1);
            let hint = message.body().and_then(|body| serde_json::from_str(body).ok());
            // Without a receipt nothing can be done about a message; SQS delivers it again.
            Some(Message { hint, receipt: message.receipt_handle?, deliveries })
        });
        Ok(messages.collect())
    }

    /// Removes a message for good.
    ///
    /// # Errors
    /// The call failed: see `CloudError::is_retryable`.
    pub async fn delete(&self, receipt: &str) -> Result<(), CloudError> {
        self.client
            .delete_message()
            .queue_url(&self.url)
            .receipt_handle(receipt)
            .send()
            .await
            .map_err(|error| CloudError::from_sdk("sqs.delete", &error))?;
        Ok(())
    }

    /// Hides a message for `visibility_s` from now; 0 shows it at once.
    ///
    /// # Errors
    /// The call failed: see `CloudError::is_retryable`.
    pub async fn change_visibility(&self, receipt: &str, visibility_s: u32) -> Result<(), CloudError> {
        self.client
            .change_message_visibility()
            .queue_url(&self.url)
            .receipt_handle(receipt)
            .visibility_timeout(int(visibility_s.min(VISIBILITY_S_MAX)))
            .send()
            .await
            .map_err(|error| CloudError::from_sdk("sqs.change_visibility", &error))?;
        Ok(())
    }

    /// How many messages there are.
    ///
    /// # Errors
    /// The call failed: see `CloudError::is_retryable`.
    pub async fn attributes(&self) -> Result<QueueAttributes, CloudError> {
        let names = [
            QueueAttributeName::ApproximateNumberOfMessages,
            QueueAttributeName::ApproximateNumberOfMessagesNotVisible,
            QueueAttributeName::ApproximateNumberOfMessagesDelayed,
        ];
        let answer = self
            .client
            .get_queue_attributes()
            .queue_url(&self.url)
            .set_attribute_names(Some(names.to_vec()))
            .send()
            .await
            .map_err(|error| CloudError::from_sdk("sqs.attributes", &error))?;
        let mut counts = names.iter().map(|name| {
            answer
                .attributes()
                .and_then(|all| all.get(name))
                .and_then(|count| count.parse::<u64>().ok())
                .unwrap_or(0)
        });
        let mut count = || counts.next().unwrap_or(0);
        Ok(QueueAttributes { visible: count(), in_flight: count(), delayed: count() })
    }
}

/// SQS counts in `i32`; every number here is bounded far below.
fn int(number: u32) -> i32 {
    i32::try_from(number).unwrap_or(i32::MAX)
}
