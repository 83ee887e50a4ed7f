//! The schema that is published is that of the document.

use super::*;

const PUBLISHED: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/profile.schema.json");

#[test]
fn the_published_schema_is_that_of_the_types() {
    let now = serde_json::to_string_pretty(&schema()).unwrap() + "\n";
    if std::env::var_os("SILHOUETTE_BLESS").is_some() {
        std::fs::write(PUBLISHED, &now).unwrap();
    }
    let published = std::fs::read_to_string(PUBLISHED).unwrap_or_default();
    assert_eq!(published, now, "docs/profile.schema.json is old: run this test with SILHOUETTE_BLESS=1");
}

/// Whether every key of `value` is one that `schema` knows: what a validator would refuse, without one.
fn fits(root: &serde_json::Value, schema: &serde_json::Value, value: &serde_json::Value, at: &str) {
    if let Some(name) = schema["$ref"].as_str().and_then(|r| r.strip_prefix("#/$defs/")) {
        return fits(root, &root["$defs"][name], value, at);
    }
    if let Some(any) = schema["anyOf"].as_array() {
        let some = any.iter().find(|s| s["type"] != "null").filter(|_| !value.is_null());
        return some.into_iter().for_each(|s| fits(root, s, value, at));
    }
    match value {
        serde_json::Value::Object(map) if schema["properties"].is_object() => {
            for key in schema["required"].as_array().into_iter().flatten() {
                assert!(map.contains_key(key.as_str().unwrap()), "{at}: no {key}");
            }
            for (key, value) in map {
                let known = &schema["properties"][key];
                assert!(!known.is_null(), "{at}: {key} is not in the schema");
                fits(root, known, value, &format!("{at}.{key}"));
            }
        }
        serde_json::Value::Array(list) if schema["items"].is_object() => {
            list.iter().for_each(|value| fits(root, &schema["items"], value, &format!("{at}[]")));
        }
        _ => {}
    }
}

#[test]
fn a_document_fits_the_schema() {
    let (schema, d) = (schema(), document(&timed_corpus(), Some(&trained(None))));
    fits(&schema, &schema, &serde_json::to_value(&d).unwrap(), "");
    assert_eq!(schema["$id"], "urn:silhouette:profile:3");
    assert!(schema["properties"]["interests"]["description"].as_str().is_some());
}
