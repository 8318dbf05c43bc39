//! Vectors made short: good enough to tell which few deserve an exact look.

/// Longer vectors have one bit a number; shorter ones cannot spare so much.
const LONGEST_IN_BYTES: usize = 1_024;

pub(super) fn are_bits(dimensions: usize) -> bool {
    dimensions > LONGEST_IN_BYTES
}

/// The codes of many vectors, one after the other.
#[derive(Debug)]
pub(super) enum Codes {
    /// A byte a number, and what a vector's bytes are to be multiplied with.
    Bytes {
        width: usize,
        all: Vec<i8>,
        scales: Vec<f32>,
    },
    /// The sign of each number.
    Bits { width: usize, all: Vec<u64> },
}

impl Codes {
    pub fn new(dimensions: usize) -> Self {
        match are_bits(dimensions) {
            true => Self::Bits {
                width: dimensions.div_ceil(64),
                all: Vec::new(),
            },
            false => Self::Bytes {
                width: dimensions,
                all: Vec::new(),
                scales: Vec::new(),
            },
        }
    }

    pub fn bytes(&self) -> usize {
        match self {
            Self::Bytes { all, scales, .. } => all.len() + scales.len() * 4,
            Self::Bits { all, .. } => all.len() * 8,
        }
    }

    pub fn push(&mut self, vector: &[f32]) {
        match self {
            Self::Bytes { all, scales, .. } => {
                let (codes, scale) = bytes_of(vector);
                all.extend(codes);
                scales.push(scale);
            }
            Self::Bits { all, .. } => all.extend(bits_of(vector)),
        }
    }

    pub fn set(&mut self, slot: usize, vector: &[f32]) {
        match self {
            Self::Bytes { width, all, scales } => {
                let (codes, scale) = bytes_of(vector);
                all[slot * *width..][..*width].copy_from_slice(&codes);
                scales[slot] = scale;
            }
            Self::Bits { width, all } => {
                all[slot * *width..][..*width].copy_from_slice(&bits_of(vector));
            }
        }
    }

    /// The last one takes the place of the one that leaves.
    pub fn swap_remove(&mut self, slot: usize) {
        match self {
            Self::Bytes { width, all, scales } => {
                let last = all.len() - *width;
                all.copy_within(last.., slot * *width);
                all.truncate(last);
                scales.swap_remove(slot);
            }
            Self::Bits { width, all } => {
                let last = all.len() - *width;
                all.copy_within(last.., slot * *width);
                all.truncate(last);
            }
        }
    }

    /// Calls with each slot and how near it is, in a measure of its own.
    pub fn look_through(&self, vector: &[f32], mut each: impl FnMut(usize, f32)) {
        match self {
            Self::Bytes { width, all, scales } => {
                let (wanted, _) = bytes_of(vector);
                let dot = dot_of_this_machine();
                let vectors = all.chunks_exact((*width).max(1));
                for (slot, (codes, scale)) in vectors.zip(scales).enumerate() {
                    each(slot, dot(&wanted, codes) as f32 * scale);
                }
            }
            Self::Bits { width, all } => {
                let wanted = bits_of(vector);
                for (slot, codes) in all.chunks_exact((*width).max(1)).enumerate() {
                    let pairs = wanted.iter().zip(codes);
                    let apart: u32 = pairs.map(|(a, b)| (a ^ b).count_ones()).sum();
                    each(slot, -(apart as f32));
                }
            }
        }
    }
}

fn bytes_of(vector: &[f32]) -> (Vec<i8>, f32) {
    let most = vector
        .iter()
        .fold(0.0_f32, |most, value| most.max(value.abs()));
    let scale = if most > 0.0 { most / 127.0 } else { 1.0 };
    let codes = vector.iter().map(|value| (value / scale).round() as i8);
    (codes.collect(), scale)
}

fn bits_of(vector: &[f32]) -> Vec<u64> {
    let words = vector.chunks(64).map(|some| {
        let signs = some.iter().enumerate();
        signs.fold(0_u64, |word, (at, value)| {
            word | (u64::from(*value > 0.0) << at)
        })
    });
    words.collect()
}

type Dot = fn(&[i8], &[i8]) -> i32;

/// The same code, made for what this processor can do.
fn dot_of_this_machine() -> Dot {
    #[cfg(target_arch = "x86_64")]
    if std::arch::is_x86_feature_detected!("avx2") {
        return |a, b| {
            // SAFETY: the processor was asked for AVX2 just above.
            unsafe { dot_avx2(a, b) }
        };
    }
    dot
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn dot_avx2(a: &[i8], b: &[i8]) -> i32 {
    dot(a, b)
}

#[inline(always)]
fn dot(a: &[i8], b: &[i8]) -> i32 {
    let products = a
        .iter()
        .zip(b)
        .map(|(a, b)| i32::from(i16::from(*a) * i16::from(*b)));
    products.sum()
}
