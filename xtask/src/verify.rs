//! `verify`: the gates that every question passes.

mod folder;
mod lists;
mod offence;
mod uniform;
mod wrong;

use std::process::ExitCode;

use anyhow::Result;

pub(crate) use lists::write as write_generated;
pub(crate) use uniform::is_slug;

use crate::{
    cli,
    verify::{folder::Folder, offence::Offences},
    workspace::Workspace,
};

pub(crate) fn run(args: &cli::Verify, workspace: &Workspace) -> Result<ExitCode> {
    let mut found = Offences::default();
    if args.write {
        for path in lists::write(workspace)? {
            println!("wrote {}", workspace.relative(&path));
        }
    }
    let questions = workspace.select_all(&args.questions)?;
    for question in &questions {
        let folder = Folder::read(question, workspace)?;
        let mut of_folder = Offences::default();
        uniform::check(&folder, &mut of_folder);
        of_folder.except(question.number);
        found.append(of_folder);
    }
    if args.questions.is_empty() {
        let folder =
            Folder::of_template(workspace.root.join("target/verify/questions/00-template"))?;
        uniform::check(&folder, &mut found);
    }
    lists::check_names(workspace, &mut found)?;
    lists::check_generated(workspace, &mut found)?;
    lists::check_rust_version(workspace, &mut found)?;
    lists::check_contents(workspace, &mut found)?;
    for offence in found.iter() {
        print!("{}", offence.render());
    }
    println!("{} offences", found.len());
    Ok(ExitCode::from(u8::from(found.len() > 0)))
}
