//! A part of a collection in memory: codes, and the fields that filters may name.

use std::collections::{HashMap, HashSet};
use std::sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use crate::{Collection, Condition, Filter, Payload, PointId, Value};

use super::codes::Codes;

/// Shared by those who look and those who put; nobody holds it while waiting for anything else.
pub(super) struct Shelf(RwLock<Slots>);

struct Slots {
    codes: Codes,
    ids: Vec<PointId>,
    rows: Vec<i64>,
    columns: Vec<Column>,
    slot_of: HashMap<PointId, u32>,
}

/// One field of all points: which of its distinct values, or none.
struct Column {
    field: String,
    values: Vec<Option<u32>>,
    distinct: Vec<Value>,
    number_of: HashMap<Value, u32>,
}

/// A point that may be among the nearest.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Found {
    pub row: i64,
    pub nearness: f32,
}

impl Shelf {
    pub fn new(collection: &Collection) -> Self {
        let columns = collection.fields.iter().map(|field| Column {
            field: field.name.clone(),
            values: Vec::new(),
            distinct: Vec::new(),
            number_of: HashMap::new(),
        });
        Self(RwLock::new(Slots {
            codes: Codes::new(collection.dimensions),
            ids: Vec::new(),
            rows: Vec::new(),
            columns: columns.collect(),
            slot_of: HashMap::new(),
        }))
    }

    fn read(&self) -> RwLockReadGuard<'_, Slots> {
        self.0.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, Slots> {
        self.0.write().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn len(&self) -> usize {
        self.read().ids.len()
    }

    /// Memory, about.
    pub fn bytes(&self) -> usize {
        let slots = self.read();
        let each = 16 + 8 + 24 + slots.columns.len() * 8;
        slots.codes.bytes() + slots.ids.len() * each
    }

    pub fn put(&self, id: PointId, row: i64, vector: &[f32], payload: &Payload) {
        self.write().put(id, row, vector, payload);
    }

    pub fn take(&self, ids: &[PointId]) {
        let mut slots = self.write();
        ids.iter().for_each(|id| slots.take(*id));
    }

    pub fn rows(&self, filter: &Filter) -> Vec<i64> {
        let slots = self.read();
        let meant = slots.meant(filter);
        let all = slots.rows.iter().enumerate();
        all.filter(|(slot, _)| meant.holds(*slot))
            .map(|(_, row)| *row)
            .collect()
    }

    pub fn nearest(&self, vector: &[f32], filter: &Filter, count: usize) -> Vec<Found> {
        let slots = self.read();
        let meant = slots.meant(filter);
        let mut found = Vec::new();
        slots.codes.look_through(vector, |slot, nearness| {
            if meant.holds(slot) {
                let row = slots.rows[slot];
                found.push(Found { row, nearness });
            }
        });
        keep_best(&mut found, count);
        found
    }
}

/// The `count` nearest, in no order.
pub(super) fn keep_best(found: &mut Vec<Found>, count: usize) {
    if found.len() > count && count > 0 {
        found.select_nth_unstable_by(count - 1, |a, b| b.nearness.total_cmp(&a.nearness));
    }
    found.truncate(count);
}

impl Slots {
    fn put(&mut self, id: PointId, row: i64, vector: &[f32], payload: &Payload) {
        match self.slot_of.get(&id) {
            Some(slot) => {
                let slot = *slot as usize;
                self.codes.set(slot, vector);
                self.rows[slot] = row;
                for column in &mut self.columns {
                    column.values[slot] = column.number(payload);
                }
            }
            None => {
                self.slot_of.insert(id, self.ids.len() as u32);
                self.codes.push(vector);
                self.ids.push(id);
                self.rows.push(row);
                for column in &mut self.columns {
                    let number = column.number(payload);
                    column.values.push(number);
                }
            }
        }
    }

    fn take(&mut self, id: PointId) {
        let Some(slot) = self.slot_of.remove(&id) else {
            return;
        };
        let slot = slot as usize;
        self.codes.swap_remove(slot);
        self.ids.swap_remove(slot);
        self.rows.swap_remove(slot);
        for column in &mut self.columns {
            column.values.swap_remove(slot);
        }
        if let Some(moved) = self.ids.get(slot) {
            self.slot_of.insert(*moved, slot as u32);
        }
    }

    fn meant(&self, filter: &Filter) -> Meant {
        if filter.is_all() {
            return Meant(None);
        }
        let mut meant = vec![true; self.ids.len()];
        let conditions = filter.must.iter().map(|one| (one, true));
        for (condition, wanted) in conditions.chain(filter.must_not.iter().map(|one| (one, false)))
        {
            self.narrow(&mut meant, condition, wanted);
        }
        Meant(Some(meant))
    }

    fn narrow(&self, meant: &mut [bool], condition: &Condition, wanted: bool) {
        if let Condition::Ids(ids) = condition {
            let ids: HashSet<&PointId> = ids.iter().collect();
            for (meant, id) in meant.iter_mut().zip(&self.ids) {
                *meant &= ids.contains(id) == wanted;
            }
            return;
        }
        let (Condition::OneOf { field, .. } | Condition::Between { field, .. }) = condition else {
            return;
        };
        let Some(column) = self.columns.iter().find(|column| column.field == *field) else {
            // A field that this collection did not have when it was read: nobody has it.
            meant.iter_mut().for_each(|meant| *meant &= !wanted);
            return;
        };
        // Each distinct value is looked at once.
        let fits: Vec<bool> = column
            .distinct
            .iter()
            .map(|value| condition.fits(value))
            .collect();
        for (meant, value) in meant.iter_mut().zip(&column.values) {
            let fit = value.is_some_and(|value| fits[value as usize]);
            *meant &= fit == wanted;
        }
    }
}

impl Column {
    fn number(&mut self, payload: &Payload) -> Option<u32> {
        let value = payload.get(&self.field)?;
        if let Some(number) = self.number_of.get(value) {
            return Some(*number);
        }
        let number = self.distinct.len() as u32;
        self.distinct.push(value.clone());
        self.number_of.insert(value.clone(), number);
        Some(number)
    }
}

/// Which slots a filter means; None: all.
struct Meant(Option<Vec<bool>>);

impl Meant {
    fn holds(&self, slot: usize) -> bool {
        self.0.as_ref().is_none_or(|meant| meant[slot])
    }
}
