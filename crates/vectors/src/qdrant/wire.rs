//! Our words in Qdrant's, and back.

use std::collections::HashMap;

use qdrant_client::qdrant as grpc;
use qdrant_client::qdrant::r#match::MatchValue;
use qdrant_client::qdrant::payload_index_params::IndexParams;
use qdrant_client::qdrant::point_id::PointIdOptions;
use qdrant_client::qdrant::value::Kind;
use qdrant_client::qdrant::vector_output::Vector;
use qdrant_client::qdrant::{quantization_config, vectors_config};

use crate::{
    Collection, Condition, Error, Field, FieldKind, Filter, Hit, Page, Payload, Point, PointId,
    Result, Value,
};

/// Longer vectors are searched by rounded copies, and the best compared exactly.
const LONGEST_AS_IT_IS: usize = 1_024;

pub(super) fn check_length(collection: &Collection, vector: &[f32]) -> Result<()> {
    match vector.len() == collection.dimensions {
        true => Ok(()),
        false => Err(Error::Dimensions {
            collection: collection.name.clone(),
            wanted: collection.dimensions,
            found: vector.len(),
        }),
    }
}

#[expect(
    deprecated,
    reason = "servers of last year do not know what replaced these fields"
)]
pub(super) fn creation(collection: &Collection) -> grpc::CreateCollection {
    let long = collection.dimensions > LONGEST_AS_IT_IS;
    let rounded = grpc::ScalarQuantization {
        r#type: grpc::QuantizationType::Int8.into(),
        always_ram: Some(true),
        ..Default::default()
    };
    let params = grpc::VectorParams {
        size: collection.dimensions as u64,
        distance: grpc::Distance::Cosine.into(),
        on_disk: Some(long),
        quantization_config: long.then_some(grpc::QuantizationConfig {
            quantization: Some(quantization_config::Quantization::Scalar(rounded)),
        }),
        ..Default::default()
    };
    grpc::CreateCollection {
        collection_name: collection.identity(),
        on_disk_payload: Some(true),
        vectors_config: Some(grpc::VectorsConfig {
            config: Some(vectors_config::Config::Params(params)),
        }),
        ..Default::default()
    }
}

/// Why a collection of this name is not ours.
pub(super) fn check(info: &grpc::CollectionInfo, collection: &Collection) -> Result<(), String> {
    let config = info
        .config
        .as_ref()
        .and_then(|config| config.params.as_ref());
    let config = config.and_then(|params| params.vectors_config.as_ref());
    let params = match config.and_then(|config| config.config.as_ref()) {
        Some(vectors_config::Config::Params(params)) => params,
        _ => return Err(format!("{} was not made by Mira", collection.identity())),
    };
    let fits = params.size == collection.dimensions as u64
        && params.distance == i32::from(grpc::Distance::Cosine);
    match fits {
        true => Ok(()),
        false => Err(format!(
            "{} holds vectors of {} numbers or compares them otherwise; remove it there",
            collection.identity(),
            params.size
        )),
    }
}

pub(super) fn field_index(name: &str, field: &Field) -> grpc::CreateFieldIndexCollection {
    let (kind, params) = match field.kind {
        FieldKind::Partition | FieldKind::Keyword => {
            let params = grpc::KeywordIndexParams {
                is_tenant: Some(field.kind == FieldKind::Partition),
                ..Default::default()
            };
            (
                grpc::FieldType::Keyword,
                IndexParams::KeywordIndexParams(params),
            )
        }
        FieldKind::Integer => {
            let params = grpc::IntegerIndexParams {
                lookup: Some(true),
                range: Some(true),
                ..Default::default()
            };
            (
                grpc::FieldType::Integer,
                IndexParams::IntegerIndexParams(params),
            )
        }
    };
    grpc::CreateFieldIndexCollection {
        collection_name: name.to_owned(),
        wait: Some(true),
        field_name: field.name.clone(),
        field_type: Some(kind.into()),
        field_index_params: Some(grpc::PayloadIndexParams {
            index_params: Some(params),
        }),
        ..Default::default()
    }
}

/// With the fields that the server has an index of.
pub(super) fn with_fields(mut collection: Collection, info: &grpc::CollectionInfo) -> Collection {
    let mut fields: Vec<Field> = info.payload_schema.iter().filter_map(field).collect();
    fields.sort_by(|a, b| a.name.cmp(&b.name));
    collection.fields = fields;
    collection
}

fn field((name, schema): (&String, &grpc::PayloadSchemaInfo)) -> Option<Field> {
    let params = schema
        .params
        .as_ref()
        .and_then(|params| params.index_params.as_ref());
    let kind = match (
        grpc::PayloadSchemaType::try_from(schema.data_type).ok()?,
        params,
    ) {
        (grpc::PayloadSchemaType::Keyword, Some(IndexParams::KeywordIndexParams(params)))
            if params.is_tenant == Some(true) =>
        {
            FieldKind::Partition
        }
        (grpc::PayloadSchemaType::Keyword, _) => FieldKind::Keyword,
        (grpc::PayloadSchemaType::Integer, _) => FieldKind::Integer,
        _ => return None,
    };
    Some(Field {
        name: name.clone(),
        kind,
    })
}

pub(super) fn upsert(collection: &Collection, points: &[Point]) -> grpc::UpsertPoints {
    let points = points.iter().map(|point| {
        let payload: HashMap<String, grpc::Value> = point
            .payload
            .iter()
            .map(|(name, value)| (name.clone(), value_of(value)))
            .collect();
        grpc::PointStruct::new(id(point.id), point.vector.clone(), payload)
    });
    grpc::UpsertPoints {
        collection_name: collection.identity(),
        wait: Some(true),
        points: points.collect(),
        ..Default::default()
    }
}

pub(super) fn query(
    collection: &Collection,
    vector: &[f32],
    wanted: &Filter,
    k: usize,
) -> grpc::QueryPoints {
    let long = collection.dimensions > LONGEST_AS_IT_IS;
    let exactly = grpc::QuantizationSearchParams {
        rescore: Some(true),
        oversampling: Some(3.0),
        ..Default::default()
    };
    grpc::QueryPoints {
        collection_name: collection.identity(),
        query: Some(vector.to_vec().into()),
        filter: Some(filter(wanted)),
        limit: Some(k as u64),
        with_payload: Some(true.into()),
        params: long.then_some(grpc::SearchParams {
            quantization: Some(exactly),
            ..Default::default()
        }),
        ..Default::default()
    }
}

pub(super) fn filter(filter: &Filter) -> grpc::Filter {
    grpc::Filter {
        must: filter.must.iter().map(condition).collect(),
        must_not: filter
            .must_not
            .iter()
            .filter(|one| !is_empty(one))
            .map(condition)
            .collect(),
        ..Default::default()
    }
}

/// Nothing fulfils it, so forbidding it forbids nothing.
fn is_empty(condition: &Condition) -> bool {
    match condition {
        Condition::OneOf { values, .. } => values.is_empty(),
        Condition::Ids(ids) => ids.is_empty(),
        Condition::Between { .. } => false,
    }
}

fn condition(condition: &Condition) -> grpc::Condition {
    match condition {
        Condition::Ids(ids) => grpc::Condition::has_id(ids.iter().copied().map(id)),
        Condition::Between { field, from, to } => grpc::FieldCondition {
            key: field.clone(),
            range: Some(grpc::Range {
                gte: from.map(|from| from as f64),
                lte: to.map(|to| to as f64),
                ..Default::default()
            }),
            ..Default::default()
        }
        .into(),
        Condition::OneOf { field, values } => one_of(field, values),
    }
}

fn one_of(field: &str, values: &[Value]) -> grpc::Condition {
    let strings = values.iter().filter_map(Value::as_text).map(str::to_owned);
    let strings: Vec<String> = strings.collect();
    let integers: Vec<i64> = values.iter().filter_map(Value::as_integer).collect();
    let matches = |value: MatchValue| -> grpc::Condition {
        grpc::FieldCondition {
            key: field.to_owned(),
            r#match: Some(grpc::Match {
                match_value: Some(value),
            }),
            ..Default::default()
        }
        .into()
    };
    let words = || {
        matches(MatchValue::Keywords(grpc::RepeatedStrings {
            strings: strings.clone(),
        }))
    };
    let numbers = || {
        matches(MatchValue::Integers(grpc::RepeatedIntegers {
            integers: integers.clone(),
        }))
    };
    match (strings.is_empty(), integers.is_empty()) {
        (_, true) => words(),
        (true, false) => numbers(),
        (false, false) => grpc::Filter::should([words(), numbers()]).into(),
    }
}

pub(super) fn id(id: PointId) -> grpc::PointId {
    grpc::PointId {
        point_id_options: Some(PointIdOptions::Uuid(id.hyphenated().to_string())),
    }
}

/// Ids of others, which may be numbers, are none of ours.
fn own_id(id: Option<grpc::PointId>) -> Option<PointId> {
    match id?.point_id_options? {
        PointIdOptions::Uuid(text) => text.parse().ok(),
        PointIdOptions::Num(_) => None,
    }
}

fn value_of(value: &Value) -> grpc::Value {
    grpc::Value {
        kind: Some(match value {
            Value::Text(text) => Kind::StringValue(text.clone()),
            Value::Integer(number) => Kind::IntegerValue(*number),
        }),
    }
}

fn payload(fields: HashMap<String, grpc::Value>) -> Payload {
    let own = fields
        .into_iter()
        .filter_map(|(name, value)| match value.kind? {
            Kind::StringValue(text) => Some((name, Value::Text(text))),
            Kind::IntegerValue(number) => Some((name, Value::Integer(number))),
            _ => None,
        });
    own.collect()
}

pub(super) fn hit(found: grpc::ScoredPoint) -> Option<Hit> {
    Some(Hit {
        id: own_id(found.id)?,
        score: found.score,
        payload: payload(found.payload),
    })
}

pub(super) fn page(answer: grpc::ScrollResponse) -> Page {
    let points = answer.result.into_iter().filter_map(|found| {
        let vector = match found.vectors?.get_vector()? {
            Vector::Dense(dense) => dense.data,
            _ => return None,
        };
        Some(Point {
            id: own_id(found.id)?,
            vector,
            payload: payload(found.payload),
        })
    });
    Page {
        points: points.collect(),
        next: own_id(answer.next_page_offset),
    }
}
