//! The same model in f64, written as plainly as can be: one text, one head, one number at a time.

use crate::encoder::{Activation, TransformerSpec};
use crate::{Example, Model, Target, TextVector};

type Rows = Vec<Vec<f64>>;

/// Taylor's series; exact enough for `|x| < 5`.
pub(super) fn erf(x: f64) -> f64 {
    let (mut term, mut sum) = (x, x);
    for n in 1..200 {
        term *= -x * x / f64::from(n);
        sum += term / f64::from(2 * n + 1);
        if term.abs() < 1e-18 {
            break;
        }
    }
    if x.abs() > 5.0 { x.signum() } else { sum * 2.0 / std::f64::consts::PI.sqrt() }
}

struct Parameters<'a> {
    model: &'a Model,
    values: &'a [f64],
}

impl Parameters<'_> {
    fn get(&self, name: &str) -> &[f64] {
        &self.values[self.model.layout().tensor(name).unwrap().range()]
    }

    fn linear(&self, x: &[f64], name: &str) -> Vec<f64> {
        let (weight, bias) = (self.get(&format!("{name}.weight")), self.get(&format!("{name}.bias")));
        let n = bias.len();
        (0..n).map(|o| bias[o] + x.iter().enumerate().map(|(i, x)| x * weight[i * n + o]).sum::<f64>()).collect()
    }

    fn norm(&self, x: &[f64], name: &str) -> Vec<f64> {
        let (weight, bias) = (self.get(&format!("{name}.weight")), self.get(&format!("{name}.bias")));
        let n = x.len() as f64;
        let mean = x.iter().sum::<f64>() / n;
        let variance = x.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / n;
        x.iter().zip(weight.iter().zip(bias)).map(|(v, (w, b))| (v - mean) / (variance + 1e-5).sqrt() * w + b).collect()
    }

    fn attention(&self, x: &Rows, heads: usize, layer: usize) -> Rows {
        let all = |part: &str| -> Rows { x.iter().map(|x| self.linear(x, &format!("layer.{layer}.{part}"))).collect() };
        let (query, key, value) = (all("query"), all("key"), all("value"));
        let width = x[0].len() / heads;
        let mut mixed = vec![vec![0.0; x[0].len()]; x.len()];
        for head in 0..heads {
            let part = head * width..(head + 1) * width;
            for (q, out) in query.iter().zip(&mut mixed) {
                let dot = |k: &Vec<f64>| part.clone().map(|d| q[d] * k[d]).sum::<f64>() / (width as f64).sqrt();
                let weights: Vec<f64> = key.iter().map(|k| dot(k).exp()).collect();
                let sum: f64 = weights.iter().sum();
                for (w, v) in weights.iter().zip(&value) {
                    part.clone().for_each(|d| out[d] += w / sum * v[d]);
                }
            }
        }
        mixed.iter().map(|m| self.linear(m, &format!("layer.{layer}.output"))).collect()
    }
}

/// A text's raw outputs.
pub(super) fn outputs(spec: &TransformerSpec, model: &Model, values: &[f64], text: &TextVector) -> Vec<f64> {
    let parameters = Parameters { model, values };
    let (token, position) = (parameters.get("token"), parameters.get("position"));
    let dim = spec.dim;
    let embed = |(place, &id): (usize, &u32)| {
        (0..dim).map(|d| token[id as usize * dim + d] + position[place * dim + d]).collect()
    };
    let mut x: Rows = text.indices().iter().take(spec.length).enumerate().map(embed).collect();
    let mut pooled = vec![0.0; dim];
    if !x.is_empty() {
        for layer in 0..spec.layers {
            let normed = x.iter().map(|x| parameters.norm(x, &format!("layer.{layer}.norm1"))).collect();
            let attended = parameters.attention(&normed, spec.heads, layer);
            for (x, a) in x.iter_mut().zip(attended) {
                x.iter_mut().zip(a).for_each(|(x, a)| *x += a);
                let mut inner = parameters.norm(x, &format!("layer.{layer}.norm2"));
                inner = parameters.linear(&inner, &format!("layer.{layer}.inner"));
                inner.iter_mut().for_each(|v| match spec.activation {
                    Activation::Gelu => *v *= 0.5 * (1.0 + erf(*v * std::f64::consts::FRAC_1_SQRT_2)),
                    Activation::Relu => *v = v.max(0.0),
                });
                let outer = parameters.linear(&inner, &format!("layer.{layer}.outer"));
                x.iter_mut().zip(outer).for_each(|(x, o)| *x += o);
            }
        }
        for x in &x {
            let normed = parameters.norm(x, "norm");
            pooled.iter_mut().zip(normed).for_each(|(p, n)| *p += n);
        }
        pooled.iter_mut().for_each(|p| *p /= x.len() as f64);
    }
    parameters.linear(&pooled, "head")
}

/// The mean loss of a batch.
pub(super) fn loss(model: &Model, spec: &TransformerSpec, values: &[f64], batch: &[Example]) -> f64 {
    let mut sum = 0.0;
    for example in batch {
        let raw = outputs(spec, model, values, &example.vector);
        for ((_, range), target) in model.task().ranges().zip(&example.targets) {
            let z = &raw[range];
            sum += match target {
                Some(Target::Class(label)) => z.iter().map(|v| v.exp()).sum::<f64>().ln() - z[*label as usize],
                Some(Target::Score(value)) => (z[0] - f64::from(*value)).powi(2),
                None => 0.0,
            };
        }
    }
    sum / batch.len() as f64
}
