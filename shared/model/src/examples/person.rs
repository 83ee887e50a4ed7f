//! A person's texts as one.

use silhouette_text::Event;

use super::Example;
use crate::task::{Target, Task, Unit};
use crate::vector::Vectoriser;

/// Bytes of a person's texts that are looked at as one; the newest count.
const LONGEST: usize = 1 << 18;

/// A person's texts as one, in their order, a line each; of more than 256 KiB the last of them.
pub fn person_text(events: &[Event]) -> String {
    let mut room = LONGEST;
    let fitting = events.iter().rev().take_while(|event| {
        let needed = event.text.len() + 1;
        let fits = needed <= room;
        room = room.saturating_sub(needed);
        fits
    });
    let mut texts: Vec<&str> = fitting.map(|event| event.text.as_str()).collect();
    texts.reverse();
    texts.join("\n")
}

/// The example of what holds of the person, if the task asks for it and an event says it; taken out of the events' own
/// targets. Where events say different things, the last one counts.
pub(super) fn example(
    task: &Task,
    vectoriser: &Vectoriser,
    events: &[Event],
    targets: &mut [Vec<Option<Target>>],
) -> Option<Example> {
    let mut of_person = vec![None; task.heads.len()];
    for (i, _) in task.heads.iter().enumerate().filter(|(_, head)| head.unit == Unit::Person) {
        for targets in targets.iter_mut() {
            of_person[i] = targets[i].take().or(of_person[i]);
        }
    }
    let any = of_person.iter().any(Option::is_some);
    any.then(|| Example { vector: vectoriser.vectorise(&person_text(events)), targets: of_person })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Examples;

    const TASK: &str = r#"
        name = "t"
        [[head]]
        name = "topic"
        kind = "classes"
        labels = ["x", "y"]
        field = "topic"
        [[head]]
        name = "age"
        kind = "classes"
        labels = ["20s", "60s"]
        field = "age"
        unit = "person"
        "#;

    fn event(text: &str, topic: Option<&str>, age: &str) -> Event {
        let mut event = Event::new("me", text);
        topic.into_iter().for_each(|topic| drop(event.extra.insert("topic".into(), topic.into())));
        event.extra.insert("age".into(), age.into());
        event
    }

    #[test]
    fn a_person_is_one_example_beside_those_of_their_texts() {
        let task = Task::from_toml(TASK).unwrap();
        assert_eq!(Task::from_toml(&task.to_toml().unwrap()), Ok(task.clone()));
        let vectoriser = Vectoriser::new(&task.encoder).unwrap();
        let events = [event("first words", Some("x"), "20s"), event("second words", None, "60s")];
        let examples = Examples::of(&task, &vectoriser, &events).unwrap();
        let targets: Vec<_> = examples.items().iter().map(|e| e.targets.clone()).collect();
        assert_eq!(targets, [[Some(Target::Class(0)), None], [None, Some(Target::Class(1))]]);
        assert_eq!(examples.items()[1].vector, vectoriser.vectorise("first words\nsecond words"));
        assert_eq!(Examples::of_known(&task, &vectoriser, &events).0.items().len(), 2);
    }

    #[test]
    fn only_the_newest_of_very_much_text_counts() {
        let long = event(&"a".repeat(LONGEST), None, "20s");
        assert_eq!(person_text(&[long.clone(), event("b", None, "20s"), event("c", None, "20s")]), "b\nc");
        assert_eq!(person_text(&[long]), "");
    }
}
