//! `template.yaml` in the form that the stand-in accepts: JSON, with a reference to an archive in place of the code, as
//! `sam package` does, and with one media type spelled without its escape. Everything else stays as it is.

use std::path::Path;

use serde_json::{Map, Value, json};
use serde_yaml_ng::Value as Yaml;

use crate::Result;

/// Reads the template; every function's code becomes `code_uri`.
pub fn local(path: &Path, code_uri: &str) -> Result<Value> {
    let text = std::fs::read_to_string(path)?;
    let mut template = to_json(&serde_yaml_ng::from_str(&text)?);
    if let Some(function) = template.pointer_mut("/Globals/Function").and_then(Value::as_object_mut) {
        function.remove("CodeUri");
    }
    let resources = template
        .get_mut("Resources")
        .and_then(Value::as_object_mut)
        .ok_or("the template has no resources")?;
    for resource in resources.values_mut() {
        let kind = resource["Type"].as_str().unwrap_or_default().to_owned();
        match kind.as_str() {
            "AWS::Serverless::Function" => resource["Properties"]["CodeUri"] = json!(code_uri),
            // The stand-in does not decode the escape, and would pass binary bodies on as text.
            "AWS::Serverless::Api" => {
                if let Some(types) = resource["Properties"]["BinaryMediaTypes"].as_array_mut() {
                    for media in types {
                        *media = json!(media.as_str().unwrap_or_default().replace("~1", "/"));
                    }
                }
            }
            _ => {}
        }
    }
    Ok(template)
}

/// The names of the programs that the template's functions run.
pub fn programs(template: &Value) -> Vec<String> {
    let resources = template["Resources"].as_object().into_iter().flat_map(Map::values);
    resources
        .filter_map(|resource| resource.pointer("/Metadata/BuildProperties/Binary")?.as_str())
        .map(str::to_owned)
        .collect()
}

/// The global variables of the functions whose value is a literal in the template.
pub fn fixed_variables(template: &Value) -> Vec<(String, String)> {
    let variables = template.pointer("/Globals/Function/Environment/Variables").and_then(Value::as_object);
    let fixed = variables
        .into_iter()
        .flatten()
        .filter_map(|(name, value)| Some((name.clone(), value.as_str()?.to_owned())));
    fixed.collect()
}

/// Converts YAML to JSON, with the long forms of CloudFormation functions (`!Ref A` becomes `{"Ref": "A"}`).
fn to_json(value: &Yaml) -> Value {
    match value {
        Yaml::Null => Value::Null,
        Yaml::Bool(flag) => json!(flag),
        Yaml::Number(number) => serde_json::to_value(number).unwrap_or(Value::Null),
        Yaml::String(text) => json!(text),
        Yaml::Sequence(items) => items.iter().map(to_json).collect(),
        Yaml::Mapping(entries) => Value::Object(
            entries
                .iter()
                .map(|(key, value)| {
                    let key = key.as_str().map_or_else(|| to_json(key).to_string(), str::to_owned);
                    (key, to_json(value))
                })
                .collect(),
        ),
        Yaml::Tagged(tagged) => {
            let (tag, value) = (tagged.tag.to_string(), to_json(&tagged.value));
            match (tag.trim_start_matches('!'), &value) {
                ("Ref", _) => json!({ "Ref": value }),
                ("Condition", _) => json!({ "Condition": value }),
                ("GetAtt", Value::String(path)) => {
                    let (resource, attribute) = path.split_once('.').unwrap_or((path, ""));
                    json!({ "Fn::GetAtt": [resource, attribute] })
                }
                (function, _) => json!({ format!("Fn::{function}"): value }),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_forms_become_long_ones() {
        let yaml =
            serde_yaml_ng::from_str("[!Ref A, !GetAtt A.Arn, !Sub 'x-${A}', !Join ['-', [a, !Ref B]], 3]");
        assert_eq!(
            to_json(&yaml.unwrap()),
            json!([
                {"Ref": "A"},
                {"Fn::GetAtt": ["A", "Arn"]},
                {"Fn::Sub": "x-${A}"},
                {"Fn::Join": ["-", ["a", {"Ref": "B"}]]},
                3
            ])
        );
    }

    #[test]
    fn the_template_keeps_its_routes_and_loses_its_code() {
        let template = local(&crate::paths::root().join("template.yaml"), "s3://a/b.zip").unwrap();
        let upload = &template["Resources"]["DocumentsUploadFunction"];
        assert_eq!(upload["Properties"]["CodeUri"], "s3://a/b.zip");
        assert_eq!(upload["Properties"]["Events"]["Post"]["Properties"]["Path"], "/documents/upload");
        assert_eq!(
            template["Resources"]["Api"]["Properties"]["BinaryMediaTypes"],
            json!(["multipart/form-data"])
        );
        assert!(programs(&template).contains(&"documents-upload".to_owned()));
    }
}
