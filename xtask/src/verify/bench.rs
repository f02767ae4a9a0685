//! What the gates that run something share: the programs of a question, and how they were judged.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, Result, bail};

use crate::{
    cargo::{self, Build},
    judge::{self, Outcome, Verdict},
    process::Stop,
    term,
    verify::{finding::Findings, folder::Folder, scratch::Scratch},
    workspace::Workspace,
};

/// What cargo built in the workspace and in the scratch workspace. No name stands in both.
pub(crate) struct Built {
    workspace: Build,
    scratch: Build,
}

impl Built {
    /// Builds starters, solutions and contracts of `folders`, the template among them or not, and
    /// their wrong answers.
    pub(crate) fn new(
        folders: &[&Folder],
        scratch: &Scratch,
        workspace: &Workspace,
    ) -> Result<Self> {
        let mut contracts = vec!["--keep-going".to_owned()];
        let manifest = scratch.manifest().display().to_string();
        // That of the workspace, so that what it depends on is built once.
        let target = scratch.target().display().to_string();
        let mut others =
            ["--keep-going", "--offline", "--manifest-path", &manifest, "--target-dir", &target]
                .map(str::to_owned)
                .to_vec();
        for folder in folders {
            let into = if folder.is_template() { &mut others } else { &mut contracts };
            into.extend(["--test".to_owned(), folder.question.test_target()]);
            for (name, patch) in folder.wrong_answers() {
                if folder.made_wrong(patch).is_ok() {
                    others.extend(["--bin".to_owned(), folder.wrong_bin(name)]);
                }
            }
        }
        // Without a target named cargo would build all of them.
        let has_questions = folders.iter().any(|folder| !folder.is_template());
        let in_workspace =
            if has_questions { build(&contracts, workspace)? } else { Build::default() };
        Ok(Self { workspace: in_workspace, scratch: build(&others, workspace)? })
    }

    /// `27 programs`, wrong answers included.
    pub(crate) fn count(&self) -> String {
        term::count(self.workspace.programs.len() + self.scratch.programs.len(), "program")
    }

    pub(crate) fn program(&self, name: &str) -> Option<&PathBuf> {
        self.workspace.programs.get(name).or_else(|| self.scratch.programs.get(name))
    }

    /// What rustc said of a target.
    pub(crate) fn diagnostics(&self, name: &str) -> String {
        self.workspace.diagnostics_of(name) + &self.scratch.diagnostics_of(name)
    }
}

fn build(options: &[String], workspace: &Workspace) -> Result<Build> {
    let options: Vec<&str> = options.iter().map(String::as_str).collect();
    let build = cargo::build(workspace, &options, &Stop::Never, &term::status)?;
    let build = build.context("Failed to build: cargo was stopped")?;
    if build.programs.is_empty() {
        bail!("Failed to build anything\n{}", build.diagnostics_but("").trim_end());
    }
    Ok(build)
}

/// A question on the bench, and what its gates found.
pub(crate) struct Bench<'a> {
    pub(crate) folder: &'a Folder,
    pub(crate) built: &'a Built,
    pub(crate) kills: KillTable,
    pub(crate) found: Findings,
    /// What is no finding, but should be known.
    pub(crate) notes: Vec<String>,
    /// How many findings the gates before have found.
    reported: usize,
}

impl<'a> Bench<'a> {
    pub(crate) fn new(folder: &'a Folder, built: &'a Built) -> Self {
        let rows = folder.checks.iter().map(|check| (check.clone(), Vec::new())).collect();
        Self {
            folder,
            built,
            kills: KillTable { rows },
            found: Findings::default(),
            notes: Vec::new(),
            reported: 0,
        }
    }

    /// A gate's verdict in a few words; whether it is good is up to what was found since the last.
    pub(crate) fn cell(&mut self, text: String) -> (bool, String) {
        let ok = self.found.len() == self.reported;
        self.reported = self.found.len();
        (ok, text)
    }

    /// Judges `bin`, which `file` became, by the contract that `start` starts. `None`, and an
    /// finding, if one of them was not built.
    pub(crate) fn judge(
        &mut self,
        bin: &str,
        file: &str,
        start: impl Fn(&Path) -> Command,
    ) -> Result<Option<Verdict>> {
        let contract = self.contract();
        let (Some(contract), Some(program)) = (contract, self.program(bin, file)) else {
            return Ok(None);
        };
        judge(self.folder, start(contract), program).map(Some)
    }

    /// The built contract; a finding if there is none.
    pub(crate) fn contract(&mut self) -> Option<&'a PathBuf> {
        self.program(&self.folder.question.test_target(), "tests/contract.rs")
    }

    /// What `file` became; a finding if it did not.
    pub(crate) fn program(&mut self, target: &str, file: &str) -> Option<&'a PathBuf> {
        let program = self.built.program(target);
        if program.is_none() {
            let file = self.folder.path(file);
            if !self.found.iter().any(|finding| finding.file == file && finding.rule == "build") {
                let said = self.built.diagnostics(target);
                let what = if said.is_empty() { "it was not built".to_owned() } else { said };
                let fix = "make it compile";
                self.found.add(file, "build", what, fix);
            }
        }
        program
    }
}

/// Judges `program` by the contract that `command` starts.
pub(crate) fn judge(folder: &Folder, command: Command, program: &Path) -> Result<Verdict> {
    term::status(&format!("judging {}", program.display()));
    let environment = [("CONTRACT_BIN", program.display().to_string())];
    let verdict = judge::judge_with(&folder.question, command, &environment, &Stop::Never)?;
    verdict.context("Failed to judge: the contract was stopped")
}

/// Judges `program` by one check of the contract, and by no other.
pub(crate) fn judge_one(
    folder: &Folder,
    contract: &Path,
    program: &Path,
    check: &str,
) -> Result<Verdict> {
    term::status(&format!("judging {}", program.display()));
    let environment = [("CONTRACT_BIN", program.display().to_string())];
    let command = Command::new(contract);
    let verdict = judge::judge_one(&folder.question, command, &environment, check, &Stop::Never)?;
    verdict.context("Failed to judge: the contract was stopped")
}

/// The contract for an answer that is to fail: the checks mostly wait for what does not come, so
/// many of them wait at once.
pub(crate) fn crowded(contract: &Path) -> Command {
    let mut command = Command::new(contract);
    command.args(["--test-threads", "8"]);
    command
}

/// Which answers every check of a question refuses.
#[derive(Debug)]
pub(crate) struct KillTable {
    /// A check, in the order of the source, and who fails it: `starter` or a wrong answer's name.
    pub(crate) rows: Vec<(String, Vec<String>)>,
}

impl KillTable {
    pub(crate) fn record(&mut self, verdict: &Verdict, who: &str) {
        for (check, killed) in &mut self.rows {
            let failed =
                |found: &judge::Check| found.name == *check && found.outcome == Outcome::Failed;
            if verdict.checks.iter().any(failed) {
                killed.push(who.to_owned());
            }
        }
    }
}

/// A failed check as its report says it.
pub(crate) fn report(check: &judge::Check) -> String {
    check.failure.join("\n")
}
