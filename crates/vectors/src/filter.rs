//! Which points are meant.

use crate::{Collection, Error, FieldKind, Payload, PointId, Result, Value};

/// All conditions must hold; without any, every point is meant.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Filter {
    pub must: Vec<Condition>,
    pub must_not: Vec<Condition>,
}

#[derive(Debug, Clone, PartialEq)]
pub enum Condition {
    /// The field has one of these values.
    OneOf { field: String, values: Vec<Value> },
    /// The field is a number, not less than `from`, not more than `to`.
    Between {
        field: String,
        from: Option<i64>,
        to: Option<i64>,
    },
    /// The point is one of these.
    Ids(Vec<PointId>),
}

impl Filter {
    /// Every point.
    pub fn all() -> Self {
        Self::default()
    }

    /// Points whose field has this value.
    pub fn is(field: &str, value: impl Into<Value>) -> Self {
        Self::all().and(Condition::is(field, value))
    }

    pub fn ids(ids: Vec<PointId>) -> Self {
        Self::all().and(Condition::Ids(ids))
    }

    #[must_use]
    pub fn and(mut self, condition: Condition) -> Self {
        self.must.push(condition);
        self
    }

    #[must_use]
    pub fn and_not(mut self, condition: Condition) -> Self {
        self.must_not.push(condition);
        self
    }

    pub fn is_all(&self) -> bool {
        self.must.is_empty() && self.must_not.is_empty()
    }

    /// # Errors
    /// [`Error::UnknownField`] where a condition names what the collection does not declare, or
    /// asks for the size of a field that has none.
    pub fn check(&self, collection: &Collection) -> Result<()> {
        for condition in self.must.iter().chain(&self.must_not) {
            let (field, fits) = match condition {
                Condition::Ids(_) => continue,
                Condition::OneOf { field, .. } => (field, collection.kind_of(field).is_some()),
                Condition::Between { field, .. } => {
                    let kind = collection.kind_of(field);
                    (field, kind == Some(FieldKind::Integer))
                }
            };
            if !fits {
                return Err(Error::UnknownField {
                    collection: collection.name.clone(),
                    field: field.clone(),
                });
            }
        }
        Ok(())
    }

    pub fn matches(&self, id: PointId, payload: &Payload) -> bool {
        let holds = |condition: &Condition| condition.holds(id, payload);
        self.must.iter().all(holds) && !self.must_not.iter().any(holds)
    }
}

impl Condition {
    pub fn is(field: &str, value: impl Into<Value>) -> Self {
        Self::one_of(field, vec![value.into()])
    }

    pub fn one_of(field: &str, values: Vec<Value>) -> Self {
        Self::OneOf {
            field: field.to_owned(),
            values,
        }
    }

    pub fn between(field: &str, from: Option<i64>, to: Option<i64>) -> Self {
        Self::Between {
            field: field.to_owned(),
            from,
            to,
        }
    }

    fn holds(&self, id: PointId, payload: &Payload) -> bool {
        match self {
            Self::Ids(ids) => ids.contains(&id),
            Self::OneOf { field, .. } | Self::Between { field, .. } => {
                payload.get(field).is_some_and(|value| self.fits(value))
            }
        }
    }

    /// Whether a field with this value is meant. Ids are no field: nothing fits.
    pub(crate) fn fits(&self, value: &Value) -> bool {
        match self {
            Self::Ids(_) => false,
            Self::OneOf { values, .. } => values.contains(value),
            Self::Between { from, to, .. } => value.as_integer().is_some_and(|number| {
                from.is_none_or(|from| number >= from) && to.is_none_or(|to| number <= to)
            }),
        }
    }
}
