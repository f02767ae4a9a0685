//! `verify`: the gates that every question passes.
//!
//! They are in `gates`, a file for each. The template of `new` passes them too, as question 00.

mod bench;
mod finding;
mod folder;
mod gates;
mod kill_table;
mod scratch;

use std::{
    path::PathBuf,
    process::ExitCode,
    time::{Duration, Instant},
};

use anyhow::Result;
use console::style;

pub(crate) use gates::{lists::write as write_generated, uniform::is_slug};

use crate::{
    cli,
    term::{self, count, pad},
    verify::{
        bench::{Bench, Built},
        finding::Findings,
        folder::Folder,
        gates::{
            handout, lists,
            rounds::{self, Confined, Rounds},
            solution, starter, uniform,
            wrong_answers::{self, Extent},
        },
        scratch::Scratch,
    },
    workspace::Workspace,
};

/// How the template of `new` is named.
const TEMPLATE: &str = "template";

pub(crate) fn run(args: &cli::Verify, workspace: &Workspace) -> Result<ExitCode> {
    let began = Instant::now();
    if args.write {
        for path in lists::write(workspace)? {
            term::print(&format!("wrote {}\n", workspace.relative(&path)))?;
        }
    }

    let scratch = if args.only_static { None } else { Some(Scratch::find(workspace)?) };
    let mut folders = Vec::new();
    for question in &workspace.questions {
        folders.push(Folder::read(question)?);
    }
    let template_dir =
        scratch.as_ref().map_or_else(|| PathBuf::from("00-template"), Scratch::template_dir);
    folders.push(Folder::of_template(template_dir)?);

    let all = args.questions.is_empty();
    let mut selected = Vec::new();
    for name in args.questions.iter().filter(|name| *name != TEMPLATE) {
        selected.push(workspace.select(name)?.number);
    }
    let wants_template = args.questions.iter().any(|name| name == TEMPLATE);
    let is_chosen = |folder: &&Folder| {
        let is_named = match folder.is_template() {
            true => wants_template,
            false => selected.contains(&folder.question.number),
        };
        all || is_named
    };
    let chosen: Vec<&Folder> = folders.iter().filter(is_chosen).collect();

    let mut report = Report::default();
    match scratch {
        None => {
            for folder in &chosen {
                let began = Instant::now();
                let cells = [(1, report.uniform(folder))];
                print_row(folder, &cells, began)?;
            }
        }
        Some(scratch) => {
            scratch.write(&folders, workspace)?;
            let built =
                report.clock.time("building", || Built::new(&chosen, &scratch, workspace))?;
            term::status("");
            let seconds = began.elapsed().as_secs_f32();
            term::print(&format!("{} built in {seconds:.1} s\n", built.count()))?;
            let options = Judging {
                rounds: args.rounds,
                confined: Confined::find(),
                extent: if args.table { Extent::All } else { Extent::Named },
            };
            for folder in &chosen {
                let began = Instant::now();
                let cells = report.dynamic(folder, &built, &options, workspace)?;
                term::status("");
                print_row(folder, &cells, began)?;
            }
        }
    }

    if args.table {
        term::print(&kill_table::render(&report.tables))?;
        if args.write {
            let path = kill_table::write(&report.tables, workspace)?;
            term::print(&format!("\nwrote {}\n", workspace.relative(&path)))?;
        }
    }

    let mut lists = Findings::default();
    kill_table::check(&chosen, &workspace.root, &mut lists);
    let files = lists::check(workspace, &mut lists)?;
    if !all {
        let names: Vec<String> = chosen.iter().map(|folder| folder.question.folder()).collect();
        lists.keep(|file| file == "README.md" || names.iter().any(|name| file.contains(name)));
    }
    let text = format!("6 lists, secrets, paths: {}", count(files, "file"));
    term::print(&format!("{} {text}\n", mark(lists.is_empty())))?;
    report.findings.append(lists);

    report.print(chosen.len(), began)?;
    Ok(ExitCode::from(u8::from(!report.findings.is_empty())))
}

/// What the gates found.
#[derive(Default)]
struct Report {
    findings: Findings,
    /// What is no finding, but should be known.
    notes: Vec<String>,
    /// Which wrong answers each check refuses, by question.
    tables: Vec<kill_table::Entry>,
    clock: Clock,
}

/// How the gates that judge are to judge.
struct Judging {
    rounds: u32,
    confined: Confined,
    extent: Extent,
}

/// How long each step took, in the order of their first time.
#[derive(Default)]
struct Clock(Vec<(&'static str, Duration)>);

impl Clock {
    fn time<T>(&mut self, step: &'static str, work: impl FnOnce() -> T) -> T {
        let began = Instant::now();
        let done = work();
        match self.0.iter_mut().find(|(known, _)| *known == step) {
            Some((_, spent)) => *spent += began.elapsed(),
            None => self.0.push((step, began.elapsed())),
        }
        done
    }

    /// `building 41 s · starters 3 s`; nothing before anything was timed.
    fn render(&self) -> String {
        let steps =
            self.0.iter().map(|(step, spent)| format!("{step} {:.0} s", spent.as_secs_f32()));
        steps.collect::<Vec<_>>().join(" · ")
    }
}

/// A gate's verdict on a question, in a few words.
type Cell = (bool, String);

impl Report {
    fn uniform(&mut self, folder: &Folder) -> Cell {
        let mut found = Findings::default();
        uniform::check(folder, &mut found);
        found.except(folder.question.number);
        let lines = uniform::added_lines(folder);
        let budget = uniform::per_minute(lines, folder.question.minutes);
        let cell = (found.is_empty(), format!("uniform, {budget} lines/min"));
        self.findings.append(found);
        cell
    }

    fn dynamic(
        &mut self,
        folder: &Folder,
        built: &Built,
        options: &Judging,
        workspace: &Workspace,
    ) -> Result<Vec<(u8, Cell)>> {
        let uniform = self.uniform(folder);
        let mut bench = Bench::new(folder, built);

        let refused = self.clock.time("starters", || starter::check(&mut bench))?;
        let starter = bench.cell(format!("{refused} fail"));
        let judged = self
            .clock
            .time("solutions", || Rounds::run(&mut bench, options.rounds, &options.confined))?;
        let passed = solution::check(&mut bench, &judged);
        let solution = bench.cell(format!("{passed} pass"));
        let refused = self
            .clock
            .time("wrong answers", || wrong_answers::check(&mut bench, options.extent))?;
        let wrong = bench.cell(format!("{refused} of {} refused", folder.wrong_answers().count()));
        rounds::check(&mut bench, &judged, &options.confined);
        let number = judged.verdicts.len();
        let rounds = bench.cell(format!("{number} rounds, 1 {}", options.confined.describe()));
        let mut cells = vec![(1, uniform), (2, starter), (3, solution), (4, wrong), (5, rounds)];
        // Nobody is handed the template.
        if !folder.is_template() {
            let refused = self.clock.time("hand-outs", || handout::check(&mut bench, workspace))?;
            cells.push((7, bench.cell(format!("{refused} fail handed out"))));
        }
        if !folder.is_template() {
            self.tables.push(kill_table::Entry::new(&folder.question, bench.kills));
        }
        self.notes.append(&mut bench.notes);
        self.findings.append(bench.found);
        Ok(cells)
    }

    fn print(&self, folders: usize, began: Instant) -> Result<()> {
        let mut text = String::from("\n");
        for note in &self.notes {
            text.push_str(&format!("{} {note}\n", style("!").yellow()));
        }
        for finding in self.findings.iter() {
            text.push_str(&finding.render());
        }
        let clock = self.clock.render();
        if !clock.is_empty() {
            text.push_str(&format!("{clock}\n"));
        }
        let findings = match self.findings.len() {
            0 => style("no finding".to_owned()).green(),
            number => style(count(number, "finding")).red(),
        };
        let seconds = began.elapsed().as_secs_f32();
        text.push_str(&format!("{findings} in {} · {seconds:.1} s\n", count(folders, "folder")));
        Ok(term::print(&text)?)
    }
}

/// One line per question, its gates in columns.
fn print_row(folder: &Folder, cells: &[(u8, Cell)], began: Instant) -> Result<()> {
    const WIDTHS: [usize; 6] = [24, 10, 10, 19, 26, 18];
    let mut line = pad(&folder.question.folder(), 24);
    for ((gate, (ok, text)), width) in cells.iter().zip(WIDTHS) {
        line.push_str(&format!("{gate} {} {}", mark(*ok), pad(text, width)));
    }
    let seconds = began.elapsed().as_secs_f32();
    Ok(term::print(&format!("{line} {seconds:4.1} s\n"))?)
}

fn mark(ok: bool) -> String {
    if ok { style("✓").green().to_string() } else { style("✗").red().to_string() }
}
