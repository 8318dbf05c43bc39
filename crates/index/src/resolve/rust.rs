//! Paths of Rust, from module to module.

use super::ground::Thing;
use super::names::Names;
use crate::symbols::SymbolFile;

impl Names<'_> {
    /// A path of Rust, from a file: `crate::a::B`, `super::c`, `other_crate::d`.
    pub fn rust_path(&self, file: &SymbolFile, path: &str, depth: usize) -> Vec<Thing> {
        if depth == 0 {
            return Vec::new();
        }
        let mut parts = path
            .split("::")
            .map(str::trim)
            .filter(|part| !part.is_empty())
            .peekable();
        let (base, mut place) = self.ground.rust_place(&file.path);
        let file_at = |place: &[&str]| {
            let found = self.ground.rust_file(&base, place);
            found.map(Thing::File).into_iter().collect::<Vec<_>>()
        };
        let first = parts.next().unwrap_or_default();
        let mut things = match first {
            "crate" | "$crate" => file_at(&[]),
            "self" => vec![Thing::File(file.id)],
            "super" => {
                place.pop();
                while parts.next_if_eq(&"super").is_some() {
                    place.pop();
                }
                let above = file_at(&place);
                // Inside of an inline module `super` is the file itself.
                if above.is_empty() {
                    vec![Thing::File(file.id)]
                } else {
                    above
                }
            }
            name => {
                let own = self.own(file, name);
                if own.is_empty() {
                    self.rust_first(file, name)
                } else {
                    own
                }
            }
        };
        for part in parts {
            let mut next = Vec::new();
            for thing in &things {
                next.extend(self.member(*thing, part, depth - 1).iter());
            }
            if next.is_empty() && first == "super" {
                next = self.member(Thing::File(file.id), part, depth - 1).to_vec();
            }
            things = next;
        }
        things
    }

    /// A name that begins a path: a submodule, or a crate of the workspace.
    pub(super) fn rust_first(&self, file: &SymbolFile, name: &str) -> Vec<Thing> {
        let child = self.ground.rust_child(file, name);
        let found = child.or_else(|| {
            let base = self.ground.crate_root(name)?;
            self.ground.rust_file(&base, &[])
        });
        found.map(Thing::File).into_iter().collect()
    }
}
