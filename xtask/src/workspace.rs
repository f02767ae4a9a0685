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
    /// Folders under `questions/` that hold a crate but are not a question, such as a copy of one.
    pub(crate) strays: Vec<PathBuf>,
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
        let mut strays = Vec::new();
        for entry in
            fs::read_dir(&folder).with_context(|| format!("Failed to read {}", folder.display()))?
        {
            let dir = entry?.path();
            if !dir.join("Cargo.toml").is_file() {
                continue;
            }
            if !is_question_name(&dir) {
                strays.push(dir);
                continue;
            }
            let question = Question::load(dir)?;
            // A copy still has the package of the folder that it was made from.
            let original = question.package.strip_prefix('q').unwrap_or_default();
            if original != question.folder() && folder.join(original).join("Cargo.toml").is_file() {
                strays.push(question.dir);
            } else {
                questions.push(question);
            }
        }
        questions.sort_by_key(|question| question.number);
        strays.sort();
        Ok(Self { root: root.to_owned(), questions, strays })
    }

    /// The question that `7`, `07`, `q07`, `route-params`, `07-route-params` or `q07-route-params` names, or
    /// that the path of its folder or of a file in it leads to.
    pub(crate) fn select(&self, name: &str) -> Result<&Question> {
        let wanted = name.trim().to_lowercase();
        let number = wanted.strip_prefix('q').unwrap_or(&wanted).parse::<u8>();
        let named = self.questions.iter().find(|question| {
            number == Ok(question.number)
                || [&question.slug, &question.package, &question.folder()].contains(&&wanted)
        });
        if let Some(question) = named.or_else(|| self.at_path(Path::new(name.trim()))) {
            return Ok(question);
        }
        let folder = wanted.split(['/', '\\']).skip_while(|part| *part != "questions").nth(1);
        let last = wanted.split(['/', '\\']).rfind(|part| !part.is_empty());
        let wanted = folder.or(last).unwrap_or(&wanted);
        bail!("Failed to find question `{name}`; {}", self.suggestion(wanted))
    }

    /// The question in whose folder `path` lies, be it absolute or relative to the current folder or
    /// to the root.
    fn at_path(&self, path: &Path) -> Option<&Question> {
        let places = [env::current_dir().ok()?.join(path), self.root.join(path)];
        places.iter().find_map(|place| {
            let place = place.canonicalize().ok()?;
            self.questions.iter().find(|question| {
                question.dir.canonicalize().is_ok_and(|folder| place.starts_with(folder))
            })
        })
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

/// Whether the folder is named like a question: `13-crud-inmemory`.
fn is_question_name(dir: &Path) -> bool {
    let name = dir.file_name().and_then(OsStr::to_str).unwrap_or_default();
    let is_word = |word: &str| {
        !word.is_empty() && word.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit())
    };
    name.split_once('-')
        .is_some_and(|(number, slug)| number.parse::<u8>().is_ok() && slug.split('-').all(is_word))
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
