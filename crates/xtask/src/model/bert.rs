//! The network: a BERT encoder, the mean over its tokens, scaled to length 1.

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use super::onnx::{Attribute, Graph};
use super::safetensors::{Tensor, Weights};

/// Largest rounded weight: 7 bits with sign.
const LARGEST: f32 = 63.0;
/// Largest rounded number of the word table, which is never multiplied in 16 bits.
const LARGEST_WORD: f32 = 127.0;

pub(super) struct Config {
    pub hidden: usize,
    pub positions: usize,
    layers: usize,
    heads: usize,
    epsilon: f32,
}

impl Config {
    pub fn read(text: &str) -> Result<Self> {
        let json: Value = serde_json::from_str(text).context("config.json")?;
        let number = |name: &str| -> Result<usize> {
            let value = json[name].as_u64();
            let value = value.with_context(|| format!("{name} is missing in config.json"))?;
            Ok(usize::try_from(value)?)
        };
        ensure!(
            json["model_type"] == "bert" && json["hidden_act"] == "gelu",
            "config.json is not of a BERT model with GELU"
        );
        let config = Self {
            hidden: number("hidden_size")?,
            positions: number("max_position_embeddings")?,
            layers: number("num_hidden_layers")?,
            heads: number("num_attention_heads")?,
            epsilon: json["layer_norm_eps"].as_f64().unwrap_or(1e-12) as f32,
        };
        ensure!(
            config.heads > 0 && config.hidden.is_multiple_of(config.heads),
            "the heads do not share the numbers evenly"
        );
        Ok(config)
    }
}

/// Inputs: `ids` [batch, length], `positions` [length]. Output: `vectors` [batch, hidden]. Texts of
/// a batch are of one length: there is no padding, and so no mask.
pub(super) fn graph(config: &Config, weights: &Weights) -> Result<Vec<u8>> {
    let mut net = Net {
        graph: Graph::default(),
        config,
        weights,
    };
    net.graph.whole_input("ids", &["batch", "length"]);
    net.graph.whole_input("positions", &["length"]);
    let mut state = net.embeddings()?;
    for layer in 0..config.layers {
        state = net.layer(&format!("encoder.layer.{layer}"), &state)?;
    }
    let pooled = net.pooled(&state);
    net.graph
        .output(&pooled, "vectors", &["batch", &config.hidden.to_string()]);
    Ok(net.graph.file())
}

struct Net<'a> {
    graph: Graph,
    config: &'a Config,
    weights: &'a Weights<'a>,
}

impl Net<'_> {
    fn embeddings(&mut self) -> Result<String> {
        let words = self.weights.get("embeddings.word_embeddings.weight")?;
        let (rows, columns) = words.table()?;
        let (rounded, scales) = rounded_rows(&words, LARGEST_WORD)?;
        let rounded = self.graph.bytes(&[rows, columns], &rounded);
        let scales = self.graph.floats(&[rows, 1], &scales);
        let word = self.graph.node("Gather", &[&rounded, "ids"], &[]);
        let word = self
            .graph
            .node("Cast", &[&word], &[Attribute::Int("to", 1)]);
        let scale = self.graph.node("Gather", &[&scales, "ids"], &[]);
        let word = self.graph.node("Mul", &[&word, &scale], &[]);

        let mut places = self.weights.get("embeddings.position_embeddings.weight")?;
        let kinds = self
            .weights
            .get("embeddings.token_type_embeddings.weight")?;
        // There is one kind of token here, so its numbers are part of each place's.
        let width = self.config.hidden;
        ensure!(
            kinds.values.len() >= width && width > 0,
            "no kinds of tokens"
        );
        for (at, value) in places.values.iter_mut().enumerate() {
            *value += kinds.values[at % width];
        }
        let places = self.graph.floats(&places.shape, &places.values);
        let place = self.graph.node("Gather", &[&places, "positions"], &[]);
        let sum = self.graph.node("Add", &[&word, &place], &[]);
        self.norm("embeddings.LayerNorm", &sum)
    }

    fn layer(&mut self, name: &str, state: &str) -> Result<String> {
        let attention = format!("{name}.attention");
        let seen = self.attention(&attention, state)?;
        let rounded = self.rounded(&seen);
        let dense = self.dense(&format!("{attention}.output.dense"), &rounded, 1.0)?;
        let sum = self.graph.node("Add", &[&dense, state], &[]);
        let state = self.norm(&format!("{attention}.output.LayerNorm"), &sum)?;

        let rounded = self.rounded(&state);
        let wide = self.dense(&format!("{name}.intermediate.dense"), &rounded, 1.0)?;
        let wide = self.graph.node("Gelu", &[&wide], &[]);
        let rounded = self.rounded(&wide);
        let narrow = self.dense(&format!("{name}.output.dense"), &rounded, 1.0)?;
        let sum = self.graph.node("Add", &[&narrow, &state], &[]);
        self.norm(&format!("{name}.output.LayerNorm"), &sum)
    }

    fn attention(&mut self, name: &str, state: &str) -> Result<String> {
        let (hidden, heads) = (self.config.hidden, self.config.heads);
        let width = hidden / heads;
        let rounded = self.rounded(state);
        // The scores' divisor is part of the query's weights.
        let divisor = (width as f32).sqrt().recip();
        let parts = [
            ("query", divisor, [0, 2, 1, 3]),
            ("key", 1.0, [0, 2, 3, 1]),
            ("value", 1.0, [0, 2, 1, 3]),
        ];
        let split = self.graph.integers(&[0, 0, heads as i64, width as i64]);
        let mut turned = Vec::new();
        for (part, factor, order) in parts {
            let dense = self.dense(&format!("{name}.self.{part}"), &rounded, factor)?;
            let shaped = self.graph.node("Reshape", &[&dense, &split], &[]);
            let order = [Attribute::Ints("perm", &order)];
            turned.push(self.graph.node("Transpose", &[&shaped], &order));
        }
        let scores = self.graph.node("MatMul", &[&turned[0], &turned[1]], &[]);
        let shares = self
            .graph
            .node("Softmax", &[&scores], &[Attribute::Int("axis", -1)]);
        let seen = self.graph.node("MatMul", &[&shares, &turned[2]], &[]);
        let order = [Attribute::Ints("perm", &[0, 2, 1, 3])];
        let seen = self.graph.node("Transpose", &[&seen], &order);
        let whole = self.graph.integers(&[0, 0, hidden as i64]);
        Ok(self.graph.node("Reshape", &[&seen, &whole], &[]))
    }

    /// The state in 8 bits: numbers, scale, zero.
    fn rounded(&mut self, state: &str) -> Vec<String> {
        self.graph.nodes("DynamicQuantizeLinear", &[state], 3, &[])
    }

    /// A product with rounded weights, and what is added to it.
    fn dense(&mut self, name: &str, state: &[String], factor: f32) -> Result<String> {
        let weight = self.weights.get(&format!("{name}.weight"))?.times(factor);
        let bias = self.weights.get(&format!("{name}.bias"))?.times(factor);
        // Rows are what comes out: one scale each.
        let (rounded, scales) = rounded_rows(&weight, LARGEST)?;
        let turned = Tensor {
            shape: weight.shape,
            values: rounded.iter().map(|value| f32::from(*value)).collect(),
        }
        .turned()?;
        let rounded: Vec<i8> = turned.values.iter().map(|value| *value as i8).collect();
        let rounded = self.graph.bytes(&turned.shape, &rounded);
        let zero = self.graph.bytes(&[], &[0]);
        let scales = self.graph.floats(&[scales.len()], &scales);
        let bias = self.graph.floats(&bias.shape, &bias.values);
        let product = [&state[0], &rounded, &state[2], &zero].map(String::as_str);
        let product = self.graph.node("MatMulInteger", &product, &[]);
        let product = self
            .graph
            .node("Cast", &[&product], &[Attribute::Int("to", 1)]);
        let scale = self.graph.node("Mul", &[&state[1], &scales], &[]);
        let product = self.graph.node("Mul", &[&product, &scale], &[]);
        Ok(self.graph.node("Add", &[&product, &bias], &[]))
    }

    fn norm(&mut self, name: &str, state: &str) -> Result<String> {
        let weight = self.weights.get(&format!("{name}.weight"))?;
        let bias = self.weights.get(&format!("{name}.bias"))?;
        let weight = self.graph.floats(&weight.shape, &weight.values);
        let bias = self.graph.floats(&bias.shape, &bias.values);
        let how = [
            Attribute::Int("axis", -1),
            Attribute::Float("epsilon", self.config.epsilon),
        ];
        Ok(self
            .graph
            .node("LayerNormalization", &[state, &weight, &bias], &how))
    }

    /// The sum over the tokens: scaled to length 1, it is the mean scaled to length 1.
    fn pooled(&mut self, state: &str) -> String {
        let tokens = self.graph.integers(&[1]);
        let flat = [Attribute::Int("keepdims", 0)];
        let sum = self.graph.node("ReduceSum", &[state, &tokens], &flat);
        let how = [Attribute::Int("axis", -1), Attribute::Int("p", 2)];
        self.graph.node("LpNormalization", &[&sum], &how)
    }
}

/// Each row as whole numbers and what to multiply them with.
fn rounded_rows(tensor: &Tensor, largest: f32) -> Result<(Vec<i8>, Vec<f32>)> {
    let (rows, columns) = tensor.table()?;
    let mut rounded = Vec::with_capacity(rows * columns);
    let mut scales = Vec::with_capacity(rows);
    for row in tensor.values.chunks_exact(columns.max(1)) {
        let most = row
            .iter()
            .fold(0.0_f32, |most, value| most.max(value.abs()));
        let scale = if most > 0.0 { most / largest } else { 1.0 };
        rounded.extend(row.iter().map(|value| (value / scale).round() as i8));
        scales.push(scale);
    }
    Ok((rounded, scales))
}
