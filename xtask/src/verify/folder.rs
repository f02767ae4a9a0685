//! A question's folder as text, read from the disk or made from the template.

use std::{collections::BTreeMap, fs, path::PathBuf};

use anyhow::{Context, Result};

use crate::{
    files, judge,
    template::{self, Values},
    workspace::Question,
    wrong_answer,
};

pub(crate) struct Folder {
    pub(crate) question: Question,
    /// As findings name it: `questions/13-crud-inmemory`.
    place: String,
    /// Every file in it by its path, with `/` on every platform.
    pub(crate) files: BTreeMap<String, String>,
    /// The names of the contract's checks, in its order.
    pub(crate) checks: Vec<String>,
}

impl Folder {
    pub(crate) fn read(question: &Question) -> Result<Self> {
        let mut files = BTreeMap::new();
        for path in files::below(&question.dir)? {
            let bytes =
                fs::read(&path).with_context(|| format!("Failed to read {}", path.display()))?;
            let name = files::slashed(path.strip_prefix(&question.dir)?);
            files.insert(name, String::from_utf8_lossy(&bytes).into_owned());
        }
        let place = format!("questions/{}", files::name(&question.dir));
        Ok(Self::new(question.clone(), place, files))
    }

    /// The template as a question, which `dir` is to hold.
    pub(crate) fn of_template(dir: PathBuf) -> Result<Self> {
        let files: BTreeMap<String, String> =
            template::render(&Values::SAMPLE).map(|(path, text)| (path.to_owned(), text)).collect();
        let question = Question::parse(dir, &files["Cargo.toml"])?;
        Ok(Self::new(question, "xtask/template".to_owned(), files))
    }

    fn new(question: Question, place: String, files: BTreeMap<String, String>) -> Self {
        let contract = files.get("tests/contract.rs").map_or("", String::as_str);
        let checks = judge::checks_of(contract).into_iter().map(|check| check.name).collect();
        Self { question, place, files, checks }
    }

    /// The same folder with another text in a file.
    #[cfg(test)]
    pub(crate) fn put(&mut self, file: &str, text: String) {
        let mut files = std::mem::take(&mut self.files);
        files.insert(file.to_owned(), text);
        let question = Question::parse(self.question.dir.clone(), &files["Cargo.toml"]);
        *self = Self::new(question.expect("a manifest"), std::mem::take(&mut self.place), files);
    }

    pub(crate) fn is_template(&self) -> bool {
        self.question.number == Values::SAMPLE.number
    }

    /// Empty if it is missing, which is a finding of its own.
    pub(crate) fn text(&self, file: &str) -> &str {
        self.files.get(file).map_or("", String::as_str)
    }

    /// The name that findings give to a file.
    pub(crate) fn path(&self, file: &str) -> String {
        format!("{}/{file}", self.place)
    }

    pub(crate) fn line(&self, file: &str, index: usize) -> String {
        format!("{}:{}", self.path(file), index + 1)
    }

    /// The wrong answers by their names: `blank-title`.
    pub(crate) fn wrong_answers(&self) -> impl Iterator<Item = (&str, &str)> {
        self.files.iter().filter_map(|(path, text)| {
            let name = path.strip_prefix("wrong/")?.strip_suffix(".patch")?;
            Some((name, text.as_str()))
        })
    }

    /// The solution with the change of a wrong answer.
    pub(crate) fn made_wrong(&self, patch: &str) -> Result<String> {
        wrong_answer::apply(self.text("src/solution.rs"), patch)
    }

    /// The program that a wrong answer becomes: `q13-wrong-blank-title`.
    pub(crate) fn wrong_bin(&self, name: &str) -> String {
        format!("{}-wrong-{name}", self.question.test_target())
    }
}
