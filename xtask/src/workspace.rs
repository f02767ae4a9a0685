//! Finds the workspace and reads its questions from their manifests.

use std::{
    env,
    ffi::OsStr,
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, bail};
use serde::Deserialize;

/// The folder with `questions/`, and what its manifests say.
#[derive(Debug)]
pub(crate) struct Workspace {
    pub(crate) root: PathBuf,
    /// Ordered by number.
    pub(crate) questions: Vec<Question>,
}

/// One folder under `questions/`.
#[derive(Debug, Clone)]
pub(crate) struct Question {
    pub(crate) number: u8,
    /// The folder's name without the number: `crud-inmemory`.
    pub(crate) slug: String,
    /// `q13-crud-inmemory`
    pub(crate) package: String,
    pub(crate) dir: PathBuf,
    pub(crate) title: String,
    /// The question in one sentence.
    pub(crate) description: String,
    pub(crate) tier: u8,
    pub(crate) minutes: u32,
    pub(crate) topics: Vec<String>,
    /// Servers beside the question's own that it needs, by name: `postgres`.
    pub(crate) services: Vec<String>,
    /// Environment variables that the server reads, beside PORT and HOST.
    pub(crate) env: Vec<String>,
    /// Checks that the starter may already pass.
    pub(crate) given: Vec<String>,
}

impl Workspace {
    /// The workspace around this program, or around the current folder; `XTASK_ROOT` overrides both.
    pub(crate) fn find() -> Result<Self> {
        let start = match env::var_os("XTASK_ROOT").or_else(|| env::var_os("CARGO_MANIFEST_DIR")) {
            Some(dir) => PathBuf::from(dir),
            None => env::current_dir().context("Failed to read the current folder")?,
        };
        let root = start
            .ancestors()
            .find(|dir| dir.join("questions").is_dir() && dir.join("Cargo.toml").is_file())
            .with_context(|| {
                format!(
                    "Failed to find a folder with Cargo.toml and questions/ at or above {}; run this inside the workspace",
                    start.display()
                )
            })?;
        Self::load(root)
    }

    /// Reads every manifest under `root/questions`.
    pub(crate) fn load(root: &Path) -> Result<Self> {
        let folder = root.join("questions");
        let mut questions = Vec::new();
        for entry in
            fs::read_dir(&folder).with_context(|| format!("Failed to read {}", folder.display()))?
        {
            let dir = entry?.path();
            if dir.join("Cargo.toml").is_file() {
                questions.push(Question::load(dir)?);
            }
        }
        questions.sort_by_key(|question| question.number);
        Ok(Self { root: root.to_owned(), questions })
    }

    /// The question that `7`, `07`, `q07`, `route-params`, `07-route-params`, `q07-route-params` or a path names.
    pub(crate) fn select(&self, name: &str) -> Result<&Question> {
        let wanted = name.trim().trim_end_matches(['/', '\\']);
        let wanted = wanted.rsplit(['/', '\\']).next().unwrap_or(wanted).to_lowercase();
        let number = wanted.strip_prefix('q').unwrap_or(&wanted).parse::<u8>();
        let found = self.questions.iter().find(|question| {
            number == Ok(question.number)
                || [&question.slug, &question.package, &question.folder()].contains(&&wanted)
        });
        match found {
            Some(question) => Ok(question),
            None => bail!("Failed to find question `{name}`; {}", self.suggestion(&wanted)),
        }
    }

    /// The named questions in the order given, or all of them when none is named.
    pub(crate) fn select_all(&self, names: &[String]) -> Result<Vec<&Question>> {
        if names.is_empty() {
            return Ok(self.questions.iter().collect());
        }
        names.iter().map(|name| self.select(name)).collect()
    }

    /// A path as it reads from the root: `questions/13-crud-inmemory/src/starter.rs`.
    pub(crate) fn relative(&self, path: &Path) -> String {
        path.strip_prefix(&self.root).unwrap_or(path).display().to_string()
    }

    fn suggestion(&self, wanted: &str) -> String {
        let mut names: Vec<(&str, &Question)> = Vec::new();
        let folders: Vec<String> = self.questions.iter().map(Question::folder).collect();
        for (question, folder) in self.questions.iter().zip(&folders) {
            names.push((&question.slug, question));
            names.push((folder, question));
            names.push((&question.package, question));
        }
        let spellings: Vec<&str> = names.iter().map(|(name, _)| *name).collect();
        let part = names.iter().find(|(name, _)| wanted.len() > 2 && name.contains(wanted));
        let close = similar::get_close_matches(wanted, &spellings, 1, 0.5);
        let nearest = part.or_else(|| names.iter().find(|(name, _)| close.contains(name)));
        match nearest {
            Some((_, question)) => format!(
                "did you mean {:02} or `{}`? All of them: cargo xtask list",
                question.number, question.slug
            ),
            None => match (self.questions.first(), self.questions.last()) {
                (Some(first), Some(last)) => format!(
                    "they are numbered {} to {}: cargo xtask list",
                    first.number, last.number
                ),
                _ => "questions/ is empty".to_owned(),
            },
        }
    }
}

#[derive(Deserialize)]
struct Manifest {
    package: Package,
}

#[derive(Deserialize)]
struct Package {
    name: String,
    description: String,
    metadata: Metadata,
}

#[derive(Deserialize)]
struct Metadata {
    question: Facts,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Facts {
    title: String,
    tier: u8,
    minutes: u32,
    topics: Vec<String>,
    services: Vec<String>,
    #[serde(default)]
    env: Vec<String>,
    given: Vec<String>,
}

impl Question {
    fn load(dir: PathBuf) -> Result<Self> {
        let path = dir.join("Cargo.toml");
        let failed = || format!("Failed to read {}", path.display());
        let text = fs::read_to_string(&path).with_context(failed)?;
        Self::parse(dir, &text).with_context(failed)
    }

    /// The question that `dir` holds, by the text of its manifest.
    pub(crate) fn parse(dir: PathBuf, manifest: &str) -> Result<Self> {
        let Manifest { package } = toml::from_str(manifest)?;

        let folder = dir.file_name().and_then(OsStr::to_str).unwrap_or_default();
        let (number, slug) = folder
            .split_once('-')
            .and_then(|(number, slug)| Some((number.parse().ok()?, slug.to_owned())))
            .with_context(|| {
                format!(
                    "Failed to read a number from the folder {}: name it like 13-crud-inmemory",
                    dir.display()
                )
            })?;

        let facts = package.metadata.question;
        Ok(Self {
            number,
            slug,
            package: package.name,
            dir,
            title: facts.title,
            description: package.description,
            tier: facts.tier,
            minutes: facts.minutes,
            topics: facts.topics,
            services: facts.services,
            env: facts.env,
            given: facts.given,
        })
    }

    /// `13-crud-inmemory`
    pub(crate) fn folder(&self) -> String {
        format!("{:02}-{}", self.number, self.slug)
    }

    /// The test target that holds the contract: `q13`.
    pub(crate) fn test_target(&self) -> String {
        format!("q{:02}", self.number)
    }

    /// `q13-starter`
    pub(crate) fn starter_bin(&self) -> String {
        format!("q{:02}-starter", self.number)
    }

    /// `q13-solution`
    pub(crate) fn solution_bin(&self) -> String {
        format!("q{:02}-solution", self.number)
    }

    pub(crate) fn starter(&self) -> PathBuf {
        self.dir.join("src/starter.rs")
    }

    pub(crate) fn solution(&self) -> PathBuf {
        self.dir.join("src/solution.rs")
    }

    pub(crate) fn contract(&self) -> PathBuf {
        self.dir.join("tests/contract.rs")
    }

    pub(crate) fn readme(&self) -> PathBuf {
        self.dir.join("README.md")
    }

    /// The interviewer's notes, which hold the hints.
    pub(crate) fn notes(&self) -> PathBuf {
        self.dir.join("INTERVIEWER.md")
    }
}
