//! Which points a filter means.

use std::collections::HashMap;

use qdrant_client::qdrant::condition::ConditionOneOf;
use qdrant_client::qdrant::r#match::MatchValue;
use qdrant_client::qdrant::point_id::PointIdOptions;
use qdrant_client::qdrant::value::Kind;
use qdrant_client::qdrant::{Condition, FieldCondition, Filter, PointId, Value};
use uuid::Uuid;

use crate::state::{Stored, StoredPoint};

/// # Errors
/// Of a condition that is not known here, or a field without an index.
pub(crate) fn check(filter: &Filter, stored: &Stored) -> Result<(), String> {
    for condition in filter
        .must
        .iter()
        .chain(&filter.must_not)
        .chain(&filter.should)
    {
        match &condition.condition_one_of {
            Some(ConditionOneOf::Field(field)) => {
                if !stored.indexes.contains_key(&field.key) {
                    return Err(format!(
                        "Index required but not found for \"{}\"",
                        field.key
                    ));
                }
                let known = field.range.is_some() != field.r#match.is_some();
                if !known {
                    return Err(format!(
                        "a condition on {} that is not known here",
                        field.key
                    ));
                }
            }
            Some(ConditionOneOf::HasId(_)) => {}
            Some(ConditionOneOf::Filter(inner)) => check(inner, stored)?,
            other => return Err(format!("a condition that is not known here: {other:?}")),
        }
    }
    Ok(())
}

pub(crate) fn matches(filter: &Filter, id: Uuid, point: &StoredPoint) -> bool {
    let holds = |condition: &Condition| holds(condition, id, point);
    let should = filter.should.is_empty() || filter.should.iter().any(holds);
    should && filter.must.iter().all(holds) && !filter.must_not.iter().any(holds)
}

fn holds(condition: &Condition, id: Uuid, point: &StoredPoint) -> bool {
    match &condition.condition_one_of {
        Some(ConditionOneOf::Field(field)) => field_holds(field, &point.payload),
        Some(ConditionOneOf::HasId(ids)) => ids.has_id.iter().any(|one| uuid(one) == Some(id)),
        Some(ConditionOneOf::Filter(filter)) => matches(filter, id, point),
        _ => false,
    }
}

fn field_holds(field: &FieldCondition, payload: &HashMap<String, Value>) -> bool {
    let Some(kind) = payload
        .get(&field.key)
        .and_then(|value| value.kind.as_ref())
    else {
        return false;
    };
    if let Some(range) = &field.range {
        let Kind::IntegerValue(number) = kind else {
            return false;
        };
        let number = *number as f64;
        return range.gte.is_none_or(|from| number >= from)
            && range.lte.is_none_or(|to| number <= to);
    }
    let wanted = field
        .r#match
        .as_ref()
        .and_then(|one| one.match_value.as_ref());
    match (wanted, kind) {
        (Some(MatchValue::Keyword(wanted)), Kind::StringValue(text)) => wanted == text,
        (Some(MatchValue::Keywords(wanted)), Kind::StringValue(text)) => {
            wanted.strings.contains(text)
        }
        (Some(MatchValue::Integer(wanted)), Kind::IntegerValue(number)) => wanted == number,
        (Some(MatchValue::Integers(wanted)), Kind::IntegerValue(number)) => {
            wanted.integers.contains(number)
        }
        _ => false,
    }
}

pub(crate) fn uuid(id: &PointId) -> Option<Uuid> {
    match id.point_id_options.as_ref()? {
        PointIdOptions::Uuid(text) => text.parse().ok(),
        PointIdOptions::Num(_) => None,
    }
}
