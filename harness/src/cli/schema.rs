//! `kubeproof schema`: the JSON schemas of scenario files, from the types that read them and what the providers know,
//! and of outputs.

use kubeproof_contract::fault::EFFECTS;
use kubeproof_contract::provider::Provider;
use serde_json::{Map, Value, json};

use super::output::Output;
use crate::{exit_code, providers};

mod outputs;

/// Where definitions are, in a document.
const DEFINITIONS: &str = "$defs";
/// How references to them begin.
const REFERENCE: &str = "#/$defs/";
/// The dialect that the types' schemas are in.
const DIALECT: &str = "https://json-schema.org/draft/2020-12/schema";

/// Options of `schema`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Provider whose scenario files to describe [default: all, in one document]
    #[arg(long, value_name = "NAME")]
    provider: Option<String>,
    /// Print the schema of what this command prints with `--format json`, or of `record.json`, instead of that
    /// of scenario files
    #[arg(long, value_name = "COMMAND", conflicts_with = "provider")]
    output: Option<outputs::Command>,
}

/// Prints the schema.
pub fn run(args: &Args, out: &Output) -> u8 {
    if let Some(command) = args.output {
        return print(&outputs::of(command), out);
    }
    let all = providers::all();
    let chosen: Vec<&dyn Provider> = all
        .iter()
        .map(AsRef::as_ref)
        .filter(|provider| {
            args.provider
                .as_deref()
                .is_none_or(|name| name == provider.name())
        })
        .collect();
    let schema = match chosen.as_slice() {
        [] => {
            let name = args.provider.as_deref().unwrap_or_default();
            out.error(&format!(
                "unknown provider `{name}` (expected one of {})",
                providers::names()
            ));
            return exit_code::USAGE;
        }
        [one] => of(*one),
        several => together(several),
    };
    print(&schema, out)
}

fn print(schema: &Value, out: &Output) -> u8 {
    match serde_json::to_string_pretty(schema) {
        Ok(text) => {
            out.report(&(text + "\n"));
            exit_code::PASSED
        }
        Err(error) => {
            out.error(&format!("the schema cannot be written: {error}"));
            exit_code::INTERNAL_ERROR
        }
    }
}

/// The schema of one provider's scenario files: that of its types, completed with the names that only it knows.
fn of(provider: &dyn Provider) -> Value {
    let mut schema = provider.schema();
    let tiers: Vec<String> = provider.tiers().iter().map(ToString::to_string).collect();
    set(
        &mut schema,
        "/properties/provider/const",
        json!(provider.name()),
    );
    set(
        &mut schema,
        "/$defs/Tier",
        json!({ "type": "string", "enum": tiers }),
    );
    let defects: Vec<&str> = provider
        .defects()
        .iter()
        .map(|defect| defect.name)
        .collect();
    let defect = json!({ "enum": defects.iter().map(|name| json!(name)).chain([Value::Null]).collect::<Vec<_>>() });
    merge(
        &mut schema,
        "/$defs/ProvisionerBlock/properties/defect",
        &defect,
    );
    // Amounts may be written as numbers and as texts; without a float their default would be a text.
    let amount = json!({ "type": ["number", "string"], "minimum": 0, "maximum": 1_000_000_000 });
    merge(
        &mut schema,
        "/$defs/CostBlock/properties/budget_usd",
        &amount,
    );
    merge(
        &mut schema,
        "/$defs/FaultText",
        &json!({ "pattern": fault_pattern() }),
    );
    schema
}

/// Sets what is at a place, whose parent must be there.
fn set(schema: &mut Value, place: &str, value: Value) {
    let Some((parent, name)) = place.rsplit_once('/') else {
        return;
    };
    if let Some(Value::Object(parent)) = schema.pointer_mut(parent) {
        parent.insert(name.to_owned(), value);
    }
}

/// Adds fields to the object at a place.
fn merge(schema: &mut Value, place: &str, more: &Value) {
    if let (Some(Value::Object(there)), Value::Object(more)) = (schema.pointer_mut(place), more) {
        there.extend(more.clone());
    }
}

/// The pattern of a fault, with every effect.
fn fault_pattern() -> String {
    let effects: Vec<&str> = EFFECTS.iter().map(|(name, _)| *name).collect();
    let effects = effects.join("|");
    format!(
        r"^\s*([a-z]+/)?[^:/=#]+:[^=#]+(#[1-9][0-9]*(\*[1-9][0-9]*)?)?\s*=\s*({effects})(\(.*\))?\s*$"
    )
}

/// The schemas of several providers as one document: each one's definitions under names of its own, so that
/// every reference leads somewhere.
fn together(all: &[&dyn Provider]) -> Value {
    let mut definitions = Map::new();
    let mut choices = Vec::new();
    for provider in all {
        let mut schema = of(*provider);
        let prefix = format!("{}.", provider.name());
        refer(&mut schema, &prefix);
        if let Value::Object(schema) = &mut schema {
            schema.remove("$schema");
            if let Some(Value::Object(own)) = schema.remove(DEFINITIONS) {
                let own = own.into_iter();
                definitions.extend(own.map(|(name, value)| (format!("{prefix}{name}"), value)));
            }
        }
        choices.push(schema);
    }
    json!({
        "$schema": DIALECT,
        "title": "A scenario file of kubeproof",
        "oneOf": choices,
        DEFINITIONS: definitions,
    })
}

/// Adds this prefix to the definitions that references lead to.
fn refer(schema: &mut Value, prefix: &str) {
    match schema {
        Value::Array(all) => all.iter_mut().for_each(|one| refer(one, prefix)),
        Value::Object(all) => {
            for (name, value) in all.iter_mut() {
                match value {
                    Value::String(target) if name == "$ref" => {
                        if let Some(definition) = target.strip_prefix(REFERENCE) {
                            *target = format!("{REFERENCE}{prefix}{definition}");
                        }
                    }
                    value => refer(value, prefix),
                }
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_lead_to_the_definitions_of_their_own_provider() {
        let mut schema =
            json!({"a": [{"$ref": "#/$defs/Name"}], "$ref": "https://elsewhere.example"});
        refer(&mut schema, "x.");
        let expected =
            json!({"a": [{"$ref": "#/$defs/x.Name"}], "$ref": "https://elsewhere.example"});
        assert_eq!(schema, expected);
    }

    #[test]
    fn every_effect_and_every_occurrence_is_in_the_pattern() {
        let pattern = fault_pattern();
        assert!(EFFECTS.iter().all(|(name, _)| pattern.contains(name)));
    }
}
