//! The `silhouette` program.

mod commands;
mod people;
mod signals;
mod terminal;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use commands::{
    advise, audit, demo, doctor, encode, enroll, evaluate, join, ledger, plan, profile, serve, simulate, sweep, synth,
    task,
};

/// User profiles without collecting anybody's text: federated learning with user-level differential
/// privacy, from the device to the report.
#[derive(Parser)]
#[command(
    name = "silhouette",
    version,
    arg_required_else_help = true,
    after_help = "Start with: silhouette demo

Exit codes:
  0  done, or stopped in order by Ctrl-C or SIGTERM
  1  failed; standard error says why
  2  the command line can't be used

With --json results go to standard output, one JSON object a line; where there are several, \"event\"
names each. A failure is one object on standard error, with its reason under \"error\"."
)]
struct Program {
    #[command(subcommand)]
    command: Command,
    /// Print one JSON object (or one per line, for progress) instead of text for people.
    #[arg(long, global = true)]
    json: bool,
}

#[derive(Subcommand)]
enum Command {
    Advise(advise::Args),
    Audit(audit::Args),
    Demo(demo::Args),
    Doctor(doctor::Args),
    Encode(encode::Args),
    Enroll(enroll::Args),
    Evaluate(evaluate::Args),
    Join(join::Args),
    Ledger(ledger::Args),
    Plan(plan::Args),
    Profile(profile::Args),
    Serve(serve::Args),
    Simulate(Box<simulate::Args>),
    Sweep(sweep::Args),
    Synth(synth::Args),
    Task(task::Args),
}

fn main() -> ExitCode {
    let program = match Program::try_parse() {
        Ok(program) => program,
        // Help and version come this way too.
        Err(error) => return terminal::unparsed(&error),
    };
    let log = if let Command::Audit(args) = &program.command { args.log() } else { None };
    keep_log(log.clone());
    let json = program.json;
    let result = match program.command {
        Command::Advise(args) => advise::run(&args, json),
        Command::Audit(args) => audit::run(&args, log, json),
        Command::Demo(args) => demo::run(&args, json),
        Command::Doctor(args) => doctor::run(&args, json),
        Command::Encode(args) => encode::run(&args, json),
        Command::Enroll(args) => enroll::run(&args, json),
        Command::Evaluate(args) => evaluate::run(&args, json),
        Command::Join(args) => join::run(&args, json),
        Command::Ledger(args) => ledger::run(&args, json),
        Command::Plan(args) => plan::run(&args, json),
        Command::Profile(args) => profile::run(&args, json),
        Command::Serve(args) => serve::run(&args, json),
        Command::Simulate(args) => simulate::run(&args, json),
        Command::Sweep(args) => sweep::run(&args, json),
        Command::Synth(args) => synth::run(&args, json),
        Command::Task(args) => task::run(&args, json),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) if terminal::is_broken_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => terminal::fail(&error, json),
    }
}

/// Logs what `SILHOUETTE_LOG` asks for to standard error; or everything, to be searched, into `audited`.
fn keep_log(audited: Option<silhouette_simulation::audit::egress::Log>) {
    if let Some(log) = audited {
        let everything = tracing_subscriber::filter::LevelFilter::TRACE;
        return tracing_subscriber::fmt().with_max_level(everything).with_writer(move || log.clone()).init();
    }
    let filter = tracing_subscriber::EnvFilter::try_from_env("SILHOUETTE_LOG")
        .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new("error"));
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).init();
}
