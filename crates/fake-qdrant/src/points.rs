//! Points: put, found, counted, read, removed.

use std::sync::Arc;

use qdrant_client::qdrant as grpc;
use qdrant_client::qdrant::points_selector::PointsSelectorOneOf;
use qdrant_client::qdrant::points_server::Points;
use qdrant_client::qdrant::{query, vector, vector_input, vectors};
use tonic::{Request, Response, Status};
use uuid::Uuid;

use crate::collections::service;
use crate::filter;
use crate::state::{Inner, MOST_BYTES, State, Stored, StoredPoint};

pub(crate) struct Service(pub Arc<State>);

type Answer<T> = Result<Response<T>, Status>;

impl Service {
    fn upsert_now(&self, asked: grpc::UpsertPoints) -> Result<(), Status> {
        let mut inner = self.0.lock();
        let size = inner.collection(&asked.collection_name)?.params.size;
        if asked.wait != Some(true) {
            return inner.complain("points put without waiting may be lost");
        }
        if asked.points.len() * usize::try_from(size).unwrap_or(usize::MAX) * 4 > MOST_BYTES {
            return inner.complain("a message of points that is too large");
        }
        let mut read = Vec::with_capacity(asked.points.len());
        for point in asked.points {
            let id = point.id.as_ref().and_then(filter::uuid);
            let (Some(id), Some(mut vector)) = (id, dense(point.vectors)) else {
                return inner.complain("a point without UUID or plain vector");
            };
            if vector.len() as u64 != size {
                let found = vector.len();
                return inner.complain(format!(
                    "Vector dimension error: expected dim: {size}, got {found}"
                ));
            }
            normalise(&mut vector);
            let payload = point.payload;
            read.push((id, StoredPoint { vector, payload }));
        }
        inner
            .collection(&asked.collection_name)?
            .points
            .extend(read);
        Ok(())
    }

    fn delete_now(&self, asked: grpc::DeletePoints) -> Result<(), Status> {
        let mut inner = self.0.lock();
        let selector = asked
            .points
            .and_then(|points| points.points_selector_one_of);
        let Some(PointsSelectorOneOf::Filter(wanted)) = selector else {
            return inner.complain("points are removed by filter here");
        };
        let stored = checked(&mut inner, &asked.collection_name, &wanted)?;
        stored
            .points
            .retain(|id, point| !filter::matches(&wanted, *id, point));
        Ok(())
    }

    fn index_now(&self, asked: grpc::CreateFieldIndexCollection) -> Result<(), Status> {
        let mut inner = self.0.lock();
        let kind = asked
            .field_type
            .and_then(|kind| grpc::FieldType::try_from(kind).ok());
        let Some(kind @ (grpc::FieldType::Keyword | grpc::FieldType::Integer)) = kind else {
            return inner.complain("an index of a kind that is not known here");
        };
        let stored = inner.collection(&asked.collection_name)?;
        stored
            .indexes
            .insert(asked.field_name, (kind, asked.field_index_params));
        Ok(())
    }

    fn query_now(&self, asked: grpc::QueryPoints) -> Result<Vec<grpc::ScoredPoint>, Status> {
        let mut inner = self.0.lock();
        let wanted = asked.filter.unwrap_or_default();
        let vector = match asked.query.and_then(|query| query.variant) {
            Some(query::Variant::Nearest(grpc::VectorInput {
                variant: Some(vector_input::Variant::Dense(vector)),
            })) => Some(vector.data),
            _ => None,
        };
        let Some(mut vector) = vector else {
            return inner.complain("a question without a vector");
        };
        let stored = checked(&mut inner, &asked.collection_name, &wanted)?;
        if vector.len() as u64 != stored.params.size {
            return inner.complain("a question's vector of another length");
        }
        normalise(&mut vector);
        let meant = stored
            .points
            .iter()
            .filter(|(id, point)| filter::matches(&wanted, **id, point));
        let mut found: Vec<(f32, Uuid, &StoredPoint)> = meant
            .map(|(id, point)| (dot(&vector, &point.vector), *id, point))
            .collect();
        found.sort_by(|a, b| b.0.total_cmp(&a.0));
        found.truncate(usize::try_from(asked.limit.unwrap_or(10)).unwrap_or(usize::MAX));
        let scored = found
            .into_iter()
            .map(|(score, id, point)| grpc::ScoredPoint {
                id: Some(id.to_string().into()),
                payload: point.payload.clone(),
                score,
                ..Default::default()
            });
        Ok(scored.collect())
    }

    fn scroll_now(&self, asked: grpc::ScrollPoints) -> Result<grpc::ScrollResponse, Status> {
        let mut inner = self.0.lock();
        let wanted = asked.filter.unwrap_or_default();
        let from = asked
            .offset
            .as_ref()
            .and_then(filter::uuid)
            .unwrap_or_default();
        let limit = asked.limit.unwrap_or(10) as usize;
        let stored = checked(&mut inner, &asked.collection_name, &wanted)?;
        let meant = stored.points.range(from..);
        let mut meant = meant.filter(|(id, point)| filter::matches(&wanted, **id, point));
        let page: Vec<_> = meant.by_ref().take(limit).collect();
        let next = meant.next().map(|(id, _)| id.to_string().into());
        let result = page.into_iter().map(|(id, point)| grpc::RetrievedPoint {
            id: Some(id.to_string().into()),
            payload: point.payload.clone(),
            vectors: Some(out(point.vector.clone())),
            ..Default::default()
        });
        Ok(grpc::ScrollResponse {
            result: result.collect(),
            next_page_offset: next,
            ..Default::default()
        })
    }

    fn count_now(&self, asked: grpc::CountPoints) -> Result<u64, Status> {
        let mut inner = self.0.lock();
        if asked.exact != Some(true) {
            return inner.complain("a count that may be wrong");
        }
        let wanted = asked.filter.unwrap_or_default();
        let stored = checked(&mut inner, &asked.collection_name, &wanted)?;
        let meant = stored
            .points
            .iter()
            .filter(|(id, point)| filter::matches(&wanted, **id, point));
        Ok(meant.count() as u64)
    }
}

/// The collection, once the filter is known to be fit for it.
fn checked<'a>(
    inner: &'a mut Inner,
    name: &str,
    wanted: &grpc::Filter,
) -> Result<&'a mut Stored, Status> {
    if let Err(why) = filter::check(wanted, inner.collection(name)?) {
        return inner.complain(why);
    }
    inner.collection(name)
}

fn dense(vectors: Option<grpc::Vectors>) -> Option<Vec<f32>> {
    match vectors?.vectors_options? {
        vectors::VectorsOptions::Vector(one) => match one.vector? {
            vector::Vector::Dense(dense) => Some(dense.data),
            _ => None,
        },
        vectors::VectorsOptions::Vectors(_) => None,
    }
}

fn out(data: Vec<f32>) -> grpc::VectorsOutput {
    let vector = grpc::VectorOutput {
        vector: Some(grpc::vector_output::Vector::Dense(grpc::DenseVector {
            data,
        })),
        ..Default::default()
    };
    grpc::VectorsOutput {
        vectors_options: Some(grpc::vectors_output::VectorsOptions::Vector(vector)),
    }
}

fn normalise(vector: &mut [f32]) {
    let length = dot(vector, vector).sqrt();
    if length > 0.0 {
        vector.iter_mut().for_each(|value| *value /= length);
    }
}

fn dot(a: &[f32], b: &[f32]) -> f32 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

fn done() -> Answer<grpc::PointsOperationResponse> {
    let result = grpc::UpdateResult {
        operation_id: Some(1),
        status: grpc::UpdateStatus::Completed.into(),
    };
    Ok(Response::new(grpc::PointsOperationResponse {
        result: Some(result),
        ..Default::default()
    }))
}

service! {
    Points {
        async fn upsert(
            &self,
            request: Request<grpc::UpsertPoints>,
        ) -> Answer<grpc::PointsOperationResponse> {
            let asked = self.0.enter("Points/Upsert", request)?;
            self.upsert_now(asked)?;
            done()
        }

        async fn delete(
            &self,
            request: Request<grpc::DeletePoints>,
        ) -> Answer<grpc::PointsOperationResponse> {
            let asked = self.0.enter("Points/Delete", request)?;
            self.delete_now(asked)?;
            done()
        }

        async fn create_field_index(
            &self,
            request: Request<grpc::CreateFieldIndexCollection>,
        ) -> Answer<grpc::PointsOperationResponse> {
            let asked = self.0.enter("Points/CreateFieldIndex", request)?;
            self.index_now(asked)?;
            done()
        }

        async fn query(
            &self,
            request: Request<grpc::QueryPoints>,
        ) -> Answer<grpc::QueryResponse> {
            let asked = self.0.enter("Points/Query", request)?;
            let result = self.query_now(asked)?;
            Ok(Response::new(grpc::QueryResponse { result, ..Default::default() }))
        }

        async fn scroll(
            &self,
            request: Request<grpc::ScrollPoints>,
        ) -> Answer<grpc::ScrollResponse> {
            let asked = self.0.enter("Points/Scroll", request)?;
            Ok(Response::new(self.scroll_now(asked)?))
        }

        async fn count(
            &self,
            request: Request<grpc::CountPoints>,
        ) -> Answer<grpc::CountResponse> {
            let asked = self.0.enter("Points/Count", request)?;
            let count = self.count_now(asked)?;
            let result = Some(grpc::CountResult { count });
            Ok(Response::new(grpc::CountResponse { result, ..Default::default() }))
        }
    }
    unknown {
        get GetPoints GetResponse
        update_vectors UpdatePointVectors PointsOperationResponse
        delete_vectors DeletePointVectors PointsOperationResponse
        set_payload SetPayloadPoints PointsOperationResponse
        overwrite_payload SetPayloadPoints PointsOperationResponse
        delete_payload DeletePayloadPoints PointsOperationResponse
        clear_payload ClearPayloadPoints PointsOperationResponse
        delete_field_index DeleteFieldIndexCollection PointsOperationResponse
        create_vector_name CreateVectorNameRequest PointsOperationResponse
        delete_vector_name DeleteVectorNameRequest PointsOperationResponse
        search SearchPoints SearchResponse
        search_batch SearchBatchPoints SearchBatchResponse
        search_groups SearchPointGroups SearchGroupsResponse
        recommend RecommendPoints RecommendResponse
        recommend_batch RecommendBatchPoints RecommendBatchResponse
        recommend_groups RecommendPointGroups RecommendGroupsResponse
        discover DiscoverPoints DiscoverResponse
        discover_batch DiscoverBatchPoints DiscoverBatchResponse
        update_batch UpdateBatchPoints UpdateBatchResponse
        query_batch QueryBatchPoints QueryBatchResponse
        query_groups QueryPointGroups QueryGroupsResponse
        facet FacetCounts FacetResponse
        search_matrix_pairs SearchMatrixPoints SearchMatrixPairsResponse
        search_matrix_offsets SearchMatrixPoints SearchMatrixOffsetsResponse
    }
}
