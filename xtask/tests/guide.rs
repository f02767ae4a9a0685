//! The example in docs/interviewing.md is what happens.
#![cfg(target_os = "linux")]

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Command,
};

use tempfile::TempDir;

#[test]
fn the_example_of_the_guide_prints_what_it_says() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("xtask lies in the workspace");
    let guide = fs::read_to_string(root.join("docs/interviewing.md")).expect("there is a guide");
    let desk = TempDir::new().expect("the system has a temporary folder");
    let workspace = copy_of(root, desk.path());

    for (command, wanted) in steps(&guide) {
        let output = if let Some(line) = command.strip_prefix("cargo xtask ") {
            if line.starts_with("grade") {
                answer(&guide, &workspace, &desk.path().join("ada"));
            }
            let mut xtask = Command::new(env!("CARGO_BIN_EXE_xtask"));
            xtask.args(line.split(' ')).env("XTASK_ROOT", &workspace);
            // What was built for this workspace serves its copy too.
            let target = PathBuf::from(env!("CARGO_BIN_EXE_xtask"));
            let target = target.ancestors().nth(2).expect("it lies in a target folder");
            xtask.env("CARGO_TARGET_DIR", target).current_dir(&workspace).output()
        } else {
            Command::new("sh").args(["-c", command]).current_dir(&workspace).output()
        };
        let output = output.expect("the command runs");
        let printed = String::from_utf8_lossy(&output.stdout);
        let trouble = String::from_utf8_lossy(&output.stderr);
        assert_eq!(undated(printed.trim_end()), undated(wanted), "$ {command}\n{trouble}");
    }
}

/// Every command in a `console` block, with the lines below it.
fn steps(guide: &str) -> Vec<(&str, &str)> {
    let blocks = guide.split("\n```console\n$ ").skip(1);
    let block = |text| -> Option<(&str, &str)> {
        let (block, _): (&str, &str) = str::split_once(text, "\n```\n\n")?;
        let (command, output) = block.split_once('\n')?;
        Some((command, output.trim_end()))
    };
    let steps: Vec<_> = blocks.filter_map(block).collect();
    assert_eq!(steps.len(), 3, "the guide has three commands with their output");
    steps
}

/// What the candidate of the guide writes: a wrong answer in place of the starter.
fn answer(guide: &str, workspace: &Path, folder: &Path) {
    let patch = guide.split("<!-- the answer: ").nth(1).expect("the guide names the answer");
    let patch = workspace.join(patch.split(' ').next().unwrap_or_default());
    let question = patch.ancestors().nth(2).expect("it lies in a question");
    let patch = fs::read_to_string(&patch).expect("the answer is there");
    let at = patch.find("--- ").expect("it is a patch");
    let patch = diffy::Patch::from_str(&patch[at..]).expect("it is a patch");
    let solution = fs::read_to_string(question.join("src/solution.rs")).expect("it can be read");
    let wrong = diffy::apply(&solution, &patch).expect("it applies");
    fs::write(folder.join("src/starter.rs"), wrong).expect("the folder was handed out");
}

/// Everything but what was built, in a folder named as a clone would be.
fn copy_of(root: &Path, desk: &Path) -> PathBuf {
    let copy = desk.join("workspace");
    let mut open = vec![PathBuf::new()];
    while let Some(folder) = open.pop() {
        fs::create_dir_all(copy.join(&folder)).expect("it can be written");
        for entry in fs::read_dir(root.join(&folder)).expect("it can be read").flatten() {
            let path = folder.join(entry.file_name());
            let kept_here = ["target", ".git", "handouts", "grades", "backups"];
            match entry.file_type().expect("it has a type").is_dir() {
                true if kept_here.iter().any(|name| path.starts_with(name)) => {}
                true => open.push(path),
                false => drop(fs::copy(root.join(&path), copy.join(&path)).expect("it is copied")),
            }
        }
    }
    copy
}

/// Without the moment in the id of a hand-out, the hash of what has it inside, and the version of the
/// kernel's Landlock.
fn undated(text: &str) -> String {
    let mut parts = text.split("q13-2");
    let mut undated = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        undated.push_str("q13-TIME");
        undated.push_str(part.get("0260131-120000".len()..).unwrap_or_default());
    }
    let line = |line: &str| {
        match line {
            _ if line.starts_with("sources    SHA-256 ") && line.len() == 19 + 64 => "sources HASH",
            _ if line.starts_with("confined   by Landlock ") => "confined VERSION",
            line => line,
        }
        .to_owned()
    };
    undated.lines().map(line).collect::<Vec<_>>().join("\n")
}
