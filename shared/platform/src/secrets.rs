//! Secrets Manager: everything that is missing, in one call per twenty names.

use std::collections::BTreeMap;

use aws_sdk_secretsmanager::Client;

use crate::secret::Secret;

/// What one `BatchGetSecretValue` takes.
const NAMES_MAX: usize = 20;

/// The secrets that exist among `names`. Those that do not are absent: whether that matters, the table of variables says.
pub(crate) async fn fetch(names: &[&'static str]) -> Result<BTreeMap<String, Secret>, String> {
    let mut found = BTreeMap::new();
    if names.is_empty() {
        return Ok(found);
    }
    let client = Client::new(&aws_config::defaults(aws_config::BehaviorVersion::latest()).load().await);
    for chunk in names.chunks(NAMES_MAX) {
        let ids = chunk.iter().map(ToString::to_string).collect();
        let answer = client.batch_get_secret_value().set_secret_id_list(Some(ids)).send().await;
        // The SDK's text may quote the request; its kind is enough to act on.
        let answer = answer.map_err(|error| match error.into_service_error().meta().code() {
            Some(code) => format!("Secrets Manager refuses ({code})"),
            None => "Secrets Manager does not answer".to_owned(),
        })?;
        for value in answer.secret_values.unwrap_or_default() {
            if let (Some(name), Some(text)) = (value.name, value.secret_string) {
                found.insert(name, Secret::from(text));
            }
        }
    }
    Ok(found)
}
