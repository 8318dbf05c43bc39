//! What a file uses, packed for the database: each text once, everything else in small numbers.
//!
//! Kept so that names can be resolved again without reading the file: when another file gains the
//! function that this one calls.

use std::collections::HashMap;

use mira_syntax::{
    Binding, FileFacts, Given, Import, ImportKind, ImportedName, Reference, ReferenceKind,
};

#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Uses {
    pub package: Option<String>,
    pub references: Vec<Reference>,
    pub imports: Vec<Import>,
    pub bindings: Vec<Binding>,
}

impl Uses {
    pub fn take(facts: &mut FileFacts) -> Self {
        Self {
            package: facts.package.clone(),
            references: std::mem::take(&mut facts.references),
            imports: std::mem::take(&mut facts.imports),
            bindings: std::mem::take(&mut facts.bindings),
        }
    }

    pub fn pack(&self) -> Vec<u8> {
        let mut packer = Packer::default();
        packer.optional(self.package.as_deref());
        packer.number(self.references.len());
        let mut line = 0;
        for one in &self.references {
            packer.number(position(&ReferenceKind::ALL, one.kind));
            packer.text(&one.name);
            packer.optional(one.receiver.as_deref());
            packer.number(one.arguments.map_or(0, |count| count as usize + 1));
            packer.signed(one.line as i64 - line);
            line = one.line as i64;
            packer.index(one.within);
        }
        packer.number(self.imports.len());
        for one in &self.imports {
            packer.import(one);
        }
        packer.number(self.bindings.len());
        for one in &self.bindings {
            packer.text(&one.name);
            packer.optional(one.type_text.as_deref());
            packer.optional(one.call.as_deref());
            packer.optional(one.value.as_deref());
            packer.given(one.given);
            packer.number(one.until.map_or(0, |until| until + 1) << 1 | usize::from(one.is_each));
            packer.number(one.line);
            packer.index(one.within);
        }
        packer.finish()
    }

    /// None: not what [`Uses::pack`] made.
    pub fn unpack(bytes: &[u8]) -> Option<Self> {
        let mut reader = Unpacker {
            bytes,
            texts: Vec::new(),
        };
        let texts = reader.number()?;
        for _ in 0..texts {
            let length = reader.number()?;
            let (text, rest) = reader.bytes.split_at_checked(length)?;
            reader.bytes = rest;
            reader.texts.push(std::str::from_utf8(text).ok()?);
        }
        let package = reader.optional()?.map(str::to_owned);
        let mut line = 0;
        let references = reader.list(|reader| {
            let kind = *ReferenceKind::ALL.get(reader.number()?)?;
            let name = reader.text()?.to_owned();
            let receiver = reader.optional()?.map(str::to_owned);
            let arguments = reader.number()?.checked_sub(1).map(|count| count as u32);
            line += reader.signed()?;
            Some(Reference {
                kind,
                name,
                receiver,
                arguments,
                line: usize::try_from(line).ok()?,
                byte: 0,
                within: reader.index()?,
            })
        })?;
        let imports = reader.list(Unpacker::import)?;
        let bindings = reader.list(|reader| {
            let (name, type_text) = (reader.text()?.to_owned(), reader.optional()?);
            let (call, value) = (reader.optional()?, reader.optional()?);
            let (given, counts) = (reader.given()?, reader.number()?);
            Some(Binding {
                name,
                type_text: type_text.map(str::to_owned),
                call: call.map(str::to_owned),
                value: value.map(str::to_owned),
                is_each: counts & 1 == 1,
                given,
                until: (counts >> 1).checked_sub(1),
                line: reader.number()?,
                within: reader.index()?,
            })
        })?;
        Some(Self {
            package,
            references,
            imports,
            bindings,
        })
    }
}

const IMPORT_KINDS: [ImportKind; 5] = [
    ImportKind::Module,
    ImportKind::Submodule,
    ImportKind::File,
    ImportKind::System,
    ImportKind::Dynamic,
];

pub(crate) fn import_word(kind: ImportKind) -> &'static str {
    match kind {
        ImportKind::Module => "module",
        ImportKind::Submodule => "submodule",
        ImportKind::File => "file",
        ImportKind::System => "system",
        ImportKind::Dynamic => "dynamic",
    }
}

fn position<T: PartialEq>(all: &[T], one: T) -> usize {
    all.iter().position(|other| *other == one).unwrap_or(0)
}

#[derive(Default)]
struct Packer<'t> {
    texts: HashMap<&'t str, usize>,
    order: Vec<&'t str>,
    body: Vec<u8>,
}

impl<'t> Packer<'t> {
    fn number(&mut self, value: usize) {
        push_number(&mut self.body, value as u64);
    }

    fn signed(&mut self, value: i64) {
        push_number(&mut self.body, ((value << 1) ^ (value >> 63)) as u64);
    }

    fn index(&mut self, index: Option<usize>) {
        self.number(index.map_or(0, |index| index + 1));
    }

    fn place(&mut self, text: &'t str) -> usize {
        let next = self.order.len();
        let order = &mut self.order;
        *self.texts.entry(text).or_insert_with(|| {
            order.push(text);
            next
        })
    }

    fn text(&mut self, text: &'t str) {
        let place = self.place(text);
        self.number(place);
    }

    fn optional(&mut self, text: Option<&'t str>) {
        let place = text.map(|text| self.place(text));
        self.index(place);
    }

    fn import(&mut self, one: &'t Import) {
        self.text(&one.module);
        self.number(one.names.len());
        for name in &one.names {
            self.text(&name.name);
            self.optional(name.alias.as_deref());
        }
        self.optional(one.alias.as_deref());
        self.number(position(&IMPORT_KINDS, one.kind));
        self.number(usize::from(one.is_wildcard) | usize::from(one.is_reexport) << 1);
        self.number(one.line);
        self.index(one.within);
    }

    fn given(&mut self, given: Option<Given>) {
        self.number(given.map_or(0, |given| given.of + 1));
        if let Some(given) = given {
            self.number(given.argument);
            self.number(given.parameter);
        }
    }

    fn finish(self) -> Vec<u8> {
        let mut out = Vec::with_capacity(self.body.len() * 2);
        push_number(&mut out, self.order.len() as u64);
        for text in self.order {
            push_number(&mut out, text.len() as u64);
            out.extend_from_slice(text.as_bytes());
        }
        out.extend_from_slice(&self.body);
        out
    }
}

fn push_number(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

struct Unpacker<'b> {
    bytes: &'b [u8],
    texts: Vec<&'b str>,
}

impl<'b> Unpacker<'b> {
    fn unsigned(&mut self) -> Option<u64> {
        let mut value = 0;
        for shift in (0..64).step_by(7) {
            let (&byte, rest) = self.bytes.split_first()?;
            self.bytes = rest;
            value |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Some(value);
            }
        }
        None
    }

    fn number(&mut self) -> Option<usize> {
        usize::try_from(self.unsigned()?).ok()
    }

    fn signed(&mut self) -> Option<i64> {
        let value = self.unsigned()?;
        Some((value >> 1) as i64 ^ -((value & 1) as i64))
    }

    fn index(&mut self) -> Option<Option<usize>> {
        Some(self.number()?.checked_sub(1))
    }

    fn text(&mut self) -> Option<&'b str> {
        let place = self.number()?;
        self.texts.get(place).copied()
    }

    fn optional(&mut self) -> Option<Option<&'b str>> {
        match self.index()? {
            None => Some(None),
            Some(place) => Some(Some(self.texts.get(place).copied()?)),
        }
    }

    fn list<T>(&mut self, mut one: impl FnMut(&mut Self) -> Option<T>) -> Option<Vec<T>> {
        let count = self.number()?;
        let mut list = Vec::with_capacity(count.min(self.bytes.len()));
        for _ in 0..count {
            list.push(one(self)?);
        }
        Some(list)
    }

    fn given(&mut self) -> Option<Option<Given>> {
        let Some(of) = self.number()?.checked_sub(1) else {
            return Some(None);
        };
        Some(Some(Given {
            of,
            argument: self.number()?,
            parameter: self.number()?,
        }))
    }

    fn import(&mut self) -> Option<Import> {
        let module = self.text()?.to_owned();
        let names = self.list(|reader| {
            Some(ImportedName {
                name: reader.text()?.to_owned(),
                alias: reader.optional()?.map(str::to_owned),
            })
        })?;
        let alias = self.optional()?.map(str::to_owned);
        let kind = *IMPORT_KINDS.get(self.number()?)?;
        let bits = self.number()?;
        Some(Import {
            module,
            names,
            alias,
            kind,
            is_wildcard: bits & 1 != 0,
            is_reexport: bits & 2 != 0,
            line: self.number()?,
            within: self.index()?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn uses() -> Uses {
        Uses {
            package: Some("shop".into()),
            references: vec![
                Reference {
                    kind: ReferenceKind::Call,
                    name: "push".into(),
                    receiver: Some("self.items".into()),
                    arguments: Some(1),
                    line: 300,
                    byte: 0,
                    within: Some(2),
                },
                Reference {
                    kind: ReferenceKind::Read,
                    name: "push".into(),
                    receiver: None,
                    arguments: None,
                    line: 12,
                    byte: 0,
                    within: None,
                },
            ],
            imports: vec![Import {
                module: "std::fs".into(),
                names: vec![ImportedName {
                    name: "push".into(),
                    alias: Some("p".into()),
                }],
                is_reexport: true,
                line: 1,
                ..Import::default()
            }],
            bindings: vec![
                Binding {
                    name: "cart".into(),
                    call: Some("Cart::open".into()),
                    line: 9,
                    within: Some(0),
                    ..Binding::default()
                },
                Binding {
                    name: "one".into(),
                    value: Some("self.items".into()),
                    is_each: true,
                    line: 9,
                    ..Binding::default()
                },
                Binding {
                    name: "item".into(),
                    call: Some("items.fold".into()),
                    given: Some(Given {
                        argument: 1,
                        parameter: 1,
                        of: 2,
                    }),
                    until: Some(12),
                    line: 10,
                    ..Binding::default()
                },
            ],
        }
    }

    #[test]
    fn what_is_packed_comes_back() {
        assert_eq!(Uses::unpack(&uses().pack()), Some(uses()));
        assert_eq!(Uses::unpack(&Uses::default().pack()), Some(Uses::default()));
    }

    #[test]
    fn no_part_of_it_is_taken_for_the_whole() {
        let packed = uses().pack();
        for length in 0..packed.len() {
            assert_eq!(Uses::unpack(&packed[..length]), None, "{length} bytes");
        }
        assert_eq!(Uses::unpack(&[0xff; 64]), None);
    }
}
