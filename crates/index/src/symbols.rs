//! All elements in memory: look-ups by name, and the ground that names are resolved on.
//!
//! Loaded from the database when first needed, then kept up to date by every commit. About 200
//! bytes an element.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::{PoisonError, RwLockReadGuard, RwLockWriteGuard};

use mira_syntax::{Kind, Visibility};
use sqlx::Row as _;
use sqlx::sqlite::SqliteConnection;

use crate::model::flag;
use crate::tokens::letters_of;
use crate::uses::Uses;
use crate::write::{Writer, Written};
use crate::{Index, Shared};

/// An element, as much of it as resolution needs.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Symbol {
    pub id: i64,
    pub file: i64,
    pub parent: Option<i64>,
    pub kind: Kind,
    pub name: Box<str>,
    pub qualified: Box<str>,
    /// The name of what it is declared in, or of its receiver's type.
    pub owner: Option<Box<str>>,
    pub type_text: Option<Box<str>>,
    pub visibility: Visibility,
    pub is_test: bool,
    pub start_line: u32,
    pub end_line: u32,
    /// What it extends or implements, as written.
    pub bases: Box<[Box<str>]>,
}

/// A file, as much of it as resolution needs.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct SymbolFile {
    pub id: i64,
    pub path: Box<str>,
    pub language: Option<Box<str>>,
    pub package: Option<Box<str>>,
    pub is_test: bool,
    /// In the order of the file.
    pub elements: Box<[i64]>,
    /// Every name that stands in its references, imports and bindings.
    pub mentions: Box<[Box<str>]>,
    pub imports: Box<[mira_syntax::Import]>,
    /// What other files can reach: fields that are set in bodies (`self.cart = Cart()`), and
    /// variables at the top (`cart = Cart()`).
    pub fields: Box<[mira_syntax::Binding]>,
}

/// Everything, by id, name and path.
#[derive(Default)]
pub(crate) struct Symbols {
    pub elements: HashMap<i64, Symbol>,
    pub files: HashMap<i64, SymbolFile>,
    pub by_name: HashMap<Box<str>, Vec<i64>>,
    /// Names by their letters alone.
    by_letters: HashMap<Box<str>, Vec<Box<str>>>,
    pub by_path: HashMap<Box<str>, i64>,
    /// Files that mention a name.
    mentioned: HashMap<Box<str>, HashSet<i64>>,
    /// Elements by the name of their owner.
    pub by_owner: HashMap<Box<str>, Vec<i64>>,
    /// Elements by the id of their parent.
    pub members: HashMap<i64, Vec<i64>>,
}

/// Which files have to be resolved again.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) enum Touched {
    #[default]
    Nothing,
    Files(HashSet<i64>),
    /// What changed reaches further than names tell.
    All,
}

impl Index {
    pub(crate) fn symbols(&self) -> RwLockReadGuard<'_, Symbols> {
        self.shared.symbols()
    }

    /// Loads the symbols where they are not loaded, or another program changed the database.
    pub(crate) async fn load_symbols(&self, writer: &mut Writer) -> Result<(), sqlx::Error> {
        let version: i64 = sqlx::query_scalar("PRAGMA data_version")
            .fetch_one(&mut writer.connection)
            .await?;
        if writer.symbols_of == Some(version) {
            return Ok(());
        }
        let symbols = Symbols::load(&mut writer.connection).await?;
        *self.shared.symbols_mut() = symbols;
        writer.symbols_of = Some(version);
        Ok(())
    }
}

impl Shared {
    pub(crate) fn symbols(&self) -> RwLockReadGuard<'_, Symbols> {
        self.symbols.read().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn symbols_mut(&self) -> RwLockWriteGuard<'_, Symbols> {
        self.symbols.write().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Symbols {
    /// Everything of the database.
    pub async fn load(connection: &mut SqliteConnection) -> Result<Self, sqlx::Error> {
        let mut symbols = Self::default();
        let mut uses = HashMap::new();
        for row in sqlx::query("SELECT file_id, packed FROM file_references")
            .fetch_all(&mut *connection)
            .await?
        {
            let packed: &[u8] = row.try_get(1)?;
            uses.insert(
                row.try_get::<i64, _>(0)?,
                Uses::unpack(packed).unwrap_or_default(),
            );
        }
        let mut elements: HashMap<i64, Vec<Symbol>> = HashMap::new();
        let rows = sqlx::query(
            "SELECT id, file_id, parent_id, kind, name, qualified_name, type_text, visibility,
               flags, start_line, end_line FROM elements ORDER BY file_id, place",
        )
        .fetch_all(&mut *connection)
        .await?;
        for row in &rows {
            let file: i64 = row.try_get(1)?;
            elements
                .entry(file)
                .or_default()
                .push(symbol_of(row, file)?);
        }
        for (file, elements) in &mut elements {
            if let Some(uses) = uses.get(file) {
                set_bases(elements, uses);
            }
        }
        let rows = sqlx::query("SELECT id, path, language, package, roles FROM files")
            .fetch_all(&mut *connection)
            .await?;
        for row in &rows {
            let id: i64 = row.try_get(0)?;
            let roles: i64 = row.try_get(4)?;
            let file = SymbolFile {
                id,
                path: row.try_get::<&str, _>(1)?.into(),
                language: row.try_get::<Option<&str>, _>(2)?.map(Into::into),
                package: row.try_get::<Option<&str>, _>(3)?.map(Into::into),
                is_test: roles & 1 != 0,
                elements: Box::default(),
                mentions: Box::default(),
                imports: Box::default(),
                fields: Box::default(),
            };
            let uses = uses.remove(&id).unwrap_or_default();
            symbols.put(file, elements.remove(&id).unwrap_or_default(), &uses);
        }
        Ok(symbols)
    }

    /// Takes over what a commit changed; tells whose references may now mean something else.
    pub fn apply(&mut self, written: &[Written], gone: &[i64]) -> Touched {
        let mut change = Change::default();
        for id in gone {
            self.remove(*id, &mut change);
        }
        for one in written {
            self.remove(one.file_id, &mut change);
            let (file, elements) = of_written(one);
            for symbol in &elements {
                change.appears(symbol);
            }
            change.file_appears(&file, &one.read.uses);
            self.put(file, elements, &one.read.uses);
            change.files.insert(one.file_id);
        }
        self.touched(change)
    }

    fn touched(&self, change: Change) -> Touched {
        if change.is_structural() {
            return Touched::All;
        }
        let mut files = change.files.clone();
        for name in change.names() {
            files.extend(self.mentioned.get(name).into_iter().flatten());
        }
        files.retain(|file| self.files.contains_key(file));
        match files.is_empty() {
            true => Touched::Nothing,
            false => Touched::Files(files),
        }
    }

    fn put(&mut self, mut file: SymbolFile, elements: Vec<Symbol>, uses: &Uses) {
        let mentions = mentions(uses);
        for name in &mentions {
            match self.mentioned.get_mut(name) {
                Some(files) => {
                    files.insert(file.id);
                }
                None => {
                    self.mentioned
                        .insert(name.clone(), HashSet::from([file.id]));
                }
            }
        }
        file.mentions = mentions.into_iter().collect();
        file.elements = elements.iter().map(|symbol| symbol.id).collect();
        file.imports = uses.imports.clone().into();
        file.fields = fields(uses);
        for symbol in elements {
            if let Some(owner) = &symbol.owner {
                match self.by_owner.get_mut(owner) {
                    Some(ids) => ids.push(symbol.id),
                    None => {
                        self.by_owner.insert(owner.clone(), vec![symbol.id]);
                    }
                }
            }
            if let Some(parent) = symbol.parent {
                self.members.entry(parent).or_default().push(symbol.id);
            }
            match self.by_name.get_mut(&symbol.name) {
                Some(ids) => ids.push(symbol.id),
                None => {
                    let letters = letters_of(&symbol.name).into();
                    let alike = self.by_letters.entry(letters).or_default();
                    alike.push(symbol.name.clone());
                    self.by_name.insert(symbol.name.clone(), vec![symbol.id]);
                }
            }
            self.elements.insert(symbol.id, symbol);
        }
        self.by_path.insert(file.path.clone(), file.id);
        self.files.insert(file.id, file);
    }

    fn remove(&mut self, id: i64, change: &mut Change) {
        let Some(file) = self.files.remove(&id) else {
            return;
        };
        self.by_path.remove(&file.path);
        for name in &file.mentions {
            if let Some(files) = self.mentioned.get_mut(name) {
                files.remove(&id);
                if files.is_empty() {
                    self.mentioned.remove(name);
                }
            }
        }
        for element in &file.elements {
            let Some(symbol) = self.elements.remove(element) else {
                continue;
            };
            take_out(&mut self.by_name, &symbol.name, *element);
            if !self.by_name.contains_key(&symbol.name) {
                self.forget_letters(&symbol.name);
            }
            if let Some(owner) = &symbol.owner {
                take_out(&mut self.by_owner, owner, *element);
            }
            self.members.remove(element);
            change.disappears(&symbol);
        }
        change.file_disappears(&file);
    }

    fn forget_letters(&mut self, name: &str) {
        let letters = letters_of(name);
        if let Some(names) = self.by_letters.get_mut(letters.as_str()) {
            names.retain(|one| **one != *name);
            if names.is_empty() {
                self.by_letters.remove(letters.as_str());
            }
        }
    }

    /// Elements whose names have these letters, whatever their case and joints; in no order.
    pub fn with_letters(&self, letters: &str) -> Vec<i64> {
        let names = self.by_letters.get(letters).into_iter().flatten();
        let ids = names.filter_map(|name| self.by_name.get(name));
        ids.flatten().copied().collect()
    }

    /// Elements among the letters of whose names are these, one after the other; in no order.
    pub fn whose_letters_contain(&self, letters: &str) -> Vec<i64> {
        let alike = self.by_letters.iter();
        let alike = alike.filter(|(of, _)| of.contains(letters));
        let ids = alike
            .flat_map(|(_, names)| names)
            .filter_map(|name| self.by_name.get(name));
        ids.flatten().copied().collect()
    }

    /// The path of a symbol's file.
    pub fn path_of(&self, symbol: &Symbol) -> &str {
        self.files.get(&symbol.file).map_or("", |file| &file.path)
    }
}

fn symbol_of(row: &sqlx::sqlite::SqliteRow, file: i64) -> Result<Symbol, sqlx::Error> {
    let flags: i64 = row.try_get(8)?;
    Ok(Symbol {
        id: row.try_get(0)?,
        file,
        parent: row.try_get(2)?,
        kind: Kind::from_word(row.try_get(3)?).unwrap_or(Kind::Variable),
        name: row.try_get::<&str, _>(4)?.into(),
        qualified: row.try_get::<&str, _>(5)?.into(),
        owner: owner_of(row.try_get(5)?, row.try_get(4)?),
        type_text: row.try_get::<Option<&str>, _>(6)?.map(Into::into),
        visibility: Visibility::from_word(row.try_get(7)?).unwrap_or(Visibility::Private),
        is_test: flags & flag::TEST != 0,
        start_line: row.try_get(9)?,
        end_line: row.try_get(10)?,
        bases: Box::default(),
    })
}

fn of_written(one: &Written) -> (SymbolFile, Vec<Symbol>) {
    let read = &one.read;
    let file = SymbolFile {
        id: one.file_id,
        path: read.path.as_str().into(),
        language: read.language.as_deref().map(Into::into),
        package: read.uses.package.as_deref().map(Into::into),
        is_test: read.roles.is_test,
        elements: Box::default(),
        mentions: Box::default(),
        imports: Box::default(),
        fields: fields(&read.uses),
    };
    let elements = read
        .elements
        .iter()
        .zip(&one.element_ids)
        .map(|(element, id)| Symbol {
            id: *id,
            file: one.file_id,
            parent: element
                .parent
                .and_then(|parent| one.element_ids.get(parent).copied()),
            kind: element.kind,
            name: element.name.as_str().into(),
            qualified: element.qualified_name.as_str().into(),
            owner: owner_of(&element.qualified_name, &element.name),
            type_text: element.type_text.as_deref().map(Into::into),
            visibility: element.visibility,
            is_test: element.is_test,
            start_line: element.start_line as u32,
            end_line: element.end_line as u32,
            bases: Box::default(),
        });
    let mut elements: Vec<Symbol> = elements.collect();
    set_bases(&mut elements, &read.uses);
    (file, elements)
}

fn fields(uses: &Uses) -> Box<[mira_syntax::Binding]> {
    let is_reached = |one: &&mira_syntax::Binding| {
        one.name.contains('.') || one.within.is_none() && one.given.is_none()
    };
    uses.bindings.iter().filter(is_reached).cloned().collect()
}

fn take_out(map: &mut HashMap<Box<str>, Vec<i64>>, name: &str, id: i64) {
    if let Some(ids) = map.get_mut(name) {
        ids.retain(|one| *one != id);
        if ids.is_empty() {
            map.remove(name);
        }
    }
}

/// `Shop.Cart.add` → `Cart`.
fn owner_of(qualified: &str, name: &str) -> Option<Box<str>> {
    const BETWEEN: [char; 5] = ['.', ':', '#', '\\', '/'];
    let before = qualified.strip_suffix(name)?;
    let before = before.trim_end_matches(BETWEEN);
    let owner = before.rsplit(BETWEEN).next().unwrap_or(before);
    (!owner.is_empty()).then(|| owner.into())
}

/// Notes on each element what it extends.
fn set_bases(elements: &mut [Symbol], uses: &Uses) {
    let mut bases: HashMap<usize, Vec<Box<str>>> = HashMap::new();
    for one in &uses.references {
        if let (mira_syntax::ReferenceKind::Extends, Some(within)) = (one.kind, one.within) {
            bases
                .entry(within)
                .or_default()
                .push(one.name.as_str().into());
        }
    }
    for (index, bases) in bases {
        if let Some(symbol) = elements.get_mut(index) {
            symbol.bases = bases.into();
        }
    }
}

/// Every name whose meaning the file depends on: words of references, receivers, types, imports.
fn mentions(uses: &Uses) -> HashSet<Box<str>> {
    let mut names = HashSet::new();
    let mut add = |text: &str| {
        for word in text.split(|c: char| !(c.is_alphanumeric() || c == '_' || c == '$')) {
            if !word.is_empty() && !names.contains(word) {
                names.insert(Box::from(word));
            }
        }
    };
    for one in &uses.references {
        add(&one.name);
        add(one.receiver.as_deref().unwrap_or_default());
    }
    for one in &uses.bindings {
        add(one.type_text.as_deref().unwrap_or_default());
        add(one.call.as_deref().unwrap_or_default());
        add(one.value.as_deref().unwrap_or_default());
    }
    for one in &uses.imports {
        add(&one.module);
        for name in &one.names {
            add(&name.name);
        }
        // A module named by where it lies: its file may come or go under these names.
        for stem in FOLDER_FILES {
            add(stem);
        }
    }
    names
}

/// Files that stand for their folder.
pub(crate) const FOLDER_FILES: &[&str] = &["index", "mod", "__init__", "lib", "main"];

/// What was there before and what is there now, to tell what is different.
#[derive(Default)]
struct Change {
    files: HashSet<i64>,
    /// Each thing that a name can mean, by its hash, with how often it came (+) and went (-).
    meanings: HashMap<(Box<str>, u64), i64>,
    /// The same for what reaches further than its name.
    structure: HashMap<u64, i64>,
}

/// Of all that makes a thing what it is.
fn hash_of(thing: impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    thing.hash(&mut hasher);
    hasher.finish()
}

impl Change {
    fn appears(&mut self, symbol: &Symbol) {
        self.count(symbol, 1);
    }

    fn disappears(&mut self, symbol: &Symbol) {
        self.count(symbol, -1);
    }

    fn count(&mut self, symbol: &Symbol, by: i64) {
        let meaning = hash_of((
            symbol.id,
            &symbol.qualified,
            symbol.kind,
            &symbol.type_text,
            symbol.visibility,
            symbol.parent,
        ));
        if !symbol.bases.is_empty() {
            // Who inherits does not mention it.
            let key = hash_of((symbol.file, &symbol.qualified, &symbol.bases));
            *self.structure.entry(key).or_default() += by;
        }
        *self
            .meanings
            .entry((symbol.name.clone(), meaning))
            .or_default() += by;
    }

    fn file_appears(&mut self, file: &SymbolFile, uses: &Uses) {
        self.count_file(file, &uses.imports, 1);
    }

    fn file_disappears(&mut self, file: &SymbolFile) {
        self.count_file(file, &file.imports, -1);
    }

    fn count_file(&mut self, file: &SymbolFile, imports: &[mira_syntax::Import], by: i64) {
        let (folders, name) = file.path.rsplit_once('/').unwrap_or(("", &file.path));
        let stem = name.split('.').next().unwrap_or(name);
        let folder = folders.rsplit('/').next().unwrap_or(folders);
        let meaning = hash_of((&file.path, &file.package));
        let package = file.package.as_deref().unwrap_or_default();
        let last = package
            .rsplit(['.', '\\', ':', '/'])
            .next()
            .unwrap_or(package);
        for name in [stem, folder, last] {
            *self.meanings.entry((name.into(), meaning)).or_default() += by;
        }
        // Which comes before which counts, and not how many lines are between them.
        let lines: BTreeSet<usize> = file.fields.iter().map(|field| field.line).collect();
        let place: HashMap<usize, usize> = lines.into_iter().zip(0..).collect();
        for field in file.fields.iter() {
            let name = field.name.rsplit('.').next().unwrap_or_default();
            let made = (
                &field.type_text,
                &field.call,
                place.get(&field.line),
                field.within,
            );
            let meaning = hash_of((&file.path, &field.name, made));
            *self.meanings.entry((name.into(), meaning)).or_default() += by;
        }
        for import in imports {
            // What is brought in can be given on, under each of its names.
            for name in &import.names {
                let key = (
                    name.alias.as_ref().unwrap_or(&name.name).as_str().into(),
                    hash_of((&file.path, &import.module, &name.name)),
                );
                *self.meanings.entry(key).or_default() += by;
            }
            if import.is_wildcard && (import.is_reexport || file.path.ends_with(".py")) {
                let key = hash_of((&file.path, '*', &import.module));
                *self.structure.entry(key).or_default() += by;
            }
        }
    }

    fn names(&self) -> HashSet<&str> {
        let changed = self.meanings.iter().filter(|(_, times)| **times != 0);
        changed.map(|((name, _), _)| &**name).collect()
    }

    fn is_structural(&self) -> bool {
        self.structure.values().any(|times| *times != 0)
    }
}
