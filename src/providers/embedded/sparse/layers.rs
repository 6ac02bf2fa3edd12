//! The parts of the transformer.

use safetensors::{Dtype, SafeTensors};

use super::math::{gelu, softmax};
use crate::util::{
    packed::{PackedMatrix, QuantizedVectors},
    vectors::{add_rows, dot_f32},
};

/// Attention heads; each sees its part of a vector.
const HEADS: usize = 2;

/// What keeps a norm from dividing by zero.
const EPSILON: f32 = 1e-12;

/// A matrix of the file: int8 rows, each with its scale.
pub(super) struct Rows {
    pub(super) numbers: &'static [i8],
    pub(super) scales: Vec<f32>,
    pub(super) width: usize,
}

impl Rows {
    /// Number of rows.
    pub(super) fn count(&self) -> usize {
        self.scales.len()
    }

    /// The numbers of a row.
    pub(super) fn row(&self, row: usize) -> impl Iterator<Item = f32> {
        let scale = self.scales[row];
        self.numbers[row * self.width..(row + 1) * self.width].iter().map(move |x| f32::from(*x) * scale)
    }
}

/// Reads a matrix.
///
/// # Errors
/// What is wrong with the file.
pub(super) fn rows(tensors: &SafeTensors<'static>, name: &str) -> Result<Rows, String> {
    let tensor = tensors.tensor(name).map_err(|error| error.to_string())?;
    let (&[count, width], Dtype::I8) = (tensor.shape(), tensor.dtype()) else {
        return Err(format!("{name} is no matrix of int8"));
    };
    let scales = floats(tensors, &format!("{name}.scale"))?;
    if scales.len() != count || width == 0 || !width.is_multiple_of(4) {
        return Err(format!("{name} has {count} rows of {width} and {} scales", scales.len()));
    }
    Ok(Rows { numbers: signed(tensor.data()), scales, width })
}

/// Bytes as signed numbers.
fn signed(bytes: &'static [u8]) -> &'static [i8] {
    // SAFETY: both are one byte, and every value of one is a value of the other.
    unsafe { std::slice::from_raw_parts(bytes.as_ptr().cast(), bytes.len()) }
}

/// Reads a vector.
///
/// # Errors
/// What is wrong with the file.
pub(super) fn floats(tensors: &SafeTensors<'static>, name: &str) -> Result<Vec<f32>, String> {
    let tensor = tensors.tensor(name).map_err(|error| error.to_string())?;
    match tensor.dtype() {
        Dtype::F32 => Ok(tensor.data().as_chunks().0.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect()),
        other => Err(format!("{name} holds numbers of type {other:?}, not F32")),
    }
}

/// A matrix and a bias.
pub(super) struct Linear {
    matrix: PackedMatrix,
    scales: Vec<f32>,
    bias: Vec<f32>,
    width: usize,
}

impl Linear {
    /// Reads the parts of these names, one below the other.
    ///
    /// # Errors
    /// What is wrong with the file.
    pub(super) fn read(tensors: &SafeTensors<'static>, names: &[&str]) -> Result<Self, String> {
        let (mut numbers, mut scales, mut bias, mut width) = (Vec::new(), Vec::new(), Vec::new(), None);
        for name in names {
            let rows = rows(tensors, &format!("{name}.weight"))?;
            if *width.get_or_insert(rows.width) != rows.width {
                return Err(format!("{name} has rows of {}", rows.width));
            }
            numbers.extend_from_slice(rows.numbers);
            scales.extend(rows.scales);
            bias.extend(floats(tensors, &format!("{name}.bias"))?);
        }
        let width = width.unwrap_or(4);
        if bias.len() != scales.len() {
            return Err(format!("{} has {} rows and {} biases", names.join(", "), scales.len(), bias.len()));
        }
        Ok(Self { matrix: PackedMatrix::new(&numbers, width), scales, bias, width })
    }

    /// Multiplies all vectors.
    pub(super) fn apply(&self, inputs: &[f32], quantized: &mut QuantizedVectors, outputs: &mut Vec<f32>) {
        quantized.set(inputs, self.width);
        let mut products = Vec::new();
        self.matrix.products(quantized, &mut products);
        outputs.clear();
        for (products, scale) in products.chunks_exact(self.matrix.rows()).zip(quantized.scales()) {
            let rows = products.iter().zip(&self.scales).zip(&self.bias);
            outputs.extend(rows.map(|((product, of_row), bias)| *product as f32 * scale * of_row + bias));
        }
    }
}

/// A layer norm.
pub(super) struct Norm {
    gamma: Vec<f32>,
    beta: Vec<f32>,
}

impl Norm {
    /// Reads the norm of this name.
    ///
    /// # Errors
    /// What is wrong with the file.
    pub(super) fn read(tensors: &SafeTensors<'static>, name: &str) -> Result<Self, String> {
        Ok(Self { gamma: floats(tensors, &format!("{name}.gamma"))?, beta: floats(tensors, &format!("{name}.beta"))? })
    }

    /// Norms every vector.
    pub(super) fn apply(&self, vectors: &mut [f32]) {
        let width = self.gamma.len() as f32;
        for vector in vectors.chunks_exact_mut(self.gamma.len()) {
            let mean = vector.iter().sum::<f32>() / width;
            let variance = vector.iter().map(|x| (x - mean) * (x - mean)).sum::<f32>() / width;
            let factor = (variance + EPSILON).sqrt().recip();
            for ((x, gamma), beta) in vector.iter_mut().zip(&self.gamma).zip(&self.beta) {
                *x = (*x - mean) * factor * gamma + beta;
            }
        }
    }
}

/// One layer: attention, then two matrices.
pub(super) struct Layer {
    /// Queries, keys and values.
    seen: Linear,
    attended: Linear,
    attended_norm: Norm,
    wide: Linear,
    narrow: Linear,
    norm: Norm,
}

impl Layer {
    /// Reads the layer of this number.
    ///
    /// # Errors
    /// What is wrong with the file.
    pub(super) fn read(tensors: &SafeTensors<'static>, number: usize) -> Result<Self, String> {
        let name = |part: &str| format!("bert.encoder.layer.{number}.{part}");
        let seen = ["query", "key", "value"].map(|part| name(&format!("attention.self.{part}")));
        Ok(Self {
            seen: Linear::read(tensors, &seen.each_ref().map(String::as_str))?,
            attended: Linear::read(tensors, &[&name("attention.output.dense")])?,
            attended_norm: Norm::read(tensors, &name("attention.output.LayerNorm"))?,
            wide: Linear::read(tensors, &[&name("intermediate.dense")])?,
            narrow: Linear::read(tensors, &[&name("output.dense")])?,
            norm: Norm::read(tensors, &name("output.LayerNorm"))?,
        })
    }

    /// Takes the states of all positions to the next layer.
    pub(super) fn run(&self, states: &mut [f32], quantized: &mut QuantizedVectors) {
        let width = self.attended.width;
        let (mut wide, mut narrow) = (Vec::new(), Vec::new());
        self.seen.apply(states, quantized, &mut wide);
        let attended = attention(&wide, width);
        self.attended.apply(&attended, quantized, &mut narrow);
        states.iter_mut().zip(&narrow).for_each(|(state, x)| *state += x);
        self.attended_norm.apply(states);
        self.wide.apply(states, quantized, &mut wide);
        gelu(&mut wide);
        self.narrow.apply(&wide, quantized, &mut narrow);
        states.iter_mut().zip(&narrow).for_each(|(state, x)| *state += x);
        self.norm.apply(states);
    }
}

/// What each position takes from all others: `seen` has the query, the key and the value of each position.
fn attention(seen: &[f32], width: usize) -> Vec<f32> {
    let positions = seen.len() / (3 * width);
    let part = width / HEADS;
    let factor = (part as f32).sqrt().recip();
    let mut attended = vec![0.0; positions * width];
    let mut weights = vec![0.0; positions];
    for head in 0..HEADS {
        let of = |position: usize, kind: usize| {
            let start = position * 3 * width + kind * width + head * part;
            &seen[start..start + part]
        };
        for position in 0..positions {
            let query = of(position, 0);
            weights.iter_mut().enumerate().for_each(|(at, weight)| *weight = dot_f32(query, of(at, 1)) * factor);
            softmax(&mut weights);
            let values: Vec<(&[f32], f32)> =
                weights.iter().enumerate().map(|(at, weight)| (of(at, 2), *weight)).collect();
            let start = position * width + head * part;
            add_rows(&values, |x| x, &mut attended[start..start + part]);
        }
    }
    attended
}
