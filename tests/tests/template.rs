//! `template.yaml` against the programs it deploys: permissions, secrets, logs, alarms and names of each function.

#![expect(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use filot_e2e::paths;
use filot_e2e::stack::template;
use filot_platform::variables::{Default as Without, VARIABLES};
use filot_platform::{MetricName, Role};
use serde_json::Value;

fn template() -> Value {
    template::local(&paths::root().join("template.yaml"), "s3://bucket/key").unwrap()
}

/// `(logical id, program, properties)` of each function.
fn functions(template: &Value) -> Vec<(&str, &str, &Value)> {
    let resources = template["Resources"].as_object().unwrap();
    let functions: Vec<_> = resources
        .iter()
        .filter(|(_, resource)| resource["Type"] == "AWS::Serverless::Function")
        .map(|(id, resource)| {
            let program = resource.pointer("/Metadata/BuildProperties/Binary").unwrap().as_str().unwrap();
            (id.as_str(), program, &resource["Properties"])
        })
        .collect();
    assert_eq!(functions.len(), Role::ALL.len() - 1, "every role but the worker's is a function");
    functions
}

/// One value or a list of them.
fn list(value: &Value) -> Vec<&Value> {
    value.as_array().map_or_else(|| vec![value], |values| values.iter().collect())
}

/// The permissions of a function's policies: `(action, resource)`.
fn allowed<'a>(template: &'a Value, properties: &'a Value) -> Vec<(&'a str, &'a Value)> {
    let mut allowed = Vec::new();
    for policy in list(&properties["Policies"]) {
        if let Some(target) = policy.get("SQSSendMessagePolicy") {
            allowed.push(("sqs:SendMessage", &target["QueueName"]));
        } else if let Some(target) = policy.get("LambdaInvokePolicy") {
            allowed.push(("lambda:InvokeFunction", &target["FunctionName"]));
        } else {
            let document = policy.get("Ref").map_or(policy, |id| {
                &template["Resources"][id.as_str().unwrap()]["Properties"]["PolicyDocument"]
            });
            for statement in list(&document["Statement"]) {
                assert_eq!(statement["Effect"], "Allow", "{policy}");
                for action in list(&statement["Action"]) {
                    let resources = list(&statement["Resource"]);
                    allowed.extend(resources.into_iter().map(|on| (action.as_str().unwrap(), on)));
                }
            }
        }
    }
    allowed
}

/// The IAM actions of the AWS calls in a program. The linker removes unused calls, so that all others are used.
fn called(program: &str) -> BTreeSet<&'static str> {
    let output = Command::new("nm").arg("-C").arg(paths::program(program).unwrap()).output().unwrap();
    assert!(output.status.success(), "nm {program}: {}", String::from_utf8_lossy(&output.stderr));
    let symbols = String::from_utf8_lossy(&output.stdout);
    let mut actions = BTreeSet::new();
    for line in symbols.lines().filter(|line| line.contains("::operation::")) {
        // `aws_sdk_sqs::operation::send_message::SendMessage::orchestrate`
        let Some((service, rest)) =
            line.split_once("aws_sdk_").and_then(|(_, rest)| rest.split_once("::operation::"))
        else {
            continue;
        };
        let mut parts = rest.split("::");
        let (Some(operation), Some("orchestrate")) = (parts.nth(1), parts.next()) else { continue };
        actions.extend(match (service, operation) {
            ("sqs", "SendMessage") => &["sqs:SendMessage"][..],
            ("sqs", "GetQueueAttributes") => &["sqs:GetQueueAttributes"],
            ("lambda", "Invoke") => &["lambda:InvokeFunction"],
            ("secretsmanager", "BatchGetSecretValue") => {
                &["secretsmanager:BatchGetSecretValue", "secretsmanager:GetSecretValue"]
            }
            // The storage uses its own credentials, from secrets: R2 has no roles.
            ("s3", _) => &[],
            // Credential providers of the SDK. A function uses the credentials of its role without them.
            ("sts" | "sso" | "ssooidc" | "signin", _) => &[],
            _ => panic!("{program} calls {service} {operation}: say here which permission that takes"),
        });
    }
    actions
}

#[test]
fn a_function_has_the_permissions_it_uses_and_no_more() {
    let template = template();
    for (id, program, properties) in functions(&template) {
        let granted: BTreeSet<_> =
            allowed(&template, properties).into_iter().map(|(action, _)| action).collect();
        assert_eq!(granted, called(program), "left: the policies of {id}; right: the calls in {program}");
    }
}

#[test]
fn a_function_may_read_its_own_secrets_only() {
    let template = template();
    for (id, program, properties) in functions(&template) {
        let role = *Role::ALL.iter().find(|role| role.name() == program).unwrap();
        let mut wanted = BTreeSet::new();
        for variable in VARIABLES.iter().filter(|variable| variable.is_read_by(role)) {
            let Some(name) = variable.secret else { continue };
            wanted.insert(format!("{name}-??????"));
            if matches!(variable.default, Without::Unset | Without::UnsetOrLocal(_)) {
                // For a name that does not exist Secrets Manager checks the bare name, and would answer "refused" instead of "missing".
                wanted.insert(name.to_owned());
            }
        }
        let granted: BTreeSet<_> = allowed(&template, properties)
            .into_iter()
            .filter(|(action, _)| *action == "secretsmanager:GetSecretValue")
            .map(|(_, resource)| {
                let arn = resource["Fn::Sub"].as_str().unwrap();
                arn.rsplit_once(":secret:").unwrap().1.to_owned()
            })
            .collect();
        assert_eq!(granted, wanted, "left: the policies of {id}; right: the variables of {program}");
        // The limit of policies for a role, less those that SAM adds for logs and traces.
        let managed =
            list(&properties["Policies"]).iter().filter(|policy| policy.get("Ref").is_some()).count();
        assert!(managed + 2 <= 10, "{id} has {managed} managed policies");
    }
}

#[test]
fn every_function_has_its_log_its_alarms_and_its_name() {
    let template = template();
    let resources = template["Resources"].as_object().unwrap();
    for (id, program, properties) in functions(&template) {
        let log = properties["LoggingConfig"]["LogGroup"]["Ref"].as_str().unwrap();
        let log = &resources[log]["Properties"];
        assert_eq!(log["LogGroupName"]["Fn::Sub"], format!("/aws/lambda/filot-{program}-${{Environment}}"));
        assert_eq!(log["RetentionInDays"]["Ref"], "LogRetentionDays", "{id}");
        assert_eq!(properties["FunctionName"]["Fn::Sub"], format!("filot-{program}-${{Environment}}"));

        let of_function = |resource: &&Value| {
            resource["Type"] == "AWS::CloudWatch::Alarm"
                && resource["Properties"]["Dimensions"][0]["Value"]["Ref"] == id
        };
        let alarms: BTreeMap<_, _> = resources
            .values()
            .filter(of_function)
            .map(|alarm| (alarm["Properties"]["MetricName"].as_str().unwrap(), &alarm["Properties"]))
            .collect();
        assert_eq!(alarms.keys().collect::<Vec<_>>(), [&"Duration", &"Errors", &"Throttles"], "{id}");
        for (metric, alarm) in &alarms {
            assert_eq!(alarm["AlarmActions"]["Fn::If"][1][0]["Ref"], "AlarmTopicArn", "{id} {metric}");
            assert!(alarm["AlarmDescription"].as_str().unwrap().contains(program), "{id} {metric}");
        }
        let timeout = properties["Timeout"].as_u64().or(template["Globals"]["Function"]["Timeout"].as_u64());
        let slow = alarms["Duration"]["Threshold"].as_u64().unwrap();
        assert_eq!(slow, timeout.unwrap() * 600, "{id}: three fifths of its timeout, in milliseconds");

        let name = format!("/filot/${{Environment}}/functions/{program}/name");
        let published = resources.values().any(|resource| {
            resource["Type"] == "AWS::SSM::Parameter"
                && resource["Properties"]["Name"]["Fn::Sub"] == name
                && resource["Properties"]["Value"]["Ref"] == id
        });
        assert!(published, "{name} is not published");
    }
}

/// The sum of the reserved concurrency is the number in the parameter's description.
#[test]
fn reserved_concurrency_adds_up() {
    let template = template();
    let reserved: u64 = functions(&template)
        .iter()
        .filter_map(|(_, _, properties)| properties["ReservedConcurrentExecutions"]["Fn::If"][1].as_u64())
        .sum();
    let said = template["Parameters"]["ReservesConcurrency"]["Description"].as_str().unwrap();
    assert!(said.ends_with(&format!(" {reserved} in all.")), "reserved: {reserved}; {said}");
}

/// This stack publishes every parameter that the CDK app reads, and the app grants the worker the secrets that it needs.
#[test]
fn the_cdk_app_and_the_code_agree() {
    let text = std::fs::read_to_string(paths::root().join("cdk/lib/contract.json")).unwrap();
    let contract: Value = serde_json::from_str(&text).unwrap();
    let named = |key: &str| -> BTreeSet<String> {
        contract[key].as_array().unwrap().iter().map(|name| name.as_str().unwrap().to_owned()).collect()
    };
    let template = template();
    let published: BTreeSet<String> = template["Resources"]
        .as_object()
        .unwrap()
        .values()
        .filter(|resource| resource["Type"] == "AWS::SSM::Parameter")
        .map(|resource| {
            resource["Properties"]["Name"]["Fn::Sub"]
                .as_str()
                .unwrap()
                .replace("${Environment}", "{environment}")
        })
        .collect();
    let missing: Vec<_> = named("ssmParameters").difference(&published).cloned().collect();
    assert!(missing.is_empty(), "template.yaml does not publish {missing:?}");

    let of_worker = || VARIABLES.iter().filter(|variable| variable.is_read_by(Role::GpuWorker));
    let secrets: BTreeSet<String> =
        of_worker().filter_map(|variable| variable.secret).map(str::to_owned).collect();
    assert_eq!(named("workerSecrets"), secrets, "left: cdk; right: the worker's variables");
    let optional: BTreeSet<String> = of_worker()
        .filter(|variable| matches!(variable.default, Without::Unset | Without::UnsetOrLocal(_)))
        .filter_map(|variable| variable.secret)
        .map(str::to_owned)
        .collect();
    assert_eq!(named("optionalWorkerSecrets"), optional, "left: cdk; right: the worker's variables");

    let written: BTreeSet<String> = MetricName::ALL.iter().map(|metric| metric.name().to_owned()).collect();
    let watched: BTreeSet<String> =
        contract["metrics"]["dimensions"].as_object().unwrap().keys().cloned().collect();
    let unknown: Vec<_> = watched.difference(&written).collect();
    assert!(unknown.is_empty(), "nothing writes {unknown:?}");
}
