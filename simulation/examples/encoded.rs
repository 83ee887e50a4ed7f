//! What it costs to read a device of a file of encoded people, on one thread and on all.
//!
//! Run: `cargo run --release -p silhouette-simulation --example encoded -- [--people 2000] [--threads 2]`
//!
//! Made-up people are written, encoded and left in a file in the folder for temporary files; then each is read back,
//! in a scattered order, and made anew from their texts for comparison. Prints one line of JSON. The file is in the
//! system's cache, as it is in a run of many rounds whose file fits into memory.
#![allow(clippy::unwrap_used, reason = "an example may panic on what it was not made for")]

use std::time::Instant;

use silhouette_simulation::synth::SynthConfig;
use silhouette_simulation::{Dataset, EncodedFile, People, SimulationConfig, write_encoded};

fn option(name: &str, default: usize) -> usize {
    let mut arguments = std::env::args().skip_while(|argument| argument != name);
    arguments.nth(1).map_or(default, |value| value.parse().unwrap_or_else(|e| panic!("{name} {value}: {e}")))
}

/// Seconds that `work` takes for all of `people`, whose numbers are dealt to the threads.
fn seconds(people: usize, threads: usize, work: impl Fn(usize) -> usize + Sync) -> (f64, usize) {
    // A step that shares no factor with the number of people visits each once.
    let step = (people / 3..).find(|&step| gcd(step.max(1), people) == 1).unwrap_or(1).max(1);
    let started = Instant::now();
    let texts = std::thread::scope(|scope| {
        let part = |thread: usize| {
            let work = &work;
            scope.spawn(move || (thread..people).step_by(threads).map(|i| work(i * step % people)).sum::<usize>())
        };
        let workers: Vec<_> = (0..threads).map(part).collect();
        workers.into_iter().map(|worker| worker.join().unwrap()).sum()
    });
    (started.elapsed().as_secs_f64(), texts)
}

fn gcd(a: usize, b: usize) -> usize {
    if b == 0 { a } else { gcd(b, a % b) }
}

fn main() {
    let (people, threads) = (option("--people", 2_000), option("--threads", 2));
    let made = SynthConfig { users: people, ..SynthConfig::default() };
    let data = Dataset::of_population(made, &SimulationConfig::default()).unwrap();
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("people.silx");
    let started = Instant::now();
    write_encoded(&data, &path).unwrap();
    let writing = started.elapsed().as_secs_f64();
    let file = EncodedFile::open(&path).unwrap();
    let read = |number: usize| file.read(number).unwrap().examples.len();
    let (one, texts) = seconds(people, 1, read);
    let (all, _) = seconds(people, threads, read);
    let People::Made(maker) = &data.train else { return };
    let (anew, _) = seconds(people, 1, |number| maker.make(number).unwrap().examples.len());
    let micros = |seconds: f64| 1e6 * seconds / people as f64;
    println!(
        "{{\"people\": {people}, \"texts\": {texts}, \"bytes_a_person\": {:.0}, \"seconds_writing\": {writing:.3}, \
         \"microseconds_reading\": {:.1}, \"threads\": {threads}, \"microseconds_reading_on_threads\": {:.1}, \
         \"microseconds_from_text\": {:.1}}}",
        std::fs::metadata(&path).unwrap().len() as f64 / (people + data.test.len()) as f64,
        micros(one),
        micros(all),
        micros(anew),
    );
}
