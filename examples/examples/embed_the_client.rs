//! Teaches embedding: `cargo run --release -p silhouette-examples --example embed_the_client`
//!
//! An app keeps texts in a sealed store and makes a profile and a persona, without a network.

use std::error::Error;

use silhouette_client::DeviceFolder;
use silhouette_client::persona::{PersonaLanguage, persona};
use silhouette_client::profile::{Trained, profile};
use silhouette_model::{Model, NativeEngine};
use silhouette_simulation::synth::{PlantedLanguage, Population, SynthConfig};
use silhouette_simulation::{Dataset, PrivacyChoice, SimulationConfig, TaskChoice, run};

fn main() -> Result<(), Box<dyn Error>> {
    let people = Population::generate(SynthConfig { users: 120, seed: 4, ..SynthConfig::default() })?;
    let owner = people.users.iter().find(|user| user.planted.language == PlantedLanguage::Bilingual);
    let owner = owner.ok_or("nobody writes in both languages")?;

    // The app's private folder: store, key, ledger, models, policy.
    let place = tempfile::tempdir()?;
    let device = DeviceFolder::open_or_create(place.path().join("silhouette"))?;
    let mut store = device.store()?;
    let imported = store.import(&owner.events)?;
    let again = store.import(&owner.events)?;
    println!("{} texts imported, sealed on the disk; {} known ones left out", imported.added, again.duplicates);

    // The model the others trained: fetched by its hash, kept in the device's cache.
    let bytes = trained_by_others(&people)?.to_safetensors()?;
    let hash = silhouette_wire::ContentHash::of(&bytes);
    let model = device.models().keep(hash, &bytes)?;

    // The profile is `Private`: it is shown to its owner, and nothing can send it.
    let events = store.events()?;
    let trained = Trained { engine: &NativeEngine, model: &model, hash, round: None, encoder_weights: None };
    let profile = profile(events.expose_on_device(), Some(trained), 1_700_000_000)?;
    let document = profile.expose_on_device();
    for (name, language) in [("en", PersonaLanguage::En), ("zh", PersonaLanguage::Zh)] {
        println!("\npersona, {name}: {}", persona(document, language).expose_on_device().text());
    }
    println!("\nwhy:");
    for interest in document.interests.iter().take(2) {
        let quotes = interest.evidence.iter().filter_map(|&place| document.evidence.get(place));
        let quotes: Vec<&str> = quotes.map(|evidence| evidence.quote.as_str()).take(2).collect();
        println!("  {} {:.0} %: {quotes:?}", interest.label, 100.0 * interest.share);
    }
    let (planted, share) =
        owner.planted.interests.iter().max_by(|a, b| a.1.total_cmp(b.1)).ok_or("nothing was planted")?;
    println!("(planted in these made-up texts: {} {:.0} %)", planted.key(), 100.0 * share);

    println!("\nerased {} texts; {} are left", store.erase_all()?, store.count()?);
    Ok(())
}

/// Stands for the model an app fetches: here the other people train it in this process.
fn trained_by_others(people: &Population) -> Result<Model, Box<dyn Error>> {
    let config = SimulationConfig { privacy: PrivacyChoice::None, rounds: 8, ..SimulationConfig::default() };
    let events = people.events().cloned().collect();
    let data = Dataset::of_events(events, &TaskChoice::Field("interest".into()), &config)?;
    Ok(run(&data, &config, &NativeEngine, &mut |_| {})?.model)
}
