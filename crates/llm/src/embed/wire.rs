//! `/embeddings` over the wire. Vectors are asked for as base64 of little-endian floats, a third
//! of the size of decimal numbers; servers that send numbers all the same are understood.

use std::sync::Arc;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use bytes::Bytes;
use serde_json::{Value, json};

use crate::refusal::Asked;
use crate::{ErrorKind, ModelError};

#[derive(Debug)]
pub(super) struct Answer {
    /// In the order of the inputs.
    pub vectors: Vec<Vec<f32>>,
    pub tokens: u64,
}

pub(super) fn body(model: &str, inputs: &[Arc<str>], dimensions: Option<u32>) -> Bytes {
    let inputs: Vec<&str> = inputs.iter().map(|input| &**input).collect();
    let mut body = json!({"model": model, "input": inputs, "encoding_format": "base64"});
    if let Some(dimensions) = dimensions {
        body["dimensions"] = dimensions.into();
    }
    body.to_string().into()
}

/// Fails where the answer does not hold exactly one sound vector for each of `count` inputs.
pub(super) fn read(answer: &Value, count: usize, asked: &Asked) -> Result<Answer, ModelError> {
    let wrong = |why: &str| asked.error(ErrorKind::WrongUrl, why);
    let list = answer.get("data").and_then(Value::as_array);
    let list = list.ok_or_else(|| wrong("what came back holds no vectors"))?;
    let mut vectors = vec![None; count];
    for (at, entry) in list.iter().enumerate() {
        let place = entry.get("index").and_then(Value::as_u64);
        let place = place.map_or(at, |place| place as usize);
        let vector = entry.get("embedding").and_then(floats);
        let slot = vectors
            .get_mut(place)
            .ok_or_else(|| wrong("more vectors came back than were asked for"))?;
        *slot = Some(vector.ok_or_else(|| wrong("a vector that came back cannot be read"))?);
    }
    let vectors: Option<Vec<Vec<f32>>> = vectors.into_iter().collect();
    Ok(Answer {
        vectors: vectors.ok_or_else(|| wrong("fewer vectors came back than were asked for"))?,
        tokens: ["prompt_tokens", "total_tokens"]
            .iter()
            .find_map(|name| answer["usage"][*name].as_u64())
            .unwrap_or(0),
    })
}

/// Numbers, or base64 of them; None for anything else, nothing, or what is not finite.
fn floats(value: &Value) -> Option<Vec<f32>> {
    let vector: Vec<f32> = match value {
        Value::Array(numbers) => numbers
            .iter()
            .map(|number| number.as_f64().map(|number| number as f32))
            .collect::<Option<_>>()?,
        Value::String(text) => {
            let bytes = BASE64_STANDARD.decode(text).ok()?;
            let (whole, rest) = bytes.as_chunks::<4>();
            if !rest.is_empty() {
                return None;
            }
            whole.iter().map(|four| f32::from_le_bytes(*four)).collect()
        }
        _ => return None,
    };
    (!vector.is_empty() && vector.iter().all(|number| number.is_finite())).then_some(vector)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::feed::asked;

    #[test]
    fn numbers_and_base64_in_any_order() {
        let coded = BASE64_STANDARD.encode([1.5f32.to_le_bytes(), (-2f32).to_le_bytes()].concat());
        let answer = json!({"data": [{"index": 1, "embedding": coded}, {"index": 0, "embedding": [1, 0.25]}],
            "usage": {"prompt_tokens": 9, "total_tokens": 9}});
        let read = read(&answer, 2, &asked()).unwrap();
        assert_eq!(read.vectors, [vec![1.0, 0.25], vec![1.5, -2.0]]);
        assert_eq!(read.tokens, 9);
    }

    #[test]
    fn what_is_no_sound_answer() {
        let entry = |embedding: Value| json!({"data": [{"index": 0, "embedding": embedding}]});
        let nan = BASE64_STANDARD.encode(f32::NAN.to_le_bytes());
        for (answer, count) in [
            (json!({"hello": 1}), 1),
            (entry(json!([1])), 2),
            (entry(json!([])), 1),
            (entry(json!(["x"])), 1),
            (entry(json!("AAA")), 1),
            (entry(json!("AAAA")), 1),
            (entry(json!(nan)), 1),
            (json!({"data": [{"index": 5, "embedding": [1]}]}), 1),
        ] {
            assert!(read(&answer, count, &asked()).is_err(), "{answer}");
        }
    }
}
