//! `watch`: a check at every save.
//!
//! One loop owns the state and gets saves, keys and results through one channel. Each round of
//! build and checks runs on a thread of its own. A round counts only if the sources have the same
//! contents at its end as at its start. The sources are the files that the last build read.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    hash::{DefaultHasher, Hash, Hasher},
    io::{self, BufRead, IsTerminal},
    path::{Path, PathBuf},
    process::ExitCode,
    sync::{
        Once,
        mpsc::{Receiver, Sender, channel},
    },
    thread::{self, Scope},
    time::{Duration, Instant, SystemTime},
};

use anyhow::{Context, Result};
use chrono::{DateTime, TimeDelta, Utc};
use console::{Key, Term, style};
use notify::{EventKind, RecommendedWatcher, RecursiveMode, Watcher, event::AccessKind};

use crate::{
    check::{self, Round},
    cli, diff, hint, inputs,
    judge::Subject,
    next,
    process::Stop,
    progress::Progress,
    term,
    workspace::{Question, Workspace},
};

pub(crate) fn run(args: &cli::Watch, workspace: &Workspace) -> Result<ExitCode> {
    let mut question = workspace.select(&args.question)?;
    let (sender, events) = channel();
    let code = loop {
        match watch(question, workspace, &sender, &events)? {
            End::Quit(code) => break code,
            End::Next(next) => question = next,
        }
    };
    term::status("");
    Ok(ExitCode::from(code))
}

enum Event {
    /// Something in the question's folder changed, perhaps.
    Saved,
    Key(char),
    InputEnded,
    /// The round with this stop has a result; `None` if it was stopped.
    Finished(Stop, Result<Option<Round>>),
}

enum End<'a> {
    Quit(u8),
    Next(&'a Question),
}

fn watch<'a>(
    question: &'a Question,
    workspace: &'a Workspace,
    sender: &'a Sender<Event>,
    events: &Receiver<Event>,
) -> Result<End<'a>> {
    let now = Utc::now();
    let mut started = Progress::load(workspace).of(question, workspace).started.unwrap_or(now);
    // Where this fails, recording the verdict fails as well, and says so below it.
    let _ = Progress::update(question, workspace, |entry| {
        started = *entry.started.get_or_insert(now);
    });

    let saves = sender.clone();
    let mut watcher = notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
        // Opening a file to read it is an event as well, and every round reads.
        let is_read = matches!(&event, Ok(event) if matches!(event.kind,
            EventKind::Access(kind) if !matches!(kind, AccessKind::Close(_))));
        if !is_read {
            let _ = saves.send(Event::Saved);
        }
    })
    .context("Failed to watch for saves")?;
    watcher
        .watch(&question.dir, RecursiveMode::Recursive)
        .with_context(|| format!("Failed to watch {}", question.dir.display()))?;

    // After everything that can fail: reading keys puts the terminal into raw mode.
    static KEYS: Once = Once::new();
    KEYS.call_once(|| read_keys(sender.clone()));

    thread::scope(|scope| {
        let session = Session {
            question,
            workspace,
            sender,
            scope,
            deadline: started + TimeDelta::minutes(question.minutes.into()),
            watcher,
            inputs: None,
            sources: Sources::default(),
            running: None,
            judged: None,
            code: 1,
            body: String::new(),
            notes: String::new(),
            is_input_over: false,
            shows_solution: false,
        };
        Ok(session.listen(events))
    })
}

/// Keys as they are pressed; without a terminal, the first letter of each line.
fn read_keys(sender: Sender<Event>) {
    thread::spawn(move || {
        if term::is_interactive() {
            let terminal = Term::stdout();
            loop {
                let key = match terminal.read_key_raw() {
                    Ok(Key::Char(key)) => key.to_ascii_lowercase(),
                    Ok(Key::CtrlC) | Err(_) => 'q',
                    Ok(_) => continue,
                };
                // The loop ends with the program, so that the terminal is not left in raw mode.
                if sender.send(Event::Key(key)).is_err() || key == 'q' {
                    break;
                }
            }
        } else {
            for line in io::stdin().lock().lines().map_while(Result::ok) {
                let _ = line.trim().chars().next().map(|key| sender.send(Event::Key(key)));
            }
            let _ = sender.send(Event::InputEnded);
        }
    });
}

struct Session<'scope, 'env> {
    question: &'env Question,
    workspace: &'env Workspace,
    sender: &'env Sender<Event>,
    scope: &'scope Scope<'scope, 'env>,
    /// The end of the time box.
    deadline: DateTime<Utc>,
    watcher: RecommendedWatcher,
    /// The files that the last build read; `None` if it failed or there was none.
    inputs: Option<Vec<PathBuf>>,
    /// As the last round found them.
    sources: Sources,
    running: Option<Running>,
    /// What the last verdict is about.
    judged: Option<Sources>,
    /// What that verdict makes the exit code.
    code: u8,
    body: String,
    notes: String,
    is_input_over: bool,
    /// Set by the first `d` while a check fails, which warns; the second one shows.
    shows_solution: bool,
}

struct Running {
    stop: Stop,
    began: Instant,
    began_at: SystemTime,
}

impl<'env> Session<'_, 'env> {
    fn listen(mut self, events: &Receiver<Event>) -> End<'env> {
        self.start();
        loop {
            match events.recv_timeout(self.until_next_minute()) {
                Ok(Event::Saved) => self.saved(),
                Ok(Event::Finished(stop, result)) => self.finished(&stop, result),
                Ok(Event::Key(key)) => {
                    if let Some(end) = self.key(key) {
                        self.stop();
                        return end;
                    }
                }
                Ok(Event::InputEnded) => self.is_input_over = true,
                Err(_) => {
                    if self.running.is_none() && is_screen() {
                        self.draw();
                    }
                }
            }
            if self.is_input_over && self.running.is_none() {
                return End::Quit(self.code);
            }
        }
    }

    fn saved(&mut self) {
        let sources = self.sources_now();
        let known = if self.running.is_some() { Some(&self.sources) } else { self.judged.as_ref() };
        if known != Some(&sources) {
            self.start();
        }
    }

    fn sources_now(&self) -> Sources {
        match &self.inputs {
            Some(inputs) => Sources::of(inputs),
            None => Sources::of(&inputs::candidates(self.question)),
        }
    }

    /// Stops the running round, if any, and begins the next.
    fn start(&mut self) {
        self.stop();
        let (began, began_at) = (Instant::now(), SystemTime::now());
        self.sources = self.sources_now().newer_than(&self.sources);
        let stop = Stop::new();
        self.running = Some(Running { stop: stop.clone(), began, began_at });
        self.notes.clear();
        self.shows_solution = false;
        self.draw();

        let (question, workspace, sender) = (self.question, self.workspace, self.sender.clone());
        self.scope.spawn(move || {
            let show = |text: &str| {
                if !stop.is_set() {
                    term::status(text);
                }
            };
            let result = check::round(question, &Subject::Starter, workspace, &stop, &show);
            let _ = sender.send(Event::Finished(stop, result));
        });
    }

    fn stop(&mut self) {
        if let Some(running) = self.running.take() {
            running.stop.set();
        }
    }

    fn finished(&mut self, stop: &Stop, result: Result<Option<Round>>) {
        // The result of a round that was stopped is of no interest.
        let Some(running) = self.running.take_if(|running| running.stop.is(stop)) else { return };
        if self.sources.now() != self.sources {
            // Saved meanwhile, and the event is still on its way.
            self.start();
            return;
        }
        self.inputs = match &result {
            Ok(Some(Round::Judged { inputs, .. })) => inputs.clone(),
            _ => None,
        };
        self.watch_inputs();
        let sources = self.sources_now();
        let is_new = sources.has_newer(&self.sources, running.began_at);
        self.sources = sources;
        if is_new {
            self.start();
            return;
        }
        self.judged = Some(self.sources.clone());
        self.show(result).unwrap_or_else(|error| {
            self.code = 2;
            self.body = format!("error: {error:#}\n");
        });
        let seconds = running.began.elapsed().as_secs_f64();
        self.body += &format!("{}\n", style(format!("after {seconds:.2} s")).dim());
        self.draw();
    }

    /// Watches the folders of inputs that lie outside the question's own folder.
    fn watch_inputs(&mut self) {
        let outside = |folder: &&Path| !folder.starts_with(&self.question.dir);
        let folders = self.inputs.iter().flatten().filter_map(|path| path.parent());
        let folders: BTreeSet<&Path> = folders.filter(outside).collect();
        for folder in folders {
            // Saves of the question itself are seen all the same.
            let _ = self.watcher.watch(folder, RecursiveMode::NonRecursive);
        }
    }

    fn show(&mut self, result: Result<Option<Round>>) -> Result<()> {
        let round = result?.context("Failed to check: cargo or the contract was stopped")?;
        if let Round::Judged { verdict, .. } = &round
            && let Err(error) = check::keep(self.question, verdict, self.workspace)
        {
            self.notes = format!("\nwarning: {error:#}\n");
        }
        self.code = round.exit_code();
        self.body = check::render(&round, false);
        if matches!(round, Round::NotBuilt(_)) && is_screen() {
            self.body = beginning(&self.body, usize::from(Term::stdout().size().0));
        }
        Ok(())
    }

    fn key(&mut self, key: char) -> Option<End<'env>> {
        let note = match key {
            'q' => return Some(End::Quit(self.code)),
            'n' => {
                let progress = Progress::load(self.workspace);
                match next::open_after(self.question.number, &progress, self.workspace) {
                    Some(next) => return Some(End::Next(next)),
                    None => Ok("all other questions are done\n".to_owned()),
                }
            }
            'h' => hint::take(self.question, self.workspace),
            'd' => self.diff(),
            _ => return None,
        };
        let note = note.unwrap_or_else(|error| format!("error: {error:#}\n"));
        if is_screen() {
            self.notes = format!("\n{note}");
            self.draw();
        } else {
            let _ = term::print(&note);
        }
        None
    }

    fn diff(&mut self) -> Result<String> {
        let state = Progress::load(self.workspace).state(self.question, self.workspace);
        if state.is_done() || self.shows_solution {
            return diff::render(self.question, term::width());
        }
        self.shows_solution = true;
        Ok(format!("your state is {state}; press d again to see the solution anyway\n"))
    }

    /// The whole screen; without a terminal, what is new on it.
    fn draw(&self) {
        let heading = check::heading(self.question, &Subject::Starter);
        let mut text = format!("{heading} · {}\n\n", self.time());
        let is_running = self.running.is_some();
        if !is_running {
            text += &self.body;
        } else if !is_screen() {
            text += "building\n";
        }
        text += &self.notes;
        if is_screen() {
            let _ = Term::stdout().clear_screen();
            text += &format!("\n{}\n", style("h hint · d diff · n next · q quit").dim());
        }
        let _ = term::print(&text);
        term::status(if is_running { "building" } else { "" });
    }

    fn time(&self) -> String {
        let (seconds, minutes) = (self.seconds_left(), self.question.minutes);
        if seconds < 0 {
            format!("{} over", term::count(1 + (-seconds / 60) as usize, "minute"))
        } else {
            format!(
                "{} of {minutes} minutes left",
                seconds.div_euclid(60) + i64::from(seconds % 60 > 0)
            )
        }
    }

    fn seconds_left(&self) -> i64 {
        (self.deadline - Utc::now()).num_seconds()
    }

    fn until_next_minute(&self) -> Duration {
        Duration::from_secs(self.seconds_left().rem_euclid(60) as u64 + 1)
    }
}

/// What fits on a screen of so many rows: rustc's first error counts most.
fn beginning(text: &str, rows: usize) -> String {
    let room = rows.saturating_sub(8).max(8);
    let (shown, hidden) = (text.lines().take(room), text.lines().count().saturating_sub(room));
    let mut shown: String = shown.map(|line| format!("{line}\n")).collect();
    if hidden > 0 {
        shown += &format!("… and {}\n", term::count(hidden, "more line"));
    }
    shown
}

fn is_screen() -> bool {
    io::stdout().is_terminal()
}

/// The files that a round is about; `None` for one that cannot be read.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
struct Sources(BTreeMap<PathBuf, Option<Source>>);

#[derive(Debug, Clone)]
struct Source {
    modified: SystemTime,
    contents: u64,
}

/// Only contents count: a build may touch its sources.
impl PartialEq for Source {
    fn eq(&self, other: &Self) -> bool {
        self.contents == other.contents
    }
}

impl Eq for Source {}

impl Sources {
    fn of<'a>(paths: impl IntoIterator<Item = &'a PathBuf>) -> Self {
        Self(paths.into_iter().map(|path| (path.clone(), Source::read(path).ok())).collect())
    }

    /// The same files as they are now.
    fn now(&self) -> Self {
        Self::of(self.0.keys())
    }

    /// Whether a file that is not among `known` was changed since `time`.
    fn has_newer(&self, known: &Self, time: SystemTime) -> bool {
        // The times of files come from a clock that is late by some milliseconds.
        let time = time - Duration::from_millis(20);
        let others = self.0.iter().filter(|(path, _)| !known.0.contains_key(*path));
        others.filter_map(|(_, source)| source.as_ref()).any(|source| source.modified > time)
    }

    /// Cargo goes by the time of modification alone. A file that was put back together with its old
    /// time would not be built, so it is touched.
    fn newer_than(mut self, before: &Self) -> Self {
        for (path, source) in &mut self.0 {
            let (Some(source), Some(Some(was))) = (source, before.0.get(path)) else { continue };
            let is_old = was != source && was.modified >= source.modified;
            if is_old && touch(path).is_ok() {
                source.modified = SystemTime::now();
            }
        }
        self
    }
}

impl Source {
    fn read(path: &Path) -> io::Result<Self> {
        let metadata = fs::metadata(path)?;
        // Reading from a pipe would wait for a writer.
        if !metadata.is_file() {
            return Err(io::ErrorKind::InvalidInput.into());
        }
        let mut hasher = DefaultHasher::new();
        fs::read(path)?.hash(&mut hasher);
        Ok(Self { modified: metadata.modified()?, contents: hasher.finish() })
    }
}

fn touch(path: &Path) -> io::Result<()> {
    fs::File::options().append(true).open(path)?.set_modified(SystemTime::now())
}
