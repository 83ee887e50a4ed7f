//! Teaches the whole way from reviews to personas: `cargo run --release -p silhouette-examples --example ecommerce_case`
//!
//! A shop's case in the six steps of a user-profile project: 数据收集, 数据预处理, 特征提取, 模型训练, 模型评估, 用户画像生成.
//! Reviews stay with who wrote them; the model is trained federatedly, once without noise and once at epsilon 8.
//!
//! `-- --data shopping10.zh.jsonl.gz --users 1000 --reviews 10000 [--json]` takes a file with the columns `user`, `text`,
//! `category`, `sentiment` and `split_user`; without `--data` the people are made up.

use std::collections::BTreeMap;
use std::error::Error;
use std::path::Path;

use silhouette_client::persona::{PersonaLanguage, persona};
use silhouette_client::profile::{Making, ProfileDocument, Trained, make};
use silhouette_model::{Model, NativeEngine, Vectoriser};
use silhouette_simulation::quality::{Candidate, HeadQuality, evaluate_quality};
use silhouette_simulation::synth::{Population, SynthConfig};
use silhouette_simulation::{Dataset, PrivacyChoice, SimulationConfig, TaskChoice, run};
use silhouette_text::{CleanOptions, Cleaner, Event, ReadOptions, Segmenter, StopWords, read_all};

type Failure = Box<dyn Error>;
type People = Vec<(String, Vec<Event>)>;

struct Options {
    data: Option<String>,
    users: usize,
    reviews: usize,
    json: bool,
}

fn options() -> Result<Options, Failure> {
    let mut options = Options { data: None, users: 1000, reviews: 10_000, json: false };
    let mut arguments = std::env::args().skip(1);
    while let Some(name) = arguments.next() {
        if name == "--json" {
            options.json = true;
            continue;
        }
        let value = arguments.next().ok_or_else(|| format!("{name}: expected a value"))?;
        match name.as_str() {
            "--data" => options.data = Some(value),
            "--users" => options.users = value.parse().map_err(|e| format!("--users {value}: {e}"))?,
            "--reviews" => options.reviews = value.parse().map_err(|e| format!("--reviews {value}: {e}"))?,
            _ => return Err(format!("{name}: unknown; there are --data, --users, --reviews and --json").into()),
        }
    }
    Ok(options)
}

/// What is told, unless only the figures are asked for.
struct Teller(bool);

impl Teller {
    fn say(&self, line: &str) {
        if self.0 {
            println!("{line}");
        }
    }
}

/// 数据收集: the first people of the file, their reviews in turn, so that everybody has some.
fn collect(options: &Options) -> Result<Vec<Event>, Failure> {
    let events = match &options.data {
        Some(path) => read_all(Path::new(path), &ReadOptions::default())?.0,
        None => {
            let config = SynthConfig { users: options.users.min(200), ..SynthConfig::default() };
            Population::generate(config)?.events().cloned().collect()
        }
    };
    let mut people: Vec<(String, Vec<Event>)> = Vec::new();
    let mut places: BTreeMap<String, usize> = BTreeMap::new();
    for event in events {
        let place = *places.entry(event.user.clone()).or_insert_with(|| {
            people.push((event.user.clone(), Vec::new()));
            people.len() - 1
        });
        people[place].1.push(event);
    }
    people.truncate(options.users);
    let longest = people.iter().map(|(_, events)| events.len()).max().unwrap_or(0);
    let in_turn = (0..longest).flat_map(|turn| people.iter().filter_map(move |(_, events)| events.get(turn)));
    Ok(in_turn.take(options.reviews).cloned().collect())
}

/// 数据预处理: cleaned; one review cut into words, stop words left out, for the reader to see.
fn prepare(events: &mut [Event], teller: &Teller) {
    let cleaner = Cleaner::new(CleanOptions::default());
    events.iter_mut().for_each(|event| event.text = cleaner.clean(&event.text));
    let stop = StopWords::built_in();
    if let Some(event) = events.iter().find(|event| event.text.chars().count() > 20) {
        let words: Vec<_> =
            Segmenter::Jieba.tokens(&event.text).iter().map(|token| token.lower().into_owned()).collect();
        let kept: Vec<_> = words.iter().filter(|word| !stop.contains(word)).take(12).cloned().collect();
        teller.say(&format!("   {} words, without stop words: {} ...", words.len(), kept.join(" | ")));
    }
}

/// 模型训练: the production round, session and release code over every device, 20 rounds.
fn train(events: &[Event], task: &str, privacy: PrivacyChoice) -> Result<Model, Failure> {
    let config = SimulationConfig { privacy, evaluate_every: 0, ..SimulationConfig::default() };
    let data = Dataset::of_events(events.to_vec(), &TaskChoice::Field(task.into()), &config)?;
    Ok(run(&data, &config, &NativeEngine, &mut |_| {})?.model)
}

/// Those held out, and the others.
fn parted(events: &[Event]) -> (People, People) {
    let (mut held_out, mut others): (BTreeMap<String, Vec<Event>>, BTreeMap<String, Vec<Event>>) = Default::default();
    for event in events {
        let test = event.field("split_user").is_some_and(|split| split.to_string() == "test");
        let side = if test { &mut held_out } else { &mut others };
        side.entry(event.user.clone()).or_default().push(event.clone());
    }
    (held_out.into_iter().collect(), others.into_iter().collect())
}

/// 模型评估: on people whose reviews nobody trained on.
fn evaluate(model: &Model, events: &[Event]) -> Result<HeadQuality, Failure> {
    let (held_out, others) = parted(events);
    let candidate = Candidate { model, engine: &NativeEngine, encoder_weights: None };
    let quality = evaluate_quality(&candidate, &held_out, &others, 0)?;
    quality.heads.into_iter().next().ok_or_else(|| "no head".into())
}

fn told(name: &str, quality: &HeadQuality) -> String {
    let s = quality.scores;
    format!(
        "   {name}: accuracy {:.4}, precision {:.4}, recall {:.4}, F1 {:.4}",
        s.accuracy, s.precision, s.recall, s.macro_f1
    )
}

/// 用户画像生成: everybody's profile and persona, each on their own device; returns one to look at and how many.
fn profiles(model: &Model, events: &[Event]) -> Result<(usize, Option<ProfileDocument>), Failure> {
    let (held_out, _) = parted(events);
    let hash = model.content_hash()?;
    let mut shown: Option<ProfileDocument> = None;
    for (_, events) in &held_out {
        let trained = Trained { engine: &NativeEngine, model, hash, round: Some(20), encoder_weights: None };
        let made = make(events, &Making { trained: Some(trained), ..Making::default() })?;
        let document = made.expose_on_device();
        if shown.as_ref().is_none_or(|best| document.behavior.texts > best.behavior.texts) {
            shown = Some(document.clone());
        }
    }
    Ok((held_out.len(), shown))
}

fn main() -> Result<(), Failure> {
    let options = options()?;
    let teller = Teller(!options.json);
    teller.say("1. 数据收集 (collecting)");
    let mut events = collect(&options)?;
    let users = events.iter().map(|event| &event.user).collect::<std::collections::BTreeSet<_>>().len();
    teller.say(&format!("   {} reviews of {users} people", events.len()));

    teller.say("2. 数据预处理 (cleaning, segmentation, stop words)");
    prepare(&mut events, &teller);

    // A file of reviews says how each feels; made-up people say what they are about.
    let has = |field: &str| events.iter().any(|event| event.field(field).is_some());
    let task = if has("sentiment") { "sentiment" } else { "interest" };
    let interests = if has("category") { "category" } else { "interest" };
    teller.say("3. 特征提取 (vectors)");
    let eight = PrivacyChoice::Budget { mode: silhouette_privacy::Mode::Central, epsilon: 8.0, delta: 1e-5 };
    teller.say("4. 模型训练 (federated training, 20 rounds, without noise and at epsilon 8)");
    let (open, private) = (train(&events, task, PrivacyChoice::None)?, train(&events, task, eight)?);
    let vectoriser = Vectoriser::new(&open.task().encoder)?;
    let entries: usize = events.iter().take(200).map(|event| vectoriser.vectorise(&event.text).indices().len()).sum();
    teller.say(&format!(
        "   a review is {:.0} numbers of {}; {} parameters",
        entries as f64 / events.len().clamp(1, 200) as f64,
        open.layout().tensors().first().map_or(0, |t| t.shape[0]),
        open.layout().total()
    ));
    let (open_interests, private_interests) =
        (train(&events, interests, PrivacyChoice::None)?, train(&events, interests, eight)?);

    teller.say("5. 模型评估 (on people never trained on)");
    let figures = [
        (format!("{task}, no noise"), evaluate(&open, &events)?),
        (format!("{task}, epsilon 8"), evaluate(&private, &events)?),
        (format!("{interests}, no noise"), evaluate(&open_interests, &events)?),
        (format!("{interests}, epsilon 8"), evaluate(&private_interests, &events)?),
    ];
    figures.iter().for_each(|(name, quality)| teller.say(&told(name, quality)));

    teller.say("6. 用户画像生成 (profiles and personas, where the reviews are)");
    let (made, shown) = profiles(&private_interests, &events)?;
    teller.say(&format!("   {made} profiles; the one with the most reviews:"));
    if let Some(document) = &shown {
        for language in [PersonaLanguage::Zh, PersonaLanguage::En] {
            teller.say(&format!("   {}", persona(document, language).expose_on_device().text()));
        }
    }
    if options.json {
        println!("{}", as_json(&figures, users, events.len(), made, shown.as_ref()));
    }
    Ok(())
}

/// The figures, for machines.
fn as_json(
    figures: &[(String, HeadQuality); 4],
    users: usize,
    reviews: usize,
    profiles: usize,
    shown: Option<&ProfileDocument>,
) -> String {
    let [open, private, interests, private_interests] = figures.each_ref().map(|(_, quality)| quality.scores);
    let persona =
        |language| shown.map_or_else(String::new, |document| persona(document, language).expose_on_device().text());
    let figures = serde_json::json!({
        "accuracy": open.accuracy, "precision": open.precision, "recall": open.recall, "macro_f1": open.macro_f1,
        "accuracy_eps8": private.accuracy, "precision_eps8": private.precision, "recall_eps8": private.recall,
        "macro_f1_eps8": private.macro_f1,
        "category_accuracy": interests.accuracy, "category_macro_f1": interests.macro_f1,
        "category_accuracy_eps8": private_interests.accuracy, "category_macro_f1_eps8": private_interests.macro_f1,
        "users": users, "reviews": reviews, "profiles": profiles,
        "persona_zh": persona(PersonaLanguage::Zh), "persona_en": persona(PersonaLanguage::En),
    });
    figures.to_string()
}
