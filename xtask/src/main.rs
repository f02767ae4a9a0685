//! `cargo xtask`: the commands of the workspace.

mod cargo;
mod check;
mod cli;
mod confine;
mod descendants;
mod diff;
mod doctor;
mod files;
mod fresh;
mod grade;
mod handout;
mod hint;
mod inputs;
mod judge;
mod keeper;
mod list;
mod markdown;
mod new;
mod next;
mod originals;
mod process;
mod progress;
mod reset;
mod run;
mod show;
mod shown;
mod source;
mod start;
mod template;
mod term;
mod test;
mod verify;
mod watch;
mod workspace;
mod wrong;
mod wrong_answer;

use std::process::ExitCode;

use clap::Parser;

use crate::{
    cli::{Cli, Command},
    workspace::Workspace,
};

fn main() -> ExitCode {
    dispatch(Cli::parse().command).unwrap_or_else(|error| {
        eprintln!("error: {error:#}");
        ExitCode::from(2)
    })
}

fn dispatch(command: Command) -> anyhow::Result<ExitCode> {
    match &command {
        Command::Keep(args) => return Ok(keeper::keep(args)),
        Command::Confine(args) => return Ok(confine::confine(args)),
        _ => {}
    }
    let workspace = Workspace::find()?;
    for stray in &workspace.strays {
        eprintln!(
            "warning: {} is not a question and is ignored; a question has a number, a name and a package of its own, as in 13-crud-inmemory: move the folder out of questions/",
            workspace.relative(stray)
        );
    }
    match command {
        Command::List(args) => list::run(&args, &workspace),
        Command::Show(args) => show::run(&args, &workspace),
        Command::Run(args) => run::run(&args, &workspace),
        Command::Check(args) => check::run(&args, &workspace),
        Command::Watch(args) => watch::run(&args, &workspace),
        Command::Hint(args) => hint::run(&args, &workspace),
        Command::Diff(args) => diff::run(&args, &workspace),
        Command::Next => next::run(&workspace),
        Command::Reset(args) => reset::run(&args, &workspace),
        Command::Handout(args) => handout::run(&args, &workspace),
        Command::Start(args) => start::run(&args, &workspace),
        Command::Grade(args) => grade::run(&args, &workspace),
        Command::New(args) => new::run(&args, &workspace),
        Command::Wrong(args) => wrong::run(&args, &workspace),
        Command::Verify(args) => verify::run(&args, &workspace),
        Command::Test(args) => test::run(&args, &workspace),
        Command::Doctor => doctor::run(&workspace),
        Command::Keep(_) | Command::Confine(_) => unreachable!("they are handled above"),
    }
}
