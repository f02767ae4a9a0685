//! What verify finds, and what it lets pass.

use console::style;

/// Something that breaks a rule.
#[derive(Debug, Clone)]
pub(crate) struct Finding {
    /// From the workspace's root, with the line where there is one.
    pub(crate) file: String,
    pub(crate) rule: &'static str,
    pub(crate) what: String,
    /// A command, or what to edit.
    pub(crate) fix: String,
}

impl Finding {
    pub(crate) fn render(&self) -> String {
        let Self { file, rule, what, fix } = self;
        let what = what.trim_end().replace('\n', "\n    ");
        format!(
            "{} {} · {rule}\n    {what}\n    {} {fix}\n",
            style("✗").red(),
            style(file).bold(),
            style("fix:").cyan(),
        )
    }
}

/// All that was found, in the order of finding.
#[derive(Debug, Default)]
pub(crate) struct Findings(Vec<Finding>);

impl Findings {
    pub(crate) fn add(
        &mut self,
        file: impl Into<String>,
        rule: &'static str,
        what: impl Into<String>,
        fix: impl Into<String>,
    ) {
        self.0.push(Finding { file: file.into(), rule, what: what.into(), fix: fix.into() });
    }

    pub(crate) fn append(&mut self, mut others: Self) {
        self.0.append(&mut others.0);
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Finding> {
        self.0.iter()
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Leaves those in files that are wanted.
    pub(crate) fn keep(&mut self, wanted: impl Fn(&str) -> bool) {
        self.0.retain(|found| wanted(&found.file));
    }

    /// Takes out what is excepted in the folder of question `number`, and adds the exceptions that
    /// nothing needs.
    pub(crate) fn except(&mut self, number: u8) {
        for exception in EXCEPTIONS.iter().filter(|exception| exception.question == number) {
            let Exception { rule, about, .. } = exception;
            let before = self.0.len();
            self.0.retain(|found| {
                found.rule != *rule || !(found.file.contains(about) || found.what.contains(about))
            });
            if self.0.len() == before {
                self.add(
                    "xtask/src/verify/finding.rs",
                    "exceptions",
                    format!("question {number:02} needs no exception from `{rule}` about {about}"),
                    "take the entry out of EXCEPTIONS",
                );
            }
        }
    }
}

/// One question's leave to break one rule.
struct Exception {
    question: u8,
    rule: &'static str,
    /// Stands in the file's name or in what is found.
    about: &'static str,
    #[expect(dead_code, reason = "for the reader")]
    reason: &'static str,
}

/// Everything that deviates on purpose. An entry that nothing needs is a finding itself.
const EXCEPTIONS: &[Exception] = &[
    Exception {
        question: 1,
        rule: "starter-routes",
        about: "HEAD /",
        reason: "to answer HEAD is the stretch of this question",
    },
    Exception {
        question: 6,
        rule: "starter-routes",
        about: "GET /",
        reason: "to lay out the routes is the lesson",
    },
    Exception {
        question: 9,
        rule: "main",
        about: "json_errors",
        reason: "to give errors their shape is the lesson",
    },
    Exception {
        question: 17,
        rule: "main",
        about: "json_errors",
        reason: "to give errors their shape is the lesson",
    },
];
