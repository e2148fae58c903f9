//! Deploys the product on the AWS stand-in: buckets, secrets, and `template.yaml` through CloudFormation.
//!
//! Every function gets the same small archive: a script that starts the program with the name of the function. So the
//! stand-in's own Lambda runtime API runs the programs that were built.

use std::collections::BTreeMap;
use std::io::Write;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use aws_config::SdkConfig;
use filot_testkit::aws::{CREDENTIAL, REGION};
use url::form_urlencoded;

use crate::stack::template;
use crate::{Result, paths};

/// Name of the CloudFormation stack.
const STACK: &str = "filot-local";
/// `Environment` of the template.
pub const ENVIRONMENT: &str = "local";
/// Bucket of the documents.
pub const BUCKET: &str = "filot-documents-local";
const ARTIFACTS: &str = "filot-artifacts-local";
const ARCHIVE: &str = "bootstrap.zip";
const TEMPLATE: &str = "template.json";
const DEPLOY_TIMEOUT: Duration = Duration::from_secs(60);

/// Runs the program with the function's name. Its output goes to a log, and to the stand-in, which times calls by it.
const BOOTSTRAP: &str = r#"#!/bin/bash
name=${AWS_LAMBDA_FUNCTION_NAME#filot-}
name=${name%-local}
exec "$FILOT_STACK_PROGRAMS/$name" > >(exec tee -a "$FILOT_STACK_LOGS/$name.log") 2>&1
"#;

/// Writes an archive with one executable file, read from standard input.
const ZIP: &str = "import sys, zipfile
with zipfile.ZipFile(sys.argv[1], 'w') as archive:
    entry = zipfile.ZipInfo('bootstrap')
    entry.external_attr = 0o755 << 16
    archive.writestr(entry, sys.stdin.buffer.read())
";

/// Addresses of the deployed product, from the template's outputs.
#[derive(Debug, Clone)]
pub struct Deployment {
    /// Base URL of the API, with its stage.
    pub api_url: String,
    /// The function URL that BULI2 calls back.
    pub callback_url: String,
    /// Queue of the GPU workers.
    pub gpu_queue_url: String,
    /// Queue of the CPU workers.
    pub cpu_queue_url: String,
    /// Dead-letter queue of the GPU queue.
    pub gpu_dead_letters_url: String,
    /// Dead-letter queue of the CPU queue.
    pub cpu_dead_letters_url: String,
    /// Names of the functions in the template.
    pub programs: Vec<String>,
}

impl Deployment {
    /// The deployed name of a function.
    pub fn function(name: &str) -> String {
        format!("filot-{name}-{ENVIRONMENT}")
    }
}

/// Creates the bucket, uploads the archive, creates the stack with these parameters of the template.
pub async fn deploy(endpoint: &str, config: &SdkConfig, parameters: &[(&str, &str)]) -> Result<Deployment> {
    let s3 = aws_sdk_s3::Client::from_conf(
        aws_sdk_s3::config::Builder::from(config).force_path_style(true).build(),
    );
    use aws_sdk_s3::types::{BucketLocationConstraint, CreateBucketConfiguration};
    let place = CreateBucketConfiguration::builder()
        .location_constraint(BucketLocationConstraint::from(REGION))
        .build();
    for bucket in [BUCKET, ARTIFACTS] {
        s3.create_bucket()
            .create_bucket_configuration(place.clone())
            .bucket(bucket)
            .send()
            .await
            .map_err(|error| format!("bucket {bucket}: {error:?}"))?;
    }
    let archive = tempfile::NamedTempFile::new()?;
    write_archive(archive.path())?;
    let body = aws_sdk_s3::primitives::ByteStream::from(std::fs::read(archive.path())?);
    s3.put_object().bucket(ARTIFACTS).key(ARCHIVE).body(body).send().await.map_err(|e| format!("{e:?}"))?;

    let template =
        template::local(&paths::root().join("template.yaml"), &format!("s3://{ARTIFACTS}/{ARCHIVE}"))?;
    // By URL, as `sam deploy` does: a template inside the call is limited to 51,200 bytes.
    let body = aws_sdk_s3::primitives::ByteStream::from(template.to_string().into_bytes());
    s3.put_object().bucket(ARTIFACTS).key(TEMPLATE).body(body).send().await.map_err(|e| format!("{e:?}"))?;
    let place = format!("{endpoint}/{ARTIFACTS}/{TEMPLATE}");
    let outputs = create_stack(endpoint, &place, parameters).await?;
    let output =
        |name: &str| outputs.get(name).cloned().ok_or_else(|| format!("the template has no output {name}"));
    // AWS gives each API a host name; the stand-in serves all of them under paths.
    let first_label = |url: String| {
        let host = url.split("://").nth(1).unwrap_or(&url).to_owned();
        host.split('.').next().unwrap_or_default().to_owned()
    };
    Ok(Deployment {
        api_url: format!("{endpoint}/_aws/execute-api/{}/{ENVIRONMENT}", first_label(output("ApiUrl")?)),
        callback_url: format!("{endpoint}/_aws/lambda-url/{}", first_label(output("ReviewCallbackUrl")?)),
        gpu_queue_url: output("OcrGpuQueueUrl")?,
        cpu_queue_url: output("OcrCpuQueueUrl")?,
        gpu_dead_letters_url: output("OcrGpuDeadLettersUrl")?,
        cpu_dead_letters_url: output("OcrCpuDeadLettersUrl")?,
        programs: template::programs(&template),
    })
}

/// Stores secrets by their paths.
pub async fn put_secrets(config: &SdkConfig, secrets: &BTreeMap<String, String>) -> Result<()> {
    let client = aws_sdk_secretsmanager::Client::new(config);
    for (name, value) in secrets {
        client
            .create_secret()
            .name(name)
            .secret_string(value)
            .send()
            .await
            .map_err(|error| format!("secret {name}: {error:?}"))?;
    }
    Ok(())
}

fn write_archive(path: &std::path::Path) -> Result<()> {
    let mut python = Command::new(paths::python())
        .args(["-c", ZIP])
        .arg(path)
        .stdin(Stdio::piped())
        .spawn()
        .map_err(|error| format!("python does not start: {error}"))?;
    python.stdin.take().ok_or("no standard input")?.write_all(BOOTSTRAP.as_bytes())?;
    if python.wait()?.success() { Ok(()) } else { Err("the archive could not be written".into()) }
}

/// One call of CloudFormation by its query protocol; three actions need no SDK.
async fn create_stack(
    endpoint: &str,
    template_url: &str,
    parameters: &[(&str, &str)],
) -> Result<BTreeMap<String, String>> {
    let mut form = vec![
        ("Action", "CreateStack"),
        ("StackName", STACK),
        ("TemplateURL", template_url),
        ("Capabilities.member.1", "CAPABILITY_IAM"),
        ("Capabilities.member.2", "CAPABILITY_NAMED_IAM"),
        ("Capabilities.member.3", "CAPABILITY_AUTO_EXPAND"),
    ];
    let parameters = [&[("Environment", ENVIRONMENT), ("Architecture", "x86_64")], parameters].concat();
    let names: Vec<_> = (1..=parameters.len())
        .map(|n| {
            (format!("Parameters.member.{n}.ParameterKey"), format!("Parameters.member.{n}.ParameterValue"))
        })
        .collect();
    for ((key, value), (key_name, value_name)) in parameters.iter().zip(&names) {
        form.extend([(key_name.as_str(), *key), (value_name.as_str(), *value)]);
    }
    cloudformation(endpoint, &form).await?;
    let deadline = Instant::now() + DEPLOY_TIMEOUT;
    loop {
        let answer = cloudformation(endpoint, &[("Action", "DescribeStacks"), ("StackName", STACK)]).await?;
        match tag(&answer, "StackStatus").unwrap_or_default() {
            "CREATE_COMPLETE" => {
                return Ok(answer
                    .split("<OutputKey>")
                    .skip(1)
                    .filter_map(|part| {
                        Some((part.split('<').next()?.to_owned(), tag(part, "OutputValue")?.to_owned()))
                    })
                    .collect());
            }
            status if status.ends_with("IN_PROGRESS") && Instant::now() < deadline => {
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
            status => {
                let events =
                    cloudformation(endpoint, &[("Action", "DescribeStackEvents"), ("StackName", STACK)])
                        .await?;
                let reasons: Vec<_> = events
                    .split("<member>")
                    .filter(|event| event.contains("FAILED"))
                    .filter_map(|event| tag(event, "ResourceStatusReason"))
                    .collect();
                return Err(format!("deploying template.yaml: {status}: {}", reasons.join("; ")).into());
            }
        }
    }
}

async fn cloudformation(endpoint: &str, form: &[(&str, &str)]) -> Result<String> {
    let body = form_urlencoded::Serializer::new(String::new())
        .append_pair("Version", "2010-05-15")
        .extend_pairs(form)
        .finish();
    // The stand-in reads the service's name out of the credential, and checks nothing else.
    let credential = format!(
        "AWS4-HMAC-SHA256 Credential={CREDENTIAL}/20200101/{REGION}/cloudformation/aws4_request, \
         SignedHeaders=host, Signature=0"
    );
    let answer = reqwest::Client::new()
        .post(endpoint)
        .header("authorization", credential)
        .header("content-type", "application/x-www-form-urlencoded")
        .body(body)
        .send()
        .await?;
    let (status, text) = (answer.status(), answer.text().await?);
    if status.is_success() { Ok(text) } else { Err(format!("CloudFormation: {status}: {text}").into()) }
}

fn tag<'a>(xml: &'a str, name: &str) -> Option<&'a str> {
    let start = xml.find(&format!("<{name}>"))? + name.len() + 2;
    let end = xml[start..].find(&format!("</{name}>"))? + start;
    Some(&xml[start..end])
}
