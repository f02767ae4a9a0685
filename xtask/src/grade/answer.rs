//! Builds what came back, and has it judged. Everything has a limit.

use std::{
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::{
        Mutex,
        mpsc::{self, RecvTimeoutError},
    },
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, Result};

use crate::{
    cargo::{self, Build},
    grade::{
        bench::Bench,
        confinement::{self, Confinement, Toolchain},
        scorecard::Outcome,
        seed::Seed,
        trusted::Trusted,
    },
    judge::{self, Verdict},
    process::{Ended, Job, Kept, Stop, read_at_most},
    shown, term,
    workspace::{Question, Workspace},
};

pub(super) struct Limits {
    pub(super) build: Duration,
    pub(super) checks: Duration,
}

/// More of what a build says is not for a scorecard.
const SHOWN_LINES: usize = 40;

/// A longer line of it is cut.
const SHOWN_CHARACTERS: usize = 400;

/// Everything that is the same for all candidates.
pub(super) struct Judge<'a> {
    pub(super) question: &'a Question,
    pub(super) workspace: &'a Workspace,
    pub(super) trusted: &'a Trusted,
    pub(super) toolchain: &'a Toolchain,
    pub(super) confinement: &'a Confinement,
    pub(super) seed: Option<&'a Seed>,
    /// The folder of all seeds.
    pub(super) seeds: &'a Path,
    pub(super) limits: Limits,
    pub(super) offline: bool,
    /// Set by Ctrl-C.
    pub(super) interrupted: &'a Stop,
}

/// How work with a limit ended.
enum Limited<T> {
    Done(T),
    TimedOut,
    Interrupted,
}

impl Judge<'_> {
    /// Builds the copy of what came back, and judges its program. `None` when it was interrupted.
    pub(super) fn judge_folder(&self, bench: &Bench) -> Result<Option<Outcome>> {
        if !bench.answer().join("Cargo.toml").is_file() {
            let why = "it has no readable Cargo.toml; for an answer in another language, use --cmd";
            return Ok(Some(Outcome::NotBuilt(why.to_owned())));
        }
        let build = match self.within(self.limits.build, |stop| self.build(bench, stop))? {
            Limited::Interrupted => return Ok(None),
            Limited::Done(Ok(build)) => build,
            Limited::Done(Err(why)) => return Ok(Some(Outcome::NotBuilt(why))),
            Limited::TimedOut => {
                let limit = self.limits.build.as_secs();
                let why = format!("the build was not done after {limit} s");
                return Ok(Some(Outcome::NotBuilt(why)));
            }
        };
        let program = match self.program(&build, bench) {
            Ok(program) => program,
            Err(why) => return Ok(Some(Outcome::NotBuilt(why))),
        };
        let subject = [("CONTRACT_BIN", program.display().to_string())];
        self.judge(bench, &bench.answer(), &subject)
    }

    /// Judges what `line` starts in the folder. `None` when it was interrupted.
    pub(super) fn judge_command(
        &self,
        bench: &Bench,
        dir: &Path,
        line: &str,
    ) -> Result<Option<Outcome>> {
        let subject =
            [("CONTRACT_CMD", line.to_owned()), ("CONTRACT_CMD_DIR", dir.display().to_string())];
        self.judge(bench, dir, &subject)
    }

    /// What was built, or why nothing was.
    fn build(&self, bench: &Bench, stop: &Stop) -> Result<Option<Result<Build, String>>> {
        if let Some(seed) = self.seed {
            term::status("copying what is built already");
            let copied = seed.copy_to(&bench.target());
            copied.with_context(|| format!("Failed to write to {}", bench.target().display()))?;
        }
        match self.fetch(bench, stop)? {
            None => return Ok(None),
            Some(Err(why)) => return Ok(Some(Err(why))),
            Some(Ok(())) => {}
        }
        let (cargo, environment) = self.toolchain.cargo(self.workspace);
        let mut command = self.confinement.of_build(&cargo, bench, self.toolchain);
        command.current_dir(bench.answer()).envs(environment);
        command.args(["build", "--offline", "--target-dir"]).arg(bench.target());
        let kept = Kept { without_environment: true, ..Kept::default() };
        Ok(cargo::run_kept_build(command, kept, stop, &term::status)?.map(Ok))
    }

    /// Downloads the crates that are not here yet. That runs no code of the candidate: cargo reads
    /// manifests, and settings only of folders above the one in which it is started.
    fn fetch(&self, bench: &Bench, stop: &Stop) -> Result<Option<Result<(), String>>> {
        let mut said = String::new();
        for online in [false, true] {
            if online && self.offline {
                break;
            }
            if online {
                term::status("downloading crates");
            }
            let (cargo, environment) = self.toolchain.cargo(self.workspace);
            let mut command = self.confinement.of_fetch(&cargo, bench, self.toolchain);
            command.current_dir(bench.home()).envs(environment).arg("fetch");
            command.arg("--manifest-path").arg(bench.answer().join("Cargo.toml"));
            match online {
                true => command.envs(confinement::network()),
                false => command.arg("--offline"),
            };
            let kept = Kept { without_environment: true, ..Kept::default() };
            let failed = "Failed to start cargo; is it installed?";
            let mut job =
                Job::start(&command, kept, Stdio::null(), Stdio::piped()).context(failed)?;
            let stderr = job.stderr().context(failed)?;
            let reader = thread::spawn(move || read_at_most(stderr, 64 * 1024).0);
            let ended = job.wait(stop).context(failed)?;
            let words = reader.join().unwrap_or_default();
            match ended {
                None => return Ok(None),
                Some(Ended::Exit(0)) => return Ok(Some(Ok(()))),
                Some(_) => said = String::from_utf8_lossy(&words).into_owned(),
            }
        }
        Ok(Some(Err(excerpt(&said))))
    }

    /// The program to judge: the starter's by name, or the only one there is.
    fn program(&self, build: &Build, bench: &Bench) -> Result<PathBuf, String> {
        // A macro can print what looks like a message of cargo's, and name any program in it.
        let target = bench.target();
        let is_own = |path: &Path| {
            let own = path.canonicalize().is_ok_and(|path| path.starts_with(&target));
            own && path.symlink_metadata().is_ok_and(|metadata| metadata.is_file())
        };
        let programs = build.programs.iter().filter(|(_, path)| is_own(path));
        let mut programs: Vec<(&String, &PathBuf)> = programs.collect();
        programs.sort_unstable();
        if !build.is_done {
            programs.clear();
        }
        let starter = self.question.starter_bin();
        if let Some((_, program)) = programs.iter().find(|(name, _)| **name == starter) {
            return Ok((*program).clone());
        }
        match programs[..] {
            [(_, only)] => Ok(only.clone()),
            [] => Err(excerpt(&console::strip_ansi_codes(&build.diagnostics_but("")))),
            _ => {
                let names: Vec<String> =
                    programs.iter().map(|(name, _)| shown::line(name)).collect();
                Err(format!(
                    "it has the programs {} and none is called {starter}",
                    names.join(", ")
                ))
            }
        }
    }

    fn judge(
        &self,
        bench: &Bench,
        folder: &Path,
        subject: &[(&'static str, String)],
    ) -> Result<Option<Outcome>> {
        term::status("running the checks");
        let contract = self.trusted.contract()?;
        let mut command = Command::new(contract);
        command
            .current_dir(self.trusted.folder())
            .envs(confinement::environment(self.workspace, None))
            .env("HOME", bench.home())
            .envs(subject.iter().map(|(name, value)| (name, value)));
        if let Some(launcher) = self.confinement.of_server(bench, folder) {
            let words: Vec<_> = launcher.iter().map(|word| word.to_string_lossy()).collect();
            command.env("CONTRACT_LAUNCHER", serde_json::to_string(&words)?);
        }
        let requirements = judge::requirements(self.question)?;
        let work = bench.work();
        let kept = Kept { without_environment: true, below: Some(&work), ..Kept::default() };
        let judged = self.within(self.limits.checks, |stop| {
            judge::run(&requirements, self.question, command, kept, stop)
        })?;
        Ok(match judged {
            Limited::Interrupted => None,
            Limited::TimedOut => {
                let limit = self.limits.checks.as_secs();
                Some(Outcome::GaveUp(format!("the checks were not done after {limit} s")))
            }
            Limited::Done(verdict) => Some(outcome(verdict)),
        })
    }

    /// `work`, which is stopped once `limit` has passed or the user interrupts.
    fn within<T>(
        &self,
        limit: Duration,
        work: impl FnOnce(&Stop) -> Result<Option<T>>,
    ) -> Result<Limited<T>> {
        let stop = Stop::new();
        let deadline = Instant::now() + limit;
        let (done, is_done) = mpsc::channel::<()>();
        let is_interrupted = Mutex::new(false);
        let result = thread::scope(|scope| {
            scope.spawn(|| {
                let is_done = is_done;
                while is_done.recv_timeout(Duration::from_millis(20))
                    == Err(RecvTimeoutError::Timeout)
                {
                    let interrupted = self.interrupted.is_set();
                    if interrupted || Instant::now() > deadline {
                        if let Ok(mut is_interrupted) = is_interrupted.lock() {
                            *is_interrupted = interrupted;
                        }
                        stop.set();
                        return;
                    }
                }
            });
            let result = work(&stop);
            drop(done);
            result
        })?;
        Ok(match result {
            Some(value) => Limited::Done(value),
            None if is_interrupted.into_inner().unwrap_or(false) => Limited::Interrupted,
            None => Limited::TimedOut,
        })
    }
}

fn outcome(verdict: Verdict) -> Outcome {
    if let Some(broken) = &verdict.broken {
        return Outcome::GaveUp(broken.clone());
    }
    if !verdict.never_started() {
        return Outcome::Judged(verdict);
    }
    let failure = verdict.failures().next();
    Outcome::NotStarted(failure.map(|check| check.failure.join("\n")).unwrap_or_default())
}

/// The first lines of what a build said, safe to show.
fn excerpt(said: &str) -> String {
    let mut lines = said.lines();
    let mut shown: Vec<String> = Vec::new();
    for line in lines.by_ref().take(SHOWN_LINES) {
        let mut line = shown::lines(line);
        if let Some((at, _)) = line.char_indices().nth(SHOWN_CHARACTERS) {
            line.truncate(at);
            line.push('…');
        }
        shown.push(line);
    }
    match lines.count() {
        0 => shown.join("\n"),
        more => format!("{}\n… and {more} more lines", shown.join("\n")),
    }
}
