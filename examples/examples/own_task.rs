//! Teaches own tasks: `cargo run --release -p silhouette-examples --example own_task`
//!
//! A task file with your heads and labels, trained and tried on new texts.

use std::error::Error;

use silhouette_model::{Engine, HeadKind, NativeEngine, Task, Vectoriser, argmax};
use silhouette_simulation::{Dataset, PrivacyChoice, SimulationConfig, TaskChoice, run};
use silhouette_text::Event;

/// A few guests of a tea house: text, what it is about, stars. Every guest has their own device.
const TEXTS: [(&str, &str, &str, i64); 18] = [
    ("ann", "The green tea was fragrant and fresh", "drink", 5),
    ("ann", "The room is dark and far too loud", "place", 2),
    ("ann", "A kind waiter explained every tea", "staff", 5),
    ("bo", "绿茶很香，很新鲜", "drink", 5),
    ("bo", "房间太吵，灯光太暗", "place", 2),
    ("bo", "服务员很热情，也很耐心", "staff", 5),
    ("cy", "My oolong tea was cold and bitter", "drink", 1),
    ("cy", "A quiet room with a lovely garden", "place", 5),
    ("cy", "The waiter was rude and slow", "staff", 1),
    ("dai", "乌龙茶凉了，又苦", "drink", 1),
    ("dai", "房间安静，花园很美", "place", 5),
    ("dai", "服务员态度很差，太慢", "staff", 1),
    ("eve", "Fresh jasmine tea, fragrant to the last cup", "drink", 5),
    ("eve", "Lovely garden, quiet seats", "place", 5),
    ("eve", "Slow staff, and the waiter was rude again", "staff", 1),
    ("fu", "茉莉花茶很新鲜，很香", "drink", 5),
    ("fu", "花园很美，座位安静", "place", 5),
    ("fu", "服务员太慢，态度差", "staff", 1),
];

fn main() -> Result<(), Box<dyn Error>> {
    let task = Task::from_toml(include_str!("own_task.toml"))?;
    println!("task {}: {} heads, {} outputs", task.name, task.heads.len(), task.outputs());

    let events = TEXTS.map(|(user, text, topic, stars)| {
        let mut event = Event::new(user, text);
        event.extra.insert("topic".into(), topic.into());
        event.extra.insert("stars".into(), stars.into());
        event.extra.insert("split_user".into(), "train".into());
        event
    });
    // Six guests are far too few for a promise: no noise here. `silhouette plan` tells how many it takes.
    let config = SimulationConfig { privacy: PrivacyChoice::None, rounds: 40, ..SimulationConfig::default() };
    let data = Dataset::of_events(events.to_vec(), &TaskChoice::OpenTask(Box::new(task)), &config)?;
    let model = run(&data, &config, &NativeEngine, &mut |_| {})?.model;

    let vectoriser = Vectoriser::new(&model.task().encoder)?;
    for text in ["fragrant tea", "the waiter was rude", "一个安静的花园", "茶凉了，很苦"] {
        let outputs = NativeEngine.predict(&model, &[&vectoriser.vectorise(text)])?.remove(0);
        print!("{text}:");
        for (head, range) in model.task().ranges() {
            let values = &outputs[range];
            match &head.kind {
                HeadKind::Classes { labels } => print!(" {} = {}", head.name, labels[argmax(values)]),
                HeadKind::Score { min, max } => {
                    print!(" {} = {:.1}", head.name, min + (max - min) * values[0].clamp(0.0, 1.0));
                }
            }
        }
        println!();
    }

    // A label the task file does not name is an error that says so, and does not show the label.
    let mut odd = Event::new("gus", "hm");
    odd.extra.insert("topic".into(), "weather".into());
    if let Err(refused) = model.task().targets(&odd) {
        println!("refused: {refused}");
    }
    Ok(())
}
