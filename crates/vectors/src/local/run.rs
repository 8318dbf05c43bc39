//! The model in memory: words to numbers, numbers through the network.

use std::path::Path;
use std::sync::Arc;

use rten::{Model, NodeId, RunOptions, ThreadPool};
use rten_tensor::Tensor;
use rten_tensor::prelude::*;

use super::words::Words;
use crate::Role;

pub(super) struct Loaded {
    words: Words,
    model: Model,
    inputs: [NodeId; 2],
    output: NodeId,
    reads_tokens: usize,
    /// For what nobody waits for: half of the processor, so that the rest stays for people.
    background: Arc<ThreadPool>,
}

impl Loaded {
    pub fn read(folder: &Path, reads_tokens: usize) -> Result<Self, String> {
        let file = |name: &str| folder.join(name);
        let list = std::fs::read_to_string(file("vocab.txt"))
            .map_err(|error| format!("vocab.txt cannot be read ({error})"))?;
        let model = Model::load_file(file("model.onnx"))
            .map_err(|error| format!("model.onnx cannot be used ({error})"))?;
        let node = |name: &str| {
            let found = model.node_id(name);
            found.map_err(|error| format!("model.onnx has no {name} ({error})"))
        };
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        Ok(Self {
            inputs: [node("ids")?, node("positions")?],
            output: node("vectors")?,
            words: Words::read(&list)?,
            model,
            reads_tokens,
            background: Arc::new(ThreadPool::with_num_threads((cores / 2).max(1))),
        })
    }

    /// One text at a time: the scale of the 8-bit numbers follows from what is in one go, and a
    /// text's vector shall not depend on its company. It is not slower than batches, which pad.
    pub fn embed(&self, text: &str, role: Role) -> Result<Vec<f32>, String> {
        let ids = self.words.numbers(text, self.reads_tokens);
        let length = ids.len();
        let positions: Vec<i32> = (0..).take(length).collect();
        let inputs = vec![
            (self.inputs[0], Tensor::from_data(&[1, length], ids).into()),
            (
                self.inputs[1],
                Tensor::from_data(&[length], positions).into(),
            ),
        ];
        let mut options = RunOptions::default();
        if role == Role::Document {
            options.thread_pool = Some(Arc::clone(&self.background));
        }
        let outputs = self.model.run(inputs, &[self.output], Some(options));
        let mut outputs = outputs.map_err(|error| error.to_string())?;
        match outputs.pop().map(Tensor::<f32>::try_from) {
            Some(Ok(output)) => Ok(output.to_vec()),
            _ => Err("no numbers came out".to_owned()),
        }
    }
}
