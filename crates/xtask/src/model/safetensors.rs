//! The published weights: a JSON table of contents, then the numbers.

use anyhow::{Context, Result, bail, ensure};
use serde_json::{Map, Value};

pub(super) struct Weights<'a> {
    table: Map<String, Value>,
    numbers: &'a [u8],
}

/// Numbers in rows, as they lie in the file.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Tensor {
    pub shape: Vec<usize>,
    pub values: Vec<f32>,
}

impl<'a> Weights<'a> {
    pub fn read(file: &'a [u8]) -> Result<Self> {
        let (length, rest) = file.split_first_chunk::<8>().context("the file is empty")?;
        let length = usize::try_from(u64::from_le_bytes(*length))?;
        ensure!(length <= rest.len(), "the table of contents is cut off");
        let (table, numbers) = rest.split_at(length);
        let table = serde_json::from_slice(table).context("the table of contents")?;
        Ok(Self { table, numbers })
    }

    pub fn get(&self, name: &str) -> Result<Tensor> {
        let entry = self.table.get(name);
        let entry = entry.with_context(|| format!("{name} is not among the weights"))?;
        ensure!(entry["dtype"] == "F32", "{name} is not of 32-bit numbers");
        let list = |field: &str| -> Result<Vec<usize>> {
            let values = entry[field].as_array().context("not a list")?.iter();
            values
                .map(|value| Ok(usize::try_from(value.as_u64().context("not a number")?)?))
                .collect()
        };
        let shape = list("shape").with_context(|| format!("the shape of {name}"))?;
        let place = list("data_offsets").with_context(|| format!("the place of {name}"))?;
        let &[from, to] = place.as_slice() else {
            bail!("{name} lies in no one place");
        };
        let bytes = self.numbers.get(from..to);
        let bytes = bytes.with_context(|| format!("{name} is cut off"))?;
        let (numbers, odd) = bytes.as_chunks::<4>();
        let values: Vec<f32> = numbers
            .iter()
            .map(|four| f32::from_le_bytes(*four))
            .collect();
        ensure!(
            odd.is_empty() && values.len() == shape.iter().product::<usize>(),
            "{name} does not have the numbers that its shape says"
        );
        Ok(Tensor { shape, values })
    }
}

impl Tensor {
    /// Rows and columns of a table.
    pub fn table(&self) -> Result<(usize, usize)> {
        match *self.shape.as_slice() {
            [rows, columns] => Ok((rows, columns)),
            _ => bail!("a table was expected, not {:?}", self.shape),
        }
    }

    /// Rows become columns.
    pub fn turned(&self) -> Result<Self> {
        let (rows, columns) = self.table()?;
        let mut values = Vec::with_capacity(self.values.len());
        for column in 0..columns {
            values.extend((0..rows).map(|row| self.values[row * columns + column]));
        }
        Ok(Self {
            shape: vec![columns, rows],
            values,
        })
    }

    #[must_use]
    pub fn times(mut self, factor: f32) -> Self {
        self.values.iter_mut().for_each(|value| *value *= factor);
        self
    }
}
