//! The bindings of a file, by where they stand and what they name.

use std::cell::RefCell;
use std::collections::HashMap;

use mira_syntax::Binding;

use super::types::Typed;

/// So many of a name are looked at.
const MOST_BESIDE: usize = 32;

pub(crate) struct Bindings<'b> {
    all: &'b [Binding],
    /// Numbers by the element around them and their name; by line.
    named: HashMap<(Option<usize>, &'b str), Vec<usize>>,
    /// Numbers of those that set a field (`self.cart`), by its name.
    fields: HashMap<&'b str, Vec<usize>>,
    /// Types that were found out, by number and how far they are followed.
    types: RefCell<HashMap<(usize, usize), Option<Typed>>>,
}

impl<'b> Bindings<'b> {
    pub fn new(all: &'b [Binding]) -> Self {
        let mut named: HashMap<_, Vec<usize>> = HashMap::new();
        let mut fields: HashMap<_, Vec<usize>> = HashMap::new();
        for (number, one) in all.iter().enumerate() {
            match one.name.split_once('.') {
                Some((_, field)) => fields.entry(field).or_default().push(number),
                None => named
                    .entry((one.within, one.name.as_str()))
                    .or_default()
                    .push(number),
            }
        }
        for numbers in named.values_mut() {
            numbers.sort_by_key(|number| all[*number].line);
        }
        Self {
            all,
            named,
            fields,
            types: RefCell::default(),
        }
    }

    pub fn get(&self, number: usize) -> &'b Binding {
        &self.all[number]
    }

    /// What a name directly inside an element may be on a line: the last before it, else the first
    /// after it. What stands in functions without a name counts there alone; where one of them
    /// begins on the same line, the name may also be what it is outside.
    pub fn nearest(&self, within: Option<usize>, name: &str, line: usize) -> Vec<usize> {
        let Some(numbers) = self.named.get(&(within, name)) else {
            return Vec::new();
        };
        let (before, after) =
            numbers.split_at(numbers.partition_point(|number| self.all[*number].line <= line));
        let mut found = Vec::new();
        for number in before.iter().rev().take(MOST_BESIDE) {
            match self.all[*number].until {
                Some(until) if until < line => continue,
                Some(_) if self.all[*number].line == line => found.push(*number),
                _ => {
                    found.push(*number);
                    return found;
                }
            }
        }
        if found.is_empty() {
            let mut after = after.iter().copied();
            found.extend(after.find(|number| self.all[*number].until.is_none()));
        }
        found
    }

    /// The first of a name that stands in no element.
    pub fn at_top(&self, name: &str) -> Option<usize> {
        let mut numbers = self.named.get(&(None, name))?.iter().copied();
        numbers.find(|number| self.all[*number].given.is_none())
    }

    pub fn of_field(&self, name: &str) -> &[usize] {
        self.fields.get(name).map_or(&[], Vec::as_slice)
    }

    /// The type of a binding: found out once for each depth.
    pub fn remembered(
        &self,
        number: usize,
        depth: usize,
        find: impl FnOnce() -> Option<Typed>,
    ) -> Option<Typed> {
        if let Some(known) = self.types.borrow().get(&(number, depth)) {
            return known.clone();
        }
        let found = find();
        self.types
            .borrow_mut()
            .insert((number, depth), found.clone());
        found
    }
}
