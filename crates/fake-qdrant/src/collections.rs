//! Collections: made, looked at, removed.

use std::sync::Arc;

use qdrant_client::qdrant as grpc;
use qdrant_client::qdrant::collections_server::Collections;
use qdrant_client::qdrant::vectors_config;
use tonic::{Request, Response, Status};

use crate::state::{State, Stored};

pub(crate) struct Service(pub Arc<State>);

type Answer<T> = Result<Response<T>, Status>;

impl Service {
    fn create_now(&self, asked: grpc::CreateCollection) -> Result<(), Status> {
        let mut inner = self.0.lock();
        let name = asked.collection_name;
        if inner.collections.contains_key(&name) {
            let why = format!("Wrong input: Collection `{name}` already exists!");
            return Err(Status::already_exists(why));
        }
        let Some(vectors_config::Config::Params(params)) =
            asked.vectors_config.and_then(|c| c.config)
        else {
            return inner.complain("a collection without the parameters of its one vector");
        };
        if params.size == 0 || params.distance != i32::from(grpc::Distance::Cosine) {
            return inner.complain("vectors of no length, or not compared by cosine");
        }
        let stored = Stored {
            params,
            ..Stored::default()
        };
        inner.collections.insert(name, stored);
        Ok(())
    }

    fn info(&self, name: &str) -> Result<grpc::CollectionInfo, Status> {
        let mut inner = self.0.lock();
        let stored = inner.collection(name)?;
        let schema = stored.indexes.iter().map(|(field, (kind, params))| {
            let kind = match kind {
                grpc::FieldType::Integer => grpc::PayloadSchemaType::Integer,
                _ => grpc::PayloadSchemaType::Keyword,
            };
            let info = grpc::PayloadSchemaInfo {
                data_type: kind.into(),
                params: params.clone(),
                points: Some(stored.points.len() as u64),
            };
            (field.clone(), info)
        });
        Ok(grpc::CollectionInfo {
            points_count: Some(stored.points.len() as u64),
            payload_schema: schema.collect(),
            config: Some(grpc::CollectionConfig {
                params: Some(grpc::CollectionParams {
                    vectors_config: Some(grpc::VectorsConfig {
                        config: Some(vectors_config::Config::Params(stored.params)),
                    }),
                    ..Default::default()
                }),
                ..Default::default()
            }),
            ..Default::default()
        })
    }
}

fn done(result: bool) -> Answer<grpc::CollectionOperationResponse> {
    Ok(Response::new(grpc::CollectionOperationResponse {
        result,
        time: 0.0,
    }))
}

/// The rest of a service, which nobody here asks for.
macro_rules! service {
    ($service:ident { $($own:tt)* } unknown { $($name:ident $asked:ident $answer:ident)* }) => {
        #[async_trait::async_trait]
        impl $service for Service {
            $($own)*
            $(async fn $name(&self, request: Request<grpc::$asked>) -> Answer<grpc::$answer> {
                self.0.enter(stringify!($name), request)?;
                self.0.lock().complain(concat!(stringify!($name), " is not known here"))
            })*
        }
    };
}
pub(crate) use service;

service! {
    Collections {
        async fn get(
            &self,
            request: Request<grpc::GetCollectionInfoRequest>,
        ) -> Answer<grpc::GetCollectionInfoResponse> {
            let asked = self.0.enter("Collections/Get", request)?;
            let info = self.info(&asked.collection_name)?;
            Ok(Response::new(grpc::GetCollectionInfoResponse { result: Some(info), time: 0.0 }))
        }

        async fn list(
            &self,
            request: Request<grpc::ListCollectionsRequest>,
        ) -> Answer<grpc::ListCollectionsResponse> {
            self.0.enter("Collections/List", request)?;
            let inner = self.0.lock();
            let names = inner.collections.keys().cloned();
            let collections = names.map(|name| grpc::CollectionDescription { name });
            let collections = collections.collect();
            Ok(Response::new(grpc::ListCollectionsResponse { collections, time: 0.0 }))
        }

        async fn create(
            &self,
            request: Request<grpc::CreateCollection>,
        ) -> Answer<grpc::CollectionOperationResponse> {
            let asked = self.0.enter("Collections/Create", request)?;
            self.create_now(asked)?;
            done(true)
        }

        async fn delete(
            &self,
            request: Request<grpc::DeleteCollection>,
        ) -> Answer<grpc::CollectionOperationResponse> {
            let asked = self.0.enter("Collections/Delete", request)?;
            let removed = self.0.lock().collections.remove(&asked.collection_name);
            done(removed.is_some())
        }
    }
    unknown {
        update UpdateCollection CollectionOperationResponse
        update_aliases ChangeAliases CollectionOperationResponse
        list_collection_aliases ListCollectionAliasesRequest ListAliasesResponse
        list_aliases ListAliasesRequest ListAliasesResponse
        collection_cluster_info CollectionClusterInfoRequest CollectionClusterInfoResponse
        collection_exists CollectionExistsRequest CollectionExistsResponse
        update_collection_cluster_setup UpdateCollectionClusterSetupRequest UpdateCollectionClusterSetupResponse
        create_shard_key CreateShardKeyRequest CreateShardKeyResponse
        delete_shard_key DeleteShardKeyRequest DeleteShardKeyResponse
        list_shard_keys ListShardKeysRequest ListShardKeysResponse
    }
}
