use boon::{Compiler, Schemas};

use super::*;

/// Whether a schema admits a value.
fn admits(schema: Value, value: &Value) -> Result<(), String> {
    let (mut schemas, mut compiler) = (Schemas::new(), Compiler::new());
    compiler.add_resource("contract.json", schema).map_err(|error| error.to_string())?;
    let compiled = compiler.compile("contract.json", &mut schemas).map_err(|error| error.to_string())?;
    schemas.validate(value, compiled).map_err(|error| error.to_string())
}

#[test]
fn every_example_is_what_its_schema_says() {
    for contract in contracts() {
        admits(contract.document(), &contract.example).unwrap_or_else(|error| panic!("{}: {error}", contract.name));
    }
}

#[test]
fn a_field_of_another_type_is_not() {
    for contract in contracts() {
        for (key, _) in contract.example.as_object().unwrap() {
            let mut wrong = contract.example.clone();
            wrong[key] = json!({ "no": ["such", "thing"] });
            assert!(admits(contract.document(), &wrong).is_err(), "{}: {key}", contract.name);
        }
    }
}

#[test]
fn every_field_says_what_it_is() {
    fn look(name: &str, schema: &Value) {
        for (field, described) in schema["properties"].as_object().into_iter().flatten() {
            let is_said = described.get("description").is_some() || described.get("$ref").is_some();
            assert!(is_said, "{name}: {field} has no description");
        }
        schema["$defs"].as_object().into_iter().flatten().for_each(|(name, inner)| look(name, inner));
    }
    contracts().iter().for_each(|contract| look(contract.name, &contract.document()));
}

#[test]
fn a_word_of_tomorrow_and_a_new_field_are_admitted() {
    let contract = contracts().remove(0);
    let mut tomorrow = contract.example.clone();
    tomorrow["cause"] = json!("transcribed");
    tomorrow["language"] = json!("de");
    admits(contract.document(), &tomorrow).unwrap();
}

#[test]
fn the_published_files_are_those_of_the_types() {
    let directory = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../schemas"));
    let mut files: Vec<String> = fs::read_dir(&directory)
        .unwrap()
        .map(|file| file.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.ends_with(".json"))
        .collect();
    for contract in contracts() {
        let published = fs::read_to_string(directory.join(contract.file_name())).unwrap_or_default();
        let again = "cargo run -p ingestion-pipeline -- schema --into schemas, and read schemas/README.md first";
        assert_eq!(published, format!("{:#}\n", contract.document()), "{} changed: {again}", contract.name);
        files.retain(|name| *name != contract.file_name());
    }
    assert!(files.is_empty(), "nobody writes {files:?} any more");
}
