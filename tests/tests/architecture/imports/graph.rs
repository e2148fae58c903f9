//! Which file of a crate imports which: module files found from the crate's root, and every path resolved to the file
//! that defines the item, through all `pub use` on the way.
//!
//! It reads text, not types: items that a macro makes count as defined where the path names them, and a method that is
//! called without an import of its type is not seen.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use super::scan::{Declared, Import, scan};

/// Re-exports are followed this far, so that two that name each other end.
const HOPS_MAX: usize = 24;

/// A module's path below the crate.
type ModulePath = Vec<String>;

#[derive(Debug)]
struct Module {
    file: PathBuf,
    items: BTreeSet<String>,
    imports: Vec<Import>,
    paths: Vec<Vec<String>>,
}

/// The files of a crate and the imports between them.
#[derive(Debug, Default)]
pub struct Graph {
    /// `(from, to)` and the names that `from` takes of `to`.
    pub arrows: BTreeMap<(PathBuf, PathBuf), BTreeSet<String>>,
    modules: BTreeMap<ModulePath, Module>,
    /// Macros by name: their text is visible without a path.
    macros: BTreeMap<String, PathBuf>,
}

#[derive(Debug, Clone, PartialEq)]
enum Found {
    Module(ModulePath),
    Item(PathBuf),
}

impl Graph {
    /// Reads the crate whose root is this file, `lib.rs` or a program's.
    pub fn of_crate(root: &Path) -> Self {
        let mut graph = Self::default();
        let folder = root.parent().unwrap_or(root).to_owned();
        graph.read(root, Vec::new(), &folder);
        graph.connect();
        graph
    }

    /// Reads a module's file. Its children's files are in `folder`.
    fn read(&mut self, file: &Path, at: ModulePath, folder: &Path) {
        let Ok(source) = fs::read_to_string(file) else { return };
        for scope in scan(&source) {
            let module: ModulePath = at.iter().chain(&scope.inside).cloned().collect();
            let below = scope.inside.iter().fold(folder.to_owned(), |folder, name| folder.join(name));
            for declared in scope.modules.iter().filter(|declared| !declared.is_inline) {
                let mut child = module.clone();
                child.push(declared.name.clone());
                if let Some(found) = child_file(file, &below, declared) {
                    let is_mod_rs = found.file_name().is_some_and(|name| name == "mod.rs");
                    let parent = found.parent().unwrap_or(&below);
                    let folder = if is_mod_rs { parent.to_owned() } else { parent.join(&declared.name) };
                    self.read(&found, child, &folder);
                }
            }
            self.macros.extend(scope.macros.into_iter().map(|name| (name, file.to_owned())));
            let items = scope.items.into_iter().collect();
            let module_of =
                Module { file: file.to_owned(), items, imports: scope.imports, paths: scope.paths };
            self.modules.insert(module, module_of);
        }
    }

    fn connect(&mut self) {
        let mut arrows: BTreeMap<(PathBuf, PathBuf), BTreeSet<String>> = BTreeMap::new();
        for (at, module) in &self.modules {
            let mut connect = |path: &[String]| {
                if let Some(Found::Item(file)) = self.resolve(at, path, 0)
                    && file != module.file
                {
                    let name = path.last().cloned().unwrap_or_default();
                    arrows.entry((module.file.clone(), file)).or_default().insert(name);
                }
            };
            for import in &module.imports {
                if import.name.is_empty() {
                    self.star(at, &import.path, &module.file, &mut connect);
                } else {
                    connect(&import.path);
                }
            }
            module.paths.iter().for_each(|path| connect(path));
        }
        self.arrows = arrows;
    }

    /// A star takes everything that is public there, re-exports too.
    fn star(&self, at: &ModulePath, path: &[String], from: &Path, connect: &mut impl FnMut(&[String])) {
        let Some(Found::Module(target)) = self.resolve(at, path, 0) else { return };
        let Some(module) = self.modules.get(&target) else { return };
        let mut names: BTreeSet<&str> = module.items.iter().map(String::as_str).collect();
        names.extend(module.imports.iter().filter(|i| i.is_re_export).map(|i| i.name.as_str()));
        for name in names.into_iter().filter(|name| !name.is_empty()) {
            if module.file != from {
                let full: Vec<String> = path.iter().cloned().chain([name.to_owned()]).collect();
                connect(&full);
            }
        }
    }

    /// Where a path leads that is written in a module.
    fn resolve(&self, at: &ModulePath, path: &[String], hops: usize) -> Option<Found> {
        if hops > HOPS_MAX {
            return None;
        }
        let (first, rest) = path.split_first()?;
        let start = match first.as_str() {
            "crate" => Found::Module(Vec::new()),
            "self" => Found::Module(at.clone()),
            "super" => Found::Module(at.split_last()?.1.to_vec()),
            name => self.named(at, name, hops, true)?,
        };
        rest.iter().try_fold(start, |found, name| match found {
            Found::Item(file) => Some(Found::Item(file)),
            Found::Module(module) if name == "super" => Some(Found::Module(module.split_last()?.1.to_vec())),
            Found::Module(module) => self.named(&module, name, hops, false),
        })
    }

    /// What a name stands for in a module. A path that begins with an unknown name leads out of the crate; an unknown
    /// name after it was made by a macro.
    fn named(&self, at: &ModulePath, name: &str, hops: usize, is_first: bool) -> Option<Found> {
        let module = self.modules.get(at)?;
        let child: ModulePath = at.iter().cloned().chain([name.to_owned()]).collect();
        if self.modules.contains_key(&child) {
            return Some(Found::Module(child));
        }
        if module.items.contains(name) {
            return Some(Found::Item(module.file.clone()));
        }
        if let Some(import) =
            module.imports.iter().find(|import| import.name == name && import.path != [name])
        {
            return self.resolve(at, &import.path, hops + 1);
        }
        for import in module.imports.iter().filter(|import| import.name.is_empty()) {
            if let Some(Found::Module(target)) = self.resolve(at, &import.path, hops + 1)
                && target != *at
                && let Some(found @ Found::Item(_)) = self.known(&target, name, hops + 1)
            {
                return Some(found);
            }
        }
        if is_first {
            return None;
        }
        let file = self.macros.get(name).unwrap_or(&module.file);
        Some(Found::Item(file.clone()))
    }

    /// The same as [`Self::named`], without a guess.
    fn known(&self, at: &ModulePath, name: &str, hops: usize) -> Option<Found> {
        if hops > HOPS_MAX { None } else { self.named(at, name, hops, true) }
    }

    /// The imports between files that import each other, directly or through others; none if there is no circle.
    pub fn circles(&self) -> Vec<String> {
        let mut next: BTreeMap<&Path, BTreeSet<&Path>> = BTreeMap::new();
        for (from, to) in self.arrows.keys() {
            next.entry(from).or_default().insert(to);
        }
        let reached: BTreeMap<&Path, BTreeSet<&Path>> =
            next.keys().map(|file| (*file, reachable(&next, file))).collect();
        let are_mutual = |one: &Path, other: &Path| {
            reached.get(one).is_some_and(|files| files.contains(other))
                && reached.get(other).is_some_and(|files| files.contains(one))
        };
        self.arrows
            .iter()
            .filter(|((from, to), _)| are_mutual(from, to))
            .map(|((from, to), names)| {
                let names: Vec<&str> = names.iter().map(String::as_str).collect();
                format!("{} -> {}: {}", from.display(), to.display(), names.join(", "))
            })
            .collect()
    }
}

fn reachable<'a>(next: &BTreeMap<&'a Path, BTreeSet<&'a Path>>, from: &Path) -> BTreeSet<&'a Path> {
    let mut reached = BTreeSet::new();
    let mut open: Vec<&Path> = next.get(from).into_iter().flatten().copied().collect();
    while let Some(file) = open.pop() {
        if reached.insert(file) {
            open.extend(next.get(file).into_iter().flatten());
        }
    }
    reached
}

fn child_file(file: &Path, folder: &Path, declared: &Declared) -> Option<PathBuf> {
    if let Some(path) = &declared.path {
        return Some(file.parent()?.join(path));
    }
    let candidates =
        [folder.join(format!("{}.rs", declared.name)), folder.join(&declared.name).join("mod.rs")];
    candidates.into_iter().find(|candidate| candidate.is_file())
}
